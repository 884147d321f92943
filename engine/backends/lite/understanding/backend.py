"""The lite understanding backend: puts reading, measuring and answering together behind the engine's protocol.

It needs no model and says so: what it answers was measured, never understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.backends.lite import extra
from engine.errors import MissingExtra
from engine.protocol import Shown
from engine.types import Clip, FramesSeen, ModelCard, Role, Understand

from . import conversation, talk
from .language.intents import Intent

if TYPE_CHECKING:
    from engine.backends.base import JobContext
    from engine.backends.watching.span import Span

    from .facts import ClipFacts, Reading
    from .observatory import Observatory

NAME = "lite · measured, not understood"

_PACKAGES = ("cv2", "numpy", "av")
_PIECE = re.compile(r"\s*\S+\s*")
_HEADER_INTENTS = frozenset({Intent.DURATION, Intent.FORMAT})


class LiteUnderstanding:
    """`UnderstandingBackend` that measures clips and answers from the measurements. No download, no GPU."""

    def __init__(self) -> None:
        self._observatory: Observatory | None = None

    def card(self) -> ModelCard:
        missing = extra.missing(*_PACKAGES)
        return ModelCard(
            role=Role.UNDERSTANDING, backend="lite", name=NAME, licence="Apache-2.0", missing=missing, hears=True
        )

    def load(self) -> None:
        """Import what measuring needs. Raises `MissingExtra` when it is not installed."""
        try:
            from .observatory import Observatory
        except ImportError as error:
            raise MissingExtra(extra.SENTENCE) from error
        self._observatory = self._observatory or Observatory()

    def answer(self, job: Understand, context: JobContext) -> Iterator[str]:
        """Yield the answer to the last user turn in words, then the tag of the video that it asks for. The words order
        nothing: they may have been read from a picture.

        Raises `MediaError` for a clip that cannot be used and `MissingExtra` when a package is absent.
        """
        if self._observatory is None:
            self.load()
        talked = conversation.read(job.turns)
        sentences = talk.small_talk(talked.question, has_clip=talked.meant is not None)
        if sentences is None and talked.question.intent is Intent.PROVENANCE:
            sentences = talk.provenance(talked.before.intents if talked.before else ())
        if sentences is None and talked.meant is None:
            sentences = [talk.NEEDS_CLIP]
        if sentences is None and talked.missing:
            sentences = [talked.missing]
        if sentences is None:
            sentences = self._about_clips(talked, job, context)
        yield from _words(sentences, context)
        if talked.question.intent is Intent.VIDEO_REQUEST:
            yield f"<video>{talked.question.prompt}</video>"

    def _about_clips(self, talked: conversation.Conversation, job: Understand, context: JobContext) -> list[str]:
        from .answering import answer
        from .answering.ask import Ask, part_of

        observatory = self._observatory
        question, meant = talked.question, talked.meant
        if observatory is None or meant is None:  # pragma: no cover - the callers see to both
            raise MissingExtra(extra.SENTENCE)
        both = Intent.COMPARE in question.intents and len(talked.clips) > 1
        clips = talked.clips[-2:] if both else (meant,)
        self._show_stills(clips, job, context)
        header_only = set(question.intents) <= _HEADER_INTENTS and question.scope.whole and not question.extreme
        facts = [observatory.facts(clip, context.limits, context.checkpoint, header_only) for clip in clips]

        def read(of: ClipFacts, span: Span) -> tuple[Reading, ...]:
            clip = clips[next((i for i, known in enumerate(facts) if known is of), -1)]
            return observatory.read(clip, of, span, context.limits, context.checkpoint)

        part = None
        if not question.scope.whole and not facts[-1].complete:
            part = part_of(facts[-1], question.scope)
            if not part.outside:
                facts[-1] = observatory.close_up(meant, facts[-1], part.span, context.limits, context.checkpoint)
        return answer(Ask(question, facts[-1], facts, read, talked.before, part))

    def _show_stills(self, clips: tuple[Clip, ...], job: Understand, context: JobContext) -> None:
        """Emit the frames that people are shown with the answer, evenly spread over the clips that it is about."""
        if job.stills_dir is None or job.frames < 1 or self._observatory is None:
            return
        each = max(1, job.frames // len(clips))
        frames = [
            frame
            for index, clip in enumerate(clips)
            for frame in self._observatory.stills(
                clip, index, each, Path(job.stills_dir), context.limits, context.checkpoint
            )
        ]
        context.emit(FramesSeen(frames=tuple(frames)))


def _words(sentences: list[str], context: JobContext) -> Iterator[Shown]:
    """Word by word, as a language model would. A sentence may bring its own line break."""
    text = ""
    for one in sentences:
        text += one if not text or one.startswith("\n") else f" {one}"
    for found in _PIECE.finditer(text):
        context.checkpoint()
        yield Shown(found.group())
