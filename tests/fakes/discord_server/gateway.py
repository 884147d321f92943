"""The gateway, v10: sessions that can be resumed, and the sockets that they live on. Knows no message and no guild."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.discord_server.bell import Bell

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID_SESSION, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11

NOT_AUTHENTICATED, AUTHENTICATION_FAILED, ALREADY_AUTHENTICATED = 4003, 4004, 4005
INVALID_SHARD, SHARDING_REQUIRED, DISALLOWED_INTENTS = 4010, 4011, 4014
PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15  # members, presences, message content

MAX_PAYLOAD = 4096  # bytes, what Discord takes from a client at once


class Connection:
    """One socket. What is pushed goes out in order; `acks` says whether heartbeats are answered."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport, compress: bool) -> None:
        self.socket, self.transport = socket, transport
        self.session: Session | None = None
        self.heartbeats = 0
        self.acks = True
        self.dark = False  # what is pushed gets lost
        self.closing = False  # by this side
        self._zlib = zlib.compressobj() if compress else None
        self._queue: asyncio.Queue[dict[str, Any] | str] = asyncio.Queue()

    def push(self, payload: dict[str, Any]) -> None:
        if not self.dark:
            self._queue.put_nowait(payload)

    def push_text(self, text: str) -> None:
        """Send something that may be no JSON."""
        self._queue.put_nowait(text)

    def tell(self, op: int, data: object = None) -> None:
        self.push({"op": op, "d": data, "s": None, "t": None})

    async def close(self, code: int) -> None:
        self.closing = True
        await self.socket.close(code=code, message=b"closed by the server")

    async def write(self) -> None:
        with suppress(ConnectionError):
            while True:
                said = await self._queue.get()
                text = said if isinstance(said, str) else json.dumps(said)
                if self._zlib is None:
                    await self.socket.send_str(text)
                else:
                    packed = self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(packed)


@dataclass(eq=False)
class Session:
    """What survives a broken socket: the events by sequence number."""

    id: str
    intents: int
    shard: tuple[int, int] = (0, 1)  # which one of how many
    sequence: int = 0
    log: list[dict[str, Any]] = field(default_factory=list)
    connection: Connection | None = None

    def serves(self, guild: str | None) -> bool:
        """Whether events of this guild come over this session; of direct messages (None) those of the first one."""
        number, count = self.shard
        return number == (0 if guild is None else (int(guild) >> 22) % count)

    def dispatch(self, event: str, data: Any) -> None:
        self.sequence += 1
        payload = {"op": DISPATCH, "d": data, "s": self.sequence, "t": event}
        self.log.append(payload)
        if self.connection is not None:
            self.connection.push(payload)


class Gateway:
    """Accepts sockets. `greet` is called with every new session, to send READY and what follows it."""

    def __init__(self, token: str, bell: Bell, greet: Callable[[Session, dict[str, Any]], None]) -> None:
        self._token, self._bell, self._greet = token, bell, greet
        self.heartbeat_s = 41.25
        self.shards = 1  # fewer are refused
        self.allowed_privileged = 0  # bits that the owner switched on in the portal
        self.acks = True  # of sockets opened from now on
        self.refusals: deque[int] = deque()  # close codes for the next IDENTIFYs
        self.open = asyncio.Event()
        self.open.set()
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        self.attempts = 0  # sockets asked for, also while the gateway is not open
        self.identifies: list[dict[str, Any]] = []
        self.resumes: list[dict[str, Any]] = []
        self.resumed = 0  # resumes that were granted
        self.heartbeats = 0

    @property
    def live(self) -> list[Session]:
        return [session for session in self.sessions.values() if session.connection is not None]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.attempts += 1
        self._bell.ring()
        compression = request.query.get("compress", "")
        if request.query.get("v") != "10" or compression not in ("", "zlib-stream"):
            raise web.HTTPBadRequest(text="only v=10, uncompressed or as zlib-stream")
        await self.open.wait()
        if not isinstance(request.transport, asyncio.Transport):
            return web.Response(status=503)  # nobody is waiting any more
        socket = web.WebSocketResponse(max_msg_size=MAX_PAYLOAD)
        await socket.prepare(request)
        connection = Connection(socket, request.transport, bool(compression))
        connection.acks = self.acks
        self.connections.append(connection)
        writer = asyncio.create_task(connection.write())
        try:
            await self._converse(connection)
        finally:
            writer.cancel()
            self._forget(connection)
        return socket

    async def _converse(self, connection: Connection) -> None:
        connection.tell(HELLO, {"heartbeat_interval": int(self.heartbeat_s * 1000)})
        async for frame in connection.socket:
            if frame.type is not WSMsgType.TEXT:
                break
            payload = json.loads(frame.data)
            code = self._take(connection, payload["op"], payload.get("d"))
            self._bell.ring()
            if code:
                await connection.close(code)

    def _take(self, connection: Connection, op: int, data: Any) -> int | None:
        """Handle one payload. Returns a close code where the socket is to be closed."""
        if op == HEARTBEAT:
            self.heartbeats += 1
            connection.heartbeats += 1
            if connection.acks:
                connection.tell(ACK)
            return None
        if op == IDENTIFY:
            return self._identify(connection, data)
        if op == RESUME:
            return self._resume(connection, data)
        return None if connection.session else NOT_AUTHENTICATED

    def _identify(self, connection: Connection, data: dict[str, Any]) -> int | None:
        self.identifies.append(data)
        if connection.session is not None:
            return ALREADY_AUTHENTICATED
        if self.refusals:
            return self.refusals.popleft()
        if data["token"] != self._token:
            return AUTHENTICATION_FAILED
        if data["intents"] & PRIVILEGED & ~self.allowed_privileged:
            return DISALLOWED_INTENTS
        number, count = data.get("shard") or (0, 1)
        if not 0 <= number < count:
            return INVALID_SHARD
        if count < self.shards:
            return SHARDING_REQUIRED
        name = f"session{len(self.identifies)}"
        session = Session(name, data["intents"], connection=connection, shard=(number, count))
        self.sessions[session.id] = connection.session = session  # type: ignore[assignment]
        self._greet(session, data)
        return None

    def _resume(self, connection: Connection, data: dict[str, Any]) -> int | None:
        self.resumes.append(data)
        if data["token"] != self._token:
            return AUTHENTICATION_FAILED
        session = self.sessions.get(data["session_id"])
        if session is None or not isinstance(data["seq"], int) or data["seq"] > session.sequence:
            connection.tell(INVALID_SESSION, False)
            return None
        if session.connection is not None:
            session.connection.transport.abort()
        session.connection, connection.session = connection, session
        for payload in session.log:
            if payload["s"] > data["seq"]:
                connection.push(payload)
        session.dispatch("RESUMED", {"_trace": []})
        self.resumed += 1
        return None

    def _forget(self, connection: Connection) -> None:
        self.connections.remove(connection)
        session = connection.session
        if session is not None and session.connection is connection:
            session.connection = None
            # A client that says goodbye properly cannot come back to its session.
            if connection.socket.close_code in (1000, 1001) and not connection.closing:
                self.sessions.pop(session.id, None)
        self._bell.ring()
