"""Where commands, menus, buttons and dialogs arrive: each is acknowledged at once, done once, and handed on.

Knows Bolt's listeners; what comes of an interaction stands in `results.py`, `wishes.py` and `mine.py`.
"""

from __future__ import annotations

import logging
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from adapters.base import Wants
from adapters.shared import sentences
from adapters.shared.actions import Action
from adapters.shared.state import Notes
from adapters.slack import dialogs
from adapters.slack.answers import Answers
from adapters.slack.blocks import PREFIX
from adapters.slack.manifest import ASK_ABOUT, FORGET, GENERATE, MAKE_LIKE, QUEUE
from adapters.slack.markup import unescape
from adapters.slack.mine import DROP, FORGETTING, Mine, Reach
from adapters.slack.people import People
from adapters.slack.results import Results
from adapters.slack.tasks import Tasks
from adapters.slack.visit import Visit, key_of, of_command, of_dialog, of_interaction
from adapters.slack.wishes import Wishes
from adapters.slack.workspace import Workspace

log = logging.getLogger(__name__)

REMEMBERED_S = 30 * 60.0  # Slack delivers again for some minutes; a dialog may be sent again for as long as it is open
REMEMBERED = 4096
TAKEN_LATE_S = 30 * 60.0  # after half an hour nobody waits for what they pressed, and no private word reaches them
NOTES_FILE = "slack-interactions.json"


class Kind(StrEnum):
    """What kind of interaction something is. The value is noted on the disk."""

    COMMAND = "command"
    MENU = "menu"
    PRESS = "press"  # a button under an answer
    DROP = "drop"  # a "Cancel" of `/queue`
    FORGET = "forget"  # a button of `/forget`
    DIALOG = "dialog"  # one that was sent


@dataclass(frozen=True)
class _Errand:
    """What an interaction leads to. `lasting`: Slack has our word for it and nobody will ask again, so that a process
    which is killed over it leaves it to the next one. What only shows something is not: its moment has passed."""

    read: Callable[[Mapping[str, Any], Workspace, Answers], Visit]
    work: Callable[[Visit], Awaitable[None]]
    lasting: bool = False


class Counter:
    """Every interaction that is not an admin's."""

    def __init__(
        self, answers: Answers, people: People, tasks: Tasks, notes: Notes, now: Callable[[], float] = time.time
    ) -> None:
        """`notes` keep what is under way for the next process. `now` is in Unix seconds."""
        self._answers = answers
        self._tasks = tasks
        self._notes = notes
        self._now = now
        self._done: OrderedDict[str, float] = OrderedDict()
        self._wishes = Wishes(answers, people)
        self._results = Results(answers, people, self._wishes)
        self._mine = Mine(answers, people)

    # --- what Bolt calls ------------------------------------------------------------------------------------------

    async def command(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """`/generate`, `/queue` or `/forget`."""
        await self._take(Kind.COMMAND, ack, body, context)

    async def menu(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """An entry of a message's menu."""
        await self._take(Kind.MENU, ack, body, context)

    async def press(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """A button under an answer."""
        await self._take(Kind.PRESS, ack, body, context)

    async def press_drop(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """A "Cancel" of `/queue`."""
        await self._take(Kind.DROP, ack, body, context)

    async def press_forget(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """A button of `/forget`."""
        await self._take(Kind.FORGET, ack, body, context)

    async def dialog(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """A dialog that was sent: what is wrong with it is shown in it, and it stays open."""
        sent = self._submission(body)
        if sent is not None and sent.errors:
            await ack(response_action="errors", errors=dict(sent.errors))
        else:
            await self._take(Kind.DIALOG, ack, body, context)

    async def resume(self) -> None:
        """Do what an earlier process had acknowledged, and was killed over."""
        for key, noted in list((await self._notes.load()).items()):
            try:
                kind, team, at = Kind(noted["kind"]), str(noted["team"]), float(noted["at"])
                body: dict[str, Any] = dict(noted["body"])
            except (KeyError, TypeError, ValueError):
                kind, team, body, at = Kind.MENU, "", {}, 0.0
            if self._now() - at > TAKEN_LATE_S:
                await self._notes.drop(key)
            elif not self._is_done(key):
                self._tasks.start(self._work(kind, team, body, key, again=True), f"slack interaction {key}")

    # --- once -----------------------------------------------------------------------------------------------------

    async def _take(self, kind: Kind, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """Acknowledge, and do it once, however often it is delivered."""
        await ack()
        key = key_of(body)
        if self._is_done(key):
            log.info("interaction %s came once more", key)
            return
        authorized = context.authorize_result
        team = (authorized.team_id if authorized is not None else None) or context.team_id or ""
        self._tasks.start(self._work(kind, team, body, key), f"slack interaction {key}")

    async def _work(self, kind: Kind, team: str, body: dict[str, Any], key: str, *, again: bool = False) -> None:
        workspace = await self._answers.workspaces.get(team)
        errand = self._errand(kind, body)
        if workspace is None or errand is None:
            log.warning("interaction %s from workspace %s leads nowhere", key, team)
            await self._notes.drop(key)
            return
        if errand.lasting:
            await self._notes.put(key, {"kind": kind, "team": team, "body": body, "at": self._now()})
        visit = replace(errand.read(body, workspace, self._answers), again=again)
        try:
            await errand.work(visit)
        except Exception:
            log.exception("interaction %s broke", visit.key)
            await visit.whisper(sentences.BROKEN)
        await self._notes.drop(key)

    def _is_done(self, key: str) -> bool:
        """Whether this was begun already; from now on it was."""
        now = self._now()
        while self._done and (len(self._done) > REMEMBERED or next(iter(self._done.values())) < now - REMEMBERED_S):
            self._done.popitem(last=False)
        if key in self._done:
            return True
        self._done[key] = now
        return False

    # --- what it leads to -----------------------------------------------------------------------------------------

    def _errand(self, kind: Kind, body: dict[str, Any]) -> _Errand | None:
        """None for what makes no sense."""
        match kind:
            case Kind.COMMAND:
                return self._of_command(str(body["command"]), unescape(str(body.get("text") or "")).strip())
            case Kind.MENU:
                about = dialogs.Kind.ASK if body["callback_id"] == ASK_ABOUT.callback_id else dialogs.Kind.LIKE
                return _Errand(of_interaction, lambda visit: self._wishes.open_about(visit, about))
            case Kind.DIALOG:
                return self._of_dialog(body)
            case _:
                pressed = body["actions"][0]
                return self._of_press(kind, str(pressed["action_id"]), str(pressed.get("value") or ""))

    def _of_command(self, name: str, text: str) -> _Errand | None:
        if name == GENERATE.name:
            return _Errand(of_command, lambda visit: self._wishes.generate(visit, text), lasting=bool(text))
        if name == QUEUE.name:
            return _Errand(of_command, self._mine.show_queue)
        reach = Reach.EVERYWHERE if text.casefold() in _EVERYWHERE else Reach.HERE
        return _Errand(of_command, lambda visit: self._mine.offer_forget(visit, reach))

    def _of_press(self, kind: Kind, action_id: str, value: str) -> _Errand:
        if kind is Kind.DROP:
            return _Errand(of_interaction, lambda visit: self._mine.drop(visit, value), lasting=True)
        if kind is Kind.PRESS:
            action = Action(action_id.removeprefix(PREFIX))
            return _Errand(
                of_interaction, lambda visit: self._results.press(visit, action, value), lasting=action in _LASTING
            )
        sure, _, name = action_id.removeprefix(FORGETTING).partition(":")
        reach = Reach(name)
        if sure == "yes":
            return _Errand(of_interaction, lambda visit: self._mine.forget(visit, reach), lasting=True)
        return _Errand(of_interaction, lambda visit: self._mine.offer_forget(visit, reach, same=True))

    def _of_dialog(self, body: dict[str, Any]) -> _Errand | None:
        sent = self._submission(body)
        if sent is None:
            return None
        new = sent.kind in (dialogs.Kind.GENERATE, dialogs.Kind.ASK, dialogs.Kind.LIKE)
        take = self._wishes.take if new else self._results.take
        return _Errand(of_dialog, lambda visit: take(visit, sent), lasting=True)

    def _submission(self, body: dict[str, Any]) -> dialogs.Submission | None:
        return dialogs.submission(body["view"], self._answers.handler.models(Wants.GENERATE))


_EVERYWHERE = frozenset({"everywhere", "all", "everything"})
_ACTION = re.compile(rf"{re.escape(PREFIX)}(?:{'|'.join(Action)})")
_DROP = re.compile(rf"{re.escape(DROP)}\d+")
_FORGETTING = re.compile(rf"{re.escape(FORGETTING)}(?:yes|show):(?:{'|'.join(Reach)})")
_DIALOG = re.compile(rf"{re.escape(PREFIX)}dialog:(?:{'|'.join(dialogs.Kind)})")
_LASTING = frozenset({Action.CANCEL, Action.AGAIN, Action.LONGER, Action.OTHER_SEED, Action.DELETE})


def register_counter(app: AsyncApp, counter: Counter) -> None:
    """Let the app hand over its commands, its menus, its buttons and its dialogs."""
    for command in (GENERATE, QUEUE, FORGET):
        app.command(command.name)(counter.command)
    for shortcut in (ASK_ABOUT, MAKE_LIKE):
        app.message_shortcut(shortcut.callback_id)(counter.menu)
    app.action(_whole(_ACTION))(counter.press)
    app.action(_whole(_DROP))(counter.press_drop)
    app.action(_whole(_FORGETTING))(counter.press_forget)
    app.view_submission(_whole(_DIALOG))(counter.dialog)


def _whole(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """Bolt looks for a pattern anywhere in an id."""
    return re.compile(rf"\A(?:{pattern.pattern})\Z")
