"""From steps to stories: regions that move are followed over time, and the camera's motion is summed up per shot.

Knows numbers only; what is worth saying about them is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.backends.watching.span import Span

from ..facts import Camera, Direction, Mover
from .following import Stage, Track, follow
from .motion import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Series = NDArray[np.float64]

_EDGE = 0.03
_LEAST_PATH = 0.03  # widths
_LEAST_SECONDS = 0.15
_LEAST_SHARE = 0.035  # of the most conspicuous mover of the shot
_ONE_WAY = 0.55
_LARGE = 0.15  # of the picture: the centre of such a thing says little about where it goes
_SWING_PATH = 0.15  # widths: what goes farther is on its way somewhere
_SWING_REACH = 0.35
_SWING_BALANCE = 0.2


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
    speeds: Series,
) -> Series:
    """Clip each column's outliers to its middle four fifths: one badly followed step must not make a pan."""
    low, high = np.quantile(speeds, [0.1, 0.9], axis=0)
    return np.asarray(np.clip(speeds, low, high))


def movers_of(steps: Sequence[Step], span: Span) -> tuple[Mover, ...]:
    """The things that move in a shot, the most conspicuous first."""
    movers = [mover for track in follow(steps) if (mover := _mover(track, span)) is not None]
    movers = _to_and_fro(sorted(movers, key=lambda mover: -mover.weight))
    movers.sort(key=lambda mover: -mover.weight)
    if not movers:
        return ()
    least = _LEAST_SHARE * movers[0].weight
    return tuple(mover for mover in movers if mover.weight >= least)


def _mover(track: Track, span: Span) -> Mover | None:
    stages = track.stages
    lasts = Span(stages[0].start_s, stages[-1].end_s)
    seconds = np.array([stage.seconds for stage in stages])
    areas = np.array([stage.area for stage in stages])
    # Things are followed in samples: what is between two samples went on at the same speed.
    stretched = seconds * lasts.length_s / seconds.sum()
    legs = np.array([stage.velocity for stage in stages]) * stretched[:, None]
    lengths = np.hypot(legs[:, 0], legs[:, 1])
    path, net = float(lengths.sum()), legs.sum(axis=0)
    if path < _LEAST_PATH or lasts.length_s < _LEAST_SECONDS:
        return None
    if areas.mean() < _LARGE and _contradicts(stages, net, path):
        return None
    direction = _direction(float(net[0]), float(net[1])) if np.hypot(*net) > _ONE_WAY * path else None
    core = _core(stages, areas * lengths)
    weights = areas * seconds / (areas * seconds).sum()
    x, y = (float(v) for v in weights @ np.array([stage.place for stage in stages]))
    return Mover(
        span=core,
        direction=direction,
        start=stages[0].place,
        end=stages[-1].place,
        place=(x, y),
        area=float(weights @ areas),
        speed=path / core.length_s,
        growth=_growth(stages, stretched),
        colour=track.colour,
        enters=_entry(stages[0], direction, lasts.start_s - span.start_s),
        leaves=_exit(stages[-1], direction, span.end_s - lasts.end_s),
    )


def _contradicts(stages: Sequence[Stage], net: Series, path: float) -> bool:
    """Whether a track's place went elsewhere than its motion: patches that stir one after the other are no thing."""
    shift = np.subtract(stages[-1].place, stages[0].place)
    far = float(np.hypot(*shift))
    agrees = float(np.dot(shift, net)) > 0.5 * far * float(np.hypot(*net))
    return far > 2 * path + 0.08 and not agrees


def _core(stages: Sequence[Stage], work: Series) -> Span:
    """When nearly all of the motion happened: what trembles on for seconds afterwards is not on its way."""
    done = np.cumsum(work) / work.sum()
    first, last = (min(int(np.searchsorted(done, part)), len(done) - 1) for part in (0.02, 0.97))
    return Span(stages[first].start_s, stages[last].end_s)


def _direction(right: float, down: float) -> Direction:
    if abs(right) >= abs(down):
        return "right" if right > 0 else "left"
    return "down" if down > 0 else "up"


def _growth(stages: Sequence[Stage], seconds: Series) -> float:
    """Log growth, only when the inside of the thing and its outline say the same; 0 otherwise."""
    third = max(1, len(stages) // 3)
    if len(stages) < 4 or _edges(stages[0].box) or _edges(stages[-1].box):
        return 0.0
    areas = [stage.area for stage in stages]
    outline = 0.5 * float(np.log(np.median(areas[-third:]) / np.median(areas[:third])))
    inside = float(np.median([stage.growth for stage in stages]) * seconds.sum())
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


def _entry(first: Stage, direction: Direction | None, late_s: float) -> Direction | None:
    """The edge that a thing came in by, if it was not there from the start."""
    if direction is None or late_s < 0.15:
        return None
    return _BACK[direction] if _BACK[direction] in _edges(first.box) else None


def _exit(last: Stage, direction: Direction | None, early_s: float) -> Direction | None:
    """The edge that a thing left by, if it was gone before the end."""
    if direction is None or early_s < 0.15:
        return None
    return direction if direction in _edges(last.box) else None


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
        area = max(other.area, mover.area)
        speed = (other.weight + mover.weight) / (area * span.length_s)
        kept[twin] = Mover(
            span, None, other.place, other.place, other.place, area=area, speed=speed, growth=0.0, colour=other.colour
        )
    return kept


def _is_swing(one: Mover, other: Mover) -> bool:
    """Whether two movers, the first the more conspicuous one, are the way there and back of one thing."""
    to_and_fro = one.direction is None or other.direction is None
    back = one.direction is not None and other.direction == _BACK[one.direction]
    near = _distance(one.place, other.place) < _SWING_REACH
    short = all(m.direction is None or m.speed * m.span.length_s < _SWING_PATH for m in (one, other))
    return near and short and (to_and_fro or (back and other.weight > _SWING_BALANCE * one.weight))


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(np.hypot(one[0] - other[0], one[1] - other[1]))
