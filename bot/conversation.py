"""Which of a conversation's earlier turns fit into the next question. Pure functions over stored turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.store import NewTurn, StoredTurn
from engine.types import Clip, Turn, Utterance

CHARACTERS_PER_TOKEN = 4  # of English text, for byte-pair vocabularies of 30k to 150k entries
TOKENS_PER_TIME = 6  # beside each utterance: "0:07 – 0:09"
TOKENS_PER_FRAME = 256  # what the video models of 2025-26 spend on a frame at chat resolutions


def estimate_tokens(turn: Turn, frames_per_clip: int) -> int:
    """Tokens that a turn costs: its text, the frames of its clips, and what is said in them."""
    said = [utterance for clip in turn.clips for utterance in clip.speech or ()]
    characters = len(turn.text) + sum(len(utterance.text) for utterance in said)
    frames = len(turn.clips) * frames_per_clip * TOKENS_PER_FRAME
    return characters // CHARACTERS_PER_TOKEN + 4 + len(said) * TOKENS_PER_TIME + frames


def context(
    earlier: Sequence[StoredTurn | NewTurn],
    question: Turn,
    *,
    budget: int,
    frames_per_clip: int,
    exists: Callable[[str], bool],
    speech: Callable[[str], tuple[Utterance, ...] | None] = lambda path: None,
) -> tuple[Turn, ...]:
    """The turns to send: the question, and as many of the latest earlier turns as `budget` tokens hold.

    `exists` tells whether a file is still there, `speech` what is known to be said in it.

    A clip that an earlier turn brought is dropped before its words are. One earlier clip stays whatever it costs,
    when the question brings none: it is what a follow-up question is about.
    """
    left = budget - estimate_tokens(question, frames_per_clip)
    needs_clip = not question.clips
    kept: list[Turn] = []
    for stored in reversed(earlier):
        clips = tuple(
            Clip(path=clip.path, name=clip.name, speech=speech(clip.path)) for clip in stored.clips if exists(clip.path)
        )
        turn = Turn(role="user" if stored.role == "user" else "assistant", text=stored.text, clips=clips)
        cost = estimate_tokens(turn, frames_per_clip)
        if cost > left and clips and not needs_clip:
            turn = Turn(role=turn.role, text=turn.text)
            cost = estimate_tokens(turn, frames_per_clip)
        if cost > left and not (clips and needs_clip):
            if not needs_clip:
                break
            continue
        needs_clip = needs_clip and not turn.clips
        left -= cost
        kept.append(turn)
    return (*reversed(kept), question)
