"""Whether a text is written in a language that the guard was trained in. Knows no category.

A linear model over hashed character n-grams tells English, German, Spanish, French and "another one"; letters of
another script than the Latin one are another language anyway. `training/guard/languages.py` wrote its numbers down.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from zlib import crc32

from engine.backends.lite.guards.disguise import is_latin

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KNOWN = ("en", "de", "es", "fr")
BUCKETS = 1 << 14
_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST, _LONGEST = 1, 4
# Fewer words, or letters, say nothing about their language: names, exclamations, "lol".
LEAST_WORDS, LEAST_LETTERS = 3, 12
SURE = 0.8  # of being another language
_FOREIGN_LETTERS = 0.4  # share of letters of other scripts from which on a text counts as written in one


def is_known(text: str) -> bool:
    """Whether `text` is in a language of `KNOWN`, or too short to tell. Letters that only look foreign (fullwidth,
    mathematical, Cyrillic in Latin words) do not count as foreign."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text))
    foreign = sum(len(word) for word in words if not any(map(is_latin, word)))
    if foreign > max(1, _FOREIGN_LETTERS * sum(map(len, words))):
        return False
    if len(words) < LEAST_WORDS or sum(map(len, words)) < LEAST_LETTERS:
        return True
    return other(text) < SURE


def other(text: str) -> float:
    """The probability of another language."""
    return _shares(text)[len(KNOWN)]


def english(text: str) -> float:
    """The probability of English."""
    return _shares(text)[0]


def _shares(text: str) -> list[float]:
    import numpy as np

    weights, offsets = _model()
    found = features(text)
    places = np.fromiter(found, np.int64, len(found))
    values = np.sqrt(np.fromiter(found.values(), np.float32, len(found)))
    logits = values / max(float(np.linalg.norm(values)), 1e-9) @ weights[places] + offsets
    shares = np.exp(logits - logits.max())
    return [float(share) for share in shares / shares.sum()]


def features(text: str) -> dict[int, int]:
    """How often each bucket occurs: words, and what lies inside of them. Accents count."""
    found: dict[int, int] = {}
    for word in _WORD.findall(text.casefold()):
        padded = f" {word} "
        grams = {padded}
        for length in range(_SHORTEST, _LONGEST + 1):
            grams.update(padded[start : start + length] for start in range(len(padded) - length + 1))
        for gram in grams:
            bucket = crc32(gram.encode()) % BUCKETS
            found[bucket] = found.get(bucket, 0) + 1
    return found


@cache
def _model() -> tuple[NDArray[np.float32], Any]:
    import numpy as np

    with (resources.files("engine.backends.lite.guards") / "languages.npz").open("rb") as file:
        stored = np.load(file)
        return stored["weights"].astype(np.float32) * stored["steps"], stored["offsets"]
