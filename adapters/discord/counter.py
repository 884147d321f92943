"""What every command, button and dialog needs: an acknowledgement in time, a private word, a reply to fill.

Knows interactions and their deadlines; knows nothing of what is asked for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import aiohttp
import discord

from adapters.base import Author, Exchange, Handler, Place, Wants
from adapters.discord.intake import Intake
from adapters.discord.posts import InteractionPost, Post
from adapters.discord.reply import Anchor, DiscordReply
from adapters.discord.splitting import split
from adapters.shared import sentences
from adapters.shared.pacing import Timing

log = logging.getLogger(__name__)

# Discord waits three seconds for an acknowledgement; the way there and back takes its part of them.
REFUSAL_PATIENCE_S = 1.5
LOOK_UP_PATIENCE_S = 0.7
_ALREADY_ACKNOWLEDGED = 40060
_ACKNOWLEDGED = "acknowledged"  # what discord.py does not know of an interaction
UNREACHED = (discord.HTTPException, aiohttp.ClientError, OSError)
_NOBODY = discord.AllowedMentions.none()


class Host(Protocol):
    """What the counter needs of the client."""

    handler: Handler
    timing: Timing

    def intake(self) -> Intake: ...

    def open_reply(self, post: Post, anchor: Anchor) -> DiscordReply: ...

    async def admit(self, reply: DiscordReply, ask: Callable[[], Awaitable[str]]) -> None: ...

    async def remove(self, ref: str) -> None: ...


class Counter:
    """Interactions, seen from the side of the one who answers them."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @property
    def handler(self) -> Handler:
        return self.host.handler

    def author(self, interaction: discord.Interaction) -> Author:
        return self.host.intake().author(interaction)

    def place(self, interaction: discord.Interaction) -> Place:
        return self.host.intake().place(interaction)

    # --- before anything is posted ------------------------------------------------------------------------------

    async def refused(self, interaction: discord.Interaction, wants: Wants) -> bool:
        """Whether they may not ask for that here and now; they have been told why, and nobody else has.

        Without an answer in time they may: the application checks again.
        """
        why = await self.refusal(self.author(interaction), self.place(interaction), wants)
        if why:
            await self.whisper(interaction, why)
        return bool(why)

    async def refusal(self, author: Author, place: Place, wants: Wants) -> str:
        try:
            async with asyncio.timeout(REFUSAL_PATIENCE_S):
                return await self.handler.refusal(author, place, wants)
        except TimeoutError:
            log.warning("whether %s may %s was not known in time", author.id, wants)
        except Exception:
            log.exception("whether %s may %s could not be asked", author.id, wants)
        return ""

    async def look_up(self, interaction: discord.Interaction, request: str) -> Exchange | None:
        """The request of a button, None when it is forgotten or not found in time; they have been told."""
        try:
            async with asyncio.timeout(LOOK_UP_PATIENCE_S):
                exchange = await self.handler.look_up(request)
        except TimeoutError:
            log.warning("request %s was not looked up in time", request)
            await self.whisper(interaction, sentences.BUSY)
            return None
        if exchange is None:
            await self.whisper(interaction, sentences.GONE)
        return exchange

    # --- answers ------------------------------------------------------------------------------------------------

    async def open_answer(self, interaction: discord.Interaction) -> DiscordReply | None:
        """Acknowledge where everyone sees it; what follows are edits of that response. None when it was too late."""
        try:
            message = await _acknowledge(interaction)
        except UNREACHED as error:
            log.warning("interaction %s was not acknowledged in time: %s", interaction.id, error)
            return None
        post = InteractionPost(interaction.client, interaction, message, now=self.host.timing.now)
        anchor = Anchor(
            kind="interaction",
            channel=interaction.channel_id or 0,
            author=self.author(interaction),
            messages=[message],
            private=interaction.guild_id is None,
        )
        return self.host.open_reply(post, anchor)

    async def whisper(self, interaction: discord.Interaction, text: str, view: discord.ui.View | None = None) -> None:
        """Say something to the one who acted, and to nobody else."""
        shown = view if view is not None else discord.utils.MISSING
        words = _one_message(text)
        try:
            if interaction.response.is_done() or _ACKNOWLEDGED in interaction.extras:
                await interaction.followup.send(words, ephemeral=True, view=shown, allowed_mentions=_NOBODY)
            else:
                await interaction.response.send_message(words, ephemeral=True, view=shown, allowed_mentions=_NOBODY)
        except UNREACHED as error:
            log.info("interaction %s got no word: %s", interaction.id, error)

    async def take_time(self, interaction: discord.Interaction, *, same_message: bool = False) -> bool:
        """Acknowledge what may take longer than three seconds, for `finish`. False when it was too late.

        What follows is a private message, or with `same_message` a change of the one that has the button.
        """
        try:
            if same_message:
                await interaction.response.defer()
            else:
                await interaction.response.defer(ephemeral=True, thinking=True)
        except UNREACHED as error:
            if isinstance(error, discord.HTTPException) and error.code == _ALREADY_ACKNOWLEDGED:
                interaction.extras[_ACKNOWLEDGED] = True  # an earlier try got through although its answer was lost
                return True
            log.warning("interaction %s was not acknowledged in time: %s", interaction.id, error)
            return False
        return True

    async def finish(
        self,
        interaction: discord.Interaction,
        text: str,
        view: discord.ui.View | None = None,
        files: Sequence[discord.File] = (),
    ) -> None:
        """Say what came of something that took its time. Raises what Discord answers to files that are too large."""
        try:
            await interaction.edit_original_response(
                content=_one_message(text),
                view=view,
                attachments=files or discord.utils.MISSING,
                allowed_mentions=_NOBODY,
            )
        except UNREACHED as error:
            if files and isinstance(error, discord.HTTPException) and error.status == 413:
                raise
            log.warning("interaction %s: what came of it was not shown: %s", interaction.id, error)


def _one_message(text: str) -> str:
    return next(iter(split(text)), sentences.BROKEN)


async def _acknowledge(interaction: discord.Interaction) -> int:
    """Defer, and return the id of the message that will be edited. Raises what Discord answers."""
    try:
        response = await interaction.response.defer(thinking=True)
    except discord.HTTPException as error:
        if error.code != _ALREADY_ACKNOWLEDGED:  # an earlier try got through although its answer was lost
            raise
        response = None
    if response is not None and response.message_id is not None:
        return response.message_id
    return (await interaction.original_response()).id
