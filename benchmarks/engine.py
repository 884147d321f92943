"""What the engine costs over calling a model directly, how fast it notices death and cancel, how flat its queue stays.

Run `python -m benchmarks.engine`. The model is a fake that burns a processor: one that sleeps would hide contention.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import signal
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import psutil

from benchmarks.report import Row, table
from engine import Engine, EngineSettings, build_engine
from engine.backends.base import JobContext
from engine.errors import JobCancelled
from engine.scheduler import Item, Scheduler
from engine.types import (
    Event,
    Generate,
    JobClass,
    MediaLimits,
    ModelCard,
    ModelChoice,
    Moderate,
    Progress,
    Rendered,
    Role,
    RuntimeConfig,
    Started,
    Turn,
    Understand,
)

STEPS = 20
MS = 1e3


class Burner:
    """Renders by doing a fixed amount of arithmetic in 20 steps: `prompt` says how many rounds each has."""

    def card(self) -> ModelCard:
        return ModelCard(role=Role.GENERATION, backend="burner", name="burner")

    def load(self) -> None:
        pass

    def render(self, job: Generate, context: JobContext) -> Rendered:
        rounds = int(job.prompt)
        for step in range(1, STEPS + 1):
            _burn(rounds)
            context.checkpoint()
            context.emit(Progress(step=step, total=STEPS, label="steps"))
        Path(job.out).touch()
        return Rendered(path=job.out, seed=0, width=1, height=1, frames=STEPS, fps=1.0, model="burner")


class Echo:
    """Answers with one word."""

    def card(self) -> ModelCard:
        return ModelCard(role=Role.UNDERSTANDING, backend="echo", name="echo")

    def load(self) -> None:
        pass

    def answer(self, job: Understand, context: JobContext) -> Iterator[str]:
        yield "word"


CONFIG = RuntimeConfig(
    models={
        Role.GENERATION: ModelChoice(backend="benchmarks.engine:Burner"),
        Role.UNDERSTANDING: ModelChoice(backend="benchmarks.engine:Echo"),
    }
)
QUESTION = Understand(turns=(Turn(role="user", text="?"),))


class _Alone:
    """The context of a model that is called directly."""

    limits = MediaLimits()

    def say(self, piece: str) -> None:
        pass

    def emit(self, event: Event) -> None:
        pass

    def checkpoint(self) -> None:
        pass


def _burn(rounds: int) -> None:
    x = 1
    for _ in range(rounds):
        x = (x * 48271) % 2147483647


def _rounds_for(seconds: float) -> int:
    """Rounds a step, so that a job of 20 steps takes about `seconds` here."""

    def once() -> float:
        began = time.perf_counter()
        _burn(200_000)
        return time.perf_counter() - began

    return int(200_000 * seconds / STEPS / min(once() for _ in range(5)))


def rows(pairs: int = 7, nulls: int = 2000) -> list[Row]:
    """Measure everything; takes about a minute with the defaults."""
    with tempfile.TemporaryDirectory() as folder:
        return [*asyncio.run(_served(Path(folder), pairs, nulls)), *_picks()]


async def _served(folder: Path, pairs: int, nulls: int) -> list[Row]:
    # Each kill is meant to be the first for a long time: neither the breaker nor the backoff may interfere.
    engine = build_engine(CONFIG, EngineSettings(restart_window_s=0.0, max_wait_s=1e9))
    began = time.perf_counter()
    await engine.start()
    found = [Row("start of the process until ready, without models", time.perf_counter() - began, "s")]
    try:
        for measure in (_null(engine, nulls), _first_token(engine, nulls // 4), _overhead(engine, folder, pairs)):
            found += await measure
        for measure in (_gap(engine), _cancel(engine, folder), _death(engine), _memory(engine, folder)):
            found += await measure
    finally:
        await engine.stop()
    return found


async def _null(engine: Engine, count: int) -> list[Row]:
    times = await _times(lambda: engine.run(Moderate(), request="null", system=True), count)
    return [
        Row("null job through the process, p50", times[0] * MS, "ms", "≤ 0.5"),
        Row("null job through the process, p99", times[1] * MS, "ms", "≤ 1"),
    ]


async def _first_token(engine: Engine, count: int) -> list[Row]:
    async def first() -> None:
        async for _ in engine.submit(QUESTION, request="token"):
            pass

    times = await _times(first, count)
    return [Row("one-word answer, streamed to its end, p50", times[0] * MS, "ms")]


async def _times(act: Callable[[], Awaitable[object]], count: int) -> tuple[float, float]:
    """(p50, p99) in seconds, after a warm-up."""
    times = []
    for number in range(count + 50):
        began = time.perf_counter()
        await act()
        if number >= 50:
            times.append(time.perf_counter() - began)
    times.sort()
    return times[len(times) // 2], times[len(times) * 99 // 100]


async def _overhead(engine: Engine, folder: Path, pairs: int) -> list[Row]:
    """Over the direct call, turn by turn, on the clock and in processor time, which a busy machine blurs less."""
    job = Generate(prompt=str(_rounds_for(1.0)), out=str(folder / "burnt.mp4"))
    ratios, added = [], []
    direct_cpu_s = engine_cpu_s = 0.0
    for _ in range(pairs):
        cpu, began = _cpu_s(engine), time.perf_counter()
        Burner().render(job, _Alone())
        direct_s = time.perf_counter() - began
        direct_cpu_s += _cpu_s(engine) - cpu
        cpu, began = _cpu_s(engine), time.perf_counter()
        rendered = await engine.run(job, request="burn")
        engine_s = time.perf_counter() - began
        engine_cpu_s += _cpu_s(engine) - cpu
        assert isinstance(rendered, Rendered)
        ratios.append(engine_s / direct_s)
        added.append(engine_s - rendered.seconds)
    lags: list[float] = []
    watch = asyncio.create_task(_lag(lags))
    await engine.run(job, request="lag")
    watch.cancel()
    return [
        Row(
            "1 s job of 20 steps with progress, over calling the model directly, median",
            (statistics.median(ratios) - 1) * 100,
            "%",
            "≤ 0.5",
        ),
        Row("the same: spread of the pairs (noise of this machine)", (max(ratios) - min(ratios)) * 100, "%"),
        Row("the same: processor time of both processes", (engine_cpu_s / direct_cpu_s - 1) * 100, "%", "≤ 0.5"),
        Row("the same: time outside of the model, median", statistics.median(added) * MS, "ms", "≤ 5"),
        Row("event-loop lag meanwhile, p99", sorted(lags)[len(lags) * 99 // 100] * MS, "ms", "≤ 5"),
    ]


def _cpu_s(engine: Engine) -> float:
    """Processor seconds that this process and the inference process have used."""
    used = [psutil.Process(pid).cpu_times() for pid in (os.getpid(), engine.health().pid)]
    return sum(each.user + each.system for each in used)


async def _lag(lags: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        lags.append(time.perf_counter() - began - 0.005)


async def _gap(engine: Engine) -> list[Row]:
    """From the end of one job to the start of the next under backlog, seen from outside."""
    ends: list[float] = []
    starts: list[float] = []

    async def note(number: int) -> None:
        async for event in engine.submit(QUESTION, request=f"gap{number}"):
            if isinstance(event, Started):
                starts.append(time.perf_counter())
        ends.append(time.perf_counter())

    await asyncio.gather(*(note(number) for number in range(300)))
    gaps = [start - end for end, start in zip(ends, starts[1:], strict=False)]
    return [Row("gap between jobs under backlog, median", max(0.0, statistics.median(gaps)) * MS, "ms", "≤ 2")]


async def _cancel(engine: Engine, folder: Path) -> list[Row]:
    """Cancel in the middle of 50 ms steps: what it takes beyond one step, at worst."""
    step_s = 0.05
    job = Generate(prompt=str(_rounds_for(step_s * STEPS)), out=str(folder / "cancelled.mp4"))
    times = []
    for number in range(10):
        ticket = engine.submit(job, request="cancel")
        events = aiter(ticket)  # held, because leaving the iteration would cancel at once
        while not isinstance(await anext(events), Started):
            pass
        await asyncio.sleep(step_s * (1 + number / 10))
        began = time.perf_counter()
        ticket.cancel()
        with suppress(JobCancelled):
            async for _ in events:
                pass
        times.append(time.perf_counter() - began)
    return [Row("cancel of a render with steps of 50 ms, median", statistics.median(times) * MS, "ms", "≤ 60")]


async def _death(engine: Engine) -> list[Row]:
    noticed, served = [], []
    for _ in range(5):
        pid = engine.health().pid
        assert pid is not None
        began = time.perf_counter()
        os.kill(pid, signal.SIGKILL)
        next_job = asyncio.create_task(engine.run(QUESTION, request="next"))
        while engine.health().ready:  # noqa: ASYNC110 - what is measured is how soon it shows
            await asyncio.sleep(0)
        noticed.append(time.perf_counter() - began)
        while not engine.health().ready:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        await next_job
        served.append(time.perf_counter() - began)
    return [
        Row("SIGKILL of the process → noticed, median", statistics.median(noticed) * MS, "ms", "≤ 20"),
        Row("SIGKILL of the process → next job served, median", statistics.median(served), "s", "≤ 1"),
    ]


async def _memory(engine: Engine, folder: Path) -> list[Row]:
    blocker = engine.submit(Generate(prompt=str(_rounds_for(10.0)), out=str(folder / "b.mp4")), request="blocker")
    engine.submit(Generate(prompt="1", out=str(folder / "s.mp4")), request="staged")
    count = 1000
    jobs = [Generate(prompt="1", out=str(folder / f"{number}.mp4")) for number in range(count)]
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    tickets = [engine.submit(job, request="queued", community=f"c{number % 50}") for number, job in enumerate(jobs)]
    await asyncio.sleep(0.2)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    for ticket in (*tickets, blocker):
        ticket.cancel()
    me = psutil.Process()
    await _times(lambda: engine.run(Moderate(), request="null", system=True), 100)
    rss = me.memory_info().rss
    await _times(lambda: engine.run(Moderate(), request="null", system=True), 10_000)
    return [
        Row("memory per queued request", (after - before) / count / 1024, "KiB", "≤ 2"),
        Row("RSS of the bot's side after 10,000 jobs", (me.memory_info().rss / rss - 1) * 100, "%", "≤ +5"),
    ]


def _picks() -> list[Row]:
    few, many = _pick_s(100), _pick_s(100_000)
    return [
        Row("fair pick among 100 pending", few * 1e6, "µs"),
        Row("fair pick among 100,000 pending", many * 1e6, "µs", "≤ 20"),
        Row("ratio of the two", many / few, "×", "≤ 1.5"),
    ]


def _pick_s(pending: int) -> float:
    """Median seconds of a pick plus the arrival that keeps the queue at its length."""
    scheduler: Scheduler[None] = Scheduler(time.monotonic, EngineSettings())
    ids = itertools.count(1)

    def arrive() -> None:
        number = next(ids)
        scheduler.add(
            Item(number, JobClass.GENERATION, f"c{number % 500}", f"u{number % 9973}", 1.0 + number % 7, None)
        )

    for _ in range(pending):
        arrive()
    times = []
    for _ in range(2000):
        began = time.perf_counter()
        scheduler.pick()
        times.append(time.perf_counter() - began)
        arrive()
    return statistics.median(times)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7, help="turns of direct call and engine (default 7)")
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    options = parser.parse_args(argv)
    found = rows(options.pairs)
    print(json.dumps([asdict(row) for row in found], indent=2) if options.json else table("Engine", found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
