"""A server that strangers try to fill up: real sockets, with limits that a test can wait for."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import logging
import os
import resource
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from adapters.http import HttpServer, Limits, TrustedProxies, client_address
from adapters.http import server as server_module

PATIENT_S = 20.0
QUICK = Limits(head_s=0.3, body_s=0.4, body_rate=1_000_000_000, idle_s=0.5, write_s=0.5, stalled_s=0.2)
BIG = 64 << 20


class Served:
    """A server with a few routes, and raw connections to it."""

    def __init__(self, server: HttpServer) -> None:
        self.server = server
        self.lines: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def connect(self, sent: bytes = b"", *, window: int = 0) -> socket.socket:
        line = socket.socket()
        if window:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        line.connect(("127.0.0.1", self.server.port))
        line.setblocking(False)
        if sent:
            line.sendall(sent)
        self.lines.append(line)
        return line

    async def get(self, path: str = "/", **headers: str) -> str:
        async with aiohttp.ClientSession() as session, session.get(self.url + path, headers=headers) as answer:
            return f"{answer.status} {await answer.text()}"

    async def closed(self, line: socket.socket) -> bytes:
        """What still came on a connection, once the server has closed it."""
        loop, came = asyncio.get_running_loop(), b""
        async with asyncio.timeout(PATIENT_S):
            with contextlib.suppress(ConnectionError):
                while data := await loop.sock_recv(line, 1 << 16):
                    came += data
        return came

    def has_come(self, line: socket.socket) -> bool:
        """Whether there is something to read, be it the end."""
        with contextlib.suppress(BlockingIOError):
            line.recv(1, socket.MSG_PEEK)
            return True
        return False


Serve = Callable[..., contextlib.AbstractAsyncContextManager[Served]]


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "SWEEP_S", 0.05)


@pytest.fixture
def big(tmp_path: Path) -> Path:
    file = tmp_path / "big.bin"
    with file.open("wb") as opened:
        opened.truncate(BIG)
    return file


@pytest.fixture
def serve(big: Path) -> Serve:
    async def read(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    async def socket_(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            await ws.send_str(message.data)
        return ws

    async def broken(request: web.Request) -> web.Response:
        raise RuntimeError("broken")

    async def who(request: web.Request) -> web.Response:
        return web.Response(text=client_address(request))

    async def file(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(big)

    async def words(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * (16 << 20))

    async def hold(request: web.Request) -> web.Response:
        await request.app[GATE].wait()
        return web.Response(text="held")

    @asynccontextmanager
    async def serve(limits: Limits = QUICK, *, trust: tuple[str, ...] = ()) -> AsyncIterator[Served]:
        app = web.Application(client_max_size=BIG)
        app[GATE] = asyncio.Event()
        app.add_routes(
            [
                web.get("/", who),
                web.post("/", read),
                web.get("/ws", socket_),
                web.get("/file", file),
                web.get("/words", words),
                web.get("/broken", broken),
                web.get("/hold", hold),
            ]
        )
        server = HttpServer(
            app,
            host="127.0.0.1",
            port=0,
            name="The door",
            setting="trusted_proxies",
            limits=limits,
            proxies=TrustedProxies(trust),
            stop_s=0.5,
        )
        await server.start()
        served = Served(server)
        try:
            yield served
        finally:
            app[GATE].set()
            for line in served.lines:
                line.close()
            await server.stop()

    return serve


GATE = web.AppKey("gate", asyncio.Event)
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b",
        HEAD + b"Content-Length: 1000\r\n\r\nhalf",
        HEAD + b"Content-Length: 1000\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nffff\r\nhalf",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",  # whole, and then nothing
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HT",
    ],
)
async def test_who_begins_and_does_not_go_on_is_hung_up_on(serve: Serve, sent: bytes) -> None:
    async with serve() as served:
        await served.closed(served.connect(sent))
        assert await served.get() == "200 127.0.0.1"


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\nX: ", HEAD + b"Content-Length: 1000000\r\n\r\n"])
async def test_a_byte_now_and_then_buys_no_time(serve: Serve, sent: bytes) -> None:
    async with serve() as served:
        line, closed = served.connect(sent), asyncio.Event()

        async def trickle() -> None:
            with contextlib.suppress(OSError):
                while not closed.is_set():
                    line.send(b"x")
                    await asyncio.sleep(0.02)

        trickling = asyncio.create_task(trickle())
        await served.closed(line)
        closed.set()
        await trickling


async def test_a_long_upload_may_go_on_as_long_as_it_comes(serve: Serve) -> None:
    limits = Limits(body_s=0.6, body_rate=1000)  # each chunk buys a second

    async def body() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 1000
            await asyncio.sleep(0.1)

    async with (
        serve(limits) as served,
        aiohttp.ClientSession() as session,
        session.post(served.url, data=body()) as answer,
    ):
        assert await answer.text() == "10000"


@pytest.mark.parametrize("path", ["/file", "/words"])
async def test_an_answer_that_nobody_reads_ends(serve: Serve, path: str) -> None:
    async with serve() as served:
        served.connect(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), window=4096)
        async with asyncio.timeout(PATIENT_S):
            while not len(served.server._connections):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
            while len(served.server._connections):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert await served.get() == "200 127.0.0.1"


async def test_a_slow_reader_gets_the_whole_file(serve: Serve) -> None:
    limits = replace(QUICK, write_s=1.2)
    async with serve(limits) as served, aiohttp.ClientSession(read_bufsize=1 << 16) as session:
        got = 0
        async with session.get(served.url + "/file") as answer:
            async for data in answer.content.iter_chunked(1 << 20):
                got += len(data)
                await asyncio.sleep(0.02)  # longer in all than silence may last
        assert got == BIG


async def test_a_websocket_may_be_silent_for_as_long_as_it_wants(serve: Serve) -> None:
    async with serve() as served, aiohttp.ClientSession() as session, session.ws_connect(served.url + "/ws") as ws:
        idle = served.connect()
        await served.closed(idle)  # all that is idle has been swept
        await asyncio.sleep(QUICK.idle_s * 2)
        await ws.send_str("still here")
        assert (await ws.receive(timeout=PATIENT_S)).data == "still here"


async def test_a_thousand_idle_connections_keep_nobody_out(serve: Serve) -> None:
    limits = Limits(connections=200, per_address=32)
    async with (
        serve(limits) as served,
        aiohttp.ClientSession() as session,
        session.ws_connect(served.url + "/ws") as ws,
    ):
        for number in range(1000):
            served.connect(b"GET / HT" if number % 2 else b"")
            if number % 100 == 0:
                assert await served.get() == "200 127.0.0.1"
        assert await served.get() == "200 127.0.0.1"
        assert len(served.server._connections) <= 32
        await ws.send_str("still here")
        assert (await ws.receive(timeout=PATIENT_S)).data == "still here"


async def test_bodies_that_do_not_come_keep_nobody_out(serve: Serve) -> None:
    limits = Limits(connections=200, per_address=32, stalled_s=0.1)
    async with serve(limits) as served:
        for _ in range(32):
            served.connect(HEAD + b"Content-Length: 1000\r\n\r\nhalf")
        async with asyncio.timeout(PATIENT_S):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    if await served.get() == "200 127.0.0.1":
                        break
                await asyncio.sleep(0.05)


async def test_those_who_wait_for_their_answer_are_not_hung_up_on_for_others(serve: Serve) -> None:
    async with serve(Limits(connections=200, per_address=4)) as served:
        waiting = [served.connect(b"GET /hold HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") for _ in range(4)]
        async with asyncio.timeout(PATIENT_S):
            while served.server._connections._idle or len(served.server._connections) < 4:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert await served.closed(served.connect()) == b""
        served.server._runner.app[GATE].set()
        for line in waiting:
            assert b"held" in await served.closed(line)


async def test_requests_through_a_proxy_count_for_those_who_sent_them(serve: Serve) -> None:
    async with serve(Limits(connections=200, per_address=2, turn_s=0.2), trust=("127.0.0.0/8",)) as served:
        many = [asyncio.create_task(served.get("/hold", **{"X-Forwarded-For": "198.51.100.7"})) for _ in range(5)]
        done, waiting = set(), set(many)
        async with asyncio.timeout(PATIENT_S):
            while len(done) < 3:
                some, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                done |= some
        assert all(task.result().startswith("429") for task in done)
        assert await served.get(**{"X-Forwarded-For": "1.2.3.4, 198.51.100.8"}) == "200 198.51.100.8"
        served.server._runner.app[GATE].set()
        assert [await task for task in waiting] == ["200 held"] * 2
        assert await served.get(**{"X-Forwarded-For": "198.51.100.7"}) == "200 198.51.100.7"


async def test_a_page_of_many_pictures_comes_whole_through_a_proxy(serve: Serve) -> None:
    async with serve(Limits(connections=200, per_address=2), trust=("127.0.0.0/8",)) as served:
        many = [served.get(**{"X-Forwarded-For": "198.51.100.7"}) for _ in range(50)]
        assert await asyncio.gather(*many) == ["200 198.51.100.7"] * 50
        assert not served.server._under_way


async def test_more_requests_than_anybody_sends_by_hand_come_late_and_are_answered(serve: Serve) -> None:
    async with serve(Limits(burst=5, rate=0.001, late_s=0.05)) as served:
        before = asyncio.get_running_loop().time()
        assert [await served.get() for _ in range(8)] == ["200 127.0.0.1"] * 8
        assert asyncio.get_running_loop().time() - before >= 3 * 0.05


async def test_a_full_table_of_descriptors_closes_idle_connections_and_recovers(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    limits = Limits(head_s=60)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    async with serve(limits) as served, aiohttp.ClientSession() as session:
        for _ in range(8):
            served.connect()
        line = socket.socket()  # made now: later there is no descriptor for it
        line.setblocking(False)
        served.lines.append(line)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
        try:
            async with asyncio.timeout(PATIENT_S):
                while len(served.server._connections) < 8:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            with contextlib.suppress(OSError):
                while True:
                    taken.append(os.open(os.devnull, os.O_RDONLY))
            loop = asyncio.get_running_loop()
            await loop.sock_connect(line, ("127.0.0.1", served.server.port))
            await loop.sock_sendall(line, b"GET / HTTP/1.0\r\n\r\n")
            assert b"200 OK" in await served.closed(line)
        finally:
            for descriptor in taken:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        async with session.get(served.url) as answer:
            assert answer.status == 200
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) <= 2


NONSENSE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
    b"NONSENSE\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X-Header: y\r\n" * 1000 + b"\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    b"GET /" + b"y" * 100_000 + b" HTTP/1.1\r\n\r\n",
    HEAD + b"Content-Length: x\r\n\r\n",
    HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 100 + b"\r\n",
]


async def test_nonsense_is_counted_in_one_line_without_a_stack(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async with serve() as served:
        for _ in range(20):
            for sent in NONSENSE:
                with contextlib.suppress(OSError):
                    served.connect(sent)
            await asyncio.sleep(0.02)
        for line in served.lines:
            await served.closed(line)
        assert await served.get() == "200 127.0.0.1"
    said = [record for record in caplog.records if record.levelno >= logging.INFO]
    assert 1 <= len(said) <= 2  # at once, and at the end
    assert not any(record.exc_info for record in said)
    assert "no proper request" in said[-1].getMessage()


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Content-Length: 1000\r\n\r\nhalf",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhel",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
    ],
)
async def test_who_hangs_up_in_the_middle_leaves_no_stack(
    serve: Serve, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    async with serve() as served:
        line = served.connect(sent)
        async with asyncio.timeout(PATIENT_S):
            while not any(connection._request for connection in served.server._connections):
                if served.has_come(line):
                    break
                await asyncio.sleep(0.01)
        line.close()
        async with asyncio.timeout(PATIENT_S):
            while len(served.server._connections):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    said = [record for record in caplog.records if record.levelno >= logging.INFO]
    assert said
    assert not any(record.exc_info for record in said)


async def test_a_head_of_many_large_headers_is_not_kept(serve: Serve) -> None:
    async with serve(Limits()) as served:
        line = served.connect(b"GET / HTTP/1.1\r\n")
        loop, header = asyncio.get_running_loop(), b"X-Header: " + b"y" * 8000 + b"\r\n"
        with contextlib.suppress(ConnectionError):
            for _ in range(60):
                await loop.sock_sendall(line, header)
                await asyncio.sleep(0.005)
            await served.closed(line)
        assert not len(served.server._connections)
        async with aiohttp.ClientSession() as session:
            for _ in range(3):  # large bodies on one connection are no heads
                async with session.post(served.url, data=io.BytesIO(bytes(4 << 20))) as answer:
                    assert await answer.text() == str(4 << 20)


async def test_a_packed_body_is_not_unpacked(serve: Serve) -> None:
    bomb = gzip.compress(bytes(1 << 20))
    async with serve() as served, aiohttp.ClientSession() as session:
        headers = {"Content-Encoding": "gzip"}
        async with session.post(served.url, data=bomb, headers=headers) as answer:
            assert await answer.text() == str(len(bomb))


async def test_our_own_mistakes_are_logged_with_their_stack(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async with serve() as served:
        assert (await served.get("/broken")).startswith("500")
    assert [record for record in caplog.records if record.exc_info]


async def test_a_proxy_that_the_settings_do_not_name_is_told_once(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve() as served:
        for _ in range(3):
            assert await served.get(**{"X-Forwarded-For": "198.51.100.7"}) == "200 127.0.0.1"
    assert [record.getMessage() for record in caplog.records if "trusted_proxies" in record.getMessage()] == [
        "The door: requests come through a proxy at 127.0.0.1 that trusted_proxies does not name, so all of them count "
        "as one address"
    ]


async def test_every_address_of_a_name_is_listened_on(serve: Serve) -> None:
    server = HttpServer(web.Application(), host="localhost", port=0, name="The door", setting="x")
    await server.start()
    assert server.port > 0
    await server.stop()
    await server.stop()
