"""The details of a question: moments, colours, ways, limits, counts and words to look for. One small grammar.

It reads plain English; German comes here word by word in English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.backends.watching.scope import NUMBERS, WHOLE, Scope, clip_number, split_scope
from engine.backends.watching.words import plain, tokens

from ..facts import Direction

COLOURS = {
    **{name: name for name in ("black", "grey", "white", "red", "orange", "brown", "beige", "yellow", "green", "cyan",
                               "blue", "purple", "pink")},
    "gray": "grey", "turquoise": "cyan", "violet": "purple", "golden": "yellow", "gold": "yellow",
}  # fmt: skip
_WAYS: dict[str, Direction] = {
    "left": "left", "leftward": "left", "leftwards": "left", "right": "right", "rightward": "right",
    "rightwards": "right", "up": "up", "upward": "up", "upwards": "up", "rises": "up", "rise": "up", "down": "down",
    "downward": "down", "downwards": "down", "falls": "down", "fall": "down",
}  # fmt: skip
_ASKS_YES = frozenset(
    [
        "is",
        "are",
        "was",
        "were",
        "do",
        "does",
        "did",
        "has",
        "have",
        "had",
        "can",
        "could",
        "will",
        "would",
        "isn't",
        "doesn't",
        "any",
        "moves",
        "changes",
        "goes",
        "comes",
        "speaks",
        "talks",
        "sings",
        "stays",
        "shows",
        "stands",
        "turns",
        "see",
        "contains",
        "says",
        "wears",
        "drives",
        "zooms",
        "shakes",
    ]
)
_N = rf"(?P<n>\d+(?:[.,]\d+)?|{'|'.join(sorted(NUMBERS, key=len, reverse=True))})"
_LIMIT = re.compile(
    rf"\b(?:(?P<least>at least|no less than)|(?P<most>at most|no more than)|(?P<same>exactly|just|only)"
    rf"|(?P<over>(?:more|longer|greater|bigger|larger|higher|over|above|exceeds?)(?: than)?)"
    rf"|(?P<under>(?:less|shorter|fewer|smaller|lower|under|below)(?: than)?))\s+(?:about\s+)?"
    rf"(?:{_N}|(?P<half>half))\s*(?P<unit>of a minute|a minute|second|minute|%|percent|[a-z]+)?"
)
_EXACT = re.compile(rf"\b(?:is|are|has|have|does|do|there)\b(?:\s+\w+)?\s+{_N}\s+(?P<unit>\w+)")
_QUOTED = re.compile(r"[\"“”„«»‘]([^\"“”„«»]{1,80})[\"“”„«»’]|(?<!\w)'([^']{1,80})'(?!\w)")
_CAPITALS = re.compile(r"\b[A-ZÄÖÜ\d]*[A-ZÄÖÜ]{2,}[A-ZÄÖÜ\d]*(?:\s+[A-ZÄÖÜ\d]+)*\b")
_AFTER_SAY = re.compile(
    r"\b(?:says?|saying|reads?|mentions?|(?:the|a) words?|the number|it say on the \w+|it say anywhere|contains?"
    r"(?: the words?)?)\s+(?P<word>[^?!.,]+?)(?:\s+(?:in it|in|on|anywhere|somewhere|written|appears?|shown|at|readable"
    r"|seen|there|is|mentioned)\b.*)?[?!.]*$"
)
_NO_WORD = frozenset(["the", "a", "what", "anything", "something", "it", "this", "that", "is", "on", "there", "any"])
_HIGH = {"longest": ("length", 1), "shortest": ("length", -1), "brightest": ("brightness", 1),
         "darkest": ("brightness", -1), "busiest": ("motion", 1), "liveliest": ("motion", 1), "calmest": ("motion", -1),
         "loudest": ("sound", 1), "quietest": ("sound", -1)}  # fmt: skip


@dataclass(frozen=True)
class Limit:
    """A number to hold against another: `way` is "over", "under", "same", "least" or "most"; `unit` is as written."""

    way: str
    value: float
    unit: str

    def holds(self, value: float, slack: float = 1e-9) -> bool:
        """Whether `value` keeps it; values within `slack` count as equal."""
        same = abs(value - self.value) <= slack
        return {
            "over": value > self.value and not same, "under": value < self.value and not same, "same": same,
            "least": value >= self.value or same, "most": value <= self.value or same,
        }[self.way]  # fmt: skip


@dataclass(frozen=True)
class Slots:
    """What a question names. `words` are its plain words; `quotes` the texts to look for, as they were written."""

    text: str
    words: tuple[str, ...]
    scope: Scope = WHOLE
    clip: int | None = None
    yes_no: bool = False
    ways: tuple[Direction, ...] = ()
    colours: tuple[str, ...] = ()
    limit: Limit | None = None
    quotes: tuple[str, ...] = ()
    extreme: tuple[str, int] | None = None

    def has(self, pattern: str) -> bool:
        """Whether one of the words matches all of a regular expression."""
        return any(re.fullmatch(pattern, word) for word in self.words)


def read(text: str, original: str = "") -> Slots:
    """`text` is in English; `original` is the message as it was written, from which words to look for are taken."""
    spoken = plain(text)
    scope, rest = split_scope(text)
    words = tuple(word.lower() for word in tokens(spoken))
    opening = [word for word in words if word not in ("and", "so", "but", "also", "then", "ok", "hey", "there")][:2]
    return Slots(
        text=spoken,
        words=words,
        scope=scope,
        clip=clip_number(text),
        yes_no=bool(opening) and opening[0] in _ASKS_YES,
        ways=_ways(words),
        colours=tuple(dict.fromkeys(COLOURS[word] for word in words if word in COLOURS)),
        limit=_limit(rest),
        quotes=_quotes(original or text, spoken),
        extreme=next((_HIGH[word] for word in words if word in _HIGH), None),
    )


def _ways(words: tuple[str, ...]) -> tuple[Direction, ...]:
    """The ways that are named; "from left to right" names its end only, "left or right" both."""
    named = [(at, _WAYS[word]) for at, word in enumerate(words) if word in _WAYS and words[at - 1 : at] != ("sped",)]
    kept = [way for at, way in named if "from" not in words[max(0, at - 2) : at]]
    return tuple(dict.fromkeys(kept or [way for _, way in named]))


def _limit(text: str) -> Limit | None:
    found = _LIMIT.search(text)
    if found:
        way = next(name for name in ("least", "most", "same", "over", "under") if found[name])
        unit = found["unit"] or ""
        value = 0.5 if found["half"] else _number(found["n"])
        if "minute" in unit:
            return Limit(way, value * 60, "second")
        return Limit(way, value * 100 if found["half"] and "second" not in unit else value, unit)
    exact = _EXACT.search(text)
    if exact and exact["n"] not in ("a", "an"):
        return Limit("same", _number(exact["n"]), exact["unit"])
    return None


def _number(text: str) -> float:
    return NUMBERS[text] if text in NUMBERS else float(text.replace(",", "."))


def _quotes(original: str, spoken: str) -> tuple[str, ...]:
    """What is in quotation marks, else in capitals, else what follows "say" or "the word"."""
    quoted = [one or other for one, other in _QUOTED.findall(original)]
    if quoted:
        return tuple(quoted)
    shouted = [] if original.isupper() else [found for found in _CAPITALS.findall(original) if found not in _NAMES]
    if shouted:
        return tuple(shouted)
    after = _AFTER_SAY.search(spoken)
    word = after["word"].strip() if after else ""
    return (word,) if word and not set(word.split()) <= _NO_WORD else ()


_NAMES = frozenset(
    ("HD", "FPS", "AI", "KI", "OCR", "CGI", "GIF", "MP4", "HDR", "MB", "KB", "GB", "TV", "TLDR", "OK", "4K")
)
