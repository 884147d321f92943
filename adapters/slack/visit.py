"""One command, press, menu or dialog of somebody: who acts, where, and how they alone are answered.

Knows interactions and their deadlines; knows nothing of what is asked for.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from adapters.shared import sentences
from adapters.slack import strings
from adapters.slack.answers import Answers
from adapters.slack.blocks import Block, section
from adapters.slack.dialogs import Origin, moment, notice
from adapters.slack.workspace import UNREACHED, Fault, Workspace, code_of, fault_of

log = logging.getLogger(__name__)

# A trigger id opens a view within three seconds of the press; the way there and back takes its part of them.
PATIENCE_S = 1.0
_OPENED = ("exchanged_trigger_id", "duplicate_external_id")  # what a second try hears when the first got through


@dataclass(frozen=True)
class Said:
    """A sentence instead of a dialog, in mrkdwn."""

    text: str


@dataclass(frozen=True)
class Visit:
    """`key` is the interaction's own id, the same for every delivery of it. `message` is the one that the button is on
    or the menu was opened for, `thread` the ts that its thread begins with, empty outside of one."""

    workspace: Workspace
    answers: Answers
    user: str
    key: str
    channel: str = ""
    thread: str = ""
    trigger: str = ""
    response_url: str = field(default="", repr=False)
    message: Mapping[str, Any] = field(default_factory=dict, repr=False)
    ts: str = ""  # of that message
    ephemeral: bool = False  # whether only the one who acts sees that message
    again: bool = False  # whether an earlier process was killed over it, and may have begun

    @property
    def origin(self) -> Origin:
        """What a dialog has to know of where it was opened."""
        return Origin(self.channel, self.thread)

    # --- a private word -------------------------------------------------------------------------------------------

    async def whisper(self, text: str, blocks: Sequence[Block] = ()) -> None:
        """Say something in mrkdwn to the one who acts, and to nobody else."""
        shown = list(blocks) or [section(text)]
        said = {"response_type": "ephemeral", "replace_original": False, "text": text, "blocks": shown}
        if not self.thread and await self._respond(said):
            return
        if not await self.answers.whisper(
            self.workspace, self.channel or self.user, self.user, text, shown, thread=self.thread
        ):
            log.warning("interaction %s got no word", self.key)

    async def change(self, text: str, blocks: Sequence[Block] = ()) -> None:
        """Let the private message with the button say something else."""
        shown = list(blocks) or [section(text)]
        if not await self._respond({"replace_original": True, "text": text, "blocks": shown}):
            await self.whisper(text, blocks)

    async def _respond(self, said: dict[str, Any]) -> bool:
        """Use the address that came with the interaction, if any: five times in half an hour, without membership."""
        if not self.response_url:
            return False
        try:
            async with self.answers.workspaces.session.post(self.response_url, json=said) as response:
                if response.status < 300:
                    return True
                log.info("interaction %s: the response address answered %d", self.key, response.status)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.info("interaction %s: the response address was not reached: %s", self.key, error)
        return False

    # --- dialogs --------------------------------------------------------------------------------------------------

    async def open(self, view: Mapping[str, Any]) -> bool:
        """Open a dialog at once. False when Slack did not; they have been told."""
        named = {**view, "external_id": f"g4v:{self.key}"[:255]}
        for last in (False, True):
            try:
                await self.workspace.hasty.views_open(trigger_id=self.trigger, view=named)
            except UNREACHED as error:
                code, fault = code_of(error), fault_of(error)
                if last and code in _OPENED:
                    return True
                log.warning("interaction %s: its dialog was not opened: %s", self.key, code or error)
                if fault is Fault.PASSING and not last:
                    continue
                late = code in ("expired_trigger_id", *_OPENED)
                await self.whisper(strings.TOO_LATE if late else strings.DIALOG_NOT_OPENED)
                return False
            else:
                return True
        return False

    async def open_when_ready(self, making: Awaitable[Mapping[str, Any] | Said]) -> None:
        """Open the dialog that something makes; while that takes long, one that asks for a moment keeps its place.

        Of a sentence instead of a dialog they are told privately.
        """
        task = asyncio.ensure_future(making)
        await asyncio.wait({task}, timeout=PATIENCE_S)
        waiting = not task.done() and await self.open(moment())
        try:
            made = await task
        except Exception:
            log.exception("interaction %s broke", self.key)
            made = Said(sentences.BROKEN)
        if waiting:
            await self._refill(notice(made.text) if isinstance(made, Said) else made)
        elif isinstance(made, Said):
            await self.whisper(made.text)
        else:
            await self.open(made)

    async def _refill(self, view: Mapping[str, Any]) -> None:
        """Let the dialog that asked for a moment become another one. Who has closed it wants nothing more."""
        named = f"g4v:{self.key}"[:255]
        try:
            await self.workspace.client.views_update(external_id=named, view={**view, "external_id": named})
        except UNREACHED as error:
            log.info("interaction %s: its dialog was not filled: %s", self.key, code_of(error) or error)


# --- out of what Slack sends ------------------------------------------------------------------------------------------


def of_command(body: Mapping[str, Any], workspace: Workspace, answers: Answers) -> Visit:
    """A slash command. Slack knows none in threads."""
    return Visit(
        workspace=workspace,
        answers=answers,
        user=str(body["user_id"]),
        key=key_of(body),
        channel=str(body["channel_id"]),
        trigger=str(body.get("trigger_id") or ""),
        response_url=str(body.get("response_url") or ""),
    )


def of_interaction(body: Mapping[str, Any], workspace: Workspace, answers: Answers) -> Visit:
    """A pressed button or a message's menu."""
    container = body.get("container") or {}
    message = body.get("message") or {}
    ts = str(container.get("message_ts") or body.get("message_ts") or message.get("ts") or "")
    return Visit(
        workspace=workspace,
        answers=answers,
        user=str(body["user"]["id"]),
        key=key_of(body),
        channel=str((body.get("channel") or {}).get("id") or container.get("channel_id") or ""),
        thread=str(container.get("thread_ts") or message.get("thread_ts") or ""),
        trigger=str(body.get("trigger_id") or ""),
        response_url=str(body.get("response_url") or ""),
        message=message,
        ts=ts,
        ephemeral=bool(container.get("is_ephemeral")),
    )


def of_dialog(body: Mapping[str, Any], workspace: Workspace, answers: Answers) -> Visit:
    """A dialog that was sent. Where it was opened stands in it."""
    origin = Origin.load(str(body["view"].get("private_metadata") or ""))
    return Visit(
        workspace=workspace,
        answers=answers,
        user=str(body["user"]["id"]),
        key=key_of(body),
        channel=origin.channel,
        thread=origin.thread,
        trigger=str(body.get("trigger_id") or ""),
    )


def key_of(body: Mapping[str, Any]) -> str:
    """What tells one interaction from the next, however often it is delivered.

    A dialog is done once, also when its acknowledgement was lost and it is sent again, which gives a new trigger.
    """
    if body.get("type") == "view_submission":
        return f"view:{body['view']['id']}"
    if trigger := body.get("trigger_id"):
        return f"trigger:{trigger}"
    acted = [f"{each.get('action_id')}/{each.get('action_ts')}" for each in body.get("actions") or ()]
    return "action:" + ",".join(acted or [str(body.get("action_ts") or json.dumps(body, sort_keys=True)[:200])])
