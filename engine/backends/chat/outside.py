"""What others put before a chat model: the texts of a conversation, and what is written in the frames that it saw.

The frames are read only when a model has asked for a video, so that a question costs nothing more.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from engine.echoes import Outside
from engine.errors import MissingExtra
from engine.types import Turn

if TYPE_CHECKING:
    from engine.backends.chat.sampling import Views
    from engine.backends.lite.recognition.reader import Reader

_log = logging.getLogger(__name__)

_MOST_FRAMES = 16  # some 60 ms each; the latest are read first
# Of a tag that is read from a picture one bracket may be missing or pass for a letter.
_BRACKET = r"[<‹«({\[>›»)}\]]"
_READ_TAG = re.compile(
    rf"(?:{_BRACKET}|\bc(?=v))\s*(?P<close>/?)\s*v[i1l]de[o0]\s*{_BRACKET}?|(?P<half>/?)\bv[i1l]de[o0]\s*{_BRACKET}",
    re.IGNORECASE,
)


class Signs:
    """Reads what is written in pictures, where the package for that is installed. Loads it at the first wish."""

    def __init__(self) -> None:
        self._reader: Reader | None = None

    def outside(self, turns: Sequence[Turn], views: Views, checkpoint: Callable[[], None]) -> Outside:
        """What came with the last question of a conversation and before it; `views` is what the model saw of it."""
        *earlier, last = turns
        return Outside(
            question=last.text,
            now=lambda: [*_with(last), *self._written(views, checkpoint)],
            before=[text for turn in earlier if turn.role == "user" for text in (turn.text, *_with(turn))],
        )

    def _written(self, views: Views, checkpoint: Callable[[], None]) -> Iterator[str]:
        """What is written in each frame, with its tags made whole."""
        frames = [frame.image for seen in reversed(views) for watched in seen for frame in watched.frames]
        if not frames:
            return
        try:
            if self._reader is None:
                from engine.backends.lite.recognition.reader import Reader

                self._reader = Reader()
            for image in frames[:_MOST_FRAMES]:
                checkpoint()
                yield whole_tags(" ".join(self._reader.read(image).texts))
        except MissingExtra:
            _log.warning("text in pictures cannot be read here, so a tag in one may be taken for a wish")


def whole_tags(read: str) -> str:
    """Text that was read from a picture, with every likeness of a `<video>` tag spelt as one."""
    return _READ_TAG.sub(lambda found: f"<{found['close'] or found['half'] or ''}video>", read)


def _with(turn: Turn) -> Iterator[str]:
    """The names of a turn's clips, and what is said in each."""
    for clip in turn.clips:
        yield clip.name
        yield " ".join(utterance.text for utterance in clip.speech or ())
