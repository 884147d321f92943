"""German, Spanish and French, word by word in English, for an encoder that was taught English. Knows no category.

It is no translation: order and grammar stay. But what is asked for is then said in words that the encoder knows.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from engine.backends.lite.guards import language

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")
_SHARE = 0.4  # of a text's words that must be in a language's glossary, for it to count as that language


def glossed(text: str) -> str | None:
    """`text` in English words as far as they are known; None when it is English, or has too few of the words that are.

    A language that resembles one of the three is read like that one.
    """
    words = [word.casefold() for word in _WORD.findall(text)]
    best, name = max((sum(_meaning(word, each) is not None for word in words), each) for each in ("de", "es", "fr"))
    if not words or best < _SHARE * len(words) or language.english(text) > 0.5:
        return None
    _, _, idioms = _glossaries()[name]
    for pattern, meaning in idioms:
        text = pattern.sub(meaning, text)
    # What an idiom means stands in brackets, out of the reach of what its words mean.
    pieces = re.split(r"⟨([^⟩]*)⟩", text)
    pieces[::2] = [
        _WORD.sub(lambda match: _meaning(match.group().casefold(), name) or match.group(), p) for p in pieces[::2]
    ]
    return "".join(pieces)


@cache
def _glossaries() -> dict[str, tuple[dict[str, str], dict[str, str], list[tuple[re.Pattern[str], str]]]]:
    """Of each language the whole words, the beginnings of words, and the idioms."""
    found: dict[str, tuple[dict[str, str], dict[str, str], list[tuple[re.Pattern[str], str]]]] = {}
    for line in (resources.files("engine.backends.lite.guards") / "glossary.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            whole, starts, idioms = found.setdefault(line.strip("[]"), ({}, {}, []))
        elif line.startswith("/"):
            pattern, _, meaning = line[1:].rpartition("/ ")
            plain, between = re.fullmatch(r"([^\\]*)(\\1)?", meaning).groups()  # type: ignore[union-attr]
            idioms.append((re.compile(pattern, re.IGNORECASE), f"⟨{plain}⟩{between or ''}"))
        elif not line.startswith("#"):
            for entry in line.split("|"):
                word, _, meaning = entry.strip().partition(" ")
                (starts if word.endswith("*") else whole).setdefault(word.rstrip("*"), meaning)
    return found


@cache
def _meaning(word: str, name: str) -> str | None:
    whole, starts, _ = _glossaries()[name]
    if word in whole:
        return whole[word]
    return next((starts[word[:end]] for end in range(len(word), 1, -1) if word[:end] in starts), None)
