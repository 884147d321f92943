"""Turns a view into what its messages on Discord should say. Pure; knows nothing of sending."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.base import Chip, MadeVideo, State, View
from adapters.discord import strings
from adapters.discord.markup import bar_line, barless, harmless, hidden, plain, subtext
from adapters.discord.splitting import LIMIT, split
from adapters.shared.actions import Action, is_private, offered
from adapters.shared.splitting import units
from adapters.shared.words import clock, listing, queue_line, shorten

PROMPT_SHOWN = 500  # characters of a wish that stand beside its video
WARNINGS_SHOWN = 3
SPOILER_ROOM = len("||||")

_WITHOUT_NOTICE = {
    State.DONE: strings.NO_ANSWER,
    State.BLOCKED: strings.BLOCKED_HERE,
    State.CANCELLED: strings.CANCELLED,
    State.FAILED: strings.FAILED_HERE,
}


@dataclass(frozen=True)
class Draft:
    """`pages` are the message and its continuations, never empty; `videos` belong to the first one.

    `spoiler` hides the videos until somebody wants to see them. The buttons of `actions` stand under page `seat`.
    """

    pages: tuple[str, ...]
    videos: tuple[MadeVideo, ...] = ()
    actions: tuple[Action, ...] = ()
    spoiler: bool = False

    @property
    def seat(self) -> int:
        return 0 if self.videos or Action.CANCEL in self.actions else len(self.pages) - 1


def draft(view: View, *, public: bool, told: bool = False) -> Draft:
    """Lay out a view. Where others read along (`public`) the notice is replaced by a neutral line.

    `told` says that the author got the notice privately.
    """
    pages = _body(view)
    tail = "\n".join(_tail(view, public=public, told=told))
    if pages and tail:
        joined = pages[-1] + "\n" + tail
        pages = [*pages[:-1], joined] if units(joined) <= LIMIT else [*pages, *split(tail)]
    elif tail:
        pages = split(tail)
    return Draft(
        pages=tuple(pages) or (strings.PLACEHOLDER,),
        videos=view.videos if view.state is State.DONE else (),
        actions=offered(view, public=public),
        spoiler=warned(view, "video"),
    )


def private_notice(view: View) -> str:
    """The notice for its author, with the number for the operator. At most one message long."""
    lines = [harmless(view.notice).strip()]
    if view.request:
        lines.append(subtext(f"request {view.request}"))
    return split("\n".join(lines))[0]


def warned(view: View, where: str) -> bool:
    """Whether a verdict lets something through with a warning there."""
    return any(chip.action == "warn" and chip.where == where for chip in view.chips)


def _body(view: View) -> list[str]:
    """The answer's own words; behind spoilers, each page for itself, when there is a warning about them."""
    body = harmless(view.text).strip()
    if body and warned(view, "answer"):
        return [hidden(page) for page in split(barless(body), LIMIT - SPOILER_ROOM)]
    if not body and view.state is State.DONE and view.videos:
        body = _prompts(view)
    return split(body) if body else []


def _prompts(view: View) -> str:
    """What the videos were made from; each wish once."""
    wishes = [plain(shorten(prompt, PROMPT_SHOWN)) for prompt in dict.fromkeys(video.prompt for video in view.videos)]
    return "\n".join(hidden(wish) if warned(view, "prompt") else wish for wish in wishes if wish)


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
    if view.state is State.DONE:
        lines += [subtext(line) for line in _remarks(view)]
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
    if not (public and is_private(view)):
        return [harmless(view.notice).strip()]
    line = strings.BLOCKED_HERE if view.state is State.BLOCKED else strings.FAILED_HERE
    return [f"{line} {strings.TOLD_PRIVATELY}" if told else line]


def _remarks(view: View) -> list[str]:
    """What stands above the footer of a result: the wish behind a video, and what the checks warn of."""
    remarks: list[str] = []
    if view.text.strip() and view.videos:
        remarks += [strings.MADE_FROM.format(prompt=line) for line in _prompts(view).splitlines()]
    warnings = sorted((chip for chip in view.chips if chip.action == "warn"), key=lambda chip: -chip.score)
    if warnings:
        remarks.append(strings.SENSITIVE.format(what=listing([_warning(chip) for chip in warnings[:WARNINGS_SHOWN]])))
    return remarks


def _warning(chip: Chip) -> str:
    place = strings.WHERE.get(chip.where, chip.where)
    at = f" at {clock(chip.time_s)}" if chip.time_s is not None else ""
    return f"{plain(chip.category)} {chip.score:.2f} in {place}{at}"
