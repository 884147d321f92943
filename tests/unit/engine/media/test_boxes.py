"""The walk over an MP4's boxes."""

from __future__ import annotations

import io
import struct

import pytest

from engine.errors import DamagedClip, UnsupportedClip
from engine.media._boxes import walk


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def nested(body: bytes, handler: bytes = b"vide") -> bytes:
    handled = box(b"hdlr", bytes(8) + handler + bytes(13))
    return box(b"moov", box(b"trak", box(b"mdia", handled + box(b"minf", body))))


def walked(data: bytes, size: int | None = None) -> tuple[int, bool]:
    found = walk(io.BytesIO(data), len(data) if size is None else size)
    return found.declared_bytes, found.has_index


def test_a_whole_file_ends_where_it_says() -> None:
    data = box(b"ftyp", b"isom") + box(b"moov", b"") + box(b"mdat", bytes(100))
    assert walked(data) == (len(data), True)


def test_a_cut_file_says_how_long_it_should_be() -> None:
    data = box(b"ftyp", b"isom") + box(b"mdat", bytes(1000))
    assert walked(data[:200]) == (len(data), False)


def test_a_box_of_64_bit_size_is_understood() -> None:
    data = box(b"ftyp") + struct.pack(">I4sQ", 1, b"mdat", 5_000_000_000)
    assert walked(data) == (8 + 5_000_000_000, False)


def test_an_unknown_box_at_the_top_ends_the_walk() -> None:
    assert walked(box(b"ftyp") + box(b"zzzz", bytes(10)) + box(b"moov")) == (8, False)


@pytest.mark.parametrize(
    "table",
    [
        box(b"stsz", struct.pack(">III", 0, 1, 2**31)),
        box(b"stts", struct.pack(">IIII", 0, 1, 2**31, 1)),
        box(b"ctts", struct.pack(">IIIIII", 0, 2, 2**30, 1, 2**30, 1)),
        box(b"stsc", struct.pack(">II", 0, 2**31)),
    ],
)
def test_tables_that_claim_more_samples_than_any_clip_has_are_refused(table: bytes) -> None:
    with pytest.raises(DamagedClip):
        walked(nested(box(b"stbl", table)))


def test_plain_sound_may_have_millions_of_samples() -> None:
    table = box(b"stsz", struct.pack(">III", 0, 4, 30_000_000))
    assert walked(nested(box(b"stbl", table), b"soun"))[1]


def test_a_fragment_that_claims_too_many_samples_is_refused() -> None:
    with pytest.raises(DamagedClip):
        walked(box(b"moof", box(b"traf", box(b"trun", struct.pack(">II", 0, 2**31 - 1)))))


def test_samples_that_lie_in_another_file_are_refused() -> None:
    outside = box(b"url ", b"\0\0\0\0" + b"file:///etc/passwd\0")
    with pytest.raises(UnsupportedClip, match="points to"):
        walked(nested(box(b"dinf", box(b"dref", struct.pack(">II", 0, 1) + outside))))


def test_boxes_in_boxes_without_end_are_refused() -> None:
    body = b""
    for _ in range(5000):
        body = box(b"trak", body)
    with pytest.raises(DamagedClip):
        walked(box(b"moov", body))
