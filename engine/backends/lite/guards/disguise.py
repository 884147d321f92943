"""Undoes the cheap disguises of rude words, so that a word-list model sees the words that a reader sees.

Pure text in, text out. Knows no model; the words that a masked word (`sh*t`) may stand for are handed in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LEET = str.maketrans("0134578@$!€+", "oieastbasiet")
_LEET_WORD = re.compile(r"[\w@$!€+]+")
_TOKEN = re.compile(r"\w+")
# Three or more single letters with one separator between each: "f.u.c.k", "f u c k". Two would catch initials.
_SPACED = re.compile(r"(?<![^\W_])[^\W\d_](?:[\s.\-_*~,]{1,2}[^\W\d_](?![^\W_])){2,}")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
# A letter first, so that Markdown's leading asterisks are no masks.
_MASKED = re.compile(r"(?<![^\W_])[^\W\d_]+[*#][\w*#]*")
_MASK_MINIMUM = 4


def tokens(text: str) -> list[str]:
    """Split `text` into words the way a bag-of-words model does, single letters included."""
    return _TOKEN.findall(text)


def fold(text: str) -> str:
    """Normalise what looks alike: NFKC, no zero-width or combining characters, casefold."""
    compatible = unicodedata.normalize("NFKC", text)
    bare = (c for c in unicodedata.normalize("NFKD", compatible) if unicodedata.category(c) not in ("Cf", "Mn"))
    return "".join(bare).casefold()


def undisguise(text: str, rude_words: Iterable[str] = ()) -> str:
    """Fold `text`, then undo stretching, spacing, l33t digits and masks (`sh*t`, resolved against `rude_words`)."""
    text = fold(text)
    text = _MASKED.sub(lambda match: _unmask(match.group(), rude_words), text)
    text = _SPACED.sub(lambda match: "".join(tokens(match.group().replace("_", " "))), text)
    text = _LEET_WORD.sub(lambda match: _unleet(match.group()), text)
    return _STRETCHED.sub(r"\1", text)


def _unleet(word: str) -> str:
    # Pure numbers and pure letters stay: only a mixture is a disguise.
    if not any(c.isalpha() for c in word) or word.isalpha():
        return word
    # Punctuation at the end is punctuation ("stop!"), not a letter.
    core = word.rstrip("!+")
    return core.translate(LEET) + " "


def _unmask(word: str, rude_words: Iterable[str]) -> str:
    if len(word) < _MASK_MINIMUM:
        return word
    pattern = re.compile("".join("[^\\W\\d_]" if c in "*#" else re.escape(c) for c in word))
    return next((rude for rude in rude_words if pattern.fullmatch(rude)), word)
