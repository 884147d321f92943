"""The end of a platform that was not asked for: why it came, for whoever waits for it."""

from __future__ import annotations

import asyncio

from adapters.base import AdapterError


class Ending:
    """Comes once at most, for good. `why` is None until then."""

    def __init__(self) -> None:
        self.why: AdapterError | None = None
        self._come = asyncio.Event()

    def come(self, why: AdapterError) -> None:
        """The platform can't be served any more; only the first reason counts."""
        self.why = self.why or why
        self._come.set()

    async def wait(self) -> AdapterError:
        """Wait for it. Returns why it came."""
        await self._come.wait()
        assert self.why is not None
        return self.why
