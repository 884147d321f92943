"""Five minutes in which a platform answers every write with 503, a hundred times as fast: the real adapters on servers
of the tests' own. Whatever was done although nobody heard of it: everything is answered once and shown once."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import discord
import pytest

from adapters.discord import DiscordAdapter, questions, reply
from adapters.slack import posts as slack_posts
from adapters.slack import questions as slack_questions
from adapters.slack import reply as slack_reply
from adapters.slack.adapter import SlackAdapter
from bot.pauses import Pauses
from bot.store import Store, schema
from engine.types import Started, Token, VideoWanted
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.world import Post
from tests.fakes.engine import ANSWERED
from tests.fakes.handler import QuietDesk
from tests.fakes.house import House
from tests.fakes.openapi import discord_api
from tests.fakes.slack_server import SlackServer
from tests.postgres import PostgresServer

OUTAGE_S = 3.0  # five minutes
NONCES_S = 1.2  # two minutes
MENTIONS = 24
LONG = "word " * 700  # two messages
LATE = Pauses(0.05, 3.0)


@pytest.fixture(autouse=True)
def a_hundred_times_as_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (reply, questions, slack_reply, slack_questions):
        monkeypatch.setattr(module, "RETRY_AFTER_S", (0.01, 0.03, 0.09))
    for module in (questions, slack_questions):
        monkeypatch.setattr(module, "RETRY_EVERY_S", 0.3)
    monkeypatch.setattr(slack_posts, "AGAIN_S", (0.01, 0.03, 0.09, 0.27))
    monkeypatch.setattr(questions, "NONCE_LIFE_S", 0.6)
    for module in (reply, slack_reply):
        monkeypatch.setattr(module, "EDIT_EVERY_S", 0.01)
    original = discord.AutoShardedClient._get_state

    def get_state(self: discord.AutoShardedClient, **given: Any) -> Any:
        return original(self, **{**given, "guild_ready_timeout": 0.1})

    monkeypatch.setattr(discord.AutoShardedClient, "_get_state", get_state)


@pytest.fixture
async def house(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[House]:
    path = tmp_path / "bot.db"
    path.write_bytes(sqlite_template.read_bytes())
    store = Store(f"sqlite:///{path}")
    await store.open()
    house = House(tmp_path, store, late=LATE)
    house.engine.answers = [
        [
            Started(),
            Token(text=f"Answer {number}. " + (LONG if number % 4 == 0 else "")),
            *([VideoWanted(prompt=f"ball {number}")] if number % 4 == 1 else []),
            ANSWERED,
        ]
        for number in range(MENTIONS)
    ]
    yield house
    await house.assistant.drain(1)
    await store.close()


def done_or_not(seed: int) -> itertools.cycle[bool]:
    """Whether what got a 503 was done all the same."""
    dice = random.Random(seed)
    return itertools.cycle([dice.random() < 0.5 for _ in range(997)])


class Nonces(dict[str, Post]):
    """Discord checks nonces for the past few minutes."""

    def __contains__(self, nonce: object) -> bool:
        post = self.get(str(nonce))
        return post is not None and datetime.now(UTC) - post.created < timedelta(seconds=NONCES_S)


async def mentions_around_an_outage(say: Callable[[str], Any], door: Any) -> None:
    """Ask before, during and after it, at random moments."""
    dice = random.Random(7)
    moments = sorted(dice.uniform(0, OUTAGE_S * 1.4) for _ in range(MENTIONS))
    now = 0.0
    broken = [(OUTAGE_S * 0.2, lambda: door.break_writes(done_or_not(3))), (OUTAGE_S * 1.2, door.mend)]
    for at, what in sorted([*broken, *((at, None) for at in moments)], key=lambda each: each[0]):
        await asyncio.sleep(at - now)
        now = at
        if what is None:
            say("what happens?")
        else:
            what()


async def all_delivered(house: House, many: int) -> None:
    async with asyncio.timeout(20):
        while True:
            done = await house.store.audit(where="answer", limit=500)
            if len({row.request for row in done}) == many and not await house.store.undelivered():
                return
            await asyncio.sleep(0.05)


VIDEOS = {f"ball-{number}.mp4": 1 for number in range(1, MENTIONS, 4)}


def shown(contents: list[str]) -> Counter[str]:
    return Counter(number for content in contents for number in re.findall(r"Answer (\d+)\.", content))


async def test_503_for_five_minutes_on_every_write_of_discord_loses_and_doubles_nothing(
    house: House, tmp_path: Path
) -> None:
    async with DiscordServer(spec=discord_api()) as server:
        ann, clips = server.user("Ann"), server.channel(server.guild("Film club"), "clips")
        clips.nonces = Nonces()
        adapter = DiscordAdapter(token=server.token, state_dir=tmp_path, desk=QuietDesk(), api_base=server.api_base)
        await adapter.start(house.assistant)
        await house.assistant.resume({"discord": adapter})
        try:
            await mentions_around_an_outage(lambda words: server.say(ann, clips, words, mention=True), server.door)
            await all_delivered(house, MENTIONS)
        finally:
            await adapter.stop()
        found = server.answers(clips)
        assert shown([post.content for post in found]) == {str(number): 1 for number in range(MENTIONS)}
        assert len(found) == MENTIONS + MENTIONS // 4  # every fourth goes on in a second message
        assert Counter(file.name for post in found for file in post.files) == VIDEOS
        assert await house.store.unfinished() == []


@pytest.mark.parametrize("streaming", [False, True], ids=["edits", "streams"])
async def test_503_for_five_minutes_on_every_write_of_slack_loses_and_doubles_nothing(
    house: House, tmp_path: Path, streaming: bool
) -> None:
    async with SlackServer(streaming=streaming) as server:
        ann = server.user("Ann")
        clips = server.channel("clips")
        adapter = SlackAdapter(
            desk=QuietDesk(),
            state_dir=tmp_path,
            bot_token=server.bot_token,
            app_token=server.app_token,
            api_base=server.base_url,
        )
        await adapter.start(house.assistant)
        await server.connected()
        await house.assistant.resume({"slack": adapter})
        try:
            await mentions_around_an_outage(lambda words: server.say(ann, clips, words, mention=True), server.door)
            await all_delivered(house, MENTIONS)
        finally:
            await adapter.stop()
        found = [post for post in server.answers(clips) if not post.ephemeral]
        assert shown([post.text for post in found]) == {str(number): 1 for number in range(MENTIONS)}
        left = [post.text for post in found if "Answer" not in post.text and "word" not in post.text and not post.files]
        assert left == []
        assert Counter(file.name for post in found for file in post.files) == VIDEOS
        assert await house.store.unfinished() == []


# --- deploys --------------------------------------------------------------------------------------------------------

DEPLOYS = 20
QUESTIONS = 100


class Nap(asyncio.Event):
    """A model that takes its time."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    async def wait(self) -> Literal[True]:
        await asyncio.sleep(self._seconds)
        return True


async def test_twenty_deploys_with_a_hundred_mentions_at_random_moments_answer_each_once(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(discord.Client, "before_identify_hook", at_once)  # Discord wants five seconds between two
    dice = random.Random(6)
    house.engine.answers = [
        [Started(), Nap(dice.uniform(0, 0.6)), Token(text="All is well."), ANSWERED] for _ in range(2000)
    ]
    async with DiscordServer(spec=discord_api()) as server:
        ann, clips = server.user("Ann"), server.channel(server.guild("Film club"), "clips")
        asked: list[Post] = []

        async def ask() -> None:
            for _ in range(QUESTIONS):
                await asyncio.sleep(dice.uniform(0, 0.2))
                asked.append(server.say(ann, clips, "what happens?", mention=True))

        asking = asyncio.create_task(ask())
        for deploy in range(DEPLOYS + 1):
            house.open()
            adapter = DiscordAdapter(token=server.token, state_dir=tmp_path, desk=QuietDesk(), api_base=server.api_base)
            await adapter.start(house.assistant)
            await house.assistant.resume({"discord": adapter})
            if deploy < DEPLOYS:
                await asyncio.sleep(dice.uniform(0, 0.6))
                await house.assistant.drain(0.05)
                await adapter.stop()
        await asking
        await server.until(
            lambda: len([post for post in server.answers(clips) if "well" in post.content]) >= QUESTIONS,
            "all answers",
            30,
        )
        await house.assistant.drain(5)
        await adapter.stop()
        found = Counter(post.reply_to_id for post in server.answers(clips))
        assert found == {question.id: 1 for question in asked}
        assert {post.content.partition("\n")[0] for post in server.answers(clips)} == {"All is well."}
        assert await house.store.unfinished() == []
        assert await house.store.undelivered() == []


# --- the database ---------------------------------------------------------------------------------------------------


async def test_postgres_away_for_a_minute_in_the_middle_loses_and_doubles_nothing(
    tmp_path: Path, postgres: PostgresServer, postgres_url: str
) -> None:
    await postgres.sql(f"TRUNCATE {', '.join(schema.metadata.tables)} RESTART IDENTITY", database="store")
    store = Store(postgres_url)
    await store.open()
    house = House(tmp_path, store, late=LATE, away=Pauses(0.05, 0.5))
    dice = random.Random(9)
    house.engine.answers = [
        [Started(), Nap(dice.uniform(0, 1.0)), Token(text="All is well."), ANSWERED] for _ in range(200)
    ]
    async with DiscordServer(spec=discord_api()) as server:
        ann, clips = server.user("Ann"), server.channel(server.guild("Film club"), "clips")
        adapter = DiscordAdapter(token=server.token, state_dir=tmp_path, desk=QuietDesk(), api_base=server.api_base)
        await adapter.start(house.assistant)
        await house.assistant.resume({"discord": adapter})
        asked = []
        for number in range(MENTIONS):
            if number == MENTIONS // 3:
                await asyncio.to_thread(postgres.stop)
            if number == MENTIONS * 2 // 3:
                await asyncio.to_thread(postgres.start)
            asked.append(server.say(ann, clips, "what happens?", mention=True))
            await asyncio.sleep(dice.uniform(0, 0.2))
        try:
            await server.until(
                lambda: sum("well" in post.content for post in server.answers(clips)) == MENTIONS, "all answers", 30
            )
            await house.assistant.drain(10)
        finally:
            await adapter.stop()
        assert Counter(post.reply_to_id for post in server.answers(clips)) == {question.id: 1 for question in asked}
        assert await store.unfinished() == await store.undelivered() == []
        audited = Counter(row.request for row in await store.audit(where="answer", limit=500))
        assert set(audited.values()) == {1}
        assert len(audited) == MENTIONS
    await store.close()
