"""What somebody waits for, has used up, and has left behind, as lines that they read. Knows no buttons."""

from __future__ import annotations

from adapters.base import Exchange, Holdings, Usage
from adapters.shared import sentences
from adapters.shared.dialect import Dialect
from adapters.shared.words import bar_line, count, listing, queue_line, shorten, size

WORDS_SHOWN = 60  # characters of a question, and of what is going on with it: the list is one message


def waiting_line(exchange: Exchange, dialect: Dialect, link: str = "") -> str:
    """`a red ball · 2nd in line · about 40 s · https://…`"""
    view = exchange.view
    if view.queue is not None:
        state = queue_line(view.queue)
    elif view.bar is not None:
        state = bar_line(view.bar, dialect.plain(view.bar.label))
    else:
        state = dialect.plain(shorten(view.status, WORDS_SHOWN)) or sentences.RUNNING
    return " · ".join([asked(exchange, dialect), state, *([link] if link else [])])


def asked(exchange: Exchange, dialect: Dialect) -> str:
    """What somebody asked, or the names of the files that they posted without a word."""
    words = dialect.plain(shorten(exchange.text, WORDS_SHOWN))
    return words or dialect.plain(listing(exchange.attachments)) or sentences.NO_WORDS


def usage_line(usage: Usage, dialect: Dialect) -> str:
    """`videos: 3 of 10 in the past 24 hours`, and when the next is free once they are used up."""
    line = sentences.USED.format(
        measure=sentences.MEASURES[usage.measure],
        used=f"{usage.used:.4g}",
        amount=f"{usage.amount:.4g}" if usage.amount is not None else "∞",
        window=sentences.WINDOWS[usage.window],
    )
    spent = usage.amount is not None and usage.used >= usage.amount
    if spent and usage.frees_at is not None:
        return sentences.USED_FREES.format(line=line, moment=dialect.moment(usage.frees_at))
    return line


def held(holdings: Holdings) -> str:
    """`3 questions, 1 video and 2 clips in 2 conversations (14 MB of files)`; empty when nothing is kept."""
    counts = [
        (holdings.questions, "question", "questions"),
        (holdings.videos, "video", "videos"),
        (holdings.clips, "clip", "clips"),
    ]
    what = listing([count(number, one, many) for number, one, many in counts if number])
    conversations = count(holdings.conversations, "conversation", "conversations")
    if not what:
        return conversations if holdings.conversations else ""
    if holdings.conversations > 1:
        what = f"{what} in {conversations}"
    return f"{what} ({size(holdings.file_bytes)} of files)" if holdings.file_bytes else what
