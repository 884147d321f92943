"""Turns a view into what its messages on Discord should say. Pure; knows nothing of sending."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.base import MadeVideo, State, View
from adapters.discord.dialect import DISCORD
from adapters.discord.markup import barless, harmless, hidden, subtext
from adapters.discord.splitting import LIMIT, split
from adapters.shared import sentences
from adapters.shared.actions import Action, offered
from adapters.shared.lines import ending, footer, progress, remarks, request_line, warned, wishes
from adapters.shared.splitting import units

SPOILER_ROOM = len("||||")


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
        pages=tuple(pages) or (sentences.PLACEHOLDER,),
        videos=view.videos if view.state is State.DONE else (),
        actions=offered(view, public=public),
        spoiler=warned(view, "video"),
    )


def private_notice(view: View) -> str:
    """The notice for its author, with the number for the operator. At most one message long."""
    lines = [harmless(view.notice).strip()]
    if view.request:
        lines.append(subtext(request_line(view)))
    return split("\n".join(lines))[0]


def _body(view: View) -> list[str]:
    """The answer's own words; behind spoilers, each page for itself, when there is a warning about them."""
    body = harmless(view.text).strip()
    if body and warned(view, "answer"):
        return [hidden(page) for page in split(barless(body), LIMIT - SPOILER_ROOM)]
    if not body and view.state is State.DONE and view.videos:
        body = "\n".join(wishes(view, DISCORD))
    return split(body) if body else []


def _tail(view: View, *, public: bool, told: bool) -> list[str]:
    last = footer(view)
    lines = [
        progress(view, DISCORD),
        ending(view, DISCORD, public=public, told=told),
        *map(subtext, remarks(view, DISCORD)),
        subtext(last) if last else "",
    ]
    return [line for line in lines if line]
