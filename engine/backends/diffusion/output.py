"""From a pipeline's pictures to a file: scaled and cropped, checked, and put behind the clip that they continue.

It knows arrays and the media room, no pipeline. Pictures are converted one by one: a clip exists once in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from engine.errors import JobFailed
from engine.media import ClipReader, VideoWriter

if TYPE_CHECKING:
    from engine.backends.base import Image, JobContext

_EVERY_FRAME = 1000.0  # a rate that no video has


def fit(picture: Image, width: int, height: int) -> Image:
    """The picture at `width` × `height`: scaled until it covers both sides, the rest cropped evenly. No distortion."""
    high, wide = picture.shape[:2]
    if (wide, high) == (width, height):
        return picture
    scale = max(width / wide, height / high)
    left, top = (wide - width / scale) / 2, (high - height / scale) / 2
    box = (left, top, wide - left, high - top)
    return np.asarray(Pillow.fromarray(picture).resize((width, height), Pillow.Resampling.LANCZOS, box=box))


def as_picture(picture: Image, width: int, height: int) -> Pillow.Image:
    """What a clip begins with, in the form and at the size that pipelines take without stretching it."""
    return Pillow.fromarray(fit(picture, width, height))


def write_clip(
    frames: Any, shown: Sequence[int], path: str, size: tuple[int, int], fps: float, context: JobContext,
    before: ClipReader | None = None,
) -> VideoWriter:  # fmt: skip
    """Write the `shown` of `frames` ((F, H, W, 3) float, 0–1) to `path`, behind all pictures of `before`.

    Returns the finished writer. Raises `JobFailed` when there are no pictures in the numbers; then there is no file.
    """
    width, height = size
    brightest = 0
    with ExitStack() as stack:
        video = stack.enter_context(VideoWriter(path, width, height, fps))
        if before is not None:
            for old in before.scan(max_fps=_EVERY_FRAME, max_side=max(before.info.width, before.info.height)):
                video.write(fit(old.image, width, height))
                context.checkpoint()
        for index in shown:
            picture = _eight_bits(frames[index])
            brightest = max(brightest, int(picture.max()))
            video.write(fit(picture, width, height))
            context.checkpoint()
        if brightest == 0:
            raise _no_picture()
    return video


def _eight_bits(frame: NDArray[np.floating]) -> Image:
    if not np.isfinite(frame).all():
        raise _no_picture()
    eight: Image = (np.clip(frame, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return eight


def _no_picture() -> JobFailed:
    return JobFailed(
        "The video model made no picture this time: its numbers ran out of range, and all would be black. Please try "
        "again in other words, or with another seed."
    )
