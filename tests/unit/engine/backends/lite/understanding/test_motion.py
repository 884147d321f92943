"""The camera's motion and the subjects' are told apart, with their directions, on pictures with known motion."""

import cv2
import numpy as np
import pytest

from engine.backends.lite.understanding.measuring.motion import Follower
from engine.backends.lite.understanding.measuring.tracks import camera_of, movers_of
from engine.backends.watching.span import Span

STEP_S = 0.08


def _watched(pictures):
    follower = Follower()
    greys = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in pictures]
    steps = [
        follower.step(greys[i], greys[i + 1], pictures[i], i * STEP_S, (i + 1) * STEP_S)
        for i in range(len(pictures) - 1)
    ]
    span = Span(0.0, (len(pictures) - 1) * STEP_S)
    return camera_of(steps, span), movers_of(steps, span)


def _with_disc(picture, x, y, radius=16, colour=(220, 30, 30)):
    picture = np.ascontiguousarray(picture.copy())
    cv2.circle(picture, (round(x), round(y)), radius, colour, -1, cv2.LINE_AA)
    cv2.circle(picture, (round(x - radius / 3), round(y - radius / 3)), radius // 3, (250, 250, 250), -1, cv2.LINE_AA)
    return picture


@pytest.mark.parametrize(("dx", "dy", "direction"), [(5, 0, "right"), (-5, 0, "left"), (0, 4, "down"), (0, -4, "up")])
def test_a_disc_moves_where_it_moves(texture, dx, dy, direction):
    view = texture[:150, :256]
    pictures = [_with_disc(view, 128 + dx * (i - 8), 75 + dy * (i - 8)) for i in range(17)]
    camera, movers = _watched(pictures)
    assert movers[0].direction == direction
    assert movers[0].colour == "red"
    assert movers[0].speed == pytest.approx(
        max(abs(dx), abs(dy)) / 256 / STEP_S, rel=0.4
    )  # its smooth inside lags behind
    assert camera.known
    assert max(abs(camera.right), abs(camera.down), abs(camera.zoom)) < 0.02
    assert all(mover.weight < 0.3 * movers[0].weight for mover in movers[1:])


@pytest.mark.parametrize(("dx", "dy"), [(3, 0), (-3, 0), (0, 2), (0, -2), (2, 1)])
def test_a_pan_is_the_cameras_and_nothing_moves_by_itself(texture, dx, dy):
    pictures = [texture[80 + dy * i : 230 + dy * i, 150 + dx * i : 406 + dx * i] for i in range(17)]
    camera, movers = _watched(pictures)
    assert camera.right == pytest.approx(16 * dx / 256, abs=0.02)
    assert camera.down == pytest.approx(16 * dy / 256, abs=0.02)
    assert movers == ()


def test_a_zoom_in_is_the_cameras(texture):
    pictures = []
    for index in range(17):
        scale = 1.02**index
        wide, high = round(512 / scale), round(300 / scale)
        left, top = 320 - wide // 2, 200 - high // 2
        pictures.append(
            cv2.resize(texture[top : top + high, left : left + wide], (256, 150), interpolation=cv2.INTER_AREA)
        )
    camera, _ = _watched(pictures)
    assert camera.zoom == pytest.approx(16 * np.log(1.02), rel=0.3)
    assert abs(camera.right) < 0.03


def test_a_disc_is_found_against_a_pan(texture):
    pictures = [_with_disc(texture[80:230, 100 + 3 * i : 356 + 3 * i], 60 + 6 * i, 75, radius=22) for i in range(17)]
    camera, movers = _watched(pictures)
    assert camera.right == pytest.approx(16 * 3 / 256, abs=0.04)
    assert movers[0].direction == "right"


def test_two_discs_that_cross_are_two_movers(texture):
    view = texture[:150, :256]
    pictures = [_with_disc(_with_disc(view, 60 + 6 * i, 40), 200 - 6 * i, 110, colour=(30, 60, 220)) for i in range(17)]
    _, movers = _watched(pictures)
    assert {mover.direction for mover in movers[:2]} == {"left", "right"}
    assert {mover.colour for mover in movers[:2]} == {"red", "blue"}


def test_something_that_fills_half_the_picture_is_not_taken_for_the_camera(texture):
    pictures = []
    for index in range(12):
        picture = texture[:150, :256].copy()
        picture[:, 120:] = texture[200:350, 300 - 6 * index : 436 - 6 * index]
        pictures.append(picture)
    camera, movers = _watched(pictures)
    assert abs(camera.right) < 0.02
    assert movers[0].direction == "right"
    assert movers[0].area > 0.3


def test_a_disc_that_enters_and_leaves_is_said_to(texture):
    view = texture[:150, :256]
    pictures = [view] * 4 + [_with_disc(view, -20 + 9 * i, 75) for i in range(34)] + [view] * 4
    _, movers = _watched(pictures)
    assert (movers[0].enters, movers[0].leaves) == ("left", "right")


def test_waving_is_to_and_fro(texture):
    view = texture[:150, :256]
    pictures = [_with_disc(view, 128 + 12 * np.sin(index / 1.5), 75, radius=24) for index in range(40)]
    _, movers = _watched(pictures)
    assert movers[0].direction is None


def test_grain_is_not_motion(texture):
    noise = np.random.default_rng(3)
    view = texture[:150, :256].astype(np.int16)
    pictures = [np.clip(view + noise.normal(0, 3, view.shape), 0, 255).astype(np.uint8) for _ in range(12)]
    camera, movers = _watched(pictures)
    assert movers == ()
    assert abs(camera.right) + abs(camera.down) < 0.01


def test_a_plain_wall_leaves_the_camera_unknown():
    camera, movers = _watched([np.full((150, 256, 3), 120, np.uint8)] * 10)
    assert not camera.known
    assert movers == ()
