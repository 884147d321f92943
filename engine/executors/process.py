"""The default executor: one inference process that owns the models, restarted when it dies or hangs.

It knows when to start, kill and restart that process. It knows no queue and retries no job.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable

from engine.decoding import Decoded, DecodingPool, Payer
from engine.descriptors import Reserve
from engine.errors import EngineError, EngineUnavailable, JobCancelled, JobFailed, from_event
from engine.executors.base import ExecutorHealth, JobYielded, Streams, Task, WorkerDied
from engine.executors.inference_process import InferenceProcess
from engine.executors.restarts import RestartPolicy
from engine.executors.watchdog import Watchdog
from engine.executors.wire import (
    EXIT_DEVICE_LOST,
    Asked,
    Boot,
    Broken,
    Cancel,
    Happened,
    Loaded,
    Report,
    Stop,
    Submit,
    Told,
    Yielded,
)
from engine.settings import EngineSettings
from engine.types import Event, Failed, RuntimeConfig, Started

_DUMP_S = 0.2  # what faulthandler gets to write all stacks
_WATCH_INTERVAL_S = 1.0

log = logging.getLogger(__name__)


class ProcessExecutor:
    """Everything runs on the event loop's thread; the process's own threads only call `call_soon_threadsafe`.

    With `decoding` the inference process reads no clip itself; it asks, and is answered from there.
    """

    def __init__(self, config: RuntimeConfig, settings: EngineSettings, decoding: DecodingPool | None = None) -> None:
        self._config = config
        self._settings = settings
        self._decoding = decoding
        self._questions: dict[int, dict[int, asyncio.Task[Decoded]]] = {}  # by run
        self._policy = RestartPolicy(
            time.monotonic,
            limit=settings.max_restarts,
            window_s=settings.restart_window_s,
            cooldown_s=settings.breaker_cooldown_s,
        )
        self._streams = Streams()
        self._tasks: dict[int, Task] = {}  # in the process
        self._begun: list[int] = []  # the numbers of those that run there, innermost last
        self._process: InferenceProcess | None = None
        self._spare = Reserve()
        self._ready = False
        self._stopping = False
        self._restarts = 0
        self._reason = "The engine is not running."
        self._broken: EngineError | None = None
        self._blameless: set[InferenceProcess] = set()  # killed by us, for the sake of one job
        self._left = asyncio.Event()

    # --- the executor protocol ---

    async def start(self, on_change: Callable[[], None]) -> Loaded:
        self._loop = asyncio.get_running_loop()
        self._on_change = on_change
        self._started: asyncio.Future[Loaded] = self._loop.create_future()
        self._spawn()
        return await self._started

    def submit(self, task: Task) -> AsyncIterator[Event]:
        assert self._process is not None
        stream = self._streams.open(task.number)
        self._tasks[task.number] = task
        self._process.send(
            Submit(
                number=task.number,
                job=task.job,
                job_class=task.job_class,
                request=task.request,
                attempt=task.attempt,
                may_yield=task.may_yield,
            )
        )
        return stream

    def cancel(self, number: int) -> None:
        if number in self._streams and self._process is not None:
            self._process.send(Cancel(number=number))
            self._loop.call_later(self._settings.cancel_grace_s, self._insist, number, self._process)

    def health(self) -> ExecutorHealth:
        return ExecutorHealth(
            ready=self._ready,
            pid=self._process.pid if self._process is not None else None,
            restarts=self._restarts,
            breaker_open=self._policy.open,
            reason="" if self._ready else self._reason,
        )

    async def drain(self, grace_s: float) -> None:
        self._stopping = True
        was_loading = not self._ready
        self._ready = False
        self._reason = "The engine was stopped."
        if not self._started.done():
            self._started.set_exception(EngineUnavailable(self._reason))
        if self._process is not None:
            self._process.send(Stop())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), 0.0 if was_loading else grace_s)
            if self._process is not None:
                self._process.kill()
                await self._left.wait()
        self._spare.close()
        self._streams.fail_all(lambda: WorkerDied("The engine was stopped.", blameless=True))

    # --- one life of the process ---

    def _spawn(self) -> None:
        if self._stopping:
            return
        level = logging.getLogger().getEffectiveLevel()
        boot = Boot(config=self._config, log_level=level, reads=self._decoding is None)
        self._broken = None
        self._watchdog = Watchdog(time.monotonic)
        try:
            with self._spare.opened():
                self._process = InferenceProcess(
                    boot, self._from_thread(self._receive), self._from_thread(self._exited)
                )
        except OSError as error:
            self._lost(f"The inference process could not be started: {error.strerror}.")
            return
        log.info("inference process %d started", self._process.pid)
        self._watch_loading(self._process)

    def _from_thread(self, handler: Callable[..., None]) -> Callable[..., None]:
        def hand_over(*args: object) -> None:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(handler, *args)

        return hand_over

    def _receive(self, process: InferenceProcess, report: Report) -> None:
        match report:
            case Happened(number=number, event=event):
                if isinstance(event, Started) and number in self._tasks and number not in self._begun:
                    self._begun.append(number)
                self._streams.put(number, event)
                if number not in self._streams:
                    self._forget(number)
            case Loaded() if not self._stopping:
                self._ready = True
                self._policy.ready()
                log.info("inference process %d is ready", process.pid)
                self._loop.call_later(self._watch_interval_s, self._watch, process)
                if not self._started.done():
                    self._started.set_result(report)
                self._on_change()
            case Asked() if report.number in self._tasks:
                self._ask(process, report)
            case Yielded(number=number, asked=asked):
                self._make_way(number, asked)
            case Broken(failed=failed):
                self._broken = from_event(failed)

    def _ask(self, process: InferenceProcess, asked: Asked) -> None:
        """Have something read for a run, and tell it."""
        assert self._decoding is not None
        task = self._tasks[asked.number]
        reading = self._loop.create_task(
            self._decoding.decode(
                asked.path,
                asked.operation,
                payer=task.payer or Payer(request=task.request),
                skip=asked.skip,
                after_s=asked.after_s,
                urgent=True,
            )
        )
        self._questions.setdefault(asked.number, {})[asked.asked] = reading

        def tell(reading: asyncio.Task[Decoded]) -> None:
            if not reading.cancelled() and process is self._process:
                process.send(Told(number=asked.number, asked=asked.asked, answer=_answer(reading)))

        reading.add_done_callback(tell)

    def _make_way(self, number: int, asked: int) -> None:
        until = self._questions.get(number, {}).pop(asked, None)
        if until is not None:
            self._streams.fail(number, JobYielded(until))
        else:
            self._streams.put(number, JobFailed("Something went wrong while working on this.").to_event())
        self._forget(number)

    def _exited(self, process: InferenceProcess, status: int, trace: str) -> None:
        self._process = None
        self._ready = False
        process.close()
        running = ", ".join(self._tasks[number].request for number in self._begun)
        blameless = process in self._blameless
        self._blameless.discard(process)
        self._tasks.clear()
        self._begun.clear()
        for number in list(self._questions):
            self._drop_questions(number)
        if self._stopping:
            self._left.set()
            return
        log.error("inference process %d ended with status %d; running: %s", process.pid, status, running or "nothing")
        if trace:
            log.error("stacks of inference process %d:\n%s", process.pid, trace)
        self._streams.fail_all(lambda: WorkerDied("The inference process went away.", blameless=blameless))
        if blameless:
            self._restarts += 1
            self._spawn()
        else:
            what = "The graphics device failed" if status == EXIT_DEVICE_LOST else "The models stopped unexpectedly"
            self._lost(str(self._broken) if self._broken else f"{what} and are being restarted.")
        self._on_change()

    def _lost(self, why: str) -> None:
        """Nothing runs any more: fail the start, or plan the next one."""
        self._reason = why
        delay_s = self._policy.died()
        starting = not self._started.done()
        if starting and (self._broken is not None or self._policy.open):
            self._started.set_exception(EngineUnavailable(why))
            return
        if self._policy.open:
            self._reason = f"The models keep stopping; the next try is in {round(delay_s)} seconds. Last reason: {why}"
            log.error("restart breaker open for %.0f s: %s", delay_s, why)
        self._restarts += 1
        self._loop.call_later(delay_s, self._spawn)

    # --- impatience ---

    def _watch_loading(self, process: InferenceProcess) -> None:
        """Each model may take `start_timeout_s`, and the time that its bytes take on a slow disk, which the process
        announces: how many there are, and how large, does not change what a hang looks like."""
        if process is not self._process or self._ready:
            return
        pulse = process.pulse()
        if self._watchdog.silent_s(pulse, self._settings.start_timeout_s) is None:
            self._loop.call_later(self._watch_interval_s, self._watch_loading, process)
            return
        limit_s = self._settings.start_timeout_s + pulse.silence_s
        self._broken = EngineUnavailable(f"A model was not ready within {limit_s:.3g} seconds.")
        self._dump_and_kill(process)

    def _insist(self, number: int, process: InferenceProcess) -> None:
        """A cancelled run did not end in time. Kill for it only if it is the one that holds things up."""
        if process is not self._process or number not in self._tasks:
            return
        if number not in self._begun or process.pulse().silence_s:
            # It waits behind somebody else's long step, and will be dropped after that; or a model is being loaded for
            # it, which others will need as well.
            self._streams.put(number, JobCancelled("This was cancelled.").to_event())
            self._forget(number)
        elif number != self._begun[-1]:  # a check runs between two of its steps
            self._loop.call_later(self._settings.cancel_grace_s, self._insist, number, process)
        else:
            log.warning("a cancelled job did not stop in time; inference process %d is killed", process.pid)
            self._blameless.add(process)
            process.kill()

    def _forget(self, number: int) -> None:
        self._tasks.pop(number, None)
        if number in self._begun:
            self._begun.remove(number)
        self._drop_questions(number)

    def _drop_questions(self, number: int) -> None:
        for reading in self._questions.pop(number, {}).values():
            reading.cancel()

    @property
    def _watch_interval_s(self) -> float:
        shortest_s = min(self._settings.start_timeout_s, *self._settings.watchdog_floor_s.values())
        return min(_WATCH_INTERVAL_S, shortest_s / 4)

    def _watch(self, process: InferenceProcess) -> None:
        if process is not self._process:
            return
        if not self._tasks:
            self._watchdog.rest()
        else:
            running = [self._tasks[number] for number in self._begun] or list(self._tasks.values())
            floor_s = max(self._settings.watchdog_floor_s[task.job_class] for task in running)
            silent_s = self._watchdog.silent_s(process.pulse(), floor_s)
            if silent_s is not None:
                requests = ", ".join(task.request for task in running)
                log.error("nothing happened for %.0f s in request %s; the process is killed", silent_s, requests)
                self._dump_and_kill(process)
                return
        self._loop.call_later(self._watch_interval_s, self._watch, process)

    def _dump_and_kill(self, process: InferenceProcess) -> None:
        process.dump()
        self._loop.call_later(_DUMP_S, process.kill)


def _answer(reading: asyncio.Task[Decoded]) -> Decoded | Failed:
    error = reading.exception()
    match error:
        case None:
            return reading.result()
        case EngineError():
            return error.to_event()
        case _:
            log.error("a clip could not be read", exc_info=error)
            return JobFailed("Something went wrong while that file was read. Please try again.").to_event()
