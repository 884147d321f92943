"""`/cases` and the buttons of the cards: lists what waits for a moderator, and takes their rulings to the desk."""

from __future__ import annotations

import logging
from typing import Protocol

import discord

from adapters.base import AdminDesk, Case, CaseState
from adapters.discord.admin.cards import labels
from adapters.discord.admin.controls import MENU_LIMIT, Page, button, menu, option
from adapters.discord.admin.visit import UNREACHED, Stale, Visit
from adapters.discord.dialect import DISCORD
from adapters.shared.admin import sentences
from adapters.shared.admin.cases import case_line, known_ruling

log = logging.getLogger(__name__)

_LOOKED_THROUGH = 200  # cases, on the way to one that is closed
_TEXT_LIMIT = 3900  # of an embed's 4096 characters


class Cards(Protocol):
    """Draws cases."""

    async def page(self, case: Case, upload_limit: int) -> Page: ...

    async def bare(self, case: Case, missing: str = "") -> Page: ...


class CasesPanel:
    """Paths: `list`, `pick`, and `rule` with a ruling and a case. The last one also stands under the cards."""

    admin = False

    def __init__(self, desk: AdminDesk, cards: Cards) -> None:
        self._desk = desk
        self._cards = cards

    async def open(self, visit: Visit) -> None:
        """The open cases, newest first."""
        cases = [case for case in await self._desk.cases(visit.scope, limit=MENU_LIMIT) if _theirs(visit, case)]
        lines: list[str] = []
        for case in cases:
            lines.append(case_line(case, DISCORD))
            if len("\n".join(lines)) > _TEXT_LIMIT:
                lines[-1] = sentences.MORE.format(count=len(cases) - len(lines) + 1)
                break
        embed = discord.Embed(title=sentences.CASES_TITLE, description="\n".join(lines) or sentences.NO_CASES)
        options = [option(label, id, note=note) for label, id, note in labels(cases)]
        await visit.show(Page(embed, [[menu(sentences.CASES_MENU, "cas:pick", options)]] if options else []))

    async def press(self, visit: Visit, steps: list[str]) -> None:
        """Do what a control says, and show what comes of it."""
        await visit.begin()
        match steps:
            case ["list"]:
                await self.open(visit)
            case ["pick"]:
                await self._look_at(visit, visit.value)
            case ["rule", ruling, case]:
                await self._rule(visit, case, _ruling(ruling))
            case _:
                raise Stale

    async def _look_at(self, visit: Visit, id: str) -> None:
        case = await self._find(visit, id)
        if case is None or not _theirs(visit, case):
            await visit.whisper(sentences.CASE_GONE)
            await self.open(visit)
        else:
            await self._show(visit, case)

    async def _rule(self, visit: Visit, id: str, ruling: CaseState) -> None:
        """Rule once. Who comes second reads why nothing happened, and sees what the first one decided.

        The application redraws the card as well; here it changes at once for the one who pressed.
        """
        if visit.on_own_panel and not visit.everywhere:
            found = await self._find(visit, id)
            if found is None or not _theirs(visit, found):
                raise ValueError(sentences.CASE_GONE)
        try:
            case = await self._desk.rule_case(visit.scope, visit.author, id, ruling)
        except ValueError as error:
            await visit.whisper(str(error))
            closed = await self._find(visit, id)
            if closed is not None and closed.state is not CaseState.OPEN:
                await self._show(visit, closed)
            return
        try:
            await self._show(visit, case)
        except UNREACHED as error:  # the ruling stands, whatever becomes of its picture
            log.warning("case %s is ruled on, its card was not redrawn: %s", id, error)
            await visit.whisper(DISCORD.say(sentences.RULED_UNSEEN, ruling=sentences.CASE_STATES[case.state]))

    async def _show(self, visit: Visit, case: Case) -> None:
        """Draw the case in the message that was acted on: a panel of one's own, or the card that all moderators see."""
        if visit.on_own_panel:
            page = await self._cards.page(case, visit.interaction.filesize_limit)
            rows = [*page.rows, [button(sentences.BACK, "cas:list")]]
            await visit.show(Page(page.embed, rows, page.sheets))
        else:
            page = await self._cards.bare(case)
            await visit.interaction.edit_original_response(
                embed=page.embed,
                view=page.view(),
                # Attachments stay as they are, unless what they show was removed.
                attachments=[] if case.state is CaseState.REMOVED else discord.utils.MISSING,
                allowed_mentions=discord.AllowedMentions.none(),
            )

    async def _find(self, visit: Visit, id: str) -> Case | None:
        cases = await self._desk.cases(visit.scope, open_only=False, limit=_LOOKED_THROUGH)
        return next((case for case in cases if case.id == id), None)


def _theirs(visit: Visit, case: Case) -> bool:
    """Who moderates one channel rules on what happened there."""
    return visit.everywhere or case.place.channel == visit.channel


def _ruling(value: str) -> CaseState:
    ruling = known_ruling(value)
    if ruling is None:
        raise Stale
    return ruling
