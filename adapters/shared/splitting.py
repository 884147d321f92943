"""Cuts long text into messages that a platform takes, without breaking code fences. Pure; knows no platform.

How long text is, each platform says by itself: as a `Measure`, the length of one character there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

Measure = Callable[[str], int]
"""The length of one character as a platform counts it; at least 1."""

_FENCE = "```"
_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{0,20}(?=\n)")
_CLOSING_ROOM = len("\n" + _FENCE)
_JOINER = "\u200d"


@dataclass(frozen=True)
class Piece:
    """One message: `body` is a slice of the text, `opening` and `closing` are added to keep code fences whole."""

    opening: str
    body: str
    closing: str

    def __str__(self) -> str:
        return self.opening + self.body + self.closing


@dataclass(frozen=True)
class _Fence:
    start: int
    end: int
    opens: bool
    language: str


def units(text: str) -> int:
    """The length in UTF-16 code units, in which most clients count, and the strictest way there is."""
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)


def split(text: str, limit: int, measure: Measure = units) -> list[str]:
    """Cut `text` into messages of at most `limit`. Messages of nothing but blanks are left out."""
    return [str(piece) for piece in pieces(text, limit, measure) if piece.body.strip()]


def pieces(text: str, limit: int, measure: Measure = units) -> list[Piece]:
    """Cut `text`; the bodies joined are the text again, and every piece closes the fences that it opens.

    Earlier cuts do not depend on what follows them, so that a growing text only changes its last pieces.
    """
    fences = _fences(text)
    found: list[Piece] = []
    at = 0
    inside: _Fence | None = None
    while at < len(text):
        opening = f"{_FENCE}{inside.language}\n" if inside else ""
        end = _furthest(text, at, limit - len(opening) - _CLOSING_ROOM, measure)
        if end < len(text):
            end = _cut(text, at, end, fences)
        body = text[at:end]
        for fence in fences:
            if at <= fence.start < end:
                inside = fence if fence.opens else None
        closing = "" if inside is None else _FENCE if body.endswith("\n") else "\n" + _FENCE
        found.append(Piece(opening, body, closing))
        at = end
    return found


def _fences(text: str) -> list[_Fence]:
    found: list[_Fence] = []
    at = text.find(_FENCE)
    while at >= 0:
        end = at + len(_FENCE)
        opens = not found or not found[-1].opens
        language = _LANGUAGE.match(text, end) if opens else None
        found.append(_Fence(at, end, opens, language.group() if language else ""))
        at = text.find(_FENCE, end)
    return found


def _furthest(text: str, at: int, room: int, measure: Measure) -> int:
    """The end of the longest slice from `at` that fits into `room`; at least one character."""
    used = 0
    for index in range(at, min(len(text), at + room)):
        used += measure(text[index])
        if used > room:
            return max(index, at + 1)
    return min(len(text), at + max(room, 1))


def _cut(text: str, at: int, end: int, fences: list[_Fence]) -> int:
    """A good place to cut in `text[at:end]`: after a paragraph, a line, a word, or else between two characters."""
    half = at + (end - at) // 2
    for mark in ("\n\n", "\n", " "):
        found = text.rfind(mark, half, end)
        if found >= 0:
            end = found + len(mark)
            break
    else:
        end = _between_characters(text, at, end)
    for fence in fences:
        if fence.start < end < fence.end and fence.start > at:
            return fence.start
        header = text[fence.end + len(fence.language) : end]
        if fence.opens and at < fence.start and fence.end <= end and not header.strip():
            return fence.start
    return end


def _between_characters(text: str, at: int, end: int) -> int:
    """Step back from marks, joiners and variation selectors that belong to the character before them."""
    cut = end
    while cut > max(at + 1, end - 32):
        if text[cut] == _JOINER or text[cut - 1] == _JOINER or unicodedata.category(text[cut]).startswith("M"):
            cut -= 1
        else:
            return cut
    return end
