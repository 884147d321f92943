"""Finds speech and music in a clip's sound, block after block. It knows only spans, never what is said or played."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .evidence import Heard

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.media import Sound

    from .networks import Networks

    Floats = NDArray[np.float32]

RATE = 16_000
_PIECE = 512  # samples that speech is looked for in at once
_BEFORE = 64  # samples before a piece that the network wants to hear too
_FRAME, _STEP, _BANDS = 400, 160, 80  # of the energies that music is found by, in samples and bands
_FFT = 512
_TONE, _PURE = 7, 0.97  # a tone is this many parts of the spectrum wide and has this share of it all
_SURE = 0.5
_SPEECH_S = 1.0  # in total; less is a cry or a click
_MUSIC_S, _MUSIC_SHARE = 4.0, 0.6  # less is a jingle, a voice that sings to itself or a machine
_PAUSE_S = 0.6  # a shorter one does not end a span
_SHORT_S = 0.25  # a shorter span is none


class Listener:
    """Collects what the networks hear of one clip. Feed it with blocks in order, then ask."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._speaking: list[tuple[float, bool]] = []
        self._playing: list[tuple[float, bool]] = []
        self._state: tuple[Floats, Floats] | None = None
        self._before = np.zeros(_BEFORE, np.float32)
        self._rest = np.zeros(0, np.float32)

    def hear(self, sound: Sound) -> None:
        """Take the next block, at 16 kHz."""
        start_s = sound.time_s
        speech_from_s = start_s - len(self._rest) / RATE
        samples = np.concatenate([self._rest, sound.samples])
        whole = len(samples) // _PIECE * _PIECE
        self._rest = samples[whole:]
        if whole:
            padded = np.concatenate([self._before, samples[:whole]])
            pieces = np.lib.stride_tricks.sliding_window_view(padded, _BEFORE + _PIECE)[::_PIECE]
            scores, self._state = self._networks.speech(np.ascontiguousarray(pieces), self._state)
            self._before = samples[whole - _BEFORE : whole]
            self._speaking += _marks(scores, speech_from_s, _PIECE / RATE)
        if len(sound.samples) >= _FRAME:
            spectrum = power(sound.samples)
            scores = self._networks.music(energies(spectrum)) * ~pure(spectrum)
            self._playing += _marks(scores, start_s, _STEP / RATE)

    def heard(self, duration_s: float) -> Heard:
        """What can be said of a clip of this length."""
        speech = spans(self._speaking, _PIECE / RATE)
        music = spans(self._playing, _STEP / RATE)
        if _total(speech) < _SPEECH_S:
            speech = ()
        if _total(music) < max(_MUSIC_S, _MUSIC_SHARE * duration_s):
            music = ()
        return Heard(speech, music)


def listen(networks: Networks, sound: Iterable[Sound], duration_s: float, checkpoint: Callable[[], None]) -> Heard:
    """Hear all of a clip. `checkpoint` is called before each block and may raise to stop."""
    listener = Listener(networks)
    for block in sound:
        checkpoint()
        listener.hear(block)
    return listener.heard(duration_s)


def spans(marks: list[tuple[float, bool]], step_s: float) -> tuple[tuple[float, float], ...]:
    """The (start, end) of what is marked True, over short pauses and without what is too short. Times rise."""
    found: list[tuple[float, float]] = []
    for time_s, marked in marks:
        if not marked:
            continue
        if found and time_s - found[-1][1] <= _PAUSE_S:
            found[-1] = (found[-1][0], time_s + step_s)
        else:
            found.append((time_s, time_s + step_s))
    return tuple((max(0.0, start), end) for start, end in found if end - start >= _SHORT_S and end > 0)


def power(samples: Floats) -> Floats:
    """The spectrum of samples in -1 to 1, (N,), a hundred times a second as Kaldi takes it: (T, 257)."""
    frames = np.lib.stride_tricks.sliding_window_view(samples * np.float32(32768), _FRAME)[::_STEP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    spectrum = np.fft.rfft((frames - np.float32(0.97) * before) * _window(), _FFT)
    return np.asarray(np.abs(spectrum) ** 2, np.float32)


def energies(spectrum: Floats) -> Floats:
    """The logarithms of the energies in 80 bands, (T, 80)."""
    return np.asarray(np.log(np.maximum(spectrum @ _bands(), np.finfo(np.float32).eps)))


def pure(spectrum: Floats) -> NDArray[np.bool_]:
    """Where nearly all energy is in one tone, (T,): a signal or a whistle, which the network takes for music."""
    near = np.lib.stride_tricks.sliding_window_view(spectrum, _TONE, axis=1).sum(axis=2).max(axis=1)
    return np.asarray(near > _PURE * spectrum.sum(axis=1))


@cache
def _window() -> Floats:
    """Povey's: nearly Hann's, but not zero at its ends."""
    return np.asarray(np.hanning(_FRAME) ** 0.85, np.float32)


@cache
def _bands() -> Floats:
    """Triangles on the mel scale from 20 Hz to half the rate, (257, 80)."""

    def mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1127.0 * np.log1p(hertz / 700.0)

    low, high = mel(np.array([20.0, RATE / 2]))
    edges = np.linspace(low, high, _BANDS + 2)
    at = mel(np.arange(_FFT // 2 + 1) * RATE / _FFT)[:, None]
    rising = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)), np.float32)


def _marks(scores: Floats, start_s: float, step_s: float) -> Iterator[tuple[float, bool]]:
    return ((start_s + index * step_s, bool(score >= _SURE)) for index, score in enumerate(scores))


def _total(found: tuple[tuple[float, float], ...]) -> float:
    return sum(end - start for start, end in found)
