"""The lite understanding backend: small recognisers and measurements behind the engine's protocol.

It says what was recognised and measured, as soon as it is known, and computes only what the question needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from engine.backends.lite import encoder, extra
from engine.errors import MissingExtra
from engine.protocol import Shown
from engine.types import FramesSeen, ModelCard, Role, Understand

if TYPE_CHECKING:
    from engine.backends.base import JobContext

    from .analyzer import ClipAnalysis, ClipAnalyzer
    from .conversation import Conversation
    from .planner.wording import Wording

NAME = "lite · recognises and measures"

_PACKAGES = ("cv2", "numpy", "av", *encoder.MODULES)
_PIECE = re.compile(r"\s*\S+\s*")


class LiteUnderstanding:
    """`UnderstandingBackend` of small models in the package's own wheels. No download, no GPU."""

    def __init__(self) -> None:
        self._analyzer: ClipAnalyzer | None = None

    def card(self) -> ModelCard:
        missing = extra.missing(*_PACKAGES)
        return ModelCard(
            role=Role.UNDERSTANDING, backend="lite", name=NAME, licence="Apache-2.0", missing=missing, hears=True
        )

    def load(self) -> None:
        """Import what measuring needs, and the encoder. Raises `MissingExtra` when it is not installed."""
        try:
            from .analyzer import ClipAnalyzer
        except ImportError as error:
            raise MissingExtra(extra.SENTENCE) from error
        encoder.shared().load()
        self._analyzer = self._analyzer or ClipAnalyzer()

    def answer(self, job: Understand, context: JobContext) -> Iterator[str]:
        """Yield the answer to the last user turn in words, then the tag of the video that it asks for. The words order
        nothing: they may have been read from a picture.

        Raises `MediaError` for a clip that cannot be used and `MissingExtra` when a package is absent.
        """
        from . import conversation
        from .planner import talk
        from .planner.wording import Wording

        talked = conversation.read(job.turns)
        question = talked.question
        words = Wording("de" if question.tongue == "de" else "en")
        said = talk.without_clip(talked, words)
        yield from _words(iter(said) if said else self._about_clips(talked, words, job, context), context)
        if question.prompt:
            yield f"<video>{question.prompt}</video>"

    def _about_clips(self, talked: Conversation, words: Wording, job: Understand, context: JobContext) -> Iterator[str]:
        if self._analyzer is None:
            self.load()
        from .planner.answers import ANSWERS
        from .planner.ask import Ask, of_part

        question, meant = talked.question, talked.meant
        assert self._analyzer is not None
        assert meant is not None
        both = "compare" in question.intents and len(talked.clips) > 1
        clips = talked.clips[-2:] if both else (meant,)
        with ExitStack() as opened:
            views = [
                opened.enter_context(self._analyzer.analyse(clip, context.limits, context.checkpoint)) for clip in clips
            ]
            self._show_stills(views, job, context)
            ask = of_part(Ask(question.slots, views[-1], views, words))
            if ask.outside:
                yield ask.outside
                return
            if question.unsure:
                yield ask.say("unsure")
                yield from ANSWERS["overview"](ask)
                return
            told: set[str] = set()
            for intent in question.intents:
                for sentence in ANSWERS[intent](ask):
                    if sentence not in told:
                        told.add(sentence)
                        yield sentence

    def _show_stills(self, views: Sequence[ClipAnalysis], job: Understand, context: JobContext) -> None:
        """Emit the frames that people are shown with the answer, evenly spread over the clips that it is about."""
        if job.stills_dir is None or job.frames < 1:
            return
        each = max(1, job.frames // len(views))
        frames = [frame for index, view in enumerate(views) for frame in view.stills(index, each, Path(job.stills_dir))]
        context.emit(FramesSeen(frames=tuple(frames)))


def _words(sentences: Iterator[str], context: JobContext) -> Iterator[Shown]:
    """Word by word, as a language model would, each sentence as soon as it is there."""
    first = True
    for sentence in sentences:
        for found in _PIECE.finditer(sentence if first else f" {sentence}"):
            context.checkpoint()
            yield Shown(found.group())
        first = False
