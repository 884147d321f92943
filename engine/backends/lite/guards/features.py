"""A text as hashed word and character n-grams, for a linear head. Used by the training script too, so that both see the
same numbers. Knows no category."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Places = NDArray[np.int64]
    Weights = NDArray[np.float32]

WORD_BUCKETS = 1 << 16
CHARACTER_BUCKETS = 1 << 17
BUCKETS = WORD_BUCKETS + CHARACTER_BUCKETS
_WORD = re.compile(r"\w+")
_SHORTEST, _LONGEST = 3, 5  # characters of an n-gram, the blanks around a word included


def bare(text: str) -> str:
    """`text` in lower case, without accents."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text)
    return "".join(char for char in plain if unicodedata.category(char) != "Mn").lower()


def grams(text: str) -> dict[int, int]:
    """How often each bucket occurs: words and pairs of words first, then what lies inside of words."""
    words = _WORD.findall(bare(text))
    found: dict[int, int] = {}
    for gram in [*words, *(f"{one} {two}" for one, two in pairwise(words))]:
        bucket = crc32(gram.encode()) % WORD_BUCKETS
        found[bucket] = found.get(bucket, 0) + 1
    for word in words:
        padded = f" {word} ".encode()
        for length in range(_SHORTEST, min(_LONGEST, len(padded)) + 1):
            for start in range(len(padded) - length + 1):
                bucket = WORD_BUCKETS + crc32(padded[start : start + length]) % CHARACTER_BUCKETS
                found[bucket] = found.get(bucket, 0) + 1
    return found


def weighed(text: str, rarity: Weights) -> tuple[Places, Weights]:
    """The buckets of a text and their TF-IDF: `rarity` is the inverse document frequency of each bucket; words and
    characters have length 1 each."""
    import numpy as np

    found = grams(text)
    places = np.fromiter(found, np.int64, len(found))
    values = (1 + np.log(np.fromiter(found.values(), np.float32, len(found)))) * rarity[places]
    words = places < WORD_BUCKETS
    for part in (words, ~words):
        length = float(np.sqrt(np.sum(values[part] ** 2)))
        if length:
            values[part] /= length
    return places, values.astype(np.float32)
