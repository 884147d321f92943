"""Behaving on Slack: each event is done once, however often and over whatever it comes; sockets are renewed; stops
and starts lose nothing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Exchange, State, View
from adapters.shared.pacing import Timing
from adapters.slack import adapter as adapter_module
from adapters.slack.adapter import SlackAdapter
from adapters.slack.errors import AppTokenRefused, SlackSetupError, TokenRefused, Unreachable
from tests.fakes.handler import NOON, QuietDesk
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, User
from tests.integration.adapters.slack.conftest import Asked, Launch, ScriptedHandler

QUICK = (0.02, 0.05, 0.1)


async def quiet(slack: SlackServer, adapter: Any) -> None:
    await slack.settled()
    await adapter._tasks.drain(5)


def keep(handler: ScriptedHandler, asked: Asked) -> None:
    what = asked.what
    view = View(asked.request, State.WORKING)
    handler.exchanges[asked.request] = Exchange(
        asked.request, what.author, "", (), NOON, view, what.place, ref=asked.reply.ref
    )


async def test_redelivered_events_are_one_question(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.say(ann, clips, "hello", mention=True)
    asked = await handler.next()
    for envelope in list(slack.delivery.envelopes):
        slack.delivery.redeliver(envelope)
    await quiet(slack, adapter)
    await asked.ends("Hi.")
    for envelope in list(slack.delivery.envelopes):  # minutes later
        slack.delivery.redeliver(envelope)
    await quiet(slack, adapter)
    assert len(handler.messages) == 1
    assert len(slack.answers(clips)) == 1


async def test_one_event_over_two_sockets_at_once_is_one_question(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    await slack.connected(2)
    gate = slack.hold("users.info")
    slack.say(ann, clips, "hello", mention=True)
    await gate.arrived.wait()
    first, second = slack.delivery.sockets
    for envelope in list(slack.delivery.envelopes):
        slack.delivery.redeliver(envelope, first)
        slack.delivery.redeliver(envelope, second)
    gate.open()
    await (await handler.next()).ends("Hi.")
    await quiet(slack, adapter)
    assert len(handler.messages) == 1
    assert len(slack.answers(clips)) == 1


async def test_an_event_from_before_a_restart_is_known_to_the_application(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    first = await launch()
    slack.say(ann, clips, "hello", mention=True)
    asked = await handler.next()
    keep(handler, asked)
    await asked.ends("Hi.")
    await first.stop()
    second = await launch()
    for envelope in list(slack.delivery.envelopes):
        slack.delivery.redeliver(envelope)
    await quiet(slack, second)
    assert len(handler.messages) == 1
    assert len(slack.answers(clips)) == 1


async def test_what_could_not_be_taken_is_taken_when_it_comes_again(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.subscribed.discard("message")
    adapter.people.author = _broken(adapter.people.author)
    slack.say(ann, clips, "hello", mention=True)
    await quiet(slack, adapter)
    assert handler.messages == []
    (envelope,) = slack.envelopes("app_mention")
    slack.delivery.redeliver(envelope)
    await (await handler.next()).ends("Hi.")


def _broken(work: Any) -> Any:
    """Fails once."""
    failed = False

    async def once(*args: Any, **more: Any) -> Any:
        nonlocal failed
        if failed:
            return await work(*args, **more)
        failed = True
        raise RuntimeError("scripted")

    return once


async def test_events_are_acknowledged_before_they_are_worked_on(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    gate = slack.hold("users.info")
    slack.say(ann, clips, "hello", mention=True)
    await gate.arrived.wait()
    await slack.settled()
    gate.open()
    await (await handler.next()).ends("Hi.")


# --- sockets ----------------------------------------------------------------------------------------------------------


async def test_there_are_two_sockets(slack: SlackServer, adapter: Any) -> None:
    await slack.connected(2)


async def test_a_socket_that_slack_renews_is_replaced_and_nothing_is_lost(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    await slack.connected(2)
    for reason in ("warning", "refresh_requested", "link_disabled"):
        await slack.refresh(reason)
        slack.say(ann, clips, f"hello after {reason}", mention=True)
        asked = await handler.next()
        assert asked.what.text == f"hello after {reason}"
        await asked.ends("Hi.")
    await slack.until(lambda: slack.delivery.opened >= 6, "new sockets")
    assert len(slack.answers(clips)) == 3


async def test_sockets_that_break_are_opened_again(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    await launch(backoff_s=QUICK)
    await slack.connected(2)
    slack.fail_next("apps.connections.open", status=503, times=2)
    slack.drop()
    slack.say(ann, clips, "hello", mention=True)
    asked = await handler.next()
    await asked.ends("Hi.")
    assert len(slack.answers(clips)) == 1


async def test_too_many_connections_asked_for_are_waited_for(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    await launch(backoff_s=QUICK)
    await slack.connected(2)
    slack.fail_next("apps.connections.open", "ratelimited", retry_after=1)
    slack.drop()
    await slack.connected(2)
    slack.say(ann, clips, "hello", mention=True)
    await (await handler.next()).ends("Hi.")


# --- starts -----------------------------------------------------------------------------------------------------------


async def test_a_refused_bot_token_is_said_in_a_sentence(launch: Launch) -> None:
    with pytest.raises(TokenRefused, match="xoxb-"):
        await launch(bot_token="xoxb-wrong")


async def test_a_refused_app_token_is_said_in_a_sentence(launch: Launch) -> None:
    with pytest.raises(AppTokenRefused, match="xapp-"):
        await launch(app_token="xapp-wrong")


async def test_a_missing_app_token_is_said_in_a_sentence(launch: Launch) -> None:
    with pytest.raises(SlackSetupError, match="Socket Mode"):
        await launch(app_token=None)


async def test_a_slack_that_does_not_answer_is_said_in_a_sentence(slack: SlackServer, launch: Launch) -> None:
    slack.fail_next("auth.test", status=503, times=9)
    with pytest.raises(Unreachable):
        await launch()


async def test_stop_before_start_is_harmless(tmp_path: Path) -> None:
    adapter = SlackAdapter(desk=QuietDesk(), state_dir=tmp_path, bot_token="xoxb-1")
    await adapter.stop()
    assert await adapter.restore("{}") is None


# --- stops ------------------------------------------------------------------------------------------------------------


async def test_a_stop_lets_what_was_heard_be_handed_over(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    adapter = await launch()
    gate = slack.hold("users.info")
    slack.say(ann, clips, "hello", mention=True)
    await gate.arrived.wait()
    await slack.settled()
    stopping = asyncio.create_task(adapter.stop())
    await asyncio.sleep(0)
    gate.open()
    await stopping
    assert [each.text for each in handler.messages] == ["hello"]


@pytest.mark.parametrize("placeholder", [False, True])
async def test_a_question_that_a_kill_interrupted_is_taken_at_the_next_start(
    slack: SlackServer,
    launch: Launch,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    tmp_path: Path,
    placeholder: bool,
) -> None:
    post = slack.say(ann, clips, "hello", mention=True)
    slack.delivery._waiting.clear()  # it was acknowledged by the process that was killed
    for envelope in slack.delivery.envelopes:
        envelope.acks = 1
    key = f"{slack.team.id}/{clips.id}/{post.ts}"
    if placeholder:
        mark = {"event_type": "gpt4video_answer", "event_payload": {"key": key, "page": 0}}
        slack.world.post(clips, slack.bot, "One moment …", thread_ts=post.ts, metadata=mark)
    noted = {
        "team": slack.team.id,
        "channel": clips.id,
        "ts": post.ts,
        "user": ann.id,
        "text": post.text,
        "thread": "",
        "kind": "channel",
        "edited": "",
        "files": [],
    }
    (tmp_path / "slack-taking.json").write_text(json.dumps({key: noted}))
    await launch()
    asked = await handler.next()
    assert asked.what.event_id == key
    await asked.ends("Hi.")
    (answer,) = slack.answers(clips)
    assert "Hi." in answer.shown


async def test_nothing_is_left_noted_once_a_question_is_taken(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User, tmp_path: Path
) -> None:
    slack.say(ann, clips, "hello", mention=True)
    await (await handler.next()).ends("Hi.")
    await quiet(slack, adapter)
    assert json.loads((tmp_path / "slack-taking.json").read_text()) == {}


async def test_a_removed_workspace_is_forgotten_and_answered_no_more(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.say(ann, clips, "hello", mention=True)
    await (await handler.next()).ends("Hi.")
    slack.uninstall(slack.team)
    async with asyncio.timeout(15):
        await handler.goodbye.wait()
    assert ("slack", slack.team.id) in handler.left


async def test_a_channel_that_the_bot_is_removed_from_cancels_what_runs_there(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.say(ann, clips, "hello", mention=True)
    asked = await handler.next()
    slack.leave(slack.bot, clips)
    await quiet(slack, adapter)
    assert [request for request, _ in handler.cancelled] == [asked.request]


async def test_a_question_that_slack_let_nobody_answer_is_taken_at_the_next_start(
    slack: SlackServer,
    launch: Launch,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapter_module, "SETTLE_S", 0.2)
    first = await launch(timing=Timing(sleep=lambda seconds: asyncio.sleep(0 if seconds < 9 else 3600)))
    slack.fail_next("chat.postMessage", status=503, times=99)
    slack.say(ann, clips, "hello", mention=True)
    await slack.until(lambda: len(slack.calls_to("chat.postMessage")) >= 3, "several tries")
    await first.stop()
    assert handler.messages == []
    slack.door._faults.clear()
    await launch()
    await (await handler.next()).ends("Hi.")
    assert len(slack.answers(clips)) == 1


async def test_a_question_that_slack_lets_nobody_answer_for_minutes_is_answered_when_it_does(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    await launch(timing=Timing(sleep=lambda _: asyncio.sleep(0)))
    slack.fail_next("chat.postMessage", status=503, times=60)
    slack.say(ann, clips, "hello", mention=True)
    await (await handler.next()).ends("Hi.")
    assert len(slack.calls_to("chat.postMessage")) == 61
    assert len(slack.answers(clips)) == 1


async def test_a_busy_workspace_is_left_alone_by_all_answers(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    other = slack.channel("other")
    slack.say(ann, clips, "hello", mention=True)
    first = await handler.next()
    slack.say(ann, other, "hello", mention=True)
    second = await handler.next()
    slack.fail_next("chat.update", "ratelimited", retry_after=2)
    await first.shows(status="Watching …")
    await slack.until(lambda: slack.calls_to("chat.update"), "an edit")
    await asyncio.gather(first.ends("One."), second.ends("Two."))
    refused, *later = slack.calls_to("chat.update")
    assert all(each.at - refused.at >= 1.9 for each in later)
