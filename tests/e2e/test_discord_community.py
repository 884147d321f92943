"""A day of a community: the whole bot with its lite models, its admins, its moderators, and a restart in the middle."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tests.e2e.test_discord import PATIENT_S, says, start
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.limits import custom_ids
from tests.fakes.discord_server.world import Channel, Interaction, Post, User
from tests.fakes.openapi import discord_api
from tests.harness import Running

T = TypeVar("T")
INSULT = "you stupid fucking idiot"


class Club:
    """A guild with an owner, a member, a place to talk and a place for moderators, and the bot in it."""

    def __init__(self, server: DiscordServer) -> None:
        self.server = server
        self.boss, self.ann = server.user("Boss"), server.user("Ann")
        guild = server.guild("Club", owner=self.boss)
        self.general, self.back = server.channel(guild, "general"), server.channel(guild, "moderators")

    async def until(self, wanted: Callable[[], T], what: str) -> T:
        return await self.server.until(wanted, what, PATIENT_S)

    async def shown(self, asked: Interaction, words: str = "") -> Post:
        """What the bot answers to an interaction, once it says `words`."""

        def found() -> Post | None:
            posts = [asked.response, *asked.followups]
            return next((post for post in posts if post is not None and words in _said(post)), None)

        return await self.until(found, f"an answer with {words!r}")

    async def press(self, who: User, post: Post, part: str, values: list[str] | None = None) -> Interaction:
        """Press the one control whose id contains `part`."""
        there = await self.until(
            lambda: [each for each in custom_ids(post.components) if part in each], f"a control with {part!r}"
        )
        return self.server.press(who, post, there[0], values)

    async def fill(self, who: User, opened: Interaction, *words: str) -> Interaction:
        """Write into the dialog that an interaction opened."""
        callback = await self.until(lambda: opened.callback, "a dialog")
        names = custom_ids(callback["data"]["components"])
        return self.server.submit(who, opened, dict(zip(names, words, strict=True)))

    def videos(self, channel: Channel) -> list[Post]:
        return [post for post in self.server.answers(channel) if post.files]


def _said(post: Post) -> str:
    return "\n".join([post.content, *(embed.get("description", "") for embed in post.embeds)])


@pytest.fixture
async def club() -> AsyncIterator[Club]:
    async with DiscordServer(spec=discord_api()) as server:
        yield Club(server)
        assert [str(violation) for violation in server.violations] == []


@pytest.fixture
async def bot(club: Club, tmp_path: Path) -> AsyncIterator[Running]:
    running = await start(club.server, tmp_path)
    yield running
    if running.process.poll() is None:
        await asyncio.to_thread(running.stop)


async def test_a_video_is_made_again_by_a_button_that_outlives_the_bot(
    club: Club, bot: Running, tmp_path: Path
) -> None:
    club.server.command(club.ann, club.general, "generate", {"prompt": "a red ball on grass", "length": 1, "seed": 7})
    first = (await club.until(lambda: club.videos(club.general), "a video"))[0]
    await asyncio.to_thread(bot.stop, signal.SIGKILL)
    again = await start(club.server, tmp_path)
    try:
        await club.press(club.boss, first, "again")
        both = await club.until(lambda: len(club.videos(club.general)) == 2 and club.videos(club.general), "two videos")
    finally:
        await asyncio.to_thread(again.stop)
    assert "seed 7 ·" in both[0].content
    assert "seed 7 ·" not in both[1].content
    assert both[0].files[0].data != both[1].files[0].data


async def test_a_block_is_appealed_overturned_and_answered_in_its_own_message(club: Club, bot: Running) -> None:
    asked = club.server.command(club.boss, club.general, "safety")
    panel = await club.shown(asked)
    await club.press(club.boss, panel, "mod:")
    await club.press(club.boss, panel, "pick", [club.back.id])
    await club.shown(asked, f"<#{club.back.id}>")

    club.server.say(club.ann, club.general, INSULT, mention=True)
    notice = await says(club.server, club.server.dm(club.ann), "harassment")
    await club.fill(club.ann, await club.press(club.ann, notice, "appeal"), "It is a quote from a film.")
    card = await club.until(lambda: next(iter(club.server.answers(club.back)), None), "a card for the moderators")
    assert "quote from a film" in str(card.content) + str(card.embeds)
    (public,) = club.server.answers(club.general)
    assert "harassment" not in public.content

    await club.press(club.boss, card, "overturned")
    await club.until(lambda: "lite" in public.content, "the answer in its own message")
    assert len(club.server.answers(club.general)) == 1


async def test_a_quota_that_an_admin_sets_holds_and_says_when_it_is_free_again(club: Club, bot: Running) -> None:
    panel = await club.shown(club.server.command(club.boss, club.general, "settings"))
    await club.press(club.boss, panel, "set:menu", ["quotas"])
    await club.press(club.boss, panel, "quo:e")
    await club.fill(club.boss, await club.press(club.boss, panel, "day"), "", "1", "")
    await club.until(lambda: "Saved" in _said(panel), "that it is saved")

    club.server.command(club.ann, club.general, "generate", {"prompt": "a blue boat", "length": 1})
    await club.until(lambda: club.videos(club.general), "a video")
    second = club.server.command(club.ann, club.general, "generate", {"prompt": "a green boat", "length": 1})
    refusal = await club.shown(second, "You have used your 1 video of today")
    assert refusal.ephemeral
    assert len(club.server.answers(club.general)) == 1


async def test_an_edited_question_is_answered_anew_and_a_deleted_one_takes_its_answer_along(
    club: Club, bot: Running, bikes: Path
) -> None:
    clip = ("bikes.mp4", bikes.read_bytes())
    question = club.server.say(club.ann, club.general, "How long is this clip?", attachments=[clip], mention=True)
    answer = await says(club.server, club.general, "10 seconds")
    club.server.change(question, "How many shots does this clip have?")
    await club.until(lambda: "shots" in answer.content, "an answer to the new wording")
    assert club.server.answers(club.general) == [answer]
    club.server.retract(question)
    await club.until(lambda: club.server.answers(club.general) == [], "an empty channel")


async def test_a_member_sees_what_is_kept_of_them_and_has_it_deleted(club: Club, bot: Running, tmp_path: Path) -> None:
    club.server.command(club.ann, club.general, "generate", {"prompt": "a blue boat", "length": 1})
    await club.until(lambda: club.videos(club.general), "a video")
    assert list((tmp_path / "videos").iterdir())
    asked = club.server.command(club.ann, club.general, "forget")
    offer = await club.shown(asked, "1 video")
    await club.press(club.ann, offer, "forget:")
    await club.until(lambda: not list((tmp_path / "videos").iterdir()), "no file on the disk")
