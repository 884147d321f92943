"""The cards of cases: how one looks, and how it gets into the moderator channel and its thread. Rules on nothing.

Slack hides nothing behind a click, so the judged frame or the video is uploaded into the card's thread, and the card
says that it is there.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp

from adapters.base import Case, CaseState, DeliveryError, Exchange
from adapters.shared.admin import cases, sentences
from adapters.shared.admin.cases import Sheet
from adapters.slack.home import strings
from adapters.slack.home.dialect import HomeDialect
from adapters.slack.home.kit import Block, Element, button, cut, header, row, section, small
from adapters.slack.markup import escape, plain
from adapters.slack.records import Anchor
from adapters.slack.workspace import UNREACHED, Fault, Workspace, Workspaces, code_of, fault_of

log = logging.getLogger(__name__)

LookUp = Callable[[str], Awaitable[Exchange | None]]
"""Finds one exchange by its request (`Handler.look_up`), to link to it."""

_REF = re.compile(r"(\w{1,40})/(\w{1,40})/([\d.]{1,40})/([\w,]*)")
_CASE = re.compile(r"[\w-]{1,64}")
_EVENT_TYPE = "gpt4video_case"
_UPLOAD_S = 300
_LOOKED_BACK = 20  # messages of a channel, on the way to a card whose sending was answered by nothing
_SENTENCES = {
    "channel_not_found": strings.CARD_NO_CHANNEL,
    "is_archived": strings.CARD_ARCHIVED,
    "not_in_channel": strings.CARD_NOT_IN,
    "message_not_found": strings.CARD_GONE,
    "thread_not_found": strings.CARD_GONE,
    "cant_update_message": strings.CARD_GONE,
}
_GONE = frozenset({"message_not_found", "channel_not_found", "file_not_found", "file_deleted"})


@dataclass(frozen=True)
class Ref:
    """Where a card is, and which files stand in its thread."""

    team: str
    channel: str
    ts: str
    files: tuple[str, ...] = ()

    def dump(self) -> str:
        return f"{self.team}/{self.channel}/{self.ts}/{','.join(self.files)}"

    @classmethod
    def load(cls, ref: str) -> Ref | None:
        """None when `ref` is not one of a card."""
        match = _REF.fullmatch(ref)
        if match is None:
            return None
        return cls(match[1], match[2], match[3], tuple(each for each in match[4].split(",") if each))


def card(case: Case, *, link: str = "", missing: str = "", has_files: bool = False) -> list[Block]:
    """A case for moderators. `link` leads to what it is about, `missing` says what could not be shown."""
    dialect = dialect_of(case)
    said = cases.who_and_where(flat(case), dialect)
    blocks = [header(cases.title(case)), section(said + (f"\n<{link}|{strings.GO_THERE}>" if link else ""))]
    for name, value in cases.fields(flat(case), dialect, missing).items():
        blocks.append(section(f"*{name}*\n{value}"))
    if has_files and case.state is not CaseState.REMOVED:
        blocks.append(small(strings.IN_THE_THREAD))
    ruling = ruling_buttons(case)
    blocks += [row(*ruling, id="rule")] if ruling else []
    return [*blocks, small(f"{dialect.moment(case.at)} · {plain(cases.footer(case))}")]


def ruling_buttons(case: Case) -> list[Element]:
    """Nothing for closed cases, and for ids that are none."""
    if not _CASE.fullmatch(case.id):
        return []
    return [
        button(
            sentences.RULINGS[ruling],
            f"cas:rule:{ruling.value}",
            case.id,
            style="primary" if ruling in cases.FREEING else "danger",
        )
        for ruling in cases.rulings(case)
    ]


def flat(case: Case) -> Case:
    """The case without its thread: on Slack that is a time, and people know channels."""
    return replace(case, place=replace(case.place, thread=""))


def dialect_of(case: Case) -> HomeDialect:
    """Names those whom a case is about: a mention would call them to the moderators."""
    return HomeDialect(names={case.author.id: case.author.name, case.asker.id: case.asker.name})


class CaseCards:
    """Posts, redraws and removes the moderators' cards, one message per case."""

    def __init__(self, workspaces: Workspaces, look_up: LookUp) -> None:
        self._workspaces = workspaces
        self._look_up = look_up

    async def post(self, channel: str, case: Case) -> str:
        """Post a case's card, and what was judged into its thread. Returns its ref.

        Raises `DeliveryError` with a sentence when the card could not be posted; without its files it still stands.
        """
        workspace = await self._workspace(case.place.community)
        link = await self.link(workspace, case)
        sheets = cases.sheets(case)
        ts = await self._send(workspace, channel, case, card(case, link=link, has_files=bool(sheets)))
        files, missing = await self._enclose(workspace, channel, ts, sheets) if sheets else ((), "")
        if missing:
            blocks = card(case, link=link, missing=missing, has_files=bool(files))
            try:
                await workspace.client.chat_update(channel=channel, ts=ts, text=_text(case), blocks=blocks)
            except UNREACHED as error:  # the card stands all the same
                log.info("a card could not say that its files are missing: %s", code_of(error) or error)
        return Ref(workspace.team, channel, ts, files).dump()

    async def redraw(self, case: Case) -> None:
        """Make the card at `case.ref` look like the case. Raises `DeliveryError` with a sentence."""
        ref = Ref.load(case.ref)
        if ref is None:
            raise DeliveryError(strings.CARD_BAD_REF)
        workspace = await self._workspace(ref.team)
        if case.state is CaseState.REMOVED:  # nothing may show any more what is deleted now
            await self._discard(workspace, ref.files)
        blocks = card(case, link=await self.link(workspace, case), has_files=bool(ref.files))
        try:
            await workspace.client.chat_update(channel=ref.channel, ts=ref.ts, text=_text(case), blocks=blocks)
        except UNREACHED as error:
            raise _delivery_error(error) from error

    async def remove(self, ref: str) -> bool:
        """Delete a card and its files; what is gone already is fine. False when `ref` is none of a card.

        Raises `DeliveryError`.
        """
        found = Ref.load(ref)
        if found is None:
            return False
        workspace = await self._workspace(found.team)
        await self._discard(workspace, found.files)
        try:
            await workspace.client.chat_delete(channel=found.channel, ts=found.ts)
        except UNREACHED as error:
            if code_of(error) not in _GONE:
                raise _delivery_error(error) from error
        return True

    async def link(self, workspace: Workspace, case: Case) -> str:
        """Where the messages of the request are, as far as that is known; nobody can follow one into a direct chat."""
        if case.place.private or case.place.channel[:1] == "D":
            return ""
        try:
            exchange = await self._look_up(case.request)
        except Exception:
            log.exception("request %s could not be looked up for its card", case.request)
            return ""
        anchor = Anchor.load(exchange.ref) if exchange is not None else None
        if anchor is None or anchor.private or anchor.team != workspace.team:
            return ""
        try:
            found = await workspace.client.chat_getPermalink(channel=anchor.channel, message_ts=anchor.ts)
        except UNREACHED as error:
            log.info("no address for the answer of request %s: %s", case.request, code_of(error) or error)
            return ""
        return escape(str(found.get("permalink") or ""))

    async def _workspace(self, team: str) -> Workspace:
        workspace = await self._workspaces.get(team)
        if workspace is None:
            raise DeliveryError(strings.CARD_SIGNED_OFF)
        return workspace

    # --- the message ----------------------------------------------------------------------------------------------

    async def _send(self, workspace: Workspace, channel: str, case: Case, blocks: Sequence[Block]) -> str:
        """Post the card and return its ts. One whose sending was answered by nothing is looked for, not sent twice."""
        mark = {"event_type": _EVENT_TYPE, "event_payload": {"case": case.id[:64]}}
        try:
            sent = await workspace.client.chat_postMessage(
                channel=channel,
                text=_text(case),
                blocks=list(blocks),
                metadata=mark,
                unfurl_links=False,
                unfurl_media=False,
            )
        except UNREACHED as error:
            found = ""
            if fault_of(error) is Fault.PASSING:
                found = await self._sent_before(workspace, channel, mark)
            if not found:
                raise _delivery_error(error) from error
            return found
        return str(sent["ts"])

    async def _sent_before(self, workspace: Workspace, channel: str, mark: Mapping[str, Any]) -> str:
        """The ts of the card with this mark among the latest messages; empty when it is not there."""
        try:
            answer = await workspace.client.conversations_history(
                channel=channel, limit=_LOOKED_BACK, include_all_metadata=True
            )
        except UNREACHED:
            return ""
        posted = [each for each in answer.get("messages") or () if each.get("metadata") == mark]
        return str(posted[0]["ts"]) if posted else ""

    # --- files ----------------------------------------------------------------------------------------------------

    async def _enclose(
        self, workspace: Workspace, channel: str, ts: str, sheets: Sequence[Sheet]
    ) -> tuple[tuple[str, ...], str]:
        """Upload files into the card's thread. Returns their ids, and what could not be shown and why."""
        files: list[Element] = []
        missing: list[str] = []
        for sheet in sheets:
            try:
                files.append({"id": await self._upload(workspace, sheet), "title": cut(sheet.name, 200)})
            except OSError:
                missing.append(sentences.FILE_GONE)
            except (*UNREACHED, _Refused) as error:
                missing.append(strings.NOT_UPLOADED.format(why=plain(_why(error))))
        if files:
            try:
                await workspace.client.files_completeUploadExternal(
                    files=files, channel_id=channel, thread_ts=ts, initial_comment=strings.THREAD_NOTE
                )
            except UNREACHED as error:
                missing.append(strings.NOT_UPLOADED.format(why=plain(_why(error))))
                if fault_of(error) is not Fault.PASSING:  # else they may be there after all
                    files = []
        return tuple(str(file["id"]) for file in files), " ".join(dict.fromkeys(missing))

    async def _upload(self, workspace: Workspace, sheet: Sheet) -> str:
        """Hand Slack the bytes; nobody sees them yet. Raises `OSError` when the file can't be read."""
        path = Path(sheet.path)
        size = (await asyncio.to_thread(path.stat)).st_size
        if not size:
            raise FileNotFoundError(sheet.path)
        body = await asyncio.to_thread(path.open, "rb")
        with body:
            try:
                ticket = await workspace.client.files_getUploadURLExternal(filename=sheet.name, length=size)
                timeout = aiohttp.ClientTimeout(total=_UPLOAD_S)
                async with self._workspaces.session.post(
                    str(ticket["upload_url"]), data=body, timeout=timeout
                ) as response:
                    if response.status >= 400:
                        raise _Refused(f"HTTP {response.status}")
            except OSError as error:  # of the network, where the file's own were before
                raise _Refused(strings.NO_CONNECTION) from error
        return str(ticket["file_id"])

    async def _discard(self, workspace: Workspace, files: Sequence[str]) -> None:
        """Delete what was uploaded. Raises `DeliveryError` when something stays that must not."""
        for file in files:
            try:
                await workspace.client.files_delete(file=file)
            except UNREACHED as error:
                if code_of(error) not in _GONE:
                    raise _delivery_error(error) from error


class _Refused(Exception):
    """An upload that Slack did not take; the message is a few words why."""


def _text(case: Case) -> str:
    """What a notification shows of a card: nothing that was said."""
    return escape(cases.title(case))


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, _Refused) else code_of(error) or strings.NO_CONNECTION


def _delivery_error(error: Exception) -> DeliveryError:
    """A sentence for what Slack answered."""
    code, fault = code_of(error), fault_of(error)
    if code in _SENTENCES:
        return DeliveryError(_SENTENCES[code])
    if code == "missing_scope":
        data = getattr(getattr(error, "response", None), "data", None) or {}
        return DeliveryError(strings.CARD_NO_SCOPE.format(scope=data.get("needed") or "chat:write"))
    if fault is Fault.SIGNED_OFF:
        return DeliveryError(strings.CARD_SIGNED_OFF)
    if fault is Fault.PLACE_GONE:
        return DeliveryError(strings.CARD_NO_RIGHT)
    return DeliveryError(strings.CARD_FAILED.format(why=code or strings.NO_CONNECTION))
