"""Following moving regions from step to step, so that pieces of one thing become one track.

Knows regions and times, neither shots nor what is worth telling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .motion import Region, Step

Box = tuple[float, float, float, float]

_REACH = 0.04  # boxes this close belong together
_GAP_S = 0.3  # a thing may go unseen for this long
_PACE = 2.5  # times: what goes so much faster or slower is something else
_SAME_WAY = 0.3  # cosine
_OTHER_WAY = -0.5
_CLINGS = 0.6  # of its life
_LIMB = 0.5  # of the work of what it clings to


@dataclass(frozen=True)
class Stage:
    """Where a thing was during one step, and how it moved. Units as in `Region`."""

    start_s: float
    end_s: float
    regions: tuple[Region, ...]

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s

    @property
    def area(self) -> float:
        return sum(region.area for region in self.regions)

    @property
    def box(self) -> Box:
        left, top, right, bottom = zip(*(region.box for region in self.regions), strict=True)
        return min(left), min(top), max(right), max(bottom)

    @property
    def place(self) -> tuple[float, float]:
        return self._mean([region.centre for region in self.regions])

    @property
    def velocity(self) -> tuple[float, float]:
        return self._mean([region.velocity for region in self.regions])

    @property
    def growth(self) -> float:
        return sum(region.growth * region.area for region in self.regions) / self.area

    @property
    def speed(self) -> float:
        return float(np.hypot(*self.velocity))

    def _mean(self, pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
        weights = [region.area / self.area for region in self.regions]
        x, y = (sum(w * pair[axis] for w, pair in zip(weights, pairs, strict=True)) for axis in (0, 1))
        return x, y


@dataclass
class Track:
    """A thing on its way: its stages in time order, at most one a step."""

    stages: list[Stage] = field(default_factory=list)

    @property
    def work(self) -> float:
        """How much picture it moved how far."""
        return sum(stage.area * stage.speed * stage.seconds for stage in self.stages)

    @property
    def colour(self) -> str:
        counted: Counter[str] = Counter()
        for stage in self.stages:
            for region in stage.regions:
                counted[region.colour] += round(10_000 * region.area)
        return counted.most_common(1)[0][0]

    def takes(self, region: Region, start_s: float) -> bool:
        """Whether `region` is where this thing should be by now, going the same way."""
        last = self.stages[-1]
        return start_s - last.end_s <= _GAP_S and _continues(last, region.velocity, region.box, start_s)

    def misses(self, region: Region) -> float:
        """How differently `region` moves."""
        (vx, vy), (wx, wy) = self.stages[-1].velocity, region.velocity
        return float(np.hypot(vx - wx, vy - wy))

    def merged(self, other: Track) -> Track:
        stages = {(stage.start_s, stage.end_s): stage for stage in self.stages}
        for stage in other.stages:
            key = (stage.start_s, stage.end_s)
            mine = stages[key].regions if key in stages else ()
            stages[key] = Stage(*key, mine + stage.regions)
        return Track([stages[key] for key in sorted(stages)])


def follow(steps: Sequence[Step]) -> list[Track]:
    """Tracks of everything that moves by itself, in no particular order."""
    tracks: list[Track] = []
    for step in steps:
        joined: dict[int, list[Region]] = {}
        known = len(tracks)
        for region in step.regions:
            if not _moves_by_itself(region, step):
                continue
            able = [i for i in range(known) if tracks[i].takes(region, step.start_s)]
            if able:
                joined.setdefault(min(able, key=lambda i: tracks[i].misses(region)), []).append(region)
            else:
                tracks.append(Track([Stage(step.start_s, step.end_s, (region,))]))
        for index, regions in joined.items():
            tracks[index].stages.append(Stage(step.start_s, step.end_s, tuple(regions)))
    return _without_limbs(_joined(tracks))


def _moves_by_itself(region: Region, step: Step) -> bool:
    """What is nearer or farther than the rest drifts against it while the camera travels: that is no subject."""
    speed = float(np.hypot(*region.velocity))
    camera = float(np.hypot(*step.picture[:2])) if step.picture else 0.0
    return speed > 0.02 + 0.5 * camera


def _joined(tracks: list[Track]) -> list[Track]:
    """Join pieces of one thing: side by side at the same time, or one where the other ended."""
    pieces = sorted(tracks, key=lambda track: -track.work)
    whole: list[Track] = []
    while pieces:
        track = pieces.pop(0)
        found = next((other for other in pieces if _one_thing(track, other)), None)
        if found is None:
            whole.append(track)
        else:
            pieces.remove(found)
            pieces.insert(0, track.merged(found))
    return whole


def _one_thing(one: Track, other: Track) -> bool:
    pairs = _together(one, other)
    if pairs:
        alike = [_same_pace(a.velocity, b.velocity) and _near(a.box, b.box) for a, b in pairs]
        return sum(alike) >= _CLINGS * len(alike)
    early, late = sorted((one, other), key=lambda track: track.stages[0].start_s)
    last, first = early.stages[-1], late.stages[0]
    return 0 <= first.start_s - last.end_s <= _GAP_S and _continues(last, first.velocity, first.box, first.start_s)


def _without_limbs(tracks: list[Track]) -> list[Track]:
    """Drop what clings to something bigger, unless it goes the other way: legs, shadows, reflections."""
    kept: list[Track] = []
    for track in sorted(tracks, key=lambda track: -track.work):
        if not any(track.work < _LIMB * bigger.work and _clings(track, bigger) for bigger in kept):
            kept.append(track)
    return kept


def _clings(small: Track, bigger: Track) -> bool:
    pairs = _together(small, bigger)
    touching = [(a, b) for a, b in pairs if _near(a.box, b.box)]
    if len(touching) < _CLINGS * len(small.stages):
        return False
    opposed = sum(_cosine(a.velocity, b.velocity) < _OTHER_WAY for a, b in touching)
    return opposed < 0.5 * len(touching)


def _together(one: Track, other: Track) -> list[tuple[Stage, Stage]]:
    """The stages of two tracks that are of the same step."""
    others = {(stage.start_s, stage.end_s): stage for stage in other.stages}
    return [(s, others[(s.start_s, s.end_s)]) for s in one.stages if (s.start_s, s.end_s) in others]


def _continues(last: Stage, velocity: tuple[float, float], box: Box, start_s: float) -> bool:
    """Whether something at `box` may be what was at `last`, going on as it did."""
    vx, vy = last.velocity
    seconds = start_s - last.start_s
    left, top, right, bottom = last.box
    shifted = (left + vx * seconds, top + vy * seconds, right + vx * seconds, bottom + vy * seconds)
    return _same_pace(last.velocity, velocity) and (_near(shifted, box) or _near(last.box, box))


def _same_pace(one: tuple[float, float], other: tuple[float, float]) -> bool:
    ratio = float(np.hypot(*one)) / (float(np.hypot(*other)) + 1e-9)
    return _cosine(one, other) > _SAME_WAY and 1 / _PACE < ratio < _PACE


def _cosine(one: tuple[float, float], other: tuple[float, float]) -> float:
    return (one[0] * other[0] + one[1] * other[1]) / (float(np.hypot(*one) * np.hypot(*other)) + 1e-9)


def _near(one: Box, other: Box) -> bool:
    return (
        one[0] - _REACH < other[2]
        and other[0] - _REACH < one[2]
        and one[1] - _REACH < other[3]
        and other[1] - _REACH < one[3]
    )
