"""From steps to stories: regions that move are followed over time, and the camera's motion is summed up per shot.

Knows numbers only; what is worth saying about them is decided elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..facts import Camera, Direction, Mover, Span
from .motion import Region, Step

_REACH = 0.04  # boxes this close belong together
_PACE = 5.0  # times: what goes so much faster or slower is something else
_GAP_S = 0.3  # a thing may go unseen for this long
_EDGE = 0.03
_LEAST_PATH = 0.03  # widths
_LEAST_SECONDS = 0.15
_LEAST_SHARE = 0.035  # of the most conspicuous mover of the shot
_ONE_WAY = 0.55
_SWING_PATH = 0.25  # widths: what goes farther is on its way somewhere


def camera_of(steps: Sequence[Step], span: Span) -> Camera:
    """Sum up the motion of the whole picture over a shot. The camera goes against the picture."""
    known = [(step.picture, step.end_s - step.start_s) for step in steps if step.picture is not None]
    covered = sum(seconds for _, seconds in known)
    if not known or covered < 0.3 * sum(step.end_s - step.start_s for step in steps):
        return Camera(seconds=span.length_s)
    speeds = np.array([picture for picture, _ in known])
    weights = np.array([seconds for _, seconds in known]) / covered
    right, down, zoom = (float(v) for v in weights @ _calmed(speeds) * span.length_s)
    jerks = np.abs(np.diff(speeds[:, :2], axis=0)) * weights[1:, None] * covered
    shake = float(np.median(jerks.max(axis=1))) if len(jerks) >= 4 else 0.0
    return Camera(-right, -down, zoom, shake, span.length_s, known=True)


def _calmed(
    speeds: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Clip each column's outliers to its middle four fifths: one badly followed step must not make a pan."""
    low, high = np.quantile(speeds, [0.1, 0.9], axis=0)
    return np.asarray(np.clip(speeds, low, high))


@dataclass
class _Track:
    """A thing on its way. `boxes` and `places` have one entry a step."""

    times: list[tuple[float, float]] = field(default_factory=list)
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    places: list[tuple[float, float]] = field(default_factory=list)
    areas: list[float] = field(default_factory=list)
    velocities: list[tuple[float, float]] = field(default_factory=list)
    growths: list[float] = field(default_factory=list)
    colours: Counter[str] = field(default_factory=Counter)

    def add(self, step: Step, regions: Sequence[Region]) -> None:
        areas = np.array([region.area for region in regions])
        share = areas / areas.sum()
        self.times.append((step.start_s, step.end_s))
        boxes = np.array([region.box for region in regions])
        left, top = boxes[:, :2].min(axis=0)
        right, bottom = boxes[:, 2:].max(axis=0)
        self.boxes.append((float(left), float(top), float(right), float(bottom)))
        x, y = share @ np.array([region.centre for region in regions])
        self.places.append((float(x), float(y)))
        self.areas.append(float(areas.sum()))
        vx, vy = share @ np.array([region.velocity for region in regions])
        self.velocities.append((float(vx), float(vy)))
        self.growths.append(float(share @ np.array([region.growth for region in regions])))
        for region in regions:
            self.colours[region.colour] += int(10_000 * region.area)

    def takes(self, region: Region, start_s: float) -> bool:
        """Whether `region` is where this thing should be by now, going the same way."""
        gap = start_s - self.times[-1][1]
        if gap > _GAP_S:
            return False
        vx, vy = self.velocities[-1]
        seconds = start_s - self.times[-1][0]
        left, top, right, bottom = self.boxes[-1]
        shifted = (left + vx * seconds, top + vy * seconds, right + vx * seconds, bottom + vy * seconds)
        speed, other = float(np.hypot(vx, vy)), float(np.hypot(*region.velocity))
        alike = np.dot((vx, vy), region.velocity) > 0.3 * speed * other and 1 / _PACE < speed / (other + 1e-9) < _PACE
        return bool(alike) and (_near(shifted, region.box) or _near(self.boxes[-1], region.box))

    def misses(self, region: Region) -> float:
        """How differently `region` moves."""
        (vx, vy), (wx, wy) = self.velocities[-1], region.velocity
        return float(np.hypot(vx - wx, vy - wy))


def _near(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return (
        one[0] - _REACH < other[2]
        and other[0] - _REACH < one[2]
        and one[1] - _REACH < other[3]
        and other[1] - _REACH < one[3]
    )


def movers_of(steps: Sequence[Step], span: Span) -> tuple[Mover, ...]:
    """The things that move in a shot, the most conspicuous first."""
    tracks: list[_Track] = []
    for step in steps:
        joined: dict[int, list[Region]] = {}
        for region in step.regions:
            if not _moves_by_itself(region, step):
                continue
            able = [i for i, track in enumerate(tracks) if track.takes(region, step.start_s)]
            index = min(able, key=lambda i: tracks[i].misses(region), default=len(tracks))
            if index == len(tracks):
                tracks.append(_Track())
                tracks[-1].add(step, [region])
            elif tracks[index].times[-1] != (step.start_s, step.end_s):
                joined.setdefault(index, []).append(region)
        for index, regions in joined.items():
            tracks[index].add(step, regions)
    movers = [mover for track in tracks if (mover := _mover(track, span)) is not None]
    movers = _to_and_fro(sorted(movers, key=lambda mover: -mover.weight))
    if not movers:
        return ()
    least = _LEAST_SHARE * movers[0].weight
    return tuple(mover for mover in movers if mover.weight >= least)


def _moves_by_itself(region: Region, step: Step) -> bool:
    """What is nearer or farther than the rest drifts against it while the camera travels: that is no subject."""
    speed = float(np.hypot(*region.velocity))
    camera = float(np.hypot(*step.picture[:2])) if step.picture else 0.0
    return speed > 0.02 + 0.5 * camera


def _mover(track: _Track, span: Span) -> Mover | None:
    seconds = np.array([end - start for start, end in track.times])
    velocities = np.array(track.velocities)
    areas = np.array(track.areas)
    lasts = Span(track.times[0][0], track.times[-1][1])
    core = _core(track, areas * np.hypot(velocities[:, 0], velocities[:, 1]) * seconds)
    # Things are followed in samples: what is between two samples went on at the same speed.
    stretch = lasts.length_s / seconds.sum()
    steps = velocities * seconds[:, None] * stretch
    path = float(np.hypot(steps[:, 0], steps[:, 1]).sum())
    if path < _LEAST_PATH or lasts.length_s < _LEAST_SECONDS:
        return None
    net = steps.sum(axis=0)
    direction = _direction(float(net[0]), float(net[1])) if np.hypot(*net) > _ONE_WAY * path else None
    sizes = areas * seconds / (areas * seconds).sum()
    x, y = (float(v) for v in sizes @ np.array(track.places))
    return Mover(
        span=core,
        direction=direction,
        start=track.places[0],
        end=track.places[-1],
        place=(x, y),
        area=float(sizes @ areas),
        speed=path / core.length_s,
        growth=_growth(track, stretch * seconds),
        colour=track.colours.most_common(1)[0][0],
        enters=_entry(track, direction, lasts.start_s - span.start_s),
        leaves=_exit(track, direction, span.end_s - lasts.end_s),
    )


def _core(track: _Track, work: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Span:
    """When nearly all of the motion happened: what trembles on for seconds afterwards is not on its way."""
    done = np.cumsum(work) / work.sum()
    first, last = (min(int(np.searchsorted(done, part)), len(done) - 1) for part in (0.02, 0.97))
    return Span(track.times[first][0], track.times[last][1])


def _direction(right: float, down: float) -> Direction:
    if abs(right) >= abs(down):
        return "right" if right > 0 else "left"
    return "down" if down > 0 else "up"


def _growth(track: _Track, seconds: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    """Log growth, only when the inside of the thing and its outline say the same; 0 otherwise."""
    third = max(1, len(track.areas) // 3)
    if len(track.areas) < 4 or any(_edges(box) for box in (track.boxes[0], track.boxes[-1])):
        return 0.0
    outline = 0.5 * float(np.log(np.median(track.areas[-third:]) / np.median(track.areas[:third])))
    inside = float(np.median(track.growths) * seconds.sum())
    return outline if outline * inside > 0 and abs(inside) > 0.08 else 0.0


def _edges(box: tuple[float, float, float, float]) -> set[Direction]:
    """The edges of the picture that a box touches."""
    touched: dict[Direction, bool] = {
        "left": box[0] < _EDGE,
        "up": box[1] < _EDGE,
        "right": box[2] > 1 - _EDGE,
        "down": box[3] > 1 - _EDGE,
    }
    return {side for side, yes in touched.items() if yes}


_BACK: dict[Direction, Direction] = {"left": "right", "right": "left", "up": "down", "down": "up"}


def _entry(track: _Track, direction: Direction | None, late_s: float) -> Direction | None:
    """The edge that a thing came in by, if it was not there from the start."""
    if direction is None or late_s < 0.15:
        return None
    return _BACK[direction] if _BACK[direction] in _edges(track.boxes[0]) else None


def _exit(track: _Track, direction: Direction | None, early_s: float) -> Direction | None:
    """The edge that a thing left by, if it was gone before the end."""
    if direction is None or early_s < 0.15:
        return None
    return direction if direction in _edges(track.boxes[-1]) else None


def _to_and_fro(movers: list[Mover]) -> list[Mover]:
    """Join movers of one place that go opposite ways one after the other: waving, talking, rocking."""
    kept: list[Mover] = []
    for mover in movers:
        twin = next((i for i, other in enumerate(kept) if _is_swing(other, mover)), None)
        if twin is None:
            kept.append(mover)
            continue
        other = kept[twin]
        span = Span(min(other.span.start_s, mover.span.start_s), max(other.span.end_s, mover.span.end_s))
        kept[twin] = Mover(
            span=span, direction=None, start=other.place, end=other.place, place=other.place,
            area=max(other.area, mover.area),
            speed=other.speed, growth=0.0, colour=other.colour,
        )  # fmt: skip
    return kept


def _is_swing(one: Mover, other: Mover) -> bool:
    opposite = one.direction is None or other.direction is None or other.direction == _BACK[one.direction]
    longest = max(mover.speed * mover.span.length_s for mover in (one, other) if mover.direction or mover is other)
    return opposite and longest < _SWING_PATH and _distance(one.place, other.place) < 0.35


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(np.hypot(one[0] - other[0], one[1] - other[1]))
