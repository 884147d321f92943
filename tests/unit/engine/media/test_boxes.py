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


def test_an_unknown_box_at_the_top_is_passed_over_as_ffmpeg_does() -> None:
    data = box(b"ftyp") + box(b"zzzz", bytes(10)) + box(b"moov")
    assert walked(data) == (len(data), True)


def test_bytes_behind_the_last_box_are_no_sign_of_a_cut_file() -> None:
    data = box(b"ftyp") + box(b"moov")
    assert walked(data + b"\x7f\xff\xff\xffjunk") == (len(data), True)


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


def pcm(samples: int, chunks: int, in_a_chunk: int, ticks: int = 1) -> bytes:
    """The tables of a plain sound track, whose samples are `ticks` long."""
    size = box(b"stsz", struct.pack(">III", 0, 4, samples))
    pace = box(b"stts", struct.pack(">IIII", 0, 1, samples, ticks))
    places = box(b"stsc", struct.pack(">IIIII", 0, 1, 1, in_a_chunk, 1)) + box(b"stco", struct.pack(">II", 0, chunks))
    return box(b"stbl", size + pace + places)


def test_plain_sound_may_have_millions_of_samples() -> None:
    assert walked(nested(pcm(30_000_000, 625, 48_000), b"soun"))[1]


@pytest.mark.parametrize(
    ("tables", "handler"),
    [
        (pcm(30_000_000, 625, 48_000, ticks=2), b"soun"),  # kept by samples, not by chunks
        (pcm(30_000_000, 625, 48_000), b"vide"),
        (pcm(1000, 10_000, 2**31 - 1), b"soun"),  # chunks that claim two thousand million samples each
    ],
)
def test_what_only_looks_like_plain_sound_may_not(tables: bytes, handler: bytes) -> None:
    with pytest.raises(DamagedClip):
        walked(nested(tables, handler))


def track(samples: int, handler: bytes = b"vide") -> bytes:
    tables = box(b"stsz", struct.pack(">III", 0, 1, samples)) + box(b"stts", struct.pack(">IIII", 0, 1, samples, 40))
    handled = box(b"hdlr", bytes(8) + handler + bytes(13))
    return box(b"trak", box(b"mdia", handled + box(b"minf", box(b"stbl", tables))))


@pytest.mark.parametrize("handler", [b"vide", b"soun", b"text"])
def test_tracks_are_counted_together(handler: bytes) -> None:
    assert walked(box(b"moov", track(600_000, handler) * 2))[1]
    with pytest.raises(DamagedClip):
        walked(box(b"moov", track(3_900_000, handler) * 60))


def test_fragments_are_counted_together() -> None:
    fragment = box(b"moof", box(b"traf", box(b"trun", struct.pack(">II", 0, 1_000_000))))
    assert walked(box(b"moov") + fragment * 3)[1]
    with pytest.raises(DamagedClip):
        walked(box(b"moov") + fragment * 60)


@pytest.mark.parametrize("around", [b"udta", b"edts", b"mvex", b"wave", b"gmhd"])
def test_tables_are_found_in_every_box_that_ffmpeg_looks_into(around: bytes) -> None:
    with pytest.raises(DamagedClip):
        walked(box(b"moov", box(around, track(2**31))))


def test_tables_in_an_index_that_is_cut_off_are_counted_too() -> None:
    data = box(b"moov", track(2**31) + bytes(100))
    with pytest.raises(DamagedClip):
        walked(data, len(data) - 50)


def test_tables_behind_an_unknown_box_are_counted_too() -> None:
    with pytest.raises(DamagedClip):
        walked(box(b"zzzz", bytes(10)) + box(b"moov", track(2**31)))


@pytest.mark.parametrize("kind", [b"stts", b"ctts", b"stsz", b"stsc", b"trun", b"stco"])
@pytest.mark.parametrize("length", range(8))
def test_a_table_that_is_shorter_than_its_own_header_is_passed_over(kind: bytes, length: int) -> None:
    assert walked(nested(box(b"stbl", box(kind, b"\x00\x00\x00\x00\xff\xff\xff\xff"[:length]))))[1]


def test_an_index_that_is_deflated_is_refused_unread() -> None:
    with pytest.raises(UnsupportedClip, match="compressed header"):
        walked(box(b"moov", box(b"cmov", box(b"dcom", b"zlib") + box(b"cmvd", bytes(40)))))


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


def test_a_copy_protected_picture_is_told_as_that() -> None:
    entry = box(b"stsd", struct.pack(">II", 0, 1) + box(b"encv", bytes(78)))
    with pytest.raises(UnsupportedClip, match="copy-protected"):
        walked(nested(box(b"stbl", entry)))


def test_copy_protected_sound_leaves_the_pictures() -> None:
    entry = box(b"stsd", struct.pack(">II", 0, 1) + box(b"enca", bytes(28)))
    assert walked(nested(box(b"stbl", entry), b"soun"))[1]
