"""How long to wait before something is tried again that has failed for a reason that passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Pauses:
    """Seconds, without end: each pause is twice the one before it, up to the longest."""

    first_s: float = 5.0
    longest_s: float = 300.0

    def __iter__(self) -> Iterator[float]:
        pause = self.first_s
        while True:
            yield min(pause, self.longest_s)
            pause *= 2

    def within(self, seconds: float) -> Iterator[float]:
        """Those that fit into so many seconds."""
        for pause in self:
            if pause > seconds:
                return
            seconds -= pause
            yield pause
