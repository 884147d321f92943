"""When a dead inference process may be started again. Pure: the clock is injected."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

_FIRST_BACKOFF_S = 0.25
_LONGEST_BACKOFF_S = 30.0
_LONGEST_COOLDOWN_S = 3600.0


class RestartPolicy:
    """Backoff, and a breaker that opens after more than `limit` deaths within `window_s`.

    The open breaker asks for a cool-down before the next start, which is a probe. A probe that gets ready closes it;
    one more death within the window opens it again, for twice as long.
    """

    def __init__(self, clock: Callable[[], float], *, limit: int, window_s: float, cooldown_s: float) -> None:
        self._clock = clock
        self._limit = limit
        self._window_s = window_s
        self._cooldown_s = cooldown_s
        self._deaths: deque[float] = deque()
        self._probes = 0
        self.open = False

    def died(self) -> float:
        """Note a death. Returns the seconds to wait before the next start."""
        now = self._clock()
        self._deaths.append(now)
        self._forget_before(now - self._window_s)
        count = len(self._deaths)
        if count > self._limit:
            self.open = True
            self._probes += 1
            return float(min(self._cooldown_s * 2 ** (self._probes - 1), _LONGEST_COOLDOWN_S))
        self._probes = 0
        # The first death may be an accident: nobody should wait longer than the loading takes.
        return 0.0 if count == 1 else min(_FIRST_BACKOFF_S * 2 ** (count - 2), _LONGEST_BACKOFF_S)

    def ready(self) -> None:
        """A start succeeded."""
        self.open = False

    def _forget_before(self, moment: float) -> None:
        while self._deaths and self._deaths[0] < moment:
            self._deaths.popleft()
