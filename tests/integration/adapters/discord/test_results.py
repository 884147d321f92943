"""The buttons under a result: once more, other words, longer; the frames; taken away; reported. Also restarted."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.base import Change, State, View, Wants
from tests.integration.adapters.discord.scenes import (
    answered,
    deny,
    exchange,
    field_of,
    fill,
    labels,
    made,
    place_of,
    restart,
    stills,
    warn,
)

ANSWER = View("r1", State.DONE, text="Two people ride past.", footer="lite")


def video(tmp_path: Path) -> View:
    return View("r1", State.DONE, videos=(made(tmp_path),), footer="lite · seed 1234")


async def test_a_video_can_be_made_again_varied_made_longer_deleted_and_reported(world, tmp_path: Path) -> None:
    answer = await answered(world, video(tmp_path))
    assert labels(answer) == ["↻ Again", "✎ Vary", "⏩ Longer", "🗑 Delete", "⚑ Report"]


async def test_an_answer_can_be_deleted_and_reported(world) -> None:
    assert labels(await answered(world, ANSWER)) == ["🗑 Delete", "⚑ Report"]


async def test_an_answer_about_a_clip_shows_its_frames_too(world, tmp_path: Path) -> None:
    view = View("r1", State.DONE, text="Two people.", stills=stills(tmp_path, 0, 7))
    assert labels(await answered(world, view)) == ["🎞 Frames", "🗑 Delete", "⚑ Report"]


async def test_the_buttons_of_a_long_answer_stand_at_its_end(world) -> None:
    await world.ask()
    await world.show(View("r1", State.WORKING, text="word " * 700, can_cancel=True))
    await world.show(View("r1", State.DONE, text="word " * 700 + "end"))
    first, last = world.answers()
    assert labels(first) == []
    assert labels(last) == ["🗑 Delete", "⚑ Report"]


async def test_an_answer_that_is_found_again_after_a_restart_gets_the_same_buttons(world, tmp_path: Path) -> None:
    await world.ask()
    await world.show(View("r1", State.WORKING, status="Making the video …", can_cancel=True))
    ref = world.handler.reply.ref
    fresh = world.new_client()
    await world.env.restart_bot(fresh)
    reply = await fresh.restore(ref)
    await reply.show(video(tmp_path))
    assert labels(world.answer()) == ["↻ Again", "✎ Vary", "⏩ Longer", "🗑 Delete", "⚑ Report"]


async def test_a_command_whose_token_has_died_gets_the_same_buttons(world, tmp_path: Path) -> None:
    result = await world.ann.slash(world.channel, "generate", prompt="a red ball")
    world.clock.time += 14 * 60 + 1
    await world.show(video(tmp_path))
    assert labels(result.response) == ["↻ Again", "✎ Vary", "⏩ Longer", "🗑 Delete", "⚑ Report"]


async def test_an_answer_that_had_to_move_takes_its_buttons_along(world) -> None:
    await world.ask()
    world.env.inject_error("PATCH", "/channels/*/messages/*", status=429, code=30046)
    await world.show(ANSWER)
    assert labels(world.answer()) == ["🗑 Delete", "⚑ Report"]


@pytest.mark.parametrize(("label", "change"), [("↻ Again", Change.AGAIN), ("⏩ Longer", Change.LONGER)])
async def test_making_it_again_is_a_new_message_for_the_one_who_presses(
    world, tmp_path: Path, label: str, change: Change
) -> None:
    answer = await answered(world, video(tmp_path))
    bob = world.member("bob")
    result = await bob.click(answer, label=label)
    assert result.deferred
    assert not result.ephemeral
    (command,) = world.handler.remakes
    assert (command.request, command.change, command.prompt) == ("r1", change, "")
    assert (command.author.id, command.place.channel) == (str(bob.id), str(world.channel.id))
    assert command.event_id.isdigit()
    await world.show(View("r2", State.DONE, videos=(made(tmp_path),), footer="lite · seed 99"))
    assert result.response.content == "a red ball\n-# lite · seed 99"
    assert result.response.id != answer.id
    assert world.answers()[0].content == answer.content


async def test_making_it_again_works_after_a_restart(world, tmp_path: Path) -> None:
    answer = await answered(world, video(tmp_path))
    handler = await restart(world)
    await world.ann.click(answer, label="↻ Again")
    assert [command.request for command in handler.remakes] == ["r1"]


async def test_a_video_that_is_forgotten_is_not_made_again_and_the_channel_stays_quiet(world, tmp_path: Path) -> None:
    answer = await answered(world, video(tmp_path))
    world.handler.exchanges.clear()
    for label in ("↻ Again", "✎ Vary", "⏩ Longer"):
        result = await world.ann.click(answer, label=label)
        assert result.ephemeral
        assert result.response.content.startswith("I no longer keep this one.")
    assert world.handler.remakes == []


async def test_varying_opens_a_dialog_with_the_words_of_the_video(world, tmp_path: Path) -> None:
    answer = await answered(world, video(tmp_path))
    shown = await world.ann.click(answer, label="✎ Vary")
    assert field_of(shown)["value"] == "a red ball"
    result = await fill(world.ann, shown, "a blue ball")
    assert result.deferred
    assert not result.ephemeral
    (command,) = world.handler.remakes
    assert (command.request, command.change, command.prompt) == ("r1", Change.VARY, "a blue ball")


async def test_a_very_long_wish_still_fits_into_the_dialog(world, tmp_path: Path) -> None:
    view = View("r1", State.DONE, videos=(made(tmp_path, "ball " * 500),))
    answer = await answered(world, view)
    shown = await world.ann.click(answer, label="✎ Vary")
    assert len(field_of(shown)["value"]) == 1500


async def test_a_dialog_that_was_open_over_a_restart_still_counts(world, tmp_path: Path) -> None:
    answer = await answered(world, video(tmp_path))
    shown = await world.ann.click(answer, label="✎ Vary")
    handler = await restart(world)
    await fill(world.ann, shown, "a blue ball")
    assert [command.prompt for command in handler.remakes] == ["a blue ball"]


async def test_two_people_may_have_the_same_dialog_open(world, tmp_path: Path) -> None:
    answer = await answered(world, video(tmp_path))
    bob = world.member("bob")
    hers, his = await world.ann.click(answer, label="✎ Vary"), await bob.click(answer, label="✎ Vary")
    await fill(world.ann, hers, "a blue ball")
    await fill(bob, his, "a green ball")
    assert [command.prompt for command in world.handler.remakes] == ["a blue ball", "a green ball"]


async def test_who_may_not_generate_is_told_privately_and_nothing_is_posted(world, tmp_path: Path) -> None:
    answer = await answered(world, video(tmp_path))
    world.handler.refused[Wants.GENERATE] = "You have used your 10 videos of today."
    for label in ("↻ Again", "✎ Vary", "⏩ Longer"):
        result = await world.ann.click(answer, label=label)
        assert result.ephemeral
        assert result.modal is None
        assert result.response.content == "You have used your 10 videos of today."
    assert world.handler.remakes == []


async def test_who_may_read_and_not_write_posts_no_video_with_a_button(world, tmp_path: Path) -> None:
    answer = await answered(world, video(tmp_path))
    await deny(world, "send_messages")
    for label in ("↻ Again", "✎ Vary", "⏩ Longer"):
        result = await world.ann.click(answer, label=label)
        assert result.ephemeral
        assert result.response.content.startswith("You can't write here")
    assert world.handler.remakes == []


async def test_who_may_no_longer_generate_when_the_dialog_is_sent_is_told_privately(world, tmp_path: Path) -> None:
    answer = await answered(world, video(tmp_path))
    shown = await world.ann.click(answer, label="✎ Vary")
    world.handler.refused[Wants.GENERATE] = "You have used your 10 videos of today."
    result = await fill(world.ann, shown, "a blue ball")
    assert result.ephemeral
    assert world.handler.remakes == []


@pytest.mark.parametrize(("status", "code"), [(404, 10062), (500, 0)])
async def test_a_press_that_discord_gave_up_on_leaves_no_trace(world, tmp_path: Path, status: int, code: int) -> None:
    answer = await answered(world, video(tmp_path))
    world.env.inject_error("POST", "/interactions/*/*/callback", status=status, code=code, times=None)
    for label in ("↻ Again", "✎ Vary", "🗑 Delete", "⚑ Report"):
        await world.ann.click(answer, label=label)
    assert world.handler.remakes == world.handler.erased == []
    assert world.answer().id == answer.id
    assert world.env.errors == []


async def test_a_press_whose_acknowledgement_was_lost_on_its_way_back_counts_once(world, tmp_path: Path) -> None:
    answer = await answered(world, video(tmp_path))
    world.env.inject_error("POST", "/interactions/*/*/callback", status=400, code=40060)
    await world.ann.click(answer, label="🗑 Delete")
    assert [request for request, _, _ in world.handler.erased] == ["r1"]
    assert world.answers() == []


async def test_an_application_that_breaks_says_so_to_the_one_who_pressed(
    world, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(request: str) -> None:
        raise RuntimeError("scripted")

    answer = await answered(world, video(tmp_path))
    monkeypatch.setattr(world.handler, "look_up", broken)
    result = await world.ann.click(answer, label="↻ Again")
    assert result.ephemeral
    assert result.response.content.startswith("Something broke on my side.")


# --- frames


async def test_frames_shows_what_the_model_looked_at_to_the_one_who_presses(world, tmp_path: Path) -> None:
    view = View("r1", State.DONE, text="Two people.", stills=stills(tmp_path, 0, 3.5, 67))
    answer = await answered(world, view)
    result = await world.member("bob").click(answer, label="🎞 Frames")
    assert result.ephemeral
    assert result.response.content == "I looked at these frames: 0:00, 0:03 and 1:07."
    shown = [(item.filename, item.description) for item in result.response.attachments]
    assert shown == [
        ("frame-01-0-00.jpg", "0:00"),
        ("frame-02-0-03.jpg", "0:03"),
        ("frame-03-1-07.jpg", "1:07"),
    ]
    assert world.env.backend.cdn.get(result.response.attachments[1].url) == b"\xff\xd8\xff3.5"


async def test_of_many_frames_ten_are_shown_from_the_first_to_the_last(world, tmp_path: Path) -> None:
    answer = await answered(world, View("r1", State.DONE, text="A.", stills=stills(tmp_path, *range(31))))
    result = await world.ann.click(answer, label="🎞 Frames")
    times = [item.description for item in result.response.attachments]
    assert (len(times), times[0], times[-1]) == (10, "0:00", "0:30")


async def test_frames_of_several_clips_say_which(world, tmp_path: Path) -> None:
    both = (*stills(tmp_path, 1), *stills(tmp_path, 2, clip=1))
    answer = await answered(world, View("r1", State.DONE, text="A.", stills=both))
    result = await world.ann.click(answer, label="🎞 Frames")
    assert [item.description for item in result.response.attachments] == ["0:01 of clip 1", "0:02 of clip 2"]


async def test_frames_that_are_gone_are_a_sentence(world, tmp_path: Path) -> None:
    taken = stills(tmp_path, 0, 7)
    answer = await answered(world, View("r1", State.DONE, text="A.", stills=taken))
    Path(taken[0].path).unlink()
    result = await world.ann.click(answer, label="🎞 Frames")
    assert result.response.content == "I looked at these frames: 0:07. Some of them are no longer on my disk."
    assert len(result.response.attachments) == 1
    Path(taken[1].path).unlink()
    result = await world.ann.click(answer, label="🎞 Frames")
    assert result.response.content == "The frames of this answer are no longer on my disk."
    assert result.response.attachments == []


async def test_frames_of_a_clip_with_a_warning_are_behind_spoilers(world, tmp_path: Path) -> None:
    view = View("r1", State.DONE, text="A.", stills=stills(tmp_path, 0), chips=(warn("clip", time_s=0),))
    answer = await answered(world, view)
    result = await world.ann.click(answer, label="🎞 Frames")
    assert [item.filename for item in result.response.attachments] == ["SPOILER_frame-01-0-00.jpg"]


async def test_frames_that_discord_finds_too_large_are_a_sentence(world, tmp_path: Path) -> None:
    answer = await answered(world, View("r1", State.DONE, text="A.", stills=stills(tmp_path, 0, 7)))
    world.env.inject_error("PATCH", "/webhooks/*", status=413, code=40005)
    result = await world.ann.click(answer, label="🎞 Frames")
    assert result.response.content.endswith("The frames are larger than Discord takes here.")


# --- taking away


async def test_the_one_who_asked_deletes_the_answer_with_all_that_follows_it(world) -> None:
    await world.ask()
    view = View("r1", State.DONE, text="word " * 700)
    await world.show(view)
    world.handler.exchanges["r1"] = exchange(world, view)
    await world.ann.click(world.answers()[-1], label="🗑 Delete")
    ((request, author, place),) = world.handler.erased
    assert (request, author.id, place.channel) == ("r1", str(world.ann.id), str(world.channel.id))
    assert world.answers() == []


async def test_deleting_works_after_a_restart(world) -> None:
    answer = await answered(world, ANSWER)
    handler = await restart(world)
    await world.ann.click(answer, label="🗑 Delete")
    assert [request for request, _, _ in handler.erased] == ["r1"]
    assert world.answers() == []


async def test_a_moderator_deletes_what_others_asked_for(world) -> None:
    answer = await answered(world, ANSWER)
    await world.moderator_with_messages().click(answer, label="🗑 Delete")
    ((_, author, _),) = world.handler.erased
    assert author.is_moderator
    assert world.answers() == []


async def test_a_stranger_deletes_nothing_and_is_told_so_privately(world) -> None:
    answer = await answered(world, ANSWER)
    world.handler.may_erase = False
    result = await world.member("bob").click(answer, label="🗑 Delete")
    (said,) = result.followups
    assert said.ephemeral
    assert said.content.startswith("Only the person who asked or a moderator can delete this.")
    assert world.answer().id == answer.id


async def test_the_message_of_a_forgotten_answer_can_still_be_taken_away_by_who_asked(world) -> None:
    answer = await answered(world, ANSWER)
    world.handler.exchanges.clear()
    result = await world.member("bob").click(answer, label="🗑 Delete")
    assert result.followups[0].content.startswith("I keep nothing of this one any more.")
    await world.ann.click(answer, label="🗑 Delete")
    assert world.answers() == []


async def test_the_message_of_a_forgotten_command_can_still_be_taken_away_by_who_gave_it(world, tmp_path: Path) -> None:
    result = await world.ann.slash(world.channel, "generate", prompt="a red ball")
    await world.show(video(tmp_path))
    refused = await world.member("bob").click(result.response, label="🗑 Delete")
    assert refused.followups[0].content.startswith("I keep nothing of this one any more.")
    await world.ann.click(result.response, label="🗑 Delete")
    assert world.answers() == []


async def test_an_answer_where_the_bot_may_not_look_is_taken_away_by_the_press_itself(world) -> None:
    answer = await answered(world, ANSWER)
    world.env.inject_error("DELETE", "/channels/*/messages/*", status=403, code=50001, times=None)
    result = await world.ann.click(answer, label="🗑 Delete")
    assert result.followups == []
    assert world.answers() == []


async def test_an_answer_that_discord_does_not_give_up_is_said_to_be_still_there(world) -> None:
    answer = await answered(world, ANSWER)
    world.env.inject_error("DELETE", "/channels/*/messages/*", status=403, code=50013)
    world.env.inject_error("DELETE", "/webhooks/*", status=404, code=10015)
    result = await world.ann.click(answer, label="🗑 Delete")
    assert [request for request, _, _ in world.handler.erased] == ["r1"]
    assert result.followups[0].content.startswith("I deleted what I kept of it")
    world.handler.exchanges.clear()
    await world.ann.click(answer, label="🗑 Delete")
    assert world.answers() == []


# --- reporting


async def test_anybody_reports_an_answer_with_a_reason(world) -> None:
    answer = await answered(world, ANSWER)
    bob = world.member("bob")
    result = await fill(bob, await bob.click(answer, label="⚑ Report"), "  it shows my house ")
    ((request, author, words),) = world.handler.reports
    assert (request, author.id, words) == ("r1", str(bob.id), "it shows my house")
    assert result.ephemeral
    assert result.response.content == "Thank you. The moderators will look at it."


async def test_a_report_works_after_a_restart_in_mid_dialog(world) -> None:
    answer = await answered(world, ANSWER)
    shown = await world.ann.click(answer, label="⚑ Report")
    handler = await restart(world)
    await fill(world.ann, shown, "bad")
    assert [words for _, _, words in handler.reports] == ["bad"]


async def test_a_report_that_the_application_refuses_says_why(world) -> None:
    answer = await answered(world, ANSWER)
    world.handler.no_case = "You have reported this already."
    result = await fill(world.ann, await world.ann.click(answer, label="⚑ Report"), "bad")
    assert result.ephemeral
    assert result.response.content == "You have reported this already."


async def test_a_report_is_acknowledged_before_it_is_handed_in(world, monkeypatch: pytest.MonkeyPatch) -> None:
    """Posting the moderators' card may take longer than Discord waits."""
    answer = await answered(world, ANSWER)
    shown = await world.ann.click(answer, label="⚑ Report")
    world.env.inject_error("POST", "/interactions/*/*/callback", status=404, code=10062)
    await fill(world.ann, shown, "bad")
    assert world.handler.reports == []


async def test_place_of_a_button_is_the_place_of_its_message(world, tmp_path: Path) -> None:
    answer = await answered(world, video(tmp_path))
    await world.ann.click(answer, label="↻ Again")
    (command,) = world.handler.remakes
    assert command.place.conversation == place_of(world).conversation
