"""Motions as functions of time."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.lite.storyboard.motion import Mark, moment
from engine.backends.lite.storyboard.scene import Direction, Motion


def mark(motion=Motion.IDLE, **changes):
    base = {"x": 320, "y": 300, "span": 40, "tall": 80, "width": 640, "height": 360, "seconds": 3.0}
    return Mark(motion=motion, **(base | changes))


@given(
    st.sampled_from(Motion),
    st.sampled_from([None, *Direction]),
    st.floats(0, 20),
    st.floats(0.4, 2),
    st.floats(0, 0.99),
    st.booleans(),
    st.sampled_from([0.5, 3.0, 20.0]),
)
def test_every_motion_gives_a_drawable_moment_at_any_time(motion, direction, t, speed, lag, buoyant, seconds):
    spot = moment(
        mark(motion, direction=direction, speed=speed, lag=lag, buoyant=buoyant, seconds=seconds), min(t, seconds)
    )

    assert all(isfinite(value) for value in (spot.x, spot.y, spot.turn, spot.scale))
    assert spot.sx > 0
    assert spot.sy > 0
    assert spot.scale > 0
    assert spot.facing in (-1, 1)
    assert -200 < spot.x < 840
    assert -200 < spot.y < 560


@pytest.mark.parametrize("motion", [Motion.WALK, Motion.RUN, Motion.DRIVE, Motion.FLY, Motion.SWIM, Motion.ROLL])
@pytest.mark.parametrize("seconds", [0.5, 3.0, 6.0])
def test_a_short_crossing_is_in_view_from_the_first_frame_to_the_last(motion, seconds):
    one = mark(motion, seconds=seconds, direction=Direction.LEFT)

    for t in (0, seconds):
        assert 40 <= moment(one, t).x <= 600


def test_a_long_crossing_leaves_and_comes_back():
    xs = [moment(mark(Motion.DRIVE, seconds=20.0), t / 4).x for t in range(80)]

    assert max(xs) > 640
    assert min(xs) < 0


def test_a_bounce_is_squashed_on_the_ground_and_never_below_it():
    moments = [moment(mark(Motion.BOUNCE), t / 60) for t in range(180)]

    assert all(spot.y <= 300.001 for spot in moments)
    flattest, highest = min(moments, key=lambda spot: spot.sy), min(moments, key=lambda spot: spot.y)
    assert flattest.sy < 0.9 < highest.sy
    assert flattest.sx > 1.1
    assert flattest.y > 299
