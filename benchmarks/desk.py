"""A worker with its models in a thread of this process, for benchmarks that read the device's own counters.

It knows no model and measures nothing by itself: it notes when what was heard.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from engine.errors import from_event
from engine.executors.wire import Broken, Cancel, Happened, Loaded, Report, Stop, Submit
from engine.executors.worker import Worker
from engine.runtime import Runtime
from engine.scheduler import class_of
from engine.types import TERMINAL, Event, Failed, Job, Progress, RuntimeConfig, Started


class Desk:
    """Models behind a real worker in a thread of this process, where the device's own counters can be read."""

    def __init__(self, config: RuntimeConfig) -> None:
        self.runtime = Runtime(config, alone=True)
        self.loads: list[float] = []  # seconds each
        self.before_checkpoint: Callable[[], None] = lambda: None
        self._worker = Worker(self.runtime, self._take, self._beat, lambda: None)
        self._changed = threading.Condition()
        self._runs: dict[int, Run] = {}
        self._ready: Loaded | Broken | None = None
        self._loading_since: float | None = None
        self._thread = threading.Thread(target=self._worker.serve, name="inference")
        self._thread.start()
        self.wait(lambda: self._ready is not None)
        if isinstance(self._ready, Broken):
            raise from_event(self._ready.failed)

    def begin(self, job: Job) -> Run:
        with self._changed:
            run = Run(number=len(self._runs) + 1, job=job)
            self._runs[run.number] = run
        self._worker.deliver(
            Submit(number=run.number, job=job, job_class=class_of(job), request=f"run-{run.number}", attempt=1)
        )
        return run

    def cancel(self, run: Run) -> None:
        self._worker.deliver(Cancel(number=run.number))

    def end(self, run: Run) -> Run:
        """Wait for the end. Raises the typed error of a job that failed."""
        self.wait(lambda: run.ended)
        if isinstance(ending := run.events[-1][1], Failed) and ending.code != "cancelled":
            raise from_event(ending)
        return run

    def wait(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            self._changed.wait_for(condition)

    def close(self) -> None:
        self._worker.deliver(Stop())
        self._thread.join()

    def _take(self, report: Report) -> None:
        with self._changed:
            if isinstance(report, Happened):
                self._runs[report.number].events.append((time.perf_counter(), report.event))
            else:
                self._ready = report
            self._changed.notify_all()

    def _beat(self, phase: str, silence_s: float) -> None:
        now = time.perf_counter()
        if self._loading_since is not None:
            self.loads.append(now - self._loading_since)
        self._loading_since = now if phase == "load" else None
        if phase not in ("load", "moderate"):
            self.before_checkpoint()


@dataclass
class Run:
    """One job, and when what of it was heard."""

    number: int
    job: Job
    begun: float = field(default_factory=time.perf_counter)
    events: list[tuple[float, Event]] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return bool(self.events) and isinstance(self.events[-1][1], TERMINAL)

    @property
    def seconds(self) -> float:
        return self.events[-1][0] - self.begun

    def times(self, kind: type[Event]) -> list[float]:
        return [at for at, event in self.events if isinstance(event, kind)]

    def steps(self) -> list[tuple[float, int]]:
        return [(at, event.step) for at, event in self.events if isinstance(event, Progress)]

    def attempts(self) -> int:
        return max(event.attempt for _, event in self.events if isinstance(event, Started))


@contextmanager
def desk(config: RuntimeConfig) -> Iterator[Desk]:
    made = Desk(config)
    try:
        yield made
    finally:
        made.close()
        del made
        gc.unfreeze()
        gc.collect()
