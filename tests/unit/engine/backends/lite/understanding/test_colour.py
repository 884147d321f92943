"""Pixels get the colour names that people would give them."""

import numpy as np
import pytest

from engine.backends.lite.understanding.measuring import colour


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((0, 0, 0), "black"),
        ((255, 255, 255), "white"),
        ((128, 128, 128), "grey"),
        ((70, 70, 72), "dark grey"),
        ((200, 200, 198), "light grey"),
        ((220, 20, 20), "red"),
        ((250, 140, 20), "orange"),
        ((240, 220, 40), "yellow"),
        ((40, 160, 50), "green"),
        ((30, 60, 200), "blue"),
        ((120, 40, 180), "purple"),
        ((240, 130, 190), "pink"),
        ((110, 70, 30), "brown"),
        ((225, 205, 170), "beige"),
        ((40, 200, 210), "cyan"),
        ((20, 18, 16), "black"),
    ],
)
def test_a_colour_has_its_plain_name(rgb, name):
    assert colour.dominant(np.full((4, 4, 3), rgb, np.uint8)) == name


def test_shares_add_up():
    image = np.zeros((10, 10, 3), np.uint8)
    image[:3] = (220, 20, 20)
    found = colour.shares(image)
    assert found.sum() == pytest.approx(1.0)
    assert found[colour.NAMES.index("red")] == pytest.approx(0.3)
