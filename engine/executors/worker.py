"""The inference side of every executor: one thread that runs jobs, one at a time, and moderation between their steps.

It knows neither how its reports travel nor who waits for them.
"""

from __future__ import annotations

import errno
import itertools
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.backends import accelerator
from engine.decoding.opener import opened_by
from engine.decoding.wire import Decoded, Operation
from engine.errors import EngineError, JobCancelled, JobFailed, OutOfMemory, StorageFull, from_event
from engine.executors.wire import Asked, Broken, Cancel, Command, Happened, Report, Stop, Submit, Told, Yielded
from engine.runtime import Runtime
from engine.types import Event, Failed, JobClass, MediaLimits, Progress, Rendered, Result, Started, Transcoded

if TYPE_CHECKING:
    from engine.media import ClipReader

_PROGRESS_INTERVAL_S = 0.2
_CHECKS_IN_A_ROW_S = 1.0
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_LOOK_UP_S = 0.05  # so often a run that waits for a clip looks after others, and after its own cancel
_PATIENCE_S = 1.0  # longer waits than this are no reason for others to wait as well
_CHEAP_S = 2.0  # what has worked longer than this waits on, rather than do all that again
# Bytes a second that even a network drive on a bad day gives: how long the loading of a model may go unheard.
_SLOWEST_DISK = 50 << 20

log = logging.getLogger(__name__)


class Worker:
    """Owns the runtime. `deliver` may be called from any thread; `send` is called from both and must allow that.

    `beat` is called at every checkpoint with the kind of the running job, and before a model is loaded with the seconds
    that this may go unheard: it feeds the watchdog. `leave` is called when the device is lost, which only a new process
    can mend; where it returns, the job fails.
    """

    def __init__(
        self,
        runtime: Runtime,
        send: Callable[[Report], None],
        beat: Callable[[str, float], None],
        leave: Callable[[], None],
        *,
        reads: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runtime = runtime
        self._send = send
        self._beat = beat
        self._leave = leave
        self._reads = reads
        self._clock = clock
        self._changed = threading.Condition()
        # All of the following is guarded by `_changed`.
        self._waiting: dict[JobClass, deque[Submit]] = {each: deque() for each in JobClass}  # most urgent first
        self._urgent = self._waiting[JobClass.MODERATION]
        self._checked_s = 0.0  # how long checks have had the place to themselves while others waited for it
        self._began_s = self._nested_s = 0.0  # when the job that holds the place began, and what checks took since
        self._running: list[int] = []  # innermost last
        self._cancelled: set[int] = set()  # a subset of `_running`
        self._answers: dict[tuple[int, int], Decoded | Failed | None] = {}  # by run and question; None: not yet
        self._questions = itertools.count(1)
        self._stopping = False

    # --- any thread ---

    def deliver(self, command: Command) -> None:
        """Take a command. Cancelling a run that is over, or that never was, does nothing."""
        match command:
            case Submit():
                with self._changed:
                    self._waiting[command.job_class].append(command)
                    self._changed.notify()
            case Cancel(number=number):
                if self._drop(number):
                    self._send(Happened(number=number, event=_cancelled().to_event()))
            case Told(number=number, asked=asked, answer=answer):
                with self._changed:
                    if (number, asked) in self._answers:
                        self._answers[number, asked] = answer
                        self._changed.notify()
            case Stop():
                self.stop()

    def stop(self) -> None:
        """Cancel what runs, drop what waits, and let `serve` return."""
        with self._changed:
            self._stopping = True
            self._cancelled.update(self._running)
            self._changed.notify()

    def _drop(self, number: int) -> bool:
        """Take a waiting run out (True), or mark a running one."""
        with self._changed:
            if number in self._running:
                self._cancelled.add(number)
                return False
            for queue in self._waiting.values():
                for task in queue:
                    if task.number == number:
                        queue.remove(task)
                        return True
            return False

    # --- the inference thread ---

    def serve(self) -> bool:
        """Load, then run jobs until `stop`. False when loading failed; the reason has been sent then."""
        self._beat("load", 0.0)
        try:
            loaded = self._runtime.load(lambda size: self._beat("load", size / _SLOWEST_DISK))
        except EngineError as error:
            self._send(Broken(failed=error.to_event()))
            return False
        except Exception as error:
            log.exception("a model could not be loaded")
            self._leave_if_lost(error, "loading the models")
            sentence = f"A model could not be loaded ({type(error).__name__}). The log says more."
            self._send(Broken(failed=JobFailed(sentence).to_event()))
            return False
        if not self._reads and "engine.media" in sys.modules:  # the first question should not wait for imports
            pass
        self._send(loaded)
        while (task := self._next()) is not None:
            self._began_s, self._nested_s = self._clock(), 0.0
            self._run(task, nested=False)
            if task.job_class is JobClass.MODERATION:
                self._checked_s += self._clock() - self._began_s
        return True

    def _next(self) -> Submit | None:
        with self._changed:
            while True:
                if self._stopping:
                    return None
                if queue := self._next_queue():
                    return self._claim(queue)
                self._changed.wait()

    def _next_queue(self) -> deque[Submit] | None:
        """The most urgent class that waits. But checks run between the steps of other jobs too, so an endless row of
        them is no reason to begin nothing else."""
        first, *others = self._waiting.values()
        waiting = next((queue for queue in others if queue), None)
        if first and waiting is not None and self._checked_s < _CHECKS_IN_A_ROW_S:
            return first
        self._checked_s = 0.0
        return waiting or first or None

    def _claim(self, queue: deque[Submit]) -> Submit:
        """Waiting becomes running under one lock, so that a cancel always finds the run in one of the two."""
        task = queue.popleft()
        self._running.append(task.number)
        return task

    def _run(self, task: Submit, *, nested: bool) -> None:
        """Run a claimed task to its end, whatever that is."""
        outbox = _Outbox(task.number, self._send)
        outbox.put(Started(attempt=task.attempt))
        try:
            ending, short_of_memory = self._try(task, outbox, nested)
        except _MakeWay as way:
            if self._ended(task):
                outbox.put(_cancelled().to_event())
            else:
                self._send(Yielded(number=task.number, asked=way.asked))
            return
        # From here on nobody refers to the error, nor to what its frames held on the device.
        if short_of_memory and self._relieved(task):
            log.warning("request %s is tried once more, in a way that needs less memory", task.request)
            outbox.begin_again(task.attempt + 1)
            ending, _ = self._try(msgspec.structs.replace(task, may_yield=False), outbox, nested)
        if self._ended(task) and not isinstance(ending, Failed):
            _discard(ending)
            ending = _cancelled().to_event()
        self._beat(_kind(task), 0.0)
        outbox.close(ending)

    def _ended(self, task: Submit) -> bool:
        """The task runs no more. Returns whether it was cancelled."""
        with self._changed:
            self._running.remove(task.number)
            was_cancelled = task.number in self._cancelled
            self._cancelled.discard(task.number)
            for key in [each for each in self._answers if each[0] == task.number]:
                del self._answers[key]
        return was_cancelled

    def _try(self, task: Submit, outbox: _Outbox, nested: bool) -> tuple[Result | Failed, bool]:
        """How a task ends, and whether that is for want of memory."""
        try:
            with self._reading(task, nested):
                return self._runtime.run(task.job, outbox.put, lambda: self._checkpoint(task, outbox, nested)), False
        except Exception as error:  # noqa: BLE001 - logged and typed
            self._leave_if_lost(error, f"request {task.request}")
            return _typed(error, task.request).to_event(), accelerator.is_out_of_memory(error)

    @contextmanager
    def _reading(self, task: Submit, nested: bool) -> Iterator[None]:
        """Within this, the task's clips are read elsewhere."""
        if self._reads:
            yield
            return
        asker = _Asker(self, task, nested)

        def opened(path: str, limits: MediaLimits, checkpoint: Callable[[], None]) -> ClipReader:
            from engine.decoding.remote import RemoteClip  # whoever opens a clip has its libraries

            return RemoteClip(path, limits, asker, checkpoint)

        with opened_by(opened):
            yield

    def ask(self, task: Submit, path: str, operation: Operation, skip: int, after_s: float) -> int:
        """Pass a question of the running task on. Returns its number."""
        asked = next(self._questions)
        with self._changed:
            self._answers[task.number, asked] = None
        self._send(Asked(number=task.number, asked=asked, path=path, operation=operation, skip=skip, after_s=after_s))
        return asked

    def answer(self, number: int, asked: int, most_s: float) -> Decoded | Failed | None:
        """Wait at most so long for an answer. None when it is not there yet."""
        with self._changed:
            if self._answers[number, asked] is None:
                self._changed.wait(most_s)
            return self._answers[number, asked]

    def others_wait(self, *, nested: bool) -> bool:
        """Whether some other job could be run now."""
        with self._changed:
            return nested or any(self._waiting.values())

    def _relieved(self, task: Submit) -> bool:
        try:
            return self._runtime.relieve(task.job)
        except Exception as error:
            self._leave_if_lost(error, f"request {task.request}")
            log.exception("no room could be made for request %s", task.request)
            return False

    def _leave_if_lost(self, error: Exception, during: str) -> None:
        if accelerator.is_device_lost(error):
            log.critical("the device is lost, and with it all models: %s, during %s", error, during, exc_info=error)
            self._leave()

    def _may_check(self) -> bool:
        """Checks take no more of a job's time than it does itself, and a second: else one question lasts as long as
        there are clips to be checked."""
        own_s = self._clock() - self._began_s - self._nested_s
        return self._nested_s <= own_s + _CHECKS_IN_A_ROW_S

    def _checkpoint(self, task: Submit, outbox: _Outbox, nested: bool) -> None:
        self._beat(_kind(task), 0.0)
        outbox.flush_due()
        if task.number in self._cancelled:
            raise _cancelled()
        if nested or task.job_class is JobClass.MODERATION:
            return
        # As many as wait now: more may arrive, and the job that holds this place must go on some time.
        for _ in range(len(self._urgent)):
            with self._changed:
                if not self._urgent or self._stopping or not self._may_check():
                    break
                urgent = self._claim(self._urgent)
            began_s = self._clock()
            self._run(urgent, nested=True)
            self._nested_s += self._clock() - began_s
        if task.number in self._cancelled:
            raise _cancelled()


class _MakeWay(BaseException):
    """The running task waits for the answer to `asked`, and others wait for it. No backend's error handling may take it
    for a failure."""

    def __init__(self, asked: int) -> None:
        super().__init__()
        self.asked = asked


class _Asker:
    """How one run gets its clips read (`engine.decoding.remote.Asker`)."""

    def __init__(self, worker: Worker, task: Submit, nested: bool) -> None:
        self._worker = worker
        self._task = task
        self._nested = nested
        self._began = time.monotonic()
        self._waited_s = 0.0

    def ask(self, path: str, operation: Operation, skip: int = 0, after_s: float = 0.0) -> int:
        return self._worker.ask(self._task, path, operation, skip, after_s)

    def wait(self, number: int, checkpoint: Callable[[], None]) -> Decoded:
        began = time.monotonic()
        try:
            while (answer := self._worker.answer(self._task.number, number, _LOOK_UP_S)) is None:
                checkpoint()  # others are looked after, and nobody takes this for a hang
                if time.monotonic() - began > _PATIENCE_S and self._may_make_way():
                    raise _MakeWay(number)
        finally:
            self._waited_s += time.monotonic() - began
        if isinstance(answer, Failed):
            raise from_event(answer)
        return answer

    def _may_make_way(self) -> bool:
        if not self._task.may_yield or not self._worker.others_wait(nested=self._nested):
            return False
        return time.monotonic() - self._began - self._waited_s < _CHEAP_S


class _Outbox:
    """Sends one run's events: progress at most five times a second, the last one always."""

    def __init__(self, number: int, send: Callable[[Report], None]) -> None:
        self._number = number
        self._send = send
        self._held: Progress | None = None
        self._next_progress_at = 0.0

    def put(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._held = event
            if event.step >= event.total:
                self._flush()
            else:
                self.flush_due()
        else:
            self._send(Happened(number=self._number, event=event))

    def flush_due(self) -> None:
        if self._held is not None and time.monotonic() >= self._next_progress_at:
            self._flush()

    def begin_again(self, attempt: int) -> None:
        """What was sent so far counts no more; whoever reads along forgets it."""
        self._held = None
        self.put(Started(attempt=attempt))

    def close(self, ending: Result | Failed) -> None:
        self._flush()
        self.put(ending)

    def _flush(self) -> None:
        if self._held is not None:
            self._send(Happened(number=self._number, event=self._held))
            self._held = None
            self._next_progress_at = time.monotonic() + _PROGRESS_INTERVAL_S


def _typed(error: Exception, request: str) -> EngineError:
    """What the waiting user gets for whatever a backend raised; the operator gets the traceback."""
    match error:
        case EngineError():
            return error
        case OSError(errno=code) if code in _NO_ROOM:
            log.error("no room on disk during request %s: %s", request, error)
            return StorageFull("There is no room left on the disk. Please try again later.")
        case _ if accelerator.is_out_of_memory(error):
            log.warning("out of memory during request %s: %s", request, error)
            return OutOfMemory("There is not enough memory for this. Please try it shorter or smaller, or later.")
        case _ if accelerator.is_device_lost(error):
            return JobFailed("The graphics device failed while working on this. An operator has to restart the bot.")
        case _:
            log.error("request %s failed", request, exc_info=error)
            return JobFailed("Something went wrong while working on this. Please try again.")


def _cancelled() -> JobCancelled:
    return JobCancelled("This was cancelled.")


def _discard(result: Result) -> None:
    """A cancelled job leaves no file behind, even when the cancel came after its last step."""
    if isinstance(result, Rendered | Transcoded):
        with _ignoring_os_errors():
            Path(result.path).unlink(missing_ok=True)


@contextmanager
def _ignoring_os_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log.warning("a cancelled job's file could not be removed: %s", error.strerror)


def _kind(task: Submit) -> str:
    return type(task.job).__name__.lower()
