"""Telling a slow step from a hang: a counter that the inference process feeds and its parent reads.

The counter lives in a shared page: feeding it costs no message, and reading it needs no living thread over there.
"""

from __future__ import annotations

import mmap
import struct
import time
from collections.abc import Callable
from typing import NamedTuple

_LAYOUT = struct.Struct("<QQQ")  # beats, average step in microseconds, announced silence in microseconds
_LEARNING_RATE = 0.2
_PATIENCE = 10.0  # times the average step


class Pulse(NamedTuple):
    """What the page says: how often the process has beaten, its average step in the current phase, and how long it said
    that it would be silent now (0: as long as any step), both in seconds."""

    beats: int
    step_s: float
    silence_s: float = 0.0


class Heart:
    """The writing end, in the inference process. `phase` is the kind of job: each has its own average step."""

    def __init__(self, page: mmap.mmap, clock: Callable[[], float] = time.monotonic) -> None:
        self._page = page
        self._clock = clock
        self._beats = 0
        self._phase = ""
        self._last = clock()
        self._silence_s = 0.0
        self._averages_s: dict[str, float] = {}

    def beat(self, phase: str, silence_s: float = 0.0) -> None:
        """A sign of life. `silence_s` announces that the next one may take so much longer than a step."""
        now = self._clock()
        average_s = self._averages_s.get(phase, 0.0)
        if phase == self._phase and not self._silence_s:
            step_s = now - self._last
            average_s = average_s + _LEARNING_RATE * (step_s - average_s) if average_s else step_s
            self._averages_s[phase] = average_s
        self._phase, self._last, self._silence_s = phase, now, silence_s
        self._beats += 1
        _LAYOUT.pack_into(self._page, 0, self._beats, int(average_s * 1e6), int(silence_s * 1e6))


def open_page(fd: int) -> mmap.mmap:
    """Map the shared page behind `fd`, which must be a file of at least `mmap.PAGESIZE` bytes."""
    return mmap.mmap(fd, mmap.PAGESIZE)


def read_pulse(page: mmap.mmap) -> Pulse:
    beats, step_us, silence_us = _LAYOUT.unpack_from(page)
    return Pulse(beats, step_us / 1e6, silence_us / 1e6)


class Watchdog:
    """Decides, from pulses looked at now and then, whether the process hangs. Pure: the clock is injected."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._beats = -1
        self._since = clock()

    def rest(self) -> None:
        """Nothing runs: silence is fine."""
        self._since = self._clock()

    def silent_s(self, pulse: Pulse, floor_s: float) -> float | None:
        """How long nothing has happened, when that is too long for this phase; else None."""
        now = self._clock()
        if pulse.beats != self._beats:
            self._beats, self._since = pulse.beats, now
        silent_s = now - self._since
        return silent_s if silent_s > max(floor_s, _PATIENCE * pulse.step_s) + pulse.silence_s else None
