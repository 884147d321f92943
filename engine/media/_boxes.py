"""A look at an MP4's or MOV's boxes before FFmpeg sees them: is the file whole, and are its tables believable?

It knows nothing of codecs. A few bytes of header can claim two thousand million samples, for which FFmpeg would
set aside gigabytes, so tables are checked here first.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from engine.media import _words

_TOP_LEVEL = frozenset(
    b"ftyp moov mdat free skip wide pnot moof styp sidx ssix mfra meta uuid emsg prft udta pdin".split()
)
# Every box in which FFmpeg looks for further boxes: a track's tables may stand in any of them. The number is of bytes
# before the first one.
_CONTAINERS = dict.fromkeys(
    b"moov trak mdia minf stbl moof traf dinf edts mvex udta tapt gmhd wave sinf schi ipro clip matt rmra rmda".split(),
    0,
) | {b"meta": 4}
# box → offset of the number of its entries
_TABLES = dict.fromkeys(b"stts ctts trun stsc stco co64 stss elst".split(), 4) | {b"stsz": 8, b"stz2": 8}
_SAMPLES = frozenset(b"stsz stz2 stts ctts trun".split())  # what they count are samples
_REPEATING = frozenset(b"stts ctts".split())  # each entry says how many samples it stands for
# An hour of 240 fps video has 864,000 samples and an hour of AAC 170,000. FFmpeg sets aside some 40 bytes for each, in
# every track: so this cap is for all tracks and fragments of a file together, once for each kind of table.
_MAX_SAMPLES = 4_000_000
# PCM sound counts every single sample; FFmpeg keeps those by chunks, in pieces of 1,024. Six hours at 192 kHz.
_MAX_PCM_SAMPLES = 4_200_000_000
_PCM_PIECE = 1024
_MAX_ENTRIES = 4_000_000
_MAX_EDITS = 1_000  # of all tracks: FFmpeg goes over a track's samples for each of them, in a loop that nothing ends
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


class _Track:
    """What the tables of one track claim."""

    def __init__(self) -> None:
        self.sound = False
        self.samples: Counter[bytes] = Counter()  # by table
        self.chunks = 0
        self.largest_chunk = 0  # samples
        self.pace: list[tuple[int, int]] = []  # of each `stts`: its number of entries, and how long the first one's are

    @property
    def pcm(self) -> bool:
        """Whether FFmpeg keeps the track by chunks: each sample of its sound is one tick long."""
        return self.sound and self.pace == [(1, 1)]


class _Walk:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._left = _MAX_BOXES
        self._samples: Counter[bytes] = Counter()  # of all tracks, by table; without PCM
        self._entries: Counter[bytes] = Counter()
        self._pieces = 0  # of PCM
        self._track = _Track()

    def run(self) -> Boxes:
        declared, has_index, position = 0, False, 0
        while position + 8 <= self._size:
            kind, start, end = self._header(position, self._size)
            if end <= position:
                break
            has_index = has_index or kind == b"moov"
            if kind in _CONTAINERS:  # what is cut off, or follows a box that nobody knows, FFmpeg reads all the same
                self._inside(start + _CONTAINERS[kind], min(end, self._size), depth=1)
                self._end_track()
            if kind in _TOP_LEVEL:
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

    def _inside(self, start: int, end: int, *, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise _words.damaged()
        position = start
        while position + 8 <= end:
            kind, inner, stop = self._header(position, end)
            if stop <= position:
                return
            stop = min(stop, end)
            if kind == b"trak":
                self._end_track()
            if kind in _CONTAINERS:
                self._inside(inner + _CONTAINERS[kind], stop, depth=depth + 1)
            elif kind == b"cmov":  # an index that is deflated: what it inflates to cannot be looked at beforehand
                raise _words.unsupported("a MOV with a compressed header")
            elif kind == b"hdlr":
                self._track.sound = self._read(inner, stop, 12)[8:12] == b"soun"
            elif kind in _TABLES:
                self._check_table(kind, inner, stop)
            elif kind == b"dref":
                self._check_references(inner, stop)
            elif kind == b"stsd" and self._read(inner, stop, 16)[12:16] == b"encv":
                raise _words.protected()
            position = stop

    def _end_track(self) -> None:
        """Add what a track claims to what the others do."""
        track, self._track = self._track, _Track()
        if track.pcm:
            self._pieces += track.chunks * (1 + track.largest_chunk // _PCM_PIECE)
        else:
            self._samples.update(track.samples)
        if self._pieces > _MAX_SAMPLES or any(count > _MAX_SAMPLES for count in self._samples.values()):
            raise _words.damaged()

    def _read(self, start: int, end: int, most: int) -> bytes:
        self._file.seek(start)
        return self._file.read(min(end - start, most))

    def _check_table(self, kind: bytes, start: int, end: int) -> None:
        offset, track = _TABLES[kind], self._track
        body = self._read(start, end, _MAX_TABLE_BYTES if kind in (*_REPEATING, b"stsc") else offset + 4)
        if len(body) < offset + 4:
            return  # it is cut off before its count: FFmpeg reads nothing from it
        samples = entries = int.from_bytes(body[offset : offset + 4], "big")
        if kind in _REPEATING:
            entries = min(entries, (len(body) - 8) // 8)
            # Tens of thousands of entries in a long clip: a Python loop would cost more than sampling does.
            table = np.frombuffer(body, ">u4", 2 * entries, 8) if entries else np.zeros(0, ">u4")
            samples = int(table[::2].sum(dtype=np.uint64))
            if kind == b"stts":
                track.pace.append((entries, int(table[1]) if entries else 0))
        elif kind == b"stsz" and int.from_bytes(body[4:8], "big"):
            entries = 0  # one size for all samples: no table follows
        elif kind == b"stsc":
            held = min(entries, (len(body) - 8) // 12)
            sizes = np.frombuffer(body, ">u4", 3 * held, 8)[1::3] if held else np.zeros(0, ">u4")
            track.largest_chunk = max(track.largest_chunk, int(sizes.max(initial=0)))
        elif kind in (b"stco", b"co64"):
            track.chunks += entries
        if kind in _SAMPLES:
            track.samples[kind] += samples
        self._entries[kind] += entries
        if (
            self._entries[kind] > (_MAX_EDITS if kind == b"elst" else _MAX_ENTRIES)
            or track.samples[kind] > _MAX_PCM_SAMPLES
        ):
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
