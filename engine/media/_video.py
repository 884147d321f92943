"""Frames of a moving clip through FFmpeg: opens the container safely, checks its claims, finds frames by time.

FFmpeg gets a file object, never a name: no protocol, playlist or reference can lead it anywhere else.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Literal

from av.audio.stream import AudioStream
from av.codec.context import CodecContext, ThreadType
from av.index import IndexEntries
from av.stream import Discard, Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from engine.errors import DamagedClip, NoPicture
from engine.media import _boxes, _picture, _words
from engine.media._audio import measure_loudness
from engine.media._container import DECODERS, open_container, translated
from engine.media._decoder import Decoder
from engine.media._guard import Guard
from engine.media._sniff import Format
from engine.media._sound import Sound, read_sound
from engine.media._source import Found
from engine.types import ClipInfo

_LONGEST_S = 7 * 86_400.0  # a later end of the sound, or a longer length by the header, is a lie
_EARLY_SOUND_S = 0.1  # sound that begins so much before the pictures belongs to the clip; less is padding
_LAST_SOUND_S = 2.0  # of the sound's packets, these before the end are read to find it
_AGREE_S, _AGREE_SHARE = 0.3, 0.01  # a claimed length this close to the index's is believed
_THREADED_PIXELS = 500 * 250  # smaller pictures decode faster on one core than two can share them


class VideoSource:
    """An open container with one picture track. Made and used inside a guard's operation.

    `last_s` is for how long the last picture is shown, where the container tells FFmpeg nothing of it.
    """

    def __init__(self, file: BinaryIO, size: int, form: Format, guard: Guard, last_s: float | None = None) -> None:
        self._guard = guard
        self._form = form
        self._size = size
        self._declared = 0
        self._last_s = last_s
        self._check_header(file)
        try:
            self._container = open_container(file, form, guard)
            try:
                with translated(guard):
                    self._stream = self._pick_stream()
                    self._codec = self._pick_codec()
                    self._decoder = Decoder(self._container, self._stream, self._codec, guard, form)
                    self._start()
            except BaseException:
                self._container.close()
                raise
        except (DamagedClip, NoPicture):
            if self._declared > size:
                raise _words.truncated(size, self._declared) from None
            raise

    def close(self) -> None:
        self._container.close()

    # --- opening -----------------------------------------------------------------------------------------------

    def _check_header(self, file: BinaryIO) -> None:
        """What can be told, and refused, before FFmpeg sees the file."""
        if self._form.demuxer == "gif":
            head = file.read(10)
            self._check_pixels(int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little"))
        if self._form.demuxer == "mov":
            boxes = _boxes.walk(file, self._size)
            self._declared = boxes.declared_bytes
            if not boxes.has_index:
                if self._declared > self._size:
                    raise _words.truncated(self._size, self._declared)
                raise _words.no_index()

    def _pick_stream(self) -> VideoStream:
        covers = Disposition.attached_pic | Disposition.timed_thumbnails
        pictures = [stream for stream in self._container.streams.video if not stream.disposition & covers]
        if not pictures:
            raise _words.no_picture() if self._container.streams.audio else _words.no_frames()
        readable = [stream for stream in pictures if stream.codec_context is not None]
        if not readable:
            raise _words.unsupported("that kind of video")
        chosen = max(readable, key=lambda stream: (bool(stream.disposition & Disposition.default), -stream.index))
        if chosen.codec_context.name not in DECODERS.split(","):
            raise _words.unsupported(f"{chosen.codec_context.name} video")
        self._check_pixels(chosen.width, chosen.height)
        for stream in self._container.streams:
            if stream.index != chosen.index:
                stream.discard = Discard.all
        return chosen

    def _check_pixels(self, width: int, height: int) -> None:
        if width * height > self._guard.limits.max_pixels:
            raise _words.too_many_pixels(width, height, self._guard.limits.max_pixels)

    def _pick_codec(self) -> VideoCodecContext:
        codec = self._stream.codec_context
        if codec.name == "vp9" and self._stream.metadata.get("alpha_mode") == "1":
            codec = CodecContext.create("libvpx-vp9", "r")  # FFmpeg's own VP9 decoder drops the alpha plane
        codec.options = {"max_pixels": str(self._guard.limits.max_pixels)}
        # Two threads decode different frames: measured 1.6 times faster than one on 720p. More threads than cores,
        # or any on small pictures, only add latency at every seek.
        threaded = self._stream.width * self._stream.height > _THREADED_PIXELS
        codec.thread_type = ThreadType.FRAME if threaded else ThreadType.NONE
        codec.thread_count = min(2, os.cpu_count() or 1) if threaded else 1
        return codec

    def _start(self) -> None:
        """Decode the first frame, learn where time begins, and check what the header says about length."""
        first = self._decoder.first()
        if first is None:
            if self._decoder.saw_packets:
                raise _words.damaged()
            raise _words.ends_early() if len(self._stream.index_entries) else _words.no_frames()
        self._check_pixels(first.width, first.height)
        self._decoder.first_pts = first.pts or 0
        self._origin = self._first_moment()
        rate = self._stream.average_rate or self._stream.guessed_rate
        self._fps = float(rate) if rate and 0 < rate < 1000 else 25.0
        duration, frames = self._measure()
        if duration > self._guard.limits.max_duration_s:
            raise _words.too_long(duration, self._guard.limits.max_duration_s)
        self._layout = _picture.layout_of(first, float(self._stream.sample_aspect_ratio or 1) or 1.0)
        self._converter = _picture.Converter(self._layout, first.width, first.height)
        self.info = self._describe(first, duration, frames)

    def _describe(self, first: VideoFrame, duration: float, frames: int | None) -> ClipInfo:
        width, height = self._layout.seen(first.width, first.height)
        pictured_s = duration - self._seconds(self._decoder.first_pts - self._origin)
        kind: Literal["video", "animation"] = "animation" if self._form.demuxer in ("gif", "apng") else "video"
        return ClipInfo(
            kind=kind,
            container=self._form.name,
            codec=self._stream.codec_context.codec.canonical_name,
            width=width,
            height=height,
            duration_s=duration,
            fps=frames / pictured_s if frames and pictured_s > 0 else self._fps,
            frames=frames,
            rotation=self._layout.quarter_turns * 90,
            has_audio=any(stream.codec_context is not None for stream in self._container.streams.audio),
            hdr=_picture.is_hdr(first),
            alpha=_picture.has_alpha(first),
            size_bytes=self._size,
            sound_end_s=self._sound_end(),
            declared_s=self._declared_length(duration),
        )

    # --- length ------------------------------------------------------------------------------------------------

    def _measure(self) -> tuple[float, int | None]:
        """(duration in seconds, number of frames if known), from the index or the last packets, never the claim."""
        frame_s = 1.0 / self._fps
        if self._form.indexed and len(self._stream.index_entries) > 1:
            entries = self._stream.index_entries
            count = self._whole_entries()
            lead = self._decoder.first_pts - self._origin
            span = self._seconds(lead + entries[max(0, count - 1)].timestamp - entries[0].timestamp) + frame_s
            claimed = self._seconds(lead + (self._stream.duration or 0))
            if count < len(entries):
                return span, count
            if abs(claimed - span) <= max(_AGREE_S, _AGREE_SHARE * span) and not self._rate_varies():
                return claimed, count
            # The index has decoding times: with variable rates the last frame may be shown much later. And of a
            # fragmented file, it may have the first fragment only.
            whole = count == self._stream.frames
            last, _ = self._decoder.last_time(self._claimed())
            return self._seconds(last - self._origin) + frame_s, count if whole else None
        last, packets = self._decoder.last_time(self._claimed())
        if self._form.demuxer in ("matroska", "avi"):
            self._decoder.trust_index()
        last_s = frame_s if self._last_s is None else self._last_s
        return self._seconds(last - self._origin) + last_s, packets

    def _first_moment(self) -> int:
        """Where the clip's clock begins, in ticks of the picture track: with its first frame, or with earlier sound."""
        first = self._decoder.first_pts
        audio = self._sound_track()
        if audio is None or audio.start_time is None or not audio.time_base or not self._stream.time_base:
            return first
        early_s = self._seconds(first) - float(audio.start_time * audio.time_base)
        longest_s = self._guard.limits.max_duration_s
        return first - self._ticks(early_s) if _EARLY_SOUND_S <= early_s <= longest_s else first

    def _sound_track(self) -> AudioStream | None:
        return next((stream for stream in self._container.streams.audio if stream.codec_context is not None), None)

    def _sound_end(self) -> float:
        """Where the sound ends, in seconds, from its index or its last packets; 0.0 where neither tells."""
        audio = self._sound_track()
        if audio is None or not audio.time_base:
            return 0.0
        last: int | None
        if self._form.indexed and len(audio.index_entries):
            last = audio.index_entries[max(0, whole_entries(audio.index_entries, self._size) - 1)].timestamp
        else:
            last = self._decoder.last_sound(audio, _LAST_SOUND_S)
        if last is None:
            return 0.0
        end_s = float(last * audio.time_base) - self._seconds(self._origin)
        return end_s if 0.0 < end_s <= _LONGEST_S else 0.0

    def _declared_length(self, duration: float) -> float:
        """The length by the header, in seconds, where the file ends before it does; else 0.0."""
        if self._declared <= self._size:
            return 0.0
        claimed = self._claimed()
        length = 0.0 if claimed is None else self._seconds(claimed - self._origin)
        return length if duration + _AGREE_S < length <= _LONGEST_S else 0.0

    def _rate_varies(self) -> bool:
        mean, base = self._stream.average_rate, self._stream.base_rate
        return not mean or not base or abs(float(mean / base) - 1.0) > _AGREE_SHARE

    def _whole_entries(self) -> int:
        return whole_entries(self._stream.index_entries, self._size)

    def _claimed(self) -> int | None:
        """The stream's end in ticks as the header has it."""
        if self._stream.duration is not None:
            return self._decoder.first_pts + self._stream.duration
        if self._container.duration is not None:
            return self._decoder.first_pts + self._ticks(self._container.duration / 1e6)
        return None

    def _seconds(self, ticks: int) -> float:
        return float(ticks * self._stream.time_base) if self._stream.time_base else 0.0

    def _ticks(self, seconds: float) -> int:
        return round(seconds / self._stream.time_base) if self._stream.time_base else 0

    def _ticks_before(self, seconds: float) -> int:
        """The last tick at or before a moment; a microsecond forgives what a float cannot say exactly."""
        return math.floor((seconds + 1e-6) / self._stream.time_base) if self._stream.time_base else 0

    # --- frames ------------------------------------------------------------------------------------------------

    def _found(self, frame: VideoFrame) -> Found:
        time_s = self._seconds((frame.pts or 0) - self._origin)
        return Found(max(0.0, time_s), lambda max_side: self._convert(frame, max_side))

    def _convert(self, frame: VideoFrame, max_side: int | None) -> Any:
        with translated(self._guard):
            return self._converter.rgb(frame, max_side)

    def at_each(self, times: Sequence[float]) -> Iterator[Found | None]:
        first = self._decoder.first_pts
        targets = [max(first, self._origin + self._ticks_before(moment)) for moment in times]
        for index, target in enumerate(targets):
            following = targets[index + 1] if index + 1 < len(targets) else None
            jump = following is None or self._decoder.jumps_between(target, following)
            with translated(self._guard):
                frame = self._decoder.find(target, then_jump=jump)
            yield None if frame is None else self._found(frame)

    def walk(
        self, max_fps: float | None, start_s: float = 0.0, end_s: float | None = None, after_s: float | None = None
    ) -> Iterator[Found]:
        step = max(1, self._ticks(1.0 / max_fps)) if max_fps else 1
        origin = self._origin
        due = max(self._decoder.first_pts, origin + self._ticks_before(start_s))
        if after_s is not None:
            due += step * max(1, -(-(origin + self._ticks(after_s) + 1 - due) // step))
        end = None if end_s is None else origin + self._ticks(end_s)
        last: int | None = None
        may_jump = max_fps is not None
        while end is None or due < end:
            with translated(self._guard):
                frame = self._decoder.find(due) if last is None else self._decoder.following(due, may_jump=may_jump)
            if frame is None or frame.pts is None or (end is not None and frame.pts >= end):
                return
            if last is None or frame.pts > last:
                last = frame.pts
                yield self._found(frame)
            else:
                may_jump = False  # times run backwards here: from now on, take the frames as they come
            due += step * max(1, -(-(frame.pts + 1 - due) // step))

    def snap(self, time_s: float, tolerance_s: float) -> float:
        origin, reach = self._origin, self._ticks(tolerance_s)
        target = origin + self._ticks(time_s)
        near = [key for key in self._decoder.keys_around(target) if abs(key - target) <= reach]
        if not near:
            return time_s
        return self._seconds(min(near, key=lambda key: abs(key - target)) - origin)

    def keys(self, limit: int) -> Iterator[Found]:
        if limit < 1:
            return
        found = self._decoder.keys(limit, self._ticks(self.info.duration_s))
        while True:
            with translated(self._guard):
                frame = next(found, None)
            if frame is None:
                return
            yield self._found(frame)

    def loudness(self, windows: int) -> list[tuple[float, float]] | None:
        if not self.info.has_audio or windows < 1:
            return None
        with translated(self._guard):
            self._decoder.lose_place()
            origin_s = self._seconds(self._origin)
            return measure_loudness(self._container, self._stream, origin_s, self.info.length_s, windows, self._guard)

    def sound(self, rate: int, block_s: float) -> Iterator[Sound]:
        self._decoder.lose_place()
        first_s = self._seconds(self._origin)
        found = read_sound(self._container, self._stream, first_s, self._guard, rate=rate, block_s=block_s)
        try:
            while True:
                with translated(self._guard):
                    block = next(found, None)
                if block is None:
                    return
                yield block
        finally:
            found.close()


def whole_entries(entries: IndexEntries, size: int) -> int:
    """How many samples lie wholly within a file of `size` bytes, taking their places to ascend."""
    low, high = 0, len(entries)
    if entries[high - 1].pos + entries[high - 1].size <= size:
        return high
    while low < high:
        middle = (low + high) // 2
        if entries[middle].pos + entries[middle].size <= size:
            low = middle + 1
        else:
            high = middle
    return low
