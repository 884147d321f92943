"""Dialogs on Slack: opened in time, wrong words shown in them, and alive when the bot restarts meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.base import (
    Author,
    Change,
    Chip,
    Exchange,
    GenerateCommand,
    MadeVideo,
    Message,
    ModelOption,
    Place,
    RemakeCommand,
    State,
    View,
    Wants,
)
from adapters.slack.adapter import SlackAdapter
from adapters.slack.manifest import ASK_ABOUT, MAKE_LIKE
from adapters.slack.records import Anchor
from tests.fakes.handler import NOON
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, Post, User
from tests.fakes.slack_server.world import View as Dialog
from tests.integration.adapters.slack.conftest import CLIP, Launch, ScriptedHandler

pytestmark = pytest.mark.usefixtures("adapter")

EVERYTHING = {"prompt": "a red ball", "length": "2.5", "shape": "tall", "seed": "7", "avoid": "text", "model": "wan"}


async def quiet(slack: SlackServer, adapter: SlackAdapter) -> None:
    await slack.settled()
    await adapter._tasks.drain(10)


async def opened(slack: SlackServer, user: User, title: str) -> Dialog:
    """The dialog that somebody sees, once it has this title."""

    def there() -> Dialog | None:
        view = slack.modal(user)
        return view if view is not None and view.body["title"]["text"] == title else None

    found = await slack.until(there, f"the dialog {title!r}")
    assert found is not None
    return found


async def told(slack: SlackServer, channel: Channel, user: User) -> str:
    await slack.until(lambda: slack.whispers(channel, user), "a private word")
    return "\n".join(post.shown for post in slack.whispers(channel, user))


def finished(slack: SlackServer, handler: ScriptedHandler, channel: Channel, user: User, **view: Any) -> Post:
    """A request of long ago, whose message stands there with its buttons."""
    from adapters.slack.blocks import layout

    last = View("r9", **{"state": State.DONE, **view})
    page = layout(last, public=True).pages[0]
    post = slack.world.post(channel, slack.bot, page.text, blocks=list(page.blocks))
    author = Author(user.id, user.name)
    anchor = Anchor(slack.team.id, channel.id, author, [post.ts], key="old")
    place = Place("slack", slack.team.id, channel.id, post.ts)
    handler.exchanges["r9"] = Exchange("r9", author, "a red ball", (), NOON, last, place, "generate", anchor.dump())
    return post


@pytest.fixture
def video(slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User) -> Post:
    return finished(slack, handler, clips, ann, videos=(MadeVideo("/gone.mp4", "a red ball", 7, 640, 360, 3.0),))


# --- /generate --------------------------------------------------------------------------------------------------------


async def test_a_bare_generate_asks_for_everything_in_a_dialog(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    handler.choices[Wants.GENERATE] = [ModelOption("lite", "Lite"), ModelOption("wan", "Wan2.1-1.3B")]
    slack.command(ann, clips, "/generate")
    dialog = await opened(slack, ann, "Make a video")
    assert slack.answers(clips) == []
    slack.submit(dialog, EVERYTHING)
    command = (await handler.next()).what
    assert isinstance(command, GenerateCommand)
    assert (command.prompt, command.seconds, command.width, command.height) == ("a red ball", 2.5, 360, 640)
    assert (command.seed, command.avoid, command.model) == (7, "text", "wan")
    (post,) = slack.answers(clips)
    assert (command.place.channel, command.place.thread) == (clips.id, post.ts)
    await slack.until(lambda: slack.modal(ann) is None, "the dialog to close")


async def test_only_the_words_are_needed_and_without_models_none_is_asked_for(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.command(ann, clips, "/generate", "  ")
    dialog = await opened(slack, ann, "Make a video")
    assert "Model" not in dialog.shown
    slack.submit(dialog, {"prompt": "a red ball"})
    command = (await handler.next()).what
    assert isinstance(command, GenerateCommand)
    assert (command.seconds, command.width, command.seed, command.model) == (None, None, None, "")


async def test_more_models_than_one_menu_takes_can_all_be_chosen(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    handler.choices[Wants.GENERATE] = [ModelOption(f"m{number}", f"Model {number}") for number in range(150)]
    slack.command(ann, clips, "/generate")
    slack.submit(await opened(slack, ann, "Make a video"), {"prompt": "a red ball", "model": "m149"})
    command = (await handler.next()).what
    assert isinstance(command, GenerateCommand)
    assert command.model == "m149"


@pytest.mark.parametrize(
    ("field", "written", "sentence"),
    [
        ("prompt", "   ", "Say in a few words"),
        ("length", "soon", "Write a number of seconds"),
        ("length", "nan", "Write a number of seconds"),
        ("length", "0.1", "between 0.5 and 60"),
        ("length", "61", "between 0.5 and 60"),
        ("seed", "x", "whole number"),
        ("seed", "-1", "whole number"),
        ("seed", "2147483648", "whole number"),
        ("seed", "²", "whole number"),
    ],
)
async def test_what_is_wrong_is_shown_in_the_dialog_and_can_be_mended(
    slack: SlackServer,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    field: str,
    written: str,
    sentence: str,
) -> None:
    slack.command(ann, clips, "/generate")
    dialog = await opened(slack, ann, "Make a video")
    await slack.submit(dialog, {"prompt": "a red ball", field: written}).acknowledged()
    await slack.until(lambda: dialog.errors, "the error")
    assert sentence in dialog.errors[field]
    assert handler.commands == []
    slack.submit(dialog, {"prompt": "a red ball"})
    await handler.next()


async def test_a_model_that_was_unloaded_meanwhile_is_said_in_the_dialog(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    handler.choices[Wants.GENERATE] = [ModelOption("wan", "Wan")]
    slack.command(ann, clips, "/generate")
    dialog = await opened(slack, ann, "Make a video")
    handler.choices[Wants.GENERATE] = []
    await slack.submit(dialog, {"prompt": "a red ball", "model": "wan"}).acknowledged()
    await slack.until(lambda: dialog.errors, "the error")
    assert "not loaded any more" in dialog.errors["model"]


async def test_who_may_not_gets_a_sentence_instead_of_a_dialog(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    handler.refused[Wants.GENERATE] = "Having videos made is switched off here. {An admin} can change that."
    slack.command(ann, clips, "/generate")
    assert "switched off here. {An admin}" in await told(slack, clips, ann)
    assert slack.modal(ann) is None


async def test_who_may_not_any_more_when_the_dialog_is_sent_is_told_alone(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.command(ann, clips, "/generate")
    dialog = await opened(slack, ann, "Make a video")
    handler.refused[Wants.GENERATE] = "You have used your 10 videos of today."
    slack.submit(dialog, {"prompt": "a red ball"})
    assert "used your 10 videos" in await told(slack, clips, ann)
    await quiet(slack, adapter)
    assert slack.answers(clips) == []


async def test_a_dialog_that_is_sent_twice_makes_one_video(
    slack: SlackServer, adapter: SlackAdapter, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.command(ann, clips, "/generate")
    dialog = await opened(slack, ann, "Make a video")
    first = slack.submit(dialog, {"prompt": "a red ball"})
    slack.delivery.redeliver(first)
    again = slack.submit(dialog, {"prompt": "a red ball"})  # they saw no answer to the first
    await slack.until(lambda: first.acks >= 2 and again.acks, "three acknowledgements")
    await handler.next()
    await quiet(slack, adapter)
    assert len(handler.commands) == len(slack.answers(clips)) == 1


async def test_an_open_dialog_outlives_a_restart(
    slack: SlackServer, adapter: SlackAdapter, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.command(ann, clips, "/generate")
    dialog = await opened(slack, ann, "Make a video")
    await adapter.stop()
    await launch()
    await slack.connected()
    slack.submit(dialog, {"prompt": "a red ball"})
    command = (await handler.next()).what
    assert command.place.channel == clips.id


# --- opening in time --------------------------------------------------------------------------------------------------


async def test_a_dialog_does_not_wait_for_who_somebody_is(slack: SlackServer, clips: Channel, bob: User) -> None:
    gate = slack.hold("users.info")
    slack.command(bob, clips, "/generate")
    await gate.arrived.wait()
    await opened(slack, bob, "Make a video")
    gate.open()


async def test_the_dialog_that_asked_for_a_moment_becomes_the_one_that_was_wanted(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User, video: Post, monkeypatch: Any
) -> None:
    known, look_up = asyncio.Event(), handler.look_up

    async def slow(request: str) -> Exchange | None:
        await known.wait()
        return await look_up(request)

    monkeypatch.setattr(handler, "look_up", slow)
    slack.press(ann, video, "Vary")
    waiting = await opened(slack, ann, "One moment")
    assert "One moment …" in waiting.shown
    known.set()
    dialog = await opened(slack, ann, "Vary this video")
    assert dialog is waiting
    slack.submit(dialog, {"words": "a blue ball"})
    remake = (await handler.next()).what
    assert isinstance(remake, RemakeCommand)
    assert (remake.request, remake.change, remake.prompt) == ("r9", Change.VARY, "a blue ball")


async def test_a_sentence_that_comes_late_stands_in_the_dialog(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User, video: Post, monkeypatch: Any
) -> None:
    known = asyncio.Event()

    async def slow(request: str) -> None:
        await known.wait()

    monkeypatch.setattr(handler, "look_up", slow)
    slack.press(ann, video, "Vary")
    dialog = await opened(slack, ann, "One moment")
    known.set()
    await slack.until(lambda: "I no longer keep this one" in dialog.shown, "the sentence")
    assert slack.whispers(clips, ann) == []


async def test_a_trigger_that_has_expired_is_said_in_a_sentence(
    slack: SlackServer, adapter: SlackAdapter, clips: Channel, ann: User, video: Post
) -> None:
    press = slack.press(ann, video, "Report")
    slack.expire_triggers()
    assert "opens no dialog any more" in await told(slack, clips, ann)
    await press.acknowledged()
    assert slack.modal(ann) is None


async def test_a_dialog_whose_opening_failed_in_passing_is_opened_again(
    slack: SlackServer, clips: Channel, ann: User, video: Post
) -> None:
    slack.fail_next("views.open", status=503)
    slack.press(ann, video, "Report")
    await opened(slack, ann, "Report this answer")


async def test_a_dialog_whose_opening_was_not_acknowledged_is_there(
    slack: SlackServer, adapter: SlackAdapter, clips: Channel, ann: User, video: Post
) -> None:
    slack.fail_next("views.open", applied=True)
    slack.press(ann, video, "Report")
    await opened(slack, ann, "Report this answer")
    await quiet(slack, adapter)
    assert slack.whispers(clips, ann) == []


async def test_when_slack_has_too_much_to_do_they_are_told_and_not_kept_waiting(
    slack: SlackServer, clips: Channel, ann: User, video: Post
) -> None:
    slack.fail_next("views.open", "ratelimited", retry_after=30)
    slack.press(ann, video, "Report")
    assert "press it once more" in await told(slack, clips, ann)


# --- vary, report, appeal ---------------------------------------------------------------------------------------------


async def test_vary_begins_with_the_words_of_the_video(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, bob: User, video: Post
) -> None:
    slack.press(bob, video, "Vary")
    dialog = await opened(slack, bob, "Vary this video")
    assert "a red ball" in dialog.shown
    await slack.submit(dialog, {"words": " "}).acknowledged()
    await slack.until(lambda: dialog.errors, "the error")
    slack.submit(dialog, {"words": "a blue ball"})
    asked = await handler.next()
    assert isinstance(asked.what, RemakeCommand)
    assert (asked.what.author.id, asked.what.place.thread) == (bob.id, video.ts)


async def test_a_report_reaches_the_moderators_and_is_thanked_for(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, bob: User, video: Post
) -> None:
    slack.press(bob, video, "Report")
    dialog = await opened(slack, bob, "Report this answer")
    assert "of this workspace" in str(dialog.blocks)
    await slack.submit(dialog, {"words": "  "}).acknowledged()
    await slack.until(lambda: dialog.errors, "the error")
    slack.submit(dialog, {"words": "that is my ball"})
    assert "The moderators will look at it" in await told(slack, clips, bob)
    ((request, author, words),) = handler.reports
    assert (request, author.id, words) == ("r9", bob.id, "that is my ball")


async def test_what_the_application_refuses_is_told_to_who_reported(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, bob: User, video: Post
) -> None:
    handler.no_case = "You have reported this already."
    slack.press(bob, video, "Report")
    slack.submit(await opened(slack, bob, "Report this answer"), {"words": "again"})
    assert "reported this already" in await told(slack, clips, bob)


async def test_an_appeal_needs_no_words_and_survives_a_restart(
    slack: SlackServer, adapter: SlackAdapter, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    chips = (Chip("violence", 0.83, 0.7, "block", "clip", 7.0),)
    post = finished(slack, handler, clips, ann, state=State.BLOCKED, notice="No.", chips=chips, can_appeal=True)
    slack.press(ann, post, "Why?")
    await told(slack, clips, ann)
    slack.press(ann, slack.whispers(clips, ann)[0], "Appeal")
    dialog = await opened(slack, ann, "Appeal")
    await adapter.stop()
    await launch()
    await slack.connected()
    slack.submit(dialog, {})
    await slack.until(lambda: handler.appeals, "the appeal")
    assert handler.appeals[0][0] == "r9"
    await slack.until(lambda: "A moderator will look at it" in slack.whispers(clips, ann)[-1].shown, "thanks")


async def test_who_is_in_no_channel_with_the_bot_is_thanked_directly(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, bob: User, video: Post
) -> None:
    slack.press(bob, video, "Report")
    dialog = await opened(slack, bob, "Report this answer")
    slack.fail_next("chat.postEphemeral", "channel_not_found")
    slack.submit(dialog, {"words": "that is my ball"})
    await slack.until(lambda: slack.answers(slack.dm(bob)), "the thanks")
    assert "The moderators will look at it" in slack.answers(slack.dm(bob))[0].shown


# --- a message's menu -------------------------------------------------------------------------------------------------


async def test_a_question_about_a_message_is_answered_in_its_thread(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User, bob: User
) -> None:
    post = slack.say(ann, clips, "look", files=[CLIP, ("notes.txt", b"no clip")])
    slack.shortcut(bob, ASK_ABOUT.callback_id, post)
    dialog = await opened(slack, bob, "Ask about this video")
    assert "bikes.mp4" in dialog.shown
    assert "notes.txt" not in dialog.shown
    slack.submit(dialog, {"words": "who is that?"})
    asked = await handler.next()
    assert isinstance(asked.what, Message)
    assert (asked.what.text, asked.what.author.id, asked.what.place.thread) == ("who is that?", bob.id, post.ts)
    (clip,) = asked.what.attachments
    assert (clip.name, clip.content_type) == ("bikes.mp4", "video/mp4")
    assert b"".join([chunk async for chunk in clip.read()]) == CLIP[1]
    await asked.ends("Two people.")
    assert slack.answers(clips)[-1].thread_ts == post.ts


async def test_a_clip_in_a_thread_from_another_organisation_can_be_asked_about_after_a_restart(
    slack: SlackServer,
    adapter: SlackAdapter,
    launch: Launch,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    bob: User,
) -> None:
    root = slack.say(ann, clips, "a thread")
    stub = slack.file(ann, *CLIP, stub=True)
    post = slack.say(ann, clips, "look", files=[stub], thread=root)
    slack.shortcut(bob, ASK_ABOUT.callback_id, post)
    dialog = await opened(slack, bob, "Ask about this video")
    await adapter.stop()
    await launch()
    await slack.connected()
    slack.submit(dialog, {"words": "who is that?"})
    asked = await handler.next()
    assert isinstance(asked.what, Message)
    assert asked.what.place.thread == root.ts
    assert [clip.name for clip in asked.what.attachments] == ["bikes.mp4"]


async def test_a_video_like_a_message_needs_no_words(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User, bob: User
) -> None:
    post = slack.say(ann, clips, "look", files=[CLIP])
    slack.shortcut(bob, MAKE_LIKE.callback_id, post)
    slack.submit(await opened(slack, bob, "Make a video like this"), {})
    command = (await handler.next()).what
    assert isinstance(command, GenerateCommand)
    assert command.prompt == ""
    assert [clip.name for clip in command.attachments] == ["bikes.mp4"]


async def test_a_message_without_a_clip_opens_nothing(slack: SlackServer, clips: Channel, ann: User, bob: User) -> None:
    post = slack.say(ann, clips, "look", files=[("notes.txt", b"no clip")])
    slack.shortcut(bob, ASK_ABOUT.callback_id, post)
    assert "no video, GIF or image" in await told(slack, clips, bob)
    assert slack.modal(bob) is None


async def test_a_clip_that_is_deleted_while_the_dialog_is_open_is_said_to_be_gone(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User, bob: User
) -> None:
    file = slack.file(ann, *CLIP)
    post = slack.say(ann, clips, "look", files=[file])
    slack.shortcut(bob, ASK_ABOUT.callback_id, post)
    dialog = await opened(slack, bob, "Ask about this video")
    slack.fail_next("files.info", "file_not_found")
    slack.submit(dialog, {"words": "who is that?"})
    await slack.until(lambda: slack.whispers(clips, bob), "a private word")
    assert "can't read the clip" in slack.whispers(clips, bob)[0].shown
    assert handler.messages == []


async def test_the_clips_of_a_message_that_is_shared_into_a_channel_count(
    slack: SlackServer, handler: ScriptedHandler, clips: Channel, ann: User, bob: User, monkeypatch: Any
) -> None:
    from tests.fakes.slack_server import wire

    file = slack.file(ann, *CLIP)
    post = slack.say(ann, clips, "")
    plain = wire.post

    def with_share(each: Post, base: str) -> dict[str, Any]:
        return {**plain(each, base), "attachments": [{"is_share": True, "files": [wire.file(file, base)]}]}

    monkeypatch.setattr(wire, "post", with_share)
    slack.shortcut(bob, ASK_ABOUT.callback_id, post)
    assert "bikes.mp4" in (await opened(slack, bob, "Ask about this video")).shown


async def test_names_of_files_do_not_break_out_of_the_dialog(
    slack: SlackServer, clips: Channel, ann: User, bob: User
) -> None:
    files = [(f"<!channel> & *{number}*.mp4", CLIP[1]) for number in range(5)]
    post = slack.say(ann, clips, "look", files=files)
    slack.shortcut(bob, ASK_ABOUT.callback_id, post)
    assert "&lt;!channel&gt;" in (await opened(slack, bob, "Ask about this video")).shown
