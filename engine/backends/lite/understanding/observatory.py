"""Opens clips, has them measured and remembers the results, so that the next question about a clip is quick.

Nothing is kept on disk, and only a handful of clips in memory; a file that changed is measured anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.backends.lite.recognition.reader import Reader
from engine.backends.watching import shots
from engine.backends.watching.span import Span
from engine.media import open_clip, write_stills
from engine.types import Clip, ClipInfo, Frame, MediaLimits

from .facts import ClipFacts, Reading
from .measuring import reading, scan

if TYPE_CHECKING:
    from engine.media import SampledFrame

Key = tuple[str, int, int]
PartKey = tuple[Key, float, float]

_CAPACITY = 8
_ALIKE = 5.0  # of 255: two pictures this close show the same text


class Observatory:
    """Facts and readings of clips, by (path, size, modification time), least recently used out first."""

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._facts: OrderedDict[Key, ClipFacts] = OrderedDict()
        self._close_ups: OrderedDict[PartKey, ClipFacts] = OrderedDict()
        self._readings: OrderedDict[PartKey, tuple[Reading, ...]] = OrderedDict()
        self._reader = Reader()

    def facts(
        self, clip: Clip, limits: MediaLimits, checkpoint: Callable[[], None], header_only: bool = False
    ) -> ClipFacts:
        """What `clip` measures. With `header_only` an unknown clip is only probed, which is all that length and format
        need. Raises `MediaError` for a file that cannot be used, and whatever `checkpoint` raises."""
        key = _key(clip)
        known = self._facts.get(key)
        if known is not None:
            self._facts.move_to_end(key)
            return known.named(clip.name)
        with open_clip(clip.path, limits, checkpoint=checkpoint) as reader:
            if header_only:
                return _unwatched(clip, reader.info)
            facts = scan.measure(reader, clip.name, checkpoint)
        self._facts[key] = facts
        while len(self._facts) > self._capacity:
            gone, _ = self._facts.popitem(last=False)
            for entry in [entry for entry in self._readings if entry[0] == gone]:
                del self._readings[entry]
        return facts

    def close_up(
        self, clip: Clip, facts: ClipFacts, span: Span, limits: MediaLimits, checkpoint: Callable[[], None]
    ) -> ClipFacts:
        """A closer look at a part of a clip of which only parts were watched; `facts` itself when there is no need to,
        or when the part is too long. Raises `MediaError` and what `checkpoint` raises."""
        if facts.complete or not scan.can_close_up(facts.info, span):
            return facts
        entry = (_key(clip), round(span.start_s, 2), round(span.end_s, 2))
        if entry not in self._close_ups:
            with open_clip(clip.path, limits, checkpoint=checkpoint) as reader:
                self._close_ups[entry] = scan.close_up(reader, facts, span, checkpoint)
            while len(self._close_ups) > self._capacity:
                self._close_ups.popitem(last=False)
        return self._close_ups[entry].named(clip.name)

    def read(
        self, clip: Clip, facts: ClipFacts, span: Span, limits: MediaLimits, checkpoint: Callable[[], None]
    ) -> tuple[Reading, ...]:
        """The on-screen text in a part of a clip. Raises `MediaError`, `MissingExtra` and what `checkpoint` raises."""
        entry = (_key(clip), round(span.start_s, 2), round(span.end_s, 2))
        if entry not in self._readings:
            self._readings[entry] = self._recognise(clip, facts, span, limits, checkpoint)
            while len(self._readings) > 4 * self._capacity:
                self._readings.popitem(last=False)
        return self._readings[entry]

    def _recognise(
        self, clip: Clip, facts: ClipFacts, span: Span, limits: MediaLimits, checkpoint: Callable[[], None]
    ) -> tuple[Reading, ...]:
        found: list[tuple[float, Sequence[str]]] = []
        unread: list[float] = []
        seen: list[SampledFrame] = []
        with open_clip(clip.path, limits, checkpoint=checkpoint) as reader:

            def look(times: list[float]) -> None:
                for frame in reader.frames_at(times, max_side=reading.READ_SIDE):
                    checkpoint()
                    if any(_alike(frame, other) for other in seen):
                        continue
                    seen.append(frame)
                    lines = self._reader.read(frame.image)
                    if lines.texts:
                        found.append((frame.time_s, lines.texts))
                    if lines.unread:
                        unread.append(frame.time_s)

            look(reading.varied(facts.times, facts.gists, span))
            for time_s, _ in found[:2]:
                look(reading.neighbours(time_s, span))
        return (*reading.gather(found), *([Reading("", tuple(sorted(unread)))] if unread else []))

    def stills(
        self, clip: Clip, index: int, count: int, folder: Path, limits: MediaLimits, checkpoint: Callable[[], None]
    ) -> tuple[Frame, ...]:
        """Write `count` evenly spread frames of a clip as JPEGs. Raises `MediaError` and `StorageFull`."""
        with open_clip(clip.path, limits, checkpoint=checkpoint) as reader:
            return write_stills(reader.sample(count, max_side=320), folder, clip=index, max_side=320)


def _key(clip: Clip) -> Key:
    try:
        stat = Path(clip.path).stat()
    except OSError:
        return clip.path, -1, -1  # opening it will say what is wrong
    return clip.path, stat.st_size, stat.st_mtime_ns


def _alike(one: SampledFrame, other: SampledFrame) -> bool:
    return (
        float(np.abs(shots.thumb(one.image) - shots.thumb(other.image)).mean()) < _ALIKE and one.time_s != other.time_s
    )


def _unwatched(clip: Clip, info: ClipInfo) -> ClipFacts:
    nothing = np.zeros(0)
    return ClipFacts(
        name=clip.name, info=info, shots=(), times=nothing, brightness=nothing, palette=nothing.reshape(0, 0),
        gists=np.zeros((0, *reading.GIST), np.uint8), motion_times=nothing, motion=nothing,
    )  # fmt: skip
