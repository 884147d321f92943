"""Waiting for something to be so, without guessing how long it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Bell:
    """Rung after every change; whoever waits looks again."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()

    async def until(self, wanted: Callable[[], T], what: str, timeout: float = 15) -> T:
        """The first true value of `wanted`. Raises `AssertionError` with `what` after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while not (value := wanted()):
                    await self._rung.wait()
                return value
        except TimeoutError:
            raise AssertionError(f"waited {timeout} s in vain for: {what}") from None
