"""Sentences, numbers, times and lists in English and German, from one table."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, Literal

from engine.backends.lite.recognition.words import vocabulary
from engine.backends.watching.span import Span

from ..facts import Direction

Language = Literal["en", "de"]
_MINUTE = 60.0


@cache
def _sentences() -> dict[str, list[str]]:
    text = resources.files(__package__).joinpath("sentences.toml").read_text(encoding="utf-8")
    return {key: list(both) for key, both in tomllib.loads(text).items()}


@cache
def _words(language: str) -> dict[str, Any]:
    table = json.loads(resources.files(__package__).joinpath("words.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = table[language]
    return found


class Wording:
    """How things are said in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.words = _words(language)

    def say(self, key: str, **values: object) -> str:
        """The sentence of `sentences.toml` with its blanks filled in, starting with a capital."""
        said = _sentences()[key][self.language == "de"].format(**values)
        starts_with_name = "." in said.split(maxsplit=1)[0].rstrip(".:!")
        return said[:1].upper() + said[1:] if said.endswith((".", "!", ":")) and not starts_with_name else said

    def number(self, value: int) -> str:
        """ "six", "24"."""
        return str(self.words["numbers"][value]) if 1 < value < 11 else str(value)

    def count(self, value: int, noun: str) -> str:
        """ "one shot", "six shots", "24 shots"."""
        one, many = self.words["nouns"][noun]
        return str(one) if value == 1 else f"{self.number(value)} {many}"

    def seconds(self, value: float) -> str:
        """A length: "10 seconds", "5.3 seconds"; "10:01 minutes" from a minute on."""
        if value >= _MINUTE - 0.05:
            unit = self.words["nouns"]["hour" if round(value) >= 3600 else "minute"]
            return f"{clock(round(value))} {unit[round(value) != _MINUTE]}"
        rounded = (f"{value:.1f}" if value >= 0.95 else f"{value:.2f}").removesuffix(".0")
        unit = self.words["nouns"]["second"][rounded != "1"]
        return f"{self.figure(rounded)} {unit}"

    def figure(self, text: str) -> str:
        """A decimal figure as the language writes it."""
        return text.replace(".", ",") if self.language == "de" else text

    def listing(self, items: Sequence[str], last: str = "and") -> str:
        """ "a", "a and b", "a, b and c"."""
        if len(items) < 2:
            return "".join(items)
        return f"{', '.join(items[:-1])} {self.words[last]} {items[-1]}"

    def when(self, span: Span) -> str:
        """ "from 0:01.2 to 0:03", or "at 0:07" when it is too short for two times."""
        start, end = clock(span.start_s), clock(span.end_s)
        return self.say("at", time=start) if start == end else self.say("stretch", start=start, end=end)

    def whens(self, spans: Sequence[Span], most: int = 6) -> str:
        return self.listing([self.when(span) for span in spans[:most]])

    def colour(self, name: str) -> str:
        return str(self.words["colours"].get(name, name))

    def something(self, colour: str, area: float) -> str:
        """ "something small and red"."""
        size = self.words["large"] if area >= 0.15 else self.words["small"] if area < 0.03 else ""
        if self.language == "de":
            size = {"großes ": "Großes, ", "kleines ": "Kleines, "}.get(size, "")
            return self.say("something", colour=size + self.words["colour_things"].get(colour, colour))
        return self.say("something", colour=size + colour)

    def way(self, direction: Direction) -> str:
        return str(self.words["ways"][direction])

    def thing(self, key: str) -> str:
        """ "a bicycle", "einen Hund": what somebody sees."""
        word = vocabulary()[key]
        if self.language == "de":
            return f"{ {'m': 'einen', 'f': 'eine', 'n': 'ein'}[word.german.gender] } {word.german.word}"
        return f"{word.article} {word.word}".strip()

    def name(self, key: str) -> str:
        """ "a bicycle", "Hund": what somebody asked for."""
        return vocabulary()[key].german.word if self.language == "de" else self.thing(key)

    def quote(self, text: str) -> str:
        """What was read, as it stands, in quotation marks."""
        return f"„{text}“" if self.language == "de" else f"“{text}”"

    def share(self, value: float) -> str:
        """A share of the picture, roughly."""
        return f"{value * 100:.0f} %" if value >= 0.015 else ("about 1 %" if self.language == "en" else "etwa 1 %")

    def verdict(self, yes: bool, sentence: str) -> str:
        """ "Yes: …"."""
        return f"{self.words['yes' if yes else 'no']}: {self._inside(sentence)}"

    def _inside(self, sentence: str) -> str:
        """A sentence after a colon: in English it begins small, but for "I" and what is quoted or abbreviated."""
        lowers = self.language == "en" and not sentence.startswith(("I ", "I'm ")) and sentence[1:2].islower()
        return sentence[:1].lower() + sentence[1:] if lowers else sentence


def clock(time_s: float) -> str:
    """A moment, without a unit to repeat: "0:07.5" below a minute, "2:05" above."""
    if time_s >= _MINUTE - 0.05:
        whole = round(time_s)
        return (
            f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
            if whole >= 3600
            else f"{whole // 60}:{whole % 60:02d}"
        )
    tenths = round(max(0.0, time_s) * 10)
    return f"0:{tenths // 10:02d}" + (f".{tenths % 10}" if tenths % 10 else "")


def size_of(value: int) -> str:
    """ "843 kB", "1.2 MB"."""
    if value >= 1_000_000:
        return f"{value / 1e6:.1f} MB"
    return f"{value / 1e3:.0f} kB" if value >= 1000 else f"{value} bytes"
