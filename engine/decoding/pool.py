"""The decoding processes, and who is read for when: deadlines, budgets, shares, and what is never read again.

It lives on the event loop's thread in the bot's process, imports no media library, and opens no posted file but to
hash it. Whatever a file does, it does to a process that is replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import stat
import time
from collections.abc import Callable

from engine.decoding import wire
from engine.decoding.contents import Contents, open_regular
from engine.decoding.kept import Kept, Key
from engine.decoding.payer import Payer
from engine.decoding.poison import Poison
from engine.decoding.process import DecoderProcess
from engine.decoding.scratch import Scratch
from engine.decoding.settings import DecodingSettings
from engine.decoding.shares import Budgets, Line
from engine.decoding.wire import Decoded, Done, Hello, Operation, Order, Refused, Reply, Unable
from engine.decoding.work import Decoder, Spawn, Wanted
from engine.descriptors import Reserve
from engine.errors import DecodeTimeout, EngineError, EngineUnavailable, JobFailed, StorageFull, from_event
from engine.types import MediaLimits

_GRACE_S = 0.5  # a process that still listens says itself that its time is up
_LEAST_S = 0.05  # with less left there is nothing to begin with
_SLOW_S, _NICE = 2.0, 10  # what takes longer steps back behind everything else on this machine
_NO_WAITERS_S = 2.0  # what nobody waits for any more may go on so long
_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S = 0.5, 30.0
_FAILED_STARTS = 5
_STOPPED = "The bot was stopped before this was finished. Please ask again later."
_KEPT_S, _SWEEP_S = 900.0, 60.0
_EXTRA = 2  # processes for the quick, while slow files hold others up
_REST_AFTER_S = 3.0  # until then a start has better things to do

log = logging.getLogger(__name__)


class DecodingPool:
    """Reads clips in processes of its own. Use it from one event loop; `start` it first and `stop` it in the end."""

    def __init__(
        self,
        settings: DecodingSettings,
        limits: MediaLimits,
        *,
        spawn: Spawn = DecoderProcess,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._spawn = spawn
        self._clock = clock
        self._contents = Contents(limits.max_bytes)
        self._poison = Poison(settings.state_dir)
        self._budgets = Budgets(clock, limits.decode_timeout_s)
        self._line: Line[Wanted] = Line(clock)
        self._kept = Kept(settings.kept_bytes, clock, _KEPT_S)
        self._wanted: dict[Key, Wanted] = {}
        self._decoders: list[Decoder] = []
        self._numbers = 0
        self._failed_starts = 0
        self._spare = Reserve()
        self._unable: EngineError | None = None
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._saving = asyncio.Lock()
        self._rest: asyncio.TimerHandle | None = None
        self._sweeping: asyncio.TimerHandle | None = None
        self._scratch = Scratch(settings)
        self.walls: Hello | None = None  # what the latest process said of them
        self.operations = 0  # carried out by processes
        self.openings = 0  # of files, by processes
        self.deaths = 0  # of processes, for a file's sake

    def __repr__(self) -> str:
        return f"<DecodingPool {len(self._decoders)} processes, {len(self._line)} waiting, {self.deaths} deaths>"

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(decoder.process.pid for decoder in self._decoders)

    async def start(self) -> None:
        """Start the processes; they are not waited for. What breaks in here breaks the reading of clips, no more."""
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._poison.load)
        try:
            await asyncio.to_thread(self._scratch.open)
        except OSError as error:
            self._unable = EngineUnavailable(f"There is no place for frames to pass through: {error.strerror}.")
            log.error("%s", self._unable)
            return
        if self._stopping:
            await asyncio.to_thread(self._scratch.close)
            return
        self._begin()
        self._rest = self._loop.call_later(_REST_AFTER_S, self._fill_up)
        self._sweeping = self._loop.call_later(_SWEEP_S, self._sweep)

    async def stop(self) -> None:
        """End all processes and remove what they made."""
        self._stopping = True
        for timer in (self._rest, self._sweeping):
            if timer is not None:
                timer.cancel()
        for waiting in list(self._wanted.values()):
            self._end(waiting, EngineUnavailable(_STOPPED))
        self._spare.close()
        decoders, self._decoders = self._decoders, []
        for decoder in decoders:
            self._disarm(decoder)
            decoder.process.kill()
        for decoder in decoders:
            await decoder.process.gone()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._scratch.close)

    async def decode(
        self,
        path: str,
        operation: Operation,
        *,
        payer: Payer,
        skip: int = 0,
        after_s: float = 0.0,
        urgent: bool = False,
    ) -> Decoded:
        """The result of an operation on a file, without its first `skip` pieces, of which the last was of `after_s`.
        `urgent` when a model waits for it.

        Raises `MediaError`: what the reader raises, `DecodeTimeout` when the request's budget is used up, or
        `PoisonedClip`; `StorageFull`; `EngineUnavailable` or `MissingExtra` when nothing can be read here.
        """
        if self._unable is not None:
            raise _again(self._unable)
        content = await self._contents.of(path)
        if refusal := self._refusal(content):
            raise refusal
        key = (content, wire.key_of(operation), skip)
        if content and (known := self._kept.get(key)) is not None:
            if isinstance(known, EngineError):
                raise _again(known)
            return known
        wanted = self._wanted.get(key) if content else None
        if wanted is None:
            if self._budgets.left_s(payer.request) < _LEAST_S:
                raise self._too_late()
            wanted = Wanted(key, path, operation, payer, after_s=after_s, urgent=urgent)
            if content:
                self._wanted[key] = wanted
            self._line.add(wanted)
        wanted.urgent = wanted.urgent or urgent
        waiter: asyncio.Future[Decoded] = self._loop.create_future()
        wanted.waiters.append(waiter)
        self._dispatch()
        try:
            return await waiter
        finally:
            wanted.waiters.remove(waiter)
            if not wanted.waiters:
                self._nobody_waits(wanted)

    # --- who is next -------------------------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        if self._stopping or self._unable is not None:
            return
        self._pick_and_hand_out()
        if len(self._line) and len(self._decoders) < self._enough():
            self._begin()

    def _pick_and_hand_out(self) -> None:
        while idle := [each for each in self._decoders if each.ready and each.work is None and not each.retired]:
            for each in self._line:
                each.suspect = self._poison.is_suspect(each.content)
            running = [each.work.payer for each in self._decoders if each.work is not None]
            wanted = self._line.pick(running, self._settings.decoders)
            if wanted is None:
                return
            left_s = self._budgets.left_s(wanted.payer.request)
            if refusal := self._refusal(wanted.content):
                self._end(wanted, refusal)
            elif left_s < _LEAST_S:
                self._end(wanted, self._too_late())
            else:
                self._hand_out(wanted, max(idle, key=lambda each: _place(each, wanted.content)), left_s)

    def _enough(self) -> int:
        """How many processes there should be now. What is slow keeps its process; the quick get another one."""
        slow = sum(1 for each in self._decoders if each.slowed and each.work is not None)
        return self._settings.decoders + min(slow, _EXTRA)

    def _hand_out(self, wanted: Wanted, decoder: Decoder, budget_s: float) -> None:
        try:
            descriptor = open_regular(wanted.path)
        except EngineError as error:
            self._end(wanted, error)
            return
        self._numbers += 1
        decoder.work, decoder.number = wanted, self._numbers
        decoder.began = self._clock()
        decoder.timers = [
            self._loop.call_later(budget_s + _GRACE_S, self._overdue, decoder, self._numbers),
            self._loop.call_later(_SLOW_S, self._slow_down, decoder, self._numbers),
        ]
        order = Order(
            number=self._numbers,
            path=wanted.path,
            has_file=descriptor is not None,
            content=wanted.content,
            operation=wanted.operation,
            skip=wanted.key[2],
            after_s=wanted.after_s,
            limits=self._limits,
            budget_s=budget_s,
            result=str(self._numbers),
        )
        try:
            decoder.process.send(order, descriptor)
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _refusal(self, content: str) -> EngineError | None:
        """What is known of a content that no operation can read."""
        if not content:
            return None
        known = self._kept.get(_opening(content))
        return self._poison.verdict(content) or (_again(known) if isinstance(known, EngineError) else None)

    def _too_late(self) -> DecodeTimeout:
        seconds = self._limits.decode_timeout_s
        return DecodeTimeout(
            f"Reading that clip took longer than {seconds:.0f} s, so I stopped. Try a shorter or smaller one.",
            seconds=seconds,
        )

    # --- what comes back ---------------------------------------------------------------------------------------------

    def _replied(self, decoder: Decoder, reply: Reply) -> None:
        match reply:
            case Hello():
                self._is_ready(decoder, reply)
            case Unable(failed=failed):
                decoder.retired = True
                self._give_up(from_event(failed))
            case Done() | Refused() if decoder.work is not None and reply.number == decoder.number:
                self._served(decoder, decoder.work, reply)
        self._dispatch()

    def _is_ready(self, decoder: Decoder, hello: Hello) -> None:
        if self.walls is None and hello.lacking:
            log.warning("this system gives decoding processes no %s", " and no ".join(hello.lacking))
        self.walls = hello
        self._failed_starts = 0
        decoder.ready = True

    def _served(self, decoder: Decoder, wanted: Wanted, reply: Done | Refused) -> None:
        self._charge(decoder, wanted)
        self._disarm(decoder)
        decoder.work = None
        self.operations += 1
        self.openings += reply.opened
        decoder.open = [each for each in decoder.open if each != wanted.content]
        if isinstance(reply, Done):
            decoder.open.append(wanted.content)
            self._succeeded(decoder, wanted, reply)
        else:
            self._failed(wanted, reply)
        if reply.tired or (decoder.slowed and not (isinstance(reply, Done) and reply.more)):
            self._retire(decoder)

    def _succeeded(self, decoder: Decoder, wanted: Wanted, done: Done) -> None:
        kept, size = "", 0
        if done.pieces:
            made = decoder.process.folder / str(done.number)
            target = self._scratch.folder / f"result-{done.number}"
            try:
                made.replace(target)
                status = target.lstat()
            except OSError:
                status = None
            if status is None or not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:  # not what it wrote for us
                self._end(wanted, JobFailed("Something went wrong while that file was read. Please try again."))
                return
            kept, size = str(target), status.st_size
        if self._poison.held(wanted.content, wanted.key[1]):
            self._spawn_task(self._save())
        result = Decoded(
            info=done.info,
            path=kept,
            pieces=done.pieces,
            numbers=done.numbers,
            silent=done.silent,
            more=done.more,
        )
        self._kept.put(wanted.key, result, size)
        self._end(wanted, result)

    def _failed(self, wanted: Wanted, reply: Refused) -> None:
        error = from_event(reply.failed)
        if reply.late:
            self._poison.was_slow(wanted.content)
        elif isinstance(error, StorageFull) and len(self._kept):
            self._kept.clear()  # room enough, perhaps
            self._line.add(wanted)
            return
        elif wanted.content and not isinstance(error, StorageFull | JobFailed):
            self._kept.put(_opening(wanted.content) if reply.opening else wanted.key, error)
        self._end(wanted, error)

    def _end(self, wanted: Wanted, ending: Decoded | EngineError) -> None:
        if self._wanted.get(wanted.key) is wanted:
            del self._wanted[wanted.key]
        if isinstance(ending, EngineError):
            wanted.fail(ending)
        else:
            wanted.succeed(ending)

    def _charge(self, decoder: Decoder, wanted: Wanted) -> None:
        seconds = self._clock() - decoder.began
        self._budgets.charge(wanted.payer.request, seconds)
        self._line.charge(wanted.payer, seconds)

    # --- lives and deaths --------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._stopping or self._unable is not None:
            return
        decoder = Decoder()
        try:
            with self._spare.opened():
                decoder.process = self._spawn(
                    self._scratch.folder,
                    self._settings.memory_mb,
                    lambda _, reply: self._replied(decoder, reply),
                    lambda _, status: self._exited(decoder, status),
                )
        except OSError as error:
            self._did_not_start(f"it could not be started: {error.strerror}")
            return
        self._decoders.append(decoder)

    def _exited(self, decoder: Decoder, status: int) -> None:
        if self._stopping or decoder not in self._decoders:
            return
        self._decoders.remove(decoder)
        self._disarm(decoder)
        wanted, decoder.work = decoder.work, None
        if not decoder.ready and not decoder.retired:
            self._did_not_start(f"it ended with status {status}")
            return
        if len(self._decoders) < self._settings.decoders:
            self._begin()
        if wanted is not None:
            self._charge(decoder, wanted)
            if decoder.dropped and not wanted.waiters:
                self._end(wanted, JobFailed("Nobody waits for this any more."))
            elif decoder.dropped:
                self._line.add(wanted)
            else:
                self._spawn_task(self._blame(decoder, wanted, status))
        self._dispatch()

    async def _blame(self, decoder: Decoder, wanted: Wanted, status: int) -> None:
        """A process died of a file. Others have their turn before it is tried again, and after a second time it never
        is; it is on disk before anybody hears of it."""
        self.deaths += 1
        poisoned = bool(wanted.content) and self._poison.broke(wanted.content, wanted.key[1])
        how = "took too long" if decoder.overdue else f"ended with status {status}"
        log.warning(
            "a decoding process %s on a file of request %s%s",
            how,
            wanted.payer.request,
            ", which is not read again" if poisoned else "",
        )
        await self._save()
        if poisoned:
            error = self._poison.verdict(wanted.content)
            assert error is not None
            # The one who waited for it hears how it ended; whoever posts it from now on, that it is not read.
            self._end(wanted, self._too_late() if decoder.overdue else error)
        elif decoder.overdue or self._budgets.left_s(wanted.payer.request) < _LEAST_S:
            self._end(wanted, self._too_late())
        elif not wanted.content:
            self._end(wanted, JobFailed("Something went wrong while that file was read. Please try again."))
        elif wanted.waiters:
            self._line.add(wanted)
        else:
            self._end(wanted, JobFailed("Nobody waits for this any more."))
        self._dispatch()

    def _overdue(self, decoder: Decoder, number: int) -> None:
        if decoder.number == number and decoder.work is not None:
            decoder.overdue = True
            decoder.process.kill()

    def _slow_down(self, decoder: Decoder, number: int) -> None:
        if decoder.number == number and decoder.work is not None:
            decoder.slowed = True
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, decoder.process.pid, _NICE)
            self._dispatch()

    def _nobody_waits(self, wanted: Wanted) -> None:
        """What waits is dropped; what runs may be of use to the next who asks, for a moment."""
        for decoder in self._decoders:
            if decoder.work is wanted:
                self._loop.call_later(_NO_WAITERS_S, self._drop, decoder, decoder.number)
                return
        if self._wanted.get(wanted.key) is wanted:
            del self._wanted[wanted.key]
        self._line.remove(wanted)

    def _drop(self, decoder: Decoder, number: int) -> None:
        if decoder.number == number and decoder.work is not None and not decoder.work.waiters:
            decoder.dropped = True
            decoder.process.kill()

    def _retire(self, decoder: Decoder) -> None:
        """It has grown or grown old; its successor is there before it has gone."""
        decoder.retired = True
        self._decoders.remove(decoder)
        decoder.process.kill()
        self._spawn_task(decoder.process.gone())
        if len(self._decoders) < self._settings.decoders:
            self._begin()

    def _fill_up(self) -> None:
        while len(self._decoders) < self._settings.decoders and not self._stopping and self._unable is None:
            before = len(self._decoders)
            self._begin()
            if len(self._decoders) == before:  # it tries again by itself
                return

    def _sweep(self) -> None:
        """Nothing of a clip that was deleted stays here: neither what was decoded nor the open file."""
        self._sweeping = self._loop.call_later(_SWEEP_S, self._sweep)
        self._kept.expire()
        for decoder in list(self._decoders):
            if decoder.work is None and decoder.open and self._clock() - decoder.began > _KEPT_S:
                self._retire(decoder)

    def _did_not_start(self, why: str) -> None:
        self._failed_starts += 1
        log.error("a decoding process is of no use: %s", why)
        if self._failed_starts >= _FAILED_STARTS * self._settings.decoders:
            error = EngineUnavailable("Clips cannot be read at the moment. An operator has to look at the log.")
            for wanted in self._line:
                self._line.remove(wanted)
                self._end(wanted, error)
        delay_s = min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2 ** (self._failed_starts // self._settings.decoders))
        self._loop.call_later(delay_s, self._fill_up)

    def _give_up(self, error: EngineError) -> None:
        self._unable = error
        for wanted in list(self._wanted.values()):
            self._end(wanted, error)

    def _disarm(self, decoder: Decoder) -> None:
        for timer in decoder.timers:
            timer.cancel()
        decoder.timers = []

    async def _save(self) -> None:
        async with self._saving:
            await asyncio.to_thread(self._poison.save)

    def _spawn_task(self, work: object) -> None:
        task: asyncio.Task[None] = self._loop.create_task(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _place(decoder: Decoder, content: str) -> tuple[bool, bool]:
    """Best is who has the file open, then who has none open that others may ask about."""
    return content in decoder.open[-2:], not decoder.open


def _opening(content: str) -> Key:
    return content, b"opening", 0


def _again(error: EngineError) -> EngineError:
    """A fresh one: an exception that is raised twice drags its first traceback along."""
    return type(error)(error.message, **error.details)
