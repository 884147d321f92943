"""Numbers, times and small lines as people read them, the same on every platform. Pure; knows no markup."""

from __future__ import annotations

import re
from collections.abc import Sequence

from adapters.base import Bar, QueueSpot

BAR_CELLS = 10


def clock(seconds: float) -> str:
    """`0:07`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def shorten(text: str, limit: int) -> str:
    """One line of at most `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def listing(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def count(number: int, one: str, many: str) -> str:
    """`1 video`, `3 videos`."""
    return f"{number} {one if number == 1 else many}"


def size(number: int) -> str:
    """Bytes: `900 kB`, `14 MB`."""
    return f"{number / 1e6:.0f} MB" if number >= 999_500 else f"{max(1, round(number / 1e3))} kB"


def duration(seconds: float) -> str:
    """`about 40 s`, `about 3 min`."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th` …"""
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def queue_line(spot: QueueSpot) -> str:
    """`Next in line`, `2nd in line · about 40 s`."""
    line = "Next in line" if spot.position <= 1 else f"{ordinal(spot.position)} in line"
    return line if spot.eta_s is None else f"{line} · {duration(spot.eta_s)}"


def bar_line(bar: Bar, label: str = "") -> str:
    """`▰▰▰▰▱▱▱▱▱▱  12/30 · about 25 s left`; `label`, in front of the numbers, is the bar's own made harmless."""
    share = bar.step / bar.total if bar.total > 0 else 0.0
    full = min(BAR_CELLS, max(0, int(share * BAR_CELLS)))
    cells = "▰" * full + "▱" * (BAR_CELLS - full)
    left = f" · {duration(bar.eta_s)} left" if bar.eta_s is not None else ""
    return f"{cells}  {label + ' ' if label else ''}{bar.step}/{bar.total}{left}"


def file_name(prompt: str, number: int = 0) -> str:
    """A harmless name for a made video: `a-red-ball.mp4`."""
    words = re.findall(r"[a-z0-9]+", prompt.lower())
    stem = "-".join(words)[:40].strip("-") or "video"
    return f"{stem}.mp4" if number == 0 else f"{stem}-{number + 1}.mp4"
