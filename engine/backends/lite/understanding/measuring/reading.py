"""Reading on-screen text. Recognition costs, so a cheap measure of "this looks like lettering" picks a few pictures.

The recogniser (rapidocr) is imported and loaded on first use only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from engine.errors import MissingExtra

from ..facts import Reading, Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Series = NDArray[np.float64]

# A picture of this size takes about 60 ms (its models' own default enlarges it first and takes a second).
READ_SIDE = 720
_SLOTS = 9
_NEIGHBOUR_S = 0.24
_SURE = 0.72
_SAME = 0.75


def lettering(grey: Image) -> float:
    """How much of a (H, W) picture looks like lettering: dense upright edges in rows. 0 to 1, cheap, only a hint."""
    edges = np.abs(cv2.Sobel(grey, cv2.CV_16S, 1, 0))
    strong = (edges > 150).astype(np.float32)
    dense = cv2.blur(strong, (17, 7))
    return float((dense > 0.3).mean())


def promising(times: Series, letterings: Series, span: Span) -> list[float]:
    """The times in `span` worth reading: of every ninth part the look with the most lettering, in time order."""
    slot = span.length_s / _SLOTS
    found = []
    for index in range(_SLOTS):
        start_s = span.start_s + index * slot
        inside = np.flatnonzero((times >= start_s) & (times < start_s + slot))
        if len(inside):
            found.append(float(times[inside[int(np.argmax(letterings[inside]))]]))
    return found or [(span.start_s + span.end_s) / 2]


def neighbours(time_s: float, span: Span) -> list[float]:
    """Where to look again once text was found: signs come into view in pieces."""
    return [t for t in (time_s - _NEIGHBOUR_S, time_s + _NEIGHBOUR_S) if span.start_s <= t < span.end_s]


class Reader:
    """Recognises text in pictures. Loads its models on the first call. Raises `MissingExtra` without them."""

    def __init__(self) -> None:
        self._engine: Any = None

    def read(self, image: Image) -> list[str]:
        """The lines of text in a (H, W, 3) RGB picture that were read with confidence, top to bottom."""
        if self._engine is None:
            self._engine = _load()
        found, _ = self._engine(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2BGR), use_cls=False)
        lines = [(str(text).strip(), float(score)) for _, text, score in found or ()]
        return [text for text, score in lines if score >= _SURE and _is_text(text)]


def _load() -> Any:
    try:
        from rapidocr_onnxruntime import RapidOCR
    except ImportError as error:
        raise MissingExtra(
            "Reading on-screen text needs packages that are not installed: pip install 'gpt4video-bot[lite]'"
        ) from error
    return RapidOCR(det_limit_type="max", intra_op_num_threads=1)


def _is_text(text: str) -> bool:
    """Single strokes are read out of railings and spokes; two letters or digits in a row are meant."""
    return re.search(r"[^\W_]{2,}", text) is not None


def gather(found: Sequence[tuple[float, Sequence[str]]]) -> tuple[Reading, ...]:
    """Join lines that were read at several times; of near-equal spellings the longest stays."""
    kept: list[tuple[str, list[float]]] = []
    for time_s, lines in sorted(found, key=lambda item: item[0]):
        for line in lines:
            for index, (text, times) in enumerate(kept):
                if _same(text, line):
                    kept[index] = (max(text, line, key=len), [*times, *([time_s] if time_s not in times else [])])
                    break
            else:
                kept.append((line, [time_s]))
    return tuple(Reading(text, tuple(times)) for text, times in kept)


def _same(one: str, other: str) -> bool:
    a, b = (re.sub(r"\W+", "", text).lower() for text in (one, other))
    return bool(a and b) and (a in b or b in a or SequenceMatcher(None, a, b).ratio() >= _SAME)
