"""Answers a button where its request was asked for, when the button itself stands in a direct message.

Asks Discord again who the person is over there, and whether they may still write in that place.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import discord

from adapters.base import Author, Exchange, Place
from adapters.discord.counter import UNREACHED
from adapters.discord.intake import author_of, permissions_in, place_of
from adapters.discord.posts import ChannelPost
from adapters.discord.reply import Anchor
from adapters.shared import sentences

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Room:
    """A channel or thread of a guild, and who somebody is there. `after` is the message to reply to."""

    client: discord.Client
    channel: int
    after: int
    author: Author
    place: Place

    async def open(self, nonce: str) -> tuple[ChannelPost, Anchor]:
        """Post the message that an answer will live in. Raises what Discord answers."""
        post = ChannelPost(self.client, self.channel, int(self.author.id))
        message = await post.follow(self.after, sentences.PLACEHOLDER, nonce)
        return post, Anchor("message", self.channel, self.author, [message])


def asked_elsewhere(interaction: discord.Interaction, exchange: Exchange) -> bool:
    """Whether a request was made in a guild and is now acted on from a direct message."""
    return interaction.guild_id is None and exchange.place is not None and not exchange.place.private


def may_write(channel: object, permissions: discord.Permissions) -> bool:
    """Whether somebody with these permissions may post there themselves."""
    if isinstance(channel, discord.Thread):
        return permissions.send_messages_in_threads
    return permissions.send_messages


async def find_room(interaction: discord.Interaction, exchange: Exchange) -> Room | None:
    """Where the request was asked for. None when the bot can't reach that place, or the person can't write there."""
    anchor = Anchor.load(exchange.ref)
    place = exchange.place
    if place is None or anchor is None or not place.community.isdigit():
        return None
    guild = interaction.client.get_guild(int(place.community))
    if guild is None:
        return None
    try:
        member = await guild.fetch_member(interaction.user.id)
        channel = guild.get_channel_or_thread(anchor.channel) or await guild.fetch_channel(anchor.channel)
    except (discord.InvalidData, *UNREACHED) as error:
        log.info("request %s: its place can't be reached any more: %s", exchange.request, error)
        return None
    permissions = permissions_in(channel, member)
    if permissions is None or not (permissions.view_channel and may_write(channel, permissions)):
        return None
    here = place_of(channel, guild, guild.id)
    return Room(
        client=interaction.client,
        channel=anchor.channel,
        after=anchor.messages[0],
        author=author_of(member, permissions),
        place=replace(here, age_restricted=here.age_restricted or place.age_restricted),
    )
