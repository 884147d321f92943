"""The open cases on the Home, and the rulings on them from there and from the cards in the moderator channel."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Protocol

from adapters.base import AdminDesk, Case, CaseState, DeliveryError
from adapters.shared.admin import cases, sentences
from adapters.slack.cards import dialect_of, flat, ruling_buttons
from adapters.slack.home import strings
from adapters.slack.home.kit import Block, divider, header, row, section, small
from adapters.slack.home.paging import numbered, pager
from adapters.slack.home.visit import Stale, Visit
from adapters.slack.markup import escape

log = logging.getLogger(__name__)

PAGE = 12  # cases; at most seven blocks each
_READ = 200


class Cards(Protocol):
    """Draws the cards in channels."""

    async def redraw(self, case: Case) -> None: ...


class CasesPage:
    """Paths: `cas` with the number of its first line, and under it `rule` with a ruling; its value is a case. The last
    one also stands under the cards, where members of the moderator channel may press it."""

    admin = True

    def __init__(self, desk: AdminDesk, cards: Cards) -> None:
        self._desk = desk
        self._cards = cards

    async def draw(self, visit: Visit, steps: list[str]) -> list[Block]:
        """The open cases, newest first, each with what was said, the scores, and its buttons."""
        found = await self._desk.cases(visit.scope, limit=_READ)
        first = numbered(steps, len(found))
        blocks = [header(sentences.CASES_TITLE)]
        for case in found[first : first + PAGE]:
            blocks += [divider(), *_summary(case)]
        if not found:
            blocks.append(section(sentences.NO_CASES))
        return [*blocks, *pager("cas", first, PAGE, len(found))]

    async def press(self, visit: Visit, steps: list[str]) -> None:
        """Rule once. Who comes second reads why nothing happened, and sees what the first one decided."""
        ruling = cases.known_ruling(steps[1]) if len(steps) == 2 and steps[0] == "rule" else None
        if ruling is None or not visit.value:
            raise Stale
        try:
            case = await self._desk.rule_case(visit.scope, visit.author, visit.value, ruling)
        except ValueError as error:
            await self._too_late(visit, str(error))
            return
        if visit.channel:
            await self._redraw(visit, case)
        else:
            said = strings.RULED.format(ruling=sentences.CASE_STATES[case.state])
            await visit.draw(visit.page, f"{said} {escape(case.outcome)}".strip())

    async def _too_late(self, visit: Visit, sentence: str) -> None:
        if visit.channel:
            closed = await self._find(visit, visit.value)
            # Without an outcome the first ruling is just being done, and the card is about to be redrawn for it.
            if closed is not None and closed.state is not CaseState.OPEN and closed.outcome:
                await self._redraw(visit, closed)
        await visit.say(sentence)

    async def _redraw(self, visit: Visit, case: Case) -> None:
        """The application redraws the card as well; here it changes for one that the application did not know of.

        The ruling stands, whatever becomes of its picture.
        """
        if not case.ref:
            case = replace(case, ref=f"{visit.workspace.team}/{visit.channel}/{visit.ts}/")
        try:
            await self._cards.redraw(case)
        except DeliveryError as error:
            log.warning("case %s is ruled on, its card was not redrawn: %s", case.id, error)
            await visit.say(_unseen(case))

    async def _find(self, visit: Visit, id: str) -> Case | None:
        found = await self._desk.cases(visit.scope, open_only=False, limit=_READ)
        return next((case for case in found if case.id == id), None)


def _unseen(case: Case) -> str:
    return dialect_of(case).say(sentences.RULED_UNSEEN, ruling=sentences.CASE_STATES[case.state])


def _summary(case: Case) -> list[Block]:
    """One case. Its frame or video stands in the thread of its card, where there is one."""
    dialect = dialect_of(case)
    said = [cases.who_and_where(flat(case), dialect)]
    said += [f"*{name}*\n{value}" for name, value in cases.fields(flat(case), dialect).items()]
    blocks = [section(f"*{cases.title(case)}*\n{said[0]}"), *(section(each) for each in said[1:])]
    buttons = ruling_buttons(case)
    blocks += [row(*buttons)] if buttons else []
    return [*blocks, small(f"{dialect.moment(case.at)} · {dialect.plain(cases.footer(case))}")]
