"""Writes sampled frames as small JPEGs, for people to see what was looked at. It knows no clip and no decoder."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from engine.media._picture import fit
from engine.media._saving import replacing, storage_errors
from engine.types import Frame

if TYPE_CHECKING:
    from engine.media._reader import SampledFrame

_QUALITY = 82


def write_stills(
    frames: Sequence[SampledFrame], folder: Path, *, clip: int = 0, max_side: int = 320
) -> tuple[Frame, ...]:
    """Write each frame as a JPEG of at most `max_side` pixels into `folder` (made when missing).

    Returns one `Frame` a file, in order. On failure none of this call's files stay. Raises `StorageFull` and
    `OutOfMemory`.
    """
    with storage_errors():
        folder.mkdir(parents=True, exist_ok=True)
    written: list[Frame] = []
    try:
        for index, frame in enumerate(frames):
            path = folder / f"clip{clip}-{index:03d}.jpg"
            _write(frame, path, max_side)
            written.append(Frame(path=str(path), time_s=round(frame.time_s, 3), clip=clip))
    except BaseException:
        for still in written:
            Path(still.path).unlink(missing_ok=True)
        raise
    return tuple(written)


def jpeg(frame: SampledFrame, max_side: int) -> bytes:
    """The frame as a JPEG of at most `max_side` pixels."""
    picture = Image.fromarray(frame.image)
    size = fit(picture.width, picture.height, max_side)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=_QUALITY)
    return encoded.getvalue()


def _write(frame: SampledFrame, path: Path, max_side: int) -> None:
    # Into memory first: Pillow's own file writer does not notice a disk that fills up in the middle of a picture.
    with storage_errors():
        encoded = jpeg(frame, max_side)
    with replacing(path) as part, storage_errors():
        part.write_bytes(encoded)
