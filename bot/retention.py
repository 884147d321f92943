"""What grows old is deleted: requests and their files as each community wants it, records as the operator does.

One task in the background, in small batches, with an injected clock and sleep. It decides nothing about what is new.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from bot.access import Access
from bot.keeping import Keeping
from bot.store import Store, StoreError
from bot.store.store import utcnow
from bot.timekeeping import Timekeeping

log = logging.getLogger(__name__)

EVERY_S = 3600.0
BATCH = 200  # requests that are deleted in one transaction
EVENTS_KEPT = timedelta(days=30)  # far beyond the days after which a platform would deliver an event again
USAGE_KEPT = timedelta(days=2)  # the longest quota looks back one


class Retention:
    """`platforms` are those whose communities are looked after. `audit_days` None keeps the audit. `timekeeping` says
    when the clock must not be believed."""

    def __init__(
        self,
        store: Store,
        keeping: Keeping,
        access: Access,
        platforms: Sequence[str],
        *,
        audit_days: int | None = None,
        timekeeping: Timekeeping | None = None,
        clock: Callable[[], datetime] = utcnow,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._keeping = keeping
        self._access = access
        self._platforms = tuple(platforms)
        self._audit_days = audit_days
        self._timekeeping = timekeeping
        self._clock = clock
        self._sleep = sleep

    async def run(self) -> None:
        """Clean up now and every hour, until cancelled. What fails is logged and tried again next time."""
        while True:
            try:
                await self.clean()
            except Exception:
                log.exception("cleaning up failed; it is tried again in an hour")
            await self._sleep(EVERY_S)

    async def clean(self) -> int:
        """Delete what is too old, unless the clock has jumped. Returns how many requests that were.

        Raises `StoreError`.
        """
        if self._timekeeping is not None and await self._timekeeping.look(self._clock()):
            return 0
        deleted = 0
        for platform in self._platforms:
            for community in await self._store.communities(platform):
                try:
                    deleted += await self._clean_community(platform, community)
                except StoreError:
                    log.exception("the requests of %s/%s were not cleaned up", platform, community)
        now = self._clock()
        await self._store.prune_records(
            events_before=now - EVENTS_KEPT,
            usage_before=now - USAGE_KEPT,
            audit_before=now - timedelta(days=self._audit_days) if self._audit_days is not None else None,
        )
        if deleted:
            log.info("deleted %d requests that were older than their community keeps them", deleted)
        return deleted

    async def _clean_community(self, platform: str, community: str) -> int:
        days = (await self._access.settings(platform, community)).retention_days
        if days is None:
            return 0
        before, deleted = self._clock() - timedelta(days=days), 0
        while True:
            gone = await self._keeping.prune(platform, community, before, BATCH)
            deleted += gone
            if gone < BATCH:
                return deleted
            await self._sleep(0)
