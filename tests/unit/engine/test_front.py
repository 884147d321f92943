"""The front against an executor that the test plays by hand: whatever happens, every accepted job ends exactly once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.engine import Engine
from engine.errors import EngineError, EngineUnavailable, JobCancelled, JobFailed, JobPoisoned, Overloaded
from engine.executors.base import ExecutorHealth, Streams, Task, WorkerDied
from engine.executors.wire import Loaded
from engine.learned import LearnedTimes
from engine.scheduler import CostModel, Key, cost_key
from engine.settings import EngineSettings
from engine.ticket import Ticket
from engine.types import (
    Answered,
    Event,
    Failed,
    Generate,
    Job,
    JobClass,
    ModelChoice,
    Moderate,
    Queued,
    Role,
    RuntimeConfig,
    Started,
    Turn,
    Understand,
)

CONFIG = RuntimeConfig(models={role: ModelChoice(backend="nothing") for role in Role})
QUESTION = Understand(turns=(Turn(role="user", text="?"),))
MODERATED = Moderate(text="?")
JOBS: tuple[Job, ...] = (MODERATED, QUESTION, Generate(prompt="?", out="o"))
ANSWERED = Answered(model="m", seconds=0.0)


class HandExecutor:
    """Does nothing by itself."""

    def __init__(self) -> None:
        self.tasks: dict[int, Task] = {}
        self.started: set[int] = set()
        self.cancelled: set[int] = set()
        self.ready = True
        self._streams = Streams()

    async def start(self, on_change: Callable[[], None]) -> Loaded:
        self._on_change = on_change
        return Loaded()

    def submit(self, task: Task) -> AsyncIterator[Event]:
        assert self.ready
        self.tasks[task.number] = task
        return self._streams.open(task.number)

    def cancel(self, number: int) -> None:
        self.cancelled.add(number)

    def health(self) -> ExecutorHealth:
        return ExecutorHealth(ready=self.ready)

    async def drain(self, grace_s: float) -> None:
        self.ready = False
        self._streams.fail_all(lambda: WorkerDied("stopped", blameless=True))

    # --- by hand ---

    def begin(self, number: int) -> None:
        self.started.add(number)
        self._streams.put(number, Started(attempt=self.tasks[number].attempt))

    def end(self, number: int, event: Event = ANSWERED) -> None:
        self._forget(number)
        self._streams.put(number, event)

    def die(self, *, blameless: bool = False) -> None:
        self.ready = False
        for number in list(self.tasks):
            self._forget(number)
        self._streams.fail_all(lambda: WorkerDied("died", blameless=blameless))

    def revive(self) -> None:
        self.ready = True
        self._on_change()

    def _forget(self, number: int) -> None:
        del self.tasks[number]
        self.started.discard(number)
        self.cancelled.discard(number)


async def breathe() -> None:
    """Let everything happen that can happen without the executor."""
    for _ in range(8):
        await asyncio.sleep(0)


class Stage:
    """An engine on a hand-played executor, and the endings of all its tickets."""

    def __init__(self, settings: EngineSettings | None = None) -> None:
        self.executor = HandExecutor()
        self.engine = Engine(CONFIG, settings or EngineSettings(per_user_queue=10_000, max_wait_s=1e9), self.executor)
        self.tickets: list[Ticket] = []
        self.readers: list[asyncio.Task[object]] = []
        self.attempts: dict[str, list[int]] = {}

    async def open(self) -> Stage:
        await self.engine.start()
        return self

    def submit(self, job: Job, user: str = "u") -> Ticket:
        ticket = self.engine.submit(job, request=f"r{len(self.tickets)}", user=user)
        self.tickets.append(ticket)
        self.readers.append(asyncio.create_task(self._read(ticket)))
        return ticket

    async def _read(self, ticket: Ticket) -> object:
        seen = self.attempts.setdefault(ticket.request, [])
        last: object = None
        try:
            async for event in ticket:
                assert not isinstance(last, Answered | Failed), "an event came after the end"
                if isinstance(event, Started):
                    seen.append(event.attempt)
                last = event
        except EngineError as error:
            return error
        return last

    def running(self) -> list[int]:
        return sorted(self.executor.tasks)

    async def finish(self) -> list[object]:
        """Play a healthy executor until nothing is left."""
        async with asyncio.timeout(10):
            while not all(reader.done() for reader in self.readers):
                if not self.executor.ready:
                    self.executor.revive()
                await breathe()
                for number in self.running():
                    if number not in self.executor.started:
                        self.executor.begin(number)
                    cancelled = number in self.executor.cancelled
                    self.executor.end(number, JobCancelled("x").to_event() if cancelled else ANSWERED)
                await breathe()
        return [reader.result() for reader in self.readers]


ACTIONS = st.lists(
    st.sampled_from(["submit", "submit", "begin", "end", "fail", "cancel", "die", "blameless", "revive", "breathe"]),
    max_size=60,
)


@given(actions=ACTIONS, seed=st.integers(0, 2**16))
@settings(max_examples=150, deadline=None)
def test_every_accepted_job_ends_exactly_once_whatever_happens(actions: list[str], seed: int) -> None:
    async def live() -> None:
        stage = await Stage().open()
        rng = random.Random(seed)
        for action in actions:
            await play(stage, action, rng)
            check_slots(stage)
        endings = await stage.finish()
        assert len(endings) == len(stage.tickets)
        assert all(isinstance(end, Answered | JobCancelled | JobFailed | JobPoisoned) for end in endings)
        for attempts in stage.attempts.values():
            assert attempts == sorted(set(attempts)), "attempts are numbered in order"
        health = stage.engine.health()
        assert (health.running, health.queued) == (0, 0)
        await stage.engine.stop()

    asyncio.run(live())


async def play(stage: Stage, action: str, rng: random.Random) -> None:
    executor = stage.executor
    match action:
        case "submit":
            stage.submit(rng.choice(JOBS), user=rng.choice("abc"))
        case "begin" if waiting := [number for number in stage.running() if number not in executor.started]:
            executor.begin(rng.choice(waiting))
        case "end" if executor.started:
            executor.end(rng.choice(sorted(executor.started)))
        case "fail" if executor.started:
            executor.end(rng.choice(sorted(executor.started)), Failed(code="job_failed", message="x"))
        case "cancel" if stage.tickets:
            rng.choice(stage.tickets).cancel()
        case "die" | "blameless" if executor.ready:
            executor.die(blameless=action == "blameless")
            await breathe()  # the process needs longer than this to come back
        case "revive" if not executor.ready:
            executor.revive()
        case "breathe":
            await breathe()


def check_slots(stage: Stage) -> None:
    tasks = list(stage.executor.tasks.values())
    checks = [task for task in tasks if task.job_class is JobClass.MODERATION]
    assert len(checks) <= EngineSettings().moderation_slots
    assert len(tasks) - len(checks) <= 3


async def test_a_suspect_is_tried_again_alone_and_then_given_up() -> None:
    stage = await Stage().open()
    for _ in range(4):
        stage.submit(QUESTION)
    await breathe()
    first, staged = stage.running()
    stage.executor.begin(first)
    await breathe()
    stage.executor.die()
    await breathe()
    stage.executor.revive()
    await breathe()
    (alone,) = stage.running()
    assert alone not in (first, staged)
    stage.executor.begin(alone)
    await breathe()
    stage.executor.die()
    endings = await stage.finish()
    assert [type(ending) for ending in endings] == [JobPoisoned, Answered, Answered, Answered]
    assert stage.attempts == {"r0": [1, 2], "r1": [1], "r2": [1], "r3": [1]}


async def test_a_job_is_never_blamed_for_the_end_of_its_neighbour() -> None:
    stage = await Stage().open()
    stage.submit(QUESTION)
    for _ in range(5):
        await breathe()
        (number,) = stage.running()
        stage.executor.begin(number)
        await breathe()
        stage.executor.die(blameless=True)
        await breathe()
        stage.executor.revive()
    assert [type(ending) for ending in await stage.finish()] == [Answered]
    assert stage.attempts == {"r0": [1, 2, 3, 4, 5, 6]}


async def test_a_result_that_comes_after_the_cancel_is_not_handed_out() -> None:
    stage = await Stage().open()
    ticket = stage.submit(QUESTION)
    await breathe()
    (number,) = stage.running()
    stage.executor.begin(number)
    ticket.cancel()
    stage.executor.end(number, ANSWERED)
    assert [type(ending) for ending in await stage.finish()] == [JobCancelled]


async def test_an_executor_that_breaks_its_word_fails_the_job_and_not_the_engine(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stage = await Stage().open()
    with monkeypatch.context() as patch:
        patch.setattr(stage.executor, "submit", lambda task: None)
        stage.submit(QUESTION)
        await breathe()
    stage.submit(QUESTION)
    assert [type(ending) for ending in await stage.finish()] == [JobFailed, Answered]
    assert "r0" in caplog.text


async def test_a_stop_tells_everybody_who_still_waits() -> None:
    stage = await Stage().open()
    for job in JOBS * 3:
        stage.submit(job)
    await breathe()
    await stage.engine.stop(grace_s=0.0)
    endings = [await reader for reader in stage.readers]
    assert [type(ending) for ending in endings] == [EngineUnavailable] * 9


# --- what jobs took ---


async def test_nobody_is_sent_away_because_of_a_guess() -> None:
    stage = await Stage(EngineSettings()).open()
    for number in range(200):
        stage.submit(QUESTION, user=f"u{number}")
    assert all(isinstance(end, Answered) for end in await stage.finish())
    await stage.engine.stop()


async def test_who_comes_once_it_was_measured_how_long_the_waiting_ones_take_is_told_the_truth(
    tmp_path: Path,
) -> None:
    file = tmp_path / "times.json"
    kept(file, {cost_key(QUESTION): 30.0})
    stage = await Stage(EngineSettings(times_file=file)).open()
    for number in range(21):  # 600 seconds ahead of the last one, and what waits for whoever runs
        stage.submit(QUESTION, user=f"u{number}")
    with pytest.raises(Overloaded, match="about 30 seconds"):
        stage.submit(QUESTION, user="late")
    await stage.finish()
    await stage.engine.stop()


async def test_the_first_one_who_waits_after_a_restart_is_told_how_long(tmp_path: Path) -> None:
    file = tmp_path / "state" / "times.json"
    before = await Stage(EngineSettings(times_file=file)).open()
    before.submit(QUESTION)
    await before.finish()
    await before.engine.stop()

    after = await Stage(EngineSettings(times_file=file, position_interval_s=0.0)).open()
    for number in range(3):
        after.submit(QUESTION, user=f"u{number}")
    assert (await first_told(after, QUESTION)).eta_s is not None
    await after.finish()
    await after.engine.stop()


async def test_who_asks_for_what_was_never_measured_is_told_no_time(tmp_path: Path) -> None:
    file = tmp_path / "times.json"
    kept(file, {cost_key(MODERATED): 0.1})
    stage = await Stage(EngineSettings(times_file=file, moderation_slots=1, position_interval_s=0.0)).open()
    for _ in range(3):
        stage.submit(MODERATED)
    assert (await first_told(stage, MODERATED)).eta_s is not None
    for number in range(2):
        stage.submit(QUESTION, user=f"u{number}")
    assert (await first_told(stage, QUESTION)).eta_s is None
    await stage.finish()
    await stage.engine.stop()


async def first_told(stage: Stage, job: Job) -> Queued:
    """What somebody who asks now is told first; then they think better of it."""
    ticket = stage.engine.submit(job, request="r", user="somebody")
    async with asyncio.timeout(5), aclosing(ticket.__aiter__()) as events:
        told = await anext(events)
    ticket.cancel()
    assert isinstance(told, Queued)
    return told


def kept(file: Path, times: dict[Key, float]) -> None:
    LearnedTimes(file, CONFIG, CostModel()).save(times)


@pytest.mark.parametrize(("seconds", "handed"), [(1.0, 2), (0.01, EngineSettings().moderation_slots)])
async def test_of_long_checks_only_those_are_handed_over_that_keep_the_model_busy(
    seconds: float, handed: int, tmp_path: Path
) -> None:
    kept(tmp_path / "times.json", {cost_key(MODERATED): seconds})
    stage = await Stage(EngineSettings(times_file=tmp_path / "times.json")).open()
    for number in range(20):
        stage.submit(MODERATED, user=f"u{number}")
    assert len(stage.running()) == handed
    await stage.finish()
    await stage.engine.stop()
