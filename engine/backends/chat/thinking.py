"""Takes out of a streamed answer what a model thinks aloud. It knows no model: pieces of text go in and come out."""

from __future__ import annotations

import re

_NAMES = ("think", "thinking", "thought", "reasoning")
_PAIRS = (*((f"<{name}>", f"</{name}>") for name in _NAMES), ("◁think▷", "◁/think▷"))
_OPENING = tuple(opening for opening, _ in _PAIRS)
_MARKS = tuple(mark for pair in _PAIRS for mark in pair)
_MARK = re.compile("|".join(map(re.escape, _MARKS)), re.IGNORECASE)
_FIRST = re.compile("|".join(sorted({mark[0] for mark in _MARKS})))
_LONGEST = max(map(len, _MARKS))


def opens_thought(prompt: str) -> bool:
    """Whether a prompt ends inside a thought, which the model then goes on with."""
    return prompt.rstrip().lower().endswith(_OPENING)


class Thoughts:
    """Incremental; the result does not depend on how the answer was cut into pieces.

    `inside` when the prompt has opened a thought already. A thought that is never closed takes the rest with it. A
    closing mark alone vanishes. The blank space before the first word of the answer goes with the thoughts.
    """

    def __init__(self, *, inside: bool = False) -> None:
        self._inside = inside
        self._rest = ""  # may yet become a mark
        self._begun = False

    def feed(self, piece: str) -> str:
        """Take the next piece of the raw answer; return what can be passed on because of it."""
        text = self._rest + piece
        if not _FIRST.search(text):  # nearly always, and this runs for every token
            self._rest = ""
            return self._aloud(text)
        said, at = "", 0
        for mark in _MARK.finditer(text):
            said += self._aloud(text[at : mark.start()])
            self._inside = "/" not in mark[0]
            at = mark.end()
        held = _held_from(text, at)
        self._rest = text[held:]
        return said + self._aloud(text[at:held])

    def finish(self) -> str:
        """The answer is over: what was held back as the beginning of a mark."""
        rest, self._rest = self._rest, ""
        return self._aloud(rest)

    def _aloud(self, text: str) -> str:
        if self._inside:
            return ""
        if not self._begun:
            text = text.lstrip()
            self._begun = bool(text)
        return text


def _held_from(text: str, start: int) -> int:
    """Where the end of a text begins that can still grow into a mark."""
    for first in _FIRST.finditer(text, max(start, len(text) - _LONGEST + 1)):
        rest = text[first.start() :].lower()
        if any(mark.startswith(rest) for mark in _MARKS):
            return first.start()
    return len(text)
