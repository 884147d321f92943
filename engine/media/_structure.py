"""A look at how a picture or an animation is built, before a library reads it.

Image libraries walk a file's parts in loops that nothing can interrupt, and do some work for each part, however small.
So the parts are counted here first: in bounded time, holding one window of the file in memory, and decoding nothing.
MP4s have tables instead of parts: `_boxes.py` looks at those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from engine.media import _words
from engine.media._sniff import Format

_WINDOW_BYTES = 256 * 1024
# What cameras and programs write stays far below these. A phone's JPEG has some 30 segments and ten scans; PNG encoders
# cut pixels into chunks of 4 KiB or more.
_MAX_SCANS = 100
_MAX_SCANNED_PIXELS = 600_000_000  # every scan of a progressive JPEG goes over all of its pixels: about 3 s
_MAX_SEGMENTS = 2_000
_MAX_CHUNKS = 1_000  # of a PNG or WebP, without the pixels and the frames
_MAX_PIXEL_CHUNKS = 60_000
_MAX_METADATA_BYTES = 16 * 1024 * 1024
_MAX_FILL_BYTES = 64 * 1024  # what may stand between two segments of a JPEG
_MAX_FRAMES = 10_000
_MAX_ITEM_BYTES = 64 * 1024  # of one of an AVIF's lists of items: some 2,000 of them. A photo of 100 tiles takes 4 KiB
_MAX_ANIMATED_PIXELS = 1_500_000_000  # canvas times frames: each frame costs the whole canvas. 700 frames of 1080p
_MAX_SUB_BLOCKS = 1_000_000  # of a GIF, each of up to 255 bytes: more than the largest accepted file has if it is full

Tick = Callable[[], None]


def check(file: BinaryIO, size: int, form: Format, tick: Tick) -> float | None:
    """Refuse a picture or an animation of `size` bytes whose parts are too many to be honest. Rewinds `file`.

    Returns for how many seconds browsers show the last picture of a GIF or APNG, which FFmpeg does not tell; else None.

    `tick` is called between windows; what it raises ends the look. Raises `DamagedClip`, or `TooManyPixels` for an
    animation that is too much to look at. What is merely cut short or malformed passes: its decoder says so better.
    """
    look = _LOOKS.get(form.name)
    if look is None:
        return None
    window = _Window(file, size, tick)
    try:
        look(window)
    except _Ended:
        pass
    finally:
        file.seek(0)
    return window.last_delay_s


class _Ended(Exception):
    """The file is over, or goes on in a way that no decoder follows."""


class _Window:
    """Reads a file forwards through one window. Asking beyond the end raises `_Ended`."""

    def __init__(self, file: BinaryIO, size: int, tick: Tick) -> None:
        self._file = file
        self._tick = tick
        self._data = b""
        self._start = 0  # of the window in the file
        self.size = size
        self.at = 0
        self.last_delay_s: float | None = None  # of the animation's picture that was seen last

    def take(self, count: int) -> bytes:
        data = self.peek(count)
        self.at += count
        return data

    def peek(self, count: int) -> bytes:
        begin = self.at - self._start
        if begin < 0 or begin + count > len(self._data):
            self._fill(count)
            begin = 0
        return self._data[begin : begin + count]

    def skip(self, count: int) -> None:
        self.at += count
        if self.at > self.size:
            raise _Ended

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def find(self, pattern: re.Pattern[bytes], skipped: _Budget | None = None) -> bytes:
        """Move behind the next two bytes that match and return them. What lies before them is spent from `skipped`."""
        while True:
            begin = self.at - self._start
            found = pattern.search(self._data, begin) if 0 <= begin <= len(self._data) else None
            end = self._start + found.start() if found else max(self.at, self._start + len(self._data) - 1)
            if skipped is not None:
                skipped.spend(end - self.at)
            self.at = end
            if found is not None:
                self.at += 2
                return found.group()
            self._fill(2)

    def _fill(self, least: int) -> None:
        self._tick()
        self._file.seek(self.at)
        self._start, self._data = self.at, self._file.read(max(_WINDOW_BYTES, least))
        if len(self._data) < least:
            raise _Ended


class _Budget:
    """Counts down what a file may have of something, and refuses it when there is more."""

    def __init__(self, most: int, what: str) -> None:
        self._left = most
        self._what = what

    def spend(self, count: int = 1) -> None:
        self._left -= count
        if self._left < 0:
            raise _words.overgrown(self._what)


# --- JPEG ----------------------------------------------------------------------------------------------------------

_MARKER = re.compile(rb"\xff[\x01-\xfe]")
_NEXT_SEGMENT = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # inside pixels FF 00 is a byte and D0 to D7 are restarts
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a length
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_EOI, _SOS = 0xD9, 0xDA


def _jpeg(file: _Window) -> None:
    segments = _Budget(_MAX_SEGMENTS, "thousands of segments")
    metadata = _Budget(_MAX_METADATA_BYTES, "more notes than picture")
    between = _Budget(_MAX_FILL_BYTES, "bytes that mean nothing")
    scans = _Budget(_MAX_SCANS, "hundreds of scans")
    scanned = _Budget(_MAX_SCANNED_PIXELS, "more scans than so large a picture needs")
    pixels = 0
    file.skip(2)
    while True:
        marker = file.find(_MARKER, between)[1]
        segments.spend()
        if marker == _EOI:
            return
        if marker in _ALONE:
            continue
        length = max(0, file.number(2) - 2)
        if marker in _FRAMES:
            _, height, width = _cut(file.peek(5), 1, 2, 2)
            pixels = max(pixels, int.from_bytes(width, "big") * int.from_bytes(height, "big"))
        file.skip(length)
        if marker == _SOS:
            scans.spend()
            scanned.spend(pixels)
            file.find(_NEXT_SEGMENT)
            file.at -= 2
        else:
            metadata.spend(length)


def _cut(data: bytes, *lengths: int) -> Iterator[bytes]:
    start = 0
    for length in lengths:
        yield data[start : start + length]
        start += length


# --- PNG and APNG --------------------------------------------------------------------------------------------------


def _png(file: _Window) -> None:
    chunks = _Budget(_MAX_CHUNKS, "thousands of notes")
    metadata = _Budget(_MAX_METADATA_BYTES, "more notes than picture")
    pixel_chunks = _Budget(_MAX_PIXEL_CHUNKS, "tens of thousands of pieces")
    frames, canvas = 0, (0, 0)
    file.skip(8)
    while True:
        length, kind = file.number(4), file.take(4)
        if kind == b"IHDR":
            canvas = (int.from_bytes(file.peek(8)[:4], "big"), int.from_bytes(file.peek(8)[4:], "big"))
        if kind in (b"IDAT", b"fdAT"):
            pixel_chunks.spend()
        elif kind == b"fcTL":
            frames += 1
            _check_animation(frames, *canvas)
            control = file.peek(26)
            share = int.from_bytes(control[22:24], "big") or 100
            file.last_delay_s = shown_s(int.from_bytes(control[20:22], "big") / share)
        else:
            chunks.spend()
            metadata.spend(length)
        file.skip(length + 4)


# --- WebP ----------------------------------------------------------------------------------------------------------


def _webp(file: _Window) -> None:
    chunks = _Budget(_MAX_CHUNKS, "thousands of notes")
    metadata = _Budget(_MAX_METADATA_BYTES, "more notes than picture")
    frames, canvas = 0, (0, 0)
    file.skip(12)
    while True:
        kind, length = file.take(4), int.from_bytes(file.take(4), "little")
        if kind == b"VP8X":
            head = file.peek(10)
            canvas = (int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1)
        if kind == b"ANMF":
            frames += 1
            _check_animation(frames, *canvas)
        else:
            chunks.spend()
            if kind not in (b"VP8 ", b"VP8L", b"ALPH"):
                metadata.spend(length)
        file.skip(length + length % 2)


# --- AVIF ----------------------------------------------------------------------------------------------------------


def _avif(file: _Window) -> None:
    """Its items are listed in boxes inside of `meta`, and its reader goes over all of them for each."""
    boxes = _Budget(_MAX_CHUNKS, "thousands of boxes")
    while True:
        kind, end = _box(file)
        boxes.spend()
        if kind != b"meta":
            file.skip(end - file.at)
            continue
        file.skip(4)
        while file.at + 8 <= end:
            kind, stop = _box(file)
            boxes.spend()
            if kind in (b"iinf", b"iloc", b"iref", b"iprp") and stop - file.at > _MAX_ITEM_BYTES:
                raise _words.overgrown("thousands of items")
            file.skip(max(0, min(stop, end) - file.at))


def _box(file: _Window) -> tuple[bytes, int]:
    """The type of a box, and where it ends; `file` stands at its contents then."""
    began = file.at
    length, kind = file.number(4), file.take(4)
    if length == 1:
        length = file.number(8)
    if length and length < file.at - began:
        raise _Ended
    return kind, began + length if length else file.size


# --- GIF -----------------------------------------------------------------------------------------------------------

_IMAGE, _EXTENSION, _CONTROL = 0x2C, 0x21, 0xF9


def _gif(file: _Window) -> None:
    blocks = _Budget(_MAX_SUB_BLOCKS, "millions of tiny pieces")
    notes = _Budget(_MAX_FRAMES * 8, "tens of thousands of notes")
    head = file.take(13)
    canvas = (int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little"))
    file.skip(_palette_bytes(head[10]))
    frames = 0
    while True:
        kind = file.take(1)[0]
        if kind == _IMAGE:
            frames += 1
            place = file.take(9)
            width, height = int.from_bytes(place[4:6], "little"), int.from_bytes(place[6:8], "little")
            _check_animation(frames, max(canvas[0], width), max(canvas[1], height))
            file.skip(_palette_bytes(place[8]) + 1)
        elif kind == _EXTENSION:
            notes.spend()
            if file.take(1)[0] == _CONTROL:
                file.last_delay_s = shown_s(int.from_bytes(file.peek(4)[2:4], "little") / 100)
        else:
            return  # the trailer, or nothing that is known
        while length := file.take(1)[0]:
            blocks.spend()
            file.skip(length)


def _palette_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def shown_s(delay_s: float) -> float:
    """For how long browsers show a picture of an animation: less than 20 ms means "not said", which is 100 ms."""
    return delay_s if delay_s >= 0.02 else 0.1


def _check_animation(frames: int, width: int, height: int) -> None:
    if frames > 1 and (frames > _MAX_FRAMES or frames * width * height > _MAX_ANIMATED_PIXELS):
        raise _words.too_much_animation(frames, width, height)


_LOOKS: dict[str, Callable[[_Window], None]] = {
    "jpeg": _jpeg,
    "png": _png,
    "apng": _png,
    "webp": _webp,
    "gif": _gif,
    "avif": _avif,
}
