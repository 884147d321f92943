"""From token ids to text for people, as they come: whole characters only, without what a model thinks aloud.

It knows no model: ids and a tokenizer go in, pieces of text come out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from engine.backends.chat.thinking import Thoughts

_UNFINISHED = "\ufffd"  # what half a character decodes to
_LONGEST_CHARACTER = 8  # tokens; after as many, bytes that make no character are passed on as what they decode to


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
