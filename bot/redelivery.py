"""Answers that their platform did not take when they were ready: shown again and again, until it takes one or refuses
it for good. It knows requests that have ended and replies; how an answer looks lies in the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from adapters.base import Adapter, DeliveryError, Reply, Undeliverable
from bot.pauses import Pauses
from bot.requests import view_of
from bot.store import Request, Store, impatient

log = logging.getLogger(__name__)

AT_ONCE = 8  # answers that are shown again at the same time: after an outage, new ones come first


class Redelivery:
    """The answers that are late. `adapters` are the platforms that run, by name."""

    def __init__(self, store: Store, pauses: Pauses) -> None:
        self.adapters: dict[str, Adapter] = {}
        self._store = store
        self._pauses = pauses
        self._late: dict[str, asyncio.Task[None]] = {}  # by request
        self._waiting: set[asyncio.Task[Any]] = set()  # those of all tasks that do nothing but wait
        self._back: dict[str, asyncio.Event] = {}  # by platform: set when its connection is
        self._room = asyncio.Semaphore(AT_ONCE)

    def add(self, request: Request, reply: Reply | None = None) -> None:
        """Go on trying to show how a request ended, in its message, or in `reply` where that is still known."""
        if request.id not in self._late and (reply is not None or request.platform in self.adapters):
            self._start(request, self._deliver(request, reply))

    def knows(self, request: str) -> bool:
        """Whether an answer is being taken care of here."""
        return request in self._late

    def retry(self, request: Request, work: Coroutine[Any, Any, None]) -> None:
        """Let `work`, which is about a request and waits with `pause`, be given up with everything else here."""
        self._start(request, work)

    def reconnected(self, platform: str) -> None:
        """Try everything of a platform again now."""
        if event := self._back.pop(platform, None):
            event.set()

    async def pause(self, platform: str, seconds: float) -> None:
        """Wait, but no longer than until the platform is connected again."""
        event = self._back.setdefault(platform, asyncio.Event())
        task = asyncio.current_task()
        assert task is not None
        self._waiting.add(task)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), seconds)
        finally:
            self._waiting.discard(task)

    def rest(self) -> set[asyncio.Task[None]]:
        """Leave to the next start what only waits. Returns what is being shown at this moment."""
        for task in self._waiting:
            task.cancel()
        return {task for task in self._late.values() if task not in self._waiting}

    def _start(self, request: Request, work: Coroutine[Any, Any, None]) -> None:
        task = self._late[request.id] = asyncio.create_task(work, name=f"late {request.id}", context=impatient())
        task.add_done_callback(lambda _: self._late.pop(request.id, None))

    async def _deliver(self, request: Request, reply: Reply | None) -> None:
        # A reply that lives has just failed; one of an earlier process has waited long enough.
        wait = reply is not None
        for pause in self._pauses:
            if wait:
                await self.pause(request.platform, pause)
            wait = True
            try:
                async with self._room:
                    if await self._try(request, reply):
                        return
            except DeliveryError as error:
                log.info("request %s: its answer is still not delivered: %s", request.id, error)
            except Exception:
                log.exception("request %s: its answer could not be delivered again", request.id)
                if request.platform in self.adapters:
                    reply = None  # it may hang on a connection that is closed for good: find the message anew

    async def _try(self, request: Request, reply: Reply | None) -> bool:
        """Show it now. True when there is nothing left to do. Raises what goes wrong, `DeliveryError` above all."""
        ended = await self._store.request(request.id)  # it may have been forgotten meanwhile
        if ended is None or ended.delivered or ended.view is None:
            return True
        if reply is None:
            reply = await self.adapters[request.platform].restore(request.reply_ref)
        try:
            if reply is not None:
                await reply.show(view_of(ended))
        except Undeliverable as error:
            log.warning("request %s: its answer is refused for good: %s", request.id, error)
        else:
            log.info("request %s: its answer has arrived late, or there is no place for it any more", request.id)
        await self._store.delivered(request.id)
        return True
