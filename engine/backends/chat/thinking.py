"""Takes out of a streamed answer what a model thinks aloud. It knows no model: pieces of text go in and come out."""

from __future__ import annotations

import re

_TAG = re.compile(r"<(?P<close>/?)(?:think|thinking|thought|reasoning)>|(?P<moon>◁/?think▷)", re.IGNORECASE)
_LONGEST_TAG = len("</reasoning>")


class Thoughts:
    """Incremental; the result does not depend on how the answer was cut into pieces.

    A thought that is never closed takes the rest with it. A closing mark alone vanishes. The blank space before the
    first word of the answer goes with the thoughts.
    """

    def __init__(self) -> None:
        self._rest = ""  # may yet become a mark
        self._depth = 0
        self._begun = False

    def feed(self, piece: str) -> str:
        """Take the next piece of the raw answer; return what can be passed on because of it."""
        self._rest += piece
        said: list[str] = []
        at = 0
        for tag in _TAG.finditer(self._rest):
            said.append(self._aloud(self._rest[at : tag.start()]))
            closes = bool(tag["close"]) or "/" in (tag["moon"] or "")
            self._depth = 0 if closes else 1
            at = tag.end()
        held = _held_from(self._rest, at)
        said.append(self._aloud(self._rest[at:held]))
        self._rest = self._rest[held:]
        return "".join(said)

    def finish(self) -> str:
        """The answer is over: what was held back as the beginning of a mark."""
        rest, self._rest = self._rest, ""
        return self._aloud(rest)

    def _aloud(self, text: str) -> str:
        if self._depth:
            return ""
        text = text if self._begun else text.lstrip()
        self._begun = self._begun or bool(text)
        return text


def _held_from(text: str, start: int) -> int:
    """Where the end of a text begins that can still grow into a mark."""
    for at in range(max(start, len(text) - _LONGEST_TAG + 1), len(text)):
        if _MAYBE.fullmatch(text, at):
            return at
    return len(text)


def _prefixes(words: tuple[str, ...]) -> str:
    return "|".join(sorted({re.escape(word[:size]) for word in words for size in range(1, len(word))}, reverse=True))


_NAMES = ("think", "thinking", "thought", "reasoning")
_MAYBE = re.compile(
    _prefixes((*(f"<{close}{name}>" for name in _NAMES for close in ("", "/")), "◁think▷", "◁/think▷")), re.IGNORECASE
)
