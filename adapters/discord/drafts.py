"""Turns a view into what its messages on Discord should say. Pure; knows nothing of sending."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.base import MadeVideo, State, View
from adapters.discord import strings
from adapters.discord.markup import bar_line, harmless, plain, queue_line, subtext
from adapters.discord.splitting import LIMIT, split, units

_WITHOUT_NOTICE = {
    State.DONE: strings.NO_ANSWER,
    State.BLOCKED: strings.BLOCKED_HERE,
    State.CANCELLED: strings.CANCELLED,
    State.FAILED: strings.FAILED_HERE,
}


@dataclass(frozen=True)
class Draft:
    """`pages` are the message and its continuations, never empty; `videos` belong to the first one."""

    pages: tuple[str, ...]
    videos: tuple[MadeVideo, ...] = ()
    can_cancel: bool = False


def has_private_part(view: View) -> bool:
    """Whether the view says something that concerns its author alone."""
    return view.state in (State.BLOCKED, State.FAILED) and bool(view.notice.strip())


def draft(view: View, *, public: bool, told: bool = False) -> Draft:
    """Lay out a view. Where others read along (`public`) the notice is replaced by a neutral line.

    `told` says that the author got the notice privately.
    """
    body = harmless(view.text).strip()
    if not body and view.state is State.DONE and view.videos:
        body = plain(view.videos[0].prompt)
    pages = split(body) if body else []
    tail = "\n".join(_tail(view, public=public, told=told))
    if pages and tail:
        joined = pages[-1] + "\n" + tail
        pages = [*pages[:-1], joined] if units(joined) <= LIMIT else [*pages, *split(tail)]
    elif tail:
        pages = split(tail)
    return Draft(
        pages=tuple(pages) or (strings.PLACEHOLDER,),
        videos=view.videos if view.state is State.DONE else (),
        can_cancel=view.can_cancel and bool(view.request) and not view.state.final,
    )


def private_notice(view: View) -> str:
    """The notice for its author, with the number for the operator. At most one message long."""
    lines = [harmless(view.notice).strip()]
    if view.request:
        lines.append(subtext(f"request {view.request}"))
    return split("\n".join(lines))[0]


def _tail(view: View, *, public: bool, told: bool) -> list[str]:
    lines: list[str] = []
    if view.state.final:
        lines += _ending(view, public=public, told=told)
    elif view.state is State.WAITING and view.queue is not None:
        lines.append(queue_line(view.queue))
    elif view.bar is not None:
        lines.append(bar_line(view.bar))
    elif view.status:
        lines.append(plain(view.status))
    footers = [view.footer] if view.footer else []
    if view.state is State.DONE and view.not_covered:
        footers.append("not checked for " + ", ".join(view.not_covered))
    if view.state in (State.BLOCKED, State.FAILED) and view.request:
        footers = [f"request {view.request}"]
    if footers:
        lines.append(subtext(" · ".join(footers)))
    return lines


def _ending(view: View, *, public: bool, told: bool) -> list[str]:
    if not view.notice.strip():
        empty = not view.text.strip() and not view.videos
        return [_WITHOUT_NOTICE[view.state]] if empty or view.state is not State.DONE else []
    if not (public and has_private_part(view)):
        return [harmless(view.notice).strip()]
    line = strings.BLOCKED_HERE if view.state is State.BLOCKED else strings.FAILED_HERE
    return [f"{line} {strings.TOLD_PRIVATELY}" if told else line]
