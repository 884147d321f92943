"""Pictures on their way into a file: fitted without distortion, checked, and put behind others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine import media
from engine.backends.diffusion.output import as_picture, fit, write_clip
from engine.errors import JobCancelled, JobFailed
from engine.types import MediaLimits


class Context:
    limits = MediaLimits()

    def __init__(self, cancel_at: int = -1) -> None:
        self.checkpoints = 0
        self._cancel_at = cancel_at

    def say(self, piece: str) -> None: ...

    def emit(self, event: object) -> None: ...

    def checkpoint(self) -> None:
        self.checkpoints += 1
        if self.checkpoints == self._cancel_at:
            raise JobCancelled("This was cancelled.")


def circle(width: int, height: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    inside = (columns - width / 2 + 0.5) ** 2 + (rows - height / 2 + 0.5) ** 2 < (min(width, height) / 4) ** 2
    return np.repeat((inside * 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("size", [(64, 64), (200, 40), (40, 200), (333, 111)])
def test_a_circle_stays_round(size: tuple[int, int]) -> None:
    fitted = fit(circle(120, 90), *size)[..., 0] > 127
    assert fitted.shape == (size[1], size[0])
    if fitted.any(axis=0).sum() < size[0] and fitted.any(axis=1).sum() < size[1]:  # not cropped
        assert abs(int(fitted.any(axis=0).sum()) - int(fitted.any(axis=1).sum())) <= 2


def test_a_picture_of_the_right_size_is_left_alone() -> None:
    picture = circle(64, 48)
    assert fit(picture, 64, 48) is picture
    assert as_picture(picture, 32, 32).size == (32, 32)


def test_a_clip_is_written_at_the_asked_size_with_the_chosen_pictures(tmp_path: Path) -> None:
    frames = np.stack([np.full((48, 64, 3), level) for level in (0.0, 0.25, 0.5, 0.75)])
    video = write_clip(frames, [1, 3], str(tmp_path / "made.mp4"), (60, 40), 8.0, Context())
    assert (video.width, video.height, video.frames) == (60, 40, 2)
    with media.open_clip(video.path, MediaLimits()) as clip:
        levels = [int(frame.image.mean()) for frame in clip.scan(max_fps=1000, max_side=60)]
    assert levels == pytest.approx([64, 191], abs=3)


@pytest.mark.parametrize("spoil", [np.nan, np.inf, 0.0, -1.0])
def test_numbers_that_are_no_picture_leave_no_file(tmp_path: Path, spoil: float) -> None:
    frames = np.full((3, 48, 64, 3), spoil)
    with pytest.raises(JobFailed, match="made no picture"):
        write_clip(frames, [0, 1, 2], str(tmp_path / "made.mp4"), (64, 48), 8.0, Context())
    assert list(tmp_path.iterdir()) == []


def test_one_dark_picture_is_no_failure(tmp_path: Path) -> None:
    frames = np.zeros((2, 48, 64, 3))
    frames[1] = 0.5
    assert write_clip(frames, [0, 1], str(tmp_path / "made.mp4"), (64, 48), 8.0, Context()).frames == 2


def test_a_cancel_while_writing_leaves_no_file(tmp_path: Path) -> None:
    frames = np.full((5, 48, 64, 3), 0.5)
    with pytest.raises(JobCancelled):
        write_clip(frames, range(5), str(tmp_path / "made.mp4"), (64, 48), 8.0, Context(cancel_at=3))
    assert list(tmp_path.iterdir()) == []
