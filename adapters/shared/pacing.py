"""Turns in a channel: who may change a message next, and how often anything may change there. Knows no messages."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

_QUEUED_BEHIND_S = 3.0  # how much later a word about the queue counts as having come
_MOMENT_S = 0.01
_MANY = 1000


@dataclass(frozen=True)
class Timing:
    """The clock (seconds, monotonic) and the way to wait; tests bring their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep


class Haste(IntEnum):
    """What goes first when several messages of a channel want to change."""

    END = 0  # the answer is complete
    NEWS = 1
    QUEUE = 2  # somebody's place in the queue


@dataclass(eq=False)
class _Waiter:
    haste: Callable[[], Haste]
    since: float
    number: int  # decides between two that came at once

    def rank(self) -> tuple[bool, float, int]:
        haste = self.haste()
        behind_s = _QUEUED_BEHIND_S if haste is Haste.QUEUE else 0.0
        return haste is not Haste.END, self.since + behind_s, self.number


@dataclass
class _Channel:
    last: float = float("-inf")
    typed: float = float("-inf")
    waiting: list[_Waiter] = field(default_factory=list)


class Turns:
    """One for each connection. `now` is in monotonic seconds, and so is what `sleep` waits.

    `spread` stretches every gap a little, where a platform counts more strictly than it says.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        *,
        spread: float = 1.0,
    ) -> None:
        self._now = now
        self._sleep = sleep
        self._spread = spread
        self._channels: dict[Hashable, _Channel] = {}
        self._numbers = itertools.count()

    async def edit(self, channel: Hashable, haste: Callable[[], Haste], every_s: float) -> None:
        """Wait for a turn to change a message: one message of a channel at a time, every `every_s` seconds.

        `haste` is asked anew whenever a turn comes up, for what is waited with may become urgent meanwhile.
        """
        place = self._channel(channel)
        mine = _Waiter(haste, self._now(), next(self._numbers))
        place.waiting.append(mine)
        try:
            while (wait := self._wait_s(place, mine, every_s * self._spread)) > 0:
                await self._sleep(wait)
            place.last = self._now()
        finally:
            place.waiting.remove(mine)

    def may_type(self, channel: Hashable, every_s: float) -> bool:
        """Whether typing should be said again there; it is shown to everybody, whoever's answer it is for."""
        place = self._channel(channel)
        now = self._now()
        if now - place.typed < every_s:
            return False
        place.typed = now
        return True

    def _wait_s(self, place: _Channel, mine: _Waiter, gap_s: float) -> float:
        left = place.last + gap_s - self._now()
        if left > 0:
            return left
        rank = mine.rank()
        return _MOMENT_S if any(other is not mine and other.rank() < rank for other in place.waiting) else 0.0

    def _channel(self, channel: Hashable) -> _Channel:
        found = self._channels.get(channel)
        if found is None:
            if len(self._channels) >= _MANY:
                self._forget_quiet_ones()
            found = self._channels[channel] = _Channel()
        return found

    def _forget_quiet_ones(self) -> None:
        minute_ago = self._now() - 60.0
        for channel, place in list(self._channels.items()):
            if not place.waiting and max(place.last, place.typed) < minute_ago:
                del self._channels[channel]
