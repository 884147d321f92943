"""What can go wrong at the web door, each as a type with a sentence. Knows nothing of chats or media."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping

from aiohttp import web

from adapters.base import AdapterError

log = logging.getLogger(__name__)


class WebError(AdapterError):
    """Base of everything this adapter raises. `str(error)` is a sentence for people."""


class WebSetupError(WebError):
    """The page cannot be served with these settings; the sentence names the setting to change."""


class Problem(WebError):
    """A request that is refused: an HTTP status, a stable code for scripts, a sentence for people."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def response(self) -> web.Response:
        body = {"error": {"code": self.code, "message": self.message}}
        return web.json_response(body, status=self.status, headers=self.headers)


_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take that kind of request.",
    413: "That request is too large.",
    416: "That part of the file does not exist.",
}


def from_http(error: web.HTTPException) -> Problem:
    """Give aiohttp's own refusals the shape of ours."""
    kept = {name: error.headers[name] for name in ("Allow", "Content-Range") if name in error.headers}
    message = _SENTENCES.get(error.status, "That request could not be answered. Reload the page and try again.")
    return Problem(error.status, error.reason.lower().replace(" ", "_"), message, kept)


def unexpected(what: str) -> Problem:
    """Log the exception being handled under a fresh id, and tell people the id and nothing else."""
    number = secrets.token_hex(4)
    log.exception("unexpected error %s while %s", number, what)
    return Problem(
        500,
        "unexpected",
        f"Something went wrong on this side. Try again; if it stays, give the operator this number: {number}.",
    )
