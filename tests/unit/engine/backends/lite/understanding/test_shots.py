"""Cuts are found, and what only looks like one is not."""

import numpy as np
import pytest

from engine.backends.watching.shots import cuts, fades, thumb


@pytest.fixture
def scenes(texture):
    """Two different pictures of one size."""
    other = 255 - np.roll(texture[::-1, ::-1], 150, axis=1)
    return texture[:200, :300], np.ascontiguousarray(other[:200, :300] * [0.9, 0.5, 0.2]).astype(np.uint8)


def _seen(pictures):
    return np.arange(len(pictures)) / 25, [thumb(picture) for picture in pictures]


def test_a_hard_cut_is_found_at_its_first_picture(scenes):
    one, other = scenes
    assert cuts(*_seen([one] * 20 + [other] * 20)) == [20]


def test_cuts_back_and_forth_are_all_found(scenes):
    one, other = scenes
    assert cuts(*_seen([one] * 15 + [other] * 15 + [one] * 15)) == [15, 30]


def test_a_flash_is_no_cut(scenes):
    one, _ = scenes
    assert cuts(*_seen([one] * 20 + [np.full_like(one, 250)] * 2 + [one] * 20)) == []


def test_a_fast_pan_is_no_cut(texture):
    assert cuts(*_seen([texture[:200, x : x + 300] for x in range(0, 330, 10)])) == []


def test_something_large_that_passes_is_no_cut(scenes):
    one, _ = scenes
    pictures = []
    for x in range(0, 300, 15):
        picture = one.copy()
        picture[40:, max(0, x - 140) : x] = (230, 40, 40)
        pictures.append(picture)
    assert cuts(*_seen(pictures)) == []


def test_a_still_picture_has_no_cut(scenes):
    assert cuts(*_seen([scenes[0]] * 30)) == []


def test_a_fade_to_black_is_found_with_its_times(scenes):
    one, _ = scenes
    levels = [1.0] * 25 + list(np.linspace(1, 0, 25)) + [0.0] * 10
    times, thumbs = _seen([(one * level).astype(np.uint8) for level in levels])
    found = fades(times, thumbs)
    assert [(fade.way, fade.colour) for fade in found] == [("out", "black")]
    assert found[0].span.start_s == pytest.approx(1.0, abs=0.12)
    assert found[0].span.end_s == pytest.approx(2.0, abs=0.12)


def test_a_fade_in_from_white_is_found(scenes):
    one, _ = scenes
    pictures = [
        (255 - (255 - one.astype(float)) * level).astype(np.uint8) for level in [0] * 8 + list(np.linspace(0, 1, 25))
    ]
    assert [(fade.way, fade.colour) for fade in fades(*_seen(pictures))] == [("in", "white")]
