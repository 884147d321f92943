"""What is said while nothing is heard is answered once, from the history of the places where it was said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Exchange, State, View
from adapters.discord import DiscordAdapter, missed
from adapters.discord.client import HEARD_FILE
from adapters.shared import marks
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.world import ADMINISTRATOR, READ_HISTORY, VIEW, VOICE, Channel, Post, User
from tests.fakes.handler import NOON
from tests.integration.adapters.discord_wire.conftest import Asked, SpokenHandler

HISTORY = "GET /channels/{channel_id}/messages"
CLIP = ("bikes.mp4", b"\0\0\0\x18ftypmp42")

Restart = Callable[..., Awaitable[DiscordAdapter]]


def texts(handler: SpokenHandler) -> list[str]:
    return sorted(asked.what.text for asked in handler.asked)  # type: ignore[union-attr]


async def answer(handler: SpokenHandler, number: int = 1) -> None:
    for _ in range(number):
        await (await handler.next()).ends("An answer.")


@pytest.fixture
def caught_up(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Awaitable[None]]:
    """Waits until what was missed has been read."""
    done, real = asyncio.Event(), marks.Marks.caught_up

    async def noted(self: marks.Marks, *args: Any) -> None:
        await real(self, *args)
        done.set()

    async def wait() -> None:
        async with asyncio.timeout(30):
            await done.wait()
        done.clear()

    monkeypatch.setattr(marks.Marks, "caught_up", noted)
    return wait


@pytest.fixture
async def away(launch: Any, clips: Channel, caught_up: Callable[[], Awaitable[None]]) -> Restart:
    """A bot that has listened and was stopped. Awaiting this starts it again, and waits until it has caught up."""
    first = await launch()
    await caught_up()
    await first.stop()

    async def again() -> DiscordAdapter:
        adapter: DiscordAdapter = await launch()
        await caught_up()
        return adapter

    return again


# --- what is found ------------------------------------------------------------------------------------------------


async def test_a_mention_while_the_bot_is_away_is_answered_when_it_is_back(
    server: DiscordServer, away: Restart, handler: SpokenHandler, clips: Channel, ann: User
) -> None:
    question = server.say(ann, clips, "what is this?", attachments=[CLIP], mention=True)
    await away()
    await answer(handler)

    (asked,) = handler.asked
    assert asked.what.event_id == question.id
    assert asked.what.author.id == ann.id
    assert [item.name for item in asked.what.attachments] == ["bikes.mp4"]  # type: ignore[union-attr]
    (post,) = server.answers(clips)
    assert post.reply_to is question


async def test_it_is_answered_as_if_it_had_been_heard(
    server: DiscordServer, launch: Any, handler: SpokenHandler, clips: Channel, ann: User, caught_up: Any
) -> None:
    assert clips.guild is not None
    clips.guild.permissions |= ADMINISTRATOR
    first = await launch()
    server.say(ann, clips, "heard", mention=True)
    await answer(handler)
    await first.stop()
    server.say(ann, clips, "missed", mention=True)
    await launch()
    await answer(handler)

    heard, missed_ = (asked.what for asked in handler.asked)
    assert missed_.author == heard.author
    assert missed_.author.is_admin
    assert missed_.place == heard.place


async def test_threads_forum_posts_and_the_text_of_voice_channels_are_read_too(
    server: DiscordServer, launch: Any, handler: SpokenHandler, clips: Channel, ann: User, caught_up: Any
) -> None:
    assert clips.guild is not None
    thread, voice = server.thread(clips, "a thread"), server.channel(clips.guild, "voice", kind=VOICE)
    forum = server.channel(clips.guild, "forum", kind=15)
    first = await launch()
    await caught_up()
    await first.stop()
    server.say(ann, thread, "thread", mention=True)
    server.say(ann, voice, "voice", mention=True)
    server.forum_post(ann, forum, "a post", "forum")
    late = server.thread(clips, "a new thread")
    server.say(ann, late, "new thread", mention=True)
    await launch()
    await answer(handler, 4)
    assert texts(handler) == ["forum", "new thread", "thread", "voice"]


async def test_direct_messages_in_which_the_bot_was_spoken_to_are_read_too(
    server: DiscordServer, launch: Any, handler: SpokenHandler, clips: Channel, ann: User, caught_up: Any
) -> None:
    first = await launch()
    dm = server.dm(ann)
    server.say(ann, dm, "hello")
    await answer(handler)
    await first.stop()
    server.say(ann, dm, "still there?")
    await launch()
    await answer(handler)
    again = handler.asked[1].what
    assert (again.text, again.place.private, again.place.community) == ("still there?", True, "dm")  # type: ignore[union-attr]


async def test_a_reply_to_the_bot_counts_as_it_does_when_it_is_heard(
    server: DiscordServer, launch: Any, handler: SpokenHandler, clips: Channel, ann: User, caught_up: Any
) -> None:
    first = await launch()
    server.say(ann, clips, "what is this?", mention=True)
    await answer(handler)
    await first.stop()
    (mine,) = server.answers(clips)
    server.say(ann, clips, "and that?", reply_to=mine)
    await launch()
    await answer(handler)
    assert handler.asked[1].what.text == "and that?"  # type: ignore[union-attr]


async def test_what_is_said_while_the_bot_stops_is_for_the_next_one(
    server: DiscordServer, launch: Any, handler: SpokenHandler, clips: Channel, ann: User, caught_up: Any
) -> None:
    first = await launch()
    await caught_up()
    client = first._client
    assert client is not None
    client._leaving = True  # as in a stop that waits for answers on their way
    client._marks.freeze()
    server.say(ann, clips, "just now", mention=True)
    await asyncio.sleep(0.05)
    assert handler.asked == []
    await first.stop()
    await launch()
    await answer(handler)
    assert texts(handler) == ["just now"]


@pytest.mark.parametrize("resumable", [True, False])
async def test_what_is_said_while_the_connection_is_lost_is_answered_once_whether_it_resumes_or_not(
    server: DiscordServer,
    adapter: DiscordAdapter,
    handler: SpokenHandler,
    clips: Channel,
    ann: User,
    unpaced: None,
    resumable: bool,
) -> None:
    server.say(ann, clips, "first", mention=True)
    await answer(handler)
    async with server.outage():
        if not resumable:
            server.forget_sessions()
        server.say(ann, clips, "meanwhile", mention=True)
    await answer(handler)
    server.say(ann, clips, "later", mention=True)
    await answer(handler)
    assert texts(handler) == ["first", "later", "meanwhile"]
    assert len(server.answers(clips)) == 3


async def test_a_guild_that_discord_had_lost_is_caught_up_with(
    server: DiscordServer, adapter: DiscordAdapter, handler: SpokenHandler, clips: Channel, ann: User
) -> None:
    assert clips.guild is not None
    server.say(ann, clips, "first", mention=True)
    await answer(handler)
    server.lose(clips.guild)
    server.world.post(clips, ann, f"<@{server.bot.id}> meanwhile", mentions=[server.bot])
    server.find_again(clips.guild)
    await answer(handler)
    assert texts(handler) == ["first", "meanwhile"]


# --- what is not --------------------------------------------------------------------------------------------------


async def test_the_first_start_of_all_answers_nothing_from_before(
    server: DiscordServer, launch: Any, handler: SpokenHandler, clips: Channel, ann: User, caught_up: Any
) -> None:
    server.say(ann, clips, "long ago", mention=True)
    await launch()
    await caught_up()
    assert handler.asked == []
    assert server.calls_to(HISTORY) == []


async def test_only_what_is_said_to_the_bot_is_answered(
    server: DiscordServer, away: Restart, handler: SpokenHandler, clips: Channel, ann: User
) -> None:
    other = server.world.user("another bot", bot=True)
    server.say(ann, clips, "to nobody")
    server.say(other, clips, "from a bot", mention=True)
    server.retract(server.say(ann, clips, "deleted", mention=True))
    server.say(ann, clips, "to you", mention=True)
    await away()
    await answer(handler)
    assert texts(handler) == ["to you"]
    assert len(server.answers(clips)) == 1


async def test_a_place_where_nothing_was_said_is_not_read(
    server: DiscordServer, launch: Any, handler: SpokenHandler, clips: Channel, ann: User, caught_up: Any
) -> None:
    assert clips.guild is not None
    quiet = server.channel(clips.guild, "quiet")
    first = await launch()
    for place in (clips, quiet):
        server.say(ann, place, "before", mention=True)
    await answer(handler, 2)
    await first.stop()
    server.say(ann, clips, "meanwhile", mention=True)
    await launch()
    await answer(handler)
    await caught_up()
    assert [call.params["channel_id"] for call in server.calls_to(HISTORY)] == [clips.id]


@pytest.mark.parametrize("permission", [VIEW, READ_HISTORY])
async def test_a_place_that_may_not_be_read_is_not_asked_for(
    server: DiscordServer, away: Restart, handler: SpokenHandler, clips: Channel, ann: User, permission: int
) -> None:
    server.deny(clips, permission)
    server.say(ann, clips, "behind closed doors", mention=True)
    await away()
    assert server.calls_to(HISTORY) == []
    assert handler.asked == []


async def test_what_is_too_old_is_left_alone(
    server: DiscordServer,
    away: Restart,
    handler: SpokenHandler,
    clips: Channel,
    ann: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.say(ann, clips, "hours ago", mention=True)
    monkeypatch.setattr(missed, "MOST_AGE", timedelta(0))
    await away()
    assert handler.asked == []


async def test_a_place_is_read_no_further_than_its_newest_hundred_messages(
    server: DiscordServer, away: Restart, handler: SpokenHandler, clips: Channel, ann: User
) -> None:
    server.say(ann, clips, "first of many", mention=True)
    for number in range(missed.MOST_MESSAGES):
        server.say(ann, clips, f"chatter {number}", mention=number == 60)
    await away()
    await answer(handler)
    assert texts(handler) == ["chatter 60"]
    assert len(server.calls_to(HISTORY)) == 1


async def test_the_places_that_moved_on_last_are_read_where_there_are_too_many(
    server: DiscordServer,
    launch: Any,
    handler: SpokenHandler,
    clips: Channel,
    ann: User,
    caught_up: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(missed, "MOST_PLACES", 3)
    assert clips.guild is not None
    places = [server.channel(clips.guild, f"room {number}") for number in range(6)]
    first = await launch()
    await caught_up()
    await first.stop()
    for number, place in enumerate(places):
        server.say(ann, place, f"{number}", mention=True)
    await launch()
    await answer(handler, 3)
    await caught_up()
    assert texts(handler) == ["3", "4", "5"]


async def test_what_a_kill_left_unwritten_is_read_again_and_answered_once(
    server: DiscordServer,
    launch: Any,
    handler: SpokenHandler,
    clips: Channel,
    ann: User,
    tmp_path: Path,
    caught_up: Any,
) -> None:
    first = await launch()
    await caught_up()
    written = (tmp_path / HEARD_FILE).read_text()
    server.say(ann, clips, "answered", mention=True)
    asked = await handler.next()
    await asked.ends("An answer.")
    keep(handler, asked)
    await first.stop()
    (tmp_path / HEARD_FILE).write_text(written)  # a kill writes nothing more
    server.say(ann, clips, "missed", mention=True)
    await launch()
    await answer(handler)
    await caught_up()
    assert texts(handler) == ["answered", "missed"]
    assert len(server.answers(clips)) == 2


def keep(handler: SpokenHandler, asked: Asked) -> None:
    """The application remembers a request, over restarts too."""
    view, what = View(asked.request, State.DONE), asked.what
    handler.events[what.event_id] = asked.request
    handler.exchanges[asked.request] = Exchange(
        asked.request, what.author, "answered", (), NOON, view, what.place, ref=asked.reply.ref
    )


# --- trouble meanwhile --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [503, 429, None])
async def test_a_history_that_cannot_be_read_now_is_read_later(
    server: DiscordServer,
    away: Restart,
    handler: SpokenHandler,
    clips: Channel,
    ann: User,
    monkeypatch: pytest.MonkeyPatch,
    status: int | None,
) -> None:
    monkeypatch.setattr(missed, "AGAIN_S", (0.01,))
    server.fail_next(HISTORY, status, times=2)
    server.say(ann, clips, "missed", mention=True)
    await away()
    await answer(handler)
    assert texts(handler) == ["missed"]


async def test_an_application_that_does_not_answer_now_gets_it_later(
    server: DiscordServer,
    away: Restart,
    handler: SpokenHandler,
    clips: Channel,
    ann: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(missed, "AGAIN_S", (0.01,))
    real, failures = handler.find, 3

    async def find(platform: str, event: str) -> Exchange | None:
        nonlocal failures
        failures -= 1
        if failures > 0:
            raise RuntimeError("the database is away")
        return await real(platform, event)

    monkeypatch.setattr(handler, "find", find)
    server.say(ann, clips, "missed", mention=True)
    await away()
    await answer(handler)
    assert texts(handler) == ["missed"]
    assert len(server.answers(clips)) == 1


async def test_a_history_that_is_refused_keeps_nobody_elses_from_being_read(
    server: DiscordServer, away: Restart, handler: SpokenHandler, clips: Channel, ann: User
) -> None:
    assert clips.guild is not None
    other = server.channel(clips.guild, "other")
    posts: list[Post] = [server.say(ann, place, place.name, mention=True) for place in (clips, other)]
    assert len(posts) == 2
    server.fail_next(HISTORY, 403, body={"code": 50001, "message": "Missing Access"})
    await away()
    await answer(handler)
    assert len(handler.asked) == 1


async def test_a_question_that_was_half_taken_and_is_found_late_gets_no_second_placeholder(
    server: DiscordServer, away: Restart, handler: SpokenHandler, clips: Channel, ann: User, tmp_path: Path
) -> None:
    question = server.say(ann, clips, "what is this?", mention=True)
    server.posting.create(clips, {"content": "One moment …", "message_reference": {"message_id": question.id}})
    (tmp_path / "discord-taking.json").write_text(json.dumps({question.id: int(clips.id)}))
    server.fail_next("GET /channels/{channel_id}/messages/{message_id}", 503)  # it can't be looked up at once
    await away()
    await answer(handler)
    assert [post.content for post in server.answers(clips)] == ["An answer."]


async def test_a_stop_in_the_middle_of_catching_up_loses_nothing(
    server: DiscordServer, launch: Any, handler: SpokenHandler, clips: Channel, ann: User, caught_up: Any
) -> None:
    first = await launch()
    await caught_up()
    await first.stop()
    server.say(ann, clips, "missed", mention=True)
    gate = server.hold(HISTORY)
    second = await launch()
    async with asyncio.timeout(15):
        await gate.arrived.wait()
    server.say(ann, clips, "heard", mention=True)
    await answer(handler)
    await second.stop()
    gate.open()
    server.door._gates.clear()
    third = await launch()
    await answer(handler)
    assert "missed" in texts(handler)
    await third.stop()
