"""A look at an MP4's or MOV's boxes before FFmpeg sees them: is the file whole, and are its tables believable?

It knows nothing of codecs. A few bytes of header can claim two thousand million samples, for which FFmpeg would
set aside gigabytes, so tables are checked here first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from engine.media import _words

_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf")
_TABLES = {b"stsz": 8, b"stz2": 8, b"stts": 4, b"ctts": 4, b"trun": 4, b"stsc": 4}  # box → offset of its entry count
_PER_ENTRY = (b"stts", b"ctts")  # tables whose entries repeat: (count, value)
# An hour of 240 fps video has 864,000 samples, an hour of AAC sound 170,000; PCM sound counts single samples, which
# FFmpeg keeps as chunks, so sound may claim as many as the longest file of 192 kHz sound would have.
MAX_SAMPLES = 4_000_000
MAX_PCM_SAMPLES = 2_000_000_000
MAX_BOXES = 200_000


@dataclass(frozen=True, slots=True)
class Boxes:
    """What the walk found."""

    declared_bytes: int  # where the last top-level box says that it ends
    has_index: bool  # a moov box begins within the file


def walk(file: BinaryIO, size: int) -> Boxes:
    """Read the box headers of a file of `size` bytes. Raises `DamagedClip` for tables that cannot be true."""
    declared, has_index, left = 0, False, MAX_BOXES
    position = 0
    while position + 8 <= size and left:
        left -= 1
        kind, start, end = _header(file, position, size)
        if end <= position:
            break
        if kind == b"moov":
            has_index = True
        if kind in _CONTAINERS and end <= size:
            left = _tables(file, start, end, left)
        declared = max(declared, end)
        position = end
    file.seek(0)
    return Boxes(declared, has_index)


def _header(file: BinaryIO, position: int, limit: int) -> tuple[bytes, int, int]:
    """A box's type, where its contents start and where it ends (`position` itself if that is nonsense)."""
    file.seek(position)
    head = file.read(16)
    length, kind, start = int.from_bytes(head[:4], "big"), head[4:8], position + 8
    if length == 0:
        return kind, start, limit
    if length == 1:
        length, start = int.from_bytes(head[8:16], "big"), position + 16
    return kind, start, position + length if length >= start - position else position


def _tables(file: BinaryIO, start: int, end: int, left: int) -> int:
    position = start
    while position + 8 <= end and left:
        left -= 1
        kind, inner, stop = _header(file, position, end)
        if stop <= position:
            break
        if kind in _CONTAINERS:
            left = _tables(file, inner, min(stop, end), left)
        elif kind in _TABLES:
            _check_table(file, kind, inner, min(stop, end))
        position = stop
    return left


def _check_table(file: BinaryIO, kind: bytes, start: int, end: int) -> None:
    file.seek(start)
    body = file.read(min(end - start, 16 * 1024 * 1024))
    offset = _TABLES[kind]
    count = int.from_bytes(body[offset : offset + 4], "big")
    if kind in _PER_ENTRY:
        entries = body[8 : 8 + 8 * min(count, len(body) // 8)]
        repeats = memoryview(entries)
        count = sum(int.from_bytes(repeats[at : at + 4], "big") for at in range(0, len(entries) - 7, 8))
    if count > MAX_SAMPLES:
        raise _words.damaged()
