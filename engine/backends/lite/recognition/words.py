"""The everyday words that may be said of a picture, in English and German, and which classes of the model mean each.

The list is short on purpose: the model knows a thousand names, many of which it gives to things that it does not know.
A word is a group of names that are mistaken for each other, and only their sum is believed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

Gender = Literal["m", "f", "n"]
Kind = Literal["animal", "vehicle", "instrument", "object", "furniture", "building", "nature", "food"]


@dataclass(frozen=True)
class German:
    """The word in German: its singular and plural in the nominative, and the gender that its articles follow."""

    word: str
    gender: Gender
    plural: str


@dataclass(frozen=True)
class Word:
    """One entry of `words.json`.

    `article` is "a", "an", or empty where English uses none ("food"). `leaves` are the ImageNet classes, 0 to 999, that
    mean it, and `sure` how large their sum must be to believe the word: more for what is often mistaken, for a single
    class, and for a sum of hundreds.
    """

    word: str
    plural: str
    article: str
    kind: Kind
    german: German
    leaves: frozenset[int]
    sure: float


@cache
def vocabulary() -> Mapping[str, Word]:
    """All words by their English singular, as `Thing.word` names them."""
    text = resources.files(__package__).joinpath("words.json").read_text(encoding="utf-8")
    return {entry["word"]: _word(entry) for entry in json.loads(text)}


def _word(entry: dict[str, Any]) -> Word:
    german = German(**entry["de"])
    leaves = frozenset(_leaves(entry["leaves"]))
    return Word(entry["word"], entry["plural"], entry["article"], entry["kind"], german, leaves, entry["sure"])


def _leaves(ranges: str) -> list[int]:
    """The numbers in "3,7-9": 3, 7, 8 and 9."""
    bounds = (part.partition("-") for part in ranges.split(","))
    return [number for first, _, last in bounds for number in range(int(first), int(last or first) + 1)]
