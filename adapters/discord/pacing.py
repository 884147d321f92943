"""Keeps the bot below Discord's rate limits, so that Discord has nothing to refuse. Knows no message and no view.

discord.py waits once a bucket is empty, but it lets through too much while several requests to one bucket are under
way, and the limit of all requests together it learns only by exceeding it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import discord

from adapters.shared.pacing import Turns

REQUESTS_PER_S = 45  # Discord allows 50; the way there may bring some closer together
# A little more than what Discord takes of one kind in one channel: five in five seconds.
SPREAD = 1.02


class Pace(Turns):
    """One for each connection: turns in each channel, and the limit of all requests together."""

    def __init__(
        self, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep
    ) -> None:
        super().__init__(now, sleep, spread=SPREAD)
        self._sent: deque[float] = deque(maxlen=REQUESTS_PER_S)

    async def request(self) -> None:
        """Wait until one more request of the bot fits in, first come, first served."""
        now = self._now()
        at = now if len(self._sent) < REQUESTS_PER_S else max(now, self._sent[0] + 1.0)
        self._sent.append(at)
        if at > now:
            await self._sleep(at - now)


def hold_back(http: discord.http.HTTPClient, pace: Pace) -> None:
    """Send every request with the bot's own token at that pace; Discord does not count what answers an interaction."""
    request = http.request

    async def paced(*args: Any, **more: Any) -> Any:
        await pace.request()
        try:
            return await request(*args, **more)
        except RuntimeError as error:
            if "closed" not in str(error):
                raise
            raise ConnectionError("the bot has left Discord") from error  # a stop has closed the session

    http.request = paced  # type: ignore[method-assign]
