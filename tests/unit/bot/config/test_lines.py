"""The line finder against generated TOML: `tomllib` says which keys there are, the generator on which line each is."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.lines import Path, key_lines


def paths(value: Any, above: Path = ()) -> set[Path]:
    """Every key path of a parsed TOML text, elements of arrays included."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = {above} - {()}
    for key, child in items:
        found |= paths(child, (*above, key))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\nb = 2", {"a": 1, "b": 2}),
        ("[a.b]\nc = 1", {"a": 1, "a.b": 1, "a.b.c": 2}),
        ("a.b . c = 1\na.d = 2", {"a": 1, "a.b": 1, "a.b.c": 1, "a.d": 2}),
        ("\"a b\".'c d' = 1", {"a b": 1, "a b.c d": 1}),
        ('"\\u0041\\"" = 1', {'A"': 1}),
        ("a = {b = 1, c.d = {e = 2}} # {f = 3}", {"a": 1, "a.b": 1, "a.c": 1, "a.c.d": 1, "a.c.d.e": 1}),
        (
            "[[a]]\nb=1\n[[a]]\n[a.c]\nd=1",
            {"a": 1, "a.0": 1, "a.0.b": 2, "a.1": 3, "a.1.c": 4, "a.1.c.d": 5},
        ),
        ("a = '''\nb = 1\n[c]\n'''\nd = 2", {"a": 1, "d": 5}),
        ('a = """\n\\""" # no end\n"""""\nb = 2', {"a": 1, "b": 4}),
        (
            'a = [ # one\n  "x]",\n  [2,\n3], {b = 1},\n]\nc = 1',
            {"a": 1, "a.0": 2, "a.1": 3, "a.1.0": 3, "a.1.1": 4, "a.2": 4, "a.2.b": 4, "c": 6},
        ),
        ("a = 1979-05-27 07:32:00 # b = 1\r\n\r\nc = inf", {"a": 1, "c": 3}),
        ("# only a comment", {}),
        ("", {}),
    ],
)
def test_a_key_is_found_on_its_line(text: str, expected: dict[str, int]) -> None:
    tomllib.loads(text)  # the case itself is TOML
    assert {".".join(map(str, path)): line for path, line in key_lines(text).items()} == expected


# --- generated texts -----------------------------------------------------------------------------------------------

names = st.one_of(
    st.from_regex(r"\A[A-Za-z0-9_-]{1,6}\Z"), st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
)
texts = st.text(st.sampled_from("ab\"'\\#=[]{}.,\n ü"), max_size=12)
scalars = st.one_of(st.integers(-9, 9), st.booleans(), st.floats(allow_nan=False), st.dates(), st.datetimes(), texts)
blanks = st.sampled_from(["", "\n", "# [x] = 1\n", "  \t\n\n", '# """\n'])


class Writer:
    """Writes a TOML text piece by piece, choosing among its spellings, and remembers where each key was written."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self.text = ""
        self.lines: dict[Path, int] = {}

    def note(self, path: Path) -> None:
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], self.text.count("\n") + 1)

    def blank(self) -> None:
        self.text += self._draw(blanks)

    def key(self, parts: list[str]) -> None:
        dot = self._draw(st.sampled_from([".", " . ", ".\t"]))
        self.text += dot.join(self._name(part) for part in parts)

    def _name(self, name: str) -> str:
        spellings = [_basic(name)]
        if name and name.isascii() and name.replace("-", "").replace("_", "").isalnum():
            spellings.append(name)
        if name.isprintable() and "'" not in name:
            spellings.append(f"'{name}'")
        return self._draw(st.sampled_from(spellings))

    def pair(self, above: Path, parts: list[str], value: Any, *, inline: bool = False) -> None:
        path = (*above, *parts)
        self.note(path)
        self.key(parts)
        self.text += self._draw(st.sampled_from(["=", " = ", "\t="]))
        self.value(path, value, inline=inline)

    def value(self, path: Path, value: Any, *, inline: bool = False) -> None:
        if isinstance(value, dict):
            self._table(path, value)
        elif isinstance(value, list):
            self._array(path, value, inline=inline)
        elif isinstance(value, str):
            self.text += self._string(value, inline=inline)
        elif isinstance(value, bool):
            self.text += str(value).lower()
        else:
            self.text += value.isoformat() if hasattr(value, "isoformat") else repr(value)

    def _table(self, path: Path, value: dict[str, Any]) -> None:
        self.text += "{"
        for index, (name, child) in enumerate(value.items()):
            self.text += ", " if index else " "
            self.pair(path, [name], child, inline=True)
        self.text += " }"

    def _array(self, path: Path, value: list[Any], *, inline: bool) -> None:
        self.text += "["
        for index, child in enumerate(value):
            if not inline:
                self.blank()
            self.note((*path, index))
            self.value((*path, index), child, inline=inline)
            self.text += ","
        self.text += "]"

    def _string(self, value: str, *, inline: bool) -> str:
        spellings = [_basic(value)]
        if "'" not in value and "\n" not in value:
            spellings.append(f"'{value}'")
        if not inline:
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            spellings.append(f'"""\n{escaped}"""')
            if '"""' not in value:
                # Unescaped quotes, up to two of which may stand right before the closing three.
                spellings.append('"""\n' + value.replace("\\", "\\\\") + '"""')
            if "'''" not in value:
                spellings.append(f"'''\n{value}'''")
        return self._draw(st.sampled_from(spellings))


def _basic(text: str) -> str:
    """A quoted TOML string. JSON's escapes are TOML's, but for DEL, which TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def documents(draw: st.DrawFn) -> Writer:
    """Pairs, tables with dotted keys, and arrays of tables, with blanks and comments between."""
    writer = Writer(draw)
    top = draw(st.lists(names, unique=True, max_size=6))
    for name in top[:2]:
        writer.blank()
        writer.pair((), [name], draw(values))
        writer.text += draw(st.sampled_from(["\n", " # a = 1\n", "\r\n"]))
    for name in top[2:]:
        array = draw(st.booleans())
        for element in range(draw(st.integers(1, 3)) if array else 1):
            _section(draw, writer, name, element if array else None)
    return writer


def _section(draw: st.DrawFn, writer: Writer, name: str, element: int | None) -> None:
    writer.blank()
    path: Path = (name,) if element is None else (name, element)
    _header(writer, path, [name], array=element is not None)
    for key in draw(st.lists(names, unique=True, max_size=3)):
        writer.blank()
        writer.pair(path, [key, *draw(st.lists(names, max_size=2))], draw(values))
        writer.text += "\n"
    below = draw(st.text("xyz", min_size=7, max_size=8))  # longer than any drawn name, so it collides with none
    if draw(st.booleans()):
        _header(writer, (*path, below), [name, below], array=False)


def _header(writer: Writer, path: Path, parts: list[str], *, array: bool) -> None:
    writer.note(path)
    writer.text += "[[" if array else "["
    writer.key(parts)
    writer.text += "]]\n" if array else "]\n"


@given(documents())
def test_every_key_of_any_toml_text_is_found_on_its_line(written: Writer) -> None:
    parsed = tomllib.loads(written.text)
    found = key_lines(written.text)
    assert set(found) == paths(parsed)
    assert found == written.lines
