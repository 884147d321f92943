"""Walks one video stream: seeks, feeds packets to the decoder, and finds the frame shown at a given moment.

It speaks stream ticks, not seconds, and knows nothing of pictures' colours or of what the frames are for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from engine.media import _words
from engine.media._guard import Guard
from engine.media._sniff import Format
from engine.media._structure import shown_s

# H.264 and HEVC reorder at most 16 frames: of the packets up to a moment, none can hide behind 16 later ones.
_REORDER = 16
_WINDOW_BYTES = 64 * 1024 * 1024  # a table can point seventeen samples at the same 200 MB
_MAX_BAD_PACKETS = 500  # after that many undecodable packets in a row there is nothing left to hope for
_BLIND_JUMP_S = 4.0  # without an index: key frames are seldom further apart than this where there is no index
_SEEK_TRIES = 4
_FAR_S = 1e6  # where to look for the end of a clip whose header names none
_MAX_DELAY_S = 2.0  # more between decoding and showing a frame is a lie


class Decoder:
    """Finds frames by presentation time in one video stream. Not thread-safe; one walk at a time.

    `codec` is the open or fresh codec context to feed (usually the stream's own).
    """

    def __init__(
        self, container: InputContainer, stream: VideoStream, codec: VideoCodecContext, guard: Guard, form: Format
    ) -> None:
        self._container = container
        self._stream = stream
        self._codec: Any = codec
        self._guard = guard
        self._format = form
        self._indexed = form.indexed
        self._seeks_mislead = False
        self._skip = "DEFAULT"
        self.saw_packets = False
        self.first_pts = 0
        self._reset()

    def _reset(self) -> None:
        self._packets: Iterator[Packet[VideoStream]] | None = None
        self._window: deque[Packet[VideoStream]] = deque()  # read, not yet decoded
        self._window_bytes = 0
        self._ahead: list[int] = []  # times of packets read whose frames are later than the held one
        self._untimed = False  # packets without times: only frames tell where we are
        self._read_all = False
        self._drained = False
        self._frames: deque[VideoFrame] = deque()  # decoded, not yet looked at
        self._held: VideoFrame | None = None  # the latest frame looked at
        self._fed_dts: int | None = None
        self._shown_until = 0  # in ticks, of a GIF, which is always read from its beginning
        self._bad = 0

    # --- moving ------------------------------------------------------------------------------------------------

    def rewind(self, ticks: int) -> None:
        """Seek to the last key frame at or before `ticks`, as far as the container can tell."""
        self._reset()
        try:
            self._container.seek(ticks, stream=self._stream, backward=True)
        except av.FFmpegError:
            # Before the first key frame, or a container that cannot seek by time: the first byte always works.
            self._container.seek(0, stream=self._stream, unsupported_byte_offset=True)
        if self._codec is not self._stream.codec_context:
            self._codec.flush_buffers()
        self._guard.raise_failure()

    def trust_index(self) -> None:
        """The container has by now told all key frames (Matroska reads its cues at the first seek)."""
        self._indexed = len(self._stream.index_entries) > 0

    def lose_place(self) -> None:
        """Somebody else moved the container: seek before the next frame."""
        self._reset()
        self._drained = True

    @property
    def _delay(self) -> int:
        """From a key frame's place in the index to its presentation time. MP4 indexes decoding times."""
        entries = self._stream.index_entries
        delay = self.first_pts - entries[0].timestamp if len(entries) else 0
        return delay if 0 <= self._seconds(delay) < _MAX_DELAY_S else 0

    def previous_key(self, ticks: int) -> int | None:
        """Presentation time of the last indexed key frame at or before `ticks`."""
        return self._key(ticks, backward=True)

    def keys_around(self, ticks: int) -> list[int]:
        """Presentation times of the indexed key frames before and after `ticks`."""
        found = (self._key(ticks, backward=True), self._key(ticks, backward=False))
        return [key for key in found if key is not None]

    def _key(self, ticks: int, *, backward: bool) -> int | None:
        entries = self._stream.index_entries
        if not self._indexed or not len(entries):
            return None
        found = entries.search_timestamp(ticks - self._delay, backward=backward)
        return entries[found].timestamp + self._delay if found >= 0 else None

    # --- looking -----------------------------------------------------------------------------------------------

    def first(self) -> VideoFrame | None:
        """The first frame that can be decoded from here, or None."""
        while not self._frames and self._feed(None):
            pass
        if not self._frames:
            return None
        self._hold(self._frames.popleft())
        return self._held

    def advance(self, ticks: int, *, then_jump: bool = False) -> VideoFrame | None:
        """The frame shown at `ticks`, decoding forward from here; the last one when the stream ends before that.

        With `then_jump` the caller promises to seek before the next call, so the decoder may be drained, which
        spares feeding it packets only to push the wanted frame out.
        """
        while True:
            if self._settled(ticks):
                return self._held
            if self._frames:
                if self._held is not None and self._time(self._frames[0]) > ticks >= self._time(self._held):
                    return self._held
                frame = self._frames.popleft()
                self._hold(frame)
                if self._time(frame) > ticks:
                    return frame
                continue
            if then_jump and self._wanted_is_fed(ticks):
                self._drain()
            elif not self._feed(ticks):
                return self._held

    def _hold(self, frame: VideoFrame) -> None:
        if frame.pts is None:
            step = 1
            if self._stream.average_rate and self._stream.time_base:
                step = max(1, round(1 / (self._stream.average_rate * self._stream.time_base)))
            frame.pts = self.first_pts if self._held is None else self._time(self._held) + step
        self._held = frame
        self._ahead = [pts for pts in self._ahead if pts > frame.pts]

    @staticmethod
    def _time(frame: VideoFrame) -> int:
        return frame.pts if frame.pts is not None else 0

    def _settled(self, ticks: int) -> bool:
        """Whether the held frame is known to be the one shown at `ticks`, before a later one is decoded."""
        if self._held is None or self._untimed or self._time(self._held) > ticks:
            return False
        if not (self._read_all or len(self._window) >= _REORDER):
            return False
        return not any(pts <= ticks for pts in self._ahead)

    def _wanted_is_fed(self, ticks: int) -> bool:
        """Whether the packet of the frame shown at `ticks` has gone into the decoder."""
        if self._untimed or self._drained or not (self._read_all or len(self._window) >= _REORDER):
            return False
        waiting = [packet.pts for packet in self._window if packet.pts is not None]
        return bool(self._ahead) and min(self._ahead) <= ticks and not any(pts <= ticks for pts in waiting)

    # --- feeding -----------------------------------------------------------------------------------------------

    def _feed(self, ticks: int | None) -> bool:
        """Decode one more packet (or drain at the end). False when there is nothing more to come."""
        self._fill()
        if not self._window:
            return self._drain()
        packet = self._window.popleft()
        self._window_bytes -= packet.size
        skip = "NONREF" if ticks is not None and self._passed_over(packet, ticks) else "DEFAULT"
        if skip != self._skip:
            self._codec.skip_frame = self._skip = skip
        if packet.dts is not None:
            self._fed_dts = packet.dts
        self._decode(packet)
        return True

    def _fill(self) -> None:
        if self._packets is None:
            self._packets = self._container.demux(self._stream)
        # Reading ticks the guard by itself, so nothing here needs to.
        while not self._read_all and len(self._window) <= _REORDER and self._window_bytes < _WINDOW_BYTES:
            try:
                packet = next(self._packets, None)
            except (av.FFmpegError, ValueError):
                packet = None
            self._guard.raise_failure()
            if packet is None or not packet.size:
                self._read_all = True
                return
            self.saw_packets = True
            if self._format.demuxer == "gif":
                self._retime(packet)
            if packet.pts is None:
                self._untimed = True
            elif not packet.is_discard:
                self._ahead.append(packet.pts)
            self._window.append(packet)
            self._window_bytes += packet.size

    def _retime(self, packet: Packet[VideoStream]) -> None:
        """Show a picture of a GIF when browsers do, which take very short delays for not meant."""
        packet.pts = packet.dts = self._shown_until
        self._shown_until += self._ticks(shown_s(self._seconds(packet.duration or 0)))

    def _passed_over(self, packet: Packet[VideoStream], ticks: int) -> bool:
        """Whether a later frame, at or before `ticks`, is already in sight: then nobody looks at this one."""
        if self._untimed or packet.pts is None:
            return False
        return any(packet.pts < pts <= ticks for pts in self._ahead)

    def _drain(self) -> bool:
        if self._drained:
            return False
        self._drained = True
        self._decode(None)
        return bool(self._frames)

    def _decode(self, packet: Packet[VideoStream] | None) -> None:
        self._guard.tick()
        try:
            frames = self._codec.decode(packet)
        except EOFError:
            frames = []
        except (av.FFmpegError, ValueError) as error:
            self._bad += 1
            if self._bad > _MAX_BAD_PACKETS:
                raise _words.damaged() from error
            return
        self._guard.raise_failure()
        for frame in frames:
            self._bad = 0
            if frame.width * frame.height > self._guard.limits.max_pixels:
                raise _words.too_many_pixels(frame.width, frame.height, self._guard.limits.max_pixels)
            self._frames.append(frame)

    # --- planning ----------------------------------------------------------------------------------------------

    def find(self, ticks: int, *, then_jump: bool = False) -> VideoFrame | None:
        """The frame shown at `ticks`, seeking when a key frame lies between here and there or when it is behind."""
        if self._must_jump(ticks):
            self._jump(ticks)
        return self.advance(ticks, then_jump=then_jump and not self._untimed)

    def following(self, ticks: int, *, may_jump: bool) -> VideoFrame | None:
        """The frame shown at `ticks` if that is not the held one, else the next frame there is. None at the end.

        Every call decodes on or jumps forward, so a walk ends however the times in the file may lie.
        """
        before = self._held
        frame = self.find(ticks) if may_jump else self.advance(ticks)
        if frame is not before:
            return frame
        while not self._frames:
            if not self._feed(ticks):
                return None
        self._hold(self._frames.popleft())
        return self._held

    def jumps_between(self, ticks: int, later: int) -> bool:
        """Whether `find(later)` after `find(ticks)` is sure to seek."""
        key = self.previous_key(later)
        return key is not None and key > ticks

    def _must_jump(self, ticks: int) -> bool:
        held = self._held
        if held is not None and self._time(held) > ticks:
            return True
        if self._drained:  # to the end of the stream, all is known; in its middle, the decoder must start anew
            return not self._read_all or bool(self._window) or held is None
        here = self._fed_dts if self._fed_dts is not None else self.first_pts
        if not self._format.seekable or self._seeks_mislead:
            return False
        if self._indexed:
            key = self.previous_key(ticks)
            return key is not None and key - self._delay > here
        return self._seconds(ticks - here) > _BLIND_JUMP_S

    def _jump(self, ticks: int) -> int | None:
        """Seek so that decoding starts at the last key frame at or before `ticks`, stepping back as often as needed.

        Containers without an index land anywhere: past the moment, or in the middle of a group of pictures.
        """
        before = self._fed_dts
        back = 0
        for attempt in range(_SEEK_TRIES):
            self.rewind(ticks - back if self._format.seekable else self.first_pts)
            if not self._format.seekable:
                return None
            landed = self._skip_to_key()
            if landed is not None and landed <= max(ticks, self.first_pts):
                if before is not None and landed <= before and not self._indexed:
                    self._seeks_mislead = True  # one group of pictures from there to here: walking is cheaper
                return landed
            back = self._ticks(2.0 * 4**attempt)
        self._seeks_mislead = True
        self.rewind(self.first_pts)
        return None

    def _skip_to_key(self) -> int | None:
        """Drop packets up to the next key frame and return its time; None without a key frame or without times."""
        while True:
            self._fill()
            if not self._window:
                return None
            packet = self._window[0]
            if packet.is_keyframe:
                return packet.pts if packet.pts is not None else packet.dts
            self._window.popleft()
            self._window_bytes -= packet.size
            if packet.pts in self._ahead:
                self._ahead.remove(packet.pts)

    def _ticks(self, seconds: float) -> int:
        return round(seconds / self._stream.time_base) if self._stream.time_base else 0

    def _seconds(self, ticks: int) -> float:
        return float(ticks * self._stream.time_base) if self._stream.time_base else 0.0

    # --- whole-stream questions --------------------------------------------------------------------------------

    def last_time(self, claimed: int | None) -> tuple[int, int | None]:
        """Time of the last packet, read from the file's end; and the number of packets if all were read.

        `claimed` is where the header says that the end is; it only says where to begin to look.
        """
        count: int | None = None
        if not self._format.seekable:
            self.rewind(self.first_pts)
            last, count = self._last_of_rest()
        else:
            try:
                self.rewind(claimed if claimed is not None else self.first_pts + self._ticks(_FAR_S))
                last, _ = self._last_of_rest()
            except av.FFmpegError:
                last = None
            if last is None:
                self.rewind(self.first_pts)
                last, count = self._last_of_rest()
        self.lose_place()
        return (self.first_pts if last is None else max(last, self.first_pts)), count or None

    def last_sound(self, audio: AudioStream, before_end_s: float) -> int | None:
        """The end of the last packet of a sound track in its own ticks, read from the file's end; None without one."""
        last: int | None = None
        audio.discard, self._stream.discard = Discard.default, Discard.all
        try:
            end = self._container.duration
            if end is not None and audio.time_base:
                target = round(max(0.0, end / 1e6 - before_end_s) / audio.time_base)
                self._container.seek(target, stream=audio, backward=True)
            else:
                self._container.seek(0, stream=audio, unsupported_byte_offset=True)
            for packet in self._container.demux(audio):
                self._guard.tick()
                if packet.pts is not None:
                    last = max(last or 0, packet.pts + (packet.duration or 0))
        except (av.FFmpegError, ValueError):
            pass  # the file ends in the middle of something
        finally:
            audio.discard, self._stream.discard = Discard.all, Discard.default
            self.lose_place()
        return last

    def _last_of_rest(self) -> tuple[int | None, int]:
        last: int | None = None
        count = 0
        while True:
            self._window.clear()
            self._window_bytes = 0
            self._ahead.clear()
            self._fill()
            if not self._window:
                return last, count
            count += len(self._window)
            for packet in self._window:
                time = packet.pts if packet.pts is not None else packet.dts
                if time is not None:
                    last = time if last is None else max(last, time)

    def keys(self, limit: int, duration: int) -> Iterator[VideoFrame]:
        """At most `limit` key frames, spread over `duration` ticks when there are more."""
        if self._indexed:
            times = self._some_keys(limit, duration)
            for ticks in times:
                frame = self.find(ticks, then_jump=True)
                if frame is not None:
                    yield frame
            return
        landed: int | None = None
        for index in range(limit):
            ticks = self.first_pts + duration * index // limit
            if not self._format.seekable:
                frame = self.find(ticks)
            else:
                place = self._jump(ticks)
                if place is not None and place == landed:
                    self.lose_place()
                    continue
                landed = place
                frame = self.first()
            if frame is not None:
                yield frame

    def _some_keys(self, limit: int, duration: int) -> list[int]:
        every: list[int] = []
        key = self.previous_key(self.first_pts)
        if key is None:
            key = self._key(self.first_pts, backward=False)
        while key is not None and len(every) <= limit:
            every.append(key)
            following = self._key(key + 1, backward=False)
            key = following if following is not None and following > key else None
        if len(every) <= limit:
            return every
        spread = (self.previous_key(self.first_pts + duration * index // limit) for index in range(limit))
        return sorted({ticks for ticks in spread if ticks is not None})
