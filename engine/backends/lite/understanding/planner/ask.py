"""What an answer is made from: the question's details, the clips, the part that is meant, and the language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.backends.watching.scope import Scope, resolve
from engine.backends.watching.span import Span

from ..analyzer import ClipAnalysis
from ..facts import ClipFacts, Shot
from ..questions.slots import Slots
from .wording import Wording, clock

AROUND_S = 0.5
_WHOLE = Span(0.0, 0.0)


@dataclass(frozen=True)
class Ask:
    """`clip` is the one that is meant, `clips` all that are compared, oldest first.

    `span` is the part that the question names and `lead` its words, empty for the whole clip. `outside` says, in a
    sentence, that the clip has no such part.
    """

    slots: Slots
    clip: ClipAnalysis
    clips: Sequence[ClipAnalysis]
    words: Wording
    span: Span = _WHOLE
    lead: str = ""
    outside: str = ""

    @property
    def whole(self) -> bool:
        return not self.lead

    def facts(self, motion: bool = False) -> ClipFacts:
        """What was measured, with a closer look at a named part of a long clip."""
        return self.clip.facts_in(self.span, motion)

    def say(self, key: str, **values: object) -> str:
        return self.words.say(key, **values)

    def answer(self, key: str, yes: bool | None = None, **values: object) -> str:
        """The sentence, with the part in front, and before both "Yes" or "No" when exactly that was asked."""
        return self.put(self.say(key, **values), yes)

    def put(self, said: str, yes: bool | None = None) -> str:
        said = f"{self.lead}: {said}" if self.lead else said
        return said if yes is None or not self.slots.yes_no else self.words.verdict(yes, said)


def of_part(ask: Ask) -> Ask:
    """The question with the part of the clip that it names, looked up."""
    scope, clip, words = ask.slots.scope, ask.clip, ask.words
    if scope.whole or not clip.moving:
        return replace(ask, span=clip.whole)
    if scope.kind == "frame":
        frames = clip.info.frames or round(clip.info.duration_s * clip.info.fps)
        if scope.a > frames + 1:
            said = words.say("no_frame", number=int(scope.a), frames=words.count(frames, "frame"))
            return replace(ask, span=clip.whole, outside=said)
        scope = Scope("at", max(0.0, scope.a - 1) / max(clip.info.fps, 0.01))
    shots: tuple[Shot, ...] = clip.facts().shots if scope.kind == "shot" else ()
    spans = [shot.span for shot in shots]
    span = resolve(scope, clip.info.duration_s, spans, before_s=AROUND_S, after_s=AROUND_S)
    if span is None:
        return replace(ask, span=clip.whole, outside=_nothing_there(ask, scope, len(shots)))
    if scope.kind == "shot":
        shot = shots[spans.index(span)]
        lead = words.say("in_shot", number=shot.number, start=clock(span.start_s), end=clock(span.end_s))
    elif scope.kind == "at":
        lead = words.say("around", time=clock(scope.a))
    else:
        lead = words.when(span)
    return replace(ask, span=span, lead=lead[:1].upper() + lead[1:] if span != clip.whole else "")


def _nothing_there(ask: Ask, scope: Scope, shots: int) -> str:
    if scope.kind == "shot":
        return ask.say("no_shot", number=int(scope.a), shots=ask.words.count(shots, "shot"))
    info = ask.clip.info
    if scope.a < info.declared_s:
        declared, arrived = ask.words.seconds(info.declared_s), ask.words.seconds(info.duration_s)
        return ask.say("not_arrived", length=declared, arrived=arrived)
    return ask.say("after_end", end=clock(ask.clip.info.duration_s), time=clock(scope.a))
