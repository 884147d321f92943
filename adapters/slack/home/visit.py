"""One press, form or opening of the Home: who acts, what they look at, and how they are answered. Knows no pages."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from adapters.base import Author, Place, Scope
from adapters.slack.home import strings
from adapters.slack.home.kit import Block, Element, chosen, form, section, without_choices
from adapters.slack.markup import escape
from adapters.slack.workspace import PLATFORM, UNREACHED, Workspace, code_of

log = logging.getLogger(__name__)

HASTE_S = 1.2  # a form is opened within the 3 s of its trigger; what takes longer than this fills it in afterwards
_REMEMBERED = 4096
_UNUSABLE = frozenset({"expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id", "trigger_expired"})
_REFUSED = frozenset({"invalid_arguments", "invalid_blocks", "view_invalid"})
_MOVED_ON = frozenset({"hash_conflict", "not_found", "view_not_found"})


class Stale(Exception):
    """A control or a form that this version does not know any more."""


class Draw(Protocol):
    """Builds the blocks of a page and publishes it. `said` is mrkdwn."""

    async def __call__(self, visit: Visit, page: str, said: str = "") -> None: ...


class Turns:
    """Which of somebody's presses was the last: only that one decides what their Home shows in the end."""

    def __init__(self) -> None:
        self._taken = 0
        self._shown: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}

    def take(self) -> int:
        self._taken += 1
        return self._taken

    async def show(self, who: tuple[str, str], turn: int, publish: Callable[[], Awaitable[Any]]) -> bool:
        """Publish unless a later turn has been published already; False then."""
        lock = self._locks.setdefault(who, asyncio.Lock())
        async with lock:
            if turn < self._shown.get(who, 0):
                return False
            await publish()
            self._shown[who] = turn
            self._shown.move_to_end(who)
            while len(self._shown) > _REMEMBERED:
                gone, _ = self._shown.popitem(last=False)
                if gone != who:
                    self._locks.pop(gone, None)
        return True


@dataclass(frozen=True)
class Visit:
    """Who acts, and on what. `view` is the Home or the form that they acted in, empty for a card in a channel.

    `page` is the page of the Home that they look at; it also stands in the forms that are opened from it.
    """

    workspace: Workspace
    author: Author
    draws: Draw = field(repr=False)
    page: str = "me"
    trigger: str = ""
    view: Mapping[str, Any] = field(default_factory=dict, repr=False)
    action: Mapping[str, Any] = field(default_factory=dict, repr=False)
    channel: str = ""  # of a card
    ts: str = ""  # of a card
    turn: int = 0

    @property
    def scope(self) -> Scope:
        """The whole workspace."""
        return Scope(PLATFORM, self.workspace.team)

    @property
    def place(self) -> Place:
        """Where the quotas of the workspace count."""
        return Place(PLATFORM, self.workspace.team, "")

    @property
    def in_a_form(self) -> bool:
        return self.view.get("type") == "modal"

    @property
    def value(self) -> str:
        """What stands in the pressed button, or was chosen in the menu; empty for nothing."""
        return chosen(self.action)[0]

    async def draw(self, page: str, said: str = "") -> None:
        """Show a page of the Home, with a sentence (mrkdwn) above it."""
        await self.draws(self, page, said)

    async def say(self, sentence: str) -> None:
        """Tell the one who acted, and nobody else, where they look: in the Home, above the form, or in the channel."""
        if self.channel:
            await whisper(self.workspace, self.author.id, sentence, self.channel)
        elif not self.in_a_form or not await self._push(sentence):
            await self.draw(self.page, escape(sentence))

    async def _push(self, sentence: str) -> bool:
        view = message(sentence)
        try:
            await self.workspace.client.views_push(trigger_id=self.trigger, view=view)
        except UNREACHED as error:
            log.info("a sentence could not be shown above a form: %s", code_of(error) or error)
            return False
        return True

    # --- forms ----------------------------------------------------------------------------------------------------

    async def open(self, build: Awaitable[Element]) -> None:
        """Open a form. What takes long to be built is shown as soon as it is there, in a form that is open by then."""
        building = asyncio.ensure_future(build)
        done, _ = await asyncio.wait([building], timeout=HASTE_S)
        if done:
            await self._open(building.result())
            return
        waiting = form(strings.ONE_MOMENT, "wait", [section(strings.LOADING)], {}, close=strings.CANCEL)
        try:
            opened = await self._open(waiting)
        except BaseException:
            building.cancel()
            raise
        try:
            view = await building
        except (Stale, ValueError) as error:
            view = message(str(error) or strings.STALE)
        except Exception:
            log.exception("a form could not be built")
            view = message(strings.BROKEN)
        if opened is not None:
            await self._update(str(opened.get("id", "")), str(opened.get("hash", "")), view)

    async def _open(self, view: Element) -> Mapping[str, Any] | None:
        """None when it could not be opened any more; they have been told."""
        try:
            return await self._first_try(view)
        except UNREACHED as error:
            if code_of(error) not in _UNUSABLE:
                raise
            await self.say(strings.TOO_LATE)
            return None

    async def _first_try(self, view: Element) -> Mapping[str, Any]:
        client = self.workspace.client
        try:
            answer = await client.views_open(trigger_id=self.trigger, view=view)
        except UNREACHED as error:
            bare = bared(view, error)
            if bare is None:
                raise
            note = section(strings.PRESELECTED_GONE)
            bare["blocks"] = [note, *bare["blocks"]][:100]
            answer = await client.views_open(trigger_id=self.trigger, view=bare)
        return answer.get("view") or {}

    async def redo(self, view: Element) -> None:
        """Change the form that was acted in. One that has changed or was closed meanwhile is left as it is."""
        await self._update(str(self.view.get("id", "")), str(self.view.get("hash", "")), view)

    async def _update(self, id: str, hash: str, view: Element) -> None:
        try:
            await self.workspace.client.views_update(view_id=id, hash=hash, view=view)
        except UNREACHED as error:
            if code_of(error) not in _MOVED_ON:
                raise
            log.info("a form has moved on before it was redrawn: %s", code_of(error))


def bared(view: Element, error: Exception) -> Element | None:
    """The view without the channels and people that are chosen in it, if it may be for these that Slack refused it."""
    bare: Element = without_choices(view)
    if code_of(error) not in _REFUSED or bare == view:
        return None
    log.info("a view is shown without what is chosen in it now: %s", code_of(error))
    return bare


def message(sentence: str) -> Element:
    """A form with a sentence and nothing to fill in."""
    return form(strings.SORRY, "said", [section(escape(sentence))], {}, close=strings.CLOSE)


async def whisper(workspace: Workspace, user: str, sentence: str, channel: str) -> None:
    """Say something to one person: unseen by others in the channel, or else in a direct message."""
    text = escape(sentence)
    try:
        await workspace.client.chat_postEphemeral(channel=channel, user=user, text=text)
        return
    except UNREACHED as error:
        log.info("no word for one person in a channel: %s", code_of(error) or error)
    try:
        await workspace.client.chat_postMessage(channel=user, text=text)
    except UNREACHED as error:
        log.warning("user %s got no word: %s", user, code_of(error) or error)


@dataclass(frozen=True)
class Answer:
    """What becomes of a form that was sent: it closes, or shows errors at its fields, or changes into another view."""

    errors: Mapping[str, str] = field(default_factory=dict)  # plain sentences by the ids of fields
    view: Element | None = None
    page: str = ""  # of the Home, to be drawn when the form closes
    said: str = ""  # above it, in mrkdwn

    def acknowledgement(self) -> dict[str, Any]:
        if self.errors:
            return {"response_action": "errors", "errors": dict(self.errors)}
        if self.view is not None:
            return {"response_action": "update", "view": self.view}
        return {}


class Wrong(Exception):
    """A field of a form holds what can't be: the field's id, and a plain sentence for it."""

    def __init__(self, field_id: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field_id = field_id


def inputs(view: Mapping[str, Any]) -> Sequence[str]:
    """The ids of a form's fields."""
    blocks: Sequence[Block] = view.get("blocks") or ()
    return [str(block.get("block_id", "")) for block in blocks if block.get("type") == "input"]
