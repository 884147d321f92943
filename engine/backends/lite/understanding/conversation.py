"""Reading a conversation: which message is the question, which clips are at hand, and which of them is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from engine.backends.watching.scope import Scope
from engine.types import Clip, Turn

from .language.intents import MEASURED, Intent
from .language.question import Question, previous, understand

_COMPARATIVES = (
    "longer",
    "shorter",
    "brighter",
    "darker",
    "louder",
    "quieter",
    "bigger",
    "larger",
    "smaller",
    "calmer",
)


@dataclass(frozen=True)
class Conversation:
    """`clips` are all clips at hand, oldest first; `meant` is the one that the question is about.

    `missing` says, in a sentence, that the clip which the words point at does not exist.
    """

    question: Question
    before: Question | None
    clips: tuple[Clip, ...]
    meant: Clip | None
    missing: str = ""


def read(turns: Sequence[Turn]) -> Conversation:
    """Understand the last user turn in the light of the earlier ones."""
    asked = [turn for turn in turns if turn.role == "user"]
    last = asked[-1] if asked else Turn(role="user", text="")
    texts = [turn.text for turn in asked[:-1]]
    question = understand(last.text, texts)
    clips = _distinct([clip for turn in turns for clip in turn.clips])
    if not last.text.strip() and clips:
        question = question.about(Intent.SUMMARY)  # a clip without a word asks what it is
    if question.clip is not None and len(clips) == 1 and _speaks_of_shots(question):
        question = replace(question, scope=Scope("shot", float(question.clip)), clip=None)
    if len(clips) > 1 and question.intent in MEASURED and question.has("which") and question.has(*_COMPARATIVES):
        question = question.about(Intent.COMPARE)
    meant, missing = _meant(question, last, asked[:-1], clips)
    before = previous(texts)
    return Conversation(question, before, clips, meant, missing)


def _distinct(clips: Sequence[Clip]) -> tuple[Clip, ...]:
    """Without repetitions; a clip posted again counts where it was posted last."""
    by_path: dict[str, Clip] = {}
    for clip in clips:
        by_path.pop(clip.path, None)
        by_path[clip.path] = clip
    return tuple(by_path.values())


def _speaks_of_shots(question: Question) -> bool:
    return question.leans_on_earlier and question.scope.whole


def _meant(question: Question, last: Turn, earlier: Sequence[Turn], clips: tuple[Clip, ...]) -> tuple[Clip | None, str]:
    """The clip that is meant: the one the words point at, else the message's own, else the latest."""
    if not clips:
        return None, ""
    pool = last.clips if len(last.clips) > 1 else clips
    pointed = _pointed(question, pool)
    if pointed is not None:
        return pointed, ""
    if question.clip is not None and question.intent is not Intent.COMPARE and len(pool) < max(2, question.clip):
        return clips[-1], "I have only one clip of this conversation." if len(
            clips
        ) == 1 else f"I have only {len(pool)} clips."
    if last.clips:
        return last.clips[0], ""
    return _carried(earlier, clips), ""


def _pointed(question: Question, pool: Sequence[Clip]) -> Clip | None:
    """The clip that is named or numbered."""
    spoken = question.text.lower()
    for clip in pool:
        names = {clip.name.lower(), PurePath(clip.name).stem.lower()} - {"clip", "video", "", "image"}
        if any(name in spoken for name in names):
            return clip
    if question.clip is None or len(pool) < 2:
        return None
    if question.clip == 0:
        return pool[-2]
    number = len(pool) if question.clip < 0 else question.clip
    return pool[number - 1] if number <= len(pool) else None


def _carried(earlier: Sequence[Turn], clips: tuple[Clip, ...]) -> Clip:
    """A question without a clip of its own stays with the clip that the talk was about."""
    for index in range(len(earlier) - 1, -1, -1):
        turn = earlier[index]
        if turn.clips and len(turn.clips) == 1:
            return turn.clips[-1]
        pointed = _pointed(understand(turn.text), turn.clips or clips)
        if pointed is not None:
            return pointed
        if turn.clips:
            return turn.clips[0]
    return clips[-1]
