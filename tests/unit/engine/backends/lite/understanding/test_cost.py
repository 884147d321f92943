"""What is watched is bounded: an hour costs no more than a few minutes."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from engine.backends.lite.understanding.measuring import scan


@dataclass(frozen=True)
class Seen:
    time_s: float
    image: np.ndarray


@dataclass
class Reels:
    """A reader of a grey clip that counts the pictures it decodes."""

    info: object
    decoded: int = 0
    calls: list = field(default_factory=list)

    def _take(self, times):
        for time_s in times:
            self.decoded += 1
            yield Seen(float(time_s), np.full((20, 32, 3), 90, np.uint8))

    def scan(self, *, max_fps, max_side, start_s=0.0, end_s=None):
        return self._take(np.arange(start_s, end_s or self.info.duration_s, 1 / max_fps))

    def key_frames(self, *, max_side, limit):
        return self._take(np.linspace(0, self.info.duration_s, limit, endpoint=False))

    def sample(self, count, *, max_side=None):
        return list(self._take(np.linspace(0, self.info.duration_s, count, endpoint=False)))

    def loudness(self, windows):
        self.calls.append(windows)
        return [(i * self.info.duration_s / windows, -20.0) for i in range(windows)]


@pytest.mark.parametrize(
    "changes",
    [{"duration_s": 150.0}, {"duration_s": 3600.0}, {"duration_s": 90.0, "width": 3840, "height": 2160}],
)
def test_long_or_large_clips_are_watched_in_parts(info, changes):
    reels = Reels(info(**changes, has_audio=True))
    watched = scan.watch(reels, lambda: None)
    assert not watched.complete
    assert reels.decoded < 250
    scan.loudness(reels)
    assert max(reels.calls) <= 100


def test_short_clips_are_watched_from_end_to_end(info):
    reels = Reels(info())
    watched = scan.watch(reels, lambda: None)
    assert watched.complete
    assert reels.decoded == 250


def test_the_caller_is_asked_between_pictures(info):
    asked = []
    scan.watch(Reels(info(duration_s=4.0)), lambda: asked.append(1))
    assert len(asked) >= 100


def test_a_still_picture_is_looked_at_once(info):
    reels = Reels(info(kind="image", duration_s=0.0, frames=1))
    watched = scan.watch(reels, lambda: None)
    assert reels.decoded == 1
    assert len(scan.conclude(watched, reels.info, None).shots) == 1
