"""What is said while Slack can tell the bot nothing is answered once, from the conversations that it is in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Exchange, State, View
from adapters.shared import marks
from adapters.slack import missed
from adapters.slack.adapter import SlackAdapter
from adapters.slack.missed import HEARD_FILE, number_of, ts_of
from tests.fakes.handler import NOON
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, User
from tests.integration.adapters.slack.conftest import CLIP, Launch, ScriptedHandler

HISTORY, REPLIES = "conversations.history", "conversations.replies"


def texts(handler: ScriptedHandler) -> list[str]:
    return sorted(message.text for message in handler.messages)


async def answer(handler: ScriptedHandler, number: int = 1) -> None:
    for _ in range(number):
        await (await handler.next()).ends("An answer.")


def remembering(handler: ScriptedHandler) -> None:
    """Let the application know what it was asked, as it does over restarts too."""
    real = handler.message

    async def message(message: Any, reply: Any) -> str:
        request = await real(message, reply)
        exchange = Exchange(
            request, message.author, message.text, (), NOON, View(request, State.DONE), message.place, ref=reply.ref
        )
        handler.exchanges[request] = exchange
        return request

    handler.message = message  # type: ignore[method-assign]


@pytest.fixture
def caught_up(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Awaitable[None]]:
    """Waits until what was missed has been read."""
    done, real = asyncio.Event(), marks.Marks.caught_up

    async def noted(self: marks.Marks, source: str, newest: int) -> None:
        await real(self, source, newest)
        done.set()

    async def wait() -> None:
        async with asyncio.timeout(30):
            await done.wait()
        done.clear()

    monkeypatch.setattr(marks.Marks, "caught_up", noted)
    return wait


Restart = Callable[..., Awaitable[SlackAdapter]]


@pytest.fixture
async def away(slack: SlackServer, launch: Launch, clips: Channel, handler: ScriptedHandler, caught_up: Any) -> Restart:
    """A bot that has listened and was stopped, and whose events are lost from then on. Awaiting this starts it again,
    and waits until it has caught up."""
    remembering(handler)
    first = await launch()
    await caught_up()
    await first.stop()
    slack.delivery.forgetful = True

    async def again() -> SlackAdapter:
        adapter: SlackAdapter = await launch()
        await caught_up()
        return adapter

    return again


# --- what is found ----------------------------------------------------------------------------------------------------


async def test_a_mention_while_the_bot_is_away_is_answered_when_it_is_back(
    slack: SlackServer, away: Restart, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    question = slack.say(ann, clips, "what is this?", mention=True, files=[CLIP])
    await away()
    await answer(handler)
    (asked,) = handler.messages
    assert asked.event_id == f"{slack.team.id}/{clips.id}/{question.ts}"
    assert (asked.author.id, asked.place.private) == (ann.id, False)
    assert [item.name for item in asked.attachments] == ["bikes.mp4"]
    (post,) = slack.answers(clips)
    assert post.thread_ts == question.ts


async def test_direct_messages_and_private_channels_are_read_too(
    slack: SlackServer, away: Restart, handler: ScriptedHandler, ann: User, bob: User
) -> None:
    group = slack.channel("private", ann, bob, kind="group")
    several = slack.channel("several", ann, bob, kind="mpim")
    slack.say(ann, slack.dm(ann), "a direct one")
    slack.say(ann, group, "in private", mention=True)
    slack.say(bob, several, "among several", mention=True)
    slack.say(bob, several, "to the others")
    await away()
    await answer(handler, 3)
    assert texts(handler) == ["a direct one", "among several", "in private"]
    assert {message.text: message.place.private for message in handler.messages} == {
        "a direct one": True,
        "in private": False,
        "among several": True,
    }


async def test_threads_are_read_too_those_that_began_long_ago_where_the_bot_is_in_them(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User, caught_up: Any
) -> None:
    remembering(handler)
    first = await launch()
    old = slack.say(ann, clips, "what is this?", mention=True)
    young = slack.say(ann, clips, "a talk among people")
    await answer(handler)
    await first._tasks.drain(5)
    await first.stop()
    slack.delivery.forgetful = True
    slack.say(ann, clips, "and that?", mention=True, thread=old)
    slack.say(ann, clips, "and you, bot?", mention=True, thread=young)
    slack.say(ann, clips, "a talk goes on", thread=young)
    await launch()
    await answer(handler, 2)
    assert texts(handler) == ["and that?", "and you, bot?", "what is this?"]
    threads = {message.text: message.place.thread for message in handler.messages}
    assert threads["and that?"] == old.ts
    assert threads["and you, bot?"] == young.ts


async def test_a_thread_whose_beginning_is_out_of_sight_is_known_from_before(
    slack: SlackServer,
    launch: Launch,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    caught_up: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    remembering(handler)
    first = await launch()
    root = slack.say(ann, clips, "what is this?", mention=True)
    await answer(handler)
    await first._tasks.drain(5)
    await first.stop()
    slack.delivery.forgetful = True
    slack.say(ann, clips, "and that?", mention=True, thread=root)
    monkeypatch.setattr(missed, "BEGUN_WITHIN_S", -1e6)
    await launch()
    await answer(handler)
    assert texts(handler) == ["and that?", "what is this?"]


async def test_what_is_said_while_every_socket_is_lost_is_answered_when_there_is_one_again(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User, caught_up: Any
) -> None:
    remembering(handler)
    await launch(backoff_s=(0.05,))
    await caught_up()
    await slack.connected(2)
    slack.delivery.forgetful = True
    slack.delivery.admitting.clear()
    slack.drop()
    await slack.until(lambda: not slack.delivery.sockets, "the loss")
    slack.say(ann, clips, "meanwhile", mention=True)
    slack.delivery.admitting.set()
    await answer(handler)
    assert texts(handler) == ["meanwhile"]
    assert handler.reconnections == ["slack"]


# --- what is not ------------------------------------------------------------------------------------------------------


async def test_what_slack_delivers_again_as_well_is_answered_once(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User, caught_up: Any
) -> None:
    remembering(handler)
    first = await launch()
    await caught_up()
    await first.stop()
    slack.say(ann, clips, "meanwhile", mention=True)  # waits at Slack for a socket
    second = await launch()
    await answer(handler)
    await caught_up()
    for envelope in list(slack.delivery.envelopes):
        slack.delivery.redeliver(envelope)
    await slack.settled()
    await second._tasks.drain(5)
    assert texts(handler) == ["meanwhile"]
    assert len(slack.answers(clips)) == 1


async def test_the_first_start_of_all_answers_nothing_from_before(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User, caught_up: Any
) -> None:
    slack.delivery.forgetful = True
    slack.say(ann, clips, "long ago", mention=True)
    await launch()
    await caught_up()
    assert slack.calls_to(HISTORY) == []
    assert handler.messages == []


async def test_only_what_is_said_to_the_bot_and_still_there_is_answered(
    slack: SlackServer, away: Restart, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.say(ann, clips, "to nobody")
    slack.retract(slack.say(ann, clips, "deleted", mention=True))
    slack.say(ann, clips, "to you", mention=True)
    await away()
    await answer(handler)
    assert texts(handler) == ["to you"]


async def test_what_is_too_old_is_left_alone(
    slack: SlackServer,
    away: Restart,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slack.say(ann, clips, "hours ago", mention=True)
    monkeypatch.setattr(missed, "MOST_AGE_S", -60.0)
    await away()
    assert handler.messages == []


async def test_no_more_conversations_are_read_than_slack_takes(
    slack: SlackServer,
    launch: Launch,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    caught_up: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(missed, "MOST_PLACES", 3)
    remembering(handler)
    first = await launch()
    slack.say(ann, clips, "before", mention=True)
    await answer(handler)
    await first._tasks.drain(5)
    await first.stop()
    for number in range(6):
        slack.channel(f"room{number}")
    slack.delivery.forgetful = True
    slack.say(ann, clips, "meanwhile", mention=True)
    await launch()
    await answer(handler)
    await caught_up()
    read = [call["channel"] for call in slack.calls_to(HISTORY)]
    assert len(read) == 3
    assert read[0] == clips.id


async def test_what_a_kill_left_unwritten_is_read_again_and_answered_once(
    slack: SlackServer,
    launch: Launch,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    tmp_path: Path,
    caught_up: Any,
) -> None:
    remembering(handler)
    first = await launch()
    await caught_up()
    written = (tmp_path / HEARD_FILE).read_text()
    slack.say(ann, clips, "answered", mention=True)
    await answer(handler)
    await first._tasks.drain(5)
    await first.stop()
    assert json.loads((tmp_path / HEARD_FILE).read_text()) != json.loads(written)
    (tmp_path / HEARD_FILE).write_text(written)  # a kill writes nothing more
    slack.delivery.forgetful = True
    slack.say(ann, clips, "missed", mention=True)
    await launch()
    await answer(handler)
    await caught_up()
    assert texts(handler) == ["answered", "missed"]
    assert len(slack.answers(clips)) == 2


# --- trouble meanwhile ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "error"),
    [(HISTORY, {"status": 503}), (HISTORY, {"error": "ratelimited"}), (HISTORY, {}), ("users.info", {"status": 503})],
)
async def test_what_cannot_be_read_now_is_read_later(
    slack: SlackServer,
    away: Restart,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    error: dict[str, Any],
) -> None:
    monkeypatch.setattr(missed, "AGAIN_S", (0.01,))
    slack.fail_next(method, **error, times=2, **({"retry_after": 0.01} if "error" in error else {}))
    slack.say(ann, clips, "missed", mention=True)
    await away()
    await answer(handler)
    assert texts(handler) == ["missed"]


@pytest.mark.parametrize("offered", ["conversations.list", ""])
async def test_a_slack_that_does_not_list_the_bots_conversations_still_has_the_known_ones_read(
    slack: SlackServer,
    launch: Launch,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    caught_up: Any,
    offered: str,
) -> None:
    remembering(handler)
    first = await launch()
    slack.say(ann, clips, "before", mention=True)
    await answer(handler)
    await first._tasks.drain(5)
    await first.stop()
    slack.switch_off(*({"users.conversations", "conversations.list"} - {offered}))
    slack.delivery.forgetful = True
    slack.say(ann, clips, "meanwhile", mention=True)
    await launch()
    await answer(handler)
    assert texts(handler) == ["before", "meanwhile"]


async def test_an_application_that_does_not_answer_now_gets_it_later(
    slack: SlackServer,
    away: Restart,
    handler: ScriptedHandler,
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
    slack.say(ann, clips, "missed", mention=True)
    await away()
    await answer(handler)
    assert texts(handler) == ["missed"]
    assert len(slack.answers(clips)) == 1


def test_a_ts_and_its_number_are_the_same_moment() -> None:
    for ts in ("1700000000.000001", "1700000000.123456", "1.000000"):
        assert ts_of(number_of(ts)) == ts
    assert number_of("1700000000.2") > number_of("1700000000.199999")
    assert number_of("1700000001") == number_of("1700000000.999999") + 1
