"""The `Inspect` job: what a clip is, and stills of it for people, spread over it or from exact moments."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import MediaError
from engine.runtime import Runtime
from engine.types import Clip, Inspect, Inspected, MediaLimits, RuntimeConfig
from tests.hostile import video
from tests.integration.engine.media.test_reading import number


@pytest.fixture
def inspect(tmp_path: Path, limits: MediaLimits) -> Callable[..., Inspected]:
    """Inspect a clip, with stills at `times` in a folder of the test's own unless told otherwise."""
    runtime = Runtime(RuntimeConfig(models={}, limits=limits))

    def run(path: Path, *times: float, stills_dir: str | None = str(tmp_path / "stills")) -> Inspected:
        job = Inspect(clip=Clip(path=str(path)), stills_dir=stills_dir, times=times)
        result = runtime.run(job, lambda event: None, lambda: None)
        assert isinstance(result, Inspected)
        return result

    return run


def picture(path: str) -> np.ndarray:
    with Image.open(path) as image:
        assert image.format == "JPEG"
        return np.asarray(image)


def test_stills_are_the_frames_on_screen_at_the_moments_asked_for(
    inspect: Callable[..., Inspected], counting: Path, tmp_path: Path
) -> None:
    seen = inspect(counting, 7.35, 0.05, 4.4)
    assert [frame.time_s for frame in seen.frames] == [7.3, 0.0, 4.4]
    assert [number(picture(frame.path)) for frame in seen.frames] == [73, 0, 44]
    assert sorted(str(path) for path in (tmp_path / "stills").iterdir()) == [frame.path for frame in seen.frames]


@pytest.mark.parametrize(("asked", "shown"), [(-5.0, 0), (10.0, 99), (99.0, 99), (math.inf, 99), (math.nan, 0)])
def test_a_moment_outside_of_the_clip_means_its_first_or_last_frame(
    asked: float, shown: int, inspect: Callable[..., Inspected], counting: Path
) -> None:
    (frame,) = inspect(counting, asked).frames
    assert number(picture(frame.path)) == shown


def test_two_moments_of_one_frame_are_two_stills(inspect: Callable[..., Inspected], counting: Path) -> None:
    one, other = inspect(counting, 1.01, 1.09).frames
    assert one.path != other.path
    assert one.time_s == other.time_s == 1.0


def test_a_gif_has_its_frames_at_their_times(inspect: Callable[..., Inspected], sticker: Path) -> None:
    seen = inspect(sticker, 0.35, 0.0, 9.0)
    assert [frame.time_s for frame in seen.frames] == pytest.approx([0.3, 0.0, 0.4])
    red = [np.argwhere(picture(frame.path)[10, :, 1] < 100).mean() for frame in seen.frames]
    assert red == pytest.approx([34.5, 4.5, 44.5], abs=1)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_its_own_still_whatever_the_moment(
    form: str, inspect: Callable[..., Inspected], tmp_path: Path
) -> None:
    path = tmp_path / "picture"
    Image.new("RGB", (640, 480), (10, 200, 30)).save(path, form)
    (frame,) = inspect(path, 3.2).frames
    assert frame.time_s == 0.0
    assert picture(frame.path).shape == (240, 320, 3)
    assert np.abs(picture(frame.path).astype(int).mean(axis=(0, 1)) - (10, 200, 30)).max() < 4


def test_without_moments_stills_are_spread_and_without_a_folder_there_are_none(
    inspect: Callable[..., Inspected], counting: Path
) -> None:
    assert [frame.time_s for frame in inspect(counting).frames] == pytest.approx(
        [0.625 + 1.25 * index for index in range(8)], abs=0.2
    )
    assert inspect(counting, 1.0, stills_dir=None).frames == ()


def test_a_moment_in_a_damaged_part_gives_the_last_frame_before_it(
    inspect: Callable[..., Inspected], stored: Callable[[str, bytes], Path]
) -> None:
    data = bytearray(video("mpegts", count=200))
    noise = np.random.default_rng(1).integers(0, 256, len(data), np.uint8).tobytes()
    (frame,) = inspect(stored("noisy.ts", bytes(data[: len(data) // 4]) + noise), 15.0).frames
    assert 4.0 < frame.time_s < 6.0


def test_a_file_that_is_no_clip_is_refused_before_a_folder_is_made(
    inspect: Callable[..., Inspected], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("not a clip")
    with pytest.raises(MediaError):
        inspect(tmp_path / "notes.txt", 1.0)
    assert not (tmp_path / "stills").exists()
