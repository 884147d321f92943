"""What was judged when something was blocked: the words, or the frame, for moderators who are asked to look again.

It lies with the clips of its request and is deleted with them. It decides nothing: when it cannot be written, the block
stays as it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from adapters.base import Still
from bot.files import Shelf, write_whole
from bot.safety import Action, Decision, Where
from bot.words import shorten
from engine import Engine
from engine.types import Clip, Inspect

EXCERPT = 500  # characters of the judged words
WORDS = "words.txt"

log = logging.getLogger(__name__)


class Evidence:
    """Writes down what a blocking verdict was about, and finds it again."""

    def __init__(self, engine: Engine, shelf: Shelf) -> None:
        self._engine = engine
        self._shelf = shelf

    async def keep(
        self,
        request: str,
        decision: Decision,
        *,
        text: str,
        clips: Sequence[Clip],
        user: str = "",
        community: str = "",
    ) -> None:
        """Keep the text or the frame that the worst verdict of a block is about, which `user` posted. Never raises for
        what fails."""
        worst = decision.worst
        if worst is None or worst.action is not Action.BLOCK:
            return
        folder = self._shelf.evidence(request)
        try:
            if worst.where in (Where.CLIP, Where.VIDEO):
                await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
                look = Inspect(clip=clips[worst.clip or 0], stills_dir=str(folder), times=(worst.time_s or 0.0,))
                await self._engine.run(look, request=request, user=user, community=community, system=True)
            else:
                await asyncio.to_thread(write_whole, folder / WORDS, shorten(text, EXCERPT).encode("utf-8", "replace"))
        except Exception:
            log.exception("request %s: what was judged could not be kept; it stays blocked", request)

    async def words(self, request: str) -> str:
        """The judged words; empty when a frame was judged, or nothing was kept."""
        return await asyncio.to_thread(_read, self._shelf.evidence(request))

    async def still(self, request: str, time_s: float | None) -> Still | None:
        """The judged frame; None when words were judged, or nothing was kept."""
        folder = self._shelf.evidence(request)
        found = await asyncio.to_thread(lambda: sorted(folder.glob("*.jp*g")))
        return Still(str(found[0]), time_s or 0.0) if found else None


def _read(folder: Path) -> str:
    try:
        return (folder / WORDS).read_text(encoding="utf-8")
    except OSError:
        return ""
