"""What an answer is made from: the question, the facts of the clips, and the part of the clip that is meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..facts import ClipFacts, Reading, Shot, Span
from ..language.question import Question
from ..language.scope import Scope
from . import wording

_AROUND_S = 0.5
_VERDICT = re.compile(r"(?P<word>yes|no)[,:] ")

ReadText = Callable[[ClipFacts, Span], tuple[Reading, ...]]


@dataclass(frozen=True)
class Ask:
    """`facts` are those of the clip that is meant, `clips` those of all clips at hand, oldest first.

    `read` finds on-screen text in a part of a clip; it is slow and therefore called only by answers that need it.
    `before` is the latest earlier question about a clip. `resolved` is the part, when it was looked up already.
    """

    question: Question
    facts: ClipFacts
    clips: Sequence[ClipFacts]
    read: ReadText
    before: Question | None = None
    resolved: Part | None = None

    @property
    def part(self) -> Part:
        """The part of the clip that the question names."""
        return self.resolved or part_of(self.facts, self.question.scope)


@dataclass(frozen=True)
class Part:
    """A resolved scope. `words` begin a sentence about it ("In the first 3 seconds"); empty for the whole clip.

    `outside` says, in a sentence, that the clip has no such part; then `span` is the whole clip.
    """

    span: Span
    words: str = ""
    shot: Shot | None = None
    outside: str = ""

    @property
    def whole(self) -> bool:
        return not self.words

    def lead(self, text: str) -> str:
        """`text` with the part in front: "In shot 2, the camera …". A "yes" or "no" stays in front of both."""
        verdict = _VERDICT.match(text)
        if not self.words or not verdict:
            return wording.sentence(f"{self.words}, {text}" if self.words else text)
        return wording.sentence(f"{verdict['word']}, {self.words} {text[verdict.end() :]}")


def part_of(facts: ClipFacts, scope: Scope) -> Part:
    """Resolve a scope against a clip."""
    whole, end = facts.whole, facts.whole.end_s
    if not facts.moving:
        return Part(whole)
    a, b = scope.a, scope.b
    match scope.kind:
        case "at" | "after" if a > end + 0.05:
            return Part(whole, outside=f"The clip ends at {wording.at(end)}, so there is nothing at {wording.at(a)}.")
        case "at":
            return Part(Span(max(0.0, a - _AROUND_S), min(end, a + _AROUND_S)), f"around {wording.at(a)}")
        case "first":
            return Part(Span(0.0, min(a, end)), f"in the first {wording.seconds(a)}")
        case "last":
            return Part(Span(max(0.0, end - a), end), f"in the last {wording.seconds(a)}")
        case "between" if b > a and a < end:
            return Part(Span(a, min(b, end)), f"between {wording.at(a)} and {wording.at(min(b, end))}")
        case "after":
            return Part(Span(min(a, end), end), f"after {wording.at(a)}")
        case "before":
            return Part(Span(0.0, min(a, end)), f"before {wording.at(a)}")
        case "part":
            return Part(Span(a * end, b * end), _PARTS[(round(a, 1), round(b, 1))])
        case "shot":
            return _shot_part(facts, int(a))
    return Part(whole)


_PARTS = {
    (0.0, 0.5): "in the first half", (0.5, 1.0): "in the second half", (0.0, 0.3): "in the first third",
    (0.7, 1.0): "in the last third", (0.4, 0.6): "in the middle", (0.8, 1.0): "at the end", (0.0, 0.2): "at the start",
}  # fmt: skip


def _shot_part(facts: ClipFacts, number: int) -> Part:
    if number > len(facts.shots) or not facts.shots:
        return Part(
            facts.whole, outside=f"There is no shot {number}; I found {wording.count(len(facts.shots), 'shot')}."
        )
    shot = facts.shots[-1] if number <= 0 else facts.shots[number - 1]
    return Part(
        shot.span, f"in shot {shot.number} ({wording.at(shot.span.start_s)}–{wording.at(shot.span.end_s)})", shot
    )


def brightness_in(facts: ClipFacts, span: Span) -> float:
    """Mean brightness of a part, 0 to 1."""
    return float(facts.brightness[_inside(facts.times, span)].mean())


def palette_in(facts: ClipFacts, span: Span) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Mean colour shares of a part."""
    return np.asarray(facts.palette[_inside(facts.times, span)].mean(axis=0))


def motion_in(facts: ClipFacts, span: Span) -> float:
    """Mean moving share of the picture in a part; 0 where nothing was followed."""
    inside = (facts.motion_times >= span.start_s) & (facts.motion_times < span.end_s)
    return float(facts.motion[inside].mean()) if inside.any() else 0.0


def _inside(
    times: np.ndarray[tuple[int, ...], np.dtype[np.float64]], span: Span
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """The looks in a part; the nearest one when it holds none."""
    inside = np.asarray((times >= span.start_s - 1e-6) & (times < span.end_s))
    if not inside.any():
        inside[int(np.argmin(np.abs(times - (span.start_s + span.end_s) / 2)))] = True
    return inside
