"""Turns Discord's messages and interactions into the neutral types. Knows what is meant for the bot and what is not."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import aiohttp
import discord

from adapters.base import Author, Message, Place
from adapters.discord.attachments import DiscordFile, FileHosts, link_name, signed_again, take_links
from adapters.shared.media import media_type

log = logging.getLogger(__name__)

PLATFORM = "discord"
DEFAULT_UPLOAD_LIMIT = 10 * 1024 * 1024  # bytes
_USER = re.compile(r"<@!?(\d+)>")
_SPOKEN = (discord.MessageType.default, discord.MessageType.reply)


def is_for_me(message: discord.Message, me: int) -> bool:
    """Whether a person talks to the bot: a mention, a reply that pings it, or a direct message."""
    if message.author.bot or message.webhook_id is not None or message.type not in _SPOKEN:
        return False
    return guild_of(message) is None or any(user.id == me for user in message.mentions)


def guild_of(message: discord.Message) -> int | None:
    """The id of the guild, None in a direct message. A guild that is not known yet is still a guild."""
    if message.guild is not None:
        return message.guild.id
    found: int | None = getattr(message.channel, "guild_id", None)
    return found


def spoken(text: str, me: int, names: Mapping[int, str]) -> str:
    """The text without the mention of the bot, and with names in place of other people's mentions."""

    def name(match: re.Match[str]) -> str:
        user = int(match.group(1))
        return "" if user == me else f"@{names.get(user, 'someone')}"

    return re.sub(r"[ \t]{2,}", " ", _USER.sub(name, text)).strip()


def author_of(user: discord.User | discord.Member, permissions: discord.Permissions | None) -> Author:
    """Who speaks; `permissions` are theirs in that channel, None in a direct message, where everyone is their own."""
    admin = permissions is not None and (permissions.manage_guild or permissions.administrator)
    moderator = permissions is not None and (permissions.manage_messages or admin)
    roles = [role.id for role in user.roles if not role.is_default()] if isinstance(user, discord.Member) else []
    return Author(
        id=str(user.id),
        name=user.display_name,
        is_admin=admin,
        is_moderator=moderator,
        roles=tuple(str(role) for role in roles),
    )


def permissions_in(channel: object, user: discord.User | discord.Member) -> discord.Permissions | None:
    """What a member may do in a channel; in the guild where the channel is not known well enough. None for a user."""
    if not isinstance(user, discord.Member):
        return None
    if isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        try:
            return channel.permissions_for(user)
        except discord.ClientException as error:  # a thread whose channel discord.py has not heard of
            log.debug("the permissions in channel %s are taken from its guild: %s", channel.id, error)
    return user.guild_permissions


def place_of(channel: object, guild: discord.Guild | None, guild_id: int | None) -> Place:
    """Where it is said. `channel` is whatever discord.py knows about it, which may be no more than its id."""
    channel_id = str(getattr(channel, "id", ""))
    parent = getattr(channel, "parent_id", None) if isinstance(channel, discord.Thread) else None
    return Place(
        platform=PLATFORM,
        community=str(guild_id) if guild_id is not None else "dm",
        channel=str(parent) if parent else channel_id,
        thread=channel_id if parent else "",
        private=guild_id is None,
        age_restricted=_is_nsfw(channel),
        upload_limit=guild.filesize_limit if guild is not None else DEFAULT_UPLOAD_LIMIT,
    )


def _is_nsfw(channel: object) -> bool:
    ask = getattr(channel, "is_nsfw", None)
    return bool(ask()) if callable(ask) else bool(getattr(channel, "nsfw", False))


def withheld(message: discord.Message) -> bool:
    """Whether Discord hides what a message says: without the message content intent it comes empty."""
    parts = (message.content, message.attachments, message.embeds, message.stickers, message.message_snapshots)
    return message.type in _SPOKEN and not any(parts) and message.poll is None


@dataclass(frozen=True)
class Intake:
    """What is needed to read messages: the bot's own id, the file hosts and a session to read from them."""

    me: int
    hosts: FileHosts
    session: Callable[[], aiohttp.ClientSession]

    def message(self, message: discord.Message, referenced: discord.Message | None) -> Message:
        """A message to the bot, with the clips of the message that it replies to."""
        names = {user.id: user.display_name for user in message.mentions}
        text, links = take_links(spoken(message.content, self.me, names), self.hosts)
        files = [*self.files(message), *(self._linked(url) for url in links)]
        if referenced is not None:
            files += self.files(referenced)
            files += [self._linked(url) for url in take_links(referenced.content, self.hosts)[1]]
        return Message(
            event_id=str(message.id),
            author=author_of(message.author, permissions_in(message.channel, message.author)),
            place=place_of(message.channel, message.guild, guild_of(message)),
            text=text,
            attachments=tuple(files),
            posted_at=message.created_at,
        )

    def question(self, interaction: discord.Interaction, text: str, files: Iterable[DiscordFile]) -> Message:
        """A question that was put by a command or a dialog."""
        return Message(
            event_id=str(interaction.id),
            author=self.author(interaction),
            place=self.place(interaction),
            text=text.strip(),
            attachments=tuple(files),
        )

    def author(self, interaction: discord.Interaction) -> Author:
        in_guild = interaction.guild_id is not None
        return author_of(interaction.user, interaction.permissions if in_guild else None)

    def place(self, interaction: discord.Interaction) -> Place:
        channel = interaction.channel or discord.Object(interaction.channel_id or 0)
        place = place_of(channel, interaction.guild, interaction.guild_id)
        return replace(place, upload_limit=interaction.filesize_limit or place.upload_limit)

    def files(self, message: discord.Message) -> list[DiscordFile]:
        """The clips of a message: its own, and those of what it forwards."""
        sources = [message.attachments, *(snapshot.attachments for snapshot in message.message_snapshots)]
        found = (self.file(item, message) for source in sources for item in source)
        return [item for item in found if item is not None]

    def file(self, item: discord.Attachment, message: discord.Message | None = None) -> DiscordFile | None:
        """One attachment, None when it is no clip. `message` is where a new signature can be had."""
        kind = media_type(item.filename, item.content_type)
        if kind is None:
            return None
        return DiscordFile(
            item.url,
            name=item.filename,
            content_type=kind,
            size=item.size,
            hosts=self.hosts,
            session=self.session,
            refetch=signed_again(message, item.id) if message is not None else None,
        )

    def _linked(self, url: str) -> DiscordFile:
        name = link_name(url)
        return DiscordFile(
            url,
            name=name,
            content_type=media_type(name, None) or "application/octet-stream",
            size=0,
            hosts=self.hosts,
            session=self.session,
        )
