"""A clip, opened: probes it and hands out frames. The front of this room; it decides when to seek and when to walk.

It knows nothing of what the frames are for, and of a file's name it believes nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from engine.media import _structure, _words
from engine.media._guard import Guard
from engine.media._sniff import open_regular, size_of, sniff
from engine.media._sound import Sound
from engine.media._source import Found, Source, StillSource
from engine.media._video import VideoSource
from engine.types import ClipInfo, MediaLimits

_SNAP_SHARE = 0.125  # how far a sampled moment may move to a key frame, as a share of the spacing between samples


@dataclass(frozen=True, slots=True)
class SampledFrame:
    """One picture of a clip.

    `time_s` counts in seconds from the clip's first frame. `image` is (H, W, 3) uint8 RGB as a viewer sees it: turned
    upright, with square pixels, HDR mapped to SDR, transparency composed on white (most transparent pictures are
    drawn for a page; black text would vanish on black).
    """

    time_s: float
    image: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A picture of a clip, made small, as in `SampledFrame`. `closer(max_side)` makes the same one larger.

    Who keeps a glimpse keeps the decoded picture in memory.
    """

    time_s: float
    image: NDArray[np.uint8]
    closer: Callable[[int], SampledFrame]


def probe(path: str | os.PathLike[str], limits: MediaLimits) -> ClipInfo:
    """Read what a file is from its headers and its first frame. Raises a `MediaError` when it cannot be used."""
    with open_clip(path, limits) as reader:
        return reader.info


def open_clip(
    path: str | os.PathLike[str],
    limits: MediaLimits,
    *,
    checkpoint: Callable[[], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> ClipReader:
    """Open a clip for reading frames. Use it as a context manager.

    `checkpoint` is called between reads, packets and frames; whatever it raises ends the operation. `clock` counts
    monotonic seconds. Each operation may take `limits.decode_timeout_s`.

    Raises `NotAVideo`, `EmptyFile`, `NoPicture`, `TruncatedClip`, `DamagedClip`, `UnsupportedClip`, `ClipTooLarge`,
    `ClipTooLong`, `TooManyPixels` or `DecodeTimeout`.
    """
    return read_clip(open_regular(path), limits, checkpoint=checkpoint, clock=clock)


def read_clip(
    file: BinaryIO,
    limits: MediaLimits,
    *,
    checkpoint: Callable[[], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> ClipReader:
    """As `open_clip`, from a regular file that is open already, unbuffered; the reader closes it."""
    guard = Guard(limits, checkpoint, clock)
    with ExitStack() as stack, guard.operation():
        stack.callback(file.close)
        size = size_of(file, limits)
        form = sniff(file)
        last_s = _structure.check(file, size, form, guard.tick)
        source: Source = (
            VideoSource(file, size, form, guard, last_s) if form.demuxer else StillSource(file, size, form, guard)
        )
        stack.callback(source.close)
        return ClipReader(source, guard, stack.pop_all())


class ClipReader:
    """Frames of one clip. Not thread-safe; do not interleave two iterators of one reader."""

    def __init__(self, source: Source, guard: Guard, resources: ExitStack) -> None:
        self._source = source
        self._guard = guard
        self._resources = resources
        self.info = source.info

    def __repr__(self) -> str:
        info = self.info
        return f"<ClipReader {info.container}/{info.codec} {info.width}x{info.height} {info.duration_s:.1f} s>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the decoder and the file. Closing twice is fine."""
        self._resources.close()

    def sample(self, count: int, *, max_side: int | None = None) -> list[SampledFrame]:
        """Up to `count` different frames, evenly spread: one from the middle of each of `count` equal parts.

        A moment may move by an eighth of the spacing to land on a key frame, which costs one frame to decode instead
        of half a group of pictures. Fewer frames come back when the clip has fewer. `max_side` bounds the longer
        side in pixels. Raises `DamagedClip` when not one frame can be decoded.
        """
        if count < 1:
            return []
        with self._guard.operation():
            frames = self.info.frames
            if frames is not None and frames <= count:
                found = self._source.walk(None)
            else:
                found = (item for item in self._source.at_each(self.moments(count)) if item is not None)
            sampled = list(self._take(found, max_side))
        if not sampled:
            raise _words.damaged()
        return sampled

    def moments(self, count: int) -> list[float]:
        """The times in seconds, in order, that `sample` takes frames from when a clip has more than `count`."""
        step = self.info.duration_s / count
        return [self._source.snap((index + 0.5) * step, step * _SNAP_SHARE) for index in range(count)]

    def frames_at(self, times: Sequence[float], *, max_side: int | None = None) -> list[SampledFrame]:
        """For each time in seconds the frame on screen then, in the order asked.

        Times before the first frame give the first, times after the end the last. Two times may share a frame.
        Times in a part that cannot be decoded give none. Raises `DamagedClip` when that leaves not one frame.
        """
        longest_s = self._guard.limits.max_duration_s  # of any clip; what lies beyond may be too far for a number
        times = [min(max(0.0, moment), longest_s) for moment in times]
        with self._guard.operation():
            order = sorted(range(len(times)), key=lambda index: times[index])
            shown: dict[int, SampledFrame] = {}
            last: SampledFrame | None = None
            for index, found in zip(order, self._source.at_each([times[index] for index in order]), strict=True):
                if found is None:
                    break
                if last is None or found.time_s != last.time_s:
                    last = SampledFrame(found.time_s, found.image(max_side))
                shown[index] = last
        if times and not shown:
            raise _words.damaged()
        return [shown[index] for index in sorted(shown)]

    def scan(
        self,
        *,
        max_fps: float,
        max_side: int,
        start_s: float = 0.0,
        end_s: float | None = None,
        after_s: float | None = None,
    ) -> Iterator[SampledFrame]:
        """Every frame from `start_s` up to (not including) `end_s`, thinned to at most `max_fps` a second.

        Decodes in order. Time that the caller spends on a frame is not charged to the decode budget. `after_s` goes on
        with an earlier scan behind the frame of that time.
        """
        with self._guard.operation():
            found = self._source.walk(max_fps, start_s, end_s, after_s)
            for frame in self._take(found, max_side, after_s):
                with self._guard.paused():
                    yield frame

    def glimpses(self, *, max_fps: float, max_side: int) -> Iterator[Glimpse]:
        """As `scan` of the whole clip, for who wants some of the pictures larger without decoding them again."""

        def closer(found: Found) -> Callable[[int], SampledFrame]:
            return lambda side: SampledFrame(found.time_s, found.image(side))

        last = -1.0
        with self._guard.operation():
            for found in self._source.walk(max_fps):
                if found.time_s > last:
                    last = found.time_s
                    glimpse = Glimpse(last, found.image(max_side), closer(found))
                    with self._guard.paused():
                        yield glimpse

    def key_frames(self, *, max_side: int, limit: int) -> Iterator[SampledFrame]:
        """Up to `limit` key frames, decoding nothing else; spread over the whole clip when there are more."""
        with self._guard.operation():
            for frame in self._take(self._source.keys(limit), max_side):
                with self._guard.paused():
                    yield frame

    def loudness(self, windows: int) -> list[tuple[float, float]] | None:
        """(time in seconds, RMS in dBFS) for each of `windows` equal parts; None without sound.

        Long clips are not decoded whole: of each part at most two seconds are heard, from its middle.
        Digital silence reads as -120 dBFS.
        """
        with self._guard.operation():
            return self._source.loudness(windows)

    def sound(self, *, rate: int = 16_000, block_s: float = 30.0) -> Generator[Sound]:
        """The clip's first sound track in blocks that follow each other: mono, at `rate` samples a second, each
        `block_s` seconds long but the last. Nothing comes without sound.

        Time that the caller spends on a block is not charged to the decode budget. Read no frames meanwhile. Raises
        `DamagedClip` when nothing of the track can be decoded, `UnsupportedClip` for a codec that is not read here.
        """
        with self._guard.operation():
            for block in self._source.sound(rate, block_s):
                with self._guard.paused():
                    yield block

    def _take(
        self, found: Iterator[Found], max_side: int | None, after_s: float | None = None
    ) -> Iterator[SampledFrame]:
        last = -1.0 if after_s is None else after_s
        for item in found:
            if item.time_s > last:
                last = item.time_s
                yield SampledFrame(item.time_s, item.image(max_side))
