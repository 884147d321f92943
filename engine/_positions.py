"""Tells everybody who waits where they stand and when their turn is expected. It changes nothing in the queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

from engine._entry import Entry
from engine.scheduler import CostModel
from engine.types import Queued

_AT_ONCE = 200  # between two breaths of the event loop
_SHARE = 0.05  # of the event loop's time

# A forecast is told anew when it has moved by this much. Who hears of every tenth of a second has to show it, and on
# most platforms that is an edit which somebody else's answer waits for.
_MOVED_S, _MOVED_SHARE = 2.0, 0.1


class PositionTeller:
    """`queue` yields what waits, next one first; `running` is what is ahead of it already."""

    def __init__(
        self,
        queue: Callable[[], Iterator[Entry]],
        running: Callable[[], list[Entry]],
        costs: CostModel,
        interval_s: float,
    ) -> None:
        self._queue = queue
        self._running = running
        self._costs = costs
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Somebody waits: keep telling until nobody does."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._keep_telling())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _keep_telling(self) -> None:
        while True:
            began = time.monotonic()
            if not await self.tell():
                return
            spent_s = time.monotonic() - began
            await asyncio.sleep(max(self._interval_s, spent_s / _SHARE))

    async def tell(self) -> int:
        """One round. Returns how many wait.

        A forecast is given when all that is ahead was measured, and the job's own kind too: before that, what people
        ask for next is not known either (checks first, then answers), and a figure would be far too hopeful.
        """
        running = self._running()
        measured = all(self._costs.measured(entry.key) for entry in running)
        ahead_s = sum(entry.left_s(self._costs) for entry in running)
        position = 0
        for position, entry in enumerate(self._queue(), start=1):
            if position % _AT_ONCE == 0:
                await asyncio.sleep(0)
            known = measured and self._costs.measured(entry.key)
            told = Queued(position=position, eta_s=round(ahead_s, 1) if known else None)
            if entry.waits and _is_news(entry.told, told):
                entry.told = told
                entry.ticket.put(told)
            ahead_s += self._costs.estimate(entry.key)
            measured = known
        return position


def _is_news(told: Queued | None, now: Queued) -> bool:
    """Whether a waiter should hear of it: another place, a forecast where there was none, or quite another one."""
    if told is None or told.position != now.position:
        return True
    if told.eta_s is None or now.eta_s is None:
        return told.eta_s is not now.eta_s
    return abs(told.eta_s - now.eta_s) >= max(_MOVED_S, _MOVED_SHARE * told.eta_s)
