"""What a person sees of a request, from asking to its one end."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from adapters.base import Audience, DeliveryError, State
from bot.access import Defaults
from bot.running import MOST_ATTEMPTS
from bot.safety import Action
from bot.store import RequestState
from engine.errors import EngineUnavailable, TruncatedClip
from engine.types import Generate, Moderate, Progress, Started, Token, Transcode, Understand, VideoWanted
from tests.fakes.engine import ANSWERED, says
from tests.fakes.house import ADMIN, ANN, ROOM, House, Platform, Posted, Slip


async def test_a_question_about_a_clip_ends_with_an_answer_and_an_honest_footer(house: House) -> None:
    house.engine.answers = [says("Two people ", "ride past. ", "The second looks back.")]
    view = await (await house.ask("What happens?", Posted())).end()
    assert view.state is State.DONE
    assert view.text == "Two people ride past. The second looks back."
    assert "scripted" in view.footer
    assert "8 frames" in view.footer


@pytest.mark.parametrize(("words", "end"), [("What happens?", "done"), ("something vile", "blocked")])
async def test_the_log_tells_an_end_once(house: House, caplog: pytest.LogCaptureFixture, words: str, end: str) -> None:
    house.engine.answers = [says("Two people ride past.")]
    with caplog.at_level(logging.INFO):
        await (await house.ask(words, Posted())).end()
    assert [line for line in caplog.messages if line.startswith("request ")][-1].endswith(f": {end}")


async def test_one_frame_is_not_called_frames(house: House) -> None:
    house.engine.answers = [[Started(), Token(text="A cat."), msgspec.structs.replace(ANSWERED, frames=1)]]
    view = await (await house.ask("What is in the picture?", Posted())).end()
    assert view.footer == "scripted · 1 frame · 1.5 s"


async def test_the_answer_is_shown_sentence_by_sentence_while_the_model_goes_on(house: House) -> None:
    more = asyncio.Event()
    house.engine.answers = [[Started(), Token(text="First. Sec"), more, Token(text="ond."), ANSWERED]]
    slip = await house.ask("What happens?", Posted())
    early = await slip.until(lambda view: bool(view.text))
    assert early.text == "First. "
    more.set()
    assert (await slip.end()).text == "First. Second."


async def test_several_people_who_are_one_author_wait_each_for_themselves(house: House) -> None:
    for seat in ("a window", "another", ""):
        await (await house.ask("What happens?", author=replace(ANN, seat=seat))).end()
    assert len(set(house.engine.users)) == 3


async def test_every_sentence_is_checked_before_it_is_shown(house: House) -> None:
    house.engine.answers = [says("Fine. ", "Something vile. ", "Never reached.")]
    slip = await house.ask("What happens?", Posted())
    view = await slip.end()
    assert view.state is State.BLOCKED
    assert all("vile" not in shown.text for shown in slip.views)
    assert view.text == ""
    assert "harassment 0.99" in view.notice


async def test_a_model_that_turned_unsafe_is_stopped(house: House) -> None:
    house.engine.answers = [[Started(), Token(text="Something vile. "), asyncio.Event()]]
    await (await house.ask("What happens?", Posted())).end()
    assert len(house.engine.cancelled) == 1


async def test_an_unsafe_question_never_reaches_the_model(house: House) -> None:
    view = await (await house.ask("a vile question", Posted())).end()
    assert view.state is State.BLOCKED
    assert not house.engine.of(Understand)


async def test_a_text_that_is_too_long_is_told_so_and_reaches_no_check(house: House) -> None:
    asked = await (await house.ask("a" * 8_001)).end()
    assert asked.notice == "That is 8,001 characters long; I take up to 8,000. Shorten it and send it again."
    wished = await (await house.generate("b" * 40_000)).end()
    assert "40,000 characters" in wished.notice
    assert not house.engine.of(Moderate)


async def test_an_unsafe_clip_is_blocked_with_the_time_of_the_frame(house: House) -> None:
    view = await (await house.ask("What is it?", Posted("nude.mp4"))).end()
    assert view.state is State.BLOCKED
    assert "sexual 0.95" in view.notice
    assert "0:07" in view.notice


async def test_a_guard_that_fails_closes_the_door(house: House) -> None:
    house.engine.guards_work = False
    view = await (await house.ask("What happens?", Posted())).end()
    assert view.state is State.FAILED
    assert not house.engine.of(Understand)


async def test_a_warning_is_shown_with_the_answer(house: House) -> None:
    house.action = Action.WARN
    house.open()
    view = await (await house.ask("a vile question", Posted())).end()
    assert view.state is State.DONE
    assert [chip.action for chip in view.chips if chip.where == "question"] == ["warn"]


async def test_what_nobody_scores_is_said_to_be_not_covered(house: House) -> None:
    view = await (await house.ask("What happens?", Posted())).end()
    assert "violence" in view.not_covered


async def test_every_decision_is_in_the_audit_with_score_threshold_and_time(house: House) -> None:
    await (await house.ask("What happens?", Posted())).end()
    rows = {row.where: row for row in await house.store.audit()}
    assert set(rows) == {"question", "clip", "answer"}
    assert (rows["clip"].score, rows["clip"].threshold, rows["clip"].time_s) == (0.02, 0.7, 7.2)


async def test_a_file_that_cannot_be_read_is_explained_to_its_author(house: House) -> None:
    house.engine.inspect_error = TruncatedClip("That file ends after 2 of its 14 MB. Upload it again?")
    view = await (await house.ask("What happens?", Posted())).end()
    assert (view.state, view.code) == (State.FAILED, "media.truncated")
    assert view.notice == "That file ends after 2 of its 14 MB. Upload it again?"


async def test_a_file_over_the_cap_is_refused(house: House) -> None:
    view = await (await house.ask("What happens?", Posted(data=b"x" * 2000))).end()
    assert view.code == "media.too_large"


async def test_an_empty_message_says_what_to_do(house: House) -> None:
    view = await (await house.ask("  ")).end()
    assert (view.state, view.code) == (State.FAILED, "bad_input")


async def test_a_second_question_knows_the_first_and_its_clip(house: House) -> None:
    house.engine.answers = [says("Ten seconds."), says("Two.")]
    await (await house.ask("How long?", Posted())).end()
    await (await house.ask("How many people?")).end()
    job = house.engine.of(Understand)[1]
    assert isinstance(job, Understand)
    assert [turn.text for turn in job.turns] == ["How long?", "Ten seconds.", "How many people?"]
    assert [clip.name for clip in job.turns[0].clips] == ["bikes.mp4"]


async def test_another_place_knows_nothing_of_it(house: House) -> None:
    await (await house.ask("How long?", Posted())).end()
    elsewhere = type(ROOM)("test", "guild", "other")
    await (await house.ask("And here?", place=elsewhere)).end()
    job = house.engine.of(Understand)[1]
    assert isinstance(job, Understand)
    assert len(job.turns) == 1


async def test_the_same_event_twice_is_one_request_and_one_answer(house: House) -> None:
    first = await house.ask("Hello?", event="e1")
    second = await house.ask("Hello?", event="e1")
    await first.end()
    assert len(house.engine.of(Understand)) == 1
    assert second.views == []


async def test_when_the_process_dies_mid_answer_the_second_attempt_replaces_the_first(house: House) -> None:
    retry = [Started(), Token(text="Half a sen. "), Started(attempt=2), Token(text="The whole."), ANSWERED]
    house.engine.answers = [retry]
    slip = await house.ask("What happens?", Posted())
    assert (await slip.end()).text == "The whole."


async def test_an_engine_that_is_away_is_a_clear_sentence(house: House) -> None:
    house.engine.answers = [[EngineUnavailable("The model is restarting. Try again in a minute.")]]
    view = await (await house.ask("What happens?", Posted())).end()
    assert (view.state, view.code) == (State.FAILED, "unavailable")


async def test_whoever_asked_can_cancel_and_the_model_stops(house: House) -> None:
    house.engine.answers = [[Started(), Token(text="One. "), asyncio.Event()]]
    slip = await house.ask("What happens?", Posted())
    view = await slip.until(lambda view: bool(view.text))
    assert await house.assistant.cancel(view.request, ADMIN)
    assert (await slip.end()).state is State.CANCELLED
    assert len(house.engine.cancelled) == 1
    assert not await house.assistant.cancel(view.request, ADMIN)


async def test_a_stranger_cannot_cancel(house: House) -> None:
    go = asyncio.Event()
    house.engine.answers = [[Started(), Token(text="One. "), go, ANSWERED]]
    slip = await house.ask("What happens?", Posted())
    view = await slip.until(lambda view: bool(view.text))
    stranger = type(ADMIN)("bob", "Bob")
    assert not await house.assistant.cancel(view.request, stranger)
    go.set()
    assert (await slip.end()).state is State.DONE


async def test_generate_ends_with_a_checked_video_and_its_seed(house: House) -> None:
    slip = await house.generate("a red ball", seed=7)
    view = await slip.end()
    assert view.state is State.DONE
    assert (view.videos[0].seed, view.videos[0].prompt) == (7, "a red ball")
    assert Path(view.videos[0].path).exists()
    assert {chip.where for chip in view.chips} == {"prompt", "video"}
    assert "seed 7" in view.footer


async def test_progress_is_a_bar_with_an_end_in_sight(house: House) -> None:
    wait = asyncio.Event()
    house.engine.videos = [[Started(), Progress(step=12, total=30, label="frames"), wait]]
    slip = await house.generate("a red ball")
    view = await slip.until(lambda view: view.bar is not None)
    assert view.bar is not None
    assert (view.bar.step, view.bar.total) == (12, 30)
    assert view.bar.eta_s is not None
    await house.assistant.cancel(view.request, ADMIN)
    await slip.end()


async def test_an_unsafe_prompt_is_never_rendered(house: House) -> None:
    view = await (await house.generate("something vile")).end()
    assert view.state is State.BLOCKED
    assert not house.engine.of(Generate)


async def test_what_is_to_be_avoided_is_checked_as_well(house: House) -> None:
    assert (await (await house.generate("a ball", avoid="vile")).end()).state is State.BLOCKED


async def test_an_unsafe_video_is_seen_by_nobody_and_deleted(house: House) -> None:
    house.engine.unsafe_video = True
    slip = await house.generate("a red ball")
    view = await slip.end()
    assert view.state is State.BLOCKED
    assert not any(shown.videos for shown in slip.views)
    assert not [name for name in house.files() if name.endswith(".mp4")]
    assert "your quota was not charged" in view.notice.lower()


async def test_a_video_too_large_for_its_place_is_made_to_fit(house: House) -> None:
    house.engine.video_bytes = 5000
    view = await (await house.generate("a red ball")).end()
    assert len(house.engine.of(Transcode)) == 1
    assert Path(view.videos[0].path).stat().st_size == ROOM.upload_limit


async def test_impossible_wishes_are_refused_with_what_is_possible(house: House) -> None:
    for options in ({"seconds": 900.0}, {"width": 10}, {"seed": -1}):
        view = await (await house.generate("a red ball", **options)).end()
        assert (view.state, view.code) == (State.FAILED, "bad_input")


async def test_a_model_that_asks_for_a_video_gets_it_after_its_answer(house: House) -> None:
    house.engine.answers = [[Started(), Token(text="Here it comes."), VideoWanted(prompt="a red ball"), ANSWERED]]
    view = await (await house.ask("Show me a red ball")).end()
    assert view.text == "Here it comes."
    assert [video.prompt for video in view.videos] == ["a red ball"]
    turns = await house.store.turns(ROOM.conversation)
    assert turns[-1].text == "Here it comes. <video>a red ball</video>"


async def test_permission_to_chat_is_not_permission_to_generate(house: House) -> None:
    house.defaults = Defaults(generate=Audience("admins"))
    house.open()
    house.engine.answers = [[Started(), Token(text="Here."), VideoWanted(prompt="a ball"), ANSWERED]]
    view = await (await house.ask("Show me a ball")).end()
    assert (view.state, view.text, view.videos) == (State.DONE, "Here.", ())
    assert "for admins only" in view.notice
    assert (await (await house.generate("a ball")).end()).code == "not_permitted"
    assert (await (await house.generate("a ball", author=ADMIN)).end()).state is State.DONE


async def test_a_wished_video_with_an_unsafe_prompt_is_blocked_and_the_answer_stays(house: House) -> None:
    house.engine.answers = [[Started(), Token(text="Here."), VideoWanted(prompt="vile things"), ANSWERED]]
    view = await (await house.ask("Show me")).end()
    assert (view.state, view.text) == (State.BLOCKED, "Here.")
    assert not house.engine.of(Generate)


async def test_history_redraws_the_conversation_and_forget_empties_it(house: House) -> None:
    house.engine.answers = [says("Ten seconds.")]
    await (await house.ask("How long?", Posted())).end()
    await (await house.generate("a red ball")).end()
    exchanges = await house.assistant.history(ROOM)
    assert [exchange.text for exchange in exchanges] == ["How long?", "/generate a red ball"]
    assert exchanges[0].view.text == "Ten seconds."
    await house.assistant.forget(ROOM)
    assert await house.assistant.history(ROOM) == []
    assert house.files() == []
    assert await house.store.turns(ROOM.conversation) == []


async def test_forgetting_cancels_what_runs(house: House) -> None:
    house.engine.answers = [[Started(), asyncio.Event()]]
    slip = await house.ask("What happens?", Posted())
    await slip.until(lambda view: bool(view.status))
    await house.assistant.forget(ROOM)
    assert (await slip.end()).state is State.CANCELLED


async def test_a_shutdown_leaves_the_request_and_the_next_start_finishes_it(house: House) -> None:
    house.engine.answers = [[Started(), Token(text="Half. "), asyncio.Event()], says("The whole answer.")]
    first = await house.ask("What happens?", Posted())
    await first.until(lambda view: bool(view.text))
    await house.assistant.drain(0)
    assert not any(view.state.final for view in first.views)
    assert "restarted" in first.views[-1].status
    house.open()
    platform = Platform()
    await house.assistant.resume({"test": platform})
    view = await platform.slip.end()
    assert (view.state, view.text) == (State.DONE, "The whole answer.")
    assert len([job for job in house.engine.of(Moderate) if isinstance(job, Moderate) and job.clips]) == 2


async def test_an_answer_that_could_not_be_delivered_is_delivered_at_the_next_start_once(house: House) -> None:
    slip = Slip()
    slip.broken = DeliveryError("the platform is away")
    await house.ask("Hello?", slip=slip)
    await house.assistant.drain(5)
    house.open()
    platform = Platform()
    await house.assistant.resume({"test": platform})
    await house.assistant.drain(5)
    assert [view.text for view in platform.slip.views] == ["All is well."]
    again = Platform()
    await house.assistant.resume({"test": again})
    await house.assistant.drain(5)
    assert again.slip.views == []


async def test_an_answer_that_cannot_be_delivered_again_does_not_keep_the_bot_from_starting(house: House) -> None:
    slip = Slip()
    slip.broken = DeliveryError("the platform is away")
    await house.ask("Hello?", slip=slip)
    await house.assistant.drain(5)
    house.open()
    away = Platform()
    away.slip.broken = DeliveryError("the channel is closed")
    await house.assistant.resume({"test": away})
    await away.slip.refused.wait()
    assert (await (await house.ask("And now?")).end()).state is State.DONE
    await house.assistant.drain(5)
    assert len(await house.store.undelivered()) == 1


async def test_a_request_that_keeps_killing_the_bot_is_given_up(house: House) -> None:
    house.engine.answers = [[Started(), asyncio.Event()]]
    slip = await house.ask("What happens?")
    request = (await slip.until(lambda view: view.status == "Thinking …")).request
    for _ in range(MOST_ATTEMPTS):  # each of them killed, which gives no attempt back
        await house.store.claim(request)
    await house.assistant.drain(0)
    house.open()
    platform = await house.start(Platform())
    assert platform.slip is not None
    view = await platform.slip.end()
    assert (view.state, view.code) == (State.FAILED, "interrupted")


async def test_ten_stops_in_good_order_during_one_long_job_do_it_no_harm(house: House) -> None:
    house.engine.answers = [[Started(), asyncio.Event()]]
    slip = await house.ask("What happens?")
    for deploy in range(10):
        request = (await slip.until(lambda view: view.status == "Thinking …")).request
        await house.assistant.drain(0)
        kept = await house.store.request(request)
        assert kept is not None
        assert (kept.state, kept.attempts) == (RequestState.ACCEPTED, 0)
        house.engine.answers = [[Started(), asyncio.Event()] if deploy < 9 else says("At last.")]
        house.open()
        slip = (await house.start(Platform())).slip or slip
    view = await slip.end()
    assert (view.state, view.text) == (State.DONE, "At last.")


async def test_a_stop_takes_back_its_own_attempt_and_not_those_of_earlier_crashes(house: House) -> None:
    house.engine.answers = [[Started(), asyncio.Event()]]
    slip = await house.ask("What happens?")
    request = (await slip.until(lambda view: view.status == "Thinking …")).request
    await house.store.claim(request)
    await house.assistant.drain(0)
    kept = await house.store.request(request)
    assert kept is not None
    assert (kept.state, kept.attempts) == (RequestState.RUNNING, 1)


async def test_an_adapter_that_fails_to_draw_in_between_still_gets_the_end(house: House) -> None:
    go = asyncio.Event()
    house.engine.answers = [[Started(), Token(text="One. "), go, Token(text="Two."), ANSWERED]]
    slip = Slip()
    slip.broken = RuntimeError("a bug in the adapter")
    await house.ask("What happens?", slip=slip)
    await slip.refused.wait()
    slip.broken = None
    go.set()
    assert (await slip.end()).text == "One. Two."
