"""A clip's sound as one stream of samples, a block at a time, on the clock of its pictures. It knows no speech."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard
from av.video.stream import VideoStream
from numpy.typing import NDArray

from engine.media import _words
from engine.media._container import DECODERS
from engine.media._guard import Guard

Samples = NDArray[np.float32]

_GAP_S = 0.25  # a smaller jump of the times is jitter, as of rounding containers; a larger one is a pause
_MAX_BAD_PACKETS = 100  # in a row; after that there is nothing left to hope for
_MAX_PACKET_BYTES = 16 * 1024 * 1024  # a second of eight channels at 192 kHz has six
_LONGEST_FRAME_S = 60.0  # a frame that claims more would swell when its rate is changed
_KINDS = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "s64": np.int64, "flt": np.float32, "dbl": np.float64}
_SLOWEST_HZ = 1000  # nothing that can be understood is slower


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of a clip's sound: `samples` is (N,) float32 mono in -1 to 1.

    `time_s` is where it begins, in seconds from the clip's first frame; before that when sound comes before pictures.
    """

    time_s: float
    samples: Samples


def read_sound(
    container: InputContainer, video: VideoStream, first_s: float, guard: Guard, *, rate: int, block_s: float
) -> Generator[Sound]:
    """The first sound track at `rate` samples a second, in blocks of `block_s` seconds that follow each other.

    `first_s` is the first picture's time on the container's clock. Pauses in the track are silence. Nothing comes
    without a sound track, and at most as much as a clip may be long. Raises `UnsupportedClip` for a codec that is not
    read here and `DamagedClip` when nothing of the track can be decoded.

    The container's position and its discard flags are changed; the caller seeks afterwards.
    """
    audio = next((stream for stream in container.streams.audio if stream.codec_context is not None), None)
    if audio is None or not audio.time_base:
        return
    if audio.codec_context.name not in DECODERS.split(","):
        raise _words.unsupported(f"{audio.codec_context.name} sound")
    audio.discard, video.discard = Discard.default, Discard.all
    try:
        yield from _blocks(_Track(container, audio, first_s, guard), rate, block_s)
    finally:
        audio.discard, video.discard = Discard.all, Discard.default


def _blocks(track: _Track, rate: int, block_s: float) -> Iterator[Sound]:
    """The track cut into equal pieces, the last one as long as it is."""
    size, most = max(1, round(block_s * rate)), round(track.guard.limits.max_duration_s * rate)
    line = _Line(rate, size)
    done, start_s = 0, 0.0
    for time_s, samples, heard_at in track.frames():
        if not line.began:
            start_s = time_s
        line.add(time_s - start_s, samples, heard_at, most)
        while (block := line.take()) is not None:
            yield Sound(start_s + done / rate, block)
            done += len(block)
        if done + line.held >= most:
            break
    line.end()
    while (block := line.take(rest=True)) is not None:
        block = block[: most - done]
        if not len(block):
            return
        yield Sound(start_s + done / rate, block)
        done += len(block)


class _Track:
    """Decodes one sound track from its beginning."""

    def __init__(self, container: InputContainer, audio: AudioStream, first_s: float, guard: Guard) -> None:
        self._container = container
        self._audio = audio
        self._first_s = first_s
        self.guard = guard

    def frames(self) -> Iterator[tuple[float, Samples, int]]:
        """(time in seconds, mono samples, their rate) of every frame that can be decoded."""
        base = float(self._audio.time_base or 0)
        saw, bad, next_s, heard = False, 0, None, False
        for packet in self._packets():
            saw = saw or packet.size > 0
            try:
                frames: list[AudioFrame] = packet.decode() if packet.size <= _MAX_PACKET_BYTES else []
            except EOFError:
                break
            except (av.FFmpegError, ValueError):
                bad += 1
                if bad > _MAX_BAD_PACKETS:
                    break
                continue
            bad = 0
            for frame in frames:
                rate = frame.sample_rate
                if rate < _SLOWEST_HZ or not 0 < frame.samples <= _LONGEST_FRAME_S * rate:
                    continue
                if frame.pts is not None:
                    time_s = frame.pts * base - self._first_s
                else:
                    time_s = 0.0 if next_s is None else next_s
                next_s, heard = time_s + frame.samples / rate, True
                yield time_s, _mono(frame), rate
        self.guard.raise_failure()
        if saw and not heard:
            raise _words.damaged_sound()

    def _packets(self) -> Iterator[Any]:
        start = self._audio.start_time or 0
        try:
            self._container.seek(start, stream=self._audio, backward=True)
        except av.FFmpegError:  # a container that cannot seek by time
            self._container.seek(0, stream=self._audio, unsupported_byte_offset=True)
        packets = self._container.demux(self._audio)
        while True:
            self.guard.tick()
            try:
                packet = next(packets, None)
            except (av.FFmpegError, ValueError):  # the file ends in the middle of something
                packet = None
            if packet is None:
                return
            yield packet


class _Line:
    """Puts frames one behind the other at one rate, and cuts blocks of `size` samples off the front."""

    def __init__(self, rate: int, size: int) -> None:
        self._rate = rate
        self._size = size
        self._resampler: AudioResampler | None = None
        self._from_hz = 0
        self._held: list[Samples] = []
        self._heard_s = 0.0  # how far the frames reach that were added
        self.held = 0  # samples
        self.began = False

    def add(self, time_s: float, samples: Samples, hz: int, most: int) -> None:
        """Add a frame that begins `time_s` after the first one. What overlaps is played one after the other."""
        self.began = True
        if hz != self._from_hz:
            self.end()
            self._resampler = AudioResampler(format="flt", layout="mono", rate=self._rate)
            self._from_hz = hz
        pause_s = time_s - self._heard_s
        if pause_s > _GAP_S:
            self._keep(np.zeros(min(round(pause_s * self._rate), most), np.float32))
            self._heard_s = time_s
        self._heard_s += len(samples) / hz
        self._resample(samples)

    def _resample(self, samples: Samples) -> None:
        if self._from_hz == self._rate or self._resampler is None:
            self._keep(samples)
            return
        frame: Any = AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = self._from_hz
        self._keep_all(self._resampler.resample(frame))

    def end(self) -> None:
        """Take out of the resampler what it holds back."""
        if self._resampler is not None and self._from_hz != self._rate:
            self._keep_all(self._resampler.resample(None))
        self._resampler, self._from_hz = None, 0

    def take(self, *, rest: bool = False) -> Samples | None:
        """The next whole block; with `rest` whatever there is. None when there is none."""
        if self.held < (1 if rest else self._size):
            return None
        whole = self._held[0] if len(self._held) == 1 else np.concatenate(self._held)
        block, left = whole[: self._size], whole[self._size :]
        self._held, self.held = ([left] if len(left) else []), len(left)
        return block

    def _keep_all(self, pieces: list[Any]) -> None:
        for piece in pieces:
            self._keep(piece.to_ndarray().reshape(-1))

    def _keep(self, samples: Samples) -> None:
        self._held.append(samples)
        self.held += len(samples)


def channels_of(frame: AudioFrame) -> Samples:
    """The frame's samples as floats in -1 to 1: (channels, samples). Raises `ValueError` for what is no sound.

    Not by `AudioFrame.to_ndarray`: of eight and more channels in planes of their own (7.1 as AAC, Opus or Vorbis) it
    reads planes that do not exist, and the process dies of it.
    """
    kind = _KINDS.get(frame.format.packed.name)
    if kind is None:
        raise ValueError(f"samples of the kind {frame.format.name}")
    count, number = frame.layout.nb_channels, frame.samples
    if frame.format.is_planar:
        planes = frame.planes[:count]
        raw: Any = np.stack([np.frombuffer(plane, kind, number) for plane in planes])  # type: ignore[call-overload]
    else:
        raw = np.frombuffer(frame.planes[0], kind, number * count).reshape(number, count).T  # type: ignore[call-overload]
    channels: Samples = raw.astype(np.float32)
    if raw.dtype.kind == "f":
        return np.nan_to_num(np.clip(channels, -1.0, 1.0))
    if raw.dtype.kind == "u":
        return (channels - 128.0) / 128.0
    return channels / float(np.iinfo(raw.dtype).max)


def _mono(frame: AudioFrame) -> Samples:
    """A frame's channels mixed into one. Where they cancel each other out, the loudest of them."""
    channels = channels_of(frame)
    if len(channels) == 1:
        return np.ascontiguousarray(channels[0])
    mixed: Samples = channels.mean(axis=0)
    loudest: Samples = channels[int(np.square(channels).sum(axis=1).argmax())]
    # One channel alone among silent ones is mixed to a share of 1/n² of its power; half of that amplitude is less.
    if np.square(mixed).sum() * 4 * len(channels) ** 2 < np.square(loudest).sum():
        return np.ascontiguousarray(loudest)
    return mixed
