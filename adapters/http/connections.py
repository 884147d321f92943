"""Which connections may be open at once, and which of them have taken too long. Knows no socket and no HTTP."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol


@dataclass(frozen=True)
class Limits:
    """What one server allows."""

    connections: int = 1000  # in all
    per_address: int = 256  # connections, and requests at the same time that come through a trusted proxy
    head_s: float = 10.0  # for a request's line and headers, from the first byte or from the connection on
    body_s: float = 20.0  # for a request's body …
    body_rate: int = 8 * 1024  # … and one second more for each so many bytes that have come
    idle_s: float = 75.0  # between two requests; longer than what proxies use, so that they hang up first
    write_s: float = 30.0  # without a byte of an answer being taken
    stalled_s: float = 3.0  # without a byte in either direction, in which a connection counts as active
    burst: int = 1000  # requests of one address at once …
    rate: float = 100.0  # … and in each second from then on; what is more has to wait
    late_s: float = 1.0  # for this long
    turn_s: float = 5.0  # how long a request through a proxy waits until others of its address have been answered

    def within(self, descriptors: int) -> Limits:
        """The same, with no more connections than a quarter of this process's descriptors."""
        most = min(self.connections, max(descriptors // 4, 8))
        return replace(self, connections=most, per_address=min(self.per_address, most))


class Connection(Protocol):
    """What can be closed to make room. `group` is who is behind it; empty for a trusted proxy, behind whom many are."""

    @property
    def group(self) -> str: ...

    def close_now(self, why: str) -> None:
        """Close without waiting for the other side."""


class Connections:
    """Counts connections, and makes room by closing idle ones of those who have the most, the oldest first."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: dict[Connection, None] = {}
        self._count: Counter[str] = Counter()
        self._idle: dict[str, OrderedDict[Connection, None]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._open))

    def make_room(self, group: str) -> bool:
        """Whether one more of this group may come, once an idle one of it, or of the largest group, has been closed."""
        if group and self._count[group] >= self._limits.per_address:
            return self._close_oldest(group)
        if len(self._open) >= self._limits.connections:
            return self.free(1) == 1
        return True

    def free(self, count: int) -> int:
        """Close up to so many idle ones, always of those who have the most. Returns how many that were.

        A proxy's come last: it has many because many people are behind it, and keeps slow ones from us by itself.
        """
        closed = 0
        while closed < count and self._idle:
            self._close_oldest(max(self._idle, key=lambda group: self._count[group] if group else 0))
            closed += 1
        return closed

    def add(self, connection: Connection) -> None:
        """Count a new connection, which is idle until it has asked for something."""
        self._open[connection] = None
        self._count[connection.group] += 1
        self.idle(connection)

    def remove(self, connection: Connection) -> None:
        """Forget a connection. Harmless when it is forgotten already."""
        if self._open.pop(connection, self) is self:
            return
        self.active(connection)
        self._count[connection.group] -= 1
        if not self._count[connection.group]:
            del self._count[connection.group]

    def idle(self, connection: Connection) -> None:
        """From now on it may be closed for others."""
        if connection in self._open:
            self._idle.setdefault(connection.group, OrderedDict()).setdefault(connection)

    def active(self, connection: Connection) -> None:
        """It asked for something, and is not closed for others."""
        same = self._idle.get(connection.group, OrderedDict())
        same.pop(connection, None)
        if not same:
            self._idle.pop(connection.group, None)

    def _close_oldest(self, group: str) -> bool:
        if group not in self._idle:
            return False
        oldest = next(iter(self._idle[group]))
        self.remove(oldest)
        oldest.close_now("to make room")
        return True


class Pace:
    """A burst of requests for each group, and so many a second from then on."""

    def __init__(self, limits: Limits, clock: Callable[[], float], most: int = 4096) -> None:
        self._limits = limits
        self._clock = clock
        self._most = most
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # group -> requests left, when that was

    def take(self, group: str) -> bool:
        """Count a request. False when this group has had too many of late."""
        now = self._clock()
        left, at = self._left.pop(group, (float(self._limits.burst), now))
        left = min(left + (now - at) * self._limits.rate, float(self._limits.burst))
        self._left[group] = (max(left - 1, 0.0), now)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return left >= 1
