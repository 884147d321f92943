"""What a clip was measured to be: plain numbers with times, and nothing that was not measured.

This module knows neither how the numbers come about nor how they are put into words.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log10
from typing import TYPE_CHECKING, Literal

from engine.backends.watching.span import Span
from engine.types import ClipInfo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Series = NDArray[np.float64]

SILENT_DB = -50.0
_SHORTEST_SILENCE_S = 0.25
Direction = Literal["left", "right", "up", "down"]
Opening = Literal["start", "cut", "fade", "dissolve"]


@dataclass(frozen=True)
class Camera:
    """The motion of the whole picture over a shot, as fractions of its width.

    `right` and `down` say where the *camera* goes (the picture goes the other way); `zoom` is the natural logarithm of
    the growth; `shake` is the typical jerk between two looks. `known` is False when too little of the picture could
    be followed.
    """

    right: float = 0.0
    down: float = 0.0
    zoom: float = 0.0
    shake: float = 0.0
    seconds: float = 0.0
    known: bool = False


@dataclass(frozen=True)
class Mover:
    """Something that moves against the rest of the picture.

    Places and sizes are fractions: `start` and `end` are (x, y) of its centre from the top left, `place` is where it
    mostly is, `area` its share of the picture. `direction` is None for motion to and fro. `growth` is the natural
    logarithm of its growth in size.
    """

    span: Span
    direction: Direction | None
    start: tuple[float, float]
    end: tuple[float, float]
    place: tuple[float, float]
    area: float
    speed: float
    growth: float
    colour: str
    enters: Direction | None = None
    leaves: Direction | None = None

    @property
    def weight(self) -> float:
        """How much of the picture it moved, for how long: the order in which people should hear of it."""
        return self.area * self.speed * self.span.length_s


@dataclass(frozen=True)
class Shot:
    """A stretch without a cut. `number` starts at 1."""

    number: int
    span: Span
    opening: Opening
    camera: Camera
    movers: tuple[Mover, ...] = ()


@dataclass(frozen=True)
class Reading:
    """On-screen text and the times at which it was read. An empty `text` is letters that nobody could read."""

    text: str
    times_s: tuple[float, ...]


@dataclass(frozen=True)
class Loudness:
    """One (seconds, dBFS) for the middle of each window of `window_s` seconds."""

    levels: tuple[tuple[float, float], ...]
    window_s: float

    def mean(self, span: Span) -> float:
        """Mean loudness of a part in dBFS, averaged as power; -120 where nothing was heard."""
        inside = [10 ** (level / 10) for time_s, level in self.levels if span.start_s <= time_s <= span.end_s]
        return 10 * log10(sum(inside) / len(inside)) if inside else -120.0

    def silences(self, span: Span) -> list[Span]:
        """The stretches without a sound that people would hear."""
        found: list[Span] = []
        half = self.window_s / 2
        for time_s, level in self.levels:
            if level >= SILENT_DB or not span.start_s <= time_s <= span.end_s:
                continue
            window = Span(max(0.0, time_s - half), time_s + half)
            if found and window.start_s - found[-1].end_s < half:
                found[-1] = Span(found[-1].start_s, window.end_s)
            else:
                found.append(window)
        return [silence for silence in found if silence.length_s >= _SHORTEST_SILENCE_S]


@dataclass(frozen=True)
class ClipFacts:
    """All measurements of one clip.

    `times`, `brightness` (0 to 1), `palette` (shares of the named colours, one row a look) and `gists` (tiny grey
    copies, (looks, 9, 16)) belong together, and so do `motion_times` and `motion` (the moving share of the picture).
    `complete` is False when only parts of a long clip were watched, `jumps` True when its pictures are too far apart
    for telling ways.
    """

    info: ClipInfo
    shots: tuple[Shot, ...]
    times: Series
    brightness: Series
    palette: Series
    gists: NDArray[np.uint8]
    motion_times: Series
    motion: Series
    fades: tuple[tuple[Span, Literal["in", "out"], Literal["black", "white"]], ...] = ()
    complete: bool = True
    jumps: bool = False

    @cached_property
    def whole(self) -> Span:
        return Span(0.0, max(self.info.duration_s, float(self.times[-1]) if len(self.times) else 0.0))

    @property
    def moving(self) -> bool:
        """False for a still picture, which has neither shots nor motion nor length."""
        return self.info.kind != "image" and self.info.duration_s > 0

    def looks_in(self, span: Span) -> NDArray[np.intp]:
        """Indices of the looks in a part; the nearest one when it holds none."""
        inside = ((self.times >= span.start_s - 1e-6) & (self.times < span.end_s + 1e-6)).nonzero()[0]
        nearest = abs(self.times - (span.start_s + span.end_s) / 2).argsort()[:1]
        return inside if len(inside) else nearest

    def light(self, span: Span) -> float:
        """Mean brightness of a part, 0 to 1."""
        return float(self.brightness[self.looks_in(span)].mean())

    def colours(self, span: Span) -> Series:
        """Mean colour shares of a part."""
        mean: Series = self.palette[self.looks_in(span)].mean(axis=0)
        return mean

    def stir(self, span: Span) -> float:
        """Mean moving share of the picture in a part; 0 where nothing was followed."""
        inside = (self.motion_times >= span.start_s) & (self.motion_times < span.end_s)
        return float(self.motion[inside].mean()) if inside.any() else 0.0

    @property
    def movers(self) -> tuple[Mover, ...]:
        return tuple(mover for shot in self.shots for mover in shot.movers)

    def followed(self, span: Span) -> bool:
        """Whether motion was measured in `span` at all: of a long clip only short stretches are watched for it."""
        inside = [time for time in self.motion_times if span.start_s <= time <= span.end_s]
        return self.complete or len(inside) >= 2

    def shots_in(self, span: Span) -> tuple[Shot, ...]:
        """The shots that fill at least a little of `span`."""
        least = min(0.12, span.length_s / 2)
        return tuple(shot for shot in self.shots if shot.span.overlap(span) >= least)

    def movers_in(self, span: Span) -> tuple[Mover, ...]:
        return tuple(m for m in self.movers if m.span.overlap(span) >= min(0.15, span.length_s / 2, m.span.length_s))
