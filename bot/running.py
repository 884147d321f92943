"""Requests while they run: each one is stored, worked on, given exactly one end, and resumed after a restart.

It knows no flow: what is done for a request it is told once, as a function over errands.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from adapters.base import Adapter, Attachment, Author, DeliveryError, Reply, Scope, State, Undeliverable, View
from bot.access import Access
from bot.errand import Errand
from bot.errors import Interrupted
from bot.evidence import Evidence
from bot.outcome import Outcome, outcome_of
from bot.pauses import Pauses
from bot.redelivery import Redelivery
from bot.requests import author_of, place_of, view_of
from bot.safety import Policy, Safety
from bot.stage import Stage
from bot.store import (
    NewRequest,
    NewTurn,
    Patience,
    Request,
    RequestState,
    StorageFull,
    Store,
    StoreClosed,
    StoreError,
    impatient,
    patient,
)
from engine.errors import JobCancelled

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3  # of one request over restarts of the bot; a request that keeps killing it is given up
ACCEPTED_WITHIN_S = 120.0  # how long who asks waits for a database that is away, before being told to ask again
LAST_WORDS_S = 5.0  # how long a stop waits for requests to be laid down once its grace is over
DISK_FULL = "The bot's disk is full, so this has to wait. It goes on by itself once there is room."
DATABASE_AWAY = "The bot's database does not answer, so this has to wait. It goes on by itself once it does."
NOT_TAKEN = "I could not write down what you asked, so I did not begin. Please ask again in a few minutes."
PARDONS = "pardons"  # the param with the verdicts that a moderator overturned: pairs of category and score

Flow = Callable[[Errand, Sequence[Attachment]], Awaitable[None]]


@dataclass
class _Active:
    request: Request
    author: Author
    reply: Reply
    stage: Stage
    work: asyncio.Task[None] = field(init=False)  # the flow; cancelled by whoever cancels the request
    end: asyncio.Task[None] = field(init=False)  # waits for the flow and gives the request its one end
    errand: Errand | None = None
    claimed: bool = False  # counted as an attempt
    cancelled: str = ""  # the sentence of who cancelled it


class Running:
    """All requests of this process that have not ended."""

    def __init__(
        self,
        flow: Flow,
        *,
        store: Store,
        safety: Safety,
        access: Access,
        evidence: Evidence,
        clock: Callable[[], float],
        late: Pauses | None = None,
        away: Pauses | None = None,
    ) -> None:
        """The pauses: `late` between tries to show an answer, `away` between tries of a database that is."""
        self._flow = flow
        self._store = store
        self._safety = safety
        self._access = access
        self._evidence = evidence
        self._clock = clock
        self._active: dict[str, _Active] = {}
        self._late = late or Pauses()
        self._away = away or Pauses(0.5, 15.0)
        self._redelivery = Redelivery(store, self._late)

    # --- the way in ---------------------------------------------------------------------------------------------

    async def accept(self, new: NewRequest, author: Author, reply: Reply, attachments: Sequence[Attachment]) -> str:
        """Store a request and begin with it. Returns its id, the earlier one's if this event was seen before."""
        try:
            with self.asking(reply):
                request = await self._store.accept(new)
                seen = await self._store.find(new.platform, new.event_id) if request is None else None
        except StoreClosed:
            # The bot is being stopped, and this task with it: adapters have noted what they have not handed over yet,
            # and the next start takes it. An answer of any kind would let them forget it.
            await asyncio.Event().wait()
            raise
        except StoreError as error:
            log.error("a request was refused, because it cannot be stored: %s", error)
            await reply.show(View(request="", state=State.FAILED, notice=NOT_TAKEN, code=error.code))
            return ""
        if request is None:
            return seen.id if seen is not None else ""
        self.begin(request, author, reply, attachments)
        return request.id

    def asking(self, reply: Reply) -> AbstractContextManager[None]:
        """Let who asks wait for a database that is away, for a while, and see why in `reply`."""

        async def waits(error: StoreError) -> None:
            log.warning("a request waits, because it cannot be stored: %s", error)
            await reply.show(View(request="", state=State.WORKING, status=_why(error)))

        return patient(Patience(self._away.within(ACCEPTED_WITHIN_S), away=waits))

    def begin(self, request: Request, author: Author, reply: Reply, attachments: Sequence[Attachment] = ()) -> None:
        """Work on a stored request until its end."""
        stage = Stage(request.id, reply, clock=self._clock)
        active = _Active(request, author, reply, stage)
        active.work = asyncio.create_task(self._work(active, attachments), name=f"work {request.id}")
        self._active[request.id] = active
        active.end = asyncio.create_task(self._see_through(active), name=f"request {request.id}", context=impatient())

    # --- while it runs ------------------------------------------------------------------------------------------

    def view(self, request: Request) -> View:
        """How a request looks now."""
        active = self._active.get(request.id)
        return active.stage.view if active is not None else view_of(request)

    def asker(self, request: str) -> Author | None:
        """Who asked for a request that can still be cancelled."""
        active = self._active.get(request)
        return active.author if active is not None and not active.work.done() else None

    def cancel(self, request: str, notice: str = "Cancelled.") -> None:
        """Cancel a request that runs; `notice` is what its last view says."""
        active = self._active.get(request)
        if active is not None and not active.work.done():
            active.cancelled = notice
            active.work.cancel()

    async def end(self, which: Callable[[Request], bool], notice: str = "Cancelled.") -> None:
        """Cancel those requests, and wait until each of them has had its end."""
        going = [active for active in self._active.values() if which(active.request)]
        for active in going:
            self.cancel(active.request.id, notice)
        await asyncio.gather(*(active.end for active in going), return_exceptions=True)

    # --- life ---------------------------------------------------------------------------------------------------

    async def resume(self, adapters: Mapping[str, Adapter]) -> None:
        """Go on with what an earlier process left: deliver what was finished, run what was not."""
        self._redelivery.adapters.update(adapters)
        with patient(Patience(self._away)):
            await self._redeliver(list(adapters))
            for request in await self._store.unfinished(list(adapters)):
                if request.id not in self._active and not await self._take_up(request):
                    self._redelivery.retry(request, self._take_up_later(request))

    def reconnected(self, platform: str) -> None:
        """Try again at once what could not be delivered there."""
        if platform in self._redelivery.adapters:
            self._redelivery.reconnected(platform)

    async def drain(self, grace_s: float) -> None:
        """Let what ends within the grace end, and leave the rest to the next start."""
        going, late = list(self._active.values()), self._redelivery.rest()
        waited = [*(active.end for active in going), *late]
        if not waited:
            return
        await asyncio.wait(waited, timeout=grace_s)
        for task in [*(active.work for active in going), *late]:
            task.cancel()
        _, left = await asyncio.wait(waited, timeout=LAST_WORDS_S)
        for task in left:  # the store or the platform is away: what is not stored runs again, the rest is shown again
            task.cancel()
        await asyncio.wait(waited)

    async def _redeliver(self, platforms: Sequence[str]) -> None:
        for request in await self._store.undelivered(platforms):
            if request.id not in self._active:  # else this process is just showing it
                self._redelivery.add(request)

    async def _take_up(self, request: Request) -> bool:
        """Work again on a request that an earlier process has left. False when its message cannot be looked up now."""
        try:
            reply = await self._redelivery.adapters[request.platform].restore(request.reply_ref)
        except Exception as error:  # noqa: BLE001 - whatever it is, it may pass
            log.warning("request %s: its message could not be found, that is tried again: %r", request.id, error)
            return False
        if reply is None:
            view = View(request=request.id, state=State.FAILED, code="interrupted")
            await self._access.release(request.id)
            await self._store.finish(request.id, RequestState.FAILED, msgspec.to_builtins(view))
            await self._store.delivered(request.id)
        else:
            self.begin(request, author_of(request), reply)
        return True

    async def _take_up_later(self, request: Request) -> None:
        for pause in self._late:
            await self._redelivery.pause(request.platform, pause)
            known = await self._store.request(request.id)
            if known is None or known.state.terminal or await self._take_up(known):
                return

    # --- one request --------------------------------------------------------------------------------------------

    async def _work(self, active: _Active, attachments: Sequence[Attachment]) -> None:
        """Run the flow of a request. Its stage then holds what to show, and its errand the turns to remember."""
        with patient(self._waiting(active.stage)):
            await self._run(active, attachments)

    async def _run(self, active: _Active, attachments: Sequence[Attachment]) -> None:
        request, stage = active.request, active.stage
        attempts = await self._store.claim(request.id)
        if attempts is None:
            raise JobCancelled("This was over already.")
        active.claimed = True
        if attempts > MOST_ATTEMPTS:
            raise Interrupted("It failed several times on this request, so I stopped. Others are not affected.")
        stage.update(status="One moment …")
        errand = active.errand = Errand(
            request=request,
            author=active.author,
            place=place_of(request),
            stage=stage,
            policy=await self._policy(request),
            safety=self._safety,
            access=self._access,
            evidence=self._evidence,
            clock=self._clock,
        )
        try:
            await self._flow(errand, attachments)
        finally:
            stage.update(footer=" | ".join(errand.footers), seconds=errand.seconds or None)

    def _waiting(self, stage: Stage) -> Patience:
        """Who has been accepted waits for the database, however long that takes, and sees why."""
        before = ""

        async def away(error: StoreError) -> None:
            nonlocal before
            log.warning("request %s waits for the database: %s", stage.view.request, error)
            before = stage.view.status
            stage.update(status=_why(error))

        async def back() -> None:
            stage.update(status=before)

        return Patience(self._away, away=away, back=back)

    async def _policy(self, request: Request) -> Policy:
        """The rules of the place, less what a moderator waived for this request."""
        place = place_of(request)
        scope = Scope(place.platform, place.community, place.channel)
        policy = await self._safety.policy(scope, age_restricted=place.age_restricted)
        for category, score in request.params.get(PARDONS, ()):
            policy = policy.pardon(category, score)
        return policy

    async def _see_through(self, active: _Active) -> None:
        """Wait for the work and give the request its one end: stored first, then shown, then marked as shown."""
        stage, request = active.stage, active.request
        try:
            ended = await outcome_of(active.work, request.id, cancelled=lambda: active.cancelled)
            if ended is None:
                await self._lay_down(active)
                return
            with patient(self._waiting(stage)):
                await self._conclude(active, ended)
        except Exception:
            log.exception("request %s: broke at its very end", request.id)
        finally:
            await stage.close()
            self._active.pop(request.id, None)

    async def _conclude(self, active: _Active, ended: Outcome) -> None:
        stage, request = active.stage, active.request
        if active.errand is not None:
            await self._settle(request, active.errand.settle(cancelled=ended.state is RequestState.CANCELLED))
        view = ended.view(stage.view, private=place_of(request).private)
        turns = active.errand.turns if active.errand is not None else []
        mine, view = await self._end(request, ended.state, view, turns)
        if mine and active.errand is None:  # counted by an earlier process, if at all
            await self._settle(request, self._access.release(request.id))
        end = ended.state if view.code in ("", ended.state) else f"{ended.state}, {view.code}"
        log.info("request %s (%s, %s): %s", request.id, request.platform, request.kind, end)
        if mine:
            await self._deliver(active, view)

    async def _lay_down(self, active: _Active) -> None:
        """Leave a request to the next start. Only what crashes counts as an attempt."""
        if active.claimed:
            try:
                await self._store.lay_down(active.request.id)
            except StoreError as error:
                log.warning("request %s: this stop counts as an attempt at it: %s", active.request.id, error)
        await active.stage.leave("I'm being restarted; your request goes on in a moment.")

    async def _end(
        self, request: Request, state: RequestState, view: View, turns: Sequence[NewTurn]
    ) -> tuple[bool, View]:
        """Store an end; what the database will never take ends as broken. Returns whether that is ours to show, and
        the view."""
        try:
            return await self._store.finish(request.id, state, msgspec.to_builtins(view), turns), view
        except StoreError:
            log.exception("request %s: its end could not be stored", request.id)
        view = broken(request.id)
        try:
            return await self._store.finish(request.id, RequestState.FAILED, msgspec.to_builtins(view)), view
        except StoreError:
            log.exception("request %s: not even that it broke could be stored", request.id)
            return True, view

    async def _deliver(self, active: _Active, view: View) -> None:
        """Show an end and note that it was seen. What the platform does not take now is shown again later."""
        request = active.request
        try:
            await active.stage.finish(view)
        except Undeliverable as error:
            log.warning("request %s: its answer is refused for good: %s", request.id, error)
        except Exception as error:
            if not isinstance(error, DeliveryError):
                log.exception("request %s: its answer could not be drawn", request.id)
            log.warning("request %s: its answer is late: %s", request.id, error)
            self._redelivery.add(request, active.reply)
            return
        await self._store.delivered(request.id)

    async def _settle(self, request: Request, settling: Coroutine[Any, Any, None]) -> None:
        """Charge or give back what was reserved. Before the end is stored, so that a crash in between loses nothing:
        then it all runs again, and is charged again in place of this."""
        try:
            await settling
        except StoreError:
            log.exception("request %s: what it used could not be written down", request.id)


def _why(error: StoreError) -> str:
    """Why a request waits, for the one who asked."""
    return DISK_FULL if isinstance(error, StorageFull) else DATABASE_AWAY


def broken(request: str) -> View:
    """The last view of a request that broke for reasons of ours."""
    notice = f"Something broke on my side. Try again, or give the operator this number: {request}."
    return View(request=request, state=State.FAILED, notice=notice, code="internal")
