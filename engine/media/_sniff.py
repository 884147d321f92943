"""What a file is, told from its first bytes alone, and which one demuxer may open it. It never trusts a name.

FFmpeg is never asked to guess: its guesses include playlists and scripts that point at other files and hosts.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import BinaryIO

from engine.media import _words
from engine.types import MediaLimits

HEAD_BYTES = 4096
_TS_PACKETS = (188, 192, 204)


@dataclass(frozen=True, slots=True)
class Format:
    """How to open a file."""

    name: str  # what people call the container: "mp4", "webm", "gif"
    demuxer: str  # FFmpeg's name for the one demuxer that may open it, or "" for Pillow
    indexed: bool = False  # the header holds every sample's place and time
    seekable: bool = True  # False: frames build on each other from the first one on, as in a GIF


_GIF = Format("gif", "gif", seekable=False)
_APNG = Format("apng", "apng", seekable=False)
_STILLS = {b"\xff\xd8\xff": Format("jpeg", ""), b"\x89PNG\r\n\x1a\n": Format("png", "")}
_SOUND = (b"ID3", b"fLaC", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"\xff\xf9", b"MThd", b"#!AMR", b"FORM")
_OTHER = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a rar archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
_POINTERS = ("#extm3u", "ffconcat", "v=0", "[playlist]", "<mpd", "<smoothstreamingmedia", "[reference]", "file '")


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file, unbuffered.

    Links, folders, pipes and devices are refused, and opening never waits for a pipe's other end. Raises `NotAVideo`.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    flags |= getattr(os, "O_BINARY", 0)
    try:
        _refuse_unless_regular(os.lstat(path).st_mode)
        descriptor = os.open(path, flags)
    except PermissionError as error:
        raise _words.unreadable_file() from error
    except (OSError, ValueError) as error:
        raise _words.missing_file() from error
    return os.fdopen(descriptor, "rb", buffering=0)


def size_of(file: BinaryIO, limits: MediaLimits) -> int:
    """The size in bytes of an open file. Raises `NotAVideo` unless it is regular, `EmptyFile` or `ClipTooLarge`."""
    status = os.fstat(file.fileno())
    _refuse_unless_regular(status.st_mode)  # the name may have been swapped since lstat
    if status.st_size == 0:
        raise _words.empty()
    if status.st_size > limits.max_bytes:
        raise _words.too_large(status.st_size, limits.max_bytes)
    return status.st_size


def _refuse_unless_regular(mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISLNK(mode):
        raise _words.not_a_file("a link")
    if stat.S_ISDIR(mode):
        raise _words.not_a_file("a folder")
    raise _words.not_a_file("a pipe or a device")


def sniff(file: BinaryIO) -> Format:
    """Tell what the bytes are. Raises `NotAVideo`, `UnsupportedClip` or `NoPicture` for what is not read here."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    found = _still(head) or _riff(head) or _iso(head) or _stream(head)
    if found is not None:
        return found
    for magic, what in _OTHER:
        if head.startswith(magic):
            raise _words.not_a_video(what)
    if head.startswith(_SOUND):
        raise _words.no_picture()
    raise _text_or_unknown(head)


def _still(head: bytes) -> Format | None:
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return _GIF
    for magic, found in _STILLS.items():
        if head.startswith(magic):
            animated = found.name == "png" and b"acTL" in head.partition(b"IDAT")[0]
            return _APNG if animated else found
    if head.startswith((b"BM", b"II*\x00", b"MM\x00*")) and b"\x00" in head[:16]:
        raise _words.unsupported("that kind of picture", "a PNG or JPEG")
    return None


def _riff(head: bytes) -> Format | None:
    if head[:4] not in (b"RIFF", b"RIFX"):
        return None
    kind = head[8:12]
    if kind in (b"AVI ", b"AVIX"):
        return Format("avi", "avi")
    if kind == b"WEBP":
        return Format("webp", "")
    if kind == b"WAVE":
        raise _words.no_picture()
    return None


def _iso(head: bytes) -> Format | None:
    """MP4, MOV and their kin: boxes of a size and a type."""
    kind = head[4:8]
    if kind not in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"):
        return None
    brand = head[8:12] if kind == b"ftyp" else b""
    if brand == b"avif":
        return Format("avif", "")
    if brand == b"avis" or (brand == b"msf1" and b"avis" in head[:64]):
        raise _words.unsupported("animated AVIF pictures", "an MP4 or a GIF")
    if brand == b"mif1" and b"avif" in head[:64]:
        return Format("avif", "")
    if brand in (b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1"):
        raise _words.unsupported("HEIC pictures", "a JPEG or PNG")
    if brand in (b"M4A ", b"M4B "):
        raise _words.no_picture()
    return Format("mov" if brand in (b"qt  ", b"") else "mp4", "mov", indexed=True)


def _stream(head: bytes) -> Format | None:
    if head.startswith(b"\x1aE\xdf\xa3"):
        return Format("webm" if b"webm" in head[:64] else "mkv", "matroska")
    if head.startswith(b"OggS"):
        return Format("ogg", "ogg")
    if head.startswith(b"FLV\x01"):
        return Format("flv", "flv")
    if head.startswith(b"\x00\x00\x01\xba"):
        return Format("mpeg", "mpeg")
    if head.startswith(b"0&\xb2u\x8ef\xcf\x11"):
        return Format("wmv", "asf")
    for step in _TS_PACKETS:
        start = step - 188 if step == 192 else 0
        marks = head[start : start + step * 4 : step]
        if len(marks) >= 3 and set(marks) == {0x47}:
            return Format("mpegts", "mpegts")
    return None


def _text_or_unknown(head: bytes) -> Exception:
    decoded = head.decode("utf-8", "ignore")
    text = decoded.lstrip("\ufeff \t\r\n").lower()
    if b"\x00" in head or not text or len(decoded.encode()) < 0.9 * len(head):
        return _words.unknown_format()
    if text.startswith(_POINTERS) or (text.startswith("<?xml") and ("<mpd" in text or "<smooth" in text)):
        return _words.playlist()
    if text.startswith("<svg") or (text.startswith("<?xml") and "<svg" in text):
        return _words.unsupported("SVG drawings", "a PNG")
    if text.startswith(("<!doctype html", "<html")) or "<html" in text[:512]:
        return _words.not_a_video("a web page")
    return _words.not_a_video("a text file")
