"""Single pictures (JPEG, PNG, WebP, AVIF) and animated WebP, through Pillow. It knows no FFmpeg."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.media import _words
from engine.media._guard import Guard
from engine.media._picture import fit
from engine.media._sniff import Format
from engine.media._structure import shown_s
from engine.types import ClipInfo

_MAX_FRAMES = 10_000
_RAISED_BY_BROKEN_PICTURES = (
    UnidentifiedImageError,
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    struct.error,
)


class Still:
    """A picture, or a WebP animation, opened and checked. `frame_times` are in seconds."""

    def __init__(self, file: BinaryIO, size: int, form: Format, guard: Guard) -> None:
        self._guard = guard
        with _translated(guard):
            self._image = Image.open(file, formats=[form.name.upper()])
            width, height = self._image.size
            if width * height > guard.limits.max_pixels:
                raise _words.too_many_pixels(width, height, guard.limits.max_pixels)
            # Phones put a second picture (a gain map, the other eye) behind a JPEG: only WebP is an animation.
            frames = min(int(getattr(self._image, "n_frames", 1)), _MAX_FRAMES) if form.name == "webp" else 1
            self.orientation = int(self._image.getexif().get(0x0112, 1))
            self.frame_times = self._times(frames)
            alpha = self._image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in self._image.info
        if self.orientation >= 5:
            width, height = height, width
        duration = self._end if frames > 1 else 0.0
        if duration > guard.limits.max_duration_s:
            raise _words.too_long(duration, guard.limits.max_duration_s)
        self.info = ClipInfo(
            kind="animation" if frames > 1 else "image",
            container=form.name,
            codec=form.name,
            width=width,
            height=height,
            duration_s=duration,
            fps=frames / duration if duration else 0.0,
            frames=frames,
            rotation={3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}.get(self.orientation, 0),
            has_audio=False,
            hdr=False,
            alpha=alpha,
            size_bytes=size,
        )

    def _times(self, frames: int) -> list[float]:
        times, now = [], 0.0
        for index in range(frames):
            self._guard.tick()
            times.append(now)
            if frames > 1:
                self._image.seek(index)
                self._image.load()  # WebP tells a frame's duration only once it is decoded
                now += shown_s(float(self._image.info.get("duration", 0)) / 1000)
        self._end = now
        return times

    def image(self, index: int, max_side: int | None) -> NDArray[np.uint8]:
        """Frame `index` as (H, W, 3) uint8 RGB, upright and on white."""
        self._guard.tick()
        with _translated(self._guard):
            if self.info.frames != 1:
                self._image.seek(index)
            picture: Any = self._image
            if max_side is not None and self.info.codec == "jpeg":
                picture.draft("RGB", (max_side, max_side))  # the JPEG decoder shrinks by 2, 4 or 8 at no cost
            picture.load()
            if picture.mode in ("I;16", "I", "F"):
                picture = picture.point(lambda value: value / 256).convert("L")
            picture = ImageOps.exif_transpose(picture)
            size = fit(picture.width, picture.height, max_side)
            picture = picture.convert("RGBA" if self.info.alpha else "RGB")
            if size != picture.size:
                picture = picture.resize(size, Image.Resampling.BOX if max(size) < 64 else Image.Resampling.BICUBIC)
            if self.info.alpha:
                ground = Image.new("RGBA", picture.size, (255, 255, 255, 255))
                picture = Image.alpha_composite(ground, picture).convert("RGB")
            return np.asarray(picture, dtype=np.uint8).copy()

    def close(self) -> None:
        self._image.close()


@contextmanager
def _translated(guard: Guard) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (Image.DecompressionBombError, MemoryError) as error:
        raise _words.some_too_many_pixels(guard.limits.max_pixels) from error
    except _RAISED_BY_BROKEN_PICTURES as error:
        if "truncated" in str(error):
            raise _words.ends_early() from error
        raise _words.damaged() from error
