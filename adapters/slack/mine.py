"""What somebody waits for, has used up and has left behind: `/queue` and `/forget`, with their buttons."""

from __future__ import annotations

import asyncio
from enum import StrEnum

from adapters.base import EVERY_THREAD, Exchange, Place
from adapters.shared import sentences
from adapters.shared.accounts import held, usage_line, waiting_line
from adapters.slack import strings
from adapters.slack.answers import Answers
from adapters.slack.blocks import PREFIX, Page, button, page_of, rows, section
from adapters.slack.dialect import SLACK
from adapters.slack.people import People
from adapters.slack.records import Anchor
from adapters.slack.results import permalink
from adapters.slack.visit import Visit
from adapters.slack.workspace import PLATFORM

WAITING_SHOWN = 5  # as many buttons as one row takes
DROP = f"{PREFIX}drop:"  # and a number; the button's value is the request
FORGETTING = f"{PREFIX}forget:"


class Reach(StrEnum):
    """How much is forgotten. The value is part of a button's id and must not change."""

    HERE = "here"  # what is kept of one person in this channel, its threads included
    EVERYWHERE = "everywhere"  # what is kept of one person on this platform


class Mine:
    """One person's requests, quotas and data."""

    def __init__(self, answers: Answers, people: People) -> None:
        self._answers = answers
        self._people = people

    # --- /queue ---------------------------------------------------------------------------------------------------

    async def show_queue(self, visit: Visit) -> None:
        """Say privately what they wait for and what they have used."""
        shown = await self._queue(visit)
        await visit.whisper(shown.text, shown.blocks)

    async def drop(self, visit: Visit, request: str) -> None:
        """Cancel one of the list and show what is left of it."""
        author = await self._people.author(visit.workspace, visit.user, visit.channel)
        cancelled = await self._answers.handler.cancel(request, author)
        shown = await self._queue(visit)
        await visit.change(shown.text, shown.blocks)
        if not cancelled:
            await visit.whisper(sentences.NOTHING_TO_CANCEL)

    async def _queue(self, visit: Visit) -> Page:
        handler = self._answers.handler
        author = await self._people.author(visit.workspace, visit.user, visit.channel)
        place = await self._people.place(visit.workspace, visit.channel, visit.thread)
        waiting = await handler.waiting(PLATFORM, author)
        used = await handler.usage(author, place)
        first = waiting[:WAITING_SHOWN]
        links = await asyncio.gather(*(self._link(visit, exchange) for exchange in first))
        lines = [SLACK.say(sentences.WAITING_TITLE) if waiting else sentences.NOTHING_WAITING]
        lines += [
            f"{number}. {waiting_line(exchange, SLACK, link)}"
            for number, (exchange, link) in enumerate(zip(first, links, strict=True), start=1)
        ]
        if len(waiting) > len(first):
            lines.append(sentences.WAITING_MORE.format(number=len(waiting) - len(first)))
        cancels = [
            button(_cancel_label(number, len(first)), f"{DROP}{number}", exchange.request)
            for number, exchange in enumerate(first, start=1)
        ]
        blocks = [section("\n".join(lines)), *rows(cancels, "drop")]
        if used:
            title = SLACK.say(sentences.USED_TITLE)
            blocks.append(section("\n".join([title, *(f"• {usage_line(each, SLACK)}" for each in used)])))
        return page_of(blocks)

    async def _link(self, visit: Visit, exchange: Exchange) -> str:
        """Where it will be answered, in one word to click on."""
        anchor = Anchor.load(exchange.ref)
        if anchor is None or anchor.team != visit.workspace.team:
            return ""
        address = await permalink(visit.workspace, anchor.channel, anchor.ts)
        return address.replace(">", f"|{strings.SHOW}>")

    # --- /forget --------------------------------------------------------------------------------------------------

    async def offer_forget(self, visit: Visit, reach: Reach, *, same: bool = False) -> None:
        """Say what will be deleted, and delete nothing yet. With `same` the message with the button says it."""
        author = await self._people.author(visit.workspace, visit.user, visit.channel)
        kept = held(await self._answers.handler.holdings(PLATFORM, author, await self._within(visit, reach)))
        text = SLACK.say(_KEPT[reach] if kept else _NOTHING[reach], what=kept)
        text = f"{text}\n{SLACK.say(sentences.FORGET_ME)}" if kept else text
        offers = []
        if kept:
            offers.append(button(strings.FORGET_YES, f"{FORGETTING}yes:{reach}", reach, style="danger"))
        if reach is Reach.HERE:
            offers.append(button(strings.EVERYWHERE, f"{FORGETTING}show:{Reach.EVERYWHERE}", Reach.EVERYWHERE))
        shown = page_of([section(text), *rows(offers, "forget")])
        await (visit.change if same else visit.whisper)(shown.text, shown.blocks)

    async def forget(self, visit: Visit, reach: Reach) -> None:
        """Delete what was confirmed, of the one who confirms it."""
        author = await self._people.author(visit.workspace, visit.user, visit.channel)
        deleted = held(await self._answers.handler.forget_me(PLATFORM, author, await self._within(visit, reach)))
        await visit.change(SLACK.say(sentences.FORGOT_ME if deleted else _NOTHING[reach], what=deleted))

    async def _within(self, visit: Visit, reach: Reach) -> Place | None:
        """The channel with all its threads; Slack knows no commands in one of them. None is the whole platform."""
        if reach is Reach.EVERYWHERE:
            return None
        return await self._people.place(visit.workspace, visit.channel, EVERY_THREAD)


_KEPT = {Reach.HERE: strings.HOLDINGS_CHANNEL, Reach.EVERYWHERE: sentences.HOLDINGS_EVERYWHERE}
_NOTHING = {Reach.HERE: strings.NOTHING_KEPT_CHANNEL, Reach.EVERYWHERE: sentences.NOTHING_KEPT_EVERYWHERE}


def _cancel_label(number: int, of: int) -> str:
    return sentences.CANCEL_NUMBER.format(number=number) if of > 1 else sentences.CANCEL
