"""Holding back answer text until it has been checked: a sentence at a time."""

from __future__ import annotations

import re

# A sentence ends at punctuation that is followed by space, at a line break, or after this many characters, so that
# a model that never ends a sentence is checked as well.
LONGEST_HOLD = 400
_END = re.compile(r"[.!?…。！？]+[\"')\]»”’]*\s+|\n+")


class SentenceGate:
    """Collects pieces of text and hands out whole sentences. What is handed out is not yet approved."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """Add a piece; returns everything up to the last sentence end, or "" while none is complete."""
        self._held += piece
        ends = [match.end() for match in _END.finditer(self._held)]
        cut = ends[-1] if ends else 0
        if not cut and len(self._held) >= LONGEST_HOLD:
            space = self._held.rfind(" ")
            cut = space + 1 if space > 0 else len(self._held)
        ready, self._held = self._held[:cut], self._held[cut:]
        return ready

    def rest(self) -> str:
        """What is left at the end of the answer."""
        ready, self._held = self._held, ""
        return ready
