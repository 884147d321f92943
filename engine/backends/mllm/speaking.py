"""From token ids to text for people, as they come: whole characters only, and nothing of what a model thinks aloud.

It knows no model: ids and a tokenizer go in, pieces of text come out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

_UNFINISHED = "\ufffd"  # what half a character decodes to
_LONGEST_CHARACTER = 8  # tokens; after as many, bytes that make no character are passed on as what they decode to
THOUGHTS = (("<think>", "</think>"), ("◁think▷", "◁/think▷"))


class Decoder:
    """Decodes one id after the other. Linear in the length of the answer: only the last piece is decoded again."""

    def __init__(self, tokenizer: Any, hidden: Collection[int]) -> None:
        self._tokenizer = tokenizer
        self._hidden = frozenset(hidden)
        self._ids: list[int] = []
        # The piece before the next one stays in front of it: some tokenizers need it for the blank between.
        self._done = 0
        self._known = ""

    def feed(self, token: int) -> str:
        """The text that this id completes, often empty."""
        if token in self._hidden:
            return self.finish()
        self._ids.append(token)
        text = self._text()
        if text.endswith(_UNFINISHED) and len(self._ids) - self._done < _LONGEST_CHARACTER:
            return ""
        return self._pass_on(text)

    def finish(self) -> str:
        """What is left when no more ids come."""
        return self._pass_on(self._text()) if len(self._ids) > self._done else ""

    def _text(self) -> str:
        return self._decode(self._ids)[len(self._known) :]

    def _pass_on(self, text: str) -> str:
        self._ids = self._ids[self._done :]
        self._done = len(self._ids)
        self._known = self._decode(self._ids)
        return text

    def _decode(self, ids: list[int]) -> str:
        text: str = self._tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text


class Thoughts:
    """Takes out what stands between thinking marks, and the blank space before the first word of the answer.

    `inside` when the prompt has already opened a thought. A thought that is never closed takes the rest with it.
    """

    def __init__(self, *, inside: bool = False) -> None:
        self._inside = inside
        self._rest = ""
        self._begun = False

    def feed(self, piece: str) -> str:
        self._rest += piece
        said = ""
        while self._rest:
            at, mark = self._next_mark()
            if mark:
                said += "" if self._inside else self._rest[:at]
                self._inside = mark in _OPENING
                self._rest = self._rest[at + len(mark) :]
                continue
            held = 0 if at < 0 else len(self._rest) - at
            if not self._inside:
                said += self._rest[: len(self._rest) - held]
            self._rest = self._rest[len(self._rest) - held :]
            break
        return self._trimmed(said)

    def finish(self) -> str:
        """What was held back because it could have become a mark."""
        rest, self._rest = self._rest, ""
        return "" if self._inside else self._trimmed(rest)

    def _next_mark(self) -> tuple[int, str]:
        """Where the next mark is, and which; without one, where something stands that may become one, else -1."""
        if not any(first in self._rest for first in _FIRSTS):
            return -1, ""
        found = [(at, mark) for mark in _MARKS if (at := self._rest.find(mark)) >= 0]
        if found:
            return min(found)
        tails = (len(self._rest) - size for size in range(_LONGEST_MARK - 1, 0, -1) if size <= len(self._rest))
        for at in tails:
            if any(mark.startswith(self._rest[at:]) for mark in _MARKS):
                return at, ""
        return -1, ""

    def _trimmed(self, text: str) -> str:
        if not self._begun:
            text = text.lstrip()
            self._begun = bool(text)
        return text


class Speaker:
    """A streamer for `generate`: each new id becomes a piece for `say`, which may raise to stop the model.

    `say` is called for every id, with an empty piece when it completes no text: each is a check point.
    """

    def __init__(self, decoder: Decoder, thoughts: Thoughts, ends: Collection[int], say: Callable[[str], None]) -> None:
        self._decoder = decoder
        self._thoughts = thoughts
        self._ends = frozenset(ends)
        self._say = say
        self._prompt_is_next = True

    def put(self, value: Any) -> None:
        """Takes the prompt first, then ids, each as a tensor."""
        if self._prompt_is_next:
            self._prompt_is_next = False
            return
        for token in value.flatten().tolist():
            if token not in self._ends:
                self._say(self._thoughts.feed(self._decoder.feed(token)))

    def end(self) -> None:
        """The model is done."""
        if rest := self._thoughts.feed(self._decoder.finish()) + self._thoughts.finish():
            self._say(rest)


_OPENING = frozenset(opening for opening, _ in THOUGHTS)
_MARKS = tuple(mark for pair in THOUGHTS for mark in pair)
_FIRSTS = tuple({mark[0] for mark in _MARKS})
_LONGEST_MARK = max(map(len, _MARKS))
