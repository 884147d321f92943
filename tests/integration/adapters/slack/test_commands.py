"""Commands on Slack: what is made of them, where it is posted, and who alone hears what stands against it."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.base import (
    EVERY_THREAD,
    Author,
    Exchange,
    GenerateCommand,
    Holdings,
    MadeVideo,
    Measure,
    Place,
    QueueSpot,
    State,
    Usage,
    View,
    Wants,
    Window,
)
from adapters.shared.pacing import Timing
from adapters.slack.adapter import SlackAdapter
from adapters.slack.counter import NOTES_FILE
from adapters.slack.records import Anchor
from tests.fakes.handler import NOON
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, Post, User
from tests.integration.adapters.slack.conftest import Launch, ScriptedHandler

SPEED = 50.0
KEPT = Holdings(questions=3, videos=1, clips=2, file_bytes=14_000_000, conversations=2)


async def quiet(slack: SlackServer, adapter: SlackAdapter) -> None:
    """Everything that the app was told is dealt with."""
    await slack.settled()
    await adapter._tasks.drain(10)


async def whispered(slack: SlackServer, channel: Channel, user: User) -> Post:
    """The only thing that somebody was told privately there."""
    await slack.until(lambda: slack.whispers(channel, user), "a private word")
    (told,) = slack.whispers(channel, user)
    return told


def generated(asked: Any) -> GenerateCommand:
    assert isinstance(asked.what, GenerateCommand)
    return asked.what


@pytest.fixture
def swift() -> Timing:
    """Retries wait a fiftieth of their time."""
    return Timing(now=lambda: time.monotonic() * SPEED, sleep=lambda seconds: asyncio.sleep(seconds / SPEED))


# --- /generate --------------------------------------------------------------------------------------------------------


async def test_generate_starts_at_once_and_its_result_begins_a_thread_in_the_channel(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.command(ann, clips, "/generate", "a red ball &amp; a &lt;blue&gt; one")
    asked = await handler.next()
    command = generated(asked)
    assert command.prompt == "a red ball & a <blue> one"
    assert (command.author.id, command.author.name) == (ann.id, "Ann")
    (post,) = slack.answers(clips)
    assert post.thread_ts in ("", post.ts)
    assert command.place == replace(command.place, community=slack.team.id, channel=clips.id, thread=post.ts)
    await asked.shows(status="Rendering", state=State.WORKING)
    await asked.ends("Here it is.", footer="lite")
    assert "Here it is." in slack.answers(clips)[0].shown


async def test_a_made_video_lies_in_the_thread_of_its_message(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User, tmp_path: Path
) -> None:
    path = tmp_path / "ball.mp4"
    path.write_bytes(b"mp4 bytes")
    slack.command(ann, clips, "/generate", "a red ball")
    asked = await handler.next()
    await asked.ends(videos=(MadeVideo(str(path), "a red ball", 7, 640, 360, 3.0),), footer="lite")
    first, video = slack.answers(clips)
    assert video.thread_ts == first.ts
    assert [file.data for file in video.files] == [b"mp4 bytes"]
    assert "g4v:again" in str(first.blocks)


async def test_a_command_that_is_delivered_twice_makes_one_video(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    await slack.connected(2)
    envelope = slack.command(ann, clips, "/generate", "a red ball")
    for socket in list(slack.delivery.sockets):
        slack.delivery.redeliver(envelope, socket)
    await slack.until(lambda: envelope.acks >= 3, "three acknowledgements")
    await handler.next()
    await quiet(slack, adapter)
    assert len(handler.commands) == len(slack.answers(clips)) == 1


async def test_a_command_that_a_later_process_gets_once_more_is_not_begun_again(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    first = await launch()
    envelope = slack.command(ann, clips, "/generate", "a red ball")
    asked = await handler.next()
    handler.exchanges[asked.request] = Exchange(
        asked.request, generated(asked).author, "", (), NOON, View(asked.request, State.WORKING)
    )
    await first.stop()
    second = await launch()
    await slack.connected()
    slack.delivery.redeliver(envelope)
    await slack.until(lambda: envelope.acks >= 2, "another acknowledgement")
    await second._tasks.drain(10)
    assert len(handler.commands) == len(slack.answers(clips)) == 1


async def test_a_command_whose_process_is_killed_over_it_is_done_by_the_next_one_in_the_same_message(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    first = await launch()
    gate = slack.hold("chat.postMessage")
    await slack.command(ann, clips, "/generate", "a red ball").acknowledged()
    await gate.arrived.wait()
    for task in list(first._tasks._running):
        task.cancel()
    await first.stop()
    gate.open()
    await slack.until(lambda: slack.answers(clips), "the message that was on its way")
    assert handler.commands == []
    second = await launch()
    command = generated(await handler.next())
    (post,) = slack.answers(clips)
    assert (command.prompt, command.author.id, command.place.thread) == ("a red ball", ann.id, post.ts)
    await second.stop()
    third = await launch()
    await third._tasks.drain(10)
    assert len(handler.commands) == 1


async def test_notes_that_make_no_sense_or_are_old_are_thrown_away(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User, tmp_path: Path
) -> None:
    old = {"kind": "command", "team": slack.team.id, "body": {"command": "/generate", "text": "a ball"}, "at": 1.0}
    notes = tmp_path / NOTES_FILE
    notes.write_text(json.dumps({"a": old, "b": "nonsense", "c": {"kind": "what"}}))
    adapter = await launch()
    await adapter._tasks.drain(10)
    assert json.loads(notes.read_text()) == {}
    assert handler.commands == []


async def test_who_may_not_is_told_alone_and_nothing_is_posted(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User, bob: User
) -> None:
    handler.refused[Wants.GENERATE] = "You have used your 10 videos of today. The next one is free at 18:20."
    slack.command(ann, clips, "/generate", "a red ball")
    assert "used your 10 videos" in (await whispered(slack, clips, ann)).shown
    await quiet(slack, adapter)
    assert handler.commands == []
    assert slack.answers(clips, viewer=bob) == []


@pytest.mark.parametrize(("error", "words"), [("is_archived", "archived"), ("channel_not_found", "/invite")])
async def test_where_the_bot_cannot_write_it_says_so_to_the_one_who_asked(
    slack: SlackServer,
    adapter: SlackAdapter,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    error: str,
    words: str,
) -> None:
    slack.fail_next("chat.postMessage", error)
    slack.command(ann, clips, "/generate", "a red ball")
    assert words in (await whispered(slack, clips, ann)).shown
    await quiet(slack, adapter)
    assert handler.commands == []


async def test_in_a_channel_without_the_bot_it_says_how_to_get_it_there(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, ann: User
) -> None:
    room = slack.channel("elsewhere")
    room.members.remove(slack.bot)
    slack.command(ann, room, "/generate", "a red ball")
    assert "/invite" in (await whispered(slack, room, ann)).shown
    assert handler.commands == []


@pytest.mark.parametrize("fault", [{"error": "ratelimited", "retry_after": 0}, {"status": 503}])
async def test_what_passes_keeps_nobody_from_a_video(
    slack: SlackServer,
    launch: Launch,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    fault: dict[str, Any],
    swift: Timing,
) -> None:
    await launch(timing=swift)
    await slack.connected()
    slack.fail_next("chat.postMessage", **fault)
    slack.command(ann, clips, "/generate", "a red ball")
    asked = await handler.next()
    await asked.ends("Here.")
    assert len(slack.answers(clips)) == 1


async def test_a_send_whose_acknowledgement_was_lost_is_not_sent_again(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User, swift: Timing
) -> None:
    await launch(timing=swift)
    await slack.connected()
    slack.fail_next("chat.postMessage", applied=True)
    slack.command(ann, clips, "/generate", "a red ball")
    await (await handler.next()).ends("Here.")
    assert len(slack.answers(clips)) == 1


async def test_words_beyond_the_limit_are_refused_with_a_sentence(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.command(ann, clips, "/generate", "ball " * 400)
    assert "1500 characters" in (await whispered(slack, clips, ann)).shown
    assert handler.commands == []


async def test_what_the_application_fails_to_take_is_said_in_the_message(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    handler.fail = True
    slack.command(ann, clips, "/generate", "a red ball")
    await slack.until(lambda: "did not work" in str([post.shown for post in slack.answers(clips)]), "the end")
    assert "Something broke" in (await whispered(slack, clips, ann)).shown


async def test_a_command_in_a_direct_message_with_the_bot_is_private(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, ann: User
) -> None:
    slack.command(ann, slack.dm(ann), "/generate", "a red ball")
    command = generated(await handler.next())
    assert command.place.private


# --- /queue -----------------------------------------------------------------------------------------------------------


def waits(slack: SlackServer, channel: Channel, ann: User, number: int, text: str = "a red ball") -> Exchange:
    post = slack.world.post(channel, slack.bot, "One moment …")
    anchor = Anchor(slack.team.id, channel.id, Author(ann.id, "Ann"), [post.ts], key=f"k{number}")
    view = View(f"r{number}", State.WAITING, queue=QueueSpot(number, 40.0 * number))
    place = Place("slack", slack.team.id, channel.id, post.ts)
    return Exchange(f"r{number}", anchor.author, text, (), NOON, view, place, "generate", anchor.dump())


async def test_queue_shows_what_waits_with_its_place_and_a_link_and_what_is_used(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User, bob: User
) -> None:
    handler.waits = [waits(slack, clips, ann, 1), waits(slack, clips, ann, 2, "a <blue> *one*")]
    handler.used = [Usage(Measure.VIDEOS, Window.DAY, 10, 10, NOON)]
    slack.command(ann, clips, "/queue")
    told = await whispered(slack, clips, ann)
    assert "Next in line · about 40 s" in told.shown
    assert "2nd in line · about 80 s" in told.shown
    assert "/archives/" in told.shown
    assert "videos: 10 of 10 in the past 24 hours, the next is free <!date^" in told.shown
    assert [post for post in slack.answers(clips, viewer=bob) if "in line" in post.shown] == []


async def test_cancelling_in_the_queue_changes_the_list(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    handler.waits = [waits(slack, clips, ann, 1), waits(slack, clips, ann, 2)]
    handler.askers = {"r1": ann.id, "r2": ann.id}
    slack.command(ann, clips, "/queue")
    told = await whispered(slack, clips, ann)
    handler.waits = handler.waits[:1]
    slack.press(ann, told, "Cancel 2")
    await slack.until(lambda: "2nd in line" not in told.shown, "the shorter list")
    assert [request for request, _ in handler.cancelled] == ["r2"]
    assert len(slack.whispers(clips, ann)) == 1


async def test_nothing_waits_and_nothing_is_limited(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.command(ann, clips, "/queue")
    told = await whispered(slack, clips, ann)
    assert told.shown.splitlines() == ["You have nothing waiting."] * 2
    assert "actions" not in str(told.blocks)


async def test_queue_answers_where_the_bot_is_no_member_and_slack_has_trouble_with_links(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    room = slack.channel("elsewhere")
    room.members.remove(slack.bot)
    handler.waits = [waits(slack, clips, ann, 1)]
    slack.fail_next("chat.getPermalink", "message_not_found")
    slack.command(ann, room, "/queue")
    assert "Next in line" in (await whispered(slack, room, ann)).shown


# --- /forget ----------------------------------------------------------------------------------------------------------


async def test_forget_shows_first_and_deletes_only_what_is_confirmed(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    handler.kept = KEPT
    slack.command(ann, clips, "/forget")
    told = await whispered(slack, clips, ann)
    assert "3 questions, 1 video and 2 clips in 2 conversations (14 MB of files)" in told.shown
    assert handler.forgotten_people == []
    slack.press(ann, told, "Delete it")
    await slack.until(lambda: "Done. I deleted 3 questions" in told.shown, "what was deleted")
    ((platform, author, place),) = handler.forgotten_people
    assert (platform, author.id) == ("slack", ann.id)
    assert place is not None
    assert (place.channel, place.thread) == (clips.id, EVERY_THREAD)
    assert "actions" not in str(told.blocks)


async def test_forget_everywhere_is_one_more_press_or_one_word(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    handler.kept = KEPT
    slack.command(ann, clips, "/forget")
    told = await whispered(slack, clips, ann)
    slack.press(ann, told, "everywhere")
    await slack.until(lambda: "In all of Slack" in told.shown, "what is kept everywhere")
    assert handler.forgotten_people == []
    slack.press(ann, told, "Delete it")
    await slack.until(lambda: handler.forgotten_people, "the deletion")
    assert handler.forgotten_people[0][2] is None

    slack.command(ann, clips, "/forget", "Everywhere")
    await slack.until(lambda: len(slack.whispers(clips, ann)) == 2, "another list")
    assert "In all of Slack" in slack.whispers(clips, ann)[-1].shown


async def test_where_nothing_is_kept_there_is_nothing_to_confirm(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.command(ann, clips, "/forget")
    told = await whispered(slack, clips, ann)
    assert "I keep nothing of you" in told.shown
    assert "Delete it" not in told.shown


async def test_a_confirmation_that_comes_twice_deletes_once_and_survives_a_restart(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    handler.kept = KEPT
    first = await launch()
    slack.command(ann, clips, "/forget")
    told = await whispered(slack, clips, ann)
    await first.stop()
    second = await launch()
    await slack.connected(2)
    press = slack.press(ann, told, "Delete it")
    slack.delivery.redeliver(press)
    await slack.until(lambda: press.acks >= 2, "two acknowledgements")
    await second._tasks.drain(10)
    assert len(handler.forgotten_people) == 1


async def test_every_command_is_acknowledged_before_anything_is_looked_up(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    gate = slack.hold("users.info")
    for command in ("/generate", "/queue", "/forget"):
        await slack.command(ann, clips, command, "everywhere").acknowledged()
    await gate.arrived.wait()
    gate.open()
    await handler.next()
    await quiet(slack, adapter)
