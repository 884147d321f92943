"""What a message replies to, and what that one replied to, back to where it began. Knows no request and no answer."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
import discord

from adapters.base import Quoted
from adapters.discord.intake import spoken

log = logging.getLogger(__name__)

LINKS = 16  # messages walked through, those that say nothing to us included
QUOTES = 8  # messages handed over
REMEMBERED = 2048
_UNREACHED = (discord.HTTPException, aiohttp.ClientError, OSError)


@dataclass(frozen=True)
class Link:
    """One message of a chain. `parent` is what it replies to, 0 for nothing; `asked_by` the interaction it answers."""

    id: int
    name: str
    text: str
    mine: bool
    parent: int = 0
    asked_by: int = 0
    asker: str = ""


class Chains:
    """Walks chains, and remembers what it has seen of them."""

    def __init__(self, client: discord.Client, event_of: Callable[[int], str] = str) -> None:
        """`event_of` gives the event id that a message has asked with."""
        self._client = client
        self._event_of = event_of
        self._links: OrderedDict[int, Link] = OrderedDict()

    def note(self, message: discord.Message) -> Link:
        """Remember a message that has just been seen; what it says may have changed since the last time."""
        me = self._client.user.id if self._client.user is not None else 0
        used = message.interaction_metadata
        link = Link(
            id=message.id,
            name=message.author.display_name,
            # Of its own answers the application knows more than what Discord shows, and has forgotten what it must.
            text="" if message.author.id == me else spoken(message.content, me, _names(message)),
            mine=message.author.id == me,
            parent=_parent(message),
            asked_by=used.id if used is not None and message.author.id == me else 0,
            asker=used.user.display_name if used is not None else "",
        )
        self._links[link.id] = link
        self._links.move_to_end(link.id)
        while len(self._links) > REMEMBERED:
            self._links.popitem(last=False)
        return link

    def forget(self, message: int) -> None:
        """A message was deleted; nothing of it is quoted any more."""
        self._links.pop(message, None)

    async def before(self, message: discord.Message, referenced: discord.Message | None) -> tuple[Quoted, ...]:
        """What `message` replies to, oldest first; `referenced` is the nearest one, where it is known.

        Messages that Discord hides from the bot are left out, but the way leads on through them.
        """
        if referenced is not None:
            self.note(referenced)
        quotes: list[Quoted] = []
        following, walked = _parent(message), {message.id}
        while following and following not in walked and len(walked) <= LINKS and len(quotes) < QUOTES:
            walked.add(following)
            link = await self._link(message.channel, following)
            if link is None:
                break
            if link.mine or link.text:
                quotes.append(Quoted(self._event_of(link.id), link.name, link.text, link.mine))
            if link.asked_by:  # a command's answer replies to nothing: what asked is known by the interaction's id
                quotes.append(Quoted(str(link.asked_by), link.asker, ""))
            following = link.parent
        return tuple(reversed(quotes[:QUOTES]))

    async def _link(self, channel: discord.abc.Messageable, message: int) -> Link | None:
        known = self._links.get(message)
        if known is not None:
            self._links.move_to_end(message)
            return known
        try:
            return self.note(await channel.fetch_message(message))
        except _UNREACHED as error:
            log.info("message %s of a reply chain can't be read: %s", message, error)
            return None


def _parent(message: discord.Message) -> int:
    """The id of the message that this one replies to, 0 for none; a forward is no reply."""
    reference = message.reference
    if reference is None or reference.type is discord.MessageReferenceType.forward:
        return 0
    if reference.channel_id != message.channel.id:  # the first message of a thread points out of it
        return 0
    return reference.message_id or 0


def _names(message: discord.Message) -> dict[int, str]:
    return {user.id: user.display_name for user in message.mentions}
