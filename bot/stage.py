"""The life of one request's message: a current `View`, changed by the assistant, shown by the adapter.

The assistant never waits for a platform to draw an intermediate view; the newest one wins. It does wait for the last.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from adapters.base import Bar, DeliveryError, Reply, State, View

log = logging.getLogger(__name__)


class Stage:
    """Shows a request's view through its reply, one call at a time."""

    def __init__(self, request: str, reply: Reply, *, clock: Callable[[], float]) -> None:
        self.view = View(request=request, state=State.WORKING, can_cancel=True)
        self._reply = reply
        self._clock = clock
        self._dirty = asyncio.Event()
        self._pump = asyncio.create_task(self._show_newest(), name=f"show {request}")

    def update(self, **changes: Any) -> None:
        """Change the view and let it be shown soon."""
        self.view = replace(self.view, **changes)
        self._dirty.set()

    def progress(self, step: int, total: int, label: str, since: float) -> None:
        """Show a bar; the time left is measured from the steps since `since` (on the stage's clock)."""
        spent = self._clock() - since
        eta = spent / step * (total - step) if step > 0 and spent > 0 else None
        self.update(state=State.WORKING, queue=None, status="", bar=Bar(step, total, label, eta))

    async def finish(self, view: View) -> None:
        """Show the final view. Raises `DeliveryError` when the platform does not take it."""
        self.view = view
        await self.close()
        await self._reply.show(view)

    async def leave(self, status: str) -> None:
        """Stop showing for now, with a last word about it: the request goes on in another process."""
        self.update(status=status, queue=None, bar=None)
        await self.close()
        with suppress(DeliveryError):
            await self._reply.show(self.view)

    async def close(self) -> None:
        """Stop showing; a final view is not shown by this."""
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)

    async def _show_newest(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                await self._reply.show(self.view)
            except DeliveryError as error:
                log.info("request %s: an intermediate view was not shown: %s", self.view.request, error)
            except Exception:
                log.exception("request %s: an intermediate view was not shown", self.view.request)
