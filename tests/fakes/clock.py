"""A clock that only moves when somebody waits for it."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count
from typing import Any


class Clock:
    """Whoever sleeps is woken in order of time once everybody sleeps."""

    def __init__(self) -> None:
        self.time = 100.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.time + seconds, next(self._numbers), woken))
        await woken

    async def run(self, *tasks: asyncio.Task[Any]) -> None:
        while True:
            for _ in range(5):
                await asyncio.sleep(0)
            if all(task.done() for task in tasks):
                return
            self.time, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
