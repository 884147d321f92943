"""Web API calls as they arrive, are recorded, and are made to fail by a test. Knows no method's meaning."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.slack_server.world import Team

# Arguments that are sent as JSON within a form.
NESTED = ("attachments", "blocks", "chunks", "context", "files", "metadata", "prompts", "view", "authorizations")


class ApiError(Exception):
    """What the API answers instead of a result: `error` as Slack spells it, and more fields of the answer."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.body = {"ok": False, "error": error, **more}


@dataclass(eq=False)
class Call:
    """One call of a Web API method. `at` is in seconds of a monotonic clock; `answer` None until it is answered."""

    method: str
    args: dict[str, Any]
    token: str
    headers: dict[str, str]
    team: Team | None = None
    at: float = field(default_factory=time.monotonic)
    answer: dict[str, Any] | None = None
    status: int = 0

    def __getitem__(self, name: str) -> Any:
        return self.args.get(name)

    @property
    def workspace(self) -> Team:
        """The team whose token was used."""
        assert self.team is not None
        return self.team


@dataclass(eq=False)
class Fault:
    """The next `times` calls of a method are answered like this. `applied` does first what was asked, as when only the
    answer is lost. With neither `error` nor `status` the connection is cut."""

    method: str
    error: str
    status: int | None
    retry_after: float
    times: int
    applied: bool
    more: dict[str, Any]


@dataclass(eq=False)
class Gate:
    """Holds the calls of a method until it is opened."""

    method: str
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    def open(self) -> None:
        self.opened.set()


async def receive(request: web.Request) -> Call:
    """Read a call whole: query string, form or JSON, as Slack takes them."""
    args: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        body = await request.read()
        args |= json.loads(body) if body else {}
    elif request.method == "POST":
        args |= dict((await request.post()).items())
    for name in NESTED:
        if isinstance(args.get(name), str) and args[name][:1] in ("[", "{"):
            args[name] = json.loads(args[name])
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind == "Basic":
        args["client_id"], _, args["client_secret"] = base64.b64decode(token).decode().partition(":")
    token = token if kind == "Bearer" else str(args.pop("token", "") or "")
    return Call(request.match_info["method"], args, token, dict(request.headers))
