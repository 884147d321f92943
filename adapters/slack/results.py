"""What the buttons under an answer do: make it again, show the frames, delete, report, appeal, cancel.

The application decides who may; this room asks it, and says what came of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adapters.base import (
    Author,
    Case,
    Change,
    DeliveryError,
    Exchange,
    Handler,
    Place,
    Refusal,
    RemakeCommand,
    Still,
    Wants,
)
from adapters.shared import sentences
from adapters.shared.actions import Action, is_private
from adapters.shared.lines import warned
from adapters.shared.words import clock, listing
from adapters.slack import strings
from adapters.slack.answers import Answers
from adapters.slack.blocks import private_layout
from adapters.slack.dialect import SLACK
from adapters.slack.dialogs import Kind, Submission, words_dialog
from adapters.slack.people import People
from adapters.slack.records import Anchor
from adapters.slack.visit import Said, Visit
from adapters.slack.wishes import Wishes
from adapters.slack.workspace import UNREACHED, Fault, Workspace, code_of, fault_of

log = logging.getLogger(__name__)

FRAMES_SHOWN = 10  # files of one message
MEMBERS_READ = 5  # pages of a channel's members that are looked through for one person
MEMBERS_PAGE = 1000

_CHANGES = {Action.AGAIN: Change.AGAIN, Action.LONGER: Change.LONGER, Action.OTHER_SEED: Change.AGAIN}


@dataclass(frozen=True)
class _Wish:
    """How a video is to be made again."""

    request: str
    change: Change
    prompt: str = ""


class Results:
    """The buttons under answers, and the dialogs that some of them open."""

    def __init__(self, answers: Answers, people: People, wishes: Wishes) -> None:
        self._answers = answers
        self._people = people
        self._wishes = wishes

    @property
    def _handler(self) -> Handler:
        return self._answers.handler

    async def press(self, visit: Visit, action: Action, request: str) -> None:
        """Do what a button says."""
        match action:
            case Action.CANCEL:
                await self._cancel(visit, request)
            case Action.AGAIN | Action.LONGER | Action.OTHER_SEED:
                await self._remake(visit, _Wish(request, _CHANGES[action]))
            case Action.VARY:
                await visit.open_when_ready(self._vary_dialog(visit, request))
            case Action.FRAMES:
                await self._show_frames(visit, request)
            case Action.DELETE:
                await self._delete(visit, request)
            case Action.WHY:
                await self._say_why(visit, request)
            case Action.REPORT:
                await visit.open(words_dialog(Kind.REPORT, replace(visit.origin, request=request)))
            case Action.APPEAL:
                await visit.open(words_dialog(Kind.APPEAL, replace(visit.origin, request=request)))

    async def take(self, visit: Visit, sent: Submission) -> None:
        """Do what a dialog of these buttons asks for."""
        request, words = sent.about.request, sent.words
        match sent.kind:
            case Kind.VARY:
                await self._remake(visit, _Wish(request, Change.VARY, words))
            case Kind.REPORT:
                await self._hand_in(
                    visit, lambda author: self._handler.report(request, author, words), sentences.REPORTED
                )
            case Kind.APPEAL:
                await self._hand_in(
                    visit, lambda author: self._handler.appeal(request, author, words), sentences.APPEALED
                )

    async def _author(self, visit: Visit) -> Author:
        return await self._people.author(visit.workspace, visit.user, visit.channel)

    # --- running requests -----------------------------------------------------------------------------------------

    async def _cancel(self, visit: Visit, request: str) -> None:
        """Cancel for the one who asked or for a moderator; the application knows who asked."""
        if not await self._handler.cancel(request, await self._author(visit)):
            await visit.whisper(sentences.NOTHING_TO_CANCEL)

    # --- once more ------------------------------------------------------------------------------------------------

    async def _remake(self, visit: Visit, wish: _Wish) -> None:
        """Make it in the thread of the first one, also when the button stands in a direct message: the rules, the
        quotas and the people of that place are the ones that count."""
        exchange = await self._handler.look_up(wish.request)
        if exchange is None:
            await visit.whisper(sentences.GONE)
            return
        author, place = await self._where_it_was(visit, exchange)
        elsewhere = place.channel != visit.channel
        if elsewhere and not await self._is_in(visit.workspace, place, visit.user):
            await visit.whisper(strings.LEFT_THERE)
            return
        if await self._wishes.refused(visit, author, place, Wants.GENERATE):
            return
        reply = await self._wishes.begin(visit, author, place)
        if reply is None:
            return
        there = replace(place, thread=reply.anchor.root)
        command = RemakeCommand(visit.key, author, there, wish.request, wish.change, wish.prompt)
        await self._answers.admit(reply, lambda: self._handler.remake(command, reply))
        if elsewhere and (address := await permalink(visit.workspace, place.channel, reply.anchor.ts)):
            await visit.whisper(SLACK.say(sentences.MADE_THERE, link=address))

    async def _where_it_was(self, visit: Visit, exchange: Exchange) -> tuple[Author, Place]:
        """The thread of a request, and who acts there; where that is not known, the place they act from."""
        anchor = Anchor.load(exchange.ref)
        if anchor is None or anchor.team != visit.workspace.team:
            return await self._wishes.who_and_where(visit)
        return await self._wishes.who_and_where(replace(visit, channel=anchor.channel, thread=anchor.root))

    async def _is_in(self, workspace: Workspace, place: Place, user: str) -> bool:
        """Whether somebody is a member of a channel, as far as Slack says."""
        cursor = ""
        try:
            for _ in range(MEMBERS_READ):
                more: dict[str, Any] = {"cursor": cursor} if cursor else {}
                page = await workspace.client.conversations_members(channel=place.channel, limit=MEMBERS_PAGE, **more)
                if user in (page.get("members") or ()):
                    return True
                cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
                if not cursor:
                    return False
        except UNREACHED as error:
            log.info("who is in channel %s was not told: %s", place.channel, code_of(error) or error)
        return False

    async def _vary_dialog(self, visit: Visit, request: str) -> Mapping[str, Any] | Said:
        exchange = await self._handler.look_up(request)
        if exchange is None:
            return Said(sentences.GONE)
        if not exchange.view.videos:
            return Said(sentences.NO_VIDEO)
        why = await self._wishes.soon_refused(visit, Wants.GENERATE)
        if why:
            return Said(SLACK.harmless(why))
        return words_dialog(Kind.VARY, replace(visit.origin, request=request), exchange.view.videos[0].prompt)

    # --- looking --------------------------------------------------------------------------------------------------

    async def _show_frames(self, visit: Visit, request: str) -> None:
        """Send the frames to the one who asks, in a direct message.

        Slack has no files that one person alone sees in a channel, and ten pictures in the thread, posted for one
        curious person, would be everybody's.
        """
        exchange = await self._handler.look_up(request)
        if exchange is None:
            await visit.whisper(sentences.GONE)
            return
        stills = _spread(exchange.view.stills, FRAMES_SHOWN)
        files = await asyncio.to_thread(_read_stills, stills)
        if not files:
            await visit.whisper(sentences.NO_FRAMES)
            return
        shown = [still for still, _ in files]
        text = SLACK.say(sentences.FRAMES_SEEN, times=listing([_time(still, stills) for still in shown]))
        text = text if len(shown) == len(stills) else f"{text} {sentences.SOME_FRAMES_GONE}"
        text = f"{text} {strings.FRAMES_SENSITIVE}" if warned(exchange.view, "clip") else text
        here = visit.channel.startswith("D")
        try:
            await self._send_frames(visit, text, [_upload(still, picture, stills) for still, picture in files])
        except UNREACHED as error:
            log.warning("interaction %s: the frames were not sent: %s", visit.key, code_of(error) or error)
            await visit.whisper(strings.FRAMES_NOT_SENT)
        else:
            if not here:
                await visit.whisper(strings.FRAMES_SENT)

    async def _send_frames(self, visit: Visit, text: str, files: list[dict[str, Any]]) -> None:
        client = visit.workspace.client
        channel, thread = visit.channel, visit.thread
        if not channel.startswith("D"):
            channel, thread = str((await client.conversations_open(users=visit.user))["channel"]["id"]), ""
        await client.files_upload_v2(
            file_uploads=files, channel=channel, initial_comment=text, thread_ts=thread or None
        )

    async def _say_why(self, visit: Visit, request: str) -> None:
        exchange = await self._handler.look_up(request)
        if exchange is None:
            await visit.whisper(sentences.GONE)
        elif exchange.author.id != visit.user:
            await visit.whisper(sentences.NOT_YOURS_TO_READ)
        elif is_private(exchange.view):
            notice = private_layout(exchange.view)
            await visit.whisper(notice.text, notice.blocks)
        else:
            await visit.whisper(sentences.NO_REASON)

    # --- taking away ----------------------------------------------------------------------------------------------

    async def _delete(self, visit: Visit, request: str) -> None:
        """Delete what is kept, then the messages of the answer. What is forgotten already still has its message."""
        author, place = await self._wishes.who_and_where(visit)
        exchange = await self._handler.look_up(request)
        if exchange is None:
            if author.is_moderator or author.is_admin or visit.channel.startswith("D"):
                await self._take_away(visit, "")
            else:
                await visit.whisper(sentences.NOTHING_TO_DELETE)
        elif await self._handler.erase(request, author, place):
            await self._take_away(visit, exchange.ref)
        else:
            await visit.whisper(sentences.NOT_YOURS_TO_DELETE)

    async def _take_away(self, visit: Visit, ref: str) -> None:
        """Remove the messages of the answer, and the one with the button if it is none of them."""
        try:
            await self._answers.remove(ref)
            if visit.ts and not visit.ephemeral:
                await visit.workspace.client.chat_delete(channel=visit.channel, ts=visit.ts)
        except DeliveryError as error:
            log.warning("interaction %s: an answer was not taken away: %s", visit.key, error)
            await visit.whisper(SLACK.say(sentences.DELETED_BUT_NOT_HERE))
        except UNREACHED as error:
            if fault_of(error) is not Fault.MESSAGE_GONE:
                log.warning("interaction %s: a message stays: %s", visit.key, code_of(error) or error)
                await visit.whisper(SLACK.say(sentences.DELETED_BUT_NOT_HERE))

    # --- moderators -----------------------------------------------------------------------------------------------

    async def _hand_in(self, visit: Visit, hand_in: Callable[[Author], Awaitable[Case]], thanks: str) -> None:
        """Give something to the moderators."""
        try:
            await hand_in(await self._author(visit))
        except Refusal as refusal:
            await visit.whisper(SLACK.harmless(str(refusal)))
        else:
            await visit.whisper(thanks)


async def permalink(workspace: Workspace, channel: str, ts: str) -> str:
    """The address of a message; empty when Slack does not tell it."""
    try:
        found = await workspace.client.chat_getPermalink(channel=channel, message_ts=ts)
    except UNREACHED as error:
        log.info("the address of message %s was not told: %s", ts, code_of(error) or error)
        return ""
    return f"<{str(found['permalink']).replace('&', '&amp;')}>"


def _spread(stills: Sequence[Still], limit: int) -> list[Still]:
    """At most `limit` of them, evenly spread from the first to the last."""
    if len(stills) <= limit:
        return list(stills)
    return [stills[round(index * (len(stills) - 1) / (limit - 1))] for index in range(limit)]


def _read_stills(stills: Sequence[Still]) -> list[tuple[Still, bytes]]:
    """The frames that are still on the disk."""
    found = []
    for still in stills:
        try:
            found.append((still, Path(still.path).read_bytes()))
        except OSError as error:
            log.info("a frame can't be read: %s", error)
    return found


def _upload(still: Still, picture: bytes, stills: Sequence[Still]) -> dict[str, Any]:
    """A frame as slack_sdk uploads it, with its time as the title."""
    time = _time(still, stills)
    name = f"frame-{still.clip + 1}-{clock(still.time_s).replace(':', '-')}.jpg"
    return {"content": picture, "filename": name, "title": time, "alt_txt": time}


def _time(still: Still, stills: Sequence[Still]) -> str:
    """`0:07`, and of which clip where there are several."""
    time = clock(still.time_s)
    several = len({each.clip for each in stills}) > 1
    return sentences.OF_CLIP.format(time=time, number=still.clip + 1) if several else time
