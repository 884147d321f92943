"""A clip that is read elsewhere: the reader's methods, answered from arrays that a decoding process left.

It lives where models run. It waits through its `Asker`, which lets other work happen meanwhile, and knows neither
pipes nor processes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from engine.decoding import arrays
from engine.decoding.wire import (
    Decoded,
    FramesAt,
    Hear,
    KeyFrames,
    Looks,
    Loudness,
    Moments,
    Operation,
    Probe,
    Sample,
    Scan,
)
from engine.errors import JobFailed
from engine.looks import Looks as Chosen
from engine.media import ClipReader, Glimpse, SampledFrame, Sound, _words
from engine.types import MediaLimits

_TRIES = 3  # a result may be dropped between the answer and our opening it


class Asker(Protocol):
    """The way to the decoding processes, for one job."""

    def ask(self, path: str, operation: Operation, skip: int = 0, after_s: float = 0.0) -> int:
        """Ask without waiting for what comes behind `skip` pieces, the last of them of `after_s`. Returns a number to
        wait with."""

    def wait(self, number: int, checkpoint: Callable[[], None]) -> Decoded:
        """Wait for the answer, calling `checkpoint` now and then. Raises the typed error, and what that raises."""


class RemoteClip(ClipReader):
    """As `ClipReader`; nothing of the file is touched here."""

    def __init__(self, path: str, limits: MediaLimits, asker: Asker, checkpoint: Callable[[], None]) -> None:
        self._path = path
        self._limits = limits
        self._asker = asker
        self._checkpoint = checkpoint
        self.info = self._ask(Probe()).info

    def close(self) -> None:
        """There is nothing to release."""

    def sample(self, count: int, *, max_side: int | None = None) -> list[SampledFrame]:
        return list(self._frames(Sample(count, max_side))) if count > 0 else []

    def moments(self, count: int) -> list[float]:
        return list(self._ask(Moments(count)).numbers)

    def frames_at(self, times: Sequence[float], *, max_side: int | None = None) -> list[SampledFrame]:
        longest_s = self._limits.max_duration_s
        wanted = tuple(float(min(max(0.0, moment), longest_s)) for moment in times)
        return list(self._frames(FramesAt(wanted, max_side))) if wanted else []

    def scan(
        self,
        *,
        max_fps: float,
        max_side: int,
        start_s: float = 0.0,
        end_s: float | None = None,
        after_s: float | None = None,
    ) -> Iterator[SampledFrame]:
        end = None if end_s is None else float(end_s)
        frames = self._frames(Scan(float(max_fps), int(max_side), float(start_s), end))
        return (frame for frame in frames if after_s is None or frame.time_s > after_s)

    def glimpses(self, *, max_fps: float, max_side: int) -> Iterator[Glimpse]:
        def closer(time_s: float) -> Callable[[int], SampledFrame]:
            return lambda side: self.frames_at([time_s], max_side=side)[0]

        for frame in self.scan(max_fps=max_fps, max_side=max_side):
            yield Glimpse(frame.time_s, frame.image, closer(frame.time_s))

    def key_frames(self, *, max_side: int, limit: int) -> Iterator[SampledFrame]:
        return self._frames(KeyFrames(int(max_side), int(limit)))

    def loudness(self, windows: int) -> list[tuple[float, float]] | None:
        heard = self._ask(Loudness(windows))
        return None if heard.silent else list(zip(heard.numbers[::2], heard.numbers[1::2], strict=True))

    def sound(self, *, rate: int = 16_000, block_s: float = 30.0) -> Generator[Sound]:
        for time_s, samples in self._pieces(Hear(int(rate), float(block_s)), np.float32, 1):
            yield Sound(time_s, samples)

    def looks(self, count: int) -> Chosen:
        """What `engine.looks.choose` finds in this clip, found where it is read."""
        frames: list[SampledFrame] = []
        like: tuple[int, ...] = ()
        for done, pieces in self._parts(Looks(count), np.uint8, 3):
            frames += [SampledFrame(time_s, image) for time_s, image in pieces]
            like = tuple(map(int, done.numbers)) or like
        if len(like) != len(frames) or any(not 0 <= first <= at for at, first in enumerate(like)):
            raise JobFailed("Something went wrong while that file was read. Please try again.")
        return Chosen(tuple(frames), like)

    # --- asking ------------------------------------------------------------------------------------------------------

    def _ask(self, operation: Operation) -> Decoded:
        return self._asker.wait(self._asker.ask(self._path, operation), self._checkpoint)

    def _frames(self, operation: Operation) -> Iterator[SampledFrame]:
        for time_s, image in self._pieces(operation, np.uint8, 3):
            yield SampledFrame(time_s, image)

    def _pieces(self, operation: Operation, dtype: Any, dimensions: int) -> Iterator[tuple[float, Any]]:
        for _, pieces in self._parts(operation, dtype, dimensions):
            for piece in pieces:
                self._checkpoint()
                yield piece

    def _parts(
        self, operation: Operation, dtype: Any, dimensions: int
    ) -> Iterator[tuple[Decoded, list[tuple[float, Any]]]]:
        """The result part by part. The next one is decoded while this one is looked at."""
        skip, after_s, number = 0, 0.0, self._asker.ask(self._path, operation)
        while True:
            done, pieces = self._read((operation, skip, after_s), number, dtype, dimensions)
            if done.more and pieces:
                skip, after_s = skip + len(pieces), pieces[-1][0]
                number = self._asker.ask(self._path, operation, skip, after_s)
            yield done, pieces
            if not (done.more and pieces):
                return

    def _read(
        self, asked: tuple[Operation, int, float], number: int, dtype: Any, dimensions: int
    ) -> tuple[Decoded, list[tuple[float, Any]]]:
        for _ in range(_TRIES):
            done = self._asker.wait(number, self._checkpoint)
            try:
                return done, arrays.read(done, dtype, dimensions)
            except FileNotFoundError:
                number = self._asker.ask(self._path, *asked)
        raise _words.damaged()
