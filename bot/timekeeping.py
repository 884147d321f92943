"""Whether the clock may be trusted with deleting what is old. One that jumps ahead makes everything old at once.

The last time that was known to be right is kept in the database, and between two looks the system's steady clock tells
how far the other one may have come. After a longer rest of the bot, messages tell: platforms have clocks of their own.
Nothing is deleted here, and what is kept is not known here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.store import Store
from bot.store.store import utcnow

log = logging.getLogger(__name__)

MOST_AHEAD = timedelta(days=1)  # beyond what the steady clock says; across a start, beyond the last known time
MOST_BEHIND = timedelta(hours=1)
CONFIRM = "gpt4video trust-clock"


def steady() -> float:
    """Seconds that pass whatever the clock is set to, those of a suspended machine included where that is counted."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class Timekeeping:
    """Looks at the clock, and remembers when it was last right. `why` is what the latest look found wrong."""

    def __init__(self, store: Store, *, steady: Callable[[], float] = steady) -> None:
        self.why = ""
        self._store = store
        self._steady = steady
        self._known: datetime | None = None  # as this process has stored it
        self._tick = 0.0  # when that was, on the steady clock
        self._witnessed: tuple[datetime, float] | None = None  # what a platform's clock said, and when

    async def look(self, now: datetime) -> str:
        """Why nothing may be deleted now, as a sentence for the operator; empty when the clock is fine.

        Raises `StoreError`.
        """
        known, tick = await self._store.known_time(), self._steady()
        why = ""
        if known is not None:
            passed = timedelta(seconds=tick - self._tick) if known == self._known else timedelta(0)
            why = jump(now, known + passed)
        if why and self._witnessed is not None:
            at, then = self._witnessed
            why = jump(now, at + timedelta(seconds=tick - then))
        if not why:
            await self._store.know_time(now)
            self._known, self._tick = now, tick
        if why:
            log.warning("nothing is deleted for its age. %s Set it right; if it is right, run: %s", why, CONFIRM)
        elif self.why:
            log.info("the clock is as it should be again, so what is old is deleted again")
        self.why = why
        return why

    def witness(self, at: datetime) -> None:
        """It is `at` at least, by a clock that does not go wrong with this machine's."""
        tick = self._steady()
        if self._witnessed is None or self._witnessed[0] + timedelta(seconds=tick - self._witnessed[1]) < at:
            self._witnessed = at, tick


async def trust(store: Store, now: datetime) -> None:
    """Take the clock as it is for right, whatever was known before. Raises `StoreError`."""
    await store.know_time(now)


async def doubt(store: Store, now: datetime | None = None) -> str:
    """What `Timekeeping` would find wrong at a start; changes nothing. Raises `StoreError`."""
    known = await store.known_time()
    return jump(now or utcnow(), known) if known is not None else ""


def jump(now: datetime, expected: datetime) -> str:
    """What is wrong with the clock, when it should be about `expected`; empty when nothing is."""
    if now - expected > MOST_AHEAD:
        away, where = now - expected, "ahead of"
    elif expected - now > MOST_BEHIND:
        away, where = expected - now, "behind"
    else:
        return ""
    far = f"{away.days} days" if away.days > 1 else f"{away.total_seconds() / 3600:.0f} hours"
    return f"The clock says {now:%Y-%m-%d %H:%M} UTC, which is {far} {where} what it should be by the last known time."
