"""A model that talks at the pace of a large one and costs nothing: what is measured is the bot around it.

It runs in the inference process and imports no more than that process has loaded.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from pathlib import Path

from engine.backends.base import JobContext
from engine.types import FramesSeen, ModelCard, Role, Understand

TOKENS_PER_S = 40
_WORDS = ("the", "clip", "shows", "a", "quiet", "street", "where", "two", "people", "ride", "past", "some", "trees")
_SENTENCE = 12  # words


def question(member: int, words: int) -> str:
    return f"I am member {member}. Please describe this clip in {words} words."


def last_words(member: int) -> str:
    """How the answer to a member ends, and to nobody else."""
    return f"That was all for member {member}."


class Talker:
    """Understanding: says as many words as the question asks for, 40 a second, and shows the frames of the clip."""

    def card(self) -> ModelCard:
        return ModelCard(role=Role.UNDERSTANDING, backend="talker", name="talker")

    def load(self) -> None:
        pass

    def answer(self, job: Understand, context: JobContext) -> Iterator[str]:
        asked = job.turns[-1]
        self._show_stills(job, context)
        member, words = (int(found) for found in re.findall(r"member (\d+).* in (\d+) words", asked.text)[0])
        for number, word in enumerate(itertools.islice(itertools.cycle(_WORDS), words), start=1):
            time.sleep(1 / TOKENS_PER_S)
            yield f"{word}. " if number % _SENTENCE == 0 or number == words else f"{word} "
        yield last_words(member)

    def _show_stills(self, job: Understand, context: JobContext) -> None:
        from engine.media import open_clip, write_stills

        for index, clip in enumerate(job.turns[-1].clips):
            if job.stills_dir is not None:
                with open_clip(clip.path, context.limits, checkpoint=context.checkpoint) as opened:
                    frames = opened.sample(job.frames, max_side=320)
                context.emit(FramesSeen(frames=write_stills(frames, Path(job.stills_dir), clip=index)))
