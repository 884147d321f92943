"""A stretch of a clip. It knows no clip."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A stretch of a clip, in seconds."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s

    def overlap(self, other: Span) -> float:
        """Shared seconds; 0 when the two only touch."""
        return max(0.0, min(self.end_s, other.end_s) - max(self.start_s, other.start_s))
