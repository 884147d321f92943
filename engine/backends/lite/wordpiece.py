"""Cuts a text into the numbered word pieces that BERT-like encoders read. Pure text in, numbers out; knows no model.

The vocabulary is that of `bert-base-uncased` (Apache-2.0, Google Research), which all-MiniLM-L6-v2 uses. The ids equal
those of the `tokenizers` package, so that weights trained with one serve with the other.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from importlib import resources

CLS, SEP, UNKNOWN = 101, 102, 100
_MAX_WORD = 100  # characters; BERT reads a longer word as unknown
_CACHED_WORDS = 20_000  # some 2 MB; ordinary talk repeats itself

# What BERT takes for ideographs, each a word by itself.
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


def ids(text: str, longest: int) -> list[int]:
    """The ids of `text` between the marks for its start and its end; what is past `longest` ids is cut away."""
    found = [CLS]
    for word in words(text):
        found += _pieces(word)
        if len(found) >= longest:
            del found[longest - 1 :]
            break
    found.append(SEP)
    return found


def words(text: str) -> list[str]:
    """`text` in lower case and without accents, cut at blanks and around every punctuation mark and ideograph."""
    if text.isascii():
        return "".join(map(_ascii, text)).split()
    bare = unicodedata.normalize("NFD", "".join(map(_cleaned, text)))
    # A sigma at the end of a word has a lower case of its own in Python, not in `tokenizers`.
    lowered = "".join(char for char in bare if unicodedata.category(char) != "Mn").replace("Σ", "σ").lower()
    return "".join(map(_apart, lowered)).split()


def whole_words() -> list[str]:
    """The words of the vocabulary that stand for themselves, the commonest first."""
    return [piece for piece in _vocabulary() if piece.isalpha() and piece.isascii()]


@lru_cache(_CACHED_WORDS)
def _pieces(word: str) -> tuple[int, ...]:
    """The longest pieces of the vocabulary, from the left; a word with a part that is in none is unknown."""
    if len(word) > _MAX_WORD:
        return (UNKNOWN,)
    vocabulary = _vocabulary()
    found: list[int] = []
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = vocabulary.get(("##" if start else "") + word[start:end])
            if piece is not None:
                break
        else:
            return (UNKNOWN,)
        found.append(piece)
        start = end
    return tuple(found)


@cache
def _vocabulary() -> dict[str, int]:
    text = (resources.files("engine.backends.lite") / "data" / "wordpiece.txt").read_text("utf-8")
    return {piece: number for number, piece in enumerate(text.split("\n")) if piece}


@cache
def _ascii(char: str) -> str:
    return _apart(_cleaned(char).lower())


@lru_cache(4096)
def _cleaned(char: str) -> str:
    if char in "\t\n\r" or (char.isspace() and unicodedata.category(char) != "Cc"):
        return " "
    if char == "\ufffd" or unicodedata.category(char) in ("Cc", "Cf", "Co"):
        return ""
    code = ord(char)
    return f" {char} " if any(low <= code <= high for low, high in _IDEOGRAPHS) else char


@lru_cache(4096)
def _apart(char: str) -> str:
    punctuation = (
        unicodedata.category(char)[:1] == "P"
        if not char.isascii()
        else char.isprintable() and not (char.isalnum() or char == " ")
    )
    return f" {char} " if char and punctuation else char
