"""Why the bot can't write in a place, as a sentence for the one who asked there. Knows permissions; sends nothing."""

from __future__ import annotations

import discord

from adapters.discord import notices
from adapters.discord.posts import Fault, MayNotAttach, fault_of

_CHANNEL_GONE = frozenset({10003, 10004})
_THREAD_CLOSED = frozenset({50083, 160005})

# Every right that the bot needs, by discord.py's name for it, and as Discord's own settings call it.
NEEDED = {
    "view_channel": "View Channels",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "embed_links": "Embed Links",
    "attach_files": "Attach Files",
    "read_message_history": "Read Message History",
}


def needed() -> discord.Permissions:
    """The permissions to ask for in the invite link."""
    return discord.Permissions(**dict.fromkeys(NEEDED, True))


def missing(held: discord.Permissions, names: dict[str, str] | None = None) -> list[str]:
    """The rights that are not among those `held`, in people's words."""
    return [label for name, label in (names or NEEDED).items() if not getattr(held, name)]


def cannot_write(client: discord.Client, channel_id: int, error: BaseException | None) -> str:
    """What to tell the one who asked there; empty when the error says nothing about the place."""
    channel = client.get_channel(channel_id)
    where = _name(channel)
    code = error.code if isinstance(error, discord.HTTPException) else 0
    if code in _CHANNEL_GONE:
        return notices.PLACE_DELETED.format(where=where)
    if code in _THREAD_CLOSED:
        return notices.THREAD_CLOSED.format(where=where if channel is not None else "that thread")
    if error is None or isinstance(error, MayNotAttach) or fault_of(error) is not Fault.PLACE_GONE:
        return ""
    if channel is None:  # most likely the whole guild is gone, and with it whom it concerns
        return ""
    lacking = _lacking(channel)
    if not lacking:
        return notices.CANNOT_WRITE.format(where=where)
    return notices.MISSING_RIGHTS.format(where=where, rights=" and ".join(f"“{right}”" for right in lacking))


def _lacking(channel: object) -> list[str]:
    """What the bot would need to write there, as far as discord.py knows the channel."""
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return []
    send = "send_messages_in_threads" if isinstance(channel, discord.Thread) else "send_messages"
    names = {name: NEEDED[name] for name in ("view_channel", send)}
    me = channel.guild.me
    try:
        return missing(channel.permissions_for(me), names) if me is not None else []
    except discord.ClientException:  # a thread whose channel discord.py has not heard of
        return []


def _name(channel: object) -> str:
    if isinstance(channel, discord.Thread):
        return f"the thread “{discord.utils.escape_markdown(channel.name)}”"
    if isinstance(channel, discord.abc.GuildChannel):
        return f"#{discord.utils.escape_markdown(channel.name)}"
    return "that channel"
