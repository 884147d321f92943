"""Reading on-screen text. Recognition costs, so it gets a few pictures that differ.

Which pictures those are, and what they say together. The reading itself is `recognition.reader`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.backends.watching.span import Span

from ..facts import Reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Series = NDArray[np.float64]

# A picture of this size takes about 60 ms (its models' own default enlarges it first and takes a second).
READ_SIDE = 720
GIST = (9, 16)
_NEW = 2.0  # of 255
_SAME = 0.75


def gist(grey: Image) -> Image:
    """Shrink a (H, W) picture to (9, 16): enough to tell whether two pictures show the same."""
    return np.asarray(cv2.resize(grey, GIST[::-1], interpolation=cv2.INTER_AREA))


def varied(times: Series, gists: Image, span: Span, most: int, few: Sequence[float]) -> list[float]:
    """The times in `span` worth reading, in order: each differs as much as possible from all the others.

    Text comes with a change of the picture, be it a small one; what looks the same says the same. Where next to nothing
    changes, the `few` are read.
    """
    inside = np.flatnonzero((times >= span.start_s) & (times < span.end_s))
    if not len(inside):
        return [(span.start_s + span.end_s) / 2]
    looks = gists[inside].astype(np.float32)
    chosen = [len(inside) // 2]
    nearest = np.full(len(inside), np.inf)
    while len(chosen) < min(most, len(inside)):
        difference = np.abs(looks - looks[chosen[-1]])
        # The mean finds new scenes, the strongest cell a caption that comes and goes.
        nearest = np.minimum(nearest, difference.mean(axis=(1, 2)) + 0.15 * difference.max(axis=(1, 2)))
        if nearest.max() < _NEW:
            break
        chosen.append(int(np.argmax(nearest)))
    return sorted({float(times[inside[index]]) for index in chosen} if len(chosen) > 2 else {*few})


def gather(found: Sequence[tuple[float, Sequence[str]]]) -> tuple[Reading, ...]:
    """Join lines that were read at several times; of near-equal spellings the longest stays."""
    kept: list[tuple[str, list[float]]] = []
    for time_s, lines in sorted(found, key=lambda item: item[0]):
        for line in lines:
            for index, (text, times) in enumerate(kept):
                if same(text, line):
                    kept[index] = (max(text, line, key=len), [*times, *([time_s] if time_s not in times else [])])
                    break
            else:
                kept.append((line, [time_s]))
    return tuple(Reading(text, tuple(times)) for text, times in kept)


def same(one: str, other: str) -> bool:
    """Whether two lines are readings of one text. Numbers have to be equal."""
    if one.strip().isdigit() or other.strip().isdigit():
        return one.strip() == other.strip()
    a, b = (re.sub(r"\W+", "", text).lower() for text in (one, other))
    return bool(a and b) and (a in b or b in a or SequenceMatcher(None, a, b).ratio() >= _SAME)
