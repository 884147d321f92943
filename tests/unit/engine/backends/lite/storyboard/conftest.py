from __future__ import annotations

import numpy as np
import pytest

from engine.backends.lite.storyboard.parse import parse
from engine.backends.lite.storyboard.stage import Stage


class Film:
    """A prompt on stage in a small picture, and measurements of its pixels."""

    def __init__(self, prompt, *, negative="", seed=3, width=240, height=136, seconds=3.0, frames=13):
        self.width, self.height = width, height
        stage = Stage(parse(prompt, negative), width, height, seconds, seed)
        self.frames = [stage.frame(seconds * i / frames) for i in range(frames)]

    @staticmethod
    def red(frame):
        r, g, b = (frame[..., i].astype(int) for i in range(3))
        return (r > 110) & (r > 1.9 * g) & (r > 1.9 * b)

    def centres(self):
        """(x, y) of the red region in each frame; the test fails here when there is none."""
        masks = [self.red(frame) for frame in self.frames]
        assert all(mask.sum() > 20 for mask in masks)
        return np.array([np.argwhere(mask).mean(axis=0)[::-1] for mask in masks])

    def areas(self):
        return np.array([self.red(frame).sum() for frame in self.frames])


@pytest.fixture
def film():
    return Film
