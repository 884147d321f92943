"""Posted files are read from a file server over loopback: whole, from the right host only, with a fresh signature."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.base import AttachmentError
from adapters.discord.attachments import DiscordFile, FileHosts

BODY = bytes(range(256)) * 1000


@dataclass
class FileServer:
    root: str = ""
    session: aiohttp.ClientSession | None = None
    asked: list[str] = field(default_factory=list)

    def file(
        self, path: str, *, refetch: Callable[[], Awaitable[str | None]] | None = None, **more: Any
    ) -> DiscordFile:
        options: dict[str, Any] = {"hosts": FileHosts(self.root + "/api/v10"), **more}
        url = path if "://" in path else self.root + path
        return DiscordFile(
            url,
            name="a.mp4",
            content_type="video/mp4",
            size=0,
            session=lambda: self.session,  # type: ignore[arg-type,return-value]
            refetch=refetch,
            **options,
        )


async def everything(file: DiscordFile) -> bytes:
    return b"".join([chunk async for chunk in file.read()])


@pytest.fixture
async def files() -> AsyncIterator[FileServer]:
    server = FileServer()

    async def answer(request: web.Request) -> web.StreamResponse:
        server.asked.append(request.path_qs)
        match request.match_info["what"]:
            case "good":
                return web.Response(body=BODY)
            case "moved":
                raise web.HTTPFound("/good")
            case "short":
                response = web.StreamResponse(headers={"Content-Length": str(len(BODY))})
                await response.prepare(request)
                await response.write(BODY[:1000])
                assert request.transport is not None
                request.transport.close()
                return response
            case what:
                return web.Response(status=int(what))

    app = web.Application()
    app.router.add_get("/{what}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    server.root = f"http://127.0.0.1:{port}"
    async with aiohttp.ClientSession() as session:
        server.session = session
        yield server
    await runner.cleanup()


async def test_a_file_is_read_whole(files: FileServer) -> None:
    assert await everything(files.file("/good")) == BODY


async def test_reading_may_stop_early(files: FileServer) -> None:
    reading = files.file("/good").read()
    assert await anext(reading)
    await reading.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", [403, 404])
async def test_an_expired_address_is_signed_anew_once(files: FileServer, status: int) -> None:
    async def fresh() -> str:
        return files.root + "/good"

    assert await everything(files.file(f"/{status}", refetch=fresh)) == BODY
    assert files.asked == [f"/{status}", "/good"]


async def test_an_address_that_stays_expired_is_a_sentence(files: FileServer) -> None:
    async def fresh() -> str:
        return files.root + "/403"

    with pytest.raises(AttachmentError, match="has expired"):
        await everything(files.file("/403", refetch=fresh))
    assert files.asked == ["/403", "/403"]


async def test_a_file_that_left_its_message_is_a_sentence(files: FileServer) -> None:
    async def gone() -> None:
        return None

    with pytest.raises(AttachmentError, match="no longer in its message"):
        await everything(files.file("/404", refetch=gone))


async def test_a_fresh_address_on_another_host_is_not_followed(files: FileServer) -> None:
    async def elsewhere() -> str:
        return files.root.replace("127.0.0.1", "localhost") + "/good"

    with pytest.raises(AttachmentError, match="own file servers"):
        await everything(files.file("/404", refetch=elsewhere))
    assert files.asked == ["/404"]


async def test_a_redirect_is_not_followed(files: FileServer) -> None:
    with pytest.raises(AttachmentError):
        await everything(files.file("/moved"))
    assert files.asked == ["/moved"]


async def test_another_host_is_not_even_asked(files: FileServer) -> None:
    with pytest.raises(AttachmentError, match="own file servers"):
        await everything(files.file("/good", hosts=FileHosts()))
    assert files.asked == []


async def test_a_server_error_is_a_sentence(files: FileServer) -> None:
    with pytest.raises(AttachmentError, match="did not hand out"):
        await everything(files.file("/500"))


async def test_a_file_that_breaks_off_is_a_sentence(files: FileServer) -> None:
    with pytest.raises(AttachmentError, match="broke off"):
        await asyncio.wait_for(everything(files.file("/short")), 10)


async def test_nobody_there_is_a_sentence(files: FileServer) -> None:
    hosts = FileHosts("http://127.0.0.1:1/api")
    with pytest.raises(AttachmentError, match="broke off"):
        await everything(files.file("http://127.0.0.1:1/a.mp4", hosts=hosts))
