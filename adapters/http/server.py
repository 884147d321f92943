"""An HTTP server that nobody can fill up: it closes what is too much or too slow, and says so in one line a minute."""

from __future__ import annotations

import asyncio
import errno
import logging
import resource
import socket
from collections import Counter
from contextlib import suppress
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler as WebHandler

from adapters.http.addresses import TrustedProxies, group_of, looks_like_a_proxy
from adapters.http.connections import Connections, Limits, Pace

log = logging.getLogger(__name__)

BACKLOG = 1024  # connections that the system keeps until they are accepted
# Connections that are accepted before everything else has its turn, so that a flood slows the bot down and no more.
ACCEPTED_AT_ONCE = 16
SWEEP_S = 1.0  # how often it is looked for what takes too long
NO_DESCRIPTOR_S = 0.5  # how long nothing is accepted when there is no descriptor
FREED = 16  # idle connections that are then closed
TELL_S = 60.0  # one line in the log about all that was refused in this time
MAX_HEADERS = 64  # of 8 KiB at most each …
MAX_HEAD_BYTES = 64 * 1024  # … and no more than this together, but for what one reading brings
LINGER_S = 2.0  # how long the rest of a body that nobody wants is taken, so that its sender reads the answer

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_CLIENT = web.RequestKey("client", str)


def client_address(request: web.Request) -> str:
    """Where a request really comes from, as the trusted proxies of its server tell."""
    return request.get(_CLIENT) or request.remote or ""


def hung_up(request: web.Request, error: Exception) -> bool:
    """Whether an error only says that the other side went away, or sent a body that is none."""
    gone = request.transport is None or request.transport.is_closing()
    return isinstance(error, web.RequestPayloadError) or (isinstance(error, ConnectionError) and gone)


class HttpServer:
    """Serves an application. `name` is what the log calls it; `setting` is the option that names trusted proxies."""

    def __init__(
        self,
        app: web.Application,
        *,
        host: str,
        port: int,
        name: str,
        setting: str,
        limits: Limits | None = None,
        proxies: TrustedProxies | None = None,
        stop_s: float = 3.0,
    ) -> None:
        self._host = host
        self._port = port
        self._name = name
        self._setting = setting
        self._proxies = proxies or TrustedProxies()
        self._limits = (limits or Limits()).within(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        self._connections = Connections(self._limits)
        self._under_way: Counter[str] = Counter()  # requests that came through a proxy, by who sent them
        self._turns = asyncio.Condition()
        app.middlewares.insert(0, self._receive)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=stop_s)
        self._listening: list[socket.socket] = []
        self._accepting: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self._refused: Counter[str] = Counter()
        self._told_at = float("-inf")
        self._told_of_proxy = False

    def __repr__(self) -> str:
        return f"HttpServer({self._name!r}, {len(self._connections)} connections)"

    @property
    def port(self) -> int:
        """Where it listens, once started."""
        return int(self._listening[0].getsockname()[1])

    async def start(self) -> None:
        """Listen. Raises `OSError` when the port cannot be had."""
        self._loop = asyncio.get_running_loop()
        self._pace = Pace(self._limits, self._loop.time)
        await self._runner.setup()
        try:
            self._listening = await _listen(self._host, self._port)
        except OSError:
            await self._runner.cleanup()
            raise
        self._accept_again()
        self._sweeper = asyncio.create_task(self._sweep(), name=f"sweep of {self._name}")

    async def close(self) -> None:
        """Take no connections any more; those that are open stay."""
        for listening in self._listening:
            self._loop.remove_reader(listening)
            listening.close()
        self._listening = []

    async def stop(self) -> None:
        """End everything; requests under way get a moment. Harmless when nothing was started."""
        await self.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.wait([self._sweeper, *self._accepting])
            self._sweeper = None
        await self._runner.cleanup()
        self._tell()

    # --- connections ---

    def _accept_again(self) -> None:
        for listening in self._listening:
            self._loop.add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                accepted, peer = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._cannot_accept(error)
                return
            address = str(peer[0])
            group = "" if address in self._proxies else group_of(address)
            if not self._connections.make_room(group):
                self.refuse("over the limit of connections")
                accepted.close()
                continue
            accepted.setblocking(False)
            _give_up_on_the_deaf(accepted, self._limits.write_s)
            handler = _Handler(self, self._runner.server, self._limits, group)
            self._connections.add(handler)
            task = asyncio.create_task(self._connect(handler, accepted))
            self._accepting.add(task)
            task.add_done_callback(self._accepting.discard)

    async def _connect(self, handler: _Handler, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: handler, accepted)
        except OSError:  # hung up already
            accepted.close()
            self._connections.remove(handler)

    def _cannot_accept(self, error: OSError) -> None:
        """Without a descriptor: let go of what is idle, and leave newcomers to the system's queue for a moment."""
        self.refuse(f"not accepted: {error.strerror}")
        if error.errno in _EXHAUSTED:
            self._connections.free(FREED)
            for listening in self._listening:
                self._loop.remove_reader(listening)
            self._loop.call_later(NO_DESCRIPTOR_S, self._accept_again)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            now = self._loop.time()
            for connection in self._connections:
                assert isinstance(connection, _Handler)
                if why := connection.overdue(now):
                    connection.close_now(why)
                elif connection.is_idle(now):
                    self._connections.idle(connection)
                else:
                    self._connections.active(connection)
            if now - self._told_at >= TELL_S:
                self._tell()

    # --- requests ---

    @web.middleware
    async def _receive(self, request: web.Request, handler: WebHandler) -> web.StreamResponse:
        """The outermost of all: who is it, and is it their turn?"""
        peer = request.remote or ""
        client = request[_CLIENT] = self._proxies.client(peer, request.headers)
        connection = request.protocol
        if isinstance(connection, _Handler):
            connection.begin(request)
            self._connections.active(connection)
        self._look_for_a_proxy(request, peer)
        group = group_of(client)
        if peer not in self._proxies:
            return await self._in_turn(request, handler, group)
        if not await self._get_turn(group):
            self.refuse("over the limit of requests from one address")
            return _too_many()
        try:
            return await self._in_turn(request, handler, group)
        finally:
            await self._end_turn(group)

    async def _get_turn(self, group: str) -> bool:
        """Count a request that came through a proxy. False if others of its address are not done in time."""
        most = self._limits.per_address
        if self._under_way[group] >= most:
            try:
                async with asyncio.timeout(self._limits.turn_s), self._turns:
                    await self._turns.wait_for(lambda: self._under_way[group] < most)
            except TimeoutError:
                return False
        self._under_way[group] += 1
        return True

    async def _end_turn(self, group: str) -> None:
        self._under_way[group] -= 1
        if not self._under_way[group]:
            del self._under_way[group]
        async with self._turns:
            self._turns.notify_all()

    async def _in_turn(self, request: web.Request, handler: WebHandler, group: str) -> web.StreamResponse:
        if not self._pace.take(group):
            self.refuse("answered late, since there were too many")
            await asyncio.sleep(self._limits.late_s)
        try:
            return await handler(request)
        except (ConnectionError, web.RequestPayloadError) as error:
            if not hung_up(request, error):
                raise
            self.refuse("that broke off")
            return web.Response(status=400)

    def _look_for_a_proxy(self, request: web.Request, peer: str) -> None:
        if self._told_of_proxy or peer in self._proxies or not looks_like_a_proxy(peer, request.headers):
            return
        self._told_of_proxy = True
        log.warning(
            "%s: requests come through a proxy at %s that %s does not name, so all of them count as one address",
            self._name,
            peer,
            self._setting,
        )

    # --- the log ---

    def refuse(self, why: str) -> None:
        """Count something that was refused. The first of its kind is told at once, the others once a minute."""
        self._refused[why] += 1
        if self._loop.time() - self._told_at >= TELL_S:
            self._tell()

    def _tell(self) -> None:
        if not self._refused:
            return
        self._told_at = self._loop.time()
        kinds = ", ".join(f"{count} {why}" for why, count in self._refused.most_common())
        log.warning("%s: refused since the last such line: %s", self._name, kinds)
        self._refused.clear()


class _Handler(web.RequestHandler):
    """One connection. Idle, until a request has come whole; then active, until its answer has gone out."""

    def __init__(self, door: HttpServer, server: Any, limits: Limits, group: str) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]
            keepalive_timeout=limits.idle_s,
            lingering_time=LINGER_S,
            max_headers=MAX_HEADERS,
            auto_decompress=False,  # nobody sends us packed bodies; a small one may unpack to gigabytes
            logger=log,
        )
        self.group = group
        self._door = door
        self._limits = limits
        self._now = asyncio.get_running_loop().time
        self._head_since: float | None = self._now()  # the head of a request is awaited since then
        self._head_bytes: int | None = 0  # that came of it; None while there is none to come
        self._idle_since = self._now()
        self._request: web.BaseRequest | None = None
        self._answered: web.BaseRequest | None = None  # the rest of whose body may still come
        self._body_since = 0.0
        self._received = self._received_before = 0
        self._came = self._waits = (-1, 0.0)  # bytes received, bytes that wait to go out; since when it is so many
        self._swept_at = self._now()
        self._answering = False
        self._closed = False

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def begin(self, request: web.BaseRequest) -> None:
        """A request's head has come."""
        self._request = request
        self._head_since = None
        self._body_since = self._swept_at = self._now()
        self._received_before = self._received

    def overdue(self, now: float) -> str:
        """Why this connection has to end; empty when it has not."""
        paused, self._swept_at = now - self._swept_at, now
        if self.transport is None:
            return ""
        if self._deaf_s(now) >= self._limits.write_s:
            return "did not read their answer"
        if self._request is None:
            if self._head_since is not None and now - self._head_since >= self._limits.head_s:
                return "did not finish their request in time"
            return "idle for too long" if now - self._idle_since >= self._limits.idle_s else ""
        if self._request.content.is_eof():
            return ""
        if not self.transport.is_reading():  # it is this side that is slow
            self._body_since += paused
        allowed_s = self._limits.body_s + (self._received - self._received_before) / self._limits.body_rate
        return "did not finish their request in time" if now - self._body_since >= allowed_s else ""

    def is_idle(self, now: float) -> bool:
        """Whether it may be closed for others: it asks for nothing, or does not go on with what it began."""
        if self._request is None or self.transport is None:
            return True
        sends = not self._request.content.is_eof() and self.transport.is_reading()
        return (sends and self._silent_s(now) >= self._limits.stalled_s) or self._deaf_s(now) >= self._limits.stalled_s

    def close_now(self, why: str) -> None:
        """Close without waiting for the other side."""
        if self._closed:
            return
        self._closed = True
        self._door.refuse(f"that {why}" if not why.startswith("to ") else f"closed {why}")
        if self.transport is None:  # not connected yet
            return
        peer = self.transport.get_extra_info("socket")
        with suppress(OSError):
            peer.shutdown(socket.SHUT_RDWR)
        if not self._answering:  # else writing fails, which ends it; the system may be sending a file by itself
            self.transport.abort()

    def _silent_s(self, now: float) -> float:
        """For how long nothing has come from the other side."""
        if self._came[0] != self._received:
            self._came = (self._received, now)
        return now - self._came[1]

    def _deaf_s(self, now: float) -> float:
        """For how long the other side has taken nothing of what waits for it."""
        waiting = self.transport.get_write_buffer_size() if self.transport is not None else 0
        if self._waits[0] != waiting:
            self._waits = (waiting, now)
        return now - self._waits[1] if waiting else 0.0

    # --- what asyncio and aiohttp call ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._closed and self.transport is not None:
            self.transport.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._door._connections.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._request is None and self._head_since is None:
            self._head_since = self._now()
        heads = self._request_count
        super().data_received(data)
        rest = self._answered is not None and not self._answered.content.is_eof()
        if self._head_bytes is None or rest:
            return
        self._head_bytes = self._head_bytes + len(data) if self._request_count == heads else None
        if self._head_bytes is not None and self._head_bytes > MAX_HEAD_BYTES:
            self.close_now("sent too much before their request")

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        self._answering = True
        try:
            return await super().finish_response(request, resp, start_time)
        except OSError:  # they are gone, or did not read it in time
            return resp, True
        finally:
            self._answering = False
            self._request = None
            self._answered = request
            self._head_since = None
            self._head_bytes = None if self._messages else 0
            self._idle_since = self._now()
            self._door._connections.idle(self)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """What goes wrong because the other side broke off, or sent no proper body, is counted only."""
        error = kw.get("exc_info")
        gone = self.transport is None or self.transport.is_closing()
        if isinstance(error, web.RequestPayloadError) or (isinstance(error, ConnectionError) and gone):
            self._door.refuse("that broke off")
        else:
            super().log_exception(*args, **kw)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is no HTTP is counted; it is not worth a stack in the log."""
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        self._door.refuse("that was no proper request")
        response = web.Response(status=status, text="Bad request")
        response.force_close()
        return response


def _too_many() -> web.Response:
    sentence = "There are too many requests from your address at once. Try again in a moment."
    return web.json_response(
        {"error": {"code": "too_many_requests", "message": sentence}}, status=429, headers={"Retry-After": "1"}
    )


def _give_up_on_the_deaf(accepted: socket.socket, after_s: float) -> None:
    """Let the system end a connection whose other side takes nothing for so long. It alone sees that of a file."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        with suppress(OSError):
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(after_s * 1000))


async def _listen(host: str, port: int) -> list[socket.socket]:
    """Sockets for every address of `host`, as `asyncio` would open them. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE, proto=socket.IPPROTO_TCP
    )
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    for family, address in dict.fromkeys((family, address) for family, _, _, _, address in found):
        try:
            sockets.append(_listen_at(family, address))
        except OSError as error:
            missing = error
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):  # "localhost" where there is no IPv6
                break
    if missing is not None and (not sockets or missing.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)):
        for opened in sockets:
            opened.close()
        raise missing
    return sockets


def _listen_at(family: int, address: Any) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(address)
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    opened.setblocking(False)
    return opened
