"""How answers are shown on Slack: streamed or edited, split, private where they must be, and posted once."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Chip, DeliveryError, MadeVideo, QueueSpot, State, Undeliverable
from adapters.shared.pacing import Timing
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, Post, User
from tests.integration.adapters.slack.conftest import Asked, Launch, ScriptedHandler

BLOCK = {"state": State.BLOCKED, "notice": "I won't answer that here: violence 0.83 is over 0.70.", "can_appeal": True}


async def ask(
    slack: SlackServer, handler: ScriptedHandler, channel: Channel, user: User, words: str = "what?"
) -> Asked:
    slack.say(user, channel, words, mention=True)
    return await handler.next()


def answers(slack: SlackServer, channel: Channel) -> list[Post]:
    """What everybody sees of the bot."""
    return [each for each in slack.answers(channel) if not each.ephemeral]


# --- streaming --------------------------------------------------------------------------------------------------------


async def test_words_stream_and_the_streamed_message_becomes_the_answer(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    await asked.shows("Two people ride. ", status="Answering …")
    await slack.until(lambda: slack.calls_to("chat.startStream"), "a stream")
    await asked.shows("Two people ride. One looks back. ", status="Answering …")
    await slack.until(lambda: slack.calls_to("chat.appendStream"), "more words")
    await asked.ends("Two people ride. One looks back. **The end.**", footer="lite · 2 s")
    (answer,) = answers(slack, clips)
    assert answer.streamed
    assert not answer.streaming
    assert answer.text == "Two people ride. One looks back. **The end.**"
    assert "lite · 2 s" in answer.shown
    assert "Delete" in answer.shown
    assert all(late.startswith(early) for early, late in zip(answer.history, answer.history[1:], strict=False))
    (start,) = slack.calls_to("chat.startStream")
    assert start["recipient_user_id"] == ann.id
    assert start["recipient_team_id"] == slack.team.id
    assert len(slack.calls_to("chat.stopStream")) == 1


async def test_while_words_stream_there_is_a_button_to_cancel(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    await asked.shows("Two people ride. ", status="Answering …")
    await slack.until(lambda: len(answers(slack, clips)) == 2, "a stream beside the placeholder")
    await slack.until(lambda: "Cancel" in answers(slack, clips)[0].shown, "the button")
    assert "Two people" not in answers(slack, clips)[0].shown
    await asked.ends("Two people ride. ", state=State.CANCELLED)
    (answer,) = answers(slack, clips)
    assert "Cancelled." in answer.shown


async def test_words_that_are_replaced_end_the_stream_and_are_edited(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    await asked.shows("Two people ride. ")
    await slack.until(lambda: slack.calls_to("chat.startStream"), "a stream")
    await asked.shows("A second try says more. ")
    await slack.until(lambda: slack.calls_to("chat.update"), "an edit")
    await asked.ends("A second try says more. And ends.")
    (answer,) = answers(slack, clips)
    assert "A second try says more. And ends." in answer.shown
    assert "Two people" not in answer.shown


async def test_a_block_in_the_middle_takes_the_streamed_words_away(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    await asked.shows("Two people ride. ")
    await slack.until(lambda: slack.calls_to("chat.startStream"), "a stream")
    await asked.ends("", **BLOCK)
    (answer,) = answers(slack, clips)
    assert "Two people" not in answer.shown
    assert "violence" not in answer.shown
    assert "Why?" in answer.shown
    (whisper,) = slack.whispers(clips, ann)
    assert "violence 0.83" in whisper.shown
    assert "Appeal" in whisper.shown


@pytest.mark.no_streaming
async def test_a_workspace_without_streaming_is_asked_once_and_gets_edits(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    for _ in range(2):
        asked = await ask(slack, handler, clips, ann)
        await asked.shows("Two people ride. ")
        await slack.until(lambda: "Two people ride." in answers(slack, clips)[-1].shown, "an edit")
        await asked.shows("Two people ride. One looks back. ")
        await asked.ends("Two people ride. One looks back. The end.", footer="lite")
        assert "The end." in answers(slack, clips)[-1].shown
    assert len(slack.calls_to("chat.startStream")) == 1
    assert len(answers(slack, clips)) == 2


async def test_a_stream_that_slack_closed_goes_on_by_edits(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    await asked.shows("Two people ride. ")
    await slack.until(lambda: len(answers(slack, clips)) == 2, "a stream")
    slack.expire_stream(answers(slack, clips)[1])
    await asked.shows("Two people ride. One looks back. ")
    await slack.until(lambda: "looks back" in answers(slack, clips)[-1].shown, "an edit")
    await asked.ends("Two people ride. One looks back. The end.")
    (answer,) = answers(slack, clips)
    assert "One looks back. The end." in answer.shown


async def test_a_stream_whose_beginning_was_not_acknowledged_leaves_no_second_message(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    slack.fail_next("chat.startStream", applied=True)
    await asked.shows("Two people ride. ")
    await slack.until(lambda: slack.calls_to("chat.delete"), "the lost stream taken away")
    await asked.ends("Two people ride. The end.")
    (answer,) = answers(slack, clips)
    assert "Two people ride. The end." in answer.shown
    assert len(slack.calls_to("chat.startStream")) == 1


@pytest.mark.parametrize("applied", [True, False])
async def test_last_words_that_may_not_have_arrived_are_said_by_an_edit(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User, applied: bool
) -> None:
    asked = await ask(slack, handler, clips, ann)
    await asked.shows("Two people ride. ")
    await slack.until(lambda: slack.calls_to("chat.startStream"), "a stream")
    slack.fail_next("chat.stopStream", applied=applied)
    await asked.ends("Two people ride. The end.")
    (answer,) = answers(slack, clips)
    assert answer.shown.count("The end.") >= 1
    assert not answer.streaming
    assert "Delete" in answer.shown


# --- edits ------------------------------------------------------------------------------------------------------------


@pytest.mark.no_streaming
async def test_edits_are_a_second_apart_the_newest_wins_and_the_last_is_never_dropped(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    words = ""
    for number in range(30):
        words += f"word{number} "
        await asked.shows(words)
    await slack.until(lambda: slack.calls_to("chat.update"), "an edit")
    await asked.shows(words + "more ")
    await asked.ends(words + "end")
    updates = slack.calls_to("chat.update")
    assert all(late.at - early.at >= 0.95 for early, late in itertools.pairwise(updates))
    assert len(updates) <= 3
    (answer,) = answers(slack, clips)
    assert words + "end" in answer.shown


async def test_a_place_in_the_queue_is_shown_with_a_button_to_cancel(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    await asked.shows(state=State.WAITING, queue=QueueSpot(2, 40))
    await slack.until(lambda: "2nd in line · about 40 s" in answers(slack, clips)[0].shown, "the queue")
    assert "Cancel" in answers(slack, clips)[0].shown
    await asked.ends("Hi.")


async def test_long_answers_go_on_in_the_thread(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    post = slack.say(ann, clips, "tell me everything", mention=True)
    asked = await handler.next()
    story = "\n\n".join(f"Paragraph {number}: " + "a < b & c > d. " * 40 for number in range(60))
    await asked.shows("Paragraph 0: ")
    await asked.ends(story, footer="lite")
    shown = answers(slack, clips)
    assert len(shown) > 2
    assert all(each.thread_ts == post.ts for each in shown)
    assert "Paragraph 59:" in shown[-1].shown
    assert "lite" in shown[-1].shown
    assert [each.shown.count("Delete") for each in shown[:-1]] == [0] * (len(shown) - 1)
    everything = "".join(each.shown for each in shown)
    assert all(f"Paragraph {number}:" in everything for number in range(60))


async def test_nothing_in_an_answer_pings_or_unfurls(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    words = f"<!channel> <!here> <@{ann.id}> @here <#{clips.id}> &amp; https://example.org/a?b=1&c=2 "
    await asked.shows(words)
    await asked.ends(words + "end", footer=f"<@{ann.id}>")
    assert slack.mentioned(clips) == set()
    for call in slack.calls_to("chat.postMessage"):
        assert call["unfurl_links"] is False
        assert call["unfurl_media"] is False


# --- private words ----------------------------------------------------------------------------------------------------


async def test_where_no_private_word_is_possible_in_the_channel_a_direct_message_says_it(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    slack.fail_next("chat.postEphemeral", "user_not_in_channel")
    await asked.ends("", **BLOCK)
    (notice,) = slack.answers(slack.dm(ann))
    assert "violence 0.83" in notice.shown
    assert all("violence" not in each.shown for each in answers(slack, clips))


async def test_in_a_direct_message_the_reason_stands_in_the_answer(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, ann: User
) -> None:
    room = slack.dm(ann)
    slack.say(ann, room, "what?")
    asked = await handler.next()
    await asked.ends("", **BLOCK)
    (answer,) = slack.answers(room)
    assert "violence 0.83" in answer.shown
    assert "Appeal" in answer.shown


async def test_tell_reaches_one_person(slack: SlackServer, adapter: Any, handler: ScriptedHandler, ann: User) -> None:
    from adapters.base import Author

    assert await adapter.tell(Author(ann.id, "Ann"), "Your appeal was **upheld**.")
    (said,) = slack.answers(slack.dm(ann))
    assert "Your appeal was *upheld*." in said.shown
    ann.dnd = True
    assert not await adapter.tell(Author(ann.id, "Ann"), "Hello.")


# --- posted once ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [{}, {"status": 502}, {"status": 500}])
async def test_a_placeholder_whose_acknowledgement_was_lost_is_not_posted_twice(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User, fault: dict[str, int]
) -> None:
    slack.fail_next("chat.postMessage", applied=True, **fault)
    asked = await ask(slack, handler, clips, ann)
    await asked.ends("Hi.")
    (answer,) = answers(slack, clips)
    assert "Hi." in answer.shown


async def test_a_placeholder_that_did_not_get_through_is_posted_again(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.fail_next("chat.postMessage")
    asked = await ask(slack, handler, clips, ann)
    await asked.ends("Hi.")
    assert len(answers(slack, clips)) == 1


async def test_retry_after_is_obeyed(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    slack.fail_next("chat.postMessage", "ratelimited", retry_after=1)
    asked = await ask(slack, handler, clips, ann)
    first, second = slack.calls_to("chat.postMessage")
    assert second.at - first.at >= 1
    slack.fail_next("chat.update", "ratelimited", retry_after=2)
    await asked.ends("Hi.")
    first, second = slack.calls_to("chat.update")
    assert second.at - first.at >= 2
    assert "Hi." in answers(slack, clips)[0].shown


@pytest.mark.parametrize("applied", [True, False])
async def test_a_continuation_whose_acknowledgement_was_lost_is_there_once(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User, applied: bool
) -> None:
    asked = await ask(slack, handler, clips, ann)
    slack.fail_next("chat.postMessage", applied=applied)
    await asked.ends("word " * 3000)
    assert len(answers(slack, clips)) == 2


@pytest.mark.parametrize("error", ["is_archived", "not_in_channel", "channel_not_found"])
async def test_who_asked_where_the_bot_cannot_write_hears_of_it_privately(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User, error: str
) -> None:
    slack.fail_next("chat.postMessage", error)
    slack.say(ann, clips, "what?", mention=True)
    await slack.until(lambda: slack.answers(slack.dm(ann)), "a private word")
    (said,) = slack.answers(slack.dm(ann))
    assert f"<#{clips.id}>" in said.shown
    assert handler.messages == []
    assert answers(slack, clips) == []


async def test_a_channel_that_is_archived_meanwhile_cancels_and_its_asker_is_told(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    slack.archive(clips)
    await slack.settled()
    await adapter._tasks.drain(5)
    assert [request for request, _ in handler.cancelled] == [asked.request]
    with pytest.raises(DeliveryError):
        await asked.ends("Hi.")
    assert "archived" in slack.answers(slack.dm(ann))[0].shown


async def test_a_dead_token_is_a_failed_delivery_and_no_endless_loop(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    slack.fail_next("chat.update", "token_revoked")
    with pytest.raises(DeliveryError) as caught:
        await asked.ends("Hi.")
    assert not isinstance(caught.value, Undeliverable)  # another token may be better


async def test_an_answer_whose_place_is_gone_is_refused_for_good(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    slack.fail_next("chat.update", "channel_not_found")
    with pytest.raises(Undeliverable):
        await asked.ends("Hi.")


async def test_an_answer_that_slack_refuses_for_good_gives_way_to_a_plain_sentence_without_cancel(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    await asked.shows(status="Watching …")
    await slack.until(lambda: "Cancel" in answers(slack, clips)[0].shown, "a button")
    slack.fail_next("chat.update", "invalid_blocks")
    await asked.ends("Hi.")
    (answer,) = answers(slack, clips)
    assert set(answer.shown.splitlines()) == {
        "Slack does not take the answer as I wrote it. Ask again, in other words perhaps."
    }


@pytest.mark.parametrize("error", ["msg_too_long", "msg_blocks_too_long"])
async def test_an_answer_that_slack_finds_too_long_is_shown_in_smaller_pieces(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User, error: str
) -> None:
    asked = await ask(slack, handler, clips, ann)
    slack.fail_next("chat.update", error)
    await asked.ends("word " * 1500)
    shown = answers(slack, clips)
    assert len(shown) >= 2
    assert sum(each.shown.count("word") for each in shown) >= 1500


# --- videos -----------------------------------------------------------------------------------------------------------


def video(tmp_path: Path, name: str = "a.mp4") -> MadeVideo:
    path = tmp_path / name
    path.write_bytes(b"\0\0\0\x18ftypmp42" + b"x" * 1000)
    return MadeVideo(str(path), "a red ball", 7, 64, 64, 1.0)


async def test_a_made_video_stands_in_the_thread_before_the_answer_says_so(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User, tmp_path: Path
) -> None:
    asked = await ask(slack, handler, clips, ann)
    await asked.ends("", videos=(video(tmp_path),), footer="lite · seed 7")
    shown = answers(slack, clips)
    (with_file,) = [each for each in shown if each.files]
    assert with_file.files[0].name == "a-red-ball.mp4"
    assert len(with_file.files[0].data) > 1000
    assert with_file.thread_ts == shown[0].thread_ts
    assert "a red ball" in shown[0].shown
    assert "Again" in shown[0].shown
    methods = [each.method for each in slack.calls]
    assert methods.index("files.completeUploadExternal") < methods.index("chat.update")


async def test_the_answer_waits_until_slack_shows_the_video(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User, tmp_path: Path
) -> None:
    import asyncio

    slack.uploads.delayed = True
    asked = await ask(slack, handler, clips, ann)
    ending = asyncio.create_task(asked.ends("", videos=(video(tmp_path),)))
    await slack.until(lambda: len(slack.calls_to("files.info")) >= 3, "looking for the file")
    assert "Again" not in answers(slack, clips)[0].shown
    slack.uploads.publish()
    await ending
    assert "Again" in answers(slack, clips)[0].shown


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal", "chat.update"])
@pytest.mark.parametrize("applied", [True, False])
async def test_a_video_is_there_once_whatever_breaks(
    slack: SlackServer,
    adapter: Any,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    tmp_path: Path,
    method: str,
    applied: bool,
) -> None:
    asked = await ask(slack, handler, clips, ann)
    slack.fail_next(method, applied=applied)
    await asked.ends("", videos=(video(tmp_path),))
    assert len([each for each in answers(slack, clips) if each.files]) == 1
    assert "Again" in answers(slack, clips)[0].shown


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
@pytest.mark.parametrize("error", ["blocked_file_type", "file_uploads_disabled", "not_in_channel", "access_denied"])
async def test_a_video_that_slack_refuses_for_good_is_left_out_and_that_is_said(
    slack: SlackServer,
    adapter: Any,
    handler: ScriptedHandler,
    clips: Channel,
    ann: User,
    tmp_path: Path,
    method: str,
    error: str,
) -> None:
    asked = await ask(slack, handler, clips, ann)
    await asked.shows(status="Making the video …")
    slack.fail_next(method, error)
    await asked.ends("Here it is.", videos=(video(tmp_path),))
    (answer,) = answers(slack, clips)
    assert "Here it is." in answer.shown
    assert "Slack did not take the video." in answer.shown
    assert "Cancel" not in answer.shown


async def test_a_video_that_is_gone_from_the_disk_is_said_so(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    await asked.ends("", videos=(MadeVideo("/nowhere/a.mp4", "a red ball", 7, 64, 64, 1.0),))
    (answer,) = answers(slack, clips)
    assert "no longer on my disk" in answer.shown


async def test_a_warned_video_is_announced_before_it_can_be_seen(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User, tmp_path: Path
) -> None:
    asked = await ask(slack, handler, clips, ann)
    chip = Chip("violence", 0.6, 0.5, "warn", "video", 0.4)
    await asked.ends("", videos=(video(tmp_path),), chips=(chip,))
    shown = answers(slack, clips)
    assert "Sensitive" in shown[0].shown
    (with_file,) = [each for each in shown if each.files]
    assert "Sensitive" in with_file.files[0].title


async def test_what_is_removed_takes_its_continuations_and_videos_along(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User, tmp_path: Path
) -> None:
    asked = await ask(slack, handler, clips, ann)
    ref = asked.reply.ref
    await asked.shows("word ")
    await slack.until(lambda: slack.calls_to("chat.startStream"), "a stream")
    await asked.ends("word " * 3000, videos=(video(tmp_path),))
    assert len(answers(slack, clips)) == 3
    await adapter.remove(ref)
    assert answers(slack, clips) == []
    await adapter.remove(ref)  # gone already, which is fine


# --- restarts ---------------------------------------------------------------------------------------------------------


async def test_an_answer_goes_on_in_its_message_after_a_restart(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    first = await launch()
    asked = await ask(slack, handler, clips, ann)
    await asked.shows("Two people ride. ")
    await slack.until(lambda: slack.calls_to("chat.startStream"), "a stream")
    ref = asked.reply.ref
    await first.stop()
    second = await launch()
    reply = await second.restore(ref)
    assert reply is not None
    again = Asked(asked.request, asked.what, reply)
    await again.ends("Two people ride. The end.")
    (answer,) = answers(slack, clips)
    assert "The end." in answer.shown
    assert not answer.streaming


async def test_an_answer_that_is_gone_is_not_restored(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    asked = await ask(slack, handler, clips, ann)
    await asked.ends("Hi.")
    ref = asked.reply.ref
    slack.chat.remove(answers(slack, clips)[0])
    assert await adapter.restore(ref) is None
    assert await adapter.restore("nonsense") is None


async def test_a_kill_in_the_middle_of_a_stream_leaves_one_message(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, clips: Channel, ann: User
) -> None:
    first = await launch()
    asked = await ask(slack, handler, clips, ann)
    ref = asked.reply.ref
    await asked.shows("Two people ride. ")
    await slack.until(lambda: slack.calls_to("chat.startStream"), "a stream")
    await asked.reply.settled()
    first._answers = None  # a killed process ends nothing
    await first.stop()
    second = await launch()
    reply = await second.restore(ref)
    assert reply is not None
    await Asked(asked.request, asked.what, reply).ends("Two people ride. The end.")
    (answer,) = answers(slack, clips)
    assert "The end." in answer.shown


async def test_the_status_is_renewed_before_slack_lets_it_fade(
    slack: SlackServer, launch: Launch, handler: ScriptedHandler, ann: User
) -> None:
    await launch(timing=Timing(now=lambda: time.monotonic() * 200))  # two minutes pass in less than one second
    thread = slack.open_assistant(ann)
    room = slack.dm(ann)
    slack.say(ann, room, "what?", thread=thread)
    asked = await handler.next()
    await asked.shows(status="Watching …")
    await slack.until(lambda: room.statuses.count((thread, "Watching …")) >= 3, "a status that is renewed")
    await asked.ends("A bike.")
    assert room.statuses[-1] == (thread, "")


async def test_two_answers_in_one_thread_do_not_take_each_others_streams(
    slack: SlackServer, adapter: Any, handler: ScriptedHandler, clips: Channel, ann: User, bob: User
) -> None:
    post = slack.say(ann, clips, "what?", mention=True)
    first = await handler.next()
    slack.say(bob, clips, "and now?", mention=True, thread=post)
    second = await handler.next()
    await first.shows("One ball. ")
    await slack.until(lambda: slack.calls_to("chat.startStream"), "a stream")
    slack.fail_next("chat.startStream", applied=True)
    await second.shows("Two balls. ")
    await slack.until(lambda: len(slack.calls_to("chat.startStream")) == 2, "another stream")
    await second.ends("Two balls. The end.")
    await first.ends("One ball. The end.")
    shown = [each.shown for each in answers(slack, clips)]
    assert len(shown) == 2
    assert any("One ball. The end." in each for each in shown)
    assert any("Two balls. The end." in each for each in shown)
