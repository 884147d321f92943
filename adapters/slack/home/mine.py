"""Everybody's own page: what they wait for, what they have used, what is kept of them, and help."""

from __future__ import annotations

from adapters.base import EVERY_THREAD, Exchange, Handler, Place
from adapters.shared import sentences
from adapters.shared.accounts import held, usage_line, waiting_line
from adapters.slack.home import strings
from adapters.slack.home.dialect import HomeDialect
from adapters.slack.home.kit import Block, button, confirmation, divider, header, row, section, small
from adapters.slack.home.visit import Stale, Visit
from adapters.slack.records import Anchor
from adapters.slack.workspace import PLATFORM, UNREACHED

SHOWN = 15  # requests; the others show once these are done
_DIALECT = HomeDialect()


class MinePage:
    """Paths: `me`, and under it `drop` (its value is a request), `forget` with `here` or `everywhere`."""

    admin = False

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def draw(self, visit: Visit, steps: list[str]) -> list[Block]:
        """All of it, as it is now."""
        return [
            *await self._waiting(visit),
            divider(),
            *await self._used(visit),
            divider(),
            *await self._data(visit),
            divider(),
            header(strings.HELP_TITLE),
            section(strings.HELP),
        ]

    async def press(self, visit: Visit, steps: list[str]) -> None:
        """Do what a button says, for nobody but the one who pressed it, and show what comes of it."""
        match steps:
            case ["drop"] if visit.value:
                cancelled = await self._handler.cancel(visit.value, visit.author)
                await visit.draw("me", sentences.CANCELLED if cancelled else strings.NOTHING_TO_CANCEL)
            case ["forget", "here" | "everywhere" as reach]:
                there = await self._direct(visit) if reach == "here" else None
                if reach == "here" and there is None:
                    raise Stale
                deleted = held(await self._handler.forget_me(PLATFORM, visit.author, there))
                nothing = strings.NOTHING_HERE if reach == "here" else sentences.NOTHING_KEPT_EVERYWHERE
                await visit.draw("me", sentences.FORGOT_ME.format(what=deleted) if deleted else nothing)
            case _:
                raise Stale

    async def _waiting(self, visit: Visit) -> list[Block]:
        waiting = await self._handler.waiting(PLATFORM, visit.author)
        blocks = [header(strings.WAITING)]
        for exchange in waiting[:SHOWN]:
            stop = button(sentences.CANCEL, "me:drop", exchange.request)
            link = await self._link(visit, exchange)
            blocks.append(section(waiting_line(exchange, _DIALECT, link), stop))
        if len(waiting) > SHOWN:
            blocks.append(small(sentences.WAITING_MORE.format(number=len(waiting) - SHOWN)))
        return blocks if waiting else [*blocks, section(sentences.NOTHING_WAITING)]

    async def _link(self, visit: Visit, exchange: Exchange) -> str:
        """To the answer, where Slack tells its address."""
        anchor = Anchor.load(exchange.ref)
        if anchor is None or anchor.team != visit.workspace.team:
            return ""
        try:
            found = await visit.workspace.client.chat_getPermalink(channel=anchor.channel, message_ts=anchor.ts)
        except UNREACHED:
            return ""
        return f"<{found['permalink']}|{strings.SHOW}>"

    async def _used(self, visit: Visit) -> list[Block]:
        used = await self._handler.usage(visit.author, visit.place)
        lines = [f"• {usage_line(usage, _DIALECT)}" for usage in used]
        return [header(strings.USED_TITLE), section("\n".join(lines) or strings.NO_QUOTAS)]

    async def _data(self, visit: Visit) -> list[Block]:
        """What is kept, and for each reach a button that says what it will delete."""
        blocks = [header(strings.DATA)]
        kept = held(await self._handler.holdings(PLATFORM, visit.author))
        if not kept:
            return [*blocks, section(sentences.NOTHING_KEPT_EVERYWHERE)]
        there = await self._direct(visit)
        here = held(await self._handler.holdings(PLATFORM, visit.author, there)) if there is not None else ""
        lines = [_DIALECT.say(sentences.HOLDINGS_EVERYWHERE, what=kept)]
        if there is not None:
            lines.append(strings.HOLDINGS_HERE.format(what=here) if here else strings.NOTHING_HERE)
        forget_here = _forget("here", strings.FORGET_HERE, here) if here else None
        buttons = row(forget_here, _forget("everywhere", strings.FORGET_EVERYWHERE, kept))
        return [*blocks, section("\n".join(lines)), buttons, small(strings.DATA_HELP)]

    async def _direct(self, visit: Visit) -> Place | None:
        """The direct messages with the bot; None when Slack does not tell which they are."""
        try:
            opened = await visit.workspace.client.conversations_open(users=visit.author.id)
        except UNREACHED:
            return None
        channel = str((opened.get("channel") or {}).get("id") or "")
        return Place(PLATFORM, visit.workspace.team, channel, EVERY_THREAD, private=True) if channel else None


def _forget(reach: str, label: str, what: str) -> Block:
    asked = confirmation(
        strings.FORGET_TITLE, strings.FORGET_ASK.format(what=what), strings.FORGET_YES, strings.FORGET_NO
    )
    return button(label, f"me:forget:{reach}", style="danger", confirm=asked)
