"""Reads the text in a picture, and knows when there are letters that it cannot read.

The recogniser (rapidocr) has its models in its wheel. They know Latin letters, Chinese and Japanese, and no Cyrillic,
Arabic, Hebrew or Korean: of a Cyrillic line they give nothing, or the few letters that look Latin.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from math import hypot
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.backends.lite import extra
from engine.errors import MissingExtra

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Find = Callable[[Image], list["Found"]]  # of a BGR picture

_SURE = 0.8
_LETTER_O = re.compile(r"(?<=[^\W\d_])0(?![^\W_]*\d)|(?<![^\W_])0(?=[^\W\d_]{2})")  # a nought among letters is none
# What looks like a line of letters: the detector is this sure, and it is this much wider than high.
_LETTERS = 0.74
_LINE = 1.7
_WIDTH = 0.62  # of a letter, in heights of its line, at its widest
_READ_PART = 0.5  # of the letters that a line has room for; fewer means that the others could not be read
_SURE_ALONE = 0.985  # of a single letter; rings and posts are read as these:
_NO_LETTER_ALONE = frozenset("0OoQCcIl")
_WIDE_FORMS = {0xFEE0 + code: code for code in range(0x21, 0x7F)}  # Latin letters as wide as Chinese ones
_CYRILLIC_TOO = frozenset("ABCEHKMOPTXYaceopxy")  # these shapes are letters of both alphabets


@dataclass(frozen=True)
class Found:
    """A place that looks like text: what was read there and how surely, how surely it is text, and its size."""

    text: str
    score: float
    is_text: float
    width: float
    height: float


@dataclass(frozen=True)
class Lines:
    """What was read in a picture, top to bottom. `unread` is True if there are letters besides that nobody could read.

    Letters can be unreadable because of their script, their size or a blur.
    """

    texts: tuple[str, ...] = ()
    unread: bool = False


class Reader:
    """Recognises text in pictures. Loads its models on the first call. Raises `MissingExtra` without them."""

    def __init__(self) -> None:
        self._find: Find | None = None

    def read(self, image: Image) -> Lines:
        """The text in a (H, W, 3) RGB picture."""
        if self._find is None:
            self._find = _load()
        return sort_out(self._find(image[:, :, ::-1]))


def sort_out(found: list[Found]) -> Lines:
    """Keep what was read with confidence, and notice the lines that were not read or not in their own alphabet."""
    unread = [item for item in found if _unreadable(item)]
    kept = [item for item in found if item.score >= _SURE and item not in unread and _is_text(item)]
    if unread:  # then "MOCKBA" beside it was hardly meant to be Latin
        kept = [item for item in kept if not _could_be_cyrillic(item.text)]
    return Lines(tuple(_LETTER_O.sub("O", item.text.strip()) for item in kept), bool(unread))


def _unreadable(found: Found) -> bool:
    """Whether there is a line of letters of which the recogniser made nothing, little or a mixture of alphabets."""
    if found.is_text < _LETTERS or found.width < _LINE * found.height:
        return False
    read = sum(1 for letter in found.text if not letter.isspace())
    room = found.width / (_WIDTH * found.height)
    return found.score < _SURE or read < _READ_PART * room or any(map(_mixed, found.text.split()))


def _mixed(word: str) -> bool:
    """Whether one word has letters of several alphabets, which no language writes."""
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in word if letter.isalpha()}
    return len(scripts & {"LATIN", "GREEK", "CYRILLIC", "CJK"}) > 1


def _could_be_cyrillic(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    return bool(letters) and all(letter in _CYRILLIC_TOO for letter in letters)


def _is_text(found: Found) -> bool:
    """Single strokes are read out of railings and spokes; two letters or digits in a row are meant."""
    if re.search(r"[^\W_]{2,}", found.text):
        return True
    alone = {letter for letter in found.text if letter.isalnum()}
    return bool(alone) and found.score >= _SURE_ALONE and not alone & _NO_LETTER_ALONE


def _load() -> Find:
    try:
        import numpy as np
        import rapidocr
    except ImportError as error:
        raise MissingExtra(extra.SENTENCE) from error
    models = Path(rapidocr.__file__).parent / "models"
    quiet_and_small = {
        "Global.log_level": "critical",
        "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),  # given by name, so that it downloads nothing
        "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
        "Global.use_cls": False,
        "Det.limit_type": "max",  # a picture takes 60 ms; by default it is enlarged first and takes a second
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    }
    engine: Any = rapidocr.RapidOCR(params=quiet_and_small)

    def find(image: Image) -> list[Found]:
        # The steps of the engine, without its last: that drops the places of which nothing could be read.
        prepared, record = engine.preprocess_img(np.ascontiguousarray(image))
        places, _, read, _ = engine.run_ocr_steps(prepared, record)
        if places.boxes is None or read.txts is None:
            return []
        lines = zip(read.txts, read.scores, places.scores, places.boxes, strict=True)
        return [Found(str(t).translate(_WIDE_FORMS), float(s), float(sure), *_size(box)) for t, s, sure, box in lines]

    return find


def _size(box: NDArray[np.float32]) -> tuple[float, float]:
    """The width and height of a box of four corners, (4, 2), clockwise from the top left."""
    (x0, y0), (x1, y1), _, (x3, y3) = box.tolist()
    return hypot(x1 - x0, y1 - y0), hypot(x3 - x0, y3 - y0)
