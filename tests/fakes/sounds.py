"""Clips with sound, written with real encoders into real containers: tones, pauses, and what is odd about tracks."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
_PIECE = 4096  # samples handed to an encoder at once


def silence(seconds: float, *, rate: int = 16_000) -> Samples:
    return np.zeros(round(seconds * rate), np.float32)


def tone(seconds: float, hz: float = 440.0, *, rate: int = 16_000, level: float = 0.3) -> Samples:
    times = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def sounding(
    path: Path,
    *samples: Samples,
    rate: int = 16_000,
    codec: str = "aac",
    layout: str = "mono",
    form: str | None = None,
    picture_s: float | None = None,
    pictures_from_s: float = 0.0,
    sound_from_s: float = 0.0,
    pauses: dict[float, float] | None = None,
) -> Path:
    """A clip of black pictures with these channels as its sound; without any, it has no sound track.

    `pauses` skip times without writing sound: {second of the track: seconds left out}.
    """
    length_s = picture_s if picture_s is not None else (len(samples[0]) / rate if samples else 1.0)
    with av.open(str(path), "w", format=form) as out:
        picture: Any = out.add_stream("libx264", rate=5, options={"g": "5", "preset": "ultrafast"})
        picture.width, picture.height, picture.pix_fmt = 32, 32, "yuv420p"
        picture.codec_context.time_base = Fraction(1, 1000)
        sound: Any = out.add_stream(codec, rate=rate, layout=layout) if samples else None
        black = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        for index in range(max(1, round(length_s * 5))):
            black.pts, black.time_base = round((pictures_from_s + index / 5) * 1000), Fraction(1, 1000)
            out.mux(picture.encode(black))
        out.mux(picture.encode(None))
        if sound is not None:
            for frame in _frames(np.stack(samples), rate, layout, sound_from_s, pauses or {}):
                out.mux(sound.encode(frame))
            out.mux(sound.encode(None))
    return path


def _frames(channels: Samples, rate: int, layout: str, from_s: float, pauses: dict[float, float]) -> Any:
    for start in range(0, channels.shape[1], _PIECE):
        late_s = from_s + sum(left_out for at, left_out in pauses.items() if start / rate >= at)
        piece = channels[:, start : start + _PIECE]
        # One sample behind the other: PyAV miscounts eight and more planes.
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece.T).reshape(1, -1), format="flt", layout=layout)
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = start + round(late_s * rate)
        yield frame
