"""Where clips are opened: here, or by whoever does that for the job that is running (`engine.decoding.opener`)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from engine.decoding import opener
from engine.media import _reader
from engine.media._reader import ClipReader
from engine.types import MediaLimits


def open_clip(
    path: str | os.PathLike[str],
    limits: MediaLimits,
    *,
    checkpoint: Callable[[], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> ClipReader:
    """Open a clip for reading frames. Use it as a context manager.

    `checkpoint` is called between reads, packets and frames; whatever it raises ends the operation. `clock` counts
    monotonic seconds. Each operation may take `limits.decode_timeout_s`; where clips are read elsewhere, all operations
    of a request together may.

    Raises `NotAVideo`, `EmptyFile`, `NoPicture`, `TruncatedClip`, `DamagedClip`, `UnsupportedClip`, `ClipTooLarge`,
    `ClipTooLong`, `TooManyPixels` or `DecodeTimeout`; elsewhere also `PoisonedClip`.
    """
    elsewhere = opener.current()
    if elsewhere is None:
        return _reader.open_clip(path, limits, checkpoint=checkpoint, clock=clock)
    return elsewhere(os.fspath(path), limits, checkpoint or (lambda: None))
