"""What the front asks of whatever runs jobs, be it a thread, a process or a cluster.

An executor knows no queue, no fairness and no retry: it runs what it is given and says honestly when it could not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from engine.decoding import Payer
from engine.executors.wire import Loaded
from engine.ticket import EventStream
from engine.types import TERMINAL, Event, Job, JobClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run of a job. `number` is never used twice, so that a late cancel cannot hit another run. `payer` answers for
    what is read for it; one that `may_yield` may end with `JobYielded`."""

    number: int
    job: Job
    job_class: JobClass
    request: str
    attempt: int = 1
    payer: Payer | None = None
    may_yield: bool = False


class JobYielded(Exception):
    """A run made way for others while something is read for it. Run it again once `until` is over, however that ends:
    it will find there what it waited for."""

    def __init__(self, until: Awaitable[object]) -> None:
        super().__init__("waiting for a clip to be read")
        self.until = until


class WorkerDied(Exception):
    """The inference process went away under a run. `blameless` when it was killed for another job's sake."""

    def __init__(self, message: str, *, blameless: bool = False) -> None:
        super().__init__(message)
        self.blameless = blameless


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorHealth:
    """The executor's half of `Health`."""

    ready: bool
    pid: int | None = None
    restarts: int = 0
    breaker_open: bool = False
    reason: str = ""


class Executor(Protocol):
    """Used from the event loop's thread only."""

    async def start(self, on_change: Callable[[], None]) -> Loaded:
        """Load all models. `on_change` is called whenever `health()` may have changed. Raises `EngineUnavailable`."""

    def submit(self, task: Task) -> AsyncIterator[Event]:
        """Run a job: `Started`, events, then one terminal event. Raises `WorkerDied` instead when the worker dies,
        or `JobYielded`."""

    def cancel(self, number: int) -> None:
        """Ask a run to stop; it ends with `Failed(code="cancelled")`, or with the worker's death if it does not."""

    def health(self) -> ExecutorHealth: ...

    async def drain(self, grace_s: float) -> None:
        """Cancel what runs, give it `grace_s` seconds to leave, and end the worker for good."""


class Streams:
    """The open event streams of an executor, by run number."""

    def __init__(self) -> None:
        self._open: dict[int, EventStream] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._open

    def open(self, number: int) -> EventStream:
        stream = self._open[number] = EventStream()
        return stream

    def put(self, number: int, event: Event) -> None:
        """Events of runs that are over are dropped."""
        if (stream := self._open.get(number)) is not None:
            if isinstance(event, TERMINAL):
                del self._open[number]
            stream.put(event)

    def fail(self, number: int, error: Exception) -> None:
        """End the stream of a run without a terminal event."""
        if (stream := self._open.pop(number, None)) is not None:
            stream.fail(error)

    def fail_all(self, error: Callable[[], Exception]) -> None:
        gone, self._open = self._open, {}
        for stream in gone.values():
            stream.fail(error())
