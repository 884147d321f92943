"""Where an actor is and how it is bent at a moment: pure functions of time. Knows neither pictures nor drawings.

Lengths are pixels, times seconds, y grows downwards, an actor's place is the point under its feet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import cos, exp, pi, sin, sqrt
from types import MappingProxyType

from engine.backends.lite.storyboard.scene import Direction, Motion

# Crossing speeds in picture widths a second: a three-second clip shows a good part of a crossing, entirely in view.
SPEED = MappingProxyType(
    {
        Motion.WALK: 0.13,
        Motion.RUN: 0.24,
        Motion.ROLL: 0.22,
        Motion.DRIVE: 0.25,
        Motion.FLY: 0.2,
        Motion.SWIM: 0.17,
        Motion.FLOAT: 0.05,
    }
)
TOUCH = 0.13  # of a bounce is spent squashed on the ground
# Up to this length a crossing is slowed down until it fits into the picture; longer clips go round.
FITS_S = 6.0


@dataclass(frozen=True)
class Mark:
    """What stays the same about one actor of one clip.

    `x`, `y` is its place at rest, `span` half its width, `tall` its height; `lag` (0 to 1) sets individuals apart;
    `centre` is what it circles or crosses over; `gap` is its place in a row of movers, `reach` half the length of
    that row.
    """

    motion: Motion
    x: float
    y: float
    span: float
    tall: float
    width: float
    height: float
    seconds: float
    direction: Direction | None = None
    speed: float = 1.0
    lag: float = 0.0
    buoyant: bool = False  # flies, swims or floats: hovers at rest
    pivots: bool = True  # turns about its middle when it rolls; wheels and balls turn by themselves
    alive: bool = False
    swims: bool = False  # jumps out of the water
    centre: tuple[float, float] | None = None
    gap: float = 0.0
    reach: float = 0.0  # half the length of the whole row of movers
    goal: float | None = None  # the y where a rise or a fall ends


@dataclass(frozen=True)
class Moment:
    """One actor at one time. `travel` is the way gone in pixels, `lift` the height above its place of rest."""

    x: float
    y: float
    turn: float = 0.0
    scale: float = 1.0
    sx: float = 1.0
    sy: float = 1.0
    facing: int = 1
    travel: float = 0.0
    gait: float = 0.0
    lift: float = 0.0
    behind: bool = False


def ease(u: float) -> float:
    """0 to 1 with a soft start and a soft end."""
    u = min(1.0, max(0.0, u))
    return u * u * (3 - 2 * u)


def moment(mark: Mark, t: float) -> Moment:
    """Where the actor of `mark` is at `t` seconds."""
    move = _MOVES.get(mark.motion, _idle)
    if mark.direction in (Direction.UP, Direction.DOWN) and mark.motion in (
        Motion.FLY,
        Motion.DRIVE,
        Motion.SWIM,
        Motion.FLOAT,
    ):
        move = _rise if mark.direction is Direction.UP else _fall
    return move(mark, t)


def _wave(t: float, hertz: float, phase: float = 0.0) -> float:
    return sin(2 * pi * (t * hertz + phase))


def _sideways(mark: Mark) -> int:
    return -1 if mark.direction is Direction.LEFT else 1


def _still(mark: Mark, t: float) -> Moment:
    return Moment(mark.x, mark.y, facing=_sideways(mark), sy=1 + 0.006 * _wave(t, 0.4, mark.lag))


def _sleep(mark: Mark, t: float) -> Moment:
    breath = 0.03 * _wave(t, 0.28, mark.lag)
    return Moment(mark.x, mark.y, facing=_sideways(mark), sx=1.03 - breath / 2, sy=0.94 + breath)


def _idle(mark: Mark, t: float) -> Moment:
    hover = _wave(t, 0.45, mark.lag) * mark.tall * 0.05 if mark.buoyant else 0.0
    breath = 0.012 * _wave(t, 0.5, mark.lag) if mark.alive else 0.0
    return Moment(
        mark.x, mark.y + hover, facing=_sideways(mark), sx=1 - breath / 2, sy=1 + breath, lift=max(0.0, -hover)
    )


def _cross(mark: Mark, t: float, speed: float) -> Moment:
    """Go from side to side at an even pace; what leaves the picture comes in again on the other side."""
    side = _sideways(mark)
    pace = speed * mark.speed * mark.width
    # The whole row is in view at the start and, in a short clip, at the end.
    room = max(mark.width * 0.2, mark.width - 2.1 * max(mark.reach, mark.span))
    if mark.seconds <= FITS_S * max(1.0, mark.speed):
        pace = min(pace, room / mark.seconds)
    way = pace * mark.seconds
    start = 0.5 * mark.width - side * min(way, room) / 2 + mark.gap
    loop = mark.width + 2.4 * mark.span
    x = start + side * pace * t
    if way > room * 1.01:
        x = (x + 1.2 * mark.span) % loop - 1.2 * mark.span
    return Moment(x, mark.y, facing=side, travel=pace * t, gait=1.0)


def _walk(mark: Mark, t: float) -> Moment:
    return _cross(mark, t, SPEED[mark.motion])


def _run(mark: Mark, t: float) -> Moment:
    hop = abs(_wave(t * mark.speed, 1.5, mark.lag)) * mark.tall * 0.07
    spot = _cross(mark, t, SPEED[Motion.RUN])
    return replace(spot, y=spot.y - hop, turn=3.0 * spot.facing, lift=hop)


def _roll(mark: Mark, t: float) -> Moment:
    spot = _cross(mark, t, SPEED[Motion.ROLL])
    if not mark.pivots:
        return spot
    return replace(spot, turn=spot.facing * spot.travel / (mark.tall / 2) * 180 / pi, gait=0.0)


def _drive(mark: Mark, t: float) -> Moment:
    spot = _cross(mark, t, SPEED[Motion.DRIVE] * (0.5 if mark.buoyant else 1))
    return replace(spot, y=spot.y + (_wave(t, 0.5, mark.lag) * mark.tall * 0.03 if mark.buoyant else 0.0))


def _fly(mark: Mark, t: float) -> Moment:
    spot = _cross(mark, t, SPEED[Motion.FLY])
    slope = cos(2 * pi * (t * 0.45 + mark.lag))
    dip = _wave(t, 0.45, mark.lag) * mark.height * 0.035
    return replace(spot, y=spot.y + dip, turn=spot.facing * slope * 4, lift=mark.height * 0.4)


def _swim(mark: Mark, t: float) -> Moment:
    spot = _cross(mark, t, SPEED[Motion.SWIM])
    return replace(
        spot,
        y=spot.y + _wave(t, 0.4, mark.lag) * mark.height * 0.03,
        turn=spot.facing * _wave(t, 0.4, mark.lag + 0.25) * 4,
    )


def _float(mark: Mark, t: float) -> Moment:
    lift = _wave(t * mark.speed, 0.33, mark.lag) * mark.height * 0.03
    turn = _wave(t, 0.25, mark.lag) * 4
    if mark.direction in (Direction.LEFT, Direction.RIGHT):
        spot = _cross(mark, t, SPEED[Motion.FLOAT] * 2)
        return replace(spot, y=mark.y + lift, turn=turn, gait=0.0, lift=mark.height * 0.2)
    drift = _wave(t, 0.16, mark.lag) * mark.width * 0.03
    return Moment(mark.x + drift, mark.y + lift, turn=turn, travel=drift, lift=mark.height * 0.2)


def _bounce(mark: Mark, t: float) -> Moment:
    """A parabola; the body is stretched by its speed and squashed on the ground."""
    top = min(mark.height * 0.46, mark.y - mark.tall * 1.04)
    top = max(top, mark.tall * 0.4)
    period = 1.75 * sqrt(top / mark.height) / mark.speed
    u = (t / period + 0.5 + mark.lag) % 1
    # The touch takes a share of the period, half of it at either end; between them it flies.
    flight = min(1.0, max(0.0, (u - TOUCH / 2) / (1 - TOUCH)))
    lift = 4 * flight * (1 - flight) * top
    touch = max(0.0, 1 - (min(u, 1 - u) / (TOUCH / 2)) ** 2)
    rush = 0.0 if touch else (1 - 2 * flight) ** 4
    spot = Moment(mark.x + _wave(t, 0.2, mark.lag) * mark.width * 0.02, mark.y, facing=_sideways(mark))
    if mark.direction in (Direction.LEFT, Direction.RIGHT):
        spot = replace(_cross(mark, t, 0.17), gait=0.0)
    return replace(
        spot,
        y=mark.y - lift,
        lift=lift,
        sx=1 + 0.17 * touch - 0.06 * rush,
        sy=1 - 0.19 * touch + 0.08 * rush,
        travel=spot.travel,
    )


def _jump(mark: Mark, t: float) -> Moment:
    if mark.centre is not None:
        return _leap(mark, t)
    period = (1.7 if mark.swims else 1.1) / mark.speed
    u = (t / period + mark.lag) % 1
    if mark.swims:
        return _breach(mark, u, t)
    air = min(1.0, max(0.0, (u - 0.22) / 0.62))
    lift = 4 * air * (1 - air) * min(mark.tall * 0.75, mark.height * 0.3)
    crouch = exp(-(((u - 0.14) / 0.08) ** 2)) + 0.7 * exp(-(((u - 0.9) / 0.06) ** 2))
    spot = Moment(mark.x, mark.y, facing=_sideways(mark))
    if mark.direction in (Direction.LEFT, Direction.RIGHT):
        spot = _cross(mark, t, 0.14)
    return replace(spot, y=mark.y - lift, lift=lift, sx=1 + 0.1 * crouch, sy=1 - 0.16 * crouch, gait=0.0)


def _breach(mark: Mark, u: float, t: float) -> Moment:
    """Out of the water in an arc, nose first up and nose first down, and on under the surface."""
    spot = _cross(mark, t, 0.12)
    lift = sin(2 * pi * u) * mark.tall * 1.25
    return replace(spot, y=mark.y - lift, lift=mark.height, turn=-cos(2 * pi * u) * 38 * spot.facing)


def _leap(mark: Mark, t: float) -> Moment:
    """One arc over `centre` and, after a rest, one back."""
    assert mark.centre is not None
    period = 2.2 / mark.speed
    count, u = int(t / period), (t / period) % 1
    side = _sideways(mark) * (1 if count % 2 == 0 else -1)
    air = ease((u - 0.12) / 0.76)
    reach = mark.width * 0.28
    cx, cy = mark.centre
    lift = 4 * air * (1 - air) * max(mark.y - cy + mark.tall * 0.25, mark.tall)
    return Moment(
        cx + side * reach * (2 * air - 1),
        mark.y - lift,
        turn=side * (air - 0.5) * 36 * (1 if 0 < air < 1 else 0),
        facing=side,
        lift=lift,
        gait=0.35,
    )


def _fall(mark: Mark, t: float) -> Moment:
    """From above the picture to its place, faster and faster; light things sway down again and again."""
    if mark.goal is not None:
        y = mark.y + ease(t / mark.seconds) * (mark.goal - mark.y)
        return Moment(mark.x, y, facing=_sideways(mark), lift=mark.height)
    if mark.buoyant:
        period = 3.4 / mark.speed
        u = (t / period + mark.lag * 0.8 + 0.12) % 1
        y = -mark.tall * 0.2 + u * (mark.height + mark.tall * 1.2)
        return Moment(
            mark.x + _wave(t, 0.4, mark.lag) * mark.width * 0.05,
            y,
            turn=_wave(t, 0.4, mark.lag + 0.2) * 24,
            lift=mark.height,
        )
    period = max(1.9, min(3.0, mark.seconds)) / mark.speed
    u = (t / period) % 1
    start = mark.tall * 0.9
    drop = min(1.0, ((u + 0.02) / 0.6) ** 2)
    settle = exp(-max(0.0, u - 0.6) * 22) * _wave(u - 0.6, 4.5) * 0.14 if u > 0.6 else 0.0
    y = start + (mark.y - start) * drop
    return Moment(mark.x, y, facing=_sideways(mark), lift=mark.y - y, sx=1 + settle, sy=1 - settle)


def _rise(mark: Mark, t: float) -> Moment:
    """Upwards out of its place, gathering speed, to its goal or the upper edge."""
    period = max(2.4, min(FITS_S, mark.seconds)) / mark.speed
    goal = mark.tall * 1.03 if mark.goal is None else mark.goal
    stays = mark.goal is not None or mark.seconds <= FITS_S
    u = min(1.0, t / period) if stays else (t / period) % 1
    climb = ease(u) if mark.goal is not None else 0.4 * u + 0.6 * u * u
    if not stays:
        goal = 0.0
    y = mark.y - climb * (mark.y - goal)
    return Moment(mark.x + _wave(t, 0.35, mark.lag) * mark.width * 0.012, y, facing=_sideways(mark), lift=mark.y - y)


def _spin(mark: Mark, t: float) -> Moment:
    turns = 0.5 * mark.speed * t
    if mark.alive:
        # A pirouette: the flat figure turns about its own axis.
        face = cos(2 * pi * turns)
        return Moment(mark.x, mark.y, sx=max(0.12, abs(face)), facing=1 if face >= 0 else -1)
    return Moment(mark.x, mark.y, turn=360 * turns * _sideways(mark))


def _orbit(mark: Mark, t: float) -> Moment:
    cx, cy = mark.centre or (mark.width / 2, mark.height / 2 + mark.tall / 2)
    angle = 2 * pi * (t * 0.22 * mark.speed + mark.lag) * _sideways(mark)
    depth = sin(angle)
    reach = min(mark.width * 0.34, mark.height * 0.6) * (0.75 + 0.25 * mark.gap)
    return Moment(
        cx + cos(angle) * reach,
        cy + depth * reach * 0.32,
        scale=1 + 0.18 * depth,
        facing=1 if -depth * _sideways(mark) >= 0 else -1,
        behind=depth < 0,
        lift=mark.height,
    )


def _dance(mark: Mark, t: float) -> Moment:
    beat = t * mark.speed * 1.1 + mark.lag
    hop = abs(sin(pi * beat * 2)) * mark.tall * 0.07
    return Moment(
        mark.x + _wave(beat, 0.5) * mark.tall * 0.16,
        mark.y - hop,
        turn=_wave(beat, 0.5) * 7,
        facing=1 if int(beat) % 2 == 0 else -1,
        lift=hop,
        sy=1 - 0.04 * _wave(beat, 2),
    )


def _swing(mark: Mark, t: float) -> Moment:
    return Moment(
        mark.x + _wave(t * mark.speed, 0.55, mark.lag) * mark.tall * 0.12,
        mark.y,
        turn=_wave(t * mark.speed, 0.55, mark.lag) * 13,
        facing=_sideways(mark),
    )


def _shake(mark: Mark, t: float) -> Moment:
    return Moment(
        mark.x + _wave(t, 5.3) * mark.tall * 0.02, mark.y, turn=_wave(t, 4.1, 0.3) * 3.5, facing=_sideways(mark)
    )


def _grow(mark: Mark, t: float) -> Moment:
    return replace(_idle(mark, t), scale=0.3 + 1.0 * ease(t / min(4.0, mark.seconds)))


def _shrink(mark: Mark, t: float) -> Moment:
    return replace(_idle(mark, t), scale=1.3 - 1.0 * ease(t / min(4.0, mark.seconds)))


def _pulse(mark: Mark, t: float) -> Moment:
    return replace(_idle(mark, t), scale=1 + 0.1 * _wave(t * mark.speed, 0.9, mark.lag))


_MOVES: MappingProxyType[Motion, Callable[[Mark, float], Moment]] = MappingProxyType(
    {
        Motion.STILL: _still, Motion.SLEEP: _sleep, Motion.BOUNCE: _bounce, Motion.ROLL: _roll, Motion.FLY: _fly,
        Motion.DRIVE: _drive,
        Motion.FALL: _fall, Motion.RISE: _rise, Motion.SPIN: _spin, Motion.SWIM: _swim, Motion.FLOAT: _float,
        Motion.WALK: _walk, Motion.RUN: _run, Motion.JUMP: _jump, Motion.ORBIT: _orbit, Motion.WAVE: _idle,
        Motion.DANCE: _dance, Motion.SWING: _swing, Motion.SHAKE: _shake, Motion.GROW: _grow,
        Motion.SHRINK: _shrink, Motion.PULSE: _pulse,
    }
)  # fmt: skip
