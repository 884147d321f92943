"""A clip's sound cut into the windows that a speech model hears, each beginning where the last one was understood to.

It knows how loud things are, and no model. Little more than two windows are in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.media import Sound

    Samples = NDArray[np.float32]

# Speech in a quiet room, recorded at a distance, is some 20 dB above this; dithered silence is far below.
FLOOR_DBFS = -60.0
_LOUDEST_OF_S = 0.1  # about a syllable
_LEAST_S = 0.2  # nothing is said in a shorter rest, and a model would guess


@dataclass(frozen=True, slots=True)
class Window:
    """(N,) float32 mono samples, from `start_s` of the clip on, N at most a window's worth; `last` ends the sound."""

    start_s: float
    samples: Samples
    last: bool


class Windows:
    """Iterate to get one window after the other; say between two how much of the last one is done with."""

    def __init__(self, sounds: Iterator[Sound], rate: int, size: int) -> None:
        """`size` is a window's length in samples."""
        self._sounds = sounds
        self._rate = rate
        self._size = size
        self._least = round(_LEAST_S * rate)
        self._held: Samples = np.zeros(0, np.float32)
        self._start_s: float | None = None
        self._done = 0  # samples that were advanced over
        self._over = False
        self._next = size

    def advance(self, seconds: float) -> None:
        """The next window begins that far into this one; if this is not said, at its end."""
        self._next = max(1, min(self._size, round(seconds * self._rate)))

    def __iter__(self) -> Iterator[Window]:
        self._fill()
        while len(self._held) >= self._least:
            whole = self._held[: self._size]
            self._next = self._size
            last = self._over and len(self._held) < self._size + self._least
            yield Window((self._start_s or 0.0) + self._done / self._rate, whole, last)
            self._done += min(self._next, len(self._held))
            self._held = self._held[self._next :]
            self._fill()

    def _fill(self) -> None:
        while not self._over and len(self._held) < self._size + self._least:
            sound = next(self._sounds, None)
            if sound is None:
                self._over = True
                return
            if self._start_s is None:
                self._start_s = sound.time_s
            self._held = np.concatenate([self._held, sound.samples])


def is_quiet(samples: Samples, rate: int) -> bool:
    """Whether nobody could be heard to speak: the loudest moment lies under the floor."""
    width = max(1, round(_LOUDEST_OF_S * rate))
    squares = np.square(samples, dtype=np.float64)
    starts = np.arange(0, len(squares), width)
    if not len(starts):
        return True
    powers = np.add.reduceat(squares, starts) / np.minimum(width, len(squares) - starts)
    return bool(powers.max() < 10 ** (FLOOR_DBFS / 10))
