"""Runs jobs in a thread of this very process. For tests and small tools: nothing protects the caller from a crash."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable

from engine.errors import EngineUnavailable, from_event
from engine.executors.base import ExecutorHealth, Streams, Task, WorkerDied
from engine.executors.wire import Broken, Cancel, Happened, Loaded, Report, Submit
from engine.executors.worker import Worker
from engine.runtime import Runtime
from engine.types import Event, RuntimeConfig


class InlineExecutor:
    def __init__(self, config: RuntimeConfig) -> None:
        self._config = config
        self._streams = Streams()
        self._ready = False
        self._left = asyncio.Event()

    async def start(self, on_change: Callable[[], None]) -> Loaded:
        self._loop = asyncio.get_running_loop()
        self._loaded: asyncio.Future[Loaded] = self._loop.create_future()
        self._on_change = on_change
        self._worker = Worker(Runtime(self._config), self._send, lambda phase, silence_s: None, lambda: None)
        threading.Thread(target=self._serve, name="inference", daemon=True).start()
        return await self._loaded

    def submit(self, task: Task) -> AsyncIterator[Event]:
        stream = self._streams.open(task.number)
        self._worker.deliver(
            Submit(
                number=task.number,
                job=task.job,
                job_class=task.job_class,
                request=task.request,
                attempt=task.attempt,
            )
        )
        return stream

    def cancel(self, number: int) -> None:
        self._worker.deliver(Cancel(number=number))

    def health(self) -> ExecutorHealth:
        return ExecutorHealth(ready=self._ready, reason="" if self._ready else "The engine is not running.")

    async def drain(self, grace_s: float) -> None:
        self._ready = False
        self._worker.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._left.wait(), grace_s)
        self._streams.fail_all(lambda: WorkerDied("The engine was stopped.", blameless=True))

    def _serve(self) -> None:
        self._worker.serve()
        self._call(self._left.set)

    def _send(self, report: Report) -> None:
        self._call(self._receive, report)

    def _call(self, function: Callable[..., None], *args: Report) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *args)

    def _receive(self, report: Report) -> None:
        match report:
            case Loaded() if not self._loaded.done():
                self._ready = True
                self._loaded.set_result(report)
                self._on_change()
            case Broken(failed=failed) if not self._loaded.done():
                self._loaded.set_exception(EngineUnavailable(str(from_event(failed)), **failed.details))
            case Happened(number=number, event=event):
                self._streams.put(number, event)
