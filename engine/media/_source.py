"""What a reader reads from: the small protocol, and its form for single pictures and WebP animations."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.media._guard import Guard
from engine.media._sniff import Format
from engine.media._sound import Sound
from engine.media._still import Still
from engine.types import ClipInfo


@dataclass(frozen=True, slots=True)
class Found:
    """A frame that was found and not yet converted: `image(max_side)` gives (H, W, 3) uint8 RGB."""

    time_s: float
    image: Callable[[int | None], NDArray[np.uint8]]


class Source(Protocol):
    """Where frames come from. Times are in seconds from the first frame and ascend."""

    @property
    def info(self) -> ClipInfo: ...

    def at_each(self, times: Sequence[float]) -> Iterator[Found | None]:
        """One item a time: the frame shown then; None once nothing can be decoded any more."""

    def walk(
        self, max_fps: float | None, start_s: float = 0.0, end_s: float | None = None, after_s: float | None = None
    ) -> Iterator[Found]:
        """In order, at most `max_fps` a second (None: all). May repeat a frame. With `after_s` it goes on where an
        earlier walk gave the frame of that time, and may begin with that frame."""

    def snap(self, time_s: float, tolerance_s: float) -> float:
        """A moment within the tolerance that is cheaper to reach, or the same."""

    def keys(self, limit: int) -> Iterator[Found]:
        """At most `limit` frames that decode by themselves, spread over the clip. May repeat a frame."""

    def loudness(self, windows: int) -> list[tuple[float, float]] | None:
        """RMS in dBFS of each of `windows` equal parts, or None without sound."""

    def sound(self, rate: int, block_s: float) -> Iterator[Sound]:
        """The first sound track, as `_sound.read_sound` gives it."""

    def close(self) -> None: ...


class StillSource:
    """A picture is a clip of one frame; an animated WebP has a few."""

    def __init__(self, file: BinaryIO, size: int, form: Format, guard: Guard) -> None:
        self._still = Still(file, size, form, guard)
        self._times = self._still.frame_times
        self.info = self._still.info

    def _found(self, index: int) -> Found:
        return Found(self._times[index], lambda max_side: self._still.image(index, max_side))

    def at_each(self, times: Sequence[float]) -> Iterator[Found | None]:
        for moment in times:
            yield self._found(max(0, bisect_right(self._times, moment) - 1))

    def walk(
        self, max_fps: float | None, start_s: float = 0.0, end_s: float | None = None, after_s: float | None = None
    ) -> Iterator[Found]:
        due = start_s if after_s is None else after_s + (1.0 / max_fps if max_fps else 0.0)
        for index, moment in enumerate(self._times):
            if end_s is not None and moment >= end_s:
                return
            if moment >= due - 1e-9:
                yield self._found(index)
                due = moment + (1.0 / max_fps if max_fps else 0.0)

    def snap(self, time_s: float, tolerance_s: float) -> float:
        return time_s

    def keys(self, limit: int) -> Iterator[Found]:
        count = min(limit, len(self._times))
        for index in range(count):
            yield self._found(index * len(self._times) // count)

    def loudness(self, windows: int) -> list[tuple[float, float]] | None:
        return None

    def sound(self, rate: int, block_s: float) -> Iterator[Sound]:
        return iter(())

    def close(self) -> None:
        self._still.close()
