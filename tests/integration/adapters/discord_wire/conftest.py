"""The real adapter on a Discord of our own, and a handler whose answers the test speaks itself.

After every test the server is asked whether it got a request that Discord would not have taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
import pytest

from adapters.base import Author, GenerateCommand, Message, RemakeCommand, Reply, State, View
from adapters.discord import DiscordAdapter, reply
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.world import Channel, User
from tests.fakes.handler import QuietDesk, QuietHandler
from tests.fakes.openapi import discord_api

OWN_PACE_S = reply.EDIT_EVERY_S


@dataclass
class Asked:
    """A request that the adapter handed over, and the reply that the test feeds."""

    request: str
    what: Message | GenerateCommand | RemakeCommand
    reply: Reply

    async def shows(self, text: str) -> None:
        await self.reply.show(View(request=self.request, state=State.WORKING, text=text, can_cancel=True))

    async def ends(self, text: str) -> None:
        await self.reply.show(View(request=self.request, state=State.DONE, text=text))


class SpokenHandler(QuietHandler):
    """Hands what it takes to the test, which answers it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Asked] = []
        self.withdrawn: list[str] = []  # requests
        self.goodbye = asyncio.Event()  # a community was left
        self.withdrawal = asyncio.Event()  # a request was cancelled
        self.back = asyncio.Event()  # the connection is back
        self._fresh: asyncio.Queue[Asked] = asyncio.Queue()

    async def next(self) -> Asked:
        """The next request that was handed over and not yet taken from here."""
        async with asyncio.timeout(15):
            return await self._fresh.get()

    def _hand_over(self, what: Message | GenerateCommand | RemakeCommand, reply: Reply) -> str:
        asked = Asked(f"request{len(self.asked) + 1}", what, reply)
        self.asked.append(asked)
        self._fresh.put_nowait(asked)
        return asked.request

    async def message(self, message: Message, reply: Reply) -> str:
        return self._hand_over(message, reply)

    async def generate(self, command: GenerateCommand, reply: Reply) -> str:
        return self._hand_over(command, reply)

    async def remake(self, command: RemakeCommand, reply: Reply) -> str:
        return self._hand_over(command, reply)

    async def community_left(self, platform: str, community: str) -> None:
        await super().community_left(platform, community)
        self.goodbye.set()

    def reconnected(self, platform: str) -> None:
        super().reconnected(platform)
        self.back.set()

    async def cancel(self, request: str, author: Author) -> bool:
        self.withdrawn.append(request)
        self.withdrawal.set()
        return True


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(spec=discord_api()) as server:
        yield server
    assert [str(violation) for violation in server.violations] == []
    assert server.unserved == []


@pytest.fixture
def handler() -> SpokenHandler:
    return SpokenHandler()


@pytest.fixture
def ann(server: DiscordServer) -> User:
    return server.user("Ann")


@pytest.fixture
def clips(server: DiscordServer) -> Channel:
    return server.channel(server.guild("Film club"), "clips")


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change how long discord.py waits: `guild_ready_timeout` for the last guild, `heartbeat_timeout` for a sign of
    life. It takes both as options of its client; their defaults are two seconds and a minute."""
    options: dict[str, Any] = {"guild_ready_timeout": 0.1}
    original = discord.AutoShardedClient._get_state

    def get_state(self: discord.AutoShardedClient, **given: Any) -> Any:
        return original(self, **{**given, **options})

    monkeypatch.setattr(discord.AutoShardedClient, "_get_state", get_state)
    return options.update


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Edits follow each other ten times as fast, except in the tests that are about their pace."""
    monkeypatch.setattr(reply, "EDIT_EVERY_S", OWN_PACE_S / 10)


@pytest.fixture
def own_pace(brisk: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pace that people see."""
    monkeypatch.setattr(reply, "EDIT_EVERY_S", OWN_PACE_S)


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let discord.py send a second IDENTIFY at once. Discord wants five seconds between two; this server does not."""

    async def at_once(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(discord.Client, "before_identify_hook", at_once)


Launch = Callable[..., Awaitable[DiscordAdapter]]


@pytest.fixture
async def launch(
    server: DiscordServer, handler: SpokenHandler, tmp_path: Path, patience: object, brisk: None
) -> AsyncIterator[Launch]:
    """Starts adapters, and stops those that a test leaves running."""
    running: list[DiscordAdapter] = []

    async def start(*, token: str = server.token, state_dir: Path = tmp_path, **more: Any) -> DiscordAdapter:
        adapter = DiscordAdapter(token=token, state_dir=state_dir, desk=QuietDesk(), api_base=server.api_base, **more)
        running.append(adapter)
        await adapter.start(handler)
        return adapter

    yield start
    for adapter in running:
        await adapter.stop()


@pytest.fixture
async def adapter(launch: Launch, clips: Channel) -> DiscordAdapter:
    """The adapter, ready, in a guild with the channel `clips`."""
    return await launch()
