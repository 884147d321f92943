"""What an answer is made from: the question, the facts of the clips, and the part of the clip that is meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.backends.watching.scope import Scope, resolve
from engine.backends.watching.span import Span

from ..facts import ClipFacts, Reading, Shot
from ..language.question import Question
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
    whole = facts.whole
    if not facts.moving:
        return Part(whole)
    spans = [shot.span for shot in facts.shots]
    span = resolve(scope, whole.end_s, spans, before_s=_AROUND_S, after_s=_AROUND_S)
    if span is None:
        return Part(whole, outside=_nothing_there(facts, scope))
    shot = facts.shots[spans.index(span)] if scope.kind == "shot" else None
    return Part(span, _words(scope, span, shot), shot)


_PARTS = {
    (0.0, 0.5): "in the first half", (0.5, 1.0): "in the second half", (0.0, 0.3): "in the first third",
    (0.7, 1.0): "in the last third", (0.4, 0.6): "in the middle", (0.8, 1.0): "at the end", (0.0, 0.2): "at the start",
}  # fmt: skip


def _words(scope: Scope, span: Span, shot: Shot | None) -> str:
    a, b = scope.a, scope.b
    match scope.kind:
        case "at":
            return f"around {wording.at(a)}"
        case "first" | "last":
            return f"in the {scope.kind} {wording.seconds(a)}"
        case "between" if span.start_s == a < b:
            return f"between {wording.at(a)} and {wording.at(span.end_s)}"
        case "after" | "before":
            return f"{scope.kind} {wording.at(a)}"
        case "part":
            return _PARTS[(round(a, 1), round(b, 1))]
    return f"in shot {shot.number} ({wording.at(span.start_s)}–{wording.at(span.end_s)})" if shot else ""


def _nothing_there(facts: ClipFacts, scope: Scope) -> str:
    if scope.kind == "shot":
        return f"There is no shot {int(scope.a)}; I found {wording.count(len(facts.shots), 'shot')}."
    end = wording.at(facts.whole.end_s)
    return f"The clip ends at {end}, so there is nothing at {wording.at(scope.a)}."


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
