"""Reading a conversation: which message is the question, which clips are at hand, and which of them is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from engine.backends.watching.scope import Scope, clip_number
from engine.types import Clip, Turn

from .questions.question import SMALL_TALK, Question, previous, understand

_COMPARED = "longer|shorter|brighter|darker|louder|quieter|bigger|larger|smaller|calmer|better"


@dataclass(frozen=True)
class Conversation:
    """`clips` are all clips at hand, oldest first; `meant` is the one that the question is about.

    `missing` is how many clips there are when the words point at one that there is not, else 0.
    """

    question: Question
    before: Question | None
    clips: tuple[Clip, ...]
    meant: Clip | None
    missing: int = 0


def read(turns: Sequence[Turn]) -> Conversation:
    """Understand the last user turn in the light of the earlier ones. Raises `MissingExtra`."""
    asked = [turn for turn in turns if turn.role == "user"]
    last = asked[-1] if asked else Turn(role="user", text="")
    texts = [turn.text for turn in asked[:-1]]
    clips = _distinct([clip for turn in turns for clip in turn.clips])
    question = understand(last.text, texts, has_clip=bool(clips))
    number = question.slots.clip
    if number is not None and len(clips) == 1 and question.leans and question.slots.scope.whole:
        question = replace(question, slots=replace(question.slots, scope=Scope("shot", float(number)), clip=None))
    if len(clips) > 1 and question.intent not in SMALL_TALK and question.slots.has("which"):
        question = replace(question, intents=("compare",)) if question.slots.has(_COMPARED) else question
    meant, missing = _meant(question, last, asked[:-1], clips)
    before = previous(texts) if question.intent in ("sure", "overview") else None
    return Conversation(question, before, clips, meant, missing)


def _distinct(clips: Sequence[Clip]) -> tuple[Clip, ...]:
    """Without repetitions; a clip posted again counts where it was posted last."""
    by_path: dict[str, Clip] = {}
    for clip in clips:
        by_path.pop(clip.path, None)
        by_path[clip.path] = clip
    return tuple(by_path.values())


def _meant(question: Question, last: Turn, earlier: Sequence[Turn], clips: tuple[Clip, ...]) -> tuple[Clip | None, int]:
    """The clip that is meant: the one the words point at, else the message's own, else the latest."""
    if not clips:
        return None, 0
    pool = last.clips if len(last.clips) > 1 else clips
    number = question.slots.clip
    pointed = _pointed(last.text, number, pool)
    if pointed is not None:
        return pointed, 0
    if number is not None and "compare" not in question.intents and len(pool) < max(2, number):
        return clips[-1], len(pool)
    return (last.clips[0] if last.clips else _carried(earlier, clips)), 0


def _pointed(text: str, number: int | None, pool: Sequence[Clip]) -> Clip | None:
    """The clip that is named or numbered."""
    for clip in pool:
        names = {clip.name.lower(), PurePath(clip.name).stem.lower()} - {"clip", "video", "", "image"}
        if any(name in text.lower() for name in names):
            return clip
    if number is None or len(pool) < 2:
        return None
    if number == 0:
        return pool[-2]
    number = len(pool) if number < 0 else number
    return pool[number - 1] if number <= len(pool) else None


def _carried(earlier: Sequence[Turn], clips: tuple[Clip, ...]) -> Clip:
    """A question without a clip of its own stays with the clip that the talk was about."""
    for turn in reversed(earlier):
        pointed = _pointed(turn.text, clip_number(turn.text), turn.clips or clips)
        if turn.clips and len(turn.clips) == 1:
            return turn.clips[-1]
        if pointed is not None or turn.clips:
            return pointed or turn.clips[0]
    return clips[-1]
