"""The cards of cases: how one looks, and how it gets into the moderator channel. Rules on nothing."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import aiohttp
import discord

from adapters.base import Case, CaseKind, CaseState, DeliveryError, Exchange
from adapters.discord.admin import strings
from adapters.discord.admin.controls import Control, Page, Sheet, button
from adapters.discord.admin.enclosures import fitting, open_sheets
from adapters.discord.admin.texts import audit_place, clock, person, quoted, scores_table, spoiler
from adapters.discord.intake import DEFAULT_UPLOAD_LIMIT
from adapters.discord.markup import plain
from adapters.discord.posts import Fault, fault_of
from adapters.discord.reply import Anchor
from adapters.shared.words import file_name

log = logging.getLogger(__name__)

LookUp = Callable[[str], Awaitable[Exchange | None]]
"""Finds one exchange by its request (`Handler.look_up`), to link to it."""

_CASE = re.compile(r"[\w-]{1,64}")
_REF = re.compile(r"(\d{1,20})/(\d{1,20})")
_FIELD = 1000  # of an embed field's 1024 characters
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
RULINGS = {
    CaseKind.APPEAL: (CaseState.UPHELD, CaseState.OVERTURNED),
    CaseKind.REPORT: (CaseState.REMOVED, CaseState.KEPT),
}
_FREEING = (CaseState.OVERTURNED, CaseState.KEPT)


@dataclass(frozen=True)
class Notes:
    """What stands on a card beside the case: a link to the messages, and what could not be attached."""

    link: str = ""
    missing: str = ""


def card(case: Case, notes: Notes) -> Page:
    """A case for moderators; what could disturb stands behind spoilers."""
    title = f"{strings.CASE_KINDS[case.kind]} · {strings.CASE_STATES[case.state]}"
    embed = discord.Embed(
        title=title, description=_who_and_where(case, notes.link), colour=_COLOURS[case.state], timestamp=case.at
    )
    removed = case.state is CaseState.REMOVED  # then it is not quoted any longer either
    fields = {
        strings.WORDS: quoted(case.words, _FIELD) if case.words.strip() else "",
        strings.EXCERPT: spoiler(case.excerpt, _FIELD) if case.excerpt.strip() and not removed else "",
        strings.SCORES: scores_table(case.chips) if case.chips else "",
        strings.OUTCOME: _outcome(case),
        strings.SUGGESTION: quoted(case.suggestion, _FIELD),
        strings.ATTACHED: notes.missing,
    }
    for name, value in fields.items():
        if value:
            embed.add_field(name=name, value=value, inline=False)
    embed.set_footer(text=strings.CASE_FOOTER.format(request=case.request[:100], case=case.id[:100]))
    return Page(embed, [ruling_buttons(case)], sheets_of(case))


def ruling_buttons(case: Case) -> list[Control]:
    """Nothing for closed cases, and for ids that do not fit into a button: those are ruled on elsewhere."""
    if case.state is not CaseState.OPEN or not _CASE.fullmatch(case.id):
        return []
    return [
        button(
            strings.RULINGS[ruling],
            f"cas:rule:{ruling.value}:{case.id}",
            style=discord.ButtonStyle.success if ruling in _FREEING else discord.ButtonStyle.danger,
        )
        for ruling in RULINGS[case.kind]
    ]


def sheets_of(case: Case) -> list[Sheet]:
    """The judged frame and the made videos. What was removed is not shown any longer."""
    if case.state is CaseState.REMOVED:
        return []
    still = case.still
    sheets = [Sheet(still.path, f"frame-{clock(still.time_s).replace(':', 'm')}.jpg")] if still is not None else []
    return [*sheets, *(Sheet(video.path, file_name(video.prompt, at)) for at, video in enumerate(case.videos))]


def case_line(case: Case) -> str:
    """A case in a list."""
    worst = max(case.chips, key=lambda chip: chip.score - chip.threshold, default=None)
    reason = f" · {plain(worst.category)}" if worst is not None else ""
    at = f"<t:{int(case.at.timestamp())}:R>"
    return f"**{strings.CASE_KINDS[case.kind]}**{reason} · {person(case.author.id)} in {_place(case)} · {at}"


def _who_and_where(case: Case, link: str) -> str:
    sentence = strings.APPEALED if case.kind is CaseKind.APPEAL else strings.REPORTED
    said = sentence.format(author=person(case.author.id), asker=person(case.asker.id), place=_place(case))
    return f"{said}\n{strings.JUMP.format(url=link)}" if link else said


def _place(case: Case) -> str:
    place = case.place
    return audit_place("/".join((place.platform, place.community, place.thread or place.channel)))


def _outcome(case: Case) -> str:
    if case.state is CaseState.OPEN:
        return quoted(case.outcome, _FIELD)
    when = f", <t:{int(case.decided_at.timestamp())}:R>" if case.decided_at is not None else ""
    ruling = strings.CASE_STATES[case.state].capitalize()
    line = strings.DECIDED.format(ruling=ruling, who=person(case.decided_by), when=when)
    return f"{line}\n{quoted(case.outcome, _FIELD - len(line) - 1)}".strip()


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
                sent = await self._send(room, case, await self.bare(case, strings.NOT_ATTACHED))
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
        sheets, large, gone = fitting(sheets_of(case), upload_limit)
        missing = [text for text, so in ((strings.NOT_ATTACHED, large), (strings.FILE_GONE, gone)) if so]
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


def labels(cases: Sequence[Case]) -> list[tuple[str, str, str]]:
    """Label, id and note of each case, for a menu; nothing in them that would need a spoiler."""
    return [
        (
            f"{strings.CASE_KINDS[case.kind]} · {case.author.name}",
            case.id,
            f"{case.at:%d.%m. %H:%M} UTC · request {case.request}",
        )
        for case in cases
        if _CASE.fullmatch(case.id)
    ]
