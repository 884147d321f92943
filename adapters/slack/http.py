"""Slack's HTTP mode: a server that takes only what Slack has signed, now and once, and hands it to Bolt.

It speaks plain HTTP, for something that ends TLS in front. Knows no events and no commands.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from adapters.http import HttpServer, Limits, TrustedProxies, client_address
from adapters.http.addresses import group_of
from adapters.slack.errors import SlackError, SlackSetupError
from adapters.slack.manifest import EVENTS_PATH
from adapters.slack.oauth import OAuthPages

log = logging.getLogger(__name__)

WINDOW_S = 300.0  # how old or how early a signature may be; Slack's own advice
MAX_BODY = 1 << 20  # bytes; the largest payload, a view with its state, has some 250,000
READ_S = 10.0  # how long a body may take to arrive
READING = 32 * MAX_BODY  # bytes of bodies that are read at the same time …
READING_OF_ONE = 4 * MAX_BODY  # … and for one address
MAX_SSL_CHECK = 1000  # bytes; the one thing that Slack sends without a signature is short
ANSWER_S = 2.5  # Slack waits 3 s for the answer, the way there included
STOP_S = 3.0  # what requests under way get when the server stops
PRUNE_S = 30.0  # how often signatures that are not valid any more are dropped
COMPLAIN_S = 60.0  # one line in the log about refused requests in this time

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
# What Bolt sees of the headers: no others, since some of them are orders to it.
_PASSED_ON = (
    "content-type",
    "x-slack-request-timestamp",
    "x-slack-retry-num",
    "x-slack-retry-reason",
    "x-slack-signature",
)

Dispatch = Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]


class Refused(SlackError):
    """A request that is not taken: an HTTP status, and a few words for the log."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Signatures:
    """Says whether a request comes from Slack, was signed just now, and was not taken before.

    See https://docs.slack.dev/authentication/verifying-requests-from-slack. `clock` gives seconds since 1970.
    """

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        if not secret.strip():
            raise SlackSetupError("Slack's signing secret is empty. Set GPT4VIDEO_SLACK__SIGNING_SECRET.")
        self._secret = secret.encode()
        self._clock = clock
        self._taken: dict[bytes, float] = {}  # signature -> until when it would be valid
        self._prune_at = 0.0

    def take(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """Check a request, and take it: the same one is refused from now on. Returns what `release` needs.

        Raises `Refused`.
        """
        stamp = headers.get("X-Slack-Request-Timestamp", "")
        given = headers.get("X-Slack-Signature", "")
        if not stamp or not given:
            raise Refused(401, "no signature")
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
            raise Refused(401, "no time")
        now = self._clock()
        if abs(now - int(stamp)) > WINDOW_S:
            raise Refused(401, "signed too long ago, or in the future; is the clock of this machine right?")
        digest = hmac.digest(self._secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256)
        if not hmac.compare_digest(f"v0={digest.hex()}".encode(), given.encode("utf-8", "replace")):
            raise Refused(401, "a wrong signature; is slack.signing_secret that of this app?")
        self._prune(now)
        if digest in self._taken:
            raise Refused(409, "taken already")
        self._taken[digest] = int(stamp) + WINDOW_S
        return digest

    def release(self, taken: bytes) -> None:
        """What could not be answered may come again. Slack may sign that within the same second, and so alike."""
        self._taken.pop(taken, None)

    def _prune(self, now: float) -> None:
        if now < self._prune_at:
            return
        self._prune_at = now + PRUNE_S
        for digest in [digest for digest, until in self._taken.items() if until < now]:
            del self._taken[digest]


class HttpDoor:
    """The server of HTTP mode. With `pages`, workspaces can install the app there."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        signing_secret: str,
        pages: OAuthPages | None = None,
        limits: Limits | None = None,
        proxies: TrustedProxies | None = None,
        clock: Callable[[], float] = time.time,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._host = host
        self._port = port
        self._signatures = Signatures(signing_secret, clock)
        self._pages = pages
        self._limits = limits
        self._proxies = proxies
        self._clock = clock
        self._answer_s = answer_s
        self._dispatch: Dispatch | None = None
        self._server: HttpServer | None = None
        self._working: set[asyncio.Task[BoltResponse]] = set()
        self._reading: Counter[str] = Counter()  # bytes, by address
        self._complained_at = float("-inf")
        self.url = ""

    def __repr__(self) -> str:
        return f"HttpDoor({self.url or 'not started'})"

    async def start(self, dispatch: Dispatch, *, on_installed: Callable[[str], None] | None = None) -> None:
        """Listen, and hand what is genuine to `dispatch` (Bolt's `async_dispatch`). Its signature needs no second look.

        `on_installed` is told the id of each workspace that has installed the app (again). Raises `SlackSetupError`
        when the port cannot be had.
        """
        self._dispatch = dispatch
        app = web.Application(client_max_size=MAX_BODY)
        app.on_response_prepare.append(_add_headers)
        app.add_routes([web.post(EVENTS_PATH, self._take), web.get("/healthz", _health)])
        if self._pages is not None:
            self._pages.on_installed = on_installed
            app.add_routes(self._pages.routes())
        server = HttpServer(
            app,
            host=self._host,
            port=self._port,
            name="Slack's HTTP mode",
            setting="slack.trusted_proxies",
            limits=self._limits,
            proxies=self._proxies,
            stop_s=STOP_S,
        )
        try:
            await server.start()
        except OSError as error:
            raise SlackSetupError(
                f"Slack's HTTP mode cannot listen on {self._host}:{self._port} ({error.strerror or error}). "
                "Set slack.port to a free port, or stop what uses this one."
            ) from error
        self._server = server
        self.url = _address(self._host, server.port)
        log.info("Slack's requests are taken at %s%s", self.url, EVENTS_PATH)

    async def stop(self) -> None:
        """Take nothing more, and let what is under way be answered. Harmless when nothing was started."""
        server, self._server = self._server, None
        if server is None:
            return
        await server.close()
        if self._working:
            await asyncio.wait(self._working, timeout=STOP_S)
        for task in self._working:
            task.cancel()
        await server.stop()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await self._read(request)
            if request.content_type == FORM and _is_ssl_check(body):
                return web.Response()  # Slack tries the certificate now and then; nothing follows from it
            taken = self._signatures.take(request.headers, body)
        except Refused as refused:
            self._complain(refused)
            return web.Response(status=refused.status)  # why is for the log, not for a stranger
        response: web.StreamResponse | None = None
        try:
            response = await self._answer(request, body)
        except Refused as refused:
            return web.Response(status=refused.status)
        finally:
            if response is None or response.status >= 400:
                self._signatures.release(taken)
        return response

    async def _read(self, request: web.Request) -> bytes:
        """The raw body, over which the signature goes. Raises `Refused`."""
        sender, claimed = group_of(client_address(request)), _claimed(request)
        if self._reading[sender] + claimed > READING_OF_ONE or self._reading.total() + claimed > READING:
            raise Refused(503, "too much at once")
        self._reading[sender] += claimed
        try:
            async with asyncio.timeout(READ_S):
                return await request.read()
        except TimeoutError:
            raise Refused(408, "the body did not arrive in time") from None
        except web.HTTPRequestEntityTooLarge:
            raise Refused(413, "too large") from None
        finally:
            self._reading[sender] -= claimed
            if not self._reading[sender]:
                del self._reading[sender]

    async def _answer(self, request: web.Request, body: bytes) -> web.StreamResponse:
        """Hand over what is genuine. Raises `Refused` for what is nevertheless no message of Slack's."""
        payload = _parse(request.content_type, body)
        if payload.get("type") == "url_verification":
            return web.Response(text=str(payload.get("challenge", "")))
        if self._dispatch is None or self._server is None:
            raise Refused(503, "the bot is just stopping")
        headers: dict[str, Any] = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        try:
            handed = AsyncBoltRequest(body=body.decode(), query=request.query_string, headers=headers)
        except (ValueError, TypeError, AttributeError):
            raise Refused(400, "no message of Slack's") from None
        return await self._hand_over(handed, is_event=payload.get("type") == "event_callback")

    async def _hand_over(self, handed: AsyncBoltRequest, *, is_event: bool) -> web.StreamResponse:
        """Bolt's answer. What takes too long goes on by itself; an event is then sent again, and known by its id."""
        assert self._dispatch is not None
        task = asyncio.ensure_future(self._dispatch(handed))
        self._working.add(task)
        task.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self._answer_s):
                answer = await asyncio.shield(task)
        except TimeoutError:
            return web.Response(status=503 if is_event else 200)
        except Exception:  # noqa: BLE001 - `_done` logs it
            return web.Response(status=500)
        if answer.status == 404 and is_event:
            return web.Response()  # nobody listens to it; that is no reason to send it three times more
        return await to_aiohttp_response(answer)

    def _done(self, task: asyncio.Task[BoltResponse]) -> None:
        self._working.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a request of Slack's could not be handled", exc_info=error)

    def _complain(self, refused: Refused) -> None:
        """Tell the operator, but let no stranger fill the log."""
        now = self._clock()
        if now - self._complained_at >= COMPLAIN_S:
            self._complained_at = now
            log.warning("a request to Slack's address was refused: %s", refused)


def _claimed(request: web.Request) -> int:
    """How many bytes a body may have, as far as its head tells. Raises `Refused` where it is not worth reading."""
    if request.content_type not in (JSON, FORM):
        raise Refused(415, "neither JSON nor a form")
    claimed = MAX_BODY if request.content_length is None else request.content_length
    if claimed > MAX_BODY:
        raise Refused(413, "too large")
    if "X-Slack-Signature" not in request.headers and (request.content_type != FORM or claimed >= MAX_SSL_CHECK):
        raise Refused(401, "no signature")
    return claimed


def _is_ssl_check(body: bytes) -> bool:
    return len(body) < MAX_SSL_CHECK and parse_qs(body.decode(errors="replace")).get("ssl_check") == ["1"]


def _parse(content_type: str, body: bytes) -> dict[str, Any]:
    """The outer fields of a payload. Raises `Refused`."""
    try:
        if content_type == FORM:
            form = parse_qs(body.decode(), keep_blank_values=True)
            payload = json.loads(form["payload"][0]) if "payload" in form else {name: form[name][0] for name in form}
        else:
            payload = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "not readable") from None
    if not isinstance(payload, dict):
        raise Refused(400, "no message of Slack's")
    return payload


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"ok": True})


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")


def _address(host: str, port: int) -> str:
    shown = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - shown, not bound
    return f"http://[{shown}]:{port}" if ":" in shown and not shown.startswith("[") else f"http://{shown}:{port}"
