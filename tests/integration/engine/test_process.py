"""The inference process dies, hangs, will not load or is left alone: real processes, real SIGKILL."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from engine import EngineSettings
from engine.errors import EngineUnavailable, GuardUnavailable, JobCancelled, JobPoisoned
from engine.types import Answered, Event, JobClass, Moderate, Rendered, Scored, Started

ROOT = Path(__file__).parents[3]
IMPATIENT = EngineSettings(cancel_grace_s=0.2, watchdog_floor_s=dict.fromkeys(JobClass, 0.7))


@pytest.fixture
def full_table() -> Callable[[], AbstractContextManager[None]]:
    """Takes every descriptor that this process may have, until the block ends."""

    @contextmanager
    def full() -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, before[0]), before[1]))
        taken: list[int] = []
        try:
            with suppress(OSError):
                while True:
                    taken.append(os.open(os.devnull, os.O_RDONLY))
            yield
        finally:
            for descriptor in taken:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, before)

    return full


def kill(engine: Any) -> None:
    os.kill(engine.health().pid, signal.SIGKILL)


# --- death ---


async def test_an_answer_whose_process_is_killed_is_answered_again(lab: Any, text_of: Callable[..., str]) -> None:
    engine = await lab.start()
    ticket = engine.submit(lab.ask("say:one", "touch:said", "wait:gate", "say:two"), request="r")
    events: list[Event] = []

    async def read() -> None:
        async for event in ticket:
            events.append(event)

    reader = asyncio.create_task(read())
    await lab.seen("said")
    kill(engine)
    await lab.until(lambda: Started(attempt=2) in events)
    lab.open("gate")
    await reader
    second = events[events.index(Started(attempt=2)) :]
    assert text_of(second) == "onetwo"
    assert isinstance(events[-1], Answered)
    assert engine.health().restarts == 1


async def test_a_render_killed_between_two_steps_is_rendered_again(lab: Any) -> None:
    engine = await lab.start()
    rendered = await engine.run(lab.render("step", "die-unless:first"), request="r")
    assert isinstance(rendered, Rendered)
    assert Path(rendered.path).exists()


async def test_an_idle_process_that_is_killed_is_replaced(lab: Any) -> None:
    engine = await lab.start()
    before = engine.health().pid
    kill(engine)
    await lab.until(lambda: engine.health().ready and engine.health().pid != before)
    assert isinstance(await engine.run(lab.ask("say:x"), request="r"), Answered)


async def test_a_process_that_is_killed_is_replaced_when_no_descriptor_is_left(
    lab: Any, full_table: Callable[[], AbstractContextManager[None]]
) -> None:
    engine = await lab.start()
    with full_table():
        for restarts in (1, 2):
            kill(engine)
            await lab.until(lambda wanted=restarts: engine.health().ready and engine.health().restarts == wanted)
        assert isinstance(await engine.run(lab.ask("say:x"), request="r"), Answered)


async def test_a_process_killed_while_loading_is_started_again(lab: Any) -> None:
    engine = await lab.start(model=lab.path("first"), understanding="DiesOnceLoading")
    assert engine.health().restarts == 1
    assert isinstance(await engine.run(lab.ask("say:x"), request="r"), Answered)


async def test_jobs_that_wait_do_not_notice_a_death(lab: Any) -> None:
    engine = await lab.start()
    first = engine.submit(lab.ask("touch:running", "wait:gate"), request="r")
    others = [engine.submit(lab.ask("log:begun", "say:x"), request="r") for _ in range(4)]
    await lab.seen("running")
    kill(engine)
    lab.open("gate")
    assert isinstance(await first.result(), Answered)
    for ticket in others:
        events = [event async for event in ticket]
        assert Started(attempt=1) in events
        assert isinstance(events[-1], Answered)
    assert Path(lab.path("begun")).read_text() == "xxxx"


async def test_a_poison_job_kills_twice_and_takes_nobody_along(lab: Any) -> None:
    engine = await lab.start()
    good = [engine.submit(lab.ask("say:x"), request=f"good{number}") for number in range(3)]
    poison = engine.submit(lab.ask("log:deaths", "die"), request="poison")
    more = [engine.submit(lab.ask("say:x"), request=f"more{number}") for number in range(3)]
    with pytest.raises(JobPoisoned):
        await poison.result()
    for ticket in good + more:
        assert isinstance(await ticket.result(), Answered)
    assert Path(lab.path("deaths")).read_text() == "xx"
    assert engine.health().restarts == 2


async def test_a_check_that_kills_the_process_during_a_render_is_told_from_the_render(lab: Any) -> None:
    engine = await lab.start()
    render = engine.submit(lab.render("touch:running", "wait:gate"), request="render")
    await lab.seen("running")
    with pytest.raises(JobPoisoned):
        await engine.run(Moderate(text=lab.words("log:deaths", "die")), request="check", system=True)
    lab.open("gate")
    assert isinstance(await render.result(), Rendered)
    assert Path(lab.path("deaths")).read_text() == "xx"


async def test_too_many_deaths_open_the_breaker_and_a_probe_heals_it(lab: Any) -> None:
    weights = Path(lab.path("weights"))
    weights.touch()
    settings = EngineSettings(max_restarts=1, breaker_cooldown_s=0.2)
    engine = await lab.start(settings=settings, model=str(weights), understanding="LoadsOnlyWith")
    ticket = engine.submit(lab.ask("touch:running", "wait:gate"), request="r")
    await lab.seen("running")
    weights.unlink()
    kill(engine)
    await lab.until(lambda: engine.health().breaker_open)
    with pytest.raises(EngineUnavailable, match="keep stopping"):
        engine.submit(lab.ask("say:x"), request="r")
    assert engine.health().queued == 1
    weights.touch()
    lab.open("gate")
    assert isinstance(await ticket.result(), Answered)
    assert not engine.health().breaker_open
    assert isinstance(await engine.run(lab.ask("say:x"), request="r"), Answered)


async def test_a_start_that_keeps_dying_gives_up_with_a_reason(lab: Any) -> None:
    engine = lab.build(
        settings=EngineSettings(max_restarts=1), model=lab.path("nothing"), understanding="LoadsOnlyWith"
    )
    with pytest.raises(EngineUnavailable):
        await engine.start()
    assert engine.health().pid is None


async def test_a_start_that_takes_too_long_gives_up_with_a_reason(lab: Any) -> None:
    engine = lab.build(
        settings=EngineSettings(start_timeout_s=0.7), model=lab.path("never"), understanding="SlowLoading"
    )
    waiter = asyncio.create_task(engine.start())
    with pytest.raises(EngineUnavailable, match=r"not ready within 0\.7 seconds"):
        await waiter
    assert engine.health().pid is None


async def test_a_start_that_is_interrupted_leaves_no_process(lab: Any, is_alive: Callable[[int], bool]) -> None:
    engine = lab.build(settings=IMPATIENT, model=lab.path("never"), understanding="SlowLoading")
    start = asyncio.create_task(engine.start())
    await lab.until(lambda: engine.health().pid is not None)
    pid = engine.health().pid
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert not is_alive(pid)


async def test_a_stop_does_not_wait_for_the_loading(lab: Any, is_alive: Callable[[int], bool]) -> None:
    engine = lab.build(settings=EngineSettings(cancel_grace_s=60), model=lab.path("never"), understanding="SlowLoading")
    start = asyncio.create_task(engine.start())
    await lab.until(lambda: engine.health().pid is not None)
    pid = engine.health().pid
    waiting = engine.submit(lab.ask("say:x"), request="r")
    await engine.stop(grace_s=0.0)
    for waiter in (start, waiting.result()):
        with pytest.raises(EngineUnavailable, match="stopped"):
            await waiter
    assert not is_alive(pid)


# --- hangs ---


async def test_a_hang_is_dumped_killed_and_recovered(lab: Any, caplog: pytest.LogCaptureFixture) -> None:
    engine = await lab.start(settings=IMPATIENT)
    hanging = engine.submit(lab.ask("log:hangs", "stuck"), request="the-hanging-one")
    behind = engine.submit(lab.ask("say:x"), request="r")
    with pytest.raises(JobPoisoned):
        await hanging.result()
    assert isinstance(await behind.result(), Answered)
    assert Path(lab.path("hangs")).read_text() == "xx"
    assert "the-hanging-one" in caplog.text
    assert "run_words" in caplog.text  # the stack says where it hung


async def test_a_hang_inside_native_code_is_dumped_and_killed_too(lab: Any, caplog: pytest.LogCaptureFixture) -> None:
    engine = await lab.start(settings=IMPATIENT)
    with pytest.raises(JobPoisoned):
        await engine.run(lab.ask("spin"), request="r")
    assert "run_words" in caplog.text
    assert isinstance(await engine.run(lab.ask("say:x"), request="r"), Answered)


async def test_a_crash_in_native_code_leaves_its_stack_in_the_log(lab: Any, caplog: pytest.LogCaptureFixture) -> None:
    engine = await lab.start()
    with pytest.raises(JobPoisoned):
        await engine.run(lab.ask("crash"), request="the-crashing-one")
    assert "Segmentation fault" in caplog.text
    assert "run_words" in caplog.text
    assert "the-crashing-one" in caplog.text


async def test_a_stopped_process_counts_as_hanging(lab: Any) -> None:
    engine = await lab.start(settings=IMPATIENT)
    ticket = engine.submit(lab.ask("touch:running", "wait:gate"), request="r")
    await lab.seen("running")
    os.kill(engine.health().pid, signal.SIGSTOP)
    lab.open("gate")
    assert isinstance(await ticket.result(), Answered)
    assert engine.health().restarts == 1


async def test_slow_but_stepping_is_no_hang(lab: Any) -> None:
    engine = await lab.start(settings=IMPATIENT)
    ticket = engine.submit(lab.ask("touch:running", "wait:gate"), request="r")
    await lab.seen("running")
    await asyncio.sleep(1.6)  # more than twice the watchdog's floor: time itself is what is tested
    lab.open("gate")
    assert isinstance(await ticket.result(), Answered)
    assert engine.health().restarts == 0


async def test_a_job_deaf_to_its_cancel_is_killed_and_its_neighbours_are_not_blamed(lab: Any) -> None:
    engine = await lab.start(settings=EngineSettings(cancel_grace_s=0.1))
    for _ in range(2):
        deaf = engine.submit(lab.ask("touch:running", "hold:never"), request="deaf")
        behind = engine.submit(lab.ask("say:x"), request="r")
        await lab.seen("running")
        deaf.cancel()
        with pytest.raises(JobCancelled):
            await deaf.result()
        assert isinstance(await behind.result(), Answered)
        Path(lab.path("running")).unlink()
    assert engine.health().restarts == 2
    assert not engine.health().breaker_open


async def test_nobody_is_killed_for_the_cancel_of_a_job_that_has_not_begun(lab: Any) -> None:
    engine = await lab.start(settings=EngineSettings(cancel_grace_s=0.05))
    spinning = engine.submit(lab.ask("touch:running", "spin"), request="r")  # the whole process is deaf
    await lab.seen("running")
    staged = engine.submit(lab.ask("say:x"), request="r")
    staged.cancel()
    with pytest.raises(JobCancelled):
        await staged.result()
    assert engine.health().restarts == 0
    spinning.cancel()


async def test_a_render_is_not_killed_for_the_check_between_its_steps(lab: Any) -> None:
    engine = await lab.start(settings=EngineSettings(cancel_grace_s=0.5))
    render = engine.submit(lab.render("touch:running", "wait:never"), request="r")
    await lab.seen("running")
    check = engine.submit(Moderate(text=lab.words("touch:checking", "hold:gate")), request="r")
    await lab.seen("checking")
    render.cancel()
    await asyncio.sleep(1)  # twice the grace: time itself is what is tested
    lab.open("gate")
    assert isinstance(await check.result(), Scored)
    with pytest.raises(JobCancelled):
        await render.result()
    assert engine.health().restarts == 0


async def test_a_guard_that_hangs_is_not_mistaken_for_its_render(lab: Any) -> None:
    engine = await lab.start(settings=IMPATIENT)
    render = engine.submit(lab.render("touch:running", "wait:gate"), request="render")
    await lab.seen("running")
    with pytest.raises((JobPoisoned, GuardUnavailable)):
        await engine.run(Moderate(text="stuck"), request="check", system=True)
    lab.open("gate")
    assert isinstance(await render.result(), Rendered)


async def test_a_hanging_process_does_not_outlive_the_stop(lab: Any, is_alive: Callable[[int], bool]) -> None:
    engine = await lab.start(settings=EngineSettings(cancel_grace_s=0.1))
    ticket = engine.submit(lab.ask("touch:running", "stuck"), request="r")
    await lab.seen("running")
    pid = engine.health().pid
    await engine.stop(grace_s=0.1)
    assert not is_alive(pid)
    with pytest.raises(EngineUnavailable):
        await ticket.result()


async def test_a_death_during_the_drain_is_survived(lab: Any) -> None:
    engine = await lab.start()
    ticket = engine.submit(lab.ask("touch:running", "wait:gate"), request="r")
    await lab.seen("running")
    stop = asyncio.create_task(engine.stop(grace_s=10))
    await asyncio.sleep(0)
    kill(engine)
    lab.open("gate")
    await stop
    assert isinstance(await ticket.result(), Answered)


# --- the process and its parent ---

PARENT = """
import asyncio, pathlib
import bot  # stands for all that the inference process must not load
pathlib.Path({mark!r}).open("a").write("x")  # a side effect of the main module

async def serve():
    from engine import build_engine
    from engine.types import ModelChoice, Role, RuntimeConfig, Turn, Understand
    fake = ModelChoice(backend="tests.fakes.engine_backends:Answers")
    engine = build_engine(RuntimeConfig(models={{Role.UNDERSTANDING: fake}}))
    await engine.start()
    job = Understand(turns=(Turn(role="user", text={words!r}),))
    print(engine.health().pid, flush=True)
    await engine.run(job, request="r")
    print("answered", flush=True)
    await engine.stop()

asyncio.run(serve())
"""


@pytest.fixture
def parent(lab: Any) -> Callable[..., subprocess.Popen[str]]:
    """A program with an engine in it, started in one of the ways in which programs are started."""

    def start(words: str, how: str = "script") -> subprocess.Popen[str]:
        program = PARENT.format(mark=lab.path("main"), words=words)
        script = lab.folder / "program.py"
        script.write_text(program)
        arguments = {"script": [str(script)], "-m": ["-m", "program"], "-c": ["-c", program], "stdin": ["-"]}[how]
        started = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(lab.folder)])},
            start_new_session=True,
        )
        assert started.stdin is not None
        if how == "stdin":
            started.stdin.write(program)
        started.stdin.close()
        return started

    return start


@pytest.mark.parametrize("how", ["script", "-m", "-c", "stdin"])
def test_the_main_module_runs_once_however_the_program_is_started(lab: Any, parent: Any, how: str) -> None:
    with parent(lab.words("print:noise", "modules:modules"), how) as program:
        out = program.stdout.read()
    assert program.returncode == 0
    assert out.split()[1:] == ["answered"]  # what the models print is not mixed into the program's own output
    assert Path(lab.path("main")).read_text() == "x"
    imported = Path(lab.path("modules")).read_text().split()
    assert "engine.runtime" in imported
    assert not {"bot", "program"} & set(imported)


@pytest.mark.parametrize("words", ["wait:never", "hold:never", "stuck"])
async def test_no_process_outlives_a_killed_parent(lab: Any, parent: Any, is_alive: Any, words: str) -> None:
    with parent(lab.words("touch:running", words)) as program:
        await lab.seen("running")
        pid = int(program.stdout.readline())
        assert is_alive(pid)
        program.kill()
    await lab.until(lambda: not is_alive(pid))


async def test_ctrl_c_reaches_the_parent_only(lab: Any, parent: Any, is_alive: Any) -> None:
    with parent(lab.words("touch:running", "wait:gate")) as program:
        await lab.seen("running")
        pid = int(program.stdout.readline())
        assert os.getpgid(pid) != os.getpgid(program.pid)
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            os.kill(pid, signal_number)
        lab.open("gate")
        assert program.stdout.read().split() == ["answered"]


async def test_a_program_that_forgets_to_stop_still_ends_and_leaves_nothing(lab: Any, is_alive: Any) -> None:
    program = PARENT.format(mark=lab.path("main"), words="say:x").replace("await engine.stop()", "")
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=20,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    pid = int(done.stdout.split()[0])
    await lab.until(lambda: not is_alive(pid))


async def test_nothing_is_left_open_after_many_lives(lab: Any) -> None:
    engine = await lab.start(settings=EngineSettings(max_restarts=100))
    scored = await engine.run(Moderate(text="x"), request="r")
    assert isinstance(scored, Scored)

    async def die() -> None:
        before = engine.health().restarts
        kill(engine)
        await lab.until(lambda: engine.health().ready and engine.health().restarts == before + 1)

    def count_open() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    await die()
    open_before = count_open()
    await die()
    await die()
    assert count_open() <= open_before
