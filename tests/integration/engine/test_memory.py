"""Too little memory, and a device that fails: what the waiting people get, in a thread and in a real process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import Engine, EngineSettings, build_engine
from engine.errors import JobCancelled, JobFailed, JobPoisoned, OutOfMemory
from engine.types import (
    Answered,
    Event,
    JobClass,
    ModelChoice,
    Moderate,
    Rendered,
    Role,
    RuntimeConfig,
    Scored,
    Started,
)
from tests.fakes import engine_backends

MIB = 1 << 20


@pytest.fixture(params=["inline", "process"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def house(lab: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`await house(kind)`: a device of 1000 MiB with room for the guard and one of the two large models."""
    monkeypatch.setattr(engine_backends, "DEVICE", engine_backends.Device())

    def choose(name: str, mebibytes: int, **options: Any) -> ModelChoice:
        return ModelChoice(
            backend=f"tests.fakes.engine_backends:Resident{name}",
            name=name.lower(),
            options={"weights": mebibytes * MIB, "journal": lab.path("journal"), "thrifty": True, **options},
        )

    async def start(kind: str = "process", settings: EngineSettings | None = None, **options: Any) -> Engine:
        models = {
            Role.UNDERSTANDING: choose("Answers", 500, **options),
            Role.GENERATION: choose("Videos", 600, **options),
            Role.TEXT_GUARD: choose("Guard", 100),
        }
        config = RuntimeConfig(models=models, device="cpu", memory_bytes=1000 * MIB)
        engine = build_engine(config, settings, executor=kind)  # type: ignore[arg-type]
        lab.engines.append(engine)
        async with asyncio.timeout(20):
            await engine.start()
        Path(lab.path("journal")).unlink()
        return engine

    return start


def happened(lab: Any) -> list[str]:
    return Path(lab.path("journal")).read_text().splitlines()


async def read(engine: Engine, job: Any) -> list[Event]:
    return [event async for event in engine.submit(job, request="r", user="u")]


# --- turns ---


async def test_questions_and_videos_take_turns_on_a_small_device(lab: Any, house: Any, kind: str) -> None:
    engine = await house(kind)
    assert isinstance(await engine.run(lab.render(), request="r"), Rendered)
    assert isinstance(await engine.run(Moderate(text="x"), request="r"), Scored)
    assert isinstance(await engine.run(lab.ask("say:x"), request="r"), Answered)
    assert happened(lab) == [
        "unload answers",
        "load videos",
        "work videos",
        "work guard",
        "unload videos",
        "load answers",
        "work answers",
    ]


async def test_a_check_runs_between_the_steps_of_a_video_that_fills_the_device(lab: Any, house: Any, kind: str) -> None:
    engine = await house(kind)
    render = engine.submit(lab.render("touch:running", "wait:gate", f"need:{200 * MIB}"), request="r")
    await lab.seen("running")
    assert isinstance(await engine.run(Moderate(text=f"need:{50 * MIB}"), request="m", system=True), Scored)
    lab.open("gate")
    assert isinstance(await render.result(), Rendered)
    assert happened(lab).count("work videos") == 1


async def test_who_cancels_while_a_model_is_loaded_is_let_go_and_nobody_is_killed(lab: Any, house: Any) -> None:
    lab.open("gate")
    engine = await house(settings=EngineSettings(cancel_grace_s=0.1), gate=lab.path("gate"))
    pid = engine.health().pid
    Path(lab.path("gate")).unlink()
    render = engine.submit(lab.render("touch:begun"), request="r")
    await lab.until(lambda: Path(lab.path("journal")).exists() and "load videos" in happened(lab))
    render.cancel()
    with pytest.raises(JobCancelled):
        await render.result()
    question = engine.submit(lab.ask("say:x"), request="r")
    lab.open("gate")
    assert isinstance(await question.result(), Answered)
    assert not Path(lab.path("begun")).exists()
    assert (engine.health().pid, engine.health().restarts) == (pid, 0)


async def test_loading_a_large_model_inside_a_job_is_no_hang(lab: Any, house: Any) -> None:
    lab.open("gate")
    impatient = EngineSettings(watchdog_floor_s=dict.fromkeys(JobClass, 0.3))
    engine = await house(settings=impatient, gate=lab.path("gate"))
    Path(lab.path("gate")).unlink()
    render = engine.submit(lab.render(), request="r")
    await asyncio.sleep(1.0)  # beyond the floor, far below what 600 MiB may take: time itself is what is tested
    lab.open("gate")
    assert isinstance(await render.result(), Rendered)
    assert engine.health().restarts == 0


async def test_each_model_has_its_own_time_to_load_and_large_ones_have_more(lab: Any, house: Any) -> None:
    settings = EngineSettings(start_timeout_s=2.5)  # the process and its imports need some of it
    starting = asyncio.create_task(house(settings=settings, gate=lab.path("gate")))
    await lab.until(lambda: Path(lab.path("journal")).exists() and "load videos" in happened(lab))
    await asyncio.sleep(3.0)  # as above
    lab.open("gate")
    assert (await starting).health().restarts == 0


# --- out of memory ---


async def test_an_answer_that_runs_out_of_memory_begins_again_thriftier_and_is_not_said_twice(
    lab: Any, house: Any, kind: str, text_of: Callable[[list[Event]], str]
) -> None:
    engine = await house(kind)
    events = await read(engine, lab.ask("say:one", f"need:{500 * MIB}", "say:two"))
    assert Started(attempt=2) in events
    assert text_of(events[events.index(Started(attempt=2)) :]) == "onetwo"
    assert isinstance(events[-1], Answered)
    assert events[-1].tokens == 2
    assert happened(lab) == ["work answers", "relieve answers", "work answers"]
    assert engine.health().restarts == 0


async def test_others_leave_for_a_job_that_runs_out_of_memory(lab: Any, house: Any, kind: str) -> None:
    engine = await house(kind)
    events = await read(engine, lab.render(f"need:{400 * MIB}"))
    assert isinstance(events[-1], Rendered)
    assert happened(lab)[2:] == ["work videos", "relieve videos", "work videos"]


async def test_who_runs_out_of_memory_twice_is_told_what_to_do_and_the_next_one_is_served(
    lab: Any, house: Any, kind: str
) -> None:
    engine = await house(kind)
    pid = engine.health().pid
    with pytest.raises(OutOfMemory, match="shorter or smaller") as failure:
        await engine.run(lab.ask("say:a", "oom"), request="r")
    assert "secret" not in str(failure.value)
    assert happened(lab).count("work answers") == 2
    assert isinstance(await engine.run(lab.ask("say:x"), request="r"), Answered)
    assert isinstance(await engine.run(lab.render(), request="r"), Rendered)
    assert engine.health().pid == pid


async def test_a_job_is_not_tried_again_where_nothing_would_be_different(lab: Any, house: Any, kind: str) -> None:
    engine = await house(kind, thrifty=False)
    with pytest.raises(OutOfMemory):
        await engine.run(lab.ask("oom"), request="r")
    assert happened(lab) == ["work answers", "relieve answers"]


async def test_the_machines_own_memory_may_run_out_too(lab: Any, house: Any, kind: str) -> None:
    engine = await house(kind)
    with pytest.raises(OutOfMemory):
        await engine.run(lab.ask("raise:MemoryError"), request="r")
    assert happened(lab).count("work answers") == 2
    lite = await lab.start(kind)
    with pytest.raises(OutOfMemory):
        await lite.run(lab.ask("log:tries", "raise:MemoryError"), request="r")
    assert Path(lab.path("tries")).read_text() == "x"


# --- the device is lost ---


async def test_a_job_that_loses_the_device_twice_is_poisoned_and_the_next_one_is_served(
    lab: Any, house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    engine = await house()
    first = engine.health().pid
    poison = engine.submit(lab.ask("log:deaths", "say:x", "lost"), request="poison")
    behind = engine.submit(lab.ask("say:x"), request="behind")
    with pytest.raises(JobPoisoned):
        await poison.result()
    assert isinstance(await behind.result(), Answered)
    assert isinstance(await engine.run(lab.render(), request="r"), Rendered)
    assert Path(lab.path("deaths")).read_text() == "xx"
    assert engine.health().restarts == 2
    assert engine.health().pid != first
    assert "ended with status 4" in caplog.text


async def test_a_check_that_loses_the_device_takes_the_process_along_and_the_video_is_made_again(
    lab: Any, house: Any
) -> None:
    engine = await house()
    render = engine.submit(lab.render("touch:running", "wait:gate"), request="render")
    await lab.seen("running")
    with pytest.raises(JobPoisoned):
        await engine.run(Moderate(text=lab.words("log:deaths", "lost")), request="check", system=True)
    lab.open("gate")
    assert isinstance(await render.result(), Rendered)
    assert Path(lab.path("deaths")).read_text() == "xx"


async def test_a_thread_cannot_leave_so_the_job_fails(lab: Any, house: Any) -> None:
    engine = await house("inline")
    with pytest.raises(JobFailed, match="device failed"):
        await engine.run(lab.ask("lost"), request="r")
    assert isinstance(await engine.run(lab.ask("say:x"), request="r"), Answered)
