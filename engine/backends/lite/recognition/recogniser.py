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

    from .networks import Networks

    Image = NDArray[np.uint8]

MODULES = ("numpy", "onnxruntime", "cv2")


class Recogniser:
    """Everyday things, people, speech and music in a clip. Not for use by two threads at once.

    Of twelve pictures all that is known costs about a second of one processor, of sound eight milliseconds a second.
    """

    def __init__(self) -> None:
        self._networks: Networks | None = None

    def missing(self) -> str:
        """A sentence that tells what is not installed, or an empty one."""
        return extra.missing(*MODULES)

    def load(self) -> None:
        """Import what the models need. Each is opened by the first call that uses it. Raises `MissingExtra`."""
        if self._networks is None:
            extra.require(*MODULES)
            from .networks import Networks

            self._networks = Networks()

    def look(
        self,
        frames: Sequence[tuple[float, Image]],
        checkpoint: Callable[[], None],
        *,
        things: bool = True,
        people: bool = True,
    ) -> Seen:
        """Recognise things and people in some pictures of one clip: (time in seconds, (H, W, 3) RGB), in order.

        A dozen pictures spread over the part in question are enough, 320 pixels or more at their longer side. What is
        not asked for is not computed. `checkpoint` is called before each picture and may raise to stop. Raises
        `MissingExtra`.
        """
        self.load()
        from . import looking

        assert self._networks is not None
        seen = []
        for time_s, image in frames:
            checkpoint()
            seen.append(looking.look_at(self._networks, time_s, image, things=things, people=people))
        return looking.evidence(seen)

    def listen(self, sound: Iterable[Sound], duration_s: float, checkpoint: Callable[[], None]) -> Heard:
        """Find speech and music in a clip's sound at 16 kHz, block after block, as `ClipReader.sound` gives it.

        `duration_s` is the length of the clip. `checkpoint` is called before each block and may raise to stop. Raises
        `MissingExtra`.
        """
        self.load()
        from .listening import listen

        assert self._networks is not None
        return listen(self._networks, sound, duration_s, checkpoint)
