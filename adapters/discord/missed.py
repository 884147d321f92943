"""What was said to the bot while nothing was heard: read once from the history of the places where something was said.

A process can't resume the session of an earlier one: Discord would not say anew which guilds there are. So the ids of
what was heard are kept (`shared/marks.py`), and Discord's own `last_message_id` tells which places have moved on since.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import discord

from adapters.discord.answers import UNREACHED
from adapters.discord.intake import is_for_me, permissions_in
from adapters.discord.posts import Fault, fault_of
from adapters.shared.marks import Gap, Marks

if TYPE_CHECKING:
    from adapters.discord.client import BotClient

log = logging.getLogger(__name__)

MOST_AGE = timedelta(minutes=30)  # who asked before that has asked again, or somebody else
MOST_PLACES = 300  # of guilds, those that moved on last
MOST_DIRECT = 100  # direct messages, those spoken in last: Discord does not tell which have moved on
MOST_MESSAGES = 100  # of one place, the newest
AT_ONCE = 4  # places that are read at the same time, so that answers get their turn at Discord
AGAIN_S = (2.0, 10.0, 30.0, 60.0)  # after Discord or the application did not answer

Place = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread


@dataclass(frozen=True)
class _Unread:
    """A place with messages after `since`."""

    channel: discord.abc.Messageable
    id: int
    since: int
    last: int = 0  # what Discord says of it, as far as it does


class Missed:
    """Asks what was missed before a session, or while a guild was away."""

    def __init__(self, client: BotClient, marks: Marks) -> None:
        self._client = client
        self._marks = marks
        self._away: dict[int, Gap] = {}  # by guild: those that Discord has lost for a while
        self._reading: dict[int, asyncio.Task[Any] | None] = {}  # by shard

    def began(self, shard: int) -> None:
        """A session begins, before anything is heard over it."""
        self._marks.gap(str(shard))

    async def catch_up(self, shard: int) -> None:
        """Take what was missed before the session of a shard. A later session of that shard takes over."""
        if (going := self._reading.get(shard)) is not None:
            going.cancel()
        me = self._reading[shard] = asyncio.current_task()
        try:
            await self._catch_up(shard)
        finally:
            if self._reading.get(shard) is me:
                del self._reading[shard]

    def lost(self, guild: discord.Guild) -> None:
        """Discord can't reach a guild for a while; nothing of it is heard."""
        gap = self._marks.now(str(guild.shard_id))
        if gap is not None:
            self._away.setdefault(guild.id, gap)

    async def back(self, guild: discord.Guild) -> None:
        """A guild can be reached again."""
        gap = self._away.pop(guild.id, None)
        if gap is not None:
            await self._take_all(_moved([guild], gap))

    def stop(self) -> None:
        """Read no more; what is left is for the next process."""
        for task in list(self._reading.values()):
            if task is not None and task is not asyncio.current_task():
                task.cancel()

    # --- reading --------------------------------------------------------------------------------------------------

    async def _catch_up(self, shard: int) -> None:
        gap = self._marks.gap(str(shard))
        guilds = [guild for guild in self._client.guilds if guild.shard_id == shard]
        places = [place for guild in guilds for place in _places(guild)]
        if gap is None:  # nobody has ever listened: what is said from now on counts
            for place in places:
                self._marks.read(str(place.id), _last(place))
        else:
            self._away.update({guild.id: gap for guild in guilds if guild.unavailable and guild.id not in self._away})
            await self._take_all([*_moved(guilds, gap), *self._direct(shard, gap)])
        await self._marks.caught_up(str(shard), max(map(_last, places), default=0))

    def _direct(self, shard: int, gap: Gap) -> Iterator[_Unread]:
        """The direct messages that the bot knows of; they come over the first shard."""
        for place, _ in self._marks.known()[:MOST_DIRECT] if shard == 0 else ():
            yield _Unread(self._client.get_partial_messageable(int(place)), int(place), gap.since(place))

    async def _take_all(self, places: Iterable[_Unread]) -> None:
        """Take what was said in these places. What can't be read now is tried again while somebody may wait for it."""
        unread, until = list(places), self._client.timing.now() + MOST_AGE.total_seconds()
        delays = iter(AGAIN_S)
        delay = 0.0
        while unread:
            some = asyncio.Semaphore(AT_ONCE)
            left = await asyncio.gather(*(self._take(place, some) for place in unread))
            unread = [place for place, again in zip(unread, left, strict=True) if again]
            if unread and self._client.timing.now() > until:
                log.warning("what was said in %d channels meanwhile can't be read", len(unread))
                return
            if unread:
                delay = next(delays, delay)
                await self._client.timing.sleep(delay)

    async def _take(self, place: _Unread, some: asyncio.Semaphore) -> bool:
        """Take what was said in one place. Returns whether that has to be tried again."""
        async with some:
            try:
                messages = await self._read(place)
            except UNREACHED as error:
                log.info("channel %s can't be read: %s", place.id, error)
                return fault_of(error) is Fault.PASSING
            again = False
            for message in messages:
                # A stop interrupts the reading, and not the taking: that is waited for.
                again |= await asyncio.shield(asyncio.create_task(self._offer(message)))
        if not again:
            self._marks.read(str(place.id), max([place.last, *(message.id for message in messages)]))
        return again

    async def _offer(self, message: discord.Message) -> bool:
        """Hand over one message. Returns whether that has to be tried again."""
        try:
            await self._client.take_missed(message)
        except UNREACHED as error:
            log.warning("message %s, which was missed, was not taken: %s", message.id, error)
            return fault_of(error) is Fault.PASSING
        except Exception:
            log.exception("message %s, which was missed, was not taken; that is tried again", message.id)
            return True
        return False

    async def _read(self, place: _Unread) -> list[discord.Message]:
        """What was said to the bot there, the oldest first. Raises what Discord answers."""
        oldest = max(place.since, discord.utils.time_snowflake(discord.utils.utcnow() - MOST_AGE))
        if place.last and place.last <= oldest:
            return []
        after = discord.Object(oldest)
        history = place.channel.history(limit=MOST_MESSAGES, after=after, oldest_first=False)
        me = self._client.me()
        return [message async for message in history if is_for_me(message, me)][::-1]


def _moved(guilds: Sequence[discord.Guild], gap: Gap) -> list[_Unread]:
    """The places in which something was said after the gap began and that the bot may read, the latest first."""
    found = [
        _Unread(place, place.id, gap.since(str(place.id)), last)
        for guild in guilds
        for place in _places(guild)
        if (last := _last(place)) > gap.since(str(place.id)) and _readable(place)
    ]
    found.sort(key=lambda unread: unread.last, reverse=True)
    if len(found) > MOST_PLACES:
        log.warning("something was said in %d channels meanwhile; the latest %d are read", len(found), MOST_PLACES)
    return found[:MOST_PLACES]


def _places(guild: discord.Guild) -> Iterator[Place]:
    for channel in guild.channels:
        if isinstance(channel, Place):
            yield channel
    yield from guild.threads


def _last(place: Place) -> int:
    return place.last_message_id or 0


def _readable(place: Place) -> bool:
    """Whether asking is of use: Discord counts what it refuses, and shuts out who asks in vain too often."""
    me = place.guild.me
    permissions = permissions_in(place, me) if me is not None else None
    return permissions is not None and permissions.view_channel and permissions.read_message_history
