"""Twenty deploys while people go on asking: what was asked is accepted once, answered once and shown once.

The real adapters and the real assistant, over real sockets; only the models are scripted. Each deploy is what `serve`
does: a start that resumes, then a stop that drains, with a pause before the next start in which nobody listens.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import discord
import pytest

from adapters.base import Adapter
from adapters.discord import DiscordAdapter, reply
from adapters.slack import missed
from adapters.slack.adapter import SlackAdapter
from bot.store import Store, migrate
from tests.fakes.discord_server import DiscordServer
from tests.fakes.house import House
from tests.fakes.openapi import discord_api
from tests.fakes.slack_server import SlackServer
from tests.postgres import PostgresServer, throw_away

SEED, DEPLOYS, MENTIONS = 1, 20, 100
DEPLOY_S = 0.4  # while the mentions of one deploy are posted
ANSWER = "All is well."


class Chat(Protocol):
    """A platform full of people."""

    name: str

    def adapter(self, state_dir: Path) -> Adapter: ...

    def say(self, chance: random.Random, number: int) -> str:
        """Somebody asks something somewhere. Returns the event id."""

    def answers(self) -> dict[str, list[str]]:
        """The texts of the messages that answer each event."""

    async def until(self, wanted: Callable[[], Any], what: str, timeout: float) -> Any: ...


class DiscordChat:
    """Three guilds with channels, threads and voice channels, and four people in direct messages."""

    name = "discord"

    def __init__(self, server: DiscordServer) -> None:
        self.server = server
        self.until = server.until
        self.people = [server.user(name) for name in ("Ann", "Bob", "Cem", "Dan")]
        guilds = [server.guild(f"Club {number}") for number in range(3)]
        rooms = [server.channel(guild, f"room {number}") for guild in guilds for number in range(6)]
        self.places = [*rooms, *(server.thread(room, "a thread") for room in rooms[:6])]
        self.places += [server.dm(person) for person in self.people]

    def adapter(self, state_dir: Path) -> Adapter:
        return DiscordAdapter(
            token=self.server.token,
            state_dir=state_dir,
            desk=None,
            api_base=self.server.api_base,  # type: ignore[arg-type]
        )

    def say(self, chance: random.Random, number: int) -> str:
        place, person = chance.choice(self.places), chance.choice(self.people)
        person = place.recipient or person
        return self.server.say(person, place, f"question {number}", mention=place.recipient is None).id

    def greet(self) -> list[str]:
        """Everybody writes to the bot, so that it knows their direct messages."""
        return [self.server.say(person, self.server.dm(person), "hello").id for person in self.people]

    def answers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for post in self.server.world.posts():
            if post.author is self.server.bot:
                found.setdefault(post.reply_to_id, []).append(post.content)
        return found


class SlackChat:
    """Channels, private ones, threads and direct messages of one workspace; events that find no socket are lost."""

    name = "slack"

    def __init__(self, server: SlackServer) -> None:
        self.server = server
        self.until = server.until
        server.delivery.forgetful = True
        self.people = [server.user(name) for name in ("Ann", "Bob", "Cem", "Dan")]
        kinds = ("channel", "group")
        self.places = [server.channel(f"room{number}", kind=kinds[number % 2]) for number in range(40)]
        self.places += [server.dm(person) for person in self.people]

    def adapter(self, state_dir: Path) -> Adapter:
        return SlackAdapter(
            desk=None,  # type: ignore[arg-type]
            state_dir=state_dir,
            bot_token=self.server.bot_token,
            app_token=self.server.app_token,
            api_base=self.server.base_url,
        )

    def say(self, chance: random.Random, number: int) -> str:
        place, person = chance.choice(self.places), chance.choice(self.people)
        if place.kind == "im":
            person = next(member for member in place.members if not member.bot)
        roots = [post for post in place.posts.values() if not post.by_bot and not post.thread_ts]
        thread = chance.choice(roots) if roots and chance.random() < 0.3 else None
        post = self.server.say(person, place, f"question {number}", mention=place.kind != "im", thread=thread)
        return f"{self.server.team.id}/{place.id}/{post.ts}"

    def greet(self) -> list[str]:
        return []

    def answers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for channel in self.places:
            for post in self.server.answers(channel):
                key = (post.metadata or {}).get("event_payload", {}).get("key", "")
                found.setdefault(key, []).append(post.shown)
        return found


@pytest.fixture(params=["discord", "slack"])
async def chat(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    if request.param == "slack":
        monkeypatch.setattr(missed, "EVERY_S", 0.01)  # twenty deploys within seconds would wait for Slack's minute
        async with SlackServer(streaming=False) as slack:
            yield SlackChat(slack)
            assert slack.violations == []
        return
    original = discord.AutoShardedClient._get_state
    monkeypatch.setattr(
        discord.AutoShardedClient,
        "_get_state",
        lambda self, **given: original(self, **{**given, "guild_ready_timeout": 0.05}),
    )
    monkeypatch.setattr(reply, "EDIT_EVERY_S", 0.05)
    async with DiscordServer(spec=discord_api()) as server:
        yield DiscordChat(server)
        assert [str(violation) for violation in server.violations] == []


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    await asyncio.to_thread(migrate, url)
    store = Store(url)
    await store.open()
    yield House(tmp_path, store)
    await store.close()
    shutil.rmtree(tmp_path / "clips", ignore_errors=True)


class Bot:
    """One process after the other."""

    def __init__(self, chat: Chat, house: House) -> None:
        self._chat, self._house = chat, house
        self._adapter: Adapter | None = None

    async def start(self) -> None:
        self._house.open()
        self._adapter = self._chat.adapter(self._house.folder / "state")
        await self._adapter.start(self._house.assistant)
        await self._house.assistant.resume({self._chat.name: self._adapter})

    async def stop(self, grace_s: float) -> None:
        assert self._adapter is not None
        await self._house.assistant.drain(grace_s)
        await self._adapter.stop()
        await self._house.assistant.drain(0)
        self._adapter = None


async def test_what_is_asked_at_random_moments_of_twenty_deploys_is_answered_once(chat: Any, house: House) -> None:
    chance = random.Random(SEED)
    bot = Bot(chat, house)
    await bot.start()
    asked = chat.greet()
    await chat.until(lambda: _done(chat, asked), "the first answers", 60)

    async def ask(numbers: range) -> None:
        for number in numbers:
            await asyncio.sleep(chance.uniform(0, 2 * DEPLOY_S / len(numbers)))
            asked.append(chat.say(chance, number))

    for deploy in range(DEPLOYS):
        each = MENTIONS // DEPLOYS
        asking = asyncio.create_task(ask(range(deploy * each, (deploy + 1) * each)))
        await asyncio.sleep(chance.uniform(0, DEPLOY_S / 2))
        await bot.stop(chance.choice([0, 0.05, 1]))
        await asyncio.sleep(chance.uniform(0, DEPLOY_S / 2))
        await bot.start()
        await asking
    await chat.until(lambda: _done(chat, asked), "an answer to everything", 120)
    await bot.stop(10)

    answers = chat.answers()
    assert {key: len(answers.get(key, ())) for key in {*asked, *answers}} == dict.fromkeys(asked, 1)
    requests = await house.store.asked(chat.name, asked)
    assert Counter(request.event_id for request in requests) == Counter(asked)
    assert {request.state.value for request in requests} == {"done"}
    assert await house.store.undelivered([chat.name]) == []


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """A server of this test's own: others would notice its restarts."""
    yield from throw_away()


async def test_what_is_asked_around_a_restart_of_the_database_is_answered_once(
    chat: Any, tmp_path: Path, postgres: PostgresServer
) -> None:
    chance = random.Random(SEED)
    await postgres.sql("CREATE DATABASE bot")
    await asyncio.to_thread(migrate, postgres.url("bot"))
    store = Store(postgres.url("bot"))
    await store.open()
    house = House(tmp_path, store)
    bot = Bot(chat, house)
    await bot.start()
    asked = chat.greet()

    async def ask() -> None:
        for number in range(60):
            await asyncio.sleep(chance.expovariate(20))
            asked.append(chat.say(chance, number))

    asking = asyncio.create_task(ask())
    for _ in range(2):
        await asyncio.sleep(chance.uniform(0.2, 0.6))
        await asyncio.to_thread(postgres.stop)
        await asyncio.sleep(chance.uniform(0.2, 0.6))
        await asyncio.to_thread(postgres.start)
    await asking
    await chat.until(lambda: _done(chat, asked), "an answer to everything", 120)
    await bot.stop(10)

    answers = chat.answers()
    assert {key: len(answers.get(key, ())) for key in {*asked, *answers}} == dict.fromkeys(asked, 1)
    requests = await store.asked(chat.name, asked)
    assert Counter(request.event_id for request in requests) == Counter(asked)
    await store.close()


def _done(chat: Chat, asked: list[str]) -> bool:
    answers = chat.answers()
    return all(any(ANSWER in text for text in answers.get(event, ())) for event in asked)
