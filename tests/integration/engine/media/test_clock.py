"""How long clips are, and when things happen in them: one clock for pictures and sound, as players have it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.media import open_clip
from engine.types import ClipInfo, MediaLimits
from tests.fakes.sounds import sounding, tone
from tests.hostile import FASTSTART, video

CASES = Path(__file__).parents[3] / "clips"


def info_of(path: Path, limits: MediaLimits) -> ClipInfo:
    with open_clip(path, limits) as clip:
        return clip.info


def animation(folder: Path, form: str, delays_ms: list[int]) -> Path:
    pictures = [Image.new("RGB", (64, 48), (index * 20, 0, 0)) for index in range(len(delays_ms))]
    path = folder / f"moves.{form.lower()}"
    pictures[0].save(path, form, save_all=True, append_images=pictures[1:], duration=delays_ms, loop=0)
    return path


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("delays_ms", "length_s"),
    [([100, 100, 2000], 2.2), ([2000, 100, 100], 2.2), ([40] * 10, 0.4), ([20] * 10, 0.2)],
    ids=["last-is-long", "first-is-long", "even", "short"],
)
def test_an_animation_is_as_long_as_a_browser_shows_it(
    form: str, delays_ms: list[int], length_s: float, tmp_path: Path, limits: MediaLimits
) -> None:
    assert info_of(animation(tmp_path, form, delays_ms), limits).duration_s == pytest.approx(length_s, abs=0.011)


@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_delays_that_are_too_short_to_be_meant_count_as_browsers_count_them(
    form: str, tmp_path: Path, limits: MediaLimits
) -> None:
    with open_clip(animation(tmp_path, form, [10] * 10), limits) as clip:
        assert clip.info.duration_s == pytest.approx(1.0, abs=0.011)
        assert clip.frames_at([0.55], max_side=32)[0].time_s == pytest.approx(0.5, abs=0.01)


def test_mixed_delays_of_an_apng_add_up(limits: MediaLimits) -> None:
    assert info_of(CASES / "apng_mixed.png", limits).duration_s == pytest.approx(7.2, abs=0.05)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm", "ts"])
def test_sound_that_goes_on_behind_the_pictures_makes_the_clip_longer(
    suffix: str, tmp_path: Path, limits: MediaLimits
) -> None:
    codec = "libopus" if suffix == "webm" else "aac"
    path = tmp_path / f"long.{suffix}"
    if suffix == "webm":
        path = sounding(tmp_path / "long.mkv", tone(5.0, rate=48_000), rate=48_000, codec=codec, picture_s=2.0)
    else:
        sounding(path, tone(5.0), codec=codec, picture_s=2.0, form="mpegts" if suffix == "ts" else None)
    info = info_of(path, limits)
    assert info.duration_s == pytest.approx(2.0, abs=0.25)
    assert info.sound_end_s == pytest.approx(5.0, abs=0.25)
    assert info.length_s == info.sound_end_s


def test_a_clip_without_sound_is_as_long_as_its_pictures(tmp_path: Path, limits: MediaLimits) -> None:
    info = info_of(sounding(tmp_path / "a.mp4", picture_s=2.0), limits)
    assert (info.sound_end_s, info.length_s) == (0.0, info.duration_s)


def test_pictures_that_begin_behind_the_sound_keep_their_place(limits: MediaLimits) -> None:
    with open_clip(CASES / "audio_first_2s.mp4", limits) as clip:
        assert clip.info.duration_s == pytest.approx(8.0, abs=0.1)
        assert clip.frames_at([0.0], max_side=32)[0].time_s == pytest.approx(2.0, abs=0.05)
        before, after = clip.frames_at([4.9, 5.1], max_side=32)
        assert before.image[0, 0, 0] > 150 > 100 > after.image[0, 0, 0]  # red, then blue: the cut is at 0:05
        loud = [time_s for time_s, level in clip.loudness(80) or () if level > -60]
        assert max(loud) == pytest.approx(2.9, abs=0.15)
        assert clip.sample(4, max_side=32)[-1].time_s > 6
        assert [frame.time_s >= 2 for frame in clip.scan(max_fps=5, max_side=32)]


def test_a_file_that_ended_early_tells_how_long_it_should_be(tmp_path: Path, limits: MediaLimits) -> None:
    info = info_of(CASES / "truncated_faststart.mp4", limits)
    assert info.duration_s == pytest.approx(2.92, abs=0.05)
    assert info.declared_s == pytest.approx(6.0, abs=0.05)
    whole = video(options=FASTSTART, count=60)
    for share in (0.5, 0.8):
        path = tmp_path / f"{share}.mp4"
        path.write_bytes(whole[: int(len(whole) * share)])
        assert info_of(path, limits).declared_s == pytest.approx(6.0, abs=0.15)
    path.write_bytes(whole)
    assert info_of(path, limits).declared_s == 0.0


def test_pictures_that_change_their_size_on_the_way_come_in_one_size(limits: MediaLimits) -> None:
    with open_clip(CASES / "vp8_resize.webm", limits) as clip:
        shapes = {frame.image.shape for frame in clip.scan(max_fps=12.5, max_side=96)}
        assert len(shapes) == 1
        assert {frame.image.shape for frame in clip.sample(8)} == {(clip.info.height, clip.info.width, 3)}


def test_every_way_of_looking_at_a_long_silent_end_is_bounded(tmp_path: Path, limits: MediaLimits) -> None:
    path = sounding(tmp_path / "a.mp4", tone(4.0), picture_s=1.0)
    with open_clip(path, limits) as clip:
        assert len(clip.loudness(8) or ()) == 8
        assert {frame.time_s <= clip.info.duration_s for frame in clip.sample(3)} == {True}
        assert np.concatenate([sound.samples for sound in clip.sound()]).size == pytest.approx(64_000, rel=0.05)


def test_a_picture_in_memory_has_no_length(tmp_path: Path, limits: MediaLimits) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    assert info_of(tmp_path / "a.png", limits).length_s == 0.0
