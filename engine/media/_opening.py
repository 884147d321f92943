"""Where clips are opened: here, or by whoever does that for the job that is running.

The inference process reads no posted byte itself. It says so once around each job, and whatever backend opens a clip
meanwhile gets one that is read elsewhere, without knowing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from engine.media import _reader
from engine.media._reader import ClipReader
from engine.types import MediaLimits

Checkpoint = Callable[[], None]
Opener = Callable[[str, MediaLimits, Checkpoint], ClipReader]

_opener: ContextVar[Opener | None] = ContextVar("opener", default=None)


@contextmanager
def opened_by(opener: Opener) -> Iterator[None]:
    """Within this, and in this thread, `open_clip` asks `opener`."""
    token = _opener.set(opener)
    try:
        yield
    finally:
        _opener.reset(token)


def open_clip(
    path: str | os.PathLike[str],
    limits: MediaLimits,
    *,
    checkpoint: Checkpoint | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> ClipReader:
    """Open a clip for reading frames. Use it as a context manager.

    `checkpoint` is called between reads, packets and frames; whatever it raises ends the operation. `clock` counts
    monotonic seconds. Each operation may take `limits.decode_timeout_s`; where clips are read elsewhere, all operations
    of a request together may.

    Raises `NotAVideo`, `EmptyFile`, `NoPicture`, `TruncatedClip`, `DamagedClip`, `UnsupportedClip`, `ClipTooLarge`,
    `ClipTooLong`, `TooManyPixels` or `DecodeTimeout`; elsewhere also `PoisonedClip`.
    """
    opener = _opener.get()
    if opener is None:
        return _reader.open_clip(path, limits, checkpoint=checkpoint, clock=clock)
    return opener(os.fspath(path), limits, checkpoint or (lambda: None))
