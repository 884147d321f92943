"""Requests while they run: each one is stored, worked on, given exactly one end, and resumed after a restart.

It knows no flow: what is done for a request it is told once, as a function over errands.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec

from adapters.base import Adapter, Attachment, Author, Reply, Scope, State, View
from bot.access import Access
from bot.errand import Errand
from bot.errors import Interrupted
from bot.evidence import Evidence
from bot.outcome import outcome_of
from bot.requests import author_of, place_of, view_of
from bot.safety import Policy, Safety
from bot.stage import Stage
from bot.store import NewRequest, Request, RequestState, Store, StoreError
from engine.errors import JobCancelled

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3  # of one request over restarts of the bot; a request that keeps killing it is given up
PARDONS = "pardons"  # the param with the verdicts that a moderator overturned: pairs of category and score

Flow = Callable[[Errand, Sequence[Attachment]], Awaitable[None]]


@dataclass
class _Active:
    request: Request
    author: Author
    stage: Stage
    work: asyncio.Task[None] = field(init=False)  # the flow; cancelled by whoever cancels the request
    end: asyncio.Task[None] = field(init=False)  # waits for the flow and gives the request its one end
    errand: Errand | None = None
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
    ) -> None:
        self._flow = flow
        self._store = store
        self._safety = safety
        self._access = access
        self._evidence = evidence
        self._clock = clock
        self._active: dict[str, _Active] = {}
        self._adapters: dict[str, Adapter] = {}
        self._redeliveries: set[asyncio.Task[None]] = set()

    # --- the way in ---------------------------------------------------------------------------------------------

    async def accept(self, new: NewRequest, author: Author, reply: Reply, attachments: Sequence[Attachment]) -> str:
        """Store a request and begin with it. Returns its id, the earlier one's if this event was seen before."""
        try:
            request = await self._store.accept(new)
            seen = await self._store.find(new.platform, new.event_id) if request is None else None
        except StoreError as error:
            log.error("a request was refused, the store does not answer: %s", error)
            await reply.show(View(request="", state=State.FAILED, notice=str(error), code=error.code))
            return ""
        if request is None:
            return seen.id if seen is not None else ""
        self.begin(request, author, reply, attachments)
        return request.id

    def begin(self, request: Request, author: Author, reply: Reply, attachments: Sequence[Attachment] = ()) -> None:
        """Work on a stored request until its end."""
        stage = Stage(request.id, reply, clock=self._clock)
        active = _Active(request, author, stage)
        active.work = asyncio.create_task(self._work(active, attachments), name=f"work {request.id}")
        self._active[request.id] = active
        active.end = asyncio.create_task(self._see_through(active), name=f"request {request.id}")

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
        self._adapters.update(adapters)
        await self._redeliver_all(list(adapters))
        for request in await self._store.unfinished(list(adapters)):
            if request.id in self._active:
                continue
            try:
                reply = await adapters[request.platform].restore(request.reply_ref)
            except Exception:
                log.exception("request %s: its message could not be found; it waits for the next start", request.id)
                continue
            if reply is None:
                view = View(request=request.id, state=State.FAILED, code="interrupted")
                await self._access.release(request.id)
                await self._store.finish(request.id, RequestState.FAILED, msgspec.to_builtins(view))
                continue
            self.begin(request, author_of(request), reply)

    def reconnected(self, platform: str) -> None:
        """Try again at once what could not be delivered there."""
        if platform in self._adapters:
            self._start(self._redeliver_all([platform]))

    async def drain(self, grace_s: float) -> None:
        """Let what ends within the grace end, and leave the rest to the next start."""
        going, late = list(self._active.values()), list(self._redeliveries)
        waited = [*(active.end for active in going), *late]
        if not waited:
            return
        await asyncio.wait(waited, timeout=grace_s)
        for task in [*(active.work for active in going), *late]:
            task.cancel()
        await asyncio.wait(waited)

    async def _redeliver_all(self, platforms: Sequence[str]) -> None:
        for request in await self._store.undelivered(platforms):
            if request.id not in self._active:  # else this process is just showing it
                self._start(self._redeliver(request, self._adapters[request.platform]))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._redeliveries.add(task)
        task.add_done_callback(self._redeliveries.discard)

    async def _redeliver(self, request: Request, adapter: Adapter) -> None:
        """Show an answer that an earlier process could not; what fails again waits for the next start."""
        try:
            reply = await adapter.restore(request.reply_ref)
            if reply is not None and request.view is not None:
                await reply.show(view_of(request))
            await self._store.delivered(request.id)
        except Exception:
            log.exception("request %s: its answer could not be delivered again", request.id)

    # --- one request --------------------------------------------------------------------------------------------

    async def _work(self, active: _Active, attachments: Sequence[Attachment]) -> None:
        """Run the flow of a request. Its stage then holds what to show, and its errand the turns to remember."""
        request, stage = active.request, active.stage
        attempts = await self._store.claim(request.id)
        if attempts is None:
            raise JobCancelled("This was over already.")
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
                await stage.leave("I'm being restarted; your request goes on in a moment.")
                return
            if active.errand is not None:
                await self._settle(request, active.errand.settle(cancelled=ended.state is RequestState.CANCELLED))
            view = ended.view(stage.view, private=place_of(request).private)
            turns = active.errand.turns if active.errand is not None else []
            try:
                mine = await self._store.finish(request.id, ended.state, msgspec.to_builtins(view), turns)
            except StoreError:
                log.exception("request %s: its end could not be stored", request.id)
                mine = True
            if mine and active.errand is None:  # counted by an earlier process, if at all
                await self._settle(request, self._access.release(request.id))
            log.info("request %s (%s, %s): %s %s", request.id, request.platform, request.kind, ended.state, view.code)
            if mine and await stage.finish(view):
                with suppress(StoreError):
                    await self._store.delivered(request.id)
        except Exception:
            log.exception("request %s: broke at its very end", request.id)
        finally:
            await stage.close()
            self._active.pop(request.id, None)

    async def _settle(self, request: Request, settling: Coroutine[Any, Any, None]) -> None:
        """Charge or give back what was reserved. Before the end is stored, so that a crash in between loses nothing:
        then it all runs again, and is charged again in place of this."""
        try:
            await settling
        except StoreError:
            log.exception("request %s: what it used could not be written down", request.id)
