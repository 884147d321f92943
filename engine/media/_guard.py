"""What stops an operation on a clip: the deadline and the caller's cancel. It must not know FFmpeg.

A guard outlives single operations: each operation gets the whole time budget, and time that the caller spends
between two frames of an iterator is not charged.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from engine.errors import DecodeTimeout
from engine.media import _words
from engine.types import MediaLimits


class Guard:
    """Raises `DecodeTimeout` once an operation is over its time, or whatever `checkpoint` raises.

    `clock` is monotonic, in seconds. Not thread-safe: it belongs to the thread that reads the clip.
    """

    def __init__(
        self,
        limits: MediaLimits,
        checkpoint: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits
        self._checkpoint = checkpoint
        self._clock = clock
        self._deadline: float | None = None
        self._failure: Exception | None = None

    @contextmanager
    def operation(self) -> Iterator[None]:
        """Charge what happens inside to one time budget. Nested operations share the outermost budget."""
        if self._deadline is not None:
            yield
            return
        if isinstance(self._failure, DecodeTimeout):
            self._failure = None  # the budget was the earlier operation's; a cancel is never forgotten
        self._deadline = self._clock() + self.limits.decode_timeout_s
        try:
            yield
        finally:
            self._deadline = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do not charge what happens inside: the caller looks at a frame that an iterator gave it."""
        if self._deadline is None:
            yield
            return
        left = self._deadline - self._clock()
        self._deadline = None
        try:
            yield
        finally:
            self._deadline = self._clock() + left

    def tick(self) -> None:
        """Call between packets, frames and reads. Once it has raised, it keeps raising the same error.

        FFmpeg may swallow the error of a read callback and carry on; the next tick must not let it.
        """
        if self._failure is not None:
            raise self._failure
        try:
            if self._checkpoint is not None:
                self._call(self._checkpoint)
            if self._deadline is not None and self._clock() > self._deadline:
                raise _words.decode_timeout(self.limits.decode_timeout_s)
        except Exception as error:
            self._failure = error
            raise

    def _call(self, checkpoint: Callable[[], None]) -> None:
        """Other jobs may run in there, and a clip is not slow to read because of them."""
        began = self._clock()
        checkpoint()
        if self._deadline is not None:
            self._deadline += self._clock() - began

    def raise_failure(self) -> None:
        """Raise what an earlier tick raised inside a callback, if anything."""
        if self._failure is not None:
            raise self._failure


class GuardedFile:
    """The file object that FFmpeg reads through: no protocol is reachable from it, and every read is a tick."""

    def __init__(self, file: BinaryIO, guard: Guard) -> None:
        self._file = file
        self._guard = guard

    @property
    def name(self) -> str:
        # PyAV hands this to FFmpeg as the URL. The real name must not leak there: some demuxers derive further
        # names from it.
        return "clip"

    def read(self, size: int) -> bytes:
        # PyAV prints an exception that its C side drops, so a failed tick looks like the end of the file in here;
        # the reader raises the guard's failure as soon as it is back from FFmpeg.
        try:
            self._guard.tick()
            return self._file.read(size)
        except Exception:  # noqa: BLE001 - whatever a caller's checkpoint raises is kept by the guard
            return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError):
            return -1

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True
