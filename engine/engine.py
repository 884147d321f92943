"""The engine's async front: it admits, queues, hands out and retries jobs. The bot talks to this and to nothing below.

It knows no model and no policy; it lives on one event loop and never blocks it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Literal

import msgspec

from engine._entry import Entry
from engine._positions import PositionTeller
from engine.decoding import DecodingPool, Looks, Payer
from engine.decoding.inspecting import inspect
from engine.errors import BadRequest, EngineError, EngineUnavailable, JobCancelled, JobFailed, JobPoisoned, Overloaded
from engine.executors.base import Executor, JobYielded, Task, WorkerDied
from engine.executors.inline import InlineExecutor
from engine.executors.process import ProcessExecutor
from engine.executors.wire import Loaded
from engine.learned import LearnedTimes
from engine.registry import no_model, unknown_model
from engine.scheduler import CLASSES, VIDEOS_SHARE, CostModel, Item, Key, Scheduler, admission, cost_key
from engine.settings import EngineSettings, Health
from engine.ticket import Ticket
from engine.types import (
    Coverage,
    Event,
    Failed,
    Generate,
    Inspect,
    Job,
    JobClass,
    ModelCard,
    Moderate,
    Rendered,
    Result,
    Role,
    RuntimeConfig,
    Started,
    Transcoded,
    Transcribe,
    Understand,
)

# One job runs, one is staged behind it, so that the model never waits for the pipe.
_SLOTS = 2
_STAGED_CHECKS_S = 0.5
_DEATHS_TO_POISON = 2
_MOST_YIELDS = 8  # of one job; then it waits for its clip where it is
_ROLES: dict[type, Role] = {
    Understand: Role.UNDERSTANDING,
    Generate: Role.GENERATION,
    Transcribe: Role.SPEECH,
}
_KEEP_AFTER_S = 20.0  # what jobs took is written down this long after the first of them, and at the end
_LONGEST_PICTURED = 5_000  # jobs; about 20 ms

_CHANGING = "The models are being changed."
_STOPPED = "The bot was stopped before this was finished. Please ask again later."

log = logging.getLogger(__name__)


def build_engine(
    config: RuntimeConfig,
    settings: EngineSettings | None = None,
    *,
    executor: Literal["process", "inline"] = "process",
) -> Engine:
    """An engine that is not started yet. `inline` runs the models in a thread of this process: for tests."""
    settings = settings or EngineSettings()
    if executor == "inline":
        return Engine(config, settings, InlineExecutor(config), another=InlineExecutor)
    decoding = DecodingPool(settings.decoding, config.limits)

    def process(config: RuntimeConfig) -> ProcessExecutor:
        return ProcessExecutor(config, settings, decoding)

    return Engine(config, settings, process(config), decoding, another=process)


class _State(Enum):
    NEW = auto()
    OPEN = auto()  # loading or serving
    DRAINING = auto()  # only the application's own checks are taken
    CLOSED = auto()


class Engine:
    """Admission, fairness, dispatch and retry in front of one executor. Use it from one event loop.

    With `decoding`, posted clips are read there: inspecting one needs the executor not at all, and a check enters it
    only when its clips are decoded. `another` makes the executor that takes over in a `switch`.
    """

    def __init__(
        self,
        config: RuntimeConfig,
        settings: EngineSettings,
        executor: Executor,
        decoding: DecodingPool | None = None,
        *,
        another: Callable[[RuntimeConfig], Executor] | None = None,
    ) -> None:
        self._config = config
        self._settings = settings
        self._executor = executor
        self._another = another
        self._coming: Executor | None = None  # loads, to take over
        self._leaving: set[Executor] = set()  # taken over from; they end what they have
        self._switching = False
        self._between = False  # the one is gone and the next is not here yet
        self._decoding = decoding
        self._costs = CostModel()
        self._times = LearnedTimes(settings.times_file, config, self._costs) if settings.times_file else None
        self._keeping: asyncio.TimerHandle | None = None  # set while something was learned that is not kept yet
        self._scheduler: Scheduler[Entry] = Scheduler(time.monotonic, settings, self._costs.price)
        self._ids = itertools.count(1)
        self._runs = itertools.count(1)
        self._entries: dict[int, Entry] = {}  # accepted, not ended
        self._in_flight: dict[int, Entry] = {}  # in the executor, by run
        self._again: list[Entry] = []  # came back from a dead process; they go before everything else
        self._waiting_of_user: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._teller = PositionTeller(self._queue, self._running, self._costs, settings.position_interval_s)
        self._idle = asyncio.Event()
        self._idle.set()
        self._state = _State.NEW
        self._failure = ""
        self._loaded = Loaded()

    def __repr__(self) -> str:
        return f"<Engine {self.health()}>"

    # --- what the bot uses ---

    async def start(self) -> None:
        """Start the executor and wait until all models are loaded. Raises `EngineUnavailable` with the reason.

        Jobs may be submitted meanwhile; they get the same error when the start fails.
        """
        if self._state is not _State.NEW:
            raise EngineUnavailable("The engine can be started once only.")
        self._state = _State.OPEN
        if self._times is not None:
            await asyncio.to_thread(self._times.load)
        try:
            if self._decoding is not None:
                await self._decoding.start()
            self._loaded = await self._executor.start(self._dispatch)
        except BaseException as error:
            self._failure = str(error) or "The start was interrupted."
            self._state = _State.CLOSED
            await self._executor.drain(0.0)
            if self._decoding is not None:
                await self._decoding.stop()
            self._fail_all(EngineUnavailable(self._failure))
            raise
        self._dispatch()

    async def switch(self, config: RuntimeConfig, *, beside: bool = True) -> None:
        """Answer with other models from now on, without a moment in which nothing is accepted.

        The new models load `beside` the old ones, which serve until then and finish what they have. Otherwise, where
        there is no room for both, the old ones leave first; what comes meanwhile waits. Every job that was accepted
        ends once, wherever. Raises `EngineUnavailable` with the reason when the new models do not load, and whatever
        interrupts this: then the old ones go on.
        """
        if self._another is None or self._state is not _State.OPEN:
            raise EngineUnavailable(self._failure or "The engine is not running.")
        if self._switching:
            raise EngineUnavailable("The models are being changed already. Wait until that is done.")
        self._switching = True
        try:
            await (self._switch_beside(config) if beside else self._switch_after(config))
        finally:
            self._switching = False
            self._dispatch()

    def submit(self, job: Job, *, request: str, user: str = "", community: str = "", system: bool = False) -> Ticket:
        """Accept a job, or raise at once: `Overloaded` (`details["retry_after_s"]`), `EngineUnavailable`, `BadRequest`
        (as `UnknownModel` for a video of a model that is not here).

        The cap per user counts jobs that name a `user`. `system` marks the application's own checks: they skip that
        cap and are still taken while the engine drains. What reading clips takes is charged to `user` in any case.
        """
        self._check_open(job, system)
        _check_text(job)
        payer = Payer(request=request, user=user, community=community)
        fitted = self._with_model(job)
        entry = Entry(next(self._ids), fitted, "" if system else user, payer)
        if isinstance(fitted, Generate) and isinstance(job, Generate) and not job.model:
            entry.by_default = fitted.model
        refusal = admission(
            self._settings,
            waiting_of_user=self._waiting_of_user[user] if entry.user else 0,
            ahead_s=self._ahead_s(entry.job_class),
            counts_user=bool(entry.user),
        )
        if refusal is not None:
            raise Overloaded(refusal.message, retry_after_s=refusal.retry_after_s, reason=refusal.why)
        entry.ticket = Ticket(request, lambda: self._cancel(entry))
        self._entries[entry.id] = entry
        self._idle.clear()
        if entry.user:
            self._waiting_of_user[user] += 1
        if self._reads_first(entry):
            self._start_reading(entry)
        else:
            self._line_up(entry)
        return entry.ticket

    async def run(self, job: Job, *, request: str, user: str = "", community: str = "", system: bool = False) -> Result:
        """Submit and wait for the result. Raises the typed error. Cancelling the caller cancels the job."""
        return await self.submit(job, request=request, user=user, community=community, system=system).result()

    async def stop(self, grace_s: float = 10.0) -> None:
        """Take no more jobs, let those end that can within `grace_s`, stop the rest, leave no process behind.

        What did not end raises `EngineUnavailable` to its waiter: nobody cancelled it, and it may be asked again.
        """
        if self._state is _State.NEW:
            self._state = _State.CLOSED
        if self._state is _State.CLOSED:
            return
        self._state = _State.DRAINING
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), grace_s)
        self._state = _State.CLOSED
        self._fail_all(EngineUnavailable(_STOPPED))
        grace_s = self._settings.cancel_grace_s
        if self._coming is not None:
            await self._coming.drain(0.0)
        for executor in {*self._leaving, self._executor}:
            await executor.drain(grace_s)
        if self._decoding is not None:
            await self._decoding.stop()
        self._teller.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._keeping is not None:
            self._keeping.cancel()
            await self._keep_times()

    def health(self) -> Health:
        """A snapshot. `queued` counts what is accepted and not running."""
        executor = self._executor.health()
        running = len(self._running())
        is_open = self._state in (_State.OPEN, _State.DRAINING)
        ready = executor.ready and not self._between
        reason = "" if ready and is_open else self._failure or (_CHANGING if self._between else executor.reason)
        return Health(
            ready=ready and self._state is _State.OPEN,
            pid=executor.pid,
            restarts=executor.restarts,
            running=running,
            queued=len(self._entries) - running,
            breaker_open=executor.breaker_open,
            reason=reason,
        )

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """The loaded models, role by role, the default of a role first. Empty before the start."""
        return self._loaded.cards

    @property
    def generation_models(self) -> tuple[ModelCard, ...]:
        """What `Generate.model` may name (`ModelCard.backend`), the default first. Empty before the start."""
        return tuple(card for card in self._loaded.cards if card.role is Role.GENERATION)

    @property
    def coverage(self) -> Coverage:
        """What the loaded guards can score. Empty before the start."""
        return self._loaded.coverage

    @property
    def config(self) -> RuntimeConfig:
        """What answers now."""
        return self._config

    # --- other models ---

    async def _switch_beside(self, config: RuntimeConfig) -> None:
        executor, loaded = await self._load(config)
        old = self._executor
        self._take_over(config, executor, loaded, await self._times_of(config))
        self._leaving.add(old)
        self._spawn(self._retire(old))

    async def _switch_after(self, config: RuntimeConfig) -> None:
        before, old = self._config, self._executor
        self._between = True
        try:
            await self._retire(old)
            await self._begin(config)
        except BaseException as error:
            if old.health().ready:  # interrupted before it had to leave
                self._leaving.discard(old)
            else:
                await self._return_to(before, error)
            raise
        finally:
            self._between = False

    async def _return_to(self, before: RuntimeConfig, error: BaseException) -> None:
        log.warning("the new models are not there, so the old ones come back: %s", error)
        try:
            await self._begin(before)
        except EngineUnavailable as second:
            self._failure = str(second)
            self._fail_all(second)

    async def _begin(self, config: RuntimeConfig) -> None:
        executor, loaded = await self._load(config)
        self._take_over(config, executor, loaded, await self._times_of(config))

    async def _load(self, config: RuntimeConfig) -> tuple[Executor, Loaded]:
        """Another executor, ready. Leaves nothing behind when it does not come about."""
        assert self._another is not None
        executor = self._coming = self._another(config)
        try:
            loaded = await executor.start(self._dispatch)
            if self._state is _State.CLOSED:
                raise EngineUnavailable(_STOPPED)
        except BaseException:
            await executor.drain(0.0)
            raise
        finally:
            self._coming = None
        return executor, loaded

    async def _times_of(self, config: RuntimeConfig) -> LearnedTimes | None:
        """What is known of how long other models take. What was learned of these is kept first."""
        if self._times is None or self._settings.times_file is None:
            return None
        await asyncio.to_thread(self._times.save, self._costs.known())
        times = LearnedTimes(self._settings.times_file, config, self._costs)
        await asyncio.to_thread(times.read)
        return times

    def _take_over(self, config: RuntimeConfig, executor: Executor, loaded: Loaded, times: LearnedTimes | None) -> None:
        """In one go: nothing sees the cards of the one and the guards of the other."""
        self._config, self._executor, self._loaded, self._times = config, executor, loaded, times
        self._costs.forget()
        if times is not None:
            times.recall()
        self._between, self._failure = False, ""
        log.info("other models have taken over")
        self._dispatch()

    async def _retire(self, executor: Executor) -> None:
        """Let an executor end what it has. What it does not end in time is done again by the next one."""
        self._leaving.add(executor)
        runs = [entry.serving for entry in self._in_flight.values() if entry.executor is executor and entry.serving]
        if runs:
            await asyncio.wait(runs, timeout=self._settings.handover_s)
        await asyncio.shield(self._spawn(self._see_off(executor)))

    async def _see_off(self, executor: Executor) -> None:
        await executor.drain(self._settings.cancel_grace_s)
        self._leaving.discard(executor)

    def _fitting(self, entry: Entry) -> Job:
        """The job, with the default model for videos where it had one that is not here any more."""
        job = entry.job
        if isinstance(job, Generate) and job.model:
            known = [choice.key for choice in self._config.choices(Role.GENERATION)]
            if known and job.model not in known and job.model == entry.by_default:
                entry.job = job = msgspec.structs.replace(job, model=known[0])
                entry.by_default = known[0]
                entry.key = cost_key(job)
        return job

    # --- admission ---

    def _check_open(self, job: Job, system: bool) -> None:
        if self._state is _State.DRAINING and not system:
            raise EngineUnavailable("The bot is being stopped. Please ask again later.")
        if self._state not in (_State.OPEN, _State.DRAINING):
            raise EngineUnavailable(self._failure or "The engine is not running.")
        if self._failure:
            raise EngineUnavailable(self._failure)
        executor = self._executor.health()
        if executor.breaker_open:
            raise EngineUnavailable(executor.reason)
        needed = _ROLES.get(type(job))
        if needed is not None and not self._config.choices(needed):
            raise no_model(needed)

    def _with_model(self, job: Job) -> Job:
        """The job with the model that it gets, so that a default and its name are expected to cost the same."""
        if not isinstance(job, Generate):
            return job
        known = [choice.key for choice in self._config.choices(Role.GENERATION)]
        if job.model and job.model not in known:
            raise unknown_model(job.model, known)
        return msgspec.structs.replace(job, model=job.model or known[0])

    def _ahead_s(self, job_class: JobClass) -> float:
        """What a new job of this class has to wait for at least; moderation runs between the steps of the others."""
        costs, running = self._costs, list(self._in_flight.values())
        if job_class is JobClass.MODERATION:
            running = [entry for entry in running if entry.job_class is job_class]
        waiting_s = sum(count * costs.at_least(key) for key, count in self._scheduler.waiting(job_class))
        return waiting_s + sum(min(entry.left_s(costs), costs.at_least(entry.key)) for entry in running)

    # --- reading clips ---

    def _reads_first(self, entry: Entry) -> bool:
        """Whether a job's clips are read before it enters the executor, if it does at all."""
        if self._decoding is None:
            return False
        match entry.job:
            case Inspect():
                return True
            case Moderate(clips=clips, frames=frames):
                return bool(clips) and frames > 0 and bool(self._loaded.coverage.frames)
            case _:
                return False

    def _start_reading(self, entry: Entry) -> None:
        entry.reading = self._spawn(self._read_first(entry))

    async def _read_first(self, entry: Entry) -> None:
        assert self._decoding is not None
        job, payer = entry.job, entry.payer
        try:
            if isinstance(job, Inspect):
                self._pass_on(entry, Started())
                self._pass_on(entry, await inspect(self._decoding, job, payer))
                return
            assert isinstance(job, Moderate)
            for clip in job.clips:
                await self._decoding.decode(clip.path, Looks(job.frames), payer=payer)
        except EngineError as error:
            self._end(entry, error)
        except Exception:
            log.exception("a clip of request %s could not be read", entry.ticket.request)
            self._end(entry, JobFailed("Something went wrong while that file was read. Please try again."))
        else:
            entry.reading = None
            if entry.id in self._entries:
                self._line_up(entry)

    def _line_up(self, entry: Entry) -> None:
        payer = entry.payer
        self._scheduler.add(
            Item(
                id=entry.id,
                job_class=entry.job_class,
                community=payer.community,
                user=payer.user,
                cost_s=self._costs.at_least(entry.key),
                payload=entry,
                key=entry.key,
            )
        )
        self._dispatch()
        if entry.run is None or len(self._in_flight) > 1:
            self._teller.wake()

    async def _come_back(self, entry: Entry, until: Awaitable[object]) -> None:
        """A run made way while a clip is read for it: it goes before everything else once that is over."""
        with contextlib.suppress(Exception):
            await until
        entry.reading = None
        if entry.id in self._entries:
            self._again.append(entry)
            self._dispatch()

    # --- dispatch ---

    def _dispatch(self) -> None:
        """Hand out whatever there is a slot for. Called when a job arrives or ends, and when the executor changes."""
        while not self._between and self._executor.health().ready and (entry := self._next()) is not None:
            self._hand_out(entry)

    def _hand_out(self, entry: Entry) -> None:
        """In one go, while the executor is ready: it may be gone by the next turn of the loop."""
        run = entry.run = next(self._runs)
        executor = entry.executor = self._executor
        job = self._fitting(entry)
        entry.handed_at = time.monotonic()
        entry.attempts += 1
        for staged in self._here():
            if entry.job_class is JobClass.UNDERSTANDING and not staged.started_at:
                staged.overtaken_s += self._costs.at_least(entry.key)
        self._in_flight[run] = entry
        events = executor.submit(
            Task(
                number=run,
                job=job,
                job_class=entry.job_class,
                request=entry.ticket.request,
                attempt=entry.attempts,
                payer=entry.payer,
                may_yield=entry.yields < _MOST_YIELDS,
            )
        )
        entry.serving = self._spawn(self._serve(entry, run, events, executor))

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _next(self) -> Entry | None:
        if any(entry.deaths for entry in self._in_flight.values()):
            return None
        if suspects := [entry for entry in self._again if entry.deaths]:
            # Alone, so that a second death has one cause; the short ones first.
            return None if self._in_flight else self._take_again(min(suspects, key=_urgency))
        free = self._free_classes()
        for entry in self._again:
            if entry.job_class in free:
                return self._take_again(entry)
        item = self._scheduler.pick(free)
        if item is None:
            return None
        if item.job_class is JobClass.GENERATION and self._scheduler.waiting_s(JobClass.UNDERSTANDING) > 0:
            item.payload.overtaken_s = math.inf  # it was this video's turn, though questions wait
        return item.payload

    def _take_again(self, entry: Entry) -> Entry:
        self._again.remove(entry)
        return entry

    def _free_classes(self) -> tuple[JobClass, ...]:
        others = [entry for entry in self._here() if entry.job_class is not JobClass.MODERATION]
        free: tuple[JobClass, ...] = ()
        checks = [entry for entry in self._here() if entry.job_class is JobClass.MODERATION]
        if len(checks) < self._settings.moderation_slots and self._have_room(checks):
            free += (JobClass.MODERATION,)
        if len(others) < _SLOTS:
            free += (JobClass.UNDERSTANDING, JobClass.GENERATION)
        elif len(others) == _SLOTS and all(self._may_be_overtaken(each) for each in others if not each.started_at):
            free += (JobClass.UNDERSTANDING,)
        return free

    def _here(self) -> list[Entry]:
        """What the executor has that answers now."""
        return [entry for entry in self._in_flight.values() if entry.executor is self._executor]

    def _have_room(self, checks: Sequence[Entry]) -> bool:
        """What is handed over is done in its order, so it is a moment's work at most: what comes then may be quick."""
        return len(checks) < _SLOTS or sum(entry.left_s(self._costs) for entry in checks) < _STAGED_CHECKS_S

    def _may_be_overtaken(self, staged: Entry) -> bool:
        """A question must not wait for two videos only because the second one is staged already; for a while, and not
        for one that takes less than what went before it."""
        if staged.job_class is not JobClass.GENERATION:
            return False
        patience_s = self._settings.ageing_s[JobClass.GENERATION]
        earned = VIDEOS_SHARE * staged.overtaken_s >= self._costs.price(staged.key)
        return not earned and time.monotonic() - staged.handed_at < patience_s

    async def _serve(self, entry: Entry, run: int, events: AsyncIterator[Event], executor: Executor) -> None:
        """One run of a job in the executor."""
        try:
            async for event in events:
                if executor in self._leaving and not entry.cancelled and _is_cancelled(event):
                    raise WorkerDied("Its executor leaves.", blameless=True)
                self._pass_on(entry, event)
        except WorkerDied as death:
            self._survive(entry, death)
        except JobYielded as way:
            self._make_way(entry, way)
        except Exception:
            log.exception("request %s was lost by the executor", entry.ticket.request)
            self._end(entry, JobFailed("Something went wrong while working on this. Please try again."))
        finally:
            self._in_flight.pop(run, None)
        self._dispatch()

    def _pass_on(self, entry: Entry, event: Event) -> None:
        match event:
            case Started():
                entry.started_at = time.monotonic()
                self._stop_waiting(entry)
                entry.ticket.put(event)
            case Failed():
                self._end(entry, event)
            case _ if isinstance(event, Result):
                if entry.started_at is not None:
                    self._learn(entry.key, time.monotonic() - entry.started_at)
                if entry.cancelled:
                    self._discard(event)
                self._end(entry, _cancelled() if entry.cancelled else event)
            case _:
                entry.ticket.put(event)

    def _survive(self, entry: Entry, death: WorkerDied) -> None:
        """The process died under this run: end the job or line it up again."""
        began = entry.started_at is not None
        entry.run = entry.started_at = None
        if began and not death.blameless:
            entry.deaths += 1
        if not began:
            entry.attempts -= 1
        if entry.id not in self._entries:
            return
        if entry.cancelled:
            self._end(entry, _cancelled())
        elif entry.deaths >= _DEATHS_TO_POISON:
            log.error("request %s is poisoned: the process died on it twice", entry.ticket.request)
            self._end(entry, JobPoisoned("The model broke down on this twice, so it is not tried again."))
        else:
            self._again.append(entry)

    def _make_way(self, entry: Entry, way: JobYielded) -> None:
        entry.run = entry.started_at = None
        entry.yields += 1
        if entry.id not in self._entries:
            return
        if entry.cancelled:
            self._end(entry, _cancelled())
        else:
            entry.reading = self._spawn(self._come_back(entry, way.until))

    # --- endings ---

    def _cancel(self, entry: Entry) -> None:
        if entry.cancelled or entry.id not in self._entries:
            return
        entry.cancelled = True
        if entry.run is not None:
            entry.executor.cancel(entry.run)
            return
        if entry.reading is not None:
            entry.reading.cancel()
        elif self._scheduler.remove(entry.id) is None:
            self._again.remove(entry)
        self._end(entry, _cancelled())
        self._dispatch()

    def _end(self, entry: Entry, ending: Result | Failed | EngineError) -> None:
        """The one place where a job ends."""
        if self._entries.pop(entry.id, None) is None:
            return
        self._stop_waiting(entry)
        if isinstance(ending, EngineError):
            entry.ticket.fail(ending)
        else:
            entry.ticket.put(ending)
        if not self._entries:
            self._idle.set()

    def _fail_all(self, error: EngineError) -> None:
        for entry in list(self._entries.values()):
            self._scheduler.remove(entry.id)
            if entry.reading is not None:
                entry.reading.cancel()
            self._end(entry, type(error)(error.message, **error.details))
        self._again.clear()

    def _stop_waiting(self, entry: Entry) -> None:
        if entry.waits:
            entry.waits = False
            if entry.user:
                self._waiting_of_user[entry.user] -= 1
                if not self._waiting_of_user[entry.user]:
                    del self._waiting_of_user[entry.user]

    def _discard(self, result: Result) -> None:
        """The result of a job that was cancelled while it was being reported is a file that nobody will fetch."""
        if isinstance(result, Rendered | Transcoded):
            asyncio.get_running_loop().run_in_executor(None, _unlink, result.path)

    # --- what jobs take ---

    def _learn(self, key: Key, seconds: float) -> None:
        self._costs.learn(key, seconds)
        if self._times is not None and self._keeping is None:
            self._keeping = asyncio.get_running_loop().call_later(_KEEP_AFTER_S, self._keep_soon)

    def _keep_soon(self) -> None:
        keeping = asyncio.get_running_loop().create_task(self._keep_times())
        self._tasks.add(keeping)
        keeping.add_done_callback(self._tasks.discard)

    async def _keep_times(self) -> None:
        self._keeping = None
        if self._times is not None:
            await asyncio.to_thread(self._times.save, self._costs.known())

    # --- positions ---

    def _queue(self) -> Iterator[Entry]:
        """All that waits, next one first. A queue so long that picturing it would hold up the event loop is not."""
        if len(self._scheduler) > _LONGEST_PICTURED:
            return iter(())
        staged = [entry for entry in self._in_flight.values() if entry.started_at is None]
        return itertools.chain(staged, list(self._again), (item.payload for item in self._scheduler.forecast()))

    def _running(self) -> list[Entry]:
        return [entry for entry in self._in_flight.values() if entry.started_at is not None]


def _check_text(job: Job) -> None:
    """Chat platforms do deliver halves of surrogate pairs; they cannot be sent anywhere as UTF-8."""
    try:
        msgspec.msgpack.encode(job)
    except UnicodeEncodeError:
        raise BadRequest("This text holds a broken character. Please type it again.") from None


def _urgency(entry: Entry) -> int:
    return CLASSES.index(entry.job_class)


def _is_cancelled(event: Event) -> bool:
    return isinstance(event, Failed) and event.code == JobCancelled.code


def _cancelled() -> JobCancelled:
    return JobCancelled("This was cancelled.")


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        Path(path).unlink(missing_ok=True)
