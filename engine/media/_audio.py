"""How loud a clip is over time. It hears a bounded part of long clips, and knows nothing of pictures."""

from __future__ import annotations

import math

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard
from av.video.stream import VideoStream

from engine.media._guard import Guard
from engine.media._sound import Samples, channels_of

SILENCE_DBFS = -120.0
_HEARD_S = 2.0  # of each window at most this much is decoded, so the cost grows with the windows, not the clip
_MAX_BAD_PACKETS = 100


def measure_loudness(
    container: InputContainer, video: VideoStream, origin_s: float, length_s: float, windows: int, guard: Guard
) -> list[tuple[float, float]] | None:
    """(start in seconds, RMS in dBFS) of each of `windows` equal parts of a clip that begins at `origin_s` on the
    container's clock and is `length_s` long. None when nothing can be heard at all.

    The container's position and the discard flags of its sound track are changed; the caller seeks afterwards.
    """
    audio = next((stream for stream in container.streams.audio if stream.codec_context is not None), None)
    if audio is None or not audio.time_base or length_s <= 0:
        return None
    meter = _Meter(length_s / windows, windows)
    audio.discard, video.discard = Discard.default, Discard.all
    try:
        if meter.width_s <= _HEARD_S:
            _hear(container, audio, origin_s, 0.0, length_s, meter, guard)
        else:
            for index in range(windows):
                start = (index + 0.5) * meter.width_s - _HEARD_S / 2
                _hear(container, audio, origin_s, start, start + _HEARD_S, meter, guard)
    finally:
        audio.discard, video.discard = Discard.all, Discard.default
    return meter.levels() if meter.heard else None


def _hear(
    container: InputContainer,
    audio: AudioStream,
    origin_s: float,
    start_s: float,
    end_s: float,
    meter: _Meter,
    guard: Guard,
) -> None:
    base = audio.time_base
    if base is None:
        return
    origin = round(origin_s / base)
    container.seek(origin + round(start_s / base), stream=audio, backward=True)
    bad = 0
    for packet in container.demux(audio):
        guard.tick()
        try:
            frames: list[AudioFrame] = packet.decode()
        except EOFError:
            return
        except (av.FFmpegError, ValueError):
            bad += 1
            if bad > _MAX_BAD_PACKETS:
                return
            continue
        for frame in frames:
            now = float(((frame.pts or 0) - origin) * base)
            if now >= end_s:
                return
            if now + frame.samples / max(1, frame.sample_rate) > start_s:
                meter.add(now, channels_of(frame))


class _Meter:
    """Sums squares by window."""

    def __init__(self, width_s: float, windows: int) -> None:
        self.width_s = width_s
        self.heard = False
        self._squares = [0.0] * windows
        self._counts = [0] * windows

    def add(self, time_s: float, samples: Samples) -> None:
        index = min(len(self._counts) - 1, max(0, int(time_s / self.width_s)))
        self._squares[index] += float(np.square(samples, dtype=np.float64).sum())
        self._counts[index] += samples.size
        self.heard = True

    def levels(self) -> list[tuple[float, float]]:
        found = []
        for index, (total, count) in enumerate(zip(self._squares, self._counts, strict=True)):
            mean = total / count if count else 0.0
            level = max(SILENCE_DBFS, 10.0 * math.log10(mean)) if mean > 0 else SILENCE_DBFS
            found.append((round(index * self.width_s, 3), round(level, 2)))
        return found
