"""What every executor must do, seen through the engine. One suite, run for each of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from engine import Engine, EngineSettings
from engine.errors import (
    BadRequest,
    EngineUnavailable,
    GuardUnavailable,
    JobCancelled,
    JobFailed,
    Overloaded,
    UnknownModel,
)
from engine.types import (
    Answered,
    Category,
    Clip,
    Event,
    Moderate,
    Progress,
    Queued,
    Rendered,
    Scored,
    Started,
    Token,
    VideoWanted,
)

KINDS = ["inline", "process"]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def engine(lab: Any, kind: str) -> AsyncIterator[Engine]:
    return await lab.start(kind)  # type: ignore[no-any-return]


async def read(engine: Engine, job: Any, **who: Any) -> list[Event]:
    return [event async for event in engine.submit(job, request="r", **who)]


async def test_an_answer_streams_in_order_and_ends_with_its_result(lab: Any, engine: Engine) -> None:
    events = await read(engine, lab.ask("say:See", "step", "say:<video>a</video>", "say:there"))
    assert events[0] == Started(attempt=1)
    assert "".join(event.text for event in events if isinstance(event, Token)) == "Seethere"
    assert [event for event in events if isinstance(event, VideoWanted)] == [VideoWanted(prompt="a")]
    assert isinstance(events[-1], Answered)


async def test_the_loaded_models_are_described(engine: Engine) -> None:
    assert [card.name for card in engine.cards] == ["fake answers", "fake videos", "fake text guard"]
    assert engine.coverage.text == (Category.HARASSMENT, Category.SEXUAL)
    assert engine.health().ready


async def test_a_video_is_rendered_with_progress(lab: Any, engine: Engine) -> None:
    events = await read(engine, lab.render())
    assert Progress(step=5, total=5, label="steps") in events
    assert isinstance(events[-1], Rendered)
    assert Path(events[-1].path).exists()


async def test_several_models_for_videos_are_there_at_once_and_one_can_be_chosen(lab: Any, kind: str) -> None:
    engine = await lab.start(kind, generation="Videos", gallery=["OtherVideos"])
    default, other = engine.generation_models
    assert (default.name, other.name) == ("fake videos", "other videos")
    assert default.backend == lab.render(model="Videos").model
    assert other.backend == lab.render(model="OtherVideos").model
    for model, made_by in (("", "fake"), ("Videos", "fake"), ("OtherVideos", "other")):
        rendered = await engine.run(lab.render(model=model), request="r")
        assert isinstance(rendered, Rendered)
        assert rendered.model == made_by


async def test_a_video_model_that_is_not_here_is_refused_at_once(lab: Any, kind: str) -> None:
    engine = await lab.start(kind, generation="Videos", gallery=["OtherVideos"])
    with pytest.raises(UnknownModel, match=r"“tests\.fakes\.engine_backends:Sora”.*:Videos, .*:OtherVideos") as refused:
        engine.submit(lab.render(model="Sora"), request="r", user="u")
    assert isinstance(refused.value, BadRequest)
    assert engine.health().queued == 0


async def test_a_model_of_the_gallery_that_cannot_load_stops_the_start(lab: Any, kind: str) -> None:
    with pytest.raises(EngineUnavailable, match="pip install fake"):
        await lab.start(kind, generation="Videos", gallery=["VideosNotInstalled"])


async def test_a_text_is_scored(engine: Engine) -> None:
    scored = await engine.run(Moderate(text="score:0.75"), request="r")
    assert isinstance(scored, Scored)
    assert {(score.category, score.score) for score in scored.scores} == {
        (Category.HARASSMENT, 0.75),
        (Category.SEXUAL, 0.75),
    }


async def test_a_failed_check_is_a_typed_error(engine: Engine) -> None:
    with pytest.raises(GuardUnavailable):
        await engine.run(Moderate(text="raise:ValueError"), request="r")
    with pytest.raises(GuardUnavailable):
        await engine.run(Moderate(clips=(Clip(path="nowhere.mp4"),)), request="r")


async def test_a_backend_that_raises_fails_its_job_only(lab: Any, engine: Engine) -> None:
    pid = engine.health().pid
    with pytest.raises(JobFailed, match="Please try again") as failure:
        await engine.run(lab.ask("say:a", "raise:ValueError"), request="r")
    assert "secret" not in str(failure.value)
    assert isinstance(await engine.run(lab.ask("say:b"), request="r"), Answered)
    assert engine.health().pid == pid


async def test_a_job_without_its_model_is_refused_at_once(lab: Any, kind: str) -> None:
    engine = await lab.start(kind, understanding="Answers")
    with pytest.raises(EngineUnavailable, match="making videos"):
        engine.submit(lab.render(), request="r")


async def test_half_a_surrogate_pair_hurts_nobody_else(lab: Any, engine: Engine) -> None:
    with pytest.raises(BadRequest, match="type it again"):
        engine.submit(lab.ask("say:\ud83d"), request="r")
    assert isinstance(await engine.run(lab.ask("say:x"), request="r"), Answered)


# --- cancelling ---


async def test_a_running_job_is_cancelled_at_its_next_step(lab: Any, engine: Engine) -> None:
    ticket = engine.submit(lab.render("touch:running", "wait:never"), request="r")
    await lab.seen("running")
    ticket.cancel()
    with pytest.raises(JobCancelled):
        await ticket.result()
    assert not Path(lab.path("out.mp4")).exists()
    assert isinstance(await engine.run(lab.ask("say:next"), request="r"), Answered)


async def test_a_queued_job_is_cancelled_at_once_and_never_begins(lab: Any, engine: Engine) -> None:
    blocker = engine.submit(lab.ask("wait:gate"), request="r")
    others = [engine.submit(lab.ask("touch:begun"), request="r") for _ in range(4)]
    for ticket in others:
        ticket.cancel()
    for ticket in others:
        with pytest.raises(JobCancelled):
            await ticket.result()
    lab.open("gate")
    assert isinstance(await blocker.result(), Answered)
    assert not Path(lab.path("begun")).exists()


@pytest.mark.parametrize("breaths", range(6))
async def test_a_cancel_between_hand_over_and_start_is_not_lost(lab: Any, engine: Engine, breaths: int) -> None:
    ticket = engine.submit(lab.ask("wait:never"), request="r")
    for _ in range(breaths):
        await asyncio.sleep(0)
    ticket.cancel()
    with pytest.raises(JobCancelled):
        await asyncio.wait_for(ticket.result(), 10)


async def test_a_late_cancel_does_not_hit_the_next_job(lab: Any, engine: Engine) -> None:
    first = engine.submit(lab.ask("say:a"), request="r")
    await first.result()
    second = engine.submit(lab.ask("touch:running", "wait:gate"), request="r")
    await lab.seen("running")
    first.cancel()
    lab.open("gate")
    assert isinstance(await second.result(), Answered)


async def test_walking_away_from_the_events_cancels_the_job(lab: Any, engine: Engine) -> None:
    ticket = engine.submit(lab.ask("say:a", "wait:never"), request="r")
    async with aclosing(aiter(ticket)) as events:
        async for event in events:
            if isinstance(event, Token):
                break
    await lab.until(lambda: engine.health().running == 0)


async def test_a_caller_that_is_cancelled_takes_its_job_along(lab: Any, engine: Engine) -> None:
    caller = asyncio.create_task(engine.run(lab.ask("touch:running", "wait:never"), request="r"))
    await lab.seen("running")
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await lab.until(lambda: engine.health().running == 0)


# --- moderation in between ---


async def test_moderation_runs_while_a_video_is_rendered(lab: Any, engine: Engine) -> None:
    render = engine.submit(lab.render("touch:running", "wait:gate"), request="r")
    await lab.seen("running")
    scored = await asyncio.wait_for(engine.run(Moderate(text="x"), request="m", system=True), 10)
    assert isinstance(scored, Scored)
    lab.open("gate")
    assert isinstance(await render.result(), Rendered)


async def test_an_answer_is_moderated_while_it_streams(lab: Any, engine: Engine) -> None:
    words = [word for number in range(5) for word in (f"say:sentence{number}", f"wait:checked{number}")]
    checked = 0
    async for event in engine.submit(lab.ask(*words), request="r"):
        if isinstance(event, Token):
            # The answer goes on only when its last sentence was checked: without nesting this would never end.
            await asyncio.wait_for(engine.run(Moderate(text=event.text), request="m", system=True), 10)
            lab.open(f"checked{checked}")
            checked += 1
    assert checked == 5


async def test_many_checks_during_one_render_all_succeed(lab: Any, engine: Engine) -> None:
    render = engine.submit(lab.render("touch:running", "wait:gate"), request="r")
    await lab.seen("running")
    checks = [engine.run(Moderate(text="x"), request="m", system=True) for _ in range(50)]
    assert all(isinstance(scored, Scored) for scored in await asyncio.gather(*checks))
    lab.open("gate")
    await render.result()


# --- queueing ---


async def test_whoever_waits_is_told_position_and_measured_eta(lab: Any, kind: str) -> None:
    engine = await lab.start(kind, EngineSettings(position_interval_s=0.01))
    await engine.run(lab.ask("say:measured"), request="r")
    blocker = engine.submit(lab.ask("touch:running", "wait:gate"), request="r")
    await lab.until(lambda: engine.health().running == 1)
    waiting = [engine.submit(lab.ask("say:x"), request=f"r{number}") for number in range(3)]
    readers = [aiter(ticket) for ticket in waiting]
    firsts = [await anext(reader) for reader in readers]
    assert [event.position for event in firsts if isinstance(event, Queued)] == [1, 2, 3]
    assert all(event.eta_s is not None for event in firsts if isinstance(event, Queued))
    lab.open("gate")
    await blocker.result()


async def test_before_anything_was_measured_no_eta_is_invented(lab: Any, engine: Engine) -> None:
    engine.submit(lab.ask("wait:gate"), request="r")
    engine.submit(lab.ask("wait:gate"), request="r")
    third = engine.submit(lab.ask("say:x"), request="r")
    first_event = await anext(aiter(third))
    assert isinstance(first_event, Queued)
    assert first_event.eta_s is None
    lab.open("gate")


async def test_a_question_overtakes_the_videos_that_wait(lab: Any, engine: Engine) -> None:
    running = engine.submit(lab.render("touch:running", "wait:gate", out="1.mp4"), request="r")
    await lab.until(lambda: engine.health().running == 1)
    order: list[str] = []

    async def note(name: str, job: Any) -> None:
        await engine.run(job, request=name)
        order.append(name)

    videos = [asyncio.create_task(note(f"video{n}", lab.render(out=f"{n}.mp4"))) for n in (2, 3)]
    await asyncio.sleep(0)
    question = asyncio.create_task(note("question", lab.ask("say:x")))
    await asyncio.sleep(0)
    # What is sent is read in order: once this check is back, the process has the question too.
    await engine.run(Moderate(text="x"), request="m", system=True)
    lab.open("gate")
    await asyncio.gather(running.result(), question, *videos)
    assert order[0] == "question"


@pytest.mark.parametrize("staged", [False, True])
async def test_a_video_that_costs_little_is_made_in_the_middle_of_a_flood_of_questions(
    lab: Any, kind: str, staged: bool
) -> None:
    engine = await lab.start(kind)
    running = engine.submit(lab.ask("touch:running", "wait:gate"), request="r")
    await lab.until(lambda: engine.health().running == 1)
    order: list[str] = []

    async def note(name: str, job: Any) -> None:
        await engine.run(job, request=name, user=name)
        order.append(name)

    # Nobody knows yet how long a video takes: after a few questions one is tried.
    names = [f"q{number}" for number in range(60)]
    names.insert(0 if staged else 20, "video")
    jobs = [asyncio.create_task(note(name, lab.render() if name == "video" else lab.ask("say:x"))) for name in names]
    await asyncio.sleep(0)
    await engine.run(Moderate(text="x"), request="m", system=True)  # the process has read what was sent before
    lab.open("gate")
    await asyncio.gather(running.result(), *jobs)
    assert order.index("video") <= 10


async def test_one_user_cannot_fill_the_queue(lab: Any, engine: Engine) -> None:
    engine.submit(lab.ask("touch:running", "wait:gate"), request="r", user="u")
    await lab.until(lambda: engine.health().running == 1)
    for _ in range(3):
        engine.submit(lab.ask("say:x"), request="r", user="u")
    with pytest.raises(Overloaded) as refusal:
        engine.submit(lab.ask("say:x"), request="r", user="u")
    assert float(refusal.value.details["retry_after_s"]) > 0
    engine.submit(lab.ask("say:x"), request="r", user="another")
    checked = await engine.run(Moderate(text="x"), request="r", user="u", system=True)
    assert isinstance(checked, Scored)
    lab.open("gate")


async def test_the_queue_is_bounded_by_the_wait_it_means(lab: Any, kind: str) -> None:
    engine = await lab.start(kind, EngineSettings(max_wait_s=1.2))
    engine.submit(lab.ask("wait:gate"), request="r")
    engine.submit(lab.ask("say:x"), request="r")
    engine.submit(lab.ask("say:x"), request="r")
    with pytest.raises(Overloaded, match="try again in"):  # a question is first guessed to take half a second at least
        engine.submit(lab.ask("say:x"), request="r")
    lab.open("gate")


async def test_checks_are_taken_however_long_a_render_takes(lab: Any, kind: str) -> None:
    engine = await lab.start(kind, EngineSettings(max_wait_s=1.0))
    # First guessed to take two seconds at least.
    render = engine.submit(lab.render("touch:running", "wait:gate"), request="r")
    await lab.until(lambda: engine.health().running == 1)
    with pytest.raises(Overloaded):
        engine.submit(lab.ask("say:x"), request="r")
    assert isinstance(await engine.run(Moderate(text="x"), request="m"), Scored)
    lab.open("gate")
    await render.result()


async def test_a_reader_that_sleeps_holds_little_and_loses_no_text(lab: Any, engine: Engine) -> None:
    ticket = engine.submit(lab.ask(*["say:x"] * 3000, "touch:said"), request="r")
    await lab.seen("said")
    await lab.until(lambda: engine.health().running == 0)
    events = [event async for event in ticket]
    assert len(events) < 10
    assert "".join(event.text for event in events if isinstance(event, Token)) == "x" * 3000


# --- start and stop ---


@pytest.mark.parametrize(
    ("backend", "reason"), [("NotInstalled", "pip install"), ("Unloadable", "could not be loaded")]
)
async def test_a_failed_start_tells_every_waiter_why(lab: Any, kind: str, backend: str, reason: str) -> None:
    engine = lab.build(kind, understanding=backend)
    start = asyncio.create_task(engine.start())
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(engine.run(lab.ask("say:x"), request="r")) for _ in range(3)]
    with pytest.raises(EngineUnavailable, match=reason):
        await start
    for waiter in waiting:
        with pytest.raises(EngineUnavailable, match=reason):
            await waiter
    with pytest.raises(EngineUnavailable, match=reason):
        engine.submit(lab.ask("say:x"), request="r")
    assert not engine.health().ready


async def test_jobs_submitted_while_loading_run_afterwards(lab: Any, kind: str) -> None:
    engine = lab.build(kind, model=lab.path("gate"), understanding="SlowLoading")
    start = asyncio.create_task(engine.start())
    await asyncio.sleep(0)
    ticket = engine.submit(lab.ask("say:x"), request="r")
    lab.open("gate")
    await start
    assert isinstance(await ticket.result(), Answered)


async def test_nothing_is_taken_before_the_start_or_after_the_stop(lab: Any, kind: str) -> None:
    engine = lab.build(kind)
    with pytest.raises(EngineUnavailable):
        engine.submit(lab.ask("say:x"), request="r")
    await engine.start()
    await engine.stop()
    await engine.stop()
    with pytest.raises(EngineUnavailable):
        engine.submit(lab.ask("say:x"), request="r")


async def test_what_ends_within_the_grace_is_finished_and_checks_are_still_taken(lab: Any, engine: Engine) -> None:
    tickets = [engine.submit(lab.ask("touch:running", "wait:gate"), request="r") for _ in range(3)]
    await lab.seen("running")
    stop = asyncio.create_task(engine.stop(grace_s=10))
    await asyncio.sleep(0)
    with pytest.raises(EngineUnavailable, match="being stopped"):
        engine.submit(lab.ask("say:x"), request="r")
    assert isinstance(await engine.run(Moderate(text="x"), request="r", system=True), Scored)
    lab.open("gate")
    await stop
    assert all([isinstance(await ticket.result(), Answered) for ticket in tickets])


async def test_what_does_not_end_within_the_grace_is_told_so(lab: Any, engine: Engine) -> None:
    tickets = [engine.submit(lab.render("touch:running", "wait:never"), request="r") for _ in range(3)]
    await lab.seen("running")
    await engine.stop(grace_s=0.05)
    for ticket in tickets:
        with pytest.raises(EngineUnavailable, match="ask again"):
            await ticket.result()
    assert not Path(lab.path("out.mp4")).exists()
