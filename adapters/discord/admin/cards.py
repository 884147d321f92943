"""The cards of cases: how one looks, and how it gets into the moderator channel. Rules on nothing."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import aiohttp
import discord

from adapters.base import Case, CaseState, DeliveryError, Exchange
from adapters.discord.admin import strings
from adapters.discord.admin.controls import Control, Page, button
from adapters.discord.admin.enclosures import fitting, open_sheets
from adapters.discord.dialect import DISCORD
from adapters.discord.intake import DEFAULT_UPLOAD_LIMIT
from adapters.discord.posts import Fault, fault_of
from adapters.discord.reply import Anchor
from adapters.shared.admin import cases, sentences

log = logging.getLogger(__name__)

LookUp = Callable[[str], Awaitable[Exchange | None]]
"""Finds one exchange by its request (`Handler.look_up`), to link to it."""

_CASE = re.compile(r"[\w-]{1,64}")
_REF = re.compile(r"(\d{1,20})/(\d{1,20})")
_NONCE_LENGTH = 25
_NO_CHANNEL = (10003, 10004)  # unknown channel, unknown guild
_NOBODY = discord.AllowedMentions.none()
_UNREACHED = (discord.HTTPException, aiohttp.ClientError, OSError)
_COLOURS = {
    CaseState.OPEN: discord.Colour.orange(),
    CaseState.UPHELD: discord.Colour.dark_grey(),
    CaseState.OVERTURNED: discord.Colour.green(),
    CaseState.REMOVED: discord.Colour.dark_grey(),
    CaseState.KEPT: discord.Colour.green(),
}


@dataclass(frozen=True)
class Notes:
    """What stands on a card beside the case: a link to the messages, and what could not be attached."""

    link: str = ""
    missing: str = ""


def card(case: Case, notes: Notes) -> Page:
    """A case for moderators; what could disturb stands behind spoilers."""
    about = cases.who_and_where(case, DISCORD)
    if notes.link:
        about += f"\n{strings.JUMP.format(url=notes.link)}"
    embed = discord.Embed(title=cases.title(case), description=about, colour=_COLOURS[case.state], timestamp=case.at)
    for name, value in cases.fields(case, DISCORD, notes.missing).items():
        embed.add_field(name=name, value=value, inline=False)
    embed.set_footer(text=cases.footer(case))
    return Page(embed, [ruling_buttons(case)], cases.sheets(case))


def ruling_buttons(case: Case) -> list[Control]:
    """Nothing for closed cases, and for ids that do not fit into a button: those are ruled on elsewhere."""
    if not _CASE.fullmatch(case.id):
        return []
    return [
        button(
            sentences.RULINGS[ruling],
            f"cas:rule:{ruling.value}:{case.id}",
            style=discord.ButtonStyle.success if ruling in cases.FREEING else discord.ButtonStyle.danger,
        )
        for ruling in cases.rulings(case)
    ]


class CaseCards:
    """Implements `adapters.discord.client.Cards`: the moderators' cards, one message per case."""

    def __init__(self, client: discord.Client, look_up: LookUp) -> None:
        self._client = client
        self._look_up = look_up

    async def post(self, channel: str, case: Case) -> str:
        """Post a case's card. Returns its ref. Raises `DeliveryError` with a sentence."""
        if not channel.isdigit():
            raise DeliveryError(strings.CARD_NO_CHANNEL)
        room = self._client.get_partial_messageable(int(channel))
        page = await self.page(case, self._upload_limit(int(channel)))
        try:
            try:
                sent = await self._send(room, case, page)
            except discord.HTTPException as error:
                if fault_of(error) is not Fault.TOO_LARGE:
                    raise
                sent = await self._send(room, case, await self.bare(case, DISCORD.say(sentences.NOT_ATTACHED)))
        except _UNREACHED as error:
            raise _delivery_error(error) from error
        return f"{channel}/{sent.id}"

    async def redraw(self, case: Case) -> None:
        """Make the card at `case.ref` look like the case. Raises `DeliveryError` with a sentence."""
        place = _place_of(case.ref)
        if place is None:
            raise DeliveryError(strings.CARD_BAD_REF)
        channel, message = place
        page = await self.bare(case)
        room = self._client.get_partial_messageable(channel)
        try:
            # Attachments stay as they are, unless what they show was removed.
            await room.get_partial_message(message).edit(
                embed=page.embed,
                view=page.view(),
                attachments=[] if case.state is CaseState.REMOVED else discord.utils.MISSING,
                allowed_mentions=_NOBODY,
            )
        except _UNREACHED as error:
            raise _delivery_error(error) from error

    async def remove(self, ref: str) -> bool:
        """Delete a card; one that is gone already is fine. False when `ref` is none. Raises `DeliveryError`."""
        place = _place_of(ref)
        if place is None:
            return False
        channel, message = place
        try:
            await self._client.get_partial_messageable(channel).get_partial_message(message).delete()
        except _UNREACHED as error:
            if fault_of(error) is not Fault.MESSAGE_GONE and not _channel_gone(error):
                raise _delivery_error(error) from error
        return True

    async def page(self, case: Case, upload_limit: int) -> Page:
        """The card with its link, and with those files that can be attached."""
        sheets, large, gone = fitting(cases.sheets(case), upload_limit)
        missing = [
            text for text, so in ((DISCORD.say(sentences.NOT_ATTACHED), large), (sentences.FILE_GONE, gone)) if so
        ]
        drawn = card(case, Notes(await self._link(case), " ".join(missing)))
        return Page(drawn.embed, drawn.rows, sheets)

    async def bare(self, case: Case, missing: str = "") -> Page:
        """The card without files: for a message that has them already, or that can't take them (`missing` says so)."""
        drawn = card(case, Notes(await self._link(case), missing))
        return Page(drawn.embed, drawn.rows)

    async def _send(self, room: discord.PartialMessageable, case: Case, page: Page) -> discord.Message:
        view = page.view()
        return await room.send(
            embed=page.embed,
            view=view if view is not None else discord.utils.MISSING,
            files=open_sheets(page.sheets),
            nonce=hashlib.sha256(f"case {case.id}".encode()).hexdigest()[:_NONCE_LENGTH],
            allowed_mentions=_NOBODY,
        )

    async def _link(self, case: Case) -> str:
        """Where the messages of the request are, as far as that is known; nobody can follow one into a direct chat."""
        if case.place.private:
            return ""
        try:
            exchange = await self._look_up(case.request)
        except Exception:
            log.exception("request %s could not be looked up for its card", case.request)
            return ""
        anchor = Anchor.load(exchange.ref) if exchange is not None else None
        if anchor is None or anchor.private:
            return ""
        return f"https://discord.com/channels/{case.place.community}/{anchor.channel}/{anchor.messages[0]}"

    def _upload_limit(self, channel: int) -> int:
        found = self._client.get_channel(channel)
        return found.guild.filesize_limit if isinstance(found, discord.abc.GuildChannel) else DEFAULT_UPLOAD_LIMIT


def _place_of(ref: str) -> tuple[int, int] | None:
    """The channel and the message of a card's ref; None when it is none."""
    match = _REF.fullmatch(ref)
    return (int(match[1]), int(match[2])) if match is not None else None


def _channel_gone(error: Exception) -> bool:
    return isinstance(error, discord.HTTPException) and error.code in _NO_CHANNEL


def _delivery_error(error: Exception) -> DeliveryError:
    """A sentence for what Discord answered."""
    fault = fault_of(error)
    if _channel_gone(error):
        return DeliveryError(strings.CARD_NO_CHANNEL)
    if fault is Fault.PLACE_GONE or (isinstance(error, discord.Forbidden) and fault is Fault.REFUSED):
        return DeliveryError(strings.CARD_NO_RIGHT)
    if fault is Fault.MESSAGE_GONE:
        return DeliveryError(strings.CARD_GONE)
    if fault is Fault.CLOSED:
        return DeliveryError(strings.CARD_CLOSED)
    why = f"HTTP {error.status}" if isinstance(error, discord.HTTPException) else "no connection"
    return DeliveryError(strings.CARD_FAILED.format(why=why))


def labels(open_cases: Sequence[Case]) -> list[tuple[str, str, str]]:
    """Label, id and note of each case that fits into a menu."""
    return cases.labels([case for case in open_cases if _CASE.fullmatch(case.id)])
