"""Sound cut into windows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from engine.backends.speech.windows import Windows, is_quiet
from engine.media import Sound
from tests.fakes.sounds import silence, tone

RATE = 1000


def blocks(length: int, size: int, start_s: float = 0.0) -> Iterator[Sound]:
    """Samples that are their own numbers, as blocks."""
    line = np.arange(length, dtype=np.float32)
    for start in range(0, length, size):
        yield Sound(start_s + start / RATE, line[start : start + size])


@pytest.mark.parametrize("size", [700, 3000, 10_000])
def test_windows_follow_each_other_however_the_sound_comes(size: int) -> None:
    found = list(Windows(blocks(7000, size), RATE, 3000))
    assert [(window.start_s, len(window.samples), window.last) for window in found] == [
        (0.0, 3000, False),
        (3.0, 3000, False),
        (6.0, 1000, True),
    ]
    assert np.concatenate([window.samples for window in found]).tolist() == list(range(7000))


def test_a_window_can_be_heard_again_from_a_moment_in_it() -> None:
    windows = Windows(blocks(5000, 1000), RATE, 3000)
    starts = []
    for window in windows:
        starts.append((window.start_s, int(window.samples[0])))
        if len(starts) == 1:
            windows.advance(1.5)
    assert starts == [(0.0, 0), (1.5, 1500), (4.5, 4500)]


def test_sound_that_begins_before_the_pictures_has_its_own_clock() -> None:
    assert [window.start_s for window in Windows(blocks(4000, 1000, start_s=-0.5), RATE, 3000)] == [-0.5, 2.5]


def test_a_rest_too_short_for_a_word_is_no_window() -> None:
    found = list(Windows(blocks(3100, 1000), RATE, 3000))
    assert [(window.start_s, window.last) for window in found] == [(0.0, True)]


def test_no_more_is_read_ahead_than_a_window_needs() -> None:
    read = 0

    def counted() -> Iterator[Sound]:
        nonlocal read
        for block in blocks(600_000, 3000):
            read += 1
            yield block

    next(iter(Windows(counted(), RATE, 3000)))
    assert read <= 2


def test_nothing_gives_no_windows() -> None:
    assert list(Windows(iter(()), RATE, 3000)) == []


def test_silence_and_dither_are_quiet_and_a_whisper_is_not() -> None:
    noise = np.random.default_rng(1)
    assert is_quiet(silence(2.0), 16_000)
    assert is_quiet(noise.normal(0, 1e-4, 32_000).astype(np.float32), 16_000)
    assert not is_quiet(np.concatenate([silence(5.0), tone(0.2, level=0.01), silence(5.0)]), 16_000)
    assert is_quiet(silence(0), 16_000)
