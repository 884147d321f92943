"""What people are waiting for, have used up and have left behind: `/queue` and `/forget`, with their buttons."""

from __future__ import annotations

import discord

from adapters.base import Author, Exchange, Holdings, Usage
from adapters.discord import strings
from adapters.discord.buttons import Reach, drop_buttons, forget_buttons
from adapters.discord.counter import Counter
from adapters.discord.intake import PLATFORM
from adapters.discord.markup import bar_line, link, moment, plain
from adapters.discord.reply import Anchor
from adapters.shared.words import count, listing, queue_line, shorten, size

WAITING_SHOWN = 5  # as many buttons as one row takes
WORDS_SHOWN = 60  # characters of a question, and of what is going on with it: the list is one message


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
            await self._counter.whisper(interaction, strings.NOTHING_TO_CANCEL)

    async def _draw_queue(self, interaction: discord.Interaction) -> None:
        author, place = self._counter.author(interaction), self._counter.place(interaction)
        waiting = await self._counter.handler.waiting(PLATFORM, author)
        used = await self._counter.handler.usage(author, place)
        first = waiting[:WAITING_SHOWN]
        lines = [strings.WAITING_TITLE if waiting else strings.NOTHING_WAITING]
        lines += [f"{number}. {_waiting_line(exchange)}" for number, exchange in enumerate(first, start=1)]
        if len(waiting) > len(first):
            lines.append(strings.WAITING_MORE.format(number=len(waiting) - len(first)))
        if used:
            lines += ["", strings.USED_TITLE, *(f"- {_usage_line(usage)}" for usage in used)]
        buttons = drop_buttons([exchange.request for exchange in first])
        await self._counter.finish(interaction, "\n".join(lines), buttons)

    # --- /forget ------------------------------------------------------------------------------------------------

    async def offer_forget(self, interaction: discord.Interaction, reach: Reach) -> None:
        """Say what will be deleted, and delete nothing yet."""
        author = self._counter.author(interaction)
        if reach is Reach.CONVERSATION:
            may = _may_forget_all(interaction, author)
            text = strings.FORGET_ASK if may else strings.FORGET_SHARED
            await self._counter.whisper(interaction, text, forget_buttons(reach) if may else None)
            return
        if not await self._counter.take_time(interaction):
            return
        where = self._counter.place(interaction) if reach is Reach.HERE else None
        kept = held(await self._counter.handler.holdings(PLATFORM, author, where))
        if not kept:
            nothing = strings.NOTHING_KEPT_HERE if reach is Reach.HERE else strings.NOTHING_KEPT_EVERYWHERE
            await self._counter.finish(interaction, nothing)
            return
        sentence = strings.HOLDINGS_HERE if reach is Reach.HERE else strings.HOLDINGS_EVERYWHERE
        text = f"{sentence.format(what=kept)}\n{strings.FORGET_ME}"
        await self._counter.finish(interaction, text, forget_buttons(reach))

    async def forget(self, interaction: discord.Interaction, reach: Reach) -> None:
        """Delete what was confirmed, of the one who confirms it; what may have changed is asked again."""
        author, place = self._counter.author(interaction), self._counter.place(interaction)
        if reach is Reach.CONVERSATION and not _may_forget_all(interaction, author):
            await self._counter.whisper(interaction, strings.FORGET_SHARED)
            return
        if not await self._counter.take_time(interaction, same_message=True):
            return
        if reach is Reach.CONVERSATION:
            await self._counter.handler.forget(place)
            done = strings.FORGOTTEN
        else:
            where = place if reach is Reach.HERE else None
            deleted = held(await self._counter.handler.forget_me(PLATFORM, author, where))
            nothing = strings.NOTHING_KEPT_HERE if reach is Reach.HERE else strings.NOTHING_KEPT_EVERYWHERE
            done = strings.FORGOT_ME.format(what=deleted) if deleted else nothing
        await self._counter.finish(interaction, done)


def _may_forget_all(interaction: discord.Interaction, author: Author) -> bool:
    """A direct message is its author's own; elsewhere the conversation is everyone's."""
    return interaction.guild_id is None or author.is_moderator or author.is_admin


def _waiting_line(exchange: Exchange) -> str:
    """`a red ball · 2nd in line · about 40 s · https://…`"""
    view = exchange.view
    if view.queue is not None:
        state = queue_line(view.queue)
    elif view.bar is not None:
        state = bar_line(view.bar)
    else:
        state = plain(shorten(view.status, WORDS_SHOWN)) or strings.RUNNING
    words = plain(shorten(exchange.text, WORDS_SHOWN)) or plain(listing(exchange.attachments)) or strings.NO_WORDS
    anchor = Anchor.load(exchange.ref)
    where = [link(exchange.place, anchor.channel, anchor.messages[0])] if anchor and exchange.place else []
    return " · ".join([words, state, *where])


def _usage_line(usage: Usage) -> str:
    """`videos: 3 of 10 in the past 24 hours`"""
    line = strings.USED.format(
        measure=strings.MEASURES[usage.measure],
        used=f"{usage.used:.4g}",
        amount=f"{usage.amount:.4g}" if usage.amount is not None else "∞",
        window=strings.WINDOWS[usage.window],
    )
    spent = usage.amount is not None and usage.used >= usage.amount
    if spent and usage.frees_at is not None:
        return strings.USED_FREES.format(line=line, moment=moment(usage.frees_at))
    return line


def held(holdings: Holdings) -> str:
    """`3 questions, 1 video and 2 clips in 2 conversations (14 MB of files)`; empty when nothing is kept."""
    counts = [
        (holdings.questions, "question", "questions"),
        (holdings.videos, "video", "videos"),
        (holdings.clips, "clip", "clips"),
    ]
    what = listing([count(number, one, many) for number, one, many in counts if number])
    conversations = count(holdings.conversations, "conversation", "conversations")
    if not what:
        return conversations if holdings.conversations else ""
    if holdings.conversations > 1:
        what = f"{what} in {conversations}"
    return f"{what} ({size(holdings.file_bytes)} of files)" if holdings.file_bytes else what
