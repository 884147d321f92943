"""A look at an MP4's or MOV's boxes before FFmpeg sees them: is the file whole, and are its tables believable?

It knows nothing of codecs. A few bytes of header can claim two thousand million samples, for which FFmpeg would
set aside gigabytes, so tables are checked here first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from engine.media import _words

_TOP_LEVEL = frozenset(
    b"ftyp moov mdat free skip wide pnot moof styp sidx ssix mfra meta uuid emsg prft udta pdin".split()
)
_CONTAINERS = frozenset(b"moov trak mdia minf stbl moof traf dinf".split())
_TABLES = {b"stsz": 8, b"stz2": 8, b"stts": 4, b"ctts": 4, b"trun": 4, b"stsc": 4}  # box → offset of its entry count
_REPEATING = frozenset(b"stts ctts".split())  # each entry says how many samples it stands for
# An hour of 240 fps video has 864,000 samples and an hour of AAC 170,000. PCM sound counts every single sample, but
# FFmpeg keeps those as chunks: there the cap is six hours at 192 kHz.
_MAX_SAMPLES = 4_000_000
_MAX_SOUND_SAMPLES = 4_200_000_000
_MAX_SOUND_ENTRIES = 40_000_000
_MAX_BOXES = 200_000
_MAX_DEPTH = 16
_MAX_TABLE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Boxes:
    """What the walk found."""

    declared_bytes: int  # where the last top-level box says that it ends
    has_index: bool  # a moov box begins within the file


def walk(file: BinaryIO, size: int) -> Boxes:
    """Read the box headers of a file of `size` bytes.

    Raises `DamagedClip` for tables that cannot be true and `UnsupportedClip` for samples that lie in another file.
    """
    return _Walk(file, size).run()


class _Walk:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._left = _MAX_BOXES

    def run(self) -> Boxes:
        declared, has_index, position = 0, False, 0
        while position + 8 <= self._size:
            kind, start, end = self._header(position, self._size)
            if end <= position or kind not in _TOP_LEVEL:
                break
            has_index = has_index or kind == b"moov"
            if kind in _CONTAINERS and end <= self._size:
                self._inside(start, end, depth=1, sound=False)
            declared = max(declared, end)
            position = end
        self._file.seek(0)
        return Boxes(declared, has_index)

    def _header(self, position: int, limit: int) -> tuple[bytes, int, int]:
        """A box's type, where its contents start and where it ends (`position` itself if that is nonsense)."""
        self._left -= 1
        if self._left < 0:
            raise _words.damaged()
        self._file.seek(position)
        head = self._file.read(16)
        length, kind, start = int.from_bytes(head[:4], "big"), head[4:8], position + 8
        if length == 0:
            return kind, start, limit
        if length == 1:
            length, start = int.from_bytes(head[8:16], "big"), position + 16
        return kind, start, position + length if length >= start - position else position

    def _inside(self, start: int, end: int, *, depth: int, sound: bool) -> None:
        if depth > _MAX_DEPTH:
            raise _words.damaged()
        position = start
        while position + 8 <= end:
            kind, inner, stop = self._header(position, end)
            if stop <= position:
                return
            stop = min(stop, end)
            if kind in _CONTAINERS:
                self._inside(inner, stop, depth=depth + 1, sound=sound)
            elif kind == b"hdlr":
                sound = self._read(inner, stop, 12)[8:12] == b"soun"
            elif kind in _TABLES:
                self._check_table(kind, inner, stop, sound=sound)
            elif kind == b"dref":
                self._check_references(inner, stop)
            position = stop

    def _read(self, start: int, end: int, most: int) -> bytes:
        self._file.seek(start)
        return self._file.read(min(end - start, most))

    def _check_table(self, kind: bytes, start: int, end: int, *, sound: bool) -> None:
        offset = _TABLES[kind]
        body = self._read(start, end, _MAX_TABLE_BYTES if kind in _REPEATING else offset + 4)
        samples = entries = int.from_bytes(body[offset : offset + 4], "big")
        if kind in _REPEATING:
            entries = max(0, min(entries, (len(body) - 8) // 8))
            # Tens of thousands of entries in a long clip: a Python loop would cost more than sampling does.
            samples = int(np.frombuffer(body, ">u4", 2 * entries, 8)[::2].sum(dtype=np.uint64))
        elif kind == b"stsz" and int.from_bytes(body[4:8], "big"):
            entries = 0  # one size for all samples: no table follows
        if samples > (_MAX_SOUND_SAMPLES if sound else _MAX_SAMPLES) or entries > _MAX_SOUND_ENTRIES:
            raise _words.damaged()

    def _check_references(self, start: int, end: int) -> None:
        """Each data reference must say "in this file" (flag 1); any other names a file or a URL."""
        body = self._read(start, end, 4096)
        position = 8
        for _ in range(min(int.from_bytes(body[4:8], "big"), 64)):
            flags = body[position + 11 : position + 12]
            if flags and not flags[0] & 1:
                raise _words.playlist()
            position += max(8, int.from_bytes(body[position : position + 4], "big"))
