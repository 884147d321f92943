"""Buttons under answers on Slack: what they do, for whom, and long after the answer was given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Author, Change, Chip, Exchange, MadeVideo, Place, RemakeCommand, State, Still, View, Wants
from adapters.slack.adapter import SlackAdapter
from tests.fakes.handler import NOON
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, Post, User
from tests.integration.adapters.slack.conftest import Asked, Launch, ScriptedHandler

pytestmark = pytest.mark.usefixtures("adapter")

JPEG = b"\xff\xd8\xff\xe0 a picture"


async def quiet(slack: SlackServer, adapter: SlackAdapter) -> None:
    await slack.settled()
    await adapter._tasks.drain(10)


async def told(slack: SlackServer, channel: Channel, user: User) -> str:
    """What somebody alone reads there, once there is something."""
    await slack.until(lambda: slack.whispers(channel, user), "a private word")
    return "\n".join(post.shown for post in slack.whispers(channel, user))


def keep(handler: ScriptedHandler, asked: Asked, view: View) -> None:
    """The application remembers a request and how it ended."""
    what = asked.what
    handler.exchanges[asked.request] = Exchange(
        asked.request, what.author, "a red ball", (), NOON, view, what.place, "generate", asked.reply.ref
    )


async def finish(slack: SlackServer, handler: ScriptedHandler, asked: Asked, **view: Any) -> Post:
    """End a request, have the application remember it, and return its message."""
    last = View(asked.request, **{"state": State.DONE, **view})
    await asked.reply.show(last)
    keep(handler, asked, last)
    channel = slack.world.channels[asked.what.place.channel]
    return channel.posts[asked.reply.anchor.ts]  # type: ignore[attr-defined]


@pytest.fixture
async def video(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User, tmp_path: Path
) -> Post:
    """A video that Ann had made."""
    path = tmp_path / "ball.mp4"
    path.write_bytes(b"mp4")
    slack.command(ann, clips, "/generate", "a red ball")
    made = MadeVideo(str(path), "a red ball", 7, 640, 360, 3.0)
    return await finish(slack, handler, await handler.next(), videos=(made,))


async def answer(slack: SlackServer, handler: ScriptedHandler, channel: Channel, user: User, **view: Any) -> Post:
    """An answer to somebody's question in a channel."""
    slack.say(user, channel, "what happens here?", mention=True)
    return await finish(slack, handler, await handler.next(), **view)


# --- once more --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("button", "change"), [("Again", Change.AGAIN), ("Longer", Change.LONGER)])
async def test_a_video_is_made_again_in_its_thread_by_whoever_presses(
    slack: SlackServer,
    handler: ScriptedHandler,
    clips: Channel,
    bob: User,
    video: Post,
    button: str,
    change: Change,
) -> None:
    slack.press(bob, video, button)
    asked = await handler.next()
    assert isinstance(asked.what, RemakeCommand)
    assert (asked.what.request, asked.what.change, asked.what.author.id) == ("r1", change, bob.id)
    assert asked.what.place.thread == video.ts
    assert slack.answers(clips)[-1].thread_ts == video.ts


async def test_buttons_work_after_a_restart(
    slack: SlackServer, launch: Launch, adapter: SlackAdapter, handler: ScriptedHandler, ann: User, video: Post
) -> None:
    await adapter.stop()
    await launch()
    await slack.connected()
    slack.press(ann, video, "Again")
    assert isinstance((await handler.next()).what, RemakeCommand)


async def test_a_press_that_is_delivered_twice_counts_once(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User, video: Post
) -> None:
    await slack.connected(2)
    before = len(slack.answers(clips))
    press = slack.press(ann, video, "Again")
    for socket in list(slack.delivery.sockets):
        slack.delivery.redeliver(press, socket)
    await slack.until(lambda: press.acks >= 3, "three acknowledgements")
    await handler.next()
    await quiet(slack, adapter)
    assert len(handler.remakes) == 1
    assert len(slack.answers(clips)) == before + 1


async def test_who_may_not_make_videos_is_told_alone(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, bob: User, video: Post
) -> None:
    handler.refused[Wants.GENERATE] = "Having videos made is for admins only here."
    slack.press(bob, video, "Again")
    assert "for admins only" in await told(slack, clips, bob)
    await quiet(slack, adapter)
    assert handler.remakes == []


async def test_what_is_forgotten_cannot_be_made_again(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, bob: User, video: Post
) -> None:
    handler.exchanges.clear()
    slack.press(bob, video, "Again")
    assert "I no longer keep this one" in await told(slack, clips, bob)
    assert handler.remakes == []


async def test_when_the_beginning_of_the_thread_was_deleted_the_next_one_begins_a_thread(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User, video: Post
) -> None:
    slack.fail_next("chat.postMessage", "thread_not_found")
    slack.press(ann, video, "Again")
    asked = await handler.next()
    posted = slack.answers(clips)[-1]
    assert asked.what.place.thread == posted.ts


# --- while it runs ----------------------------------------------------------------------------------------------------


async def test_who_asked_can_cancel_and_a_stranger_cannot(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User, bob: User
) -> None:
    slack.command(ann, clips, "/generate", "a red ball")
    asked = await handler.next()
    await asked.shows(status="Rendering")
    (post,) = slack.answers(clips)
    await slack.until(lambda: "Cancel" in post.shown, "the button")
    slack.press(bob, post, "Cancel")
    assert "Only the person who asked" in await told(slack, clips, bob)
    assert handler.cancelled == []
    slack.press(ann, post, "Cancel")
    await slack.until(lambda: handler.cancelled, "the end")
    assert handler.cancelled[0][0] == asked.request
    await quiet(slack, adapter)
    assert slack.whispers(clips, ann) == []


async def test_an_admin_can_cancel_what_others_asked(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User, boss: User
) -> None:
    slack.command(ann, clips, "/generate", "a red ball")
    asked = await handler.next()
    await asked.shows(status="Rendering")
    (post,) = slack.answers(clips)
    await slack.until(lambda: "Cancel" in post.shown, "the button")
    slack.press(boss, post, "Cancel")
    await slack.until(lambda: handler.cancelled, "the end")
    assert handler.cancelled[0][1].is_moderator


# --- taking away ------------------------------------------------------------------------------------------------------


async def test_deleting_takes_the_message_the_video_and_what_is_kept(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User, video: Post
) -> None:
    slack.press(ann, video, "Delete")
    await slack.until(lambda: not slack.answers(clips) or video.deleted, "the message to go")
    await quiet(slack, adapter)
    ((request, author, place),) = handler.erased
    assert (request, author.id, place.channel) == ("r1", ann.id, clips.id)
    assert slack.answers(clips) == []
    assert slack.whispers(clips, ann) == []


async def test_a_stranger_is_told_that_it_is_not_theirs_to_delete(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, bob: User, video: Post
) -> None:
    handler.may_erase = False
    slack.press(bob, video, "Delete")
    assert "Only the person who asked or a moderator" in await told(slack, clips, bob)
    assert video in slack.answers(clips)


async def test_of_what_is_forgotten_only_an_admin_can_take_the_message_away(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, bob: User, boss: User, video: Post
) -> None:
    handler.exchanges.clear()
    slack.press(bob, video, "Delete")
    assert "I keep nothing of this one" in await told(slack, clips, bob)
    assert not video.deleted
    slack.press(boss, video, "Delete")
    await slack.until(lambda: video.deleted, "the message to go")
    assert slack.whispers(clips, boss) == []


async def test_when_slack_keeps_the_message_they_hear_that_the_rest_is_deleted(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User, video: Post
) -> None:
    slack.fail_next("chat.delete", "cant_delete_message", times=5)
    slack.press(ann, video, "Delete")
    assert "Slack did not let me take the message away" in await told(slack, clips, ann)
    assert len(handler.erased) == 1


# --- frames -----------------------------------------------------------------------------------------------------------


async def test_frames_come_as_a_direct_message_to_who_asks(
    slack: SlackServer,
    adapter: SlackAdapter,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    bob: User,
    tmp_path: Path,
) -> None:
    stills = []
    for number in range(12):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(JPEG)
        stills.append(Still(str(path), float(number)))
    (tmp_path / "0.jpg").unlink()
    post = await answer(slack, handler, clips, ann, text="A ball.", stills=tuple(stills))
    slack.press(bob, post, "Frames")
    assert "direct message" in await told(slack, clips, bob)
    await quiet(slack, adapter)
    pictures = [file for each in slack.messages(slack.dm(bob)) for file in each.files]
    assert len(pictures) == 9
    assert pictures[-1].title == "0:11"
    assert [file for each in slack.messages(clips) for file in each.files] == []


async def test_who_takes_no_direct_messages_hears_why_there_are_no_frames(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User, bob: User, tmp_path: Path
) -> None:
    (tmp_path / "1.jpg").write_bytes(JPEG)
    post = await answer(slack, handler, clips, ann, text="A ball.", stills=(Still(str(tmp_path / "1.jpg"), 1.0),))
    bob.dnd = True
    slack.press(bob, post, "Frames")
    assert "couldn't send you the frames" in await told(slack, clips, bob)


async def test_frames_that_are_gone_are_said_to_be_gone(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User, tmp_path: Path
) -> None:
    post = await answer(slack, handler, clips, ann, text="A ball.", stills=(Still(str(tmp_path / "1.jpg"), 1.0),))
    slack.press(ann, post, "Frames")
    assert "no longer on my disk" in await told(slack, clips, ann)


# --- blocked ----------------------------------------------------------------------------------------------------------

BLOCKED: dict[str, Any] = {
    "state": State.BLOCKED,
    "notice": "I won't answer that here: violence 0.83 is over this channel's limit of 0.70.",
    "chips": (Chip("violence", 0.83, 0.7, "block", "video", 7.0),),
    "can_appeal": True,
}


async def test_why_is_told_again_to_who_asked_and_to_nobody_else(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User, bob: User
) -> None:
    post = await answer(slack, handler, clips, ann, **BLOCKED)
    assert "0.83" not in post.shown
    before = len(slack.whispers(clips, ann))
    slack.press(ann, post, "Why?")
    await slack.until(lambda: len(slack.whispers(clips, ann)) > before, "the notice")
    notice = slack.whispers(clips, ann)[-1]
    assert "violence 0.83" in notice.shown
    assert "g4v:appeal" in str(notice.blocks)
    slack.press(bob, post, "Why?")
    words = await told(slack, clips, bob)
    assert "Only the person who asked" in words
    assert "0.83" not in words


async def test_another_seed_is_made_where_the_first_one_was_blocked(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    post = await answer(slack, handler, clips, ann, **BLOCKED)
    slack.press(ann, slack.whispers(clips, ann)[-1], "Other seed")
    asked = await handler.next()
    assert isinstance(asked.what, RemakeCommand)
    assert asked.what.change is Change.AGAIN
    assert asked.what.place.thread == post.thread_ts


async def blocked_and_told_directly(slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User) -> Post:
    """The notice of a block that could only be sent as a direct message."""
    slack.fail_next("chat.postEphemeral", "user_not_in_channel")
    await answer(slack, handler, clips, ann, **BLOCKED)
    (notice,) = slack.answers(slack.dm(ann))
    assert "0.83" in notice.shown
    return notice


async def test_from_a_direct_message_another_seed_is_made_in_the_channel_and_linked(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    notice = await blocked_and_told_directly(slack, handler, clips, ann)
    slack.press(ann, notice, "Other seed")
    asked = await handler.next()
    assert asked.what.place.channel == clips.id
    assert not asked.what.place.private
    assert "/archives/" in await told(slack, slack.dm(ann), ann)


async def test_who_has_left_the_channel_has_nothing_made_there(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    notice = await blocked_and_told_directly(slack, handler, clips, ann)
    slack.leave(ann, clips)
    slack.press(ann, notice, "Other seed")
    assert "that you are not in" in await told(slack, slack.dm(ann), ann)
    await quiet(slack, adapter)
    assert handler.remakes == []


# --- trouble ----------------------------------------------------------------------------------------------------------


async def test_what_breaks_is_said_to_who_pressed(
    slack: SlackServer,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    video: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(request: str) -> None:
        raise RuntimeError("scripted")

    monkeypatch.setattr(handler, "look_up", broken)
    slack.press(ann, video, "Again")
    assert "Something broke" in await told(slack, clips, ann)


async def test_a_press_is_acknowledged_before_anything_is_looked_up(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, bob: User, video: Post
) -> None:
    gate = slack.hold("users.info")
    await slack.press(bob, video, "Again").acknowledged()
    gate.open()
    await handler.next()


async def test_without_the_response_address_they_are_told_by_an_ephemeral_message(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, bob: User, video: Post
) -> None:
    handler.may_erase = False
    press = slack.press(bob, video, "Delete")
    slack.response_urls.clear()
    await press.acknowledged()
    assert "Only the person who asked or a moderator" in await told(slack, clips, bob)
    assert len(slack.calls_to("chat.postEphemeral")) == 1


async def test_a_request_of_another_workspace_is_made_where_the_button_is(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User, video: Post
) -> None:
    exchange = handler.exchanges["r1"]
    handler.exchanges["r1"] = replace(
        exchange, author=Author("U9", "Someone"), place=Place("slack", "T9", "C9"), ref="not one of ours"
    )
    slack.press(ann, video, "Again")
    assert (await handler.next()).what.place.channel == clips.id
