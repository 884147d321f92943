"""Which part of a clip a question is about: "at 0:07", "the first three seconds", "the last shot".

A scope is read from the words alone; `resolve` finds it in a clip later.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.backends.watching.span import Span
from engine.backends.watching.words import plain

NUMBERS = {
    "a": 1.0, "an": 1.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "seven": 7.0,
    "eight": 8.0,
    "nine": 9.0, "ten": 10.0, "twelve": 12.0, "fifteen": 15.0, "twenty": 20.0, "thirty": 30.0, "couple of": 2.0,
    "few": 3.0, "half a": 0.5,
}  # fmt: skip
_ORDINALS = {
    "first": 1, "1st": 1, "opening": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4,
    "fifth": 5, "5th": 5,
    "sixth": 6, "6th": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "last": -1, "final": -1, "closing": -1,
    "other": 0,
}  # fmt: skip

_N = rf"(?P<{{0}}>\d+(?:[.,]\d+)?|{'|'.join(sorted(NUMBERS, key=len, reverse=True))})"
_UNIT = r"\s*(?P<{0}>second|minute|m|seconds|minutes)\b"
_CLOCK = r"\d+:\d\d(?::\d\d)?(?:\.\d+)?"
_FIGURE = r"\d+(?:\.\d+)?"
_LONG_UNIT = r"(?:second|minute|seconds|minutes|m)\b"
_TIME = rf"(?P<{{0}}>{_CLOCK}|{_FIGURE}(?:\s*{_LONG_UNIT})?|(?:second|minute)\s+{_FIGURE})"
_SHORT_OF = r"(?!\s+of\s+the\s+(?:picture|frame|screen))"
_MIDDLE = rf"\b(?:in|at|around|about|of)\s+the\s+middle{_SHORT_OF}|\bhalfway\b|\bmid(?:way|point)\b"
_AT_END = r"at|in|near|by|about|of|to|towards?|during|how\s+dark\s+is|how\s+bright\s+is"
_END = rf"\b(?:{_AT_END})\s+the\s+(?:very\s+)?(?:end|ending|finish|finale)\b|\bin the end\b|\bat the last\b"
_AT_START = r"at|in|near|from|about|of|during|is"
_START = rf"\b(?:{_AT_START})\s+the\s+(?:very\s+)?(?:start|beginning|opening|outset|intro)\b|\bat first\b"

_ROUNDED_S = 0.05  # a clip of 9.96 seconds has a moment 0:10


@dataclass(frozen=True)
class Scope:
    """`kind` is one of "whole", "at", "first", "last", "between", "after", "before", "part", "shot", "frame".

    `a` and `b` are its figures: seconds, shares of the clip for "part", a number from 1 (or -1 for the last) for
    "shot", a number from 1 for "frame", which has to become "at" for a clip of which the frame rate is known."""

    kind: str = "whole"
    a: float = 0.0
    b: float = 0.0

    @property
    def whole(self) -> bool:
        return self.kind == "whole"


WHOLE = Scope()


def _seconds(text: str) -> float:
    text = text.strip()
    if ":" in text:
        total = 0.0
        for part in text.split(":"):
            total = total * 60 + float(part)
        return total
    figure = re.search(r"\d+(?:\.\d+)?", text)
    value = float(figure.group()) if figure else NUMBERS.get(text, 0.0)
    return value * 60 if re.search(r"minute|\bm\b", text) else value


def _amount(number: str, unit: str) -> float:
    value = NUMBERS[number] if number in NUMBERS else float(number.replace(",", "."))
    return value * 60 if unit.startswith("m") else value


def _after(cut: int) -> int:
    """The shot that a cut begins; the last cut begins the last shot."""
    return -1 if cut < 0 else cut + 1


def _percent(which: str, value: float) -> Scope:
    share = min(value, 100.0) / 100
    if which:
        return Scope("part", 0.0, share) if which == "first" else Scope("part", 1 - share, 1.0)
    return Scope("part", max(0.0, share - 0.02), min(1.0, share + 0.02))


_Rule = tuple[str, Callable[["re.Match[str]"], Scope]]

_RULES: tuple[_Rule, ...] = (
    (rf"\b(?:first|opening|initial)\s+{_N.format('n')}{_UNIT.format('u')}", lambda m: Scope("first", _amount(m["n"],
    m["u"]))),
    (rf"\b(?:last|final|closing)\s+{_N.format('n')}{_UNIT.format('u')}", lambda m: Scope("last", _amount(m["n"],
    m["u"]))),
    (r"\b(?P<o>first|opening|initial|last|final|closing)\s+(?P<u>second|minute)\b(?!\s+(?:shot|half|third))",
     lambda m: Scope("last" if m["o"] in ("last", "final", "closing") else "first", _amount("one", m["u"]))),
    (r"\b(?P<o>first|last)\s+(?P<n>\d+)\s*(?:%|percent)", lambda m: _percent(m["o"], float(m["n"]))),
    (r"\bat\s+(?P<n>\d+)\s*(?:%|percent)|\b(?P<k>\d+)\s*(?:%|percent)\s+in(?:to)?\b",
     lambda m: _percent("", float(m["n"] or m["k"]))),
    (r"\bframe\s+(?:number\s+|no\.?\s*|#\s*)?(?P<n>\d+)\b", lambda m: Scope("frame", float(m["n"]))),
    (r"\b(?P<n>\d+)(?:st|nd|rd|th)\s+frame\b", lambda m: Scope("frame", float(m["n"]))),
    (
        rf"\b(?:between|from)\s+{_TIME.format('a')}\s*(?:second\s*)?(?:and|to|until|till|-|–)\s*{_TIME.format('b')}",
        lambda m: Scope("between", _seconds(m["a"]), _seconds(m["b"])),
    ),
    (rf"\bafter\s+the\s+(?P<o>{'|'.join(_ORDINALS)})\s+cut\b", lambda m: Scope("shot", _after(_ORDINALS[m["o"]]))),
    (rf"\bbefore\s+the\s+(?P<o>{'|'.join(_ORDINALS)})\s+cut\b", lambda m: Scope("shot", _ORDINALS[m["o"]])),
    (rf"\b(?:after|past|since)\s+(?:the\s+)?{_TIME.format('a')}(?!\s*(?:shot|cut))", lambda m: Scope("after",
    _seconds(m["a"]))),
    (rf"\b(?:before|until|till)\s+(?:the\s+)?{_TIME.format('a')}(?!\s*(?:shot|cut))", lambda m: Scope("before",
    _seconds(m["a"]))),
    (r"\b(?:at|around|about|near|@)\s+(?:about\s+|around\s+|the\s+)?(?P<a>\d+:\d\d(?::\d\d)?(?:\.\d+)?|\d+(?:\.\d+)?\s*(?:second|minute)\b|(?:second|minute)\s+\d+(?:\.\d+)?)",
     lambda m: Scope("at", _seconds(m["a"]))),
    (r"\b(?P<a>\d+:\d\d(?::\d\d)?(?:\.\d+)?)\b", lambda m: Scope("at", _seconds(m["a"]))),
    (r"\b(?:at|in|on)\s+(?:the\s+)?(?P<n>\d+)(?:st|nd|rd|th)\s+second\b", lambda m: Scope("at", float(m["n"]) - 0.5)),
    (r"\bat\s+second\s+(?P<n>\d+(?:\.\d+)?)", lambda m: Scope("at", float(m["n"]))),
    (rf"\b(?P<o>{'|'.join(_ORDINALS)})\s+shot\b", lambda m: Scope("shot", _ORDINALS[m["o"]])),
    (r"\bshot\s+(?:number\s+|no\.?\s*|#\s*)?(?P<n>\d+)\b", lambda m: Scope("shot", float(m["n"]))),
    (r"\bshot\s+(?P<n>one|two|three|four|five|six|seven)\b", lambda m: Scope("shot", NUMBERS[m["n"]])),
    (r"\b(?:first|1st)\s+half\b", lambda m: Scope("part", 0.0, 0.5)),
    (r"\b(?:second|2nd|last|latter|other)\s+half\b", lambda m: Scope("part", 0.5, 1.0)),
    (r"\b(?:first|1st)\s+third\b", lambda m: Scope("part", 0.0, 1 / 3)),
    (r"\b(?:last|final)\s+third\b", lambda m: Scope("part", 2 / 3, 1.0)),
    (_MIDDLE, lambda m: Scope("part", 0.4, 0.6)),
    (_END, lambda m: Scope("part", 0.8, 1.0)),
    (_START, lambda m: Scope("part", 0.0, 0.2)),
)  # fmt: skip

_COMPILED = tuple((re.compile(pattern), build) for pattern, build in _RULES)


def split_scope(text: str) -> tuple[Scope, str]:
    """The part of a clip that `text` names (the whole clip when it names none), and the text without that name."""
    spoken = plain(text)
    for pattern, build in _COMPILED:
        found = pattern.search(spoken)
        if found:
            return build(found), f"{spoken[: found.start()]} {spoken[found.end() :]}"
    return WHOLE, spoken


def resolve(scope: Scope, end_s: float, shots: Sequence[Span], *, before_s: float, after_s: float) -> Span | None:
    """The part of a clip of `end_s` seconds that a scope names; None when the clip has no such part.

    A single moment stands for what is around it, from `before_s` before it to `after_s` after it. A stretch whose
    figures make no sense ("between 7 and 3") is the whole clip.
    """
    a, b = scope.a, scope.b
    match scope.kind:
        case "at" | "after" if a > end_s + _ROUNDED_S:
            return None
        case "at":
            return Span(max(0.0, min(a, end_s) - before_s), min(end_s, a + after_s))
        case "first" | "before":
            return Span(0.0, min(a, end_s))
        case "last":
            return Span(max(0.0, end_s - a), end_s)
        case "between" if a < min(b, end_s):
            return Span(a, min(b, end_s))
        case "after":
            return Span(min(a, end_s), end_s)
        case "part":
            return Span(a * end_s, b * end_s)
        case "shot" if not shots or a > len(shots):
            return None
        case "shot":
            return shots[-1 if a <= 0 else int(a) - 1]
    return Span(0.0, end_s)


_CLIP = re.compile(
    rf"\b(?P<o>{'|'.join(_ORDINALS)})\s+(?:one|video)\b|\bvideo\s+(?:number\s+|#\s*)?(?P<n>\d)\b|\bone\s+(?P<k>\d)\b"
)


def clip_number(text: str) -> int | None:
    """Which clip is meant: 1, 2, …, -1 for the last, 0 for "the other one"; None when the words do not say."""
    found = _CLIP.search(plain(text))
    if found is None:
        return None
    return _ORDINALS[found["o"]] if found["o"] else int(found["n"] or found["k"])


_LIMIT = re.compile(
    rf"\b(?P<way>longer|more|over|above|greater|exceed\w*|shorter|less|under|below|fewer|at\s+least|at\s+most|exactly)\s+(?:than\s+)?"
    rf"(?:about\s+)?{_N.format('n')}{_UNIT.format('u')}"
)


def length_limit(text: str) -> tuple[str, float] | None:
    """("over" | "under" | "exactly", seconds) of a question like "is it longer than 8 seconds?"."""
    spoken = plain(text)
    half = re.search(r"\b(?P<way>more|longer|over|less|shorter|under)\s+(?:than\s+)?half\s+a\s+minute\b", spoken)
    if half:
        return ("over" if half["way"] in ("more", "longer", "over") else "under"), 30.0
    found = _LIMIT.search(spoken)
    if found is None:
        return None
    way = " ".join(found["way"].split())
    kind = (
        "exactly"
        if way == "exactly"
        else "under"
        if way in ("shorter", "less", "under", "below", "fewer", "at most")
        else "over"
    )
    return kind, _amount(found["n"], found["u"])
