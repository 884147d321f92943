"""What a file is, told from its first bytes."""

from __future__ import annotations

import io

import pytest

from engine.errors import EngineError, NoPicture, NotAVideo, UnsupportedClip
from engine.media._sniff import sniff


@pytest.mark.parametrize(
    ("head", "name", "demuxer"),
    [
        (b"\0\0\0\x20ftypisom", "mp4", "mov"),
        (b"\0\0\0\x14ftypqt  ", "mov", "mov"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mov", "mov"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "webm", "matroska"),
        (b"\x1aE\xdf\xa3\x9fB\x82\x88matroska", "mkv", "matroska"),
        (b"RIFF\x10\0\0\0AVI LIST", "avi", "avi"),
        (b"OggS\0\x02", "ogg", "ogg"),
        (b"FLV\x01\x05", "flv", "flv"),
        (b"G" + bytes(187) + b"G" + bytes(187) + b"G" + bytes(187), "mpegts", "mpegts"),
        (bytes(4) + (b"G" + bytes(191)) * 4, "mpegts", "mpegts"),
        (b"\0\0\x01\xba\x44", "mpeg", "mpeg"),
        (b"GIF89a\x01\0\x01\0", "gif", "gif"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(17) + b"\0\0\0\x08acTL" + bytes(12) + b"IDAT", "apng", "apng"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(17) + b"\0\0\0\x08IDATacTL", "png", ""),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "jpeg", ""),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "webp", ""),
    ],
)
def test_each_format_gets_one_named_reader(head: bytes, name: str, demuxer: str) -> None:
    found = sniff(io.BytesIO(head))
    assert (found.name, found.demuxer) == (name, demuxer)


@pytest.mark.parametrize(
    ("head", "error", "word"),
    [
        (b"#EXTM3U\n", UnsupportedClip, "points to a video somewhere else"),
        (b"\xef\xbb\xbf  #EXTM3U\n", UnsupportedClip, "points to a video somewhere else"),
        (b"<?xml version='1.0'?><MPD>", UnsupportedClip, "points to"),
        (b"<?xml version='1.0'?><svg/>", UnsupportedClip, "SVG"),
        (b"\n<html>", NotAVideo, "a web page"),
        (b"PK\x03\x04\x14\0", NotAVideo, "a zip archive"),
        (b"hello", NotAVideo, "a text file"),
        ("Grüße aus Köln".encode(), NotAVideo, "a text file"),
        (b"\x00\x01\x02\x03\x04", NotAVideo, "don't recognise"),
        (b"ID3\x04", NoPicture, "no picture"),
        (b"RIFF\x10\0\0\0WAVEfmt ", NoPicture, "no picture"),
        (b"\0\0\0\x1cftypM4A ", NoPicture, "no picture"),
        (b"\0\0\0\x1cftypheic", UnsupportedClip, "HEIC"),
        (b"\0\0\0\x2cftypavis\0\0\0\0avisavifmsf1iso8mif1miaf", UnsupportedClip, "animated AVIF"),
    ],
)
def test_what_is_not_read_is_named(head: bytes, error: type[EngineError], word: str) -> None:
    with pytest.raises(error, match=word):
        sniff(io.BytesIO(head))
