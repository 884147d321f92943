"""The adapter's start: whatever keeps it from Discord is a sentence, and nothing of it stays behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.discord import DiscordAdapter, IntentsRefused, TokenRefused, Unreachable
from adapters.discord import adapter as module
from tests.fakes.handler import QuietDesk, QuietHandler

ME = {"id": "1" * 18, "username": "bot", "discriminator": "0", "avatar": None, "bot": True}
HELLO = {"op": 10, "s": None, "t": None, "d": {"heartbeat_interval": 45_000}}


def as_json(value: Any, status: int = 200) -> web.Response:
    """As Discord says it: discord.py reads no JSON whose type names a character set."""
    return web.Response(body=json.dumps(value).encode(), status=status, content_type="application/json")


class TinyDiscord:
    """Just enough of Discord to refuse a bot in several ways."""

    def __init__(self) -> None:
        self.base = ""
        self.gateway = ""
        self.me_status = 200
        self.close_code = 4014

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/api/v10/users/@me", self.me)
        app.router.add_get("/api/v10/oauth2/applications/@me", self.application)
        app.router.add_put("/api/v10/applications/{id}/commands", self.commands)
        app.router.add_get("/api/v10/gateway/bot", self.bot_gateway)
        app.router.add_get("/socket/", self.socket)
        return app

    async def me(self, request: web.Request) -> web.Response:
        return as_json(ME if self.me_status == 200 else {"message": "no", "code": 0}, status=self.me_status)

    async def application(self, request: web.Request) -> web.Response:
        more: dict[str, Any] = {"owner": ME, "bot_public": True, "bot_require_code_grant": False, "verify_key": ""}
        return as_json({"id": ME["id"], "name": "bot", "icon": None, "description": "", "flags": 0, **more})

    async def commands(self, request: web.Request) -> web.Response:
        return as_json([])

    async def bot_gateway(self, request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 999, "reset_after": 1, "max_concurrency": 1}
        return as_json({"url": self.gateway, "shards": 1, "session_start_limit": limit})

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(HELLO)
        await socket.receive()
        await socket.close(code=self.close_code)
        return socket


@pytest.fixture
async def tiny() -> AsyncIterator[TinyDiscord]:
    server = TinyDiscord()
    runner = web.AppRunner(server.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    server.base, server.gateway = f"http://127.0.0.1:{port}/api/v10", f"ws://127.0.0.1:{port}/socket/"
    yield server
    await runner.cleanup()


@pytest.fixture(autouse=True)
def nothing_stays_behind() -> Any:
    before = (Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY)
    yield
    assert before == (Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY)


def adapter_for(base: str, tmp_path: Path) -> DiscordAdapter:
    return DiscordAdapter(token="secret", state_dir=tmp_path, desk=QuietDesk(), api_base=base)


async def refused(adapter: DiscordAdapter) -> None:
    await asyncio.wait_for(adapter.start(QuietHandler()), 20)


async def test_a_refused_token_is_a_sentence(tiny: TinyDiscord, tmp_path: Path) -> None:
    tiny.me_status = 401
    with pytest.raises(TokenRefused, match="refused the bot token"):
        await refused(adapter_for(tiny.base, tmp_path))


@pytest.mark.parametrize(("code", "error"), [(4014, IntentsRefused), (4013, IntentsRefused), (4004, TokenRefused)])
async def test_a_gateway_that_refuses_is_a_sentence(
    tiny: TinyDiscord, tmp_path: Path, code: int, error: type[Exception]
) -> None:
    tiny.close_code = code
    with pytest.raises(error):
        await refused(adapter_for(tiny.base, tmp_path))


async def test_no_network_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="no connection"):
        await refused(adapter_for("http://127.0.0.1:1/api/v10", tmp_path))


async def test_a_gateway_that_cannot_be_reached_is_a_sentence_in_time(
    tiny: TinyDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READY_TIMEOUT_S", 0.5)
    tiny.gateway = "ws://127.0.0.1:1/"
    with pytest.raises(Unreachable, match="did not answer in time"):
        await refused(adapter_for(tiny.base, tmp_path))


async def test_the_token_is_in_no_sentence(tiny: TinyDiscord, tmp_path: Path) -> None:
    tiny.me_status = 401
    with pytest.raises(TokenRefused) as caught:
        await refused(adapter_for(tiny.base, tmp_path))
    assert "secret" not in str(caught.value)


async def test_stopping_what_was_never_started_is_harmless(tmp_path: Path) -> None:
    adapter = adapter_for("http://127.0.0.1:1/api/v10", tmp_path)
    await adapter.stop()
    assert await adapter.restore("{}") is None
