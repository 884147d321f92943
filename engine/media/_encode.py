"""The two ways of writing a video anew: its packets as they are, or its pictures and sound encoded again.

It knows rates and sizes, not why they were chosen.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from engine.media._container import open_container
from engine.media._guard import Guard
from engine.media._reader import ClipReader
from engine.media._saving import storage_errors
from engine.media._sniff import open_regular, size_of, sniff
from engine.media._writer import h264_stream, mp4_output, yuv420p
from engine.types import MediaLimits

# What is transcoded has been admitted before; these caps only keep a broken file from running for ever.
LIMITS = MediaLimits(max_bytes=1 << 34, max_duration_s=6 * 3600.0, decode_timeout_s=3600.0)
_CLOCK = 90_000  # ticks a second: the finest common grid for picture times, variable rates included
_SOUND_RATE = 48_000


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes in pixels, rates in bits a second, `fps` at most. `audio_rate` 0 leaves the sound out."""

    width: int
    height: int
    fps: float
    video_rate: int
    audio_rate: int


@contextmanager
def _input(
    source: str | os.PathLike[str], checkpoint: Callable[[], None] | None
) -> Iterator[tuple[InputContainer, Guard]]:
    guard = Guard(LIMITS, checkpoint)
    with ExitStack() as stack:
        stack.enter_context(guard.operation())
        file = open_regular(source)
        stack.callback(file.close)
        size_of(file, LIMITS)
        container = stack.enter_context(open_container(file, sniff(file), guard))
        yield container, guard


def remux(source: str | os.PathLike[str], part: Path, checkpoint: Callable[[], None] | None) -> int | None:
    """Copy picture and sound packets into a faststart MP4 as they are. Returns its size in bytes.

    None when the result would not play everywhere or the packets cannot be copied: then encode.
    """
    with _input(source, checkpoint) as (clip, guard):
        streams = [found for found in (clip.streams.best("video"), clip.streams.best("audio")) if found is not None]
        if clip.format.name != "mov" or not all(_plays_everywhere(stream) for stream in streams):
            return None
        with mp4_output(part) as out:
            copies: dict[int, Stream] = {stream.index: out.add_stream_from_template(stream) for stream in streams}
            for packet in clip.demux(streams):
                guard.tick()
                if packet.dts is None:
                    continue
                packet.stream = copies[packet.stream_index]
                with storage_errors():
                    out.mux(packet)
    return part.stat().st_size


def _plays_everywhere(stream: Stream) -> bool:
    context: Any = stream.codec_context
    if context is None:
        return False
    if stream.type == "audio":
        return context.name in ("aac", "mp3", "mp3float")
    return context.name == "h264" and context.pix_fmt in ("yuv420p", "yuvj420p")


def encode(
    reader: ClipReader,
    source: str | os.PathLike[str],
    part: Path,
    chosen: Plan,
    checkpoint: Callable[[], None] | None,
) -> int:
    """Encode pictures and sound by the plan into a faststart MP4. Returns its size in bytes."""
    with ExitStack() as stack:
        stack.enter_context(storage_errors())
        out = stack.enter_context(mp4_output(part))
        video = _video_stream(out, chosen, min(chosen.fps, reader.info.fps or chosen.fps))
        sound: _Sound | None = None
        if chosen.audio_rate:
            clip, guard = stack.enter_context(_input(source, checkpoint))
            sound = _Sound(clip, out, chosen.audio_rate, guard)
        last = -1
        for shown in reader.scan(max_fps=chosen.fps, max_side=max(chosen.width, chosen.height)):
            frame = yuv420p(shown.image, chosen.width, chosen.height)
            frame.pts = last = max(last + 1, round(shown.time_s * _CLOCK))
            frame.time_base = Fraction(1, _CLOCK)
            out.mux(video.encode(frame))
            if sound is not None:
                sound.play_until(shown.time_s)
        out.mux(video.encode(None))
        if sound is not None:
            sound.play_until(reader.info.duration_s)
            sound.end()
    return part.stat().st_size


def _video_stream(out: OutputContainer, chosen: Plan, fps: float) -> VideoStream:
    rate = str(chosen.video_rate)
    options = {"preset": "fast", "b": rate, "maxrate": rate, "bufsize": str(chosen.video_rate * 2)}
    nominal = Fraction(fps).limit_denominator(1001)
    stream = h264_stream(out, chosen.width, chosen.height, nominal, options)
    stream.codec_context.time_base = Fraction(1, _CLOCK)
    return stream


class _Sound:
    """Re-encodes the first sound track as AAC, a little at a time, beside the pictures."""

    def __init__(self, clip: InputContainer, out: OutputContainer, rate: int, guard: Guard) -> None:
        self._clip, self._out, self._guard = clip, out, guard
        self._source: AudioStream = clip.streams.audio[0]
        layout = "mono" if rate < 48_000 or self._source.codec_context.channels == 1 else "stereo"
        self._stream: Any = out.add_stream("aac", rate=_SOUND_RATE, layout=layout)
        self._stream.bit_rate = rate
        self._resampler = AudioResampler(format="fltp", layout=layout, rate=_SOUND_RATE, frame_size=1024)
        self._frames = self._decode()
        self._origin = float((self._source.start_time or 0) * (self._source.time_base or 0))

    def _decode(self) -> Iterator[AudioFrame]:
        for packet in self._clip.demux(self._source):
            self._guard.tick()
            try:
                frames: list[AudioFrame] = packet.decode()
            except (av.FFmpegError, ValueError):
                continue
            yield from frames

    def play_until(self, time_s: float) -> None:
        """Encode the sound up to `time_s`, give or take a packet."""
        for frame in self._frames:
            for piece in self._resampler.resample(frame):
                self._out.mux(self._stream.encode(piece))
            if frame.time is not None and frame.time - self._origin >= time_s:
                return

    def end(self) -> None:
        for piece in self._resampler.resample(None):
            self._out.mux(self._stream.encode(piece))
        self._out.mux(self._stream.encode(None))
