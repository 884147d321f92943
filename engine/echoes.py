"""Which of a model's wishes for videos are its own, and which only repeat a tag that others wrote, said or drew.

Models read such tags in pictures, names, speech and messages, and may repeat them: "It says <video>a cat</video>".
Nobody asked for these videos: they are shown as what they are, a quotation. It knows no model and no job.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from engine.types import Token, VideoWanted

_BRACKETS = str.maketrans("‹›〈〉⟨⟩«»《》˂˃", "<><><><><><>")
_TAG = re.compile(r"<\s*(/?)\s*video(?![^\W_])[^<>]{0,200}>?")
_QUOTES = {
    "“": "”", "”": "”", '"': '"', "„": "“", "«": "»", "»": "«", "‘": "’", "'": "'", "`": "`", "「": "」", "『": "』",
}  # fmt: skip
_ARTICLES = frozenset({"a", "an", "the"})
# Share of a wish's words that stand in one tag of others: a comma or a letter misread changes nothing, a model's own
# description of what it saw does.
_ECHO = 0.75


@dataclass(frozen=True)
class Outside:
    """What others put before a model, beside the words of the `question` itself.

    `now` is what came with the question (names, speech, text in pictures), read when there is a wish at all; `before`
    are the earlier messages and what came with them.
    """

    question: str
    now: Callable[[], Sequence[str]] = tuple
    before: Sequence[str] = ()


class Echoes:
    """Goes through the events of one answer and turns wishes that are not the model's own into the text that they were.

    A wish is an echo when a tag of others holds its words, or when the answer puts it in quotation marks though the
    question does not ask for it.
    """

    def __init__(self, look: Callable[[], Outside]) -> None:
        """`look` is asked at the first wish."""
        self._look = look
        self._before = ""  # the last character that was shown
        self._held: VideoWanted | None = None  # begun in a quotation, which the next text may end

    def sift(self, events: Iterable[Token | VideoWanted]) -> list[Token | VideoWanted]:
        """What to pass on because of the next events."""
        out: list[Token | VideoWanted] = []
        for event in events:
            out += self._release(event.text if isinstance(event, Token) else "")
            if isinstance(event, Token):
                self._before = event.text[-1:] or self._before
                out.append(event)
            elif self._repeats(event.prompt):
                out.append(self._quoted(event.prompt))
            elif self._before in _QUOTES and not self._asks_for(event.prompt):
                self._held = event
            else:
                out.append(event)
        return out

    def finish(self) -> list[Token | VideoWanted]:
        """The answer is over: what was held back."""
        return self._release("")

    def _release(self, after: str) -> list[Token | VideoWanted]:
        wish, self._held = self._held, None
        if wish is None:
            return []
        closing = _QUOTES[self._before]
        if after.startswith(closing) or wish.prompt.rstrip(" .").endswith(closing):
            return [self._quoted(wish.prompt)]
        return [wish]

    def _quoted(self, prompt: str) -> Token:
        self._before = ">"
        return Token(text=f"<video>{prompt}</video>")

    def _repeats(self, prompt: str) -> bool:
        if any(_says(tag, prompt) for tag in self._now):
            return True
        return any(_says(tag, prompt) for tag in self._earlier) and not self._asks_for(prompt)

    def _asks_for(self, prompt: str) -> bool:
        """Whether the question itself, outside of tags, has the words of a wish."""
        return _says(_TAG.sub(" ", _plain(self._outside.question)), prompt)

    @cached_property
    def _outside(self) -> Outside:
        return self._look()

    @cached_property
    def _now(self) -> list[str]:
        return [tag for text in (self._outside.question, *self._outside.now()) for tag in tagged(text)]

    @cached_property
    def _earlier(self) -> list[str]:
        return [tag for text in self._outside.before for tag in tagged(text)]


def tagged(text: str) -> list[str]:
    """What stands in the `<video>` tags of a text, in plain letters: closed or not, in brackets that look alike, in any
    spelling that a reader takes for the tag."""
    parts = _TAG.split(_plain(text))
    found, inside, depth = [], "", 0
    for slash, after in zip(parts[1::2], parts[2::2], strict=True):
        depth = max(0, depth - 1) if slash else depth + 1
        if depth:
            inside += f" {after}"
        else:
            found.append(inside)
            inside = ""
    return [tag for tag in (*found, inside) if tag.strip()]


def _says(text: str, prompt: str) -> bool:
    """Whether a plain text has the words of a prompt, or nearly all of them."""
    wanted = _plain(prompt)
    if _run_together(wanted) in _run_together(text):
        return True
    words, known = _words(wanted), _words(text)
    return bool(words) and len(words & known) >= _ECHO * len(words)


def _words(text: str) -> frozenset[str]:
    words = frozenset(re.findall(r"\w+", text))
    return words - _ARTICLES or words


def _run_together(text: str) -> str:
    """Without blanks and marks, which get lost when text is read from a picture; of marks alone, the marks."""
    return re.sub(r"[\W_]+", "", text) or "".join(text.split())


def _plain(text: str) -> str:
    """In small letters of one kind, without what cannot be seen, and with one sort of brackets."""
    text = unicodedata.normalize("NFKC", html.unescape(text)).translate(_BRACKETS).casefold()
    text = "".join(letter for letter in text if letter != "\\" and unicodedata.category(letter) != "Cf")
    return " ".join(text.split())
