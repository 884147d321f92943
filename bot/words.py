"""How the bot says numbers: durations, sizes and time stamps in the words that people use. Pure functions."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """A position in a clip: 7.4 → "0:07", 3725 → "1:02:05"."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def span(seconds: float) -> str:
    """A duration that somebody waits: 0.4 → "a second", 41 → "40 s", 200 → "3 min"."""
    if seconds < 1.5:
        return "a second"
    if seconds < 10:
        return f"{round(seconds)} s"
    if seconds < 100:
        return f"{round(seconds / 5) * 5} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def size(count: int) -> str:
    """Bytes: 14_680_064 → "14 MB". Binary megabytes, as the platforms count their limits."""
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if count >= factor:
            value = count / factor
            return f"{value:.1f} {unit}" if value < 10 and round(value, 1) % 1 else f"{value:.0f} {unit}"
    return f"{count} bytes"


def listing(items: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def shorten(text: str, limit: int) -> str:
    """One line of at most `limit` characters."""
    line = " ".join(readable(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def readable(text: str) -> str:
    """A text that can be sent anywhere: what is no character in it, as in a file's name, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()
