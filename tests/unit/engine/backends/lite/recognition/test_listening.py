"""Which sound counts as speech and as music, with networks that say what the test wants."""

from collections.abc import Callable

import numpy as np
import pytest

from engine.backends.lite.recognition.evidence import Heard
from engine.backends.lite.recognition.listening import energies, listen, power, pure, spans
from engine.media import Sound

RATE = 16_000


class Ears:
    """Networks that answer by loudness: whatever is loud is speech, and whatever is not silent is music."""

    def speech(self, pieces, state):
        assert pieces.shape[1] == 576
        return (np.abs(pieces[:, 64:]).max(axis=1) > 0.5).astype(np.float32), (state or 0)

    def music(self, bands):
        return (bands.max(axis=1) > 5).astype(np.float32)


def heard(
    samples: np.ndarray,
    *,
    block_s: float = 30.0,
    duration_s: float | None = None,
    stop: Callable[[], None] = lambda: None,
) -> Heard:
    size = int(block_s * RATE)
    blocks = [Sound(at / RATE, samples[at : at + size]) for at in range(0, len(samples), size)]
    return listen(Ears(), blocks, duration_s or len(samples) / RATE, stop)  # type: ignore[arg-type]


def noise(seconds: float, level: float) -> np.ndarray:
    return np.random.default_rng(2).choice([-level, level], int(seconds * RATE)).astype(np.float32)


def test_speech_has_its_span() -> None:
    sound = np.concatenate([noise(2, 0.0), noise(3, 0.9), noise(2, 0.0)])
    ((start, end),) = heard(sound).speech
    assert start == pytest.approx(2.0, abs=0.05)
    assert end == pytest.approx(5.0, abs=0.05)


@pytest.mark.parametrize("block_s", [0.37, 1.0, 30.0])
def test_where_the_blocks_are_cut_changes_nothing(block_s: float) -> None:
    sound = np.concatenate([noise(1.3, 0.0), noise(3, 0.9), noise(1, 0.0), noise(2, 0.9)])
    whole, cut = heard(sound), heard(sound, block_s=block_s)
    assert np.allclose(cut.speech, whole.speech)


def test_less_than_a_second_of_speech_is_a_cry() -> None:
    assert heard(np.concatenate([noise(2, 0.0), noise(0.8, 0.9), noise(2, 0.0)])).speech == ()


def test_music_fills_most_of_the_clip_and_some_seconds() -> None:
    assert len(heard(noise(6, 0.01)).music) == 1
    assert heard(noise(3, 0.01)).music == ()
    assert heard(np.concatenate([noise(5, 0.01), noise(6, 0.0)])).music == ()


def test_a_pure_tone_is_no_music() -> None:
    tone = (0.01 * np.sin(2 * np.pi * 440 * np.arange(6 * RATE) / RATE)).astype(np.float32)
    assert heard(tone).music == ()
    assert pure(power(tone)).mean() > 0.95
    assert pure(power(noise(1, 0.1))).mean() < 0.05


def test_short_pauses_do_not_end_a_span_and_short_spans_are_none() -> None:
    marks = [(index / 10, mark == "x") for index, mark in enumerate("..xxx..xxx..........x.......xxxx")]
    assert spans(marks, 0.1) == (pytest.approx((0.2, 1.0)), pytest.approx((2.8, 3.2)))


def test_sound_before_the_first_picture_begins_at_nought() -> None:
    assert spans([(-0.3 + index / 10, True) for index in range(10)], 0.1) == (pytest.approx((0.0, 0.7)),)


def test_listening_can_be_stopped_before_each_block() -> None:
    def stop() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        heard(noise(2, 0.9), stop=stop)


def test_energies_have_eighty_bands_a_hundred_times_a_second() -> None:
    bands = energies(power(noise(1, 0.1)))
    assert bands.shape == (98, 80)
    assert np.isfinite(energies(power(np.zeros(RATE, np.float32)))).all()


def test_without_sound_nothing_is_heard() -> None:
    assert listen(Ears(), [], 5.0, lambda: None) == Heard()  # type: ignore[arg-type]
