"""A simulated Discord (simcord) with the real client on it, and an application that does what the test tells it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord

from adapters.base import Author, GenerateCommand, Message, Reply, View
from adapters.discord.attachments import FileHosts
from adapters.discord.client import BotClient
from adapters.shared.pacing import Timing
from tests.fakes.handler import QuietDesk, QuietHandler
from tests.fakes.openapi import discord_api


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "message_content: give the bot the message content intent")


CLIP = ("bikes.mp4", b"\0\0\0\x18ftypmp42")


class Clock:
    """Moves only when somebody waits for it."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)


class ScriptedHandler(QuietHandler):
    """Fails, or lets something happen meanwhile, when the test wants that; cancels for who asked and for moderators."""

    def __init__(self) -> None:
        super().__init__()
        self.askers: dict[str, str] = {}
        self.fail = False
        self.meanwhile: Callable[[], Awaitable[None]] | None = None  # happens while a question is being taken

    @property
    def message_(self) -> Message:
        (only,) = self.messages
        return only

    @property
    def reply(self) -> Reply:
        return self.replies[-1]

    async def message(self, message: Message, reply: Reply) -> str:
        self.messages.append(message)
        if self.meanwhile is not None:
            await self.meanwhile()
        return self._asked_by(message.author, message.event_id, reply)

    async def generate(self, command: GenerateCommand, reply: Reply) -> str:
        self.commands.append(command)
        return self._asked_by(command.author, command.event_id, reply)

    def _asked_by(self, author: Author, event: str, reply: Reply) -> str:
        if self.fail:
            raise RuntimeError("scripted")
        request = self._take(event, reply)
        self.askers[request] = author.id
        return request

    async def cancel(self, request: str, author: Author) -> bool:
        allowed = author.is_moderator or author.is_admin or self.askers.get(request) == author.id
        return allowed and await super().cancel(request, author)


@dataclasses.dataclass
class World:
    """The simulated Discord, the bot on it and a guild with one channel."""

    env: simcord.Env
    handler: ScriptedHandler
    admin: QuietDesk
    client: BotClient
    clock: Clock
    guild: Any
    channel: Any
    ann: Any
    new_client: Callable[[], BotClient]

    @property
    def at_bot(self) -> str:
        return f"<@{self.client.me()}>"

    def answers(self, channel: Any = None) -> list[discord.Message]:
        """What the bot has written in the channel, oldest first."""
        return [message for message in (channel or self.channel).history() if message.author.id == self.client.me()]

    def answer(self, channel: Any = None) -> discord.Message:
        (only,) = self.answers(channel)
        return only

    async def ask(self, text: str = "what happens here?", **options: Any) -> discord.Message:
        return await self.ann.send(self.channel, f"{self.at_bot} {text}", **options)

    async def show(self, view: View) -> None:
        """Show a view in the newest reply, and wait for it."""
        await self.handler.reply.show(view)
        await self.handler.reply.settled()  # type: ignore[attr-defined]
        await self.env.settle()

    def moderator(self, name: str = "mod") -> Any:
        role = self.guild.create_role(f"{name}s", permissions=discord.Permissions(manage_guild=True))
        return self.guild.add_member(self.env.create_user(name), roles=[role])

    def moderator_with_messages(self) -> Any:
        role = self.guild.create_role("cleaners", permissions=discord.Permissions(manage_messages=True))
        return self.guild.add_member(self.env.create_user("cleaner"), roles=[role])

    def member(self, name: str) -> Any:
        return self.guild.add_member(self.env.create_user(name))

    def paths(self, method: str) -> list[str]:
        return [entry.path for entry in self.env.http_requests if entry.method == method]


def violations(env: simcord.Env) -> list[str]:
    """What Discord's own API document finds wrong with the bodies that the bot has sent, where a copy of it is at hand.

    Not the deletions and the query strings: simcord records no more than paths and bodies as they left discord.py.
    """
    api = discord_api()
    if api is None:
        return []
    sent = [entry for entry in env.http_requests if entry.json is not None]
    return [str(found) for entry in sent for found in api.check(entry.method, entry.path, entry.json)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_client(tmp_path: Path, clock: Clock, request: Any) -> Callable[[], BotClient]:
    content = request.node.get_closest_marker("message_content") is not None

    def build() -> BotClient:
        return BotClient(
            ScriptedHandler(),
            QuietDesk(),
            state_dir=tmp_path,
            hosts=FileHosts(),
            timing=Timing(clock.now, clock.sleep),
            shard_count=1,
            message_content=content,
        )

    return build


@pytest.fixture
async def world(new_client: Callable[[], BotClient], clock: Clock, request: Any) -> AsyncIterator[World]:
    """The mark `message_content` switches that intent on; without it Discord hides what it hides from such a bot."""
    options: dict[str, Any] = {}
    if request.node.get_closest_marker("message_content") is None:
        options["approved_intents"] = discord.Intents.default()
    client = new_client()
    # Not `simcord.run`: its clock context must be left in the task that entered it, which a fixture can't promise.
    env = simcord.Env(client, **options)
    await env.start()
    try:
        guild = env.create_guild("Riders")
        channel = guild.create_text_channel("clips")
        ann = guild.add_member(env.create_user("ann"))
        await env.settle()
        env.http_requests.clear()  # the hello to the one who owns the guild; `test_guilds.py` is about it
        handler: Any = client.handler
        admin: Any = client.admin
        yield World(env, handler, admin, client, clock, guild, channel, ann, new_client)
    finally:
        await env.shutdown()
    env.raise_errors()
    assert violations(env) == []
