"""What people are waiting for, have used up and have left behind: `/queue` and `/forget`, with their buttons."""

from __future__ import annotations

import discord

from adapters.base import Author, Exchange
from adapters.discord.buttons import Reach, drop_buttons, forget_buttons
from adapters.discord.counter import Counter
from adapters.discord.dialect import DISCORD
from adapters.discord.intake import PLATFORM
from adapters.discord.markup import link
from adapters.discord.reply import Anchor
from adapters.shared import sentences
from adapters.shared.accounts import held, usage_line, waiting_line

WAITING_SHOWN = 5  # as many buttons as one row takes


class Records:
    """The desk's view of one person's requests, quotas and data."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    # --- /queue -------------------------------------------------------------------------------------------------

    async def show_queue(self, interaction: discord.Interaction) -> None:
        if await self._counter.take_time(interaction):
            await self._draw_queue(interaction)

    async def drop(self, interaction: discord.Interaction, request: str) -> None:
        """Cancel one of the list and show what is left of it."""
        if not await self._counter.take_time(interaction, same_message=True):
            return
        cancelled = await self._counter.handler.cancel(request, self._counter.author(interaction))
        await self._draw_queue(interaction)
        if not cancelled:
            await self._counter.whisper(interaction, sentences.NOTHING_TO_CANCEL)

    async def _draw_queue(self, interaction: discord.Interaction) -> None:
        author, place = self._counter.author(interaction), self._counter.place(interaction)
        waiting = await self._counter.handler.waiting(PLATFORM, author)
        used = await self._counter.handler.usage(author, place)
        first = waiting[:WAITING_SHOWN]
        lines = [DISCORD.say(sentences.WAITING_TITLE) if waiting else sentences.NOTHING_WAITING]
        lines += [f"{number}. {_waiting_line(exchange)}" for number, exchange in enumerate(first, start=1)]
        if len(waiting) > len(first):
            lines.append(sentences.WAITING_MORE.format(number=len(waiting) - len(first)))
        if used:
            lines += ["", DISCORD.say(sentences.USED_TITLE), *(f"- {usage_line(usage, DISCORD)}" for usage in used)]
        buttons = drop_buttons([exchange.request for exchange in first])
        await self._counter.finish(interaction, "\n".join(lines), buttons)

    # --- /forget ------------------------------------------------------------------------------------------------

    async def offer_forget(self, interaction: discord.Interaction, reach: Reach) -> None:
        """Say what will be deleted, and delete nothing yet."""
        author = self._counter.author(interaction)
        if reach is Reach.CONVERSATION:
            may = _may_forget_all(interaction, author)
            text = DISCORD.say(sentences.FORGET_ASK) if may else sentences.FORGET_SHARED
            await self._counter.whisper(interaction, text, forget_buttons(reach) if may else None)
            return
        if not await self._counter.take_time(interaction):
            return
        where = self._counter.place(interaction) if reach is Reach.HERE else None
        kept = held(await self._counter.handler.holdings(PLATFORM, author, where))
        if not kept:
            nothing = sentences.NOTHING_KEPT_HERE if reach is Reach.HERE else sentences.NOTHING_KEPT_EVERYWHERE
            await self._counter.finish(interaction, nothing)
            return
        sentence = sentences.HOLDINGS_HERE if reach is Reach.HERE else sentences.HOLDINGS_EVERYWHERE
        text = f"{DISCORD.say(sentence, what=kept)}\n{DISCORD.say(sentences.FORGET_ME)}"
        await self._counter.finish(interaction, text, forget_buttons(reach))

    async def forget(self, interaction: discord.Interaction, reach: Reach) -> None:
        """Delete what was confirmed, of the one who confirms it; what may have changed is asked again."""
        author, place = self._counter.author(interaction), self._counter.place(interaction)
        if reach is Reach.CONVERSATION and not _may_forget_all(interaction, author):
            await self._counter.whisper(interaction, sentences.FORGET_SHARED)
            return
        if not await self._counter.take_time(interaction, same_message=True):
            return
        if reach is Reach.CONVERSATION:
            await self._counter.handler.forget(place)
            done = sentences.FORGOTTEN
        else:
            where = place if reach is Reach.HERE else None
            deleted = held(await self._counter.handler.forget_me(PLATFORM, author, where))
            nothing = sentences.NOTHING_KEPT_HERE if reach is Reach.HERE else sentences.NOTHING_KEPT_EVERYWHERE
            done = sentences.FORGOT_ME.format(what=deleted) if deleted else nothing
        await self._counter.finish(interaction, done)


def _may_forget_all(interaction: discord.Interaction, author: Author) -> bool:
    """A direct message is its author's own; elsewhere the conversation is everyone's."""
    return interaction.guild_id is None or author.is_moderator or author.is_admin


def _waiting_line(exchange: Exchange) -> str:
    """With the address of its message, where it has one."""
    anchor = Anchor.load(exchange.ref)
    where = link(exchange.place, anchor.channel, anchor.messages[0]) if anchor and exchange.place else ""
    return waiting_line(exchange, DISCORD, where)
