"""German questions, word by word in English: good enough for telling what is asked, and never shown to anybody."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_QUOTED = re.compile(r"[\"“”„«»][^\"“”„«»]*[\"“”„«»]|\b(?=\w*[A-ZÄÖÜ]{2})[A-ZÄÖÜ\d]+\b")

_ALSO_ENGLISH = re.compile(
    "was|die|man|hat|war|so|also|fast|hell|gut|los|an|am|tag|text|video|frames|rad|land|fest|essen|mal|zoom"
)


def in_english(text: str) -> str:
    """`text` with each German word that is known replaced; what is quoted or in capitals stays as it is."""
    kept, at = [], 0
    for quoted in _QUOTED.finditer(text):
        kept += [_replaced(text[at : quoted.start()]), quoted[0]]
        at = quoted.end()
    return "".join([*kept, _replaced(text[at:])])


def _replaced(text: str) -> str:
    phrases, words, stems = _glossary()
    text = phrases.sub(lambda found: _phrases()[found[0].lower()], text)
    return _WORD.sub(lambda found: _word(found[0], words, stems), text)


def _word(word: str, words: dict[str, str], stems: list[tuple[str, str]]) -> str:
    known = words.get(word.lower())
    if known is None:
        known = next((english for stem, english in stems if word.lower().startswith(stem)), None)
    return word if known is None else known


@cache
def only_german() -> frozenset[str]:
    """The words of the glossary that no English question has."""
    return frozenset(
        word
        for word, english in _table()["words"].items()
        if not _ALSO_ENGLISH.fullmatch(word) and word not in english.split()
    )


@cache
def _table() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = json.loads(
        resources.files(__package__).joinpath("german.json").read_text(encoding="utf-8")
    )
    return table


def _phrases() -> dict[str, str]:
    return _table()["phrases"]


@cache
def _glossary() -> tuple[re.Pattern[str], dict[str, str], list[tuple[str, str]]]:
    longest_first = sorted(_phrases(), key=len, reverse=True)
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE)
    words = _table()["words"]
    stems = sorted(
        ((word[:-1], said) for word, said in words.items() if word.endswith("*")), key=lambda pair: -len(pair[0])
    )
    return pattern, words, stems
