"""Numbers, times, places and lists in plain English. Knows no clip and no question."""

from __future__ import annotations

from collections.abc import Sequence

from engine.backends.watching.span import Span

from ..facts import Direction

_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MINUTE = 60.0


def number(value: int) -> str:
    """ "six", "24"."""
    return _SMALL[value] if 0 < value < len(_SMALL) else str(value)


def count(value: int, noun: str, plural: str = "") -> str:
    """ "one shot", "six shots", "24 shots"."""
    word = number(value) if value else "no"
    return f"{word} {noun if value == 1 else plural or noun + 's'}"


def seconds(value: float) -> str:
    """A length: "10 seconds", "5.3 seconds", "2 minutes 5 seconds"."""
    if value >= _MINUTE:
        whole = round(value)
        hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
        parts = [(hours, "hour"), (minutes, "minute"), (rest, "second")]
        return " ".join(f"{n} {noun}{'' if n == 1 else 's'}" for n, noun in parts if n)
    rounded = f"{value:.1f}" if value >= 0.95 else f"{value:.2f}"
    rounded = rounded.removesuffix(".0")
    return f"{rounded} second{'' if rounded == '1' else 's'}"


def at(time_s: float) -> str:
    """A moment, without a unit to repeat: "0:07.5" below a minute, "2:05" above."""
    if time_s >= _MINUTE:
        whole = round(time_s)
        hours = f"{whole // 3600}:{whole % 3600 // 60:02d}" if whole >= 3600 else f"{whole // 60}"
        return f"{hours}:{whole % 60:02d}"
    tenths = round(time_s * 10)
    return f"0:{tenths // 10:02d}" + (f".{tenths % 10}" if tenths % 10 else "")


def stretch(span: Span) -> str:
    """ "from 0:01.2 to 0:03", or "at 0:07" when it is too short for two times."""
    start, end = at(span.start_s), at(span.end_s)
    return f"at {start}" if start == end else f"from {start} to {end}"


def bracketed(span: Span) -> str:
    """ "(0:01.2–0:03)", or "(0:07)" when it is too short for two times."""
    start, end = at(span.start_s), at(span.end_s)
    return f"({start})" if start == end else f"({start}–{end})"


def listing(items: Sequence[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def item(text: str) -> str:
    """A sentence that starts a line of its own."""
    return f"\n• {sentence(text)}"


def sentence(text: str) -> str:
    """With a capital, unless it starts with a file's name, and a full stop."""
    text = text.strip()
    if not text:
        return ""
    first = text[0] if "." in text.split(maxsplit=1)[0].rstrip(".") else text[0].upper()
    return first + text[1:] + ("" if text[-1] in ".!?" else ".")


def share(value: float) -> str:
    """A share of the picture, roughly."""
    percent = value * 100
    return f"{percent:.0f} %" if percent >= 1.5 else "about 1 %"


def place(spot: tuple[float, float]) -> str:
    """Where (x, y), as shares from the top left, is in the picture: "top left", "middle"."""
    return " ".join(part for part in (row(spot[1]), column(spot[0])) if part) or "middle"


def column(x: float) -> str:
    """ "left", "" for the middle, or "right"."""
    return "left" if x < 0.36 else "right" if x > 0.64 else ""


def row(y: float) -> str:
    """ "top", "" for the middle, or "bottom"."""
    return "top" if y < 0.34 else "bottom" if y > 0.72 else ""


_WAYS: dict[Direction, str] = {"left": "to the left", "right": "to the right", "up": "upwards", "down": "downwards"}
_EDGES: dict[Direction, str] = {"left": "left", "right": "right", "up": "top", "down": "bottom"}


def way(direction: Direction) -> str:
    """ "to the left", "upwards"."""
    return _WAYS[direction]


def edge(direction: Direction) -> str:
    """The edge of the picture on that side: "left", "top"."""
    return _EDGES[direction]


def bytes_(value: int) -> str:
    """ "843 kB", "1.2 MB"."""
    if value >= 1_000_000:
        return f"{value / 1e6:.1f} MB"
    return f"{value / 1e3:.0f} kB" if value >= 1000 else f"{value} bytes"
