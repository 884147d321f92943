"""How one message follows its request: one view after another, never too often, and the last one for certain.

Knows when to draw; how to draw, and what a platform answers, comes in from outside.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from adapters.base import DeliveryError, State, View
from adapters.shared.pacing import Haste, Timing

log = logging.getLogger(__name__)

EDIT_EVERY_S = 1.0
RETRY_AFTER_S = (1.0, 3.0, 9.0)  # of a final view; what lasts longer the application tries again
RETRY_EVERY_S = 30.0  # of a placeholder once those are over: without one the application knows of nothing


async def _at_once() -> None:
    """No need to wait for a turn."""


class Pump:
    """Draws the newest view at most every `every_s` seconds; views in between are dropped, a final one never is.

    `glimpse` draws an intermediate view and raises nothing. `end` draws the final one, once, and raises
    `DeliveryError`. `turn` waits until the message may change; `is_new` says whether a view would look different from
    what is shown, for what changes nothing must not take a turn.
    """

    def __init__(
        self,
        *,
        glimpse: Callable[[View], Awaitable[None]],
        end: Callable[[View], Awaitable[None]],
        is_new: Callable[[View], bool],
        turn: Callable[[], Awaitable[None]] = _at_once,
        timing: Timing,
        every_s: float = EDIT_EVERY_S,
        name: str = "pump",
    ) -> None:
        self._glimpse = glimpse
        self._end = end
        self._is_new = is_new
        self._turn = turn
        self._timing = timing
        self._every_s = every_s
        self._name = name
        self._wanted: View | None = None
        self._newest: View | None = None
        self._task: asyncio.Task[None] | None = None
        self._last = timing.now()
        self._failure: DeliveryError | None = None

    @property
    def ending(self) -> bool:
        """Whether the final view has come."""
        return self._newest is not None and self._newest.state.final

    @property
    def working(self) -> bool:
        """Whether models are at work, as opposed to a request that waits in the queue."""
        return self._newest is not None and self._newest.state is State.WORKING

    @property
    def haste(self) -> Haste:
        """How urgent it is to draw the newest view."""
        if self.ending:
            return Haste.END
        return Haste.NEWS if self.working else Haste.QUEUE

    async def show(self, view: View) -> None:
        """Have the message look like `view` soon; a final view is waited for. Raises `DeliveryError` only then.

        What comes after a final view and is none is late, and ignored. A final view may be shown again.
        """
        if self.ending and not view.state.final:
            return
        self._newest = self._wanted = view
        self._failure = None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=self._name)
        if not view.state.final:
            return
        await asyncio.shield(self._task)
        if self._failure is not None:
            raise self._failure

    async def settled(self) -> None:
        """Wait until what was asked to be shown has been shown or has failed."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        while self._wanted is not None:
            wait = self._last + self._every_s - self._timing.now()
            if wait > 0:
                await self._timing.sleep(wait)
            if not (self._wanted.state.final or self._is_new(self._wanted)):
                self._wanted = None
                return
            await self._turn()
            view, self._wanted = self._wanted, None
            if view.state.final:
                await self._finish(view)
            else:
                await self._glimpse(view)
            self._last = self._timing.now()

    async def _finish(self, view: View) -> None:
        try:
            await self._end(view)
        except DeliveryError as error:
            self._failure = error


async def patiently(
    work: Callable[[], Awaitable[Any]],
    *,
    passing: Callable[[Exception], bool],
    timing: Timing,
    delays: Sequence[float] = RETRY_AFTER_S,
    what: str = "it",
) -> None:
    """Do `work`, and once more after each of the delays (seconds) while what goes wrong is `passing`.

    Raises what `work` raised last. `what` names it in the log.
    """
    waits = iter(delays)
    while True:
        try:
            await work()
        except Exception as error:
            delay = next(waits, None) if passing(error) else None
            if delay is None:
                raise
            log.info("%s is tried again in %.0f s: %s", what, delay, error)
            await timing.sleep(delay)
        else:
            return
