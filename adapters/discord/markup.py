"""Small pieces of Discord's markdown: text made harmless, bars, queue spots, footers, file names. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from adapters.base import Bar, Place, QueueSpot

BAR_CELLS = 10
_BREAK = "\u200b"  # invisible; takes a mark its meaning

_MENTION = re.compile(r"@(?=everyone|here|[!&]?\d)")
_CHANNEL = re.compile(r"<(?=#\d)")
_SUBTEXT = re.compile(r"(?m)^([ \t>*+\-\d.\u200b]*?)-(?=#)")
_MASKED_LINK = re.compile(r"\](?=\()")
_URL = re.compile(r"(?<!<)https?://[^\s<>]*[^\s<>.,;:!?)\]'\"*_]")
_BARS = re.compile(r"\|(?=\||$)")
_MARKS = re.compile(r"([\\`*_~|\[\]<>#])")


def harmless(text: str) -> str:
    """Text of people or models as they wrote it, without pings, forged footers, hidden links and link previews.

    What stands in code fences keeps its links and brackets, because nothing is rendered there.
    """
    text = text.encode("utf-8", "replace").decode("utf-8")
    parts = re.split(r"(```)", text)
    for index in range(0, len(parts), 4):  # text, fence, code, fence, text, …
        parts[index] = _URL.sub(r"<\g<0>>", _MASKED_LINK.sub("]" + _BREAK, parts[index]))
    text = _CHANNEL.sub("<" + _BREAK, _MENTION.sub("@" + _BREAK, "".join(parts)))
    return _SUBTEXT.sub(rf"\1-{_BREAK}", text)


def plain(text: str) -> str:
    """One line of names or prompts, with every mark of markdown shown as itself."""
    return _MENTION.sub("@" + _BREAK, _MARKS.sub(r"\\\1", " ".join(text.split())))


def subtext(text: str) -> str:
    """A footer: small grey print on a line of its own."""
    return f"-# {' '.join(text.split())}"


def hidden(text: str) -> str:
    """Text behind a spoiler, one click away. Bars within it must have been through `barless`."""
    return f"||{text}||"


def barless(text: str) -> str:
    """Text without the marks of a spoiler, so that it can't end the one around it."""
    return _BARS.sub("|" + _BREAK, text)


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


def moment(at: datetime) -> str:
    """A moment as everybody's own Discord words it: `in 20 minutes`."""
    return f"<t:{int(at.timestamp())}:R>"


def link(place: Place, channel: int, message: int) -> str:
    """The address of a message."""
    return f"https://discord.com/channels/{'@me' if place.private else place.community}/{channel}/{message}"


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
    line = "Next in line" if spot.position <= 1 else f"{ordinal(spot.position)} in line"
    return line if spot.eta_s is None else f"{line} · {duration(spot.eta_s)}"


def bar_line(bar: Bar) -> str:
    """`▰▰▰▰▱▱▱▱▱▱  12/30 · about 25 s left`, with the label in front of the numbers."""
    share = bar.step / bar.total if bar.total > 0 else 0.0
    full = min(BAR_CELLS, max(0, int(share * BAR_CELLS)))
    cells = "▰" * full + "▱" * (BAR_CELLS - full)
    label = f"{plain(bar.label)} " if bar.label else ""
    left = f" · {duration(bar.eta_s)} left" if bar.eta_s is not None else ""
    return f"{cells}  {label}{bar.step}/{bar.total}{left}"


def file_name(prompt: str, number: int = 0) -> str:
    """A harmless name for a made video: `a-red-ball.mp4`."""
    words = re.findall(r"[a-z0-9]+", prompt.lower())
    stem = "-".join(words)[:40].strip("-") or "video"
    return f"{stem}.mp4" if number == 0 else f"{stem}-{number + 1}.mp4"
