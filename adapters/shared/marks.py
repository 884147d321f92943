"""Up to where a platform was heard: what outlives a restart, so that the next process knows what was missed.

Knows ids and files, no platform. Ids of messages carry the time, so that one number stands for all places in which
nothing was said lately, and this machine's clock is not asked. What is said to others is written now and then, however
much that is; what is said to the bot at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.shared.state import StateFile

log = logging.getLogger(__name__)

SAVE_EVERY_S = 10.0  # at most, unless the bot is spoken to; what was said since then is read again after a kill
OVERLAP_S = 60.0  # events of different places do not come in the order of their ids
STUCK_S = 3600.0  # a message that is not taken holds the others back no longer than this
PLACES = 2000  # remembered, those in which something was said last
KNOWN = 300  # places that are remembered however long ago something was said there


@dataclass(frozen=True)
class Gap:
    """What was heard before a connection came to be: everything in a place that is newer was missed."""

    mark: int
    places: Mapping[str, int]
    overlap: int

    def since(self, place: str) -> int:
        """The newest message of a place that was heard for certain."""
        return self.places.get(place) or max(0, self.mark - self.overlap)


class Marks:
    """Notes what is heard, by place, and by source: what one connection brings.

    Between `gap` and `caught_up` nothing is written, so that a kill loses nothing that was missed.
    """

    def __init__(self, path: Path, *, per_second: int, same: bool = False) -> None:
        """`per_second`: by how much ids grow. `same`: a source may bring what another one of an earlier process did."""
        self._file = StateFile(path)
        self._per_second = per_second
        self._same = same
        self._before: dict[str, int] = {}  # the marks of an earlier process
        self._marks: dict[str, int] = {}
        self._places: OrderedDict[str, int] = OrderedDict()
        self._known: OrderedDict[str, int] = OrderedDict()
        self._taking: dict[int, str] = {}  # places by message: heard, and not taken yet
        self._behind: dict[str, Gap] = {}
        self._saver: asyncio.Task[None] | None = None
        self._unwritten = False
        self._frozen = False

    async def load(self) -> None:
        """Read what an earlier process has heard."""
        read = await self._file.load()
        try:
            if read:
                self._before = dict(_numbers(read["marks"]))
                self._places, self._known = _numbers(read["places"]), _numbers(read["known"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning("%s holds something else than it should, it is made anew: %r", self._file.path, error)

    # --- while it is heard ----------------------------------------------------------------------------------------

    @contextmanager
    def taking(self, source: str, place: str, message: int, *, known: bool) -> Iterator[None]:
        """Note a message that is heard now, and remember the place for long if it is to be `known`. What is
        interrupted, or fails, counts as missed."""
        if self._frozen:
            yield
            return
        self._marks[source] = max(message, self._marks.get(source, 0))
        _keep(self._places, place, message, PLACES)
        if known:
            self.know(place, message)
        self._taking[message] = place
        self._save_soon()
        yield
        self._taking.pop(message, None)

    def know(self, place: str, message: int) -> None:
        """Remember a place for long."""
        _keep(self._known, place, message, KNOWN)

    def known(self) -> list[tuple[str, int]]:
        """The places that are remembered for long with their newest message, the one spoken in last first."""
        return list(reversed(self._known.items()))

    # --- gaps -----------------------------------------------------------------------------------------------------

    def gap(self, source: str) -> Gap | None:
        """A connection comes to be: what may have been missed before it. None when nobody has ever listened."""
        if source in self._behind:  # the last gap is not closed yet, and goes on
            return self._behind[source]
        gap = self.now(source)
        if gap is not None:
            self._behind[source] = gap
        return gap

    def now(self, source: str) -> Gap | None:
        """What would be missed from now on. None when nobody has ever listened."""
        mark = self._marks.get(source, self._earlier(source))
        return None if mark is None else Gap(mark, {**self._known, **self._places}, self._span(OVERLAP_S))

    def sources(self) -> list[str]:
        """All from which something was ever heard."""
        return list(dict.fromkeys([*self._before, *self._marks]))

    def read(self, place: str, newest: int) -> None:
        """What was missed in a place is taken, up to a message."""
        _keep(self._places, place, newest, PLACES)

    async def caught_up(self, source: str, newest: int) -> None:
        """What was missed is taken, up to the message `newest`."""
        self._behind.pop(source, None)
        self._marks[source] = max(newest, self._marks.get(source, 0), self._earlier(source) or 0)
        await self.save()

    def forget(self, source: str, places: str) -> None:
        """Remember nothing of a source, nor of the places whose names begin so."""
        self._before.pop(source, None)
        self._marks.pop(source, None)
        self._behind.pop(source, None)
        for kept in (self._places, self._known):
            for place in [place for place in kept if place.startswith(places)]:
                del kept[place]
        self._save_soon()

    def _earlier(self, source: str) -> int | None:
        return min(self._before.values(), default=None) if self._same else self._before.get(source)

    def _span(self, seconds: float) -> int:
        return int(seconds * self._per_second)

    # --- writing --------------------------------------------------------------------------------------------------

    def _save_soon(self) -> None:
        self._unwritten = True
        if self._saver is None or self._saver.done():
            self._saver = asyncio.create_task(self._save_now_and_then(), name="what was heard")

    async def _save_now_and_then(self) -> None:
        while self._unwritten:
            await asyncio.sleep(SAVE_EVERY_S)
            await self.save()

    async def save(self) -> None:
        """Write what was heard up to now, unless something is still missed."""
        self._unwritten = False
        if not self._behind:
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
        marks = {**({} if self._same else self._before), **self._marks} or self._before
        newest, oldest = max(marks.values(), default=0), min(marks.values(), default=0)
        stuck = {each: place for each, place in self._taking.items() if each > newest - self._span(STUCK_S)}
        places = {place: each for place, each in self._places.items() if each > oldest - self._span(OVERLAP_S)}
        known = dict(self._known)
        for message, place in stuck.items():
            for kept in (places, known):
                if place in kept:
                    kept[place] = min(kept[place], message - 1)
        first = min(stuck, default=newest)
        return {
            "marks": {source: min(mark, first) for source, mark in marks.items()},
            "places": places,
            "known": known,
        }


def _keep(kept: OrderedDict[str, int], place: str, message: int, most: int) -> None:
    kept[place] = max(message, kept.get(place, 0))
    kept.move_to_end(place)
    while len(kept) > most:
        kept.popitem(last=False)


def _numbers(read: Any) -> OrderedDict[str, int]:
    return OrderedDict((str(place), int(message)) for place, message in read.items())
