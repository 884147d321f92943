"""Other models take over while the engine serves: with real processes and with threads. Every job ends once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from engine import EngineSettings
from engine.engine import Engine
from engine.errors import EngineError, EngineUnavailable, UnknownModel
from engine.types import Answered, Event, Generate, Moderate, Rendered, Role, RuntimeConfig, Scored, Started
from tests.integration.engine.conftest import config

HASTY = EngineSettings(handover_s=0.05, cancel_grace_s=0.5)
OTHERS = {"understanding": "OtherAnswers", "generation": "Videos", "text_guard": "TextGuard"}


@pytest.fixture(params=["inline", "process"])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


def others(model: str = "", **more: str) -> RuntimeConfig:
    """`model` is that of the one for questions."""
    made = config(**{**OTHERS, **more})
    made.models[Role.UNDERSTANDING] = msgspec.structs.replace(made.models[Role.UNDERSTANDING], model=model)
    return made


def who(engine: Engine) -> str:
    return next(card.name for card in engine.cards if card.role is Role.UNDERSTANDING)


async def events_of(ticket: Any, into: list[Event]) -> None:
    with contextlib.suppress(EngineError):
        async for event in ticket:
            into.append(event)


@pytest.mark.parametrize("beside", [True, False])
async def test_jobs_before_during_and_after_a_switch_each_end_once(lab: Any, kind: Any, beside: bool) -> None:
    engine = await lab.start(kind, settings=EngineSettings(per_user_queue=100))
    before = engine.submit(lab.ask("say:before", "touch:began", "wait:gate"), request="before")
    await lab.seen("began")
    waiting = [engine.submit(lab.ask(f"say:{number}"), request=f"w{number}") for number in range(5)]
    check = engine.submit(Moderate(text="fine"), request="check", system=True)
    switching = asyncio.create_task(engine.switch(others(), beside=beside))
    await asyncio.sleep(0)
    during = engine.submit(lab.ask("say:during"), request="during")
    lab.open("gate")
    await switching
    after = engine.submit(lab.ask("say:after"), request="after")
    for ticket in (before, *waiting, during, after):
        assert isinstance(await ticket.result(), Answered)
    assert isinstance(await check.result(), Scored)
    assert who(engine) == "other answers"
    assert engine.config == others()
    assert engine.health().ready


async def test_the_old_models_answer_until_the_new_ones_are_ready(lab: Any, kind: Any) -> None:
    engine = await lab.start(kind)
    switching = asyncio.create_task(engine.switch(others(lab.path("load"), understanding="SlowToLoad")))
    await lab.seen("load.began")
    assert isinstance(await engine.run(lab.ask("say:hello"), request="r"), Answered)
    assert who(engine) == "fake answers"
    assert not switching.done()
    lab.open("load")
    await switching
    assert who(engine) == "slow to load"
    assert isinstance(await engine.run(lab.ask("say:hello"), request="s"), Answered)


@pytest.mark.parametrize("beside", [True, False])
async def test_models_that_do_not_load_leave_the_old_ones_as_they_were(lab: Any, kind: Any, beside: bool) -> None:
    engine = await lab.start(kind)
    with pytest.raises(EngineUnavailable, match="could not be loaded"):
        await engine.switch(others(understanding="Unloadable"), beside=beside)
    assert who(engine) == "fake answers"
    assert engine.health().ready
    assert isinstance(await engine.run(lab.ask("say:hello"), request="r"), Answered)
    await engine.switch(others())  # and another try may succeed
    assert who(engine) == "other answers"


async def test_what_does_not_end_in_time_is_done_again_by_the_new_models(
    lab: Any, kind: Any, text_of: Callable[..., str]
) -> None:
    engine = await lab.start(kind, settings=HASTY)
    ticket = engine.submit(lab.ask("say:one", "touch:began", "wait:gate", "say:two"), request="r")
    seen: list[Event] = []
    reading = asyncio.create_task(events_of(ticket, seen))
    await lab.seen("began")
    await engine.switch(others())
    await lab.until(lambda: Started(attempt=2) in seen)
    lab.open("gate")
    await reading
    assert text_of(seen[seen.index(Started(attempt=2)) :]) == "onetwo"
    assert sum(isinstance(event, Answered) for event in seen) == 1


async def test_a_job_that_moves_on_can_be_cancelled_before_and_after(lab: Any, kind: Any) -> None:
    engine = await lab.start(kind)
    old = engine.submit(lab.ask("touch:old", "wait:never"), request="old")
    await lab.seen("old")
    await engine.switch(others())
    new = engine.submit(lab.ask("touch:new", "wait:never"), request="new")
    await lab.seen("new")
    for ticket in (old, new):
        ticket.cancel()
        with pytest.raises(EngineError, match="cancelled"):
            await ticket.result()


@pytest.mark.parametrize("beside", [True, False])
async def test_a_switch_that_is_given_up_leaves_the_old_models(lab: Any, beside: bool) -> None:
    engine = await lab.start()
    switching = asyncio.create_task(engine.switch(others(lab.path("load"), understanding="SlowToLoad"), beside=beside))
    await lab.seen("load.began")
    switching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await switching
    assert who(engine) == "fake answers"
    assert isinstance(await engine.run(lab.ask("say:hello"), request="r"), Answered)


async def test_a_new_process_that_is_killed_while_it_loads_is_started_again(lab: Any) -> None:
    engine = await lab.start()
    switching = asyncio.create_task(engine.switch(others(lab.path("load"), understanding="SlowToLoad")))
    await lab.seen("load.began")
    pid = int((lab.folder / "load.began").read_text())
    os.kill(pid, signal.SIGKILL)
    assert isinstance(await engine.run(lab.ask("say:hello"), request="r"), Answered)
    lab.open("load")
    await switching
    assert who(engine) == "slow to load"


async def test_only_one_switch_goes_on_at_a_time(lab: Any) -> None:
    engine = await lab.start("inline")
    first = asyncio.create_task(engine.switch(others(lab.path("load"), understanding="SlowToLoad")))
    await lab.seen("load.began")
    with pytest.raises(EngineUnavailable, match="already"):
        await engine.switch(others())
    lab.open("load")
    await first


@pytest.mark.parametrize("beside", [True, False])
async def test_a_stop_in_the_middle_of_a_switch_leaves_no_process(lab: Any, is_alive: Any, beside: bool) -> None:
    engine = await lab.start()
    pid = engine.health().pid
    switching = asyncio.create_task(engine.switch(others(lab.path("load"), understanding="SlowToLoad"), beside=beside))
    await lab.seen("load.began")
    new = int((lab.folder / "load.began").read_text())
    await engine.stop(grace_s=0.0)
    with pytest.raises(EngineUnavailable, match="stopped"):
        await switching
    assert not is_alive(pid)
    assert not is_alive(new)


async def test_videos_take_the_new_default_unless_a_model_was_asked_for(lab: Any) -> None:
    engine = await lab.start("inline")
    engine.submit(lab.ask("touch:began", "wait:gate"), request="first")
    await lab.seen("began")
    for number in range(2):  # what is staged stays where it is
        engine.submit(lab.ask("wait:gate"), request=f"staged{number}")
    asked = engine.submit(lab.render(model="Videos", out="a.mp4"), request="asked")
    default = engine.submit(lab.render(out="b.mp4"), request="default")
    switching = asyncio.create_task(engine.switch(others(generation="OtherVideos")))
    await lab.until(lambda: who(engine) == "other answers")
    lab.open("gate")
    await switching
    assert isinstance(await default.result(), Rendered)
    with pytest.raises(UnknownModel):
        await asked.result()
    assert isinstance(await engine.run(Generate(prompt="step", out=lab.path("c.mp4")), request="new"), Rendered)


async def test_what_old_models_took_says_nothing_of_the_new_ones(lab: Any) -> None:
    times = lab.folder / "times.json"
    engine = await lab.start("inline", settings=EngineSettings(times_file=times))
    await engine.run(lab.ask("say:hello"), request="r")
    assert engine._costs.known()
    await engine.switch(others())
    assert not engine._costs.known()
    await engine.switch(config(understanding="Answers", generation="Videos", text_guard="TextGuard"))
    assert engine._costs.known()
