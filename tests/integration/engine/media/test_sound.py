"""A clip's sound as samples: whatever its track is like, one stream on the clock of the pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import DamagedClip, DecodeTimeout, JobCancelled, MediaError
from engine.media import Sound, open_clip
from engine.types import MediaLimits
from tests.fakes.sounds import Samples, silence, sounding, tone
from tests.hostile import HOSTILE

RATE = 16_000


def heard(path: Path, limits: MediaLimits, block_s: float = 30.0) -> list[Sound]:
    with open_clip(path, limits) as clip:
        return list(clip.sound(block_s=block_s))


def whole(sounds: list[Sound]) -> Samples:
    return np.concatenate([sound.samples for sound in sounds])


def loud_from(samples: Samples, level: float = 0.05) -> float:
    """The second at which a stream becomes loud."""
    return int(np.flatnonzero(np.abs(samples) > level)[0]) / RATE


def pitch(samples: Samples) -> float:
    """The strongest frequency, in Hz."""
    return float(np.fft.rfftfreq(len(samples), 1 / RATE)[np.abs(np.fft.rfft(samples)).argmax()])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_sound_comes_as_mono_samples_at_the_rate_that_was_asked_for(folder: Path, limits: MediaLimits) -> None:
    path = sounding(folder / "a.mp4", tone(2.0, rate=48_000), rate=48_000)
    (sound,) = heard(path, limits)
    assert sound.samples.dtype == np.float32
    assert sound.samples.ndim == 1
    assert len(sound.samples) == pytest.approx(2 * RATE, abs=RATE * 0.1)
    assert pitch(sound.samples) == pytest.approx(440, abs=2)
    assert np.sqrt(np.square(sound.samples).mean()) == pytest.approx(0.3 / np.sqrt(2), abs=0.03)


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 96_000])
def test_odd_rates_keep_their_pitch_and_length(folder: Path, limits: MediaLimits, rate: int) -> None:
    samples = whole(heard(sounding(folder / "a.mp4", tone(1.0, rate=rate), rate=rate), limits))
    assert pitch(samples) == pytest.approx(440, abs=3)
    assert len(samples) == pytest.approx(RATE, abs=RATE * 0.2)


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s16le", "pcm_s32le", "pcm_f32le", "flac"])
def test_samples_of_any_width_are_read_alike(folder: Path, limits: MediaLimits, codec: str) -> None:
    samples = whole(heard(sounding(folder / "a.mkv", tone(1.0), codec=codec), limits))
    assert pitch(samples) == pytest.approx(440, abs=3)
    assert np.abs(samples).max() == pytest.approx(0.3, abs=0.05)


def test_what_only_the_centre_of_six_channels_says_is_heard(folder: Path, limits: MediaLimits) -> None:
    quiet, voice = silence(1.0, rate=48_000), tone(1.0, rate=48_000)
    path = sounding(folder / "a.mp4", quiet, quiet, voice, quiet, quiet, quiet, rate=48_000, layout="5.1")
    samples = whole(heard(path, limits))
    assert pitch(samples) == pytest.approx(440, abs=3)
    assert np.abs(samples).max() > 0.04


@pytest.mark.parametrize(
    ("codec", "layout", "count"),
    [("aac", "7.1", 8), ("libopus", "7.1", 8), ("flac", "7.1", 8), ("aac", "hexadecagonal", 16)],
)
def test_eight_and_more_channels_are_heard_and_measured(
    folder: Path, limits: MediaLimits, codec: str, layout: str, count: int
) -> None:
    channels = [tone(1.0, rate=48_000)] * count
    with open_clip(sounding(folder / "a.mkv", *channels, rate=48_000, layout=layout, codec=codec), limits) as clip:
        assert pitch(whole(list(clip.sound(block_s=30.0)))) == pytest.approx(440, abs=3)
        levels = clip.loudness(1)
    assert levels is not None
    assert levels[0][1] > -30


def test_channels_that_cancel_each_other_out_are_still_heard(folder: Path, limits: MediaLimits) -> None:
    voice = tone(1.0)
    path = sounding(folder / "a.mkv", voice, -voice, codec="pcm_s16le", layout="stereo")
    assert np.abs(whole(heard(path, limits))).max() > 0.2


def test_blocks_follow_each_other_and_are_as_long_as_asked(folder: Path, limits: MediaLimits) -> None:
    sounds = heard(sounding(folder / "a.mp4", tone(5.2)), limits, block_s=2.0)
    assert [len(sound.samples) for sound in sounds[:2]] == [2 * RATE, 2 * RATE]
    assert 0 < len(sounds[2].samples) < 2 * RATE
    assert [sound.time_s for sound in sounds] == pytest.approx([0.0, 2.0, 4.0], abs=0.1)


def test_times_count_from_the_first_picture_or_from_earlier_sound(folder: Path, limits: MediaLimits) -> None:
    late = sounding(folder / "late.mkv", tone(1.0), codec="pcm_s16le", sound_from_s=1.5, picture_s=3.0)
    assert heard(late, limits)[0].time_s == pytest.approx(1.5, abs=0.05)
    early = sounding(folder / "early.mkv", tone(3.0), codec="pcm_s16le", pictures_from_s=1.0, picture_s=2.0)
    assert heard(early, limits)[0].time_s == pytest.approx(0.0, abs=0.05)
    with open_clip(early, limits) as clip:
        assert clip.sample(4)[0].time_s == pytest.approx(1.0, abs=0.05)
        assert clip.info.duration_s == pytest.approx(3.0, abs=0.1)


def test_a_pause_in_the_track_is_silence(folder: Path, limits: MediaLimits) -> None:
    samples = np.concatenate([tone(1.024), tone(1.0)])
    path = sounding(folder / "a.mkv", samples, codec="pcm_s16le", pauses={1.0: 2.0}, picture_s=4.0)
    line = whole(heard(path, limits, block_s=1.0))
    assert len(line) == pytest.approx(4 * RATE, abs=RATE * 0.1)
    assert not line[round(1.5 * RATE) : round(2.5 * RATE)].any()
    assert loud_from(line[round(2.0 * RATE) :]) == pytest.approx(1.0, abs=0.1)


def test_a_clip_without_sound_and_a_picture_say_nothing(folder: Path, limits: MediaLimits, sticker: Path) -> None:
    assert heard(sounding(folder / "a.mp4"), limits) == []
    assert heard(sticker, limits) == []


def test_sound_never_goes_on_for_longer_than_a_clip_may(folder: Path) -> None:
    path = sounding(folder / "a.mp4", tone(6.0), picture_s=1.0)
    short = MediaLimits(max_duration_s=2.5, decode_timeout_s=20.0)
    sounds = heard(path, short, block_s=1.0)
    assert sum(len(sound.samples) for sound in sounds) == round(2.5 * RATE)


def test_frames_can_be_read_after_the_sound(folder: Path, limits: MediaLimits) -> None:
    with open_clip(sounding(folder / "a.mp4", tone(2.0)), limits) as clip:
        assert len(list(clip.sound())) == 1
        assert len(clip.sample(4)) == 4
        assert len(list(clip.sound())) == 1


def test_a_reader_who_leaves_early_leaves_the_clip_in_order(folder: Path, limits: MediaLimits) -> None:
    with open_clip(sounding(folder / "a.mp4", tone(5.0)), limits) as clip:
        next(clip.sound(block_s=0.5))
        assert len(clip.sample(3)) == 3


def test_a_cancel_stops_the_reading(folder: Path, limits: MediaLimits) -> None:
    calls = 0

    def checkpoint() -> None:
        nonlocal calls
        calls += 1
        if calls > 30:
            raise JobCancelled("enough")

    path = sounding(folder / "a.mp4", tone(20.0))
    with open_clip(path, limits, checkpoint=checkpoint) as clip, pytest.raises(JobCancelled):
        list(clip.sound())


def test_reading_has_the_time_of_one_operation_and_the_callers_time_is_its_own(folder: Path) -> None:
    now, limits = 0.0, MediaLimits(decode_timeout_s=5.0)
    path = sounding(folder / "a.mp4", tone(4.0))
    with open_clip(path, limits, clock=lambda: now) as clip:
        for _ in clip.sound(block_s=1.0):
            now += 100.0
    step = 0.0

    def crawl() -> float:
        nonlocal step
        step += 0.2
        return step

    with pytest.raises(DecodeTimeout), open_clip(path, limits, clock=crawl) as clip:
        list(clip.sound())


def test_a_track_of_which_nothing_can_be_decoded_is_a_typed_error(folder: Path, limits: MediaLimits) -> None:
    path = sounding(folder / "a.mkv", tone(2.0), codec="flac")
    data = bytearray(path.read_bytes())
    at = data.find(b"\xff\xf8")
    while at >= 0:  # every frame's sync code
        data[at : at + 2] = b"\x00\x00"
        at = data.find(b"\xff\xf8", at)
    path.write_bytes(bytes(data))
    with pytest.raises(DamagedClip, match="sound"):
        heard(path, limits)


def test_what_can_be_heard_of_a_cut_off_clip_is_heard(folder: Path, limits: MediaLimits) -> None:
    path = sounding(folder / "a.mkv", tone(6.0), codec="pcm_s16le")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    assert 1.0 < len(whole(heard(path, limits))) / RATE < 6.0


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
def test_damage_in_the_middle_never_breaks_more_than_the_sound(folder: Path, limits: MediaLimits, share: float) -> None:
    data = bytearray(sounding(folder / "a.mp4", tone(5.0)).read_bytes())
    at = round(len(data) * share)
    data[at : at + 400] = np.random.default_rng(3).bytes(400)
    path = folder / "broken.mp4"
    path.write_bytes(bytes(data))
    try:
        samples = whole(heard(path, limits)) if heard(path, limits) else silence(0)
    except MediaError:
        return
    assert np.isfinite(samples).all()
    assert np.abs(samples).max(initial=0.0) <= 1.0


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_give_sound_or_a_typed_error(folder: Path, name: str) -> None:
    limits = MediaLimits(decode_timeout_s=5.0)
    try:
        sounds = heard(HOSTILE[name](folder), limits, block_s=5.0)
    except MediaError:
        return
    assert sum(len(sound.samples) for sound in sounds) <= limits.max_duration_s * RATE
