"""Small pieces of Discord's markdown: text made harmless, footers, spoilers, moments, links. Pure."""

from __future__ import annotations

import re
from datetime import datetime

from adapters.base import Place

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


def moment(at: datetime) -> str:
    """A moment as everybody's own Discord words it: `in 20 minutes`."""
    return f"<t:{int(at.timestamp())}:R>"


def link(place: Place, channel: int, message: int) -> str:
    """The address of a message."""
    return f"https://discord.com/channels/{'@me' if place.private else place.community}/{channel}/{message}"
