"""What a question is after: a linear head on the sentence encoder's vector and on the question's words and letters.

`intents.toml` holds examples, `training/questions.py` learns `intents.npz` from them, and nothing here knows a word.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING
from zlib import crc32

from engine.backends.lite.encoder import WIDTH, shared
from engine.backends.watching.words import plain

from .german import in_english

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

GRAMS = 4096  # places that words and letters are hashed into
ENCODER_SHARE = 6.0  # how much the encoder's vector weighs beside them, chosen by cross-validation
UNSURE = 0.35  # below it nothing is claimed to be understood: half of the odd sentences, few of the questions


def folded(text: str) -> str:
    """Lower case without accents, quotation and figures, which say nothing about what is asked."""
    bare = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^\w\s]|_", " ", re.sub(r"\d+(?:[:.,]\d+)*", " 0 ", bare)).split())


def features(texts: Sequence[str]) -> Matrix:
    """(N, WIDTH + GRAMS): the encoder's vectors and the hashed words, word pairs and runs of letters."""
    import numpy as np

    found = np.zeros((len(texts), WIDTH + GRAMS), np.float32)
    found[:, :WIDTH] = shared().encode([plain(text) for text in texts]) * ENCODER_SHARE
    for row, text in enumerate(texts):
        for gram in _grams(folded(plain(text))):
            found[row, WIDTH + crc32(gram.encode()) % GRAMS] += 1.0
        letters = found[row, WIDTH:]
        np.sqrt(letters, out=letters)
        letters *= 4.0 / max(1.0, float(np.linalg.norm(letters)))
    return found


def _grams(text: str) -> list[str]:
    words = ["^", *text.split(), "$"]
    pairs = [f"{one} {other}" for one, other in pairwise(words)]
    letters = [f"<{word}>"[at : at + size] for word in words for size in (3, 4) for at in range(len(word) + 3 - size)]
    return [*words, *pairs, *letters]


@cache
def _head() -> tuple[tuple[str, ...], Matrix, Matrix]:
    import numpy as np

    with (
        resources.as_file(resources.files(__package__) / "intents.npz") as path,
        np.load(path, allow_pickle=False) as head,
    ):
        return tuple(str(name) for name in head["names"]), head["weights"].astype(np.float32), head["bias"]


@cache
def _examples() -> dict[str, str]:
    """The intent of every example, as folded English."""
    table = tomllib.loads(resources.files(__package__).joinpath("intents.toml").read_text(encoding="utf-8"))
    return {
        folded(plain(text if tongue == "en" else in_english(text))): name
        for name, by in table.items()
        for tongue, texts in by.items()
        for text in texts
    }


def intents(text: str) -> dict[str, float]:
    """Each intent with its probability. Raises `MissingExtra` without the encoder's packages.

    What was given as an example is known without a model.
    """
    known = _examples().get(folded(plain(text)))
    if known is not None:
        return {name: float(name == known) for name in _examples().values()}
    import numpy as np

    names, weights, bias = _head()
    logits = (features([text]) @ weights + bias)[0]
    shares = np.exp(logits - logits.max())
    shares /= shares.sum()
    return dict(zip(names, shares.tolist(), strict=True))
