"""Backends that look at clips and say what they saw, for tests of how clips get to them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.backends.base import JobContext
from engine.types import Category, ModelCard, Role, Understand


class Watching:
    """Understanding: watches the clips of the last turn from end to end, and answers with a sum over all pixels."""

    def card(self) -> ModelCard:
        return ModelCard(role=Role.UNDERSTANDING, backend="fake", name="fake watching")

    def load(self) -> None:
        pass

    def answer(self, job: Understand, context: JobContext) -> Iterator[str]:
        from engine.media import open_clip

        yield "I saw "
        for clip in job.turns[-1].clips:
            with open_clip(clip.path, context.limits, checkpoint=context.checkpoint) as reader:
                frames = list(reader.scan(max_fps=30.0, max_side=64))
            yield f"{len(frames)} frames, sum {seen(frames)}."


class Looking:
    """Frame guard: nothing is ever wrong."""

    categories = (Category.SEXUAL,)

    def card(self) -> ModelCard:
        return ModelCard(role=Role.FRAME_GUARD, backend="fake", name="fake looking", categories=self.categories)

    def load(self) -> None:
        pass

    def score(self, images: Sequence[Any]) -> list[Mapping[Category, float]]:
        return [dict.fromkeys(self.categories, 0.1) for _ in images]


def seen(frames: Sequence[Any]) -> int:
    total = 0
    for frame in frames:
        total = zlib.crc32(frame.image.tobytes(), total)
    return total
