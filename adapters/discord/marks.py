"""Up to where Discord was heard: what outlives a restart, so that the next process knows what was missed.

Knows ids and files, no client. Discord's ids carry the time, so that one number per shard stands for all channels in
which nothing was said lately; the clock of this machine is not asked. What is said to others is written now and then,
however much that is; what is said to the bot at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.shared.state import StateFile

log = logging.getLogger(__name__)

STATE_FILE = "discord-heard.json"
SAVE_EVERY_S = 10.0  # at most, unless the bot is spoken to; what was said since then is read again after a kill
OVERLAP_S = 60.0  # events of different guilds do not come in the order of their ids
CHANNELS = 2000  # remembered, those in which something was said last
DIRECT = 200  # direct messages, which Discord lists nowhere
_MS = 22  # bits of an id below its milliseconds


def earlier(message: int, seconds: float) -> int:
    """An id so much older than another one."""
    return max(0, message - (int(seconds * 1000) << _MS))


@dataclass(frozen=True)
class Gap:
    """What was heard before a connection came to be: everything in a channel that is newer was missed."""

    mark: int
    channels: Mapping[int, int]

    def since(self, channel: int) -> int:
        """The newest message of a channel that was heard for certain."""
        return self.channels.get(channel) or earlier(self.mark, OVERLAP_S)


@dataclass
class _Heard:
    """`marks` are the newest messages by shard, `channels` and `direct` those by channel, the latest spoken in last."""

    marks: dict[int, int] = field(default_factory=dict)
    channels: OrderedDict[int, int] = field(default_factory=OrderedDict)
    direct: OrderedDict[int, int] = field(default_factory=OrderedDict)


class Marks:
    """Notes what is heard. Between `gap` and `caught_up` nothing is written, so that a kill loses nothing missed."""

    def __init__(self, state_dir: Path) -> None:
        self._file = StateFile(state_dir / STATE_FILE)
        self._heard = _Heard()
        self._taking: dict[int, int] = {}  # channels by message: heard, and not taken yet
        self._behind: dict[int, Gap] = {}  # by shard
        self._before: int | None = None  # the mark of an earlier process, for every shard; None: there was none
        self._saver: asyncio.Task[None] | None = None
        self._unwritten = False
        self._frozen = False

    async def load(self) -> None:
        """Read what an earlier process has heard."""
        read = await self._file.load()
        try:
            if read:
                self._before = int(read["mark"])
                self._heard.channels = _pairs(read["channels"])
                self._heard.direct = _pairs(read["direct"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning("%s holds something else than it should, it is made anew: %r", self._file.path, error)

    # --- while it is heard ----------------------------------------------------------------------------------------

    @contextmanager
    def taking(self, shard: int, channel: int, message: int, *, direct: bool) -> Iterator[None]:
        """Note a message that is heard now. What is interrupted, or fails, counts as missed."""
        if self._frozen:
            yield
            return
        self._note(shard, channel, message, direct=direct)
        self._taking[message] = channel
        yield
        self._taking.pop(message, None)

    def _note(self, shard: int, channel: int, message: int, *, direct: bool) -> None:
        heard = self._heard
        heard.marks[shard] = max(message, heard.marks.get(shard, 0))
        for kept, most in ((heard.channels, CHANNELS), *(((heard.direct, DIRECT),) if direct else ())):
            kept[channel] = max(message, kept.get(channel, 0))
            kept.move_to_end(channel)
            while len(kept) > most:
                kept.popitem(last=False)
        self._save_soon()

    def direct(self) -> list[int]:
        """The channels of direct messages, the one spoken in last first."""
        return list(reversed(self._heard.direct))

    # --- gaps -----------------------------------------------------------------------------------------------------

    def gap(self, shard: int) -> Gap | None:
        """A session begins: what may have been missed before it. None when nobody has ever listened."""
        if shard in self._behind:  # the last gap is not closed yet, and goes on
            return self._behind[shard]
        gap = self.now(shard)
        if gap is not None:
            self._behind[shard] = gap
        return gap

    def now(self, shard: int) -> Gap | None:
        """What would be missed from now on. None when nobody has ever listened."""
        mark = self._heard.marks.get(shard, self._before)
        return None if mark is None else Gap(mark, {**self._heard.direct, **self._heard.channels})

    async def caught_up(self, shard: int, newest: int) -> None:
        """What was missed is taken, up to the message `newest`."""
        self._behind.pop(shard, None)
        self._heard.marks[shard] = max(newest, self._heard.marks.get(shard, 0), self._before or 0)
        await self.save()

    def read(self, channel: int, newest: int) -> None:
        """What was missed in a channel is taken, up to a message."""
        self._heard.channels[channel] = max(newest, self._heard.channels.get(channel, 0))

    # --- writing --------------------------------------------------------------------------------------------------

    def _save_soon(self) -> None:
        self._unwritten = True
        if self._saver is None or self._saver.done():
            self._saver = asyncio.create_task(self._save_now_and_then(), name="discord marks")

    async def _save_now_and_then(self) -> None:
        while self._unwritten:
            await asyncio.sleep(SAVE_EVERY_S)
            await self.save()

    async def save(self) -> None:
        """Write what was heard up to now, unless something is still missed."""
        self._unwritten = False
        if not self._behind and (self._heard.marks or self._before is not None):
            await self._file.save(self._state)

    def freeze(self) -> None:
        """Note nothing from now on: whatever still comes is for the next process."""
        self._frozen = True

    async def close(self) -> None:
        """Write the last of it."""
        self.freeze()
        if self._saver is not None:
            self._saver.cancel()
            await asyncio.gather(self._saver, return_exceptions=True)
        await self.save()

    def _state(self) -> Any:
        heard = self._heard
        mark = min(heard.marks.values(), default=self._before or 0)
        oldest = earlier(mark, OVERLAP_S)
        # A message that is stuck must not hold everything back for ever: after a while nobody waits for it.
        stuck = {message: channel for message, channel in self._taking.items() if message > earlier(mark, 3600.0)}
        channels = {channel: newest for channel, newest in heard.channels.items() if newest > oldest}
        direct = dict(heard.direct)
        for message, channel in stuck.items():
            for kept in (channels, direct):
                if channel in kept:
                    kept[channel] = min(kept[channel], message - 1)
        return {"mark": min([mark, *(message - 1 for message in stuck)]), "channels": channels, "direct": direct}


def _pairs(read: Any) -> OrderedDict[int, int]:
    return OrderedDict((int(channel), int(message)) for channel, message in read.items())
