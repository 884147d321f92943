"""What the buttons under an answer do: make it again, show the frames, delete, report, appeal, cancel.

The application decides who may; this room asks it, and says what came of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import discord

from adapters.base import (
    Author,
    Case,
    Change,
    DeliveryError,
    Exchange,
    Place,
    Refusal,
    RemakeCommand,
    Still,
    Wants,
)
from adapters.discord import notices, strings
from adapters.discord.buttons import action_buttons
from adapters.discord.counter import UNREACHED, Counter
from adapters.discord.dialect import DISCORD
from adapters.discord.dialogs import Kind, Submission, dialog
from adapters.discord.drafts import private_notice
from adapters.discord.elsewhere import Room, asked_elsewhere, find_room, may_write
from adapters.discord.markup import link
from adapters.discord.reply import Anchor
from adapters.shared import sentences
from adapters.shared.actions import Action, is_private, offered_privately
from adapters.shared.lines import warned
from adapters.shared.words import clock, listing

log = logging.getLogger(__name__)

FRAMES_SHOWN = 10  # as many files as one message takes

_CHANGES = {Action.AGAIN: Change.AGAIN, Action.LONGER: Change.LONGER, Action.OTHER_SEED: Change.AGAIN}


@dataclass(frozen=True)
class _Wish:
    """How a video is to be made again."""

    request: str
    change: Change
    prompt: str = ""


class Results:
    """The desk's buttons under answers, and the dialogs that some of them open."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    async def press(self, interaction: discord.Interaction, action: Action, request: str) -> None:
        """Do what a button says."""
        match action:
            case Action.CANCEL:
                await self._cancel(interaction, request)
            case Action.AGAIN | Action.LONGER | Action.OTHER_SEED:
                await self._remake(interaction, _Wish(request, _CHANGES[action]))
            case Action.VARY:
                await self._open_vary(interaction, request)
            case Action.FRAMES:
                await self._show_frames(interaction, request)
            case Action.DELETE:
                await self._delete(interaction, request)
            case Action.WHY:
                await self._say_why(interaction, request)
            case Action.REPORT:
                await self._open(interaction, dialog(Kind.REPORT, request))
            case Action.APPEAL:
                await self._open(interaction, dialog(Kind.APPEAL, request))

    async def take(self, interaction: discord.Interaction, sent: Submission) -> None:
        """Do what a dialog of these buttons asks for."""
        author, handler = self._counter.author(interaction), self._counter.handler
        match sent.kind:
            case Kind.VARY:
                await self._remake(interaction, _Wish(sent.about, Change.VARY, sent.words))
            case Kind.REPORT:
                await self._hand_in(
                    interaction, lambda: handler.report(sent.about, author, sent.words), sentences.REPORTED
                )
            case Kind.APPEAL:
                await self._hand_in(
                    interaction, lambda: handler.appeal(sent.about, author, sent.words), sentences.APPEALED
                )

    # --- running requests ---------------------------------------------------------------------------------------

    async def _cancel(self, interaction: discord.Interaction, request: str) -> None:
        """Cancel for the one who asked or for a moderator; the application knows who asked.

        Also where Discord was not told in time: what is wanted is clear.
        """
        await self._counter.take_time(interaction, same_message=True)
        if not await self._counter.handler.cancel(request, self._counter.author(interaction)):
            await self._counter.whisper(interaction, sentences.NOTHING_TO_CANCEL)

    # --- once more ----------------------------------------------------------------------------------------------

    async def _remake(self, interaction: discord.Interaction, wish: _Wish) -> None:
        exchange = await self._counter.look_up(interaction, wish.request)
        if exchange is None:
            return
        if asked_elsewhere(interaction, exchange):
            await self._remake_there(interaction, exchange, wish)
            return
        if await self._refused(interaction):
            return
        author, place = self._counter.author(interaction), self._counter.place(interaction)
        reply = await self._counter.open_answer(interaction)
        if reply is not None:
            command = _command(interaction, author, place, wish)
            await self._counter.host.admit(reply, lambda: self._counter.handler.remake(command, reply))

    async def _remake_there(self, interaction: discord.Interaction, exchange: Exchange, wish: _Wish) -> None:
        """Make it where it was asked for: the notice with the button came as a direct message, and the rules, the
        quotas and the people of the other place are the ones that count."""
        if not await self._counter.take_time(interaction):
            return
        room = await find_room(interaction, exchange)
        if room is None:
            await self._counter.finish(interaction, strings.LEFT_THERE)
            return
        why = await self._counter.refusal(room.author, room.place, Wants.GENERATE)
        if why:
            await self._counter.finish(interaction, why)
            return
        await self._post_there(interaction, room, wish)

    async def _post_there(self, interaction: discord.Interaction, room: Room, wish: _Wish) -> None:
        host = self._counter.host
        try:
            opened = await room.open(nonce=str(interaction.id))
        except UNREACHED as error:
            log.warning("interaction %s: no message in channel %s: %s", interaction.id, room.channel, error)
            await self._counter.finish(interaction, notices.CANNOT_WRITE.format(where=f"<#{room.channel}>"))
            return
        reply = host.open_reply(*opened)
        command = _command(interaction, room.author, room.place, wish)
        await host.admit(reply, lambda: self._counter.handler.remake(command, reply))
        address = link(room.place, room.channel, reply.anchor.messages[0])
        await self._counter.finish(interaction, sentences.MADE_THERE.format(link=address))

    async def _open_vary(self, interaction: discord.Interaction, request: str) -> None:
        exchange = await self._counter.look_up(interaction, request)
        if exchange is None:
            return
        if not exchange.view.videos:
            await self._counter.whisper(interaction, sentences.NO_VIDEO)
        elif not await self._refused(interaction):
            await self._open(interaction, dialog(Kind.VARY, request, exchange.view.videos[0].prompt))

    async def _refused(self, interaction: discord.Interaction) -> bool:
        """As `Counter.refused`. A button is there for everyone who can read, and what comes of it is a new post."""
        if interaction.guild_id is not None and not may_write(interaction.channel, interaction.permissions):
            await self._counter.whisper(interaction, strings.READ_ONLY)
            return True
        return await self._counter.refused(interaction, Wants.GENERATE)

    # --- looking ------------------------------------------------------------------------------------------------

    async def _show_frames(self, interaction: discord.Interaction, request: str) -> None:
        exchange = await self._counter.look_up(interaction, request)
        if exchange is None or not await self._counter.take_time(interaction):
            return
        stills = _spread(exchange.view.stills, FRAMES_SHOWN)
        hide = warned(exchange.view, "clip")
        files, shown = await asyncio.to_thread(_open_stills, stills, hide=hide)
        if not shown:
            await self._counter.finish(interaction, sentences.NO_FRAMES)
            return
        text = sentences.FRAMES_SEEN.format(times=listing([_time(still, stills) for still in shown]))
        text = text if len(shown) == len(stills) else f"{text} {sentences.SOME_FRAMES_GONE}"
        try:
            await self._counter.finish(interaction, text, files=files)
        except discord.HTTPException:
            await self._counter.finish(interaction, f"{text} {DISCORD.say(sentences.FRAMES_TOO_LARGE)}")

    async def _say_why(self, interaction: discord.Interaction, request: str) -> None:
        exchange = await self._counter.look_up(interaction, request)
        if exchange is None:
            return
        view = exchange.view
        if exchange.author.id != str(interaction.user.id):
            await self._counter.whisper(interaction, sentences.NOT_YOURS_TO_READ)
        elif is_private(view):
            buttons = action_buttons(request, offered_privately(view))
            await self._counter.whisper(interaction, private_notice(view), buttons)
        else:
            await self._counter.whisper(interaction, sentences.NO_REASON)

    # --- taking away --------------------------------------------------------------------------------------------

    async def _delete(self, interaction: discord.Interaction, request: str) -> None:
        """Delete what is kept, then the messages of the answer. What is forgotten already still has its message."""
        if not await self._counter.take_time(interaction, same_message=True):
            return
        author = self._counter.author(interaction)
        exchange = await self._counter.handler.look_up(request)
        if exchange is None:
            if author.is_moderator or author.is_admin or _answers_to(interaction):
                await self._take_away(interaction, "")
            else:
                await self._counter.whisper(interaction, sentences.NOTHING_TO_DELETE)
            return
        if await self._counter.handler.erase(request, author, self._counter.place(interaction)):
            await self._take_away(interaction, exchange.ref)
        else:
            await self._counter.whisper(interaction, sentences.NOT_YOURS_TO_DELETE)

    async def _take_away(self, interaction: discord.Interaction, ref: str) -> None:
        """Remove the messages of the answer, and the one with the button if it is none of them."""
        pressed, anchor = interaction.message, Anchor.load(ref)
        try:
            await self._counter.host.remove(ref)
            if pressed is not None and (anchor is None or pressed.id not in anchor.messages):
                with contextlib.suppress(discord.NotFound):
                    await pressed.delete()
        except (DeliveryError, *UNREACHED) as error:
            log.warning("interaction %s: an answer was not taken away: %s", interaction.id, error)
            alone = anchor is None or len(anchor.messages) == 1
            if not (await _take_away_by_token(interaction) and alone):
                await self._counter.whisper(interaction, DISCORD.say(sentences.DELETED_BUT_NOT_HERE))

    # --- moderators ---------------------------------------------------------------------------------------------

    async def _hand_in(
        self, interaction: discord.Interaction, hand_in: Callable[[], Awaitable[Case]], thanks: str
    ) -> None:
        """Give something to the moderators, which may take longer than Discord waits."""
        if not await self._counter.take_time(interaction):
            return
        try:
            await hand_in()
        except Refusal as refusal:
            await self._counter.finish(interaction, str(refusal))
        else:
            await self._counter.finish(interaction, thanks)

    async def _open(self, interaction: discord.Interaction, modal: discord.ui.Modal) -> None:
        try:
            await interaction.response.send_modal(modal)
        except UNREACHED as error:
            log.warning("the dialog of interaction %s was not opened: %s", interaction.id, error)


def _command(interaction: discord.Interaction, author: Author, place: Place, wish: _Wish) -> RemakeCommand:
    return RemakeCommand(str(interaction.id), author, place, wish.request, wish.change, wish.prompt)


async def _take_away_by_token(interaction: discord.Interaction) -> bool:
    """Delete the message with the button in the name of the interaction, which also works where the bot can't look."""
    try:
        await interaction.delete_original_response()
    except UNREACHED as error:
        log.info("interaction %s: its message was not deleted: %s", interaction.id, error)
        return False
    return True


def _answers_to(interaction: discord.Interaction) -> bool:
    """Whether the message with the button answers the one who pressed it, as far as Discord says."""
    message = interaction.message
    if message is None:
        return False
    if message.interaction_metadata is not None:
        return message.interaction_metadata.user.id == interaction.user.id
    asked = message.reference.resolved if message.reference is not None else None
    return isinstance(asked, discord.Message) and asked.author.id == interaction.user.id


def _spread(stills: Sequence[Still], limit: int) -> list[Still]:
    """At most `limit` of them, evenly spread from the first to the last."""
    if len(stills) <= limit:
        return list(stills)
    return [stills[round(index * (len(stills) - 1) / (limit - 1))] for index in range(limit)]


def _open_stills(stills: Sequence[Still], *, hide: bool) -> tuple[list[discord.File], list[Still]]:
    """The frames that are still on the disk, as files that carry their time."""
    files: list[discord.File] = []
    shown: list[Still] = []
    for still in stills:
        try:
            picture = Path(still.path).read_bytes()
        except OSError as error:
            log.info("a frame can't be read: %s", error)
            continue
        name = f"frame-{len(files) + 1:02d}-{clock(still.time_s).replace(':', '-')}.jpg"
        description = _time(still, stills)
        files.append(discord.File(io.BytesIO(picture), name, spoiler=hide, description=description))
        shown.append(still)
    return files, shown


def _time(still: Still, stills: Sequence[Still]) -> str:
    """`0:07`, and of which clip where there are several."""
    time = clock(still.time_s)
    several = len({each.clip for each in stills}) > 1
    return sentences.OF_CLIP.format(time=time, number=still.clip + 1) if several else time
