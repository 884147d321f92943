"""Work that goes on after its event was acknowledged: kept, waited for at a stop, and never lost without a word."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)


class Tasks:
    """Keeps references to tasks, which asyncio itself does not, and drains them."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, Any], name: str = "") -> asyncio.Task[Any]:
        """Begin some work now. What it raises is logged."""
        task = asyncio.create_task(work, name=name or None)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s has failed", task.get_name(), exc_info=error)

    async def drain(self, patience_s: float) -> None:
        """Wait until all is done, what is begun meanwhile included; cancel what takes longer than `patience_s`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + patience_s
        others = self._others()
        while others and loop.time() < until:
            await asyncio.wait(others, timeout=max(0.0, until - loop.time()))
            others = self._others()
        for task in others:
            log.warning("%s was not done in time and is given up", task.get_name())
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _others(self) -> set[asyncio.Task[Any]]:
        current = asyncio.current_task()
        return {task for task in self._running if task is not current}
