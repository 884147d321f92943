"""Finds the line on which each key of a TOML text is first written. It expects a text that `tomllib` accepts.

`tomllib` gives values without places and Python has no other TOML reader, so this walks the text a second time and
keeps only what names and brackets say; it knows nothing of the meaning of any key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_INLINE_BLANK = re.compile(r"[ \t]*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'  # up to two quotes may stand right before the closing three
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")  # numbers, booleans, dates


def key_lines(text: str) -> dict[Path, int]:
    """Map every key path, and every element of an array, to the line (1 first) that mentions it first.

    Elements of arrays are numbered, so that `[[rule]]` written twice gives `("rule", 0)` and `("rule", 1)`.
    """
    return _Walk(text).lines


class _Walk:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._line_at = 0  # up to where `_line` has counted
        self._elements: dict[Path, int] = {}  # of each array of tables: how many so far
        self.lines: dict[Path, int] = {}
        self._document()

    def _document(self) -> None:
        table: Path = ()
        while self._skip(_BLANK) < len(self._text):
            if self._text.startswith("[[", self._at):
                table = self._header(2, self._new_element)
            elif self._text[self._at] == "[":
                table = self._header(1, self._inside)
            else:
                self._pair(table)

    def _header(self, brackets: int, resolve: Callable[[list[str]], Path]) -> Path:
        self._at += brackets
        line, names = self._here(), self._key()
        self._at += brackets
        table = resolve(names)
        self._note(table, line)
        return table

    def _inside(self, names: list[str]) -> Path:
        """The table that a header means: names that are arrays of tables stand for their latest element."""
        path: Path = ()
        for name in names:
            path = (*path, name)
            if path in self._elements:
                path = (*path, self._elements[path] - 1)
        return path

    def _new_element(self, names: list[str]) -> Path:
        array = (*self._inside(names[:-1]), names[-1])
        self._elements[array] = self._elements.get(array, 0) + 1
        return (*array, self._elements[array] - 1)

    def _pair(self, table: Path) -> None:
        line = self._here()
        path = (*table, *self._key())
        self._note(path, line)
        self._at += 1  # the equals sign
        self._skip(_INLINE_BLANK)
        self._value(path)

    def _key(self) -> list[str]:
        """Read a possibly dotted key, and the blanks around it."""
        names = []
        while True:
            self._skip(_INLINE_BLANK)
            start = self._at
            quoted = self._text[start] in "\"'"
            self._skip(_STRING if quoted else _BARE_KEY)
            raw = self._text[start : self._at]
            names.append(str(tomllib.loads(f"k = {raw}")["k"]) if quoted else raw)
            self._skip(_INLINE_BLANK)
            if self._text[self._at : self._at + 1] != ".":
                return names
            self._at += 1

    def _value(self, path: Path) -> None:
        first = self._text[self._at]
        if first in "\"'":
            self._skip(_STRING)
        elif first == "[":
            self._items(path, "]")
        elif first == "{":
            self._items(path, "}")
        else:
            self._skip(_BARE_VALUE)

    def _items(self, path: Path, end: str) -> None:
        """Read an array or an inline table, whose items are separated by commas and any blanks."""
        self._at += 1
        index = 0
        while self._text[self._skip(_BLANK)] != end:
            if self._text[self._at] == ",":
                self._at += 1
            elif end == "}":
                self._pair(path)
            else:
                element = (*path, index)
                self._note(element, self._here())
                self._value(element)
                index += 1
        self._at += 1

    def _note(self, path: Path, line: int) -> None:
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], line)

    def _here(self) -> int:
        self._line += self._text.count("\n", self._line_at, self._at)
        self._line_at = self._at
        return self._line

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError(f"not TOML at offset {self._at}")
        self._at = match.end()
        return self._at
