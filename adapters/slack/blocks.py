"""Turns a view into what its messages on Slack should look like. Pure; knows nothing of sending."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.base import MadeVideo, State, View
from adapters.shared import lines, sentences
from adapters.shared.actions import Action, offered, offered_privately
from adapters.shared.lines import warned as warned
from adapters.shared.words import shorten
from adapters.slack import strings
from adapters.slack.dialect import SLACK
from adapters.slack.markup import PAGE, SECTION, paged, plain, sections

Block = dict[str, Any]

PREFIX = "g4v:"  # an action id is this and the action; the button's value is the request
LABEL = 75  # characters of a button
BUTTONS_IN_ROW = 5  # Slack takes 25, but more than these wrap on a telephone
CONTEXT_PARTS = 10
NOTICE_SECTIONS = 2  # a notice is a few sentences; what is longer than this is cut
STATUS = 500  # characters

_LABELS = {
    Action.CANCEL: sentences.CANCEL,
    Action.AGAIN: sentences.AGAIN,
    Action.VARY: sentences.VARY,
    Action.LONGER: sentences.LONGER,
    Action.FRAMES: sentences.FRAMES,
    Action.DELETE: sentences.DELETE,
    Action.REPORT: sentences.REPORT,
    Action.WHY: sentences.WHY,
    Action.APPEAL: sentences.APPEAL,
    Action.OTHER_SEED: sentences.OTHER_SEED,
}


@dataclass(frozen=True)
class Page:
    """One message: `text` is for notifications and screen readers, `blocks` for everybody else."""

    text: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Layout:
    """`pages` are the message and its continuations, never empty; `videos` belong to the first one.

    `closing` is what stands under the last words (notice, progress, footer, buttons), by itself: for words that were
    streamed and need not be sent again. The last page ends with it too.
    """

    pages: tuple[Page, ...]
    videos: tuple[MadeVideo, ...] = ()
    actions: tuple[Action, ...] = ()
    closing: tuple[Block, ...] = ()

    @property
    def text(self) -> str:
        """That of the first message."""
        return self.pages[0].text

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Those of the first message."""
        return self.pages[0].blocks


def layout(view: View, *, public: bool, told: bool = False) -> Layout:
    """Lay out a view. Where others read along (`public`) the notice is replaced by a neutral line.

    `told` says that the author got the notice privately.
    """
    actions = offered(view, public=public)
    notice = _notice(view, public=public, told=told)
    closing = [
        *(section(piece) for piece in notice),
        *context([*lines.remarks(view, SLACK), plain(lines.footer(view))]),
        *buttons(view.request, actions),
    ]
    words = _words(view)
    if not words and not notice and not view.videos:
        closing.insert(0, section(sentences.PLACEHOLDER))
    pages = [[section(piece) for piece in page] for page in words] or [[]]
    if _length(pages[-1]) + _length(closing) > PAGE:
        pages.append([])
    pages[-1] += closing
    return Layout(
        pages=tuple(page_of(page) for page in pages),
        videos=view.videos if view.state is State.DONE else (),
        actions=actions,
        closing=tuple(closing),
    )


def private_layout(view: View) -> Page:
    """The notice for its author, with what they can do about it, and the number for the operator."""
    blocks = [section(piece) for piece in sections(view.notice)[:NOTICE_SECTIONS]]
    footer = [plain(lines.request_line(view))] if view.request else []
    return page_of([*blocks, *context(footer), *buttons(view.request, offered_privately(view))])


def cut(text: str, most: int) -> str:
    """Mrkdwn of at most `most` characters; no escaped character and no link is cut in two."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    for mark, end in (("<", ">"), ("&", ";")):
        start = kept.rfind(mark)
        if start > kept.rfind(end):
            kept = kept[:start]
    return f"{kept}…"


# --- blocks -----------------------------------------------------------------------------------------------------------


def section(text: str) -> Block:
    """Words in mrkdwn, shown whole."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, SECTION)}, "expand": True}


def context(said: Sequence[str]) -> list[Block]:
    """Lines of small print in mrkdwn; no block when there are none."""
    parts = [{"type": "mrkdwn", "text": cut(line, SECTION)} for line in said if line]
    return [{"type": "context", "elements": parts[:CONTEXT_PARTS]}] if parts else []


def button(label: str, action_id: str, value: str, **more: Any) -> Block:
    """A button; the label is plain text. `more` are fields as Slack names them, `style` for example."""
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": shorten(label, LABEL), "emoji": True},
        "action_id": action_id,
        "value": value,
        **more,
    }


def rows(elements: Sequence[Block], name: str) -> list[Block]:
    """Buttons in rows that fit on a telephone. `name` keeps the block ids of one message apart."""
    cut = [elements[at : at + BUTTONS_IN_ROW] for at in range(0, len(elements), BUTTONS_IN_ROW)]
    return [
        {"type": "actions", "block_id": f"{PREFIX}{name}:{number}", "elements": list(each)}
        for number, each in enumerate(cut)
    ]


def buttons(request: str, actions: Sequence[Action]) -> list[Block]:
    """The buttons for a request. All they need stands in them, so they outlive any restart."""
    elements = [
        button(_LABELS[action], f"{PREFIX}{action}", request, **(_CAREFULLY if action is Action.DELETE else {}))
        for action in actions
    ]
    return rows(elements, "do")


def page_of(blocks: Sequence[Block]) -> Page:
    """Blocks as a message, with the first words of them as its text."""
    return Page(text_of(blocks), tuple(blocks))


_CAREFULLY = {
    "confirm": {
        "title": {"type": "plain_text", "text": strings.DELETE_TITLE},
        "text": {"type": "plain_text", "text": strings.DELETE_ASK},
        "confirm": {"type": "plain_text", "text": strings.DELETE_YES},
        "deny": {"type": "plain_text", "text": strings.DELETE_NO},
        "style": "danger",
    }
}


def text_of(blocks: Sequence[Block]) -> str:
    """The first words of blocks, for notifications and screen readers."""
    sections_first = sorted(blocks, key=lambda block: block["type"] != "section")
    for block in sections_first:
        if block["type"] == "section":
            return str(block["text"]["text"])
        if block["type"] == "context":
            return str(block["elements"][0]["text"])
    return sentences.PLACEHOLDER


def _length(blocks: Sequence[Block]) -> int:
    """Characters of all words in sections and small print."""
    return sum(
        len(part["text"])
        for block in blocks
        for part in (block.get("elements") or [block.get("text")])
        if isinstance(part.get("text"), str)
    )


# --- words ------------------------------------------------------------------------------------------------------------


def _words(view: View) -> list[list[str]]:
    """The answer's own words in mrkdwn, by message and section; for a video without any what it was made from."""
    if not view.text.strip() and view.state is State.DONE and view.videos:
        wishes = lines.wishes(view, SLACK)
        return [wishes] if wishes else []
    return paged(view.text.strip())


def _notice(view: View, *, public: bool, told: bool) -> list[str]:
    """What is going on, or how it ended, in mrkdwn."""
    if not view.state.final:
        line = lines.progress(view, SLACK)
        return [cut(line, STATUS)] if line else []
    return sections_of(lines.ending(view, SLACK, public=public, told=told))


def sections_of(shown: str) -> list[str]:
    """Lines of mrkdwn in few sections; a line that is longer than one is cut."""
    found: list[str] = []
    for line in shown.splitlines():
        if found and len(found[-1]) + 1 + len(line) <= SECTION:
            found[-1] += f"\n{line}"
        else:
            found.append(cut(line, SECTION))
    return [piece for piece in found if piece.strip()][:NOTICE_SECTIONS]
