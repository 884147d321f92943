"""A clip in words, for a model that cannot see: what the lite models recognise in it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from engine.backends.chat.conversation import ChatMessage
from engine.backends.chat.sampling import Watched
from engine.errors import MediaError, MissingExtra
from engine.protocol import inert
from engine.types import Turn, Understand

if TYPE_CHECKING:
    from engine.backends.base import JobContext
    from engine.backends.lite.understanding import LiteUnderstanding

REMARK = "from recognised text, not from pictures"
RULES = (
    "You cannot see the clips of this conversation. Instead of pictures you get what small recognition models found in "
    "them. Answer from that alone. What it does not say you do not know: say so, and never guess what a clip shows."
)
_LOOK = "What happens in this clip?"
_KEPT = 64  # clips


class Facts:
    """Tells clips in words, each once."""

    def __init__(self) -> None:
        self._lite: LiteUnderstanding | None = None
        self._known: OrderedDict[str, str] = OrderedDict()

    def of(self, watched: Watched, context: JobContext) -> str:
        """What was recognised in a clip, as text that orders nothing. Raises what the context raises."""
        path = watched.clip.path
        if path not in self._known:
            self._known[path] = self._recognised(watched, context)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(path)
        return f"[Recognised in clip {watched.number} ({_shape(watched)}): {inert(self._known[path])}]"

    def told(self, messages: Sequence[ChatMessage], context: JobContext) -> list[ChatMessage]:
        """The same messages with words in place of pictures."""
        told = [
            replace(
                message,
                parts=tuple(part if isinstance(part, str) else self.of(part, context) for part in message.parts),
            )
            for message in messages
        ]
        if told and told[0].role == "system":
            told[0] = replace(told[0], parts=(*told[0].parts, RULES))
            return told
        return [ChatMessage("system", (RULES,)), *told]

    def _recognised(self, watched: Watched, context: JobContext) -> str:
        from engine.backends.lite.understanding import LiteUnderstanding

        lite = self._lite = self._lite or LiteUnderstanding()
        if lite.card().missing:
            return "nothing, for the lite models are not installed."
        clip = msgspec.structs.replace(watched.clip, name="clip")
        job = Understand(turns=(Turn(role="user", text=_LOOK, clips=(clip,)),))
        try:
            return " ".join("".join(lite.answer(job, context)).split())
        except (MediaError, MissingExtra):
            return "nothing."


def _shape(watched: Watched) -> str:
    info = watched.info
    if info.kind == "image":
        return f"a picture of {info.width} by {info.height} pixels"
    return f"{info.length_s:.1f} seconds long, {info.width} by {info.height} pixels"
