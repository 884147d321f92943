"""One interaction of an admin or a moderator: who acts, where, and how they are answered. Knows no panels."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord

from adapters.base import Author, Refusal, Scope
from adapters.discord.admin import strings
from adapters.discord.admin.controls import Page
from adapters.discord.admin.enclosures import open_sheets
from adapters.discord.dialect import DISCORD
from adapters.discord.intake import PLATFORM, author_of, place_of
from adapters.shared.admin import sentences

log = logging.getLogger(__name__)

UNREACHED = (discord.HTTPException, aiohttp.ClientError, OSError)
_ALREADY_ACKNOWLEDGED = 40060
_NOBODY = discord.AllowedMentions.none()


class Stale(Exception):
    """A control of a panel that this version does not know any more."""


@dataclass(frozen=True)
class Visit:
    """Who acts and where. `scope` is the whole community; `channel` is the room they are in, a thread's parent.

    `everywhere` says that they moderate the whole community, and not only the channel that they are in.
    """

    interaction: discord.Interaction
    author: Author
    scope: Scope
    channel: str
    everywhere: bool

    @property
    def values(self) -> list[str]:
        """What was chosen in a menu: texts, or ids as text."""
        data: Mapping[str, Any] = self.interaction.data or {}
        return [str(value) for value in data.get("values", ())]

    @property
    def value(self) -> str:
        """The one thing that was chosen. Raises `Stale` when there is none."""
        if not self.values:
            raise Stale
        return self.values[0]

    def chose_a_role(self) -> bool:
        """Whether the chosen one is a role rather than a member."""
        data: Mapping[str, Any] = self.interaction.data or {}
        return self.value in data.get("resolved", {}).get("roles", {})

    def there(self, channels: Iterable[str], kinds: Sequence[discord.ChannelType]) -> list[int]:
        """Those of the channels that exist and are of these kinds: others must not stand in a menu."""
        guild = self.interaction.guild
        found = [guild.get_channel(int(id)) for id in channels if id.isdigit()] if guild is not None else []
        return [channel.id for channel in found if channel is not None and channel.type in kinds]

    def age_restricted(self, channel: str) -> bool:
        """Whether Discord keeps minors out of a channel; not known, and so False, of one that the bot cannot see."""
        guild = self.interaction.guild
        found = guild.get_channel(int(channel)) if guild is not None else None
        return place_of(found, guild, self.interaction.guild_id).age_restricted

    @property
    def on_own_panel(self) -> bool:
        """Whether the pressed control stands in a message that nobody else sees."""
        message = self.interaction.message
        return message is not None and message.flags.ephemeral

    async def begin(self) -> None:
        """Acknowledge within Discord's three seconds, before anything that may take time."""
        response = self.interaction.response
        try:
            if self.interaction.type is discord.InteractionType.application_command:
                await response.defer(ephemeral=True, thinking=True)
            else:
                await response.defer()
        except discord.HTTPException as error:
            if error.code != _ALREADY_ACKNOWLEDGED:  # an earlier try got through although its answer was lost
                raise

    async def show(self, page: Page) -> None:
        """Make the panel look like `page`."""
        await self.interaction.edit_original_response(
            content=None,
            embed=page.embed,
            view=page.view(),
            attachments=open_sheets(page.sheets),
            allowed_mentions=_NOBODY,
        )

    async def whisper(self, text: str) -> None:
        """Say something to the one who acted, and to nobody else."""
        await whisper(self.interaction, text)

    async def ask(self, form: discord.ui.Modal) -> None:
        """Open a form; only possible as long as the interaction is not acknowledged."""
        await self.interaction.response.send_modal(form)


def visit_of(interaction: discord.Interaction) -> Visit | None:
    """None in a direct message: there is nothing to administer."""
    if interaction.guild_id is None:
        return None
    author = author_of(interaction.user, interaction.permissions)
    channel = interaction.channel or discord.Object(interaction.channel_id or 0)
    own = interaction.user.guild_permissions if isinstance(interaction.user, discord.Member) else None
    return Visit(
        interaction=interaction,
        author=author,
        scope=Scope(PLATFORM, str(interaction.guild_id)),
        channel=place_of(channel, interaction.guild, interaction.guild_id).channel,
        everywhere=author.is_admin or (own is not None and (own.manage_messages or own.administrator)),
    )


async def serve(interaction: discord.Interaction, work: Callable[[Visit], Awaitable[None]], *, admin: bool) -> None:
    """Let an admin (or at least a moderator) do something. Whatever goes wrong is said to them, and to nobody else."""
    visit = visit_of(interaction)
    if visit is None:
        await whisper(interaction, strings.ONLY_SERVERS)
    elif admin and not visit.author.is_admin:
        await whisper(interaction, DISCORD.say(sentences.NEEDS_ADMIN))
    elif not visit.author.is_moderator:
        await whisper(interaction, strings.NEEDS_MODERATOR)
    else:
        await _work(visit, work)


async def quietly(interaction: discord.Interaction, work: Callable[[Visit], Awaitable[None]]) -> None:
    """Let a moderator's client look something up, where there is no room for a word about why it can't."""
    visit = visit_of(interaction)
    if visit is None or not visit.author.is_moderator:
        return
    try:
        await work(visit)
    except Exception:
        log.exception("interaction %s found nothing to offer", interaction.id)


async def _work(visit: Visit, work: Callable[[Visit], Awaitable[None]]) -> None:
    try:
        await work(visit)
    except (Refusal, ValueError) as error:  # a sentence for the one who acted
        await visit.whisper(str(error))
    except Stale:
        await visit.whisper(strings.STALE)
    except UNREACHED as error:
        log.warning("interaction %s was not answered: %s", visit.interaction.id, error)
        await visit.whisper(sentences.BROKEN)
    except Exception:
        log.exception("interaction %s broke", visit.interaction.id)
        await visit.whisper(sentences.BROKEN)


async def whisper(interaction: discord.Interaction, text: str) -> None:
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text[:2000], ephemeral=True, allowed_mentions=_NOBODY)
        else:
            await interaction.response.send_message(text[:2000], ephemeral=True, allowed_mentions=_NOBODY)
    except UNREACHED as error:
        log.info("interaction %s got no word: %s", interaction.id, error)
