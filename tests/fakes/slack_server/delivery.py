"""How Slack hands things to the app: envelopes over Socket Mode, or signed HTTP requests."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import WSMsgType, web

from tests.fakes.discord_server.bell import Bell
from tests.fakes.slack_server.calls import ApiError, Call

MOST_SOCKETS = 10


@dataclass(eq=False)
class Envelope:
    """One thing that the app is told. `kind` is "events_api", "slash_commands" or "interactive".

    `sent` counts the deliveries, `acks` the acknowledgements, `answer` is the payload of the first one (or the body of
    the HTTP answer), `status` the HTTP status.
    """

    kind: str
    payload: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    sent: int = 0
    acks: int = 0
    answer: Any = None
    status: int = 0
    sockets: list[Socket] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def acknowledged(self, timeout: float = 10) -> Any:
        """Wait until the app has acknowledged it. Returns what it answered."""
        async with asyncio.timeout(timeout):
            await self.done.wait()
        return self.answer


@dataclass(eq=False)
class Socket:
    """One open websocket of the app. A `dark` one lets nothing through any more."""

    number: int
    wire: web.WebSocketResponse
    dark: bool = False
    leaving: bool = False  # was told to reconnect, gets nothing new
    heard: list[dict[str, Any]] = field(default_factory=list)


class Delivery:
    """Delivers over the open sockets in turn; with `request_url` over HTTP. What finds no socket waits for the next."""

    def __init__(self, bell: Bell, app_token: str, signing_secret: str) -> None:
        self._bell = bell
        self.app_token, self.signing_secret = app_token, signing_secret
        self.request_url = ""
        self.sockets: list[Socket] = []
        self.opened = 0  # sockets that there ever were
        self.at_once = 0  # the most of them that there were at one time
        self.turned_away: deque[str] = deque()  # the reasons that the next sockets hear in place of a hello
        self.link_disabled = False  # Socket Mode is switched off: every socket is turned away
        self.envelopes: list[Envelope] = []
        self.admitting = asyncio.Event()
        self.admitting.set()
        self.hello = True
        self.forgetful = False  # what finds no socket is never delivered
        self._waiting: list[Envelope] = []
        self._turn = 0
        self._tickets: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    # --- Socket Mode --------------------------------------------------------------------------------------------------

    def connections_open(self, base: Callable[[], str]) -> Any:
        async def method(call: Call) -> dict[str, Any]:
            if call.token != self.app_token:
                raise ApiError("invalid_auth" if call.token else "not_authed")
            ticket = secrets.token_hex(8)
            self._tickets.add(ticket)
            return {"url": f"{base().replace('http', 'ws', 1)}/link/?ticket={ticket}"}

        return method

    async def socket(self, request: web.Request) -> web.StreamResponse:
        await self.admitting.wait()
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=408, text="the ticket is used")
        self._tickets.remove(ticket)
        wire = web.WebSocketResponse(autoping=True)
        await wire.prepare(request)
        self.opened += 1
        socket = Socket(self.opened, wire)
        self.at_once = max(self.at_once, len(self.sockets) + 1)
        if reason := self._refusal():
            self._bell.ring()
            await wire.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-test"}})
            await wire.receive()  # Slack leaves the closing to the app
            return wire
        if self.hello:
            hello = {
                "type": "hello",
                "num_connections": len(self.sockets) + 1,
                "connection_info": {"app_id": "A0TESTAPP"},
                "debug_info": {"host": "applink-test", "approximate_connection_time": 18060},
            }
            await wire.send_json(hello)
        self.sockets.append(socket)
        self._bell.ring()
        waiting, self._waiting = self._waiting, []
        for envelope in waiting:
            await self._send(envelope, socket)
        try:
            async for message in wire:
                if message.type == WSMsgType.TEXT and not socket.dark:
                    self._heard(socket, json.loads(message.data))
        finally:
            if socket in self.sockets:
                self.sockets.remove(socket)
            self._bell.ring()
            self._hand_on(socket)
        return wire

    def _refusal(self) -> str:
        """Why a new socket is not wanted; empty when it is."""
        if self.turned_away:
            return self.turned_away.popleft()
        if self.link_disabled:
            return "link_disabled"
        return "too_many_websockets" if len(self.sockets) >= MOST_SOCKETS else ""

    def _heard(self, socket: Socket, said: dict[str, Any]) -> None:
        socket.heard.append(said)
        envelope = next((each for each in self.envelopes if each.id == said.get("envelope_id")), None)
        if envelope is not None:
            self._acknowledge(envelope, said.get("payload") or None)

    def _acknowledge(self, envelope: Envelope, answer: Any) -> None:
        envelope.acks += 1
        if envelope.acks == 1:
            envelope.answer = answer
        envelope.done.set()
        self._bell.ring()

    def _hand_on(self, gone: Socket) -> None:
        """What a socket took and never acknowledged goes to another one, as Slack retries it."""
        for envelope in self.envelopes:
            if gone in envelope.sockets and not envelope.acks and envelope.sockets[-1] is gone:
                self.redeliver(envelope)

    async def _send(self, envelope: Envelope, socket: Socket) -> None:
        envelope.sockets.append(socket)
        envelope.sent += 1
        shown = {
            "envelope_id": envelope.id,
            "type": envelope.kind,
            "payload": envelope.payload,
            "accepts_response_payload": envelope.kind != "events_api",
        }
        if envelope.kind == "events_api":
            shown |= {"retry_attempt": envelope.sent - 1, "retry_reason": "timeout" if envelope.sent > 1 else ""}
        if not socket.dark:
            try:
                await socket.wire.send_json(shown)
            except ConnectionError:
                self._bell.ring()

    # --- handing over -------------------------------------------------------------------------------------------------

    def hand_over(self, kind: str, payload: dict[str, Any]) -> Envelope:
        """Tell the app something, soon."""
        envelope = Envelope(kind, payload)
        self.envelopes.append(envelope)
        self.redeliver(envelope)
        return envelope

    def redeliver(self, envelope: Envelope, socket: Socket | None = None) -> None:
        """Deliver once more (or for the first time), over a certain socket where one is given."""
        if self.request_url:
            self.start(self._post(envelope))
            return
        live = [each for each in self.sockets if not each.leaving] or self.sockets
        if socket is None and not live:
            if envelope not in self._waiting and not self.forgetful:
                self._waiting.append(envelope)
            return
        self._turn += 1
        self.start(self._send(envelope, socket or live[self._turn % len(live)]))

    def start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def disconnect(self, reason: str, socket: Socket) -> None:
        """Send a disconnect frame: "warning", "refresh_requested", "link_disabled" or "too_many_websockets"."""
        socket.leaving = reason != "warning"
        await socket.wire.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-test"}})

    # --- HTTP mode ----------------------------------------------------------------------------------------------------

    async def _post(self, envelope: Envelope) -> None:
        body, kind = encode(envelope)
        retry = (
            {"X-Slack-Retry-Num": str(envelope.sent), "X-Slack-Retry-Reason": "http_timeout"} if envelope.sent else {}
        )
        envelope.sent += 1
        envelope.status, text = await self.post(body, kind, headers=retry)
        if envelope.status == 200:
            self._acknowledge(envelope, json.loads(text) if text.startswith("{") else text or None)
        self._bell.ring()

    async def post(
        self,
        body: bytes,
        content_type: str = "application/json",
        *,
        secret: str | None = None,
        at: float | None = None,
        signature: str | None = None,
        sent: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, str]:
        """Send a signed request. `secret`, `at` (Unix time) and `signature` replace the right ones; `sent` replaces the
        body after it was signed. Returns the status and the answer."""
        stamp = str(int(time.time() if at is None else at))
        right = sign(secret or self.signing_secret, stamp, body)
        signed = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": right if signature is None else signature}
        if self._session is None:
            self._session = aiohttp.ClientSession()
        async with self._session.post(
            self.request_url,
            data=body if sent is None else sent,
            headers={"Content-Type": content_type, **signed, **(headers or {})},
        ) as response:
            return response.status, await response.text()

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in list(self.sockets):
            await socket.wire.close()
        if self._session is not None:
            await self._session.close()


def sign(secret: str, stamp: str, body: bytes) -> str:
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return f"v0={digest}"


def encode(envelope: Envelope) -> tuple[bytes, str]:
    """The body of an envelope's HTTP request and its type."""
    if envelope.kind == "events_api":
        return json.dumps(envelope.payload).encode(), "application/json"
    fields = envelope.payload if envelope.kind == "slash_commands" else {"payload": json.dumps(envelope.payload)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"
