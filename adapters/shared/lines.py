"""The lines of a message beside the answer's own words: what goes on, how it ended, what is worth knowing about it.

Knows views and a dialect; each platform lays these lines out in its own way.
"""

from __future__ import annotations

from adapters.base import Chip, State, View
from adapters.shared import sentences
from adapters.shared.actions import is_private
from adapters.shared.dialect import Dialect
from adapters.shared.words import bar_line, clock, listing, queue_line, shorten

PROMPT_SHOWN = 500  # characters of a wish that stand beside its video
WARNINGS_SHOWN = 3

_WITHOUT_NOTICE = {
    State.DONE: sentences.NO_ANSWER,
    State.BLOCKED: sentences.BLOCKED_HERE,
    State.CANCELLED: sentences.CANCELLED,
    State.FAILED: sentences.FAILED_HERE,
}


def warned(view: View, where: str) -> bool:
    """Whether a verdict lets something through with a warning there ("answer", "prompt", "video" …)."""
    return any(chip.action == "warn" and chip.where == where for chip in view.chips)


def progress(view: View, dialect: Dialect) -> str:
    """What goes on right now: the place in the queue, the steps, or the status; empty when there is nothing to say."""
    if view.state.final:
        return ""
    if view.state is State.WAITING and view.queue is not None:
        return queue_line(view.queue)
    if view.bar is not None:
        return bar_line(view.bar, dialect.plain(view.bar.label))
    return dialect.plain(view.status)


def ending(view: View, dialect: Dialect, *, public: bool, told: bool = False) -> str:
    """How it ended, where the result does not say so itself; empty for an answer that stands for itself.

    Where others read along (`public`) what concerns the author alone is replaced by a neutral line; `told` says that
    they got it privately.
    """
    if not view.state.final:
        return ""
    if not view.notice.strip():
        empty = not view.text.strip() and not view.videos
        return _WITHOUT_NOTICE[view.state] if empty or view.state is not State.DONE else ""
    if not (public and is_private(view)):
        return dialect.harmless(view.notice).strip()
    line = sentences.BLOCKED_HERE if view.state is State.BLOCKED else sentences.FAILED_HERE
    return f"{line} {sentences.TOLD_PRIVATELY}" if told else line


def wishes(view: View, dialect: Dialect) -> list[str]:
    """What the videos were made from, each wish once; hidden when a check warns of it."""
    said = [
        dialect.plain(shorten(prompt, PROMPT_SHOWN)) for prompt in dict.fromkeys(video.prompt for video in view.videos)
    ]
    return [dialect.hidden(wish) if warned(view, "prompt") else wish for wish in said if wish]


def remarks(view: View, dialect: Dialect) -> list[str]:
    """What stands in small print above the footer of a result: the wish behind a video, and what the checks warn of.

    A video without words has its wish as its words instead.
    """
    if view.state is not State.DONE:
        return []
    found: list[str] = []
    if view.text.strip() and view.videos:
        found += [sentences.MADE_FROM.format(prompt=wish) for wish in wishes(view, dialect)]
    warnings = sorted((chip for chip in view.chips if chip.action == "warn"), key=lambda chip: -chip.score)
    if warnings:
        what = listing([_warning(chip, dialect) for chip in warnings[:WARNINGS_SHOWN]])
        found.append(sentences.SENSITIVE.format(what=what))
    return found


def footer(view: View) -> str:
    """The last line: who answered and what nobody checked, or the number for the operator. Not yet escaped."""
    if view.state in (State.BLOCKED, State.FAILED) and view.request:
        return request_line(view)
    parts = [view.footer] if view.footer else []
    if view.state is State.DONE and view.not_covered:
        never = [category for category in view.not_covered if category not in view.unread]
        if never:
            parts.append("not checked for " + ", ".join(never))
        if view.unread:
            parts.append("language not covered by the checks")
    return " · ".join(parts)


def request_line(view: View) -> str:
    """The number for the operator."""
    return f"request {view.request}"


def _warning(chip: Chip, dialect: Dialect) -> str:
    place = sentences.WHERE.get(chip.where, chip.where)
    at = f" at {clock(chip.time_s)}" if chip.time_s is not None else ""
    return f"{dialect.plain(chip.category)} {chip.score:.2f} in {place}{at}"
