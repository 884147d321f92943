"""The GPT4Video protocol: a model asks for a video by writing `<video>prompt</video>` into its answer.

This parser takes the answer in pieces of any size and separates text for people from prompts for a video model.
It knows nothing of models, jobs or pipes.
"""

from __future__ import annotations

import re

from engine.types import Token, VideoWanted

# How much blank space and how many characters of attributes still count as a tag: enough for what models write,
# small enough that a stray "<" holds a stream back for a moment only.
_GAP = r"\s{0,4}"
_ATTRIBUTES = r"[^<>]{0,200}"
_OPENING = rf"<{_GAP}(?P<close>/?){_GAP}video"

_TAG = re.compile(rf"{_OPENING}(?P<attributes>(?=[\s/>]){_ATTRIBUTES})>", re.IGNORECASE)
_PREFIX = rf"<{_GAP}/?{_GAP}(?:v(?:i(?:d(?:e(?:o(?:[\s/]{_ATTRIBUTES})?)?)?)?)?)?"
_MAYBE_TAG = re.compile(_PREFIX, re.IGNORECASE)  # what can still grow into a tag
_STUB = re.compile(rf"{_PREFIX}(?=<)", re.IGNORECASE)  # what stopped growing because the next one began
_TAG_NAME = re.compile(rf"{_OPENING}(?=[\s/])", re.IGNORECASE)
_HALF_TAG = re.compile(rf"{_OPENING}(?=[\s/]){_ATTRIBUTES}(?=<)", re.IGNORECASE)  # the next tag begins inside it

_LONGEST_UNCLOSED_PROMPT = 1000
_SPELT = re.compile(r"<(?=\s*/?\s*video(?![^\W_]))", re.IGNORECASE)


def inert(text: str) -> str:
    """The text with every `<video>` spelt `‹video>`: whoever reads it again finds no order there."""
    return _SPELT.sub("‹", text)


class Shown(str):
    """A piece of an answer that is shown as it stands and orders nothing, whatever it spells.

    What a backend repeats of others (text on screen, speech, names, messages) has to come as such. Joined with other
    text it is ordinary text again: mark what is handed over, not what it is made from.
    """

    __slots__ = ()


class TagParser:
    """Incremental; the result does not depend on how a model's answer was cut into pieces.

    No tag, no part of a tag and nothing between an opening and its closing tag ever comes out as text. Tags are
    recognised in any letter case, with blanks and attributes; nested tags are part of one prompt; stray closing
    tags and `<video/>` vanish.
    """

    def __init__(self) -> None:
        self._rest = ""  # begins with "<" and may yet become a tag
        self._stub = ""  # no tag; but without the tag that may follow, it could become one with what comes after that
        self._depth = 0
        self._prompt: list[str] = []
        self._out: list[Token | VideoWanted] = []

    def feed(self, piece: str) -> list[Token | VideoWanted]:
        """Take the next piece of the raw answer; return what can be passed on because of it.

        A tag does not reach across a piece that is only `Shown`: what was begun before it ends there.
        """
        if isinstance(piece, Shown):
            return [*self.finish(), *([Token(text=str(piece))] if piece else [])]
        rest = self._rest + piece
        while rest:
            before, found, after = rest.partition("<")
            self._pass_on(before)
            rest = found + after
            if tag := _TAG.match(rest):
                self._turn(tag)
                rest = rest[tag.end() :]
            elif not rest or _MAYBE_TAG.fullmatch(rest):
                break
            elif half := _HALF_TAG.match(rest) or _TAG_NAME.match(rest):
                self._stub = ""
                rest = rest[half.end() :]
            elif stub := _STUB.match(rest):
                self._stub += stub[0]
                rest = rest[stub.end() :]
            else:
                self._pass_on("<")
                rest = rest[1:]
        self._rest = rest
        return self._take()

    def finish(self) -> list[Token | VideoWanted]:
        """The answer is over. What is still held back is half a tag, so it is dropped.

        An unclosed `<video>` counts when what follows reads like a prompt: one paragraph of sane length. Models that
        stop *at* the closing tag leave it out, and their wish is clear. Several paragraphs, or a nested tag that
        stays open, mean that the tag was a slip, and rendering a whole answer would be a guess.
        """
        self._rest = self._stub = ""
        prompt = "".join(self._prompt).strip()
        if self._depth == 1 and "\n\n" not in prompt and len(prompt) <= _LONGEST_UNCLOSED_PROMPT:
            self._want()
        self._depth = 0
        self._prompt.clear()
        return self._take()

    def _turn(self, tag: re.Match[str]) -> None:
        self._stub = ""
        if tag["close"]:
            self._depth = max(0, self._depth - 1)
            if self._depth == 0:
                self._want()
        elif not tag["attributes"].endswith("/"):
            self._depth += 1

    def _want(self) -> None:
        if prompt := " ".join("".join(self._prompt).split()):
            self._out.append(VideoWanted(prompt=prompt))
        self._prompt.clear()

    def _pass_on(self, text: str) -> None:
        if not text:
            return
        text, self._stub = self._stub + text, ""
        if self._depth:
            self._prompt.append(text)
        elif self._out and isinstance(last := self._out[-1], Token):
            self._out[-1] = Token(text=last.text + text)
        else:
            self._out.append(Token(text=text))

    def _take(self) -> list[Token | VideoWanted]:
        out, self._out = self._out, []
        return out
