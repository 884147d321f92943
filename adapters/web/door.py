"""Who may come in: the token and its sessions, foreign hosts and origins, and the headers that bind the browser.

Knows HTTP and nothing of conversations.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from urllib.parse import SplitResult, quote, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler as WebHandler

from adapters.base import Author
from adapters.http import client_address, hung_up
from adapters.http.addresses import group_of
from adapters.web.errors import Problem, WebSetupError, from_http, unexpected
from adapters.web.sessions import SESSION_S, Sessions

COOKIE = "gpt4video_session"

# Wrong tokens from one address before it has to wait, and for how long they count (seconds).
MAX_STRIKES = 5
STRIKE_WINDOW_S = 60.0
MAX_STRIKE_ADDRESSES = 4096
STRUCK_S = 1.0  # how late a wrong token is then answered
MAX_LOGIN_BYTES = 4096

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_OPEN_PATHS = frozenset({"/login", "/api/login", "/healthz"})
_OPEN_PREFIX = "/static/"
_PAGES = frozenset({"/", "/admin"})


def is_loopback(host: str) -> bool:
    """Whether a host name or address reaches this machine only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Strikes:
    """Counts wrong tokens per address, so that guessing is slow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Seconds until this address may try again; 0 when it may now."""
        times = self._recent(address)
        return 0.0 if len(times) < MAX_STRIKES else times[0] + STRIKE_WINDOW_S - self._clock()

    def count(self, address: str) -> None:
        times = self._recent(address)
        times.append(self._clock())
        self._seen[address] = times
        while len(self._seen) > MAX_STRIKE_ADDRESSES:
            self._seen.popitem(last=False)

    def _recent(self, address: str) -> deque[float]:
        times = self._seen.get(address, deque(maxlen=MAX_STRIKES))
        while times and times[0] + STRIKE_WINDOW_S <= self._clock():
            times.popleft()
        return times


class Door:
    """The middleware in front of every route. Raises `WebSetupError` for a public page without a token."""

    def __init__(
        self,
        host: str,
        token: str | None,
        clock: Callable[[], float] = time.monotonic,
        *,
        sessions_file: Path | None = None,
    ) -> None:
        self._token = token.strip() if token else ""
        self._host = host
        self._loopback = is_loopback(host)
        if not self._loopback and not self._token:
            raise WebSetupError(
                f"The web page is set to listen on {host or 'every address'}, where other machines can reach it. "
                "Set web.token (GPT4VIDEO_WEB__TOKEN) to a long random string, or set web.host to 127.0.0.1."
            )
        self._strikes = Strikes(clock)
        self._sessions = Sessions(self._token, sessions_file)

    @property
    def asks_for_token(self) -> bool:
        """Whether people have to sign in here."""
        return bool(self._token)

    async def open(self) -> None:
        """Read the sessions of an earlier run."""
        await self._sessions.load()

    def author(self, request: web.Request) -> Author:
        """Who is at the other end. Whoever passed the door runs this installation: its admin, and so its moderator."""
        if not self._token:
            return Author(id="local", name="You", is_admin=True, is_moderator=True)
        session = request.cookies.get(COOKIE, "")
        return Author(
            id="web-" + sha256(session.encode()).hexdigest()[:16], name="You", is_admin=True, is_moderator=True
        )

    def knows(self, request: web.Request) -> bool:
        """Whether whoever sent it is still signed in, or need not be."""
        return not self._token or self._sessions.known(request.cookies.get(COOKIE, ""))

    async def login(self, request: web.Request) -> web.Response:
        """`POST /api/login` with `{"token": …}`: sets the session cookie, or raises `Problem` 401 or 429.

        The right token always opens, however many wrong ones came before it.
        """
        if not self._token or not hmac.compare_digest(await _posted_token(request), self._token.encode()):
            raise await self._wrong_token(group_of(client_address(request)))
        response = web.json_response({"ok": True})
        response.set_cookie(
            COOKIE,
            await self._sessions.begin(),
            max_age=int(SESSION_S),
            httponly=True,
            samesite="Strict",
            secure=_is_https(request),
            path="/",
        )
        return response

    async def logout(self, request: web.Request) -> web.Response:
        """`POST /api/logout`: ends the session for good."""
        await self._sessions.end(request.cookies.get(COOKIE, ""))
        response = web.json_response({"ok": True})
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict", secure=_is_https(request))
        return response

    async def _wrong_token(self, address: str) -> Problem:
        """Count it against its address, and say so; too many are answered late."""
        wait_s = self._strikes.wait_s(address)
        if wait_s > 0:
            await asyncio.sleep(STRUCK_S)
            seconds = int(wait_s) + 1
            sentence = f"That was wrong too often. Try again in {seconds} seconds."
            return Problem(429, "too_many_tries", sentence, {"Retry-After": str(seconds)})
        self._strikes.count(address)
        return Problem(401, "wrong_token", "That is not the token. It is the value of web.token on the server.")

    @web.middleware
    async def middleware(self, request: web.Request, handler: WebHandler) -> web.StreamResponse:
        """Let a request through or refuse it; every refusal and every surprise becomes JSON with a sentence."""
        try:
            self._check_host(request)
            self._check_origin(request)
            if not self._may_pass(request):
                return self._send_to_login(request)
            return await handler(request)
        except Problem as problem:
            return problem.response()
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return from_http(error).response()
        except Exception as error:
            if hung_up(request, error):
                raise
            return unexpected(f"answering {request.method} {request.path}").response()

    def _check_host(self, request: web.Request) -> None:
        # DNS rebinding: a foreign page may point its own name at 127.0.0.1, but it cannot change the Host header.
        if self._token:
            return
        if not is_loopback(_split("//" + request.headers.get("Host", "")).hostname or ""):
            sentence = "This page answers on this machine only. Open it as http://127.0.0.1, or set web.token."
            raise Problem(403, "foreign_host", sentence)

    def _check_origin(self, request: web.Request) -> None:
        # Browsers always name the origin of a POST and of a websocket; a script without a browser has no one to trick.
        websocket = request.headers.get("Upgrade", "").lower() == "websocket"
        if request.method in ("GET", "HEAD") and not websocket:
            return
        origin = request.headers.get("Origin")
        same = origin is None or _split(origin).netloc.lower() == request.headers.get("Host", "").lower()
        if not same or request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            raise Problem(403, "foreign_origin", "That request came from another site, so it was refused.")

    def _may_pass(self, request: web.Request) -> bool:
        if not self._token or request.path in _OPEN_PATHS or request.path.startswith(_OPEN_PREFIX):
            return True
        return self.knows(request)

    def _send_to_login(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET" and request.path in _PAGES:
            return web.Response(status=303, headers={"Location": "/login?next=" + quote(request.path, safe="/")})
        return Problem(401, "no_session", "You are not signed in (any more). Reload the page.").response()


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """An `on_response_prepare` signal: the same headers on every answer."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    # The page's own files may be kept, if the server is asked each time whether they are still the same.
    static = request.path.startswith(_OPEN_PREFIX) and response.status in (200, 304)
    response.headers.setdefault("Cache-Control", "no-cache" if static else "no-store")


def _split(url: str) -> SplitResult:
    """As `urlsplit`, but a malformed address is one without a host instead of an exception."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _is_https(request: web.Request) -> bool:
    """Whether the browser speaks TLS, to this server or to a proxy; a liar only makes the own cookie stricter."""
    return (
        request.secure
        or request.headers.get("X-Forwarded-Proto", "").lower() == "https"
        or "proto=https" in request.headers.get("Forwarded", "").lower()
    )


async def _posted_token(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_LOGIN_BYTES:
        return b""
    data = bytearray()
    async for chunk in request.content.iter_chunked(MAX_LOGIN_BYTES):
        data += chunk
        if len(data) > MAX_LOGIN_BYTES:
            return b""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return b""
    token = body.get("token") if isinstance(body, dict) else None
    return token.strip().encode("utf-8", "replace") if isinstance(token, str) else b""
