"""Where commands, menus, buttons and dialogs arrive: each is acknowledged at once, done once, and handed on.

Knows Bolt's listeners; what comes of an interaction stands in `results.py`, `wishes.py` and `mine.py`.
"""

from __future__ import annotations

import logging
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from adapters.base import Wants
from adapters.shared import sentences
from adapters.shared.actions import Action
from adapters.slack.answers import Answers
from adapters.slack.blocks import PREFIX
from adapters.slack.dialogs import Kind, Submission, submission
from adapters.slack.manifest import ASK_ABOUT, FORGET, GENERATE, MAKE_LIKE, QUEUE
from adapters.slack.markup import unescape
from adapters.slack.mine import DROP, FORGETTING, Mine, Reach
from adapters.slack.people import People
from adapters.slack.results import Results
from adapters.slack.tasks import Tasks
from adapters.slack.visit import Visit, key_of, of_command, of_dialog, of_interaction
from adapters.slack.wishes import Wishes

log = logging.getLogger(__name__)

REMEMBERED_S = 30 * 60.0  # Slack delivers again for some minutes; a dialog may be sent again for as long as it is open
REMEMBERED = 4096

Reader = Callable[[Mapping[str, Any], Any, Answers], Visit]


class Counter:
    """Every interaction that is not an admin's."""

    def __init__(
        self, answers: Answers, people: People, tasks: Tasks, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._answers = answers
        self._tasks = tasks
        self._now = now
        self._done: OrderedDict[str, float] = OrderedDict()
        self._wishes = Wishes(answers, people)
        self._results = Results(answers, people, self._wishes)
        self._mine = Mine(answers, people)

    # --- what Bolt calls ------------------------------------------------------------------------------------------

    async def command(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """`/generate`, `/queue` or `/forget`."""
        await ack()
        text = unescape(str(body.get("text") or "")).strip()
        match body["command"]:
            case GENERATE.name:
                self._serve(of_command, body, context, lambda visit: self._wishes.generate(visit, text))
            case QUEUE.name:
                self._serve(of_command, body, context, self._mine.show_queue)
            case FORGET.name:
                reach = Reach.EVERYWHERE if text.casefold() in _EVERYWHERE else Reach.HERE
                self._serve(of_command, body, context, lambda visit: self._mine.offer_forget(visit, reach))

    async def menu(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """An entry of a message's menu."""
        await ack()
        kind = Kind.ASK if body["callback_id"] == ASK_ABOUT.callback_id else Kind.LIKE
        self._serve(of_interaction, body, context, lambda visit: self._wishes.open_about(visit, kind))

    async def press(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """A button under an answer."""
        await ack()
        pressed = body["actions"][0]
        action, request = Action(str(pressed["action_id"]).removeprefix(PREFIX)), str(pressed.get("value") or "")
        self._serve(of_interaction, body, context, lambda visit: self._results.press(visit, action, request))

    async def press_drop(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """A "Cancel" of `/queue`."""
        await ack()
        request = str(body["actions"][0].get("value") or "")
        self._serve(of_interaction, body, context, lambda visit: self._mine.drop(visit, request))

    async def press_forget(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """A button of `/forget`."""
        await ack()
        sure, _, name = str(body["actions"][0]["action_id"]).removeprefix(FORGETTING).partition(":")
        reach = Reach(name)
        if sure == "yes":
            self._serve(of_interaction, body, context, lambda visit: self._mine.forget(visit, reach))
        else:
            self._serve(of_interaction, body, context, lambda visit: self._mine.offer_forget(visit, reach, same=True))

    async def dialog(self, ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        """A dialog that was sent: what is wrong with it is shown in it, and it stays open."""
        sent = submission(body["view"], self._answers.handler.models(Wants.GENERATE))
        if sent is None:
            await ack()
            return
        if sent.errors:
            await ack(response_action="errors", errors=dict(sent.errors))
            return
        await ack()
        self._serve(of_dialog, body, context, lambda visit: self._take(visit, sent))

    # --- helpers --------------------------------------------------------------------------------------------------

    async def _take(self, visit: Visit, sent: Submission) -> None:
        if sent.kind in (Kind.GENERATE, Kind.ASK, Kind.LIKE):
            await self._wishes.take(visit, sent)
        else:
            await self._results.take(visit, sent)

    def _serve(
        self,
        read: Reader,
        body: dict[str, Any],
        context: AsyncBoltContext,
        work: Callable[[Visit], Awaitable[None]],
    ) -> None:
        """Do something once, after its acknowledgement, however often it is delivered."""
        key = key_of(body)
        if self._is_done(key):
            log.info("interaction %s came once more", key)
            return
        self._tasks.start(self._work(read, body, context, work), f"slack interaction {key}")

    async def _work(
        self,
        read: Reader,
        body: dict[str, Any],
        context: AsyncBoltContext,
        work: Callable[[Visit], Awaitable[None]],
    ) -> None:
        authorized = context.authorize_result
        team = (authorized.team_id if authorized is not None else None) or context.team_id or ""
        workspace = await self._answers.workspaces.get(team)
        if workspace is None:
            log.warning("an interaction came from workspace %s, where the app is not installed", team)
            return
        visit = read(body, workspace, self._answers)
        try:
            await work(visit)
        except Exception:
            log.exception("interaction %s broke", visit.key)
            await visit.whisper(sentences.BROKEN)

    def _is_done(self, key: str) -> bool:
        """Whether this was begun already; from now on it was."""
        now = self._now()
        while self._done and (len(self._done) > REMEMBERED or next(iter(self._done.values())) < now - REMEMBERED_S):
            self._done.popitem(last=False)
        if key in self._done:
            return True
        self._done[key] = now
        return False


_EVERYWHERE = frozenset({"everywhere", "all", "everything"})
_ACTION = re.compile(rf"{re.escape(PREFIX)}(?:{'|'.join(Action)})")
_DROP = re.compile(rf"{re.escape(DROP)}\d+")
_FORGETTING = re.compile(rf"{re.escape(FORGETTING)}(?:yes|show):(?:{'|'.join(Reach)})")
_DIALOG = re.compile(rf"{re.escape(PREFIX)}dialog:(?:{'|'.join(Kind)})")


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
