"""Who is read for next, and how much time a request has left. Pure: the clock is injected, nothing is awaited.

Nobody knows beforehand what a file costs, so what counts is what was used: of those who wait, the one goes first whose
community, and then who himself, has had the least decoding lately.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from typing import Generic, Protocol, TypeVar

from engine.decoding.payer import Payer

_HALF_LIFE_S = 60.0
_FORGOTTEN = 1e-3  # seconds of decoding that make no difference any more
_SWEEP = 1024  # senders
_REQUESTS = 4096
_REQUEST_LASTS_S = 3600.0


class Shares:
    """Seconds of decoding by name, of which half is forgotten every minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._used: dict[object, tuple[float, float]] = {}  # seconds, and when that was so

    def used_s(self, name: object) -> float:
        seconds, at = self._used.get(name, (0.0, 0.0))
        return seconds * 0.5 ** ((self._clock() - at) / _HALF_LIFE_S) if seconds else 0.0

    def charge(self, name: object, seconds: float) -> None:
        self._used[name] = self.used_s(name) + seconds, self._clock()
        if len(self._used) > _SWEEP:
            self._used = {each: self._used[each] for each in self._used if self.used_s(each) > _FORGOTTEN}


class Budgets:
    """The decoding that each request has left, over all its clips, operations and retries. In seconds."""

    def __init__(self, clock: Callable[[], float], budget_s: float) -> None:
        self._clock = clock
        self._budget_s = budget_s
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def left_s(self, request: str) -> float:
        spent_s, at = self._spent.get(request, (0.0, self._clock()))
        return self._budget_s - (spent_s if self._clock() - at < _REQUEST_LASTS_S else 0.0)

    def charge(self, request: str, seconds: float) -> None:
        self._spent[request] = self._budget_s - self.left_s(request) + seconds, self._clock()
        self._spent.move_to_end(request)
        while len(self._spent) > _REQUESTS:
            self._spent.popitem(last=False)


class Waiting(Protocol):
    """One thing to be read, as the line sees it."""

    payer: Payer
    urgent: bool  # a model waits for it
    suspect: bool  # it broke a decoder


W = TypeVar("W", bound=Waiting)


class Line(Generic[W]):
    """What waits, in order of arrival. A few dozen at a time, for admission is elsewhere: so a look at each is fine."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._shares = Shares(clock)
        self._waiting: dict[int, W] = {}
        self._number = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[W]:
        return iter(list(self._waiting.values()))

    def add(self, item: W) -> None:
        self._number += 1
        self._waiting[self._number] = item

    def remove(self, item: W) -> None:
        for number, each in self._waiting.items():
            if each is item:
                del self._waiting[number]
                return

    def pick(self, running: Collection[Payer], decoders: int) -> W | None:
        """Take out who is next while `running` are read for. With several decoders nobody has all of them, so that a
        newcomer finds one; what broke a decoder waits until nothing else does."""
        senders = [payer.name for payer in running]
        most = max(1, decoders - 1)
        free = [(number, item) for number, item in self._waiting.items() if senders.count(item.payer.name) < most]
        if not free:
            return None
        number, item = min(free, key=lambda each: self._rank(*each))
        if item.suspect and any(not other.suspect for other in self._waiting.values()):
            return None
        del self._waiting[number]
        return item

    def charge(self, payer: Payer, seconds: float) -> None:
        self._shares.charge(payer.community, seconds)
        self._shares.charge(payer.name, seconds)

    def _rank(self, number: int, item: W) -> tuple[bool, bool, float, float, int]:
        used_s = self._shares.used_s
        payer = item.payer
        return item.suspect, not item.urgent, used_s(payer.community), used_s(payer.name), number
