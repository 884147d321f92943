"""Files that nobody should have to fear: each builder writes one into a folder and returns its path.

`HOSTILE` names the builders, `EXPECTED` the errors that each may end in, and `READABLE` those from which frames may
also come: odd, but honest enough to look at. Everything is made here, from bytes; nothing is fetched.
"""

from __future__ import annotations

import gzip
import io
import os
import random
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
from PIL import Image

from engine.errors import (
    ClipTooLarge,
    ClipTooLong,
    DamagedClip,
    DecodeTimeout,
    EmptyFile,
    EngineError,
    NoPicture,
    NotAVideo,
    TooManyPixels,
    TruncatedClip,
    UnsupportedClip,
)

Builder = Callable[[Path], Path]
Errors = tuple[type[EngineError], ...]

HOSTILE: dict[str, Builder] = {}
EXPECTED: dict[str, Errors] = {}
READABLE: set[str] = set()

SECRET = "TOP SECRET: this must never be shown"
URL = "http://127.0.0.1:9/never-fetched"
BROKEN: Errors = (TruncatedClip, DamagedClip, NoPicture)


def _hostile(name: str, *errors: type[EngineError], readable: bool = False) -> Callable[[Builder], Builder]:
    def register(builder: Builder) -> Builder:
        HOSTILE[name] = builder
        EXPECTED[name] = errors
        if readable:
            READABLE.add(name)
        return builder

    return register


def _plain(
    name: str, file: str, content: bytes | Callable[[], bytes], *errors: type[EngineError], readable: bool = False
) -> None:
    """A hostile file that is nothing but bytes (or a function that makes them)."""

    @_hostile(name, *errors, readable=readable)
    def build(folder: Path) -> Path:
        path = folder / file
        path.write_bytes(content() if callable(content) else content)
        return path


# --- honest material to spoil --------------------------------------------------------------------------------------


def pictures(count: int, width: int, height: int) -> Iterator[np.ndarray]:
    """A bar that moves over a slowly brightening ground: (height, width, 3) uint8."""
    for index in range(count):
        image = np.full((height, width, 3), (index * 5) % 200, np.uint8)
        image[:, (index * 3) % width : (index * 3) % width + max(1, width // 8)] = (250, 200, 40)
        yield image


@cache
def video(
    container: str = "mp4",
    codec: str = "libx264",
    count: int = 30,
    side: int = 64,
    options: str = "",
    sound: bool = False,
) -> bytes:
    """A small honest clip at 10 fps with a key frame a second, as bytes. `options` is "key=value,…" for the muxer."""
    muxing = dict(item.split("=") for item in options.split(",") if item)
    # Faststart reads back what it has written, so the muxer needs a real file.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip"
        _write_video(path, container, codec, count, side, muxing, sound)
        return path.read_bytes()


def _write_video(
    path: Path, container: str, codec: str, count: int, side: int, muxing: dict[str, str], sound: bool
) -> None:
    with av.open(str(path), "w", format=container, options=muxing) as out:
        stream = out.add_stream(codec, rate=10, options={"g": "10"})
        stream.width = stream.height = side
        stream.pix_fmt = "yuv420p"
        tone = out.add_stream("aac", rate=8000, layout="mono") if sound else None
        for image in pictures(count, side, side):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode(None))
        if tone is not None:
            for frame in sound_frames(count / 10):
                out.mux(tone.encode(frame))
            out.mux(tone.encode(None))


def sound_frames(seconds: float, rate: int = 8000, level: float = 0.5) -> Iterator[av.AudioFrame]:
    """A 440 Hz tone in frames of 1,024 samples."""
    total = int(seconds * rate)
    for start in range(0, total, 1024):
        moments = np.arange(start, start + 1024) / rate
        wave = (level * np.sin(2 * np.pi * 440 * moments)).astype(np.float32)[None]
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        yield frame


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """(type, start, end) of each MP4 box between two offsets."""
    position, stop = start, len(data) if end is None else end
    while position + 8 <= stop:
        size = int.from_bytes(data[position : position + 4], "big")
        if size < 8:
            return
        yield data[position + 4 : position + 8], position, position + size
        position += size


def _box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def _patched(data: bytes, kind: bytes, offset: int, value: bytes) -> bytes:
    """Overwrite bytes at an offset (from the box's type) in every box of a kind."""
    changed = bytearray(data)
    position = data.find(kind)
    assert position > 0
    while position > 0:
        changed[position + offset : position + offset + len(value)] = value
        position = data.find(kind, position + 4)
    return bytes(changed)


FASTSTART = "movflags=+faststart"


# --- cut short -----------------------------------------------------------------------------------------------------


def _cuts() -> None:
    """Both layouts of an MP4 (index first, index last), cut inside each top-level box and right after its header."""
    for layout, options in (("faststart", FASTSTART), ("camera", "")):
        kinds = [b"ftyp", b"moov", b"free", b"mdat"] if options else [b"ftyp", b"free", b"mdat", b"moov"]
        for kind in kinds:
            for where, share in (("header", 0.0), ("middle", 0.5)):

                def cut(options: str = options, kind: bytes = kind, share: float = share) -> bytes:
                    data = video(options=options)
                    start, end = next((a, b) for found, a, b in boxes(data) if found == kind)
                    return data[: start + 8 + int((end - start - 8) * share)]

                name = f"{layout}-cut-in-{kind.decode()}-{where}"
                # With the index in front, what came before the cut can be shown.
                readable = layout == "faststart" and kind == b"mdat" and where == "middle"
                _plain(name, f"{name}.mp4", cut, *BROKEN, NotAVideo, readable=readable)


_cuts()
_plain("webm-cut", "cut.webm", lambda: video("webm", "libvpx-vp9")[:900], *BROKEN, readable=True)
_plain("webm-cut-in-header", "cut.webm", lambda: video("webm", "libvpx-vp9")[:60], *BROKEN)
_plain("ts-cut", "cut.ts", lambda: video("mpegts")[:2000], *BROKEN, readable=True)
_plain("avi-header-only", "header.avi", lambda: video("avi", "mpeg4")[:200], *BROKEN)
_plain("flv-header-only", "header.flv", b"FLV\x01\x01\x00\x00\x00\x09\x00\x00\x00\x00", *BROKEN)
_plain("no-moov", "no-moov.mp4", lambda: b"".join(_kept(video(), (b"ftyp", b"free", b"mdat"))), *BROKEN)
_plain("no-mdat", "no-mdat.mp4", lambda: b"".join(_kept(video(options=FASTSTART), (b"ftyp", b"moov"))), *BROKEN)
_plain("no-track", "no-track.mp4", lambda: video()[:32] + _box(b"moov", _box(b"mvhd", bytes(100))), *BROKEN)


def _kept(data: bytes, kinds: tuple[bytes, ...]) -> Iterator[bytes]:
    return (data[start:end] for kind, start, end in boxes(data) if kind in kinds)


@_hostile("empty-mdat", *BROKEN)
def _empty_mdat(folder: Path) -> Path:
    data = video(options=FASTSTART)
    parts = [*_kept(data, (b"ftyp", b"moov", b"free")), _box(b"mdat")]
    (folder / "empty-mdat.mp4").write_bytes(b"".join(parts))
    return folder / "empty-mdat.mp4"


# --- not what it says ----------------------------------------------------------------------------------------------

_plain("zero-bytes", "nothing.mp4", b"", EmptyFile)
_plain("one-byte", "one.mp4", b"\x00", NotAVideo)
_plain("all-zeros", "zeros.mp4", bytes(100_000), NotAVideo)
_plain("noise", "noise.mp4", random.Random(1).randbytes(100_000), NotAVideo)
_plain(
    "noise-after-ftyp",
    "noise.mp4",
    _box(b"ftyp", b"isom\0\0\2\0isommp42") + random.Random(2).randbytes(50_000),
    *BROKEN,
)
_plain("text", "notes.mp4", b"Dear diary,\ntoday I renamed a text file.\n" * 50, NotAVideo)
_plain("html", "page.mp4", b"<!DOCTYPE html><html><body>404 Not Found</body></html>", NotAVideo)
_plain("json", "error.mp4", b'{"error": "expired", "code": 403}', NotAVideo)
_plain("elf", "program.mp4", b"\x7fELF\x02\x01\x01" + bytes(9) + random.Random(3).randbytes(4000), NotAVideo)
_plain("pdf", "paper.mp4", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj\n%%EOF", NotAVideo)
_plain("gzip", "clip.mp4.gz", lambda: gzip.compress(video()), NotAVideo)
_plain("png-named-mp4", "picture.mp4", lambda: _image("PNG"), readable=True)
_plain("mp4-named-txt", "clip.txt", lambda: video(), readable=True)
_plain("mkv-garbage", "garbage.mkv", b"\x1aE\xdf\xa3" + random.Random(4).randbytes(20_000), *BROKEN)
_plain(
    "webm-then-garbage",
    "garbage.webm",
    lambda: video("webm", "libvpx-vp9")[:300] + random.Random(5).randbytes(30_000),
    *BROKEN,
    readable=True,
)
_plain(
    "ts-garbage", "garbage.ts", lambda: b"".join(b"G" + random.Random(i).randbytes(187) for i in range(500)), *BROKEN
)
_plain("avi-garbage", "garbage.avi", b"RIFF\xff\xff\xff\x7fAVI LIST" + random.Random(6).randbytes(20_000), *BROKEN)
_plain(
    "gif-garbage", "garbage.gif", b"GIF89a" + random.Random(7).randbytes(5_000), *BROKEN, TooManyPixels, readable=True
)
_plain("ogg-garbage", "garbage.ogv", b"OggS" + random.Random(8).randbytes(5_000), *BROKEN, UnsupportedClip)
_plain("asf-garbage", "garbage.wmv", b"0&\xb2u\x8ef\xcf\x11" + random.Random(9).randbytes(5_000), *BROKEN)
_plain("jpeg-cut", "cut.jpg", lambda: _image("JPEG")[:300], *BROKEN)
_plain("png-cut", "cut.png", lambda: _image("PNG")[:60], *BROKEN)
_plain("webp-cut", "cut.webp", lambda: _image("WEBP")[:40], *BROKEN)
_plain("heic", "photo.heic", _box(b"ftyp", b"heic\0\0\0\0mif1heic") + bytes(500), UnsupportedClip)


def _image(form: str, size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(noise).save(buffer, form)
    return buffer.getvalue()


@_hostile("zip", NotAVideo)
def _zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "clip.zip", "w") as archive:
        archive.writestr("clip.mp4", video())
    return folder / "clip.zip"


@_hostile("zip-bomb", NotAVideo)
def _zip_bomb(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "bomb.mp4", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.bin", bytes(50_000_000))
    return folder / "bomb.mp4"


# --- things that point elsewhere -----------------------------------------------------------------------------------


def _pointer(name: str, file: str, text: str, *errors: type[EngineError]) -> None:
    """A file that names another: a secret that lies beside it, or a URL."""

    @_hostile(name, *errors)
    def build(folder: Path) -> Path:
        (folder / "secret.txt").write_text(SECRET)
        path = folder / file
        path.write_text(text.format(secret=folder / "secret.txt", url=URL))
        return path


_M3U8 = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n"
_pointer("m3u8-local", "list.m3u8", _M3U8.format("file://{secret}"), UnsupportedClip)
_pointer("m3u8-url", "list.mp4", _M3U8.format("{url}"), UnsupportedClip)
_pointer("concat", "list.mp4", "ffconcat version 1.0\nfile '{secret}'\n", UnsupportedClip)
_pointer("concat-bare", "list.txt", "file '{secret}'\n", UnsupportedClip)
_pointer(
    "sdp", "live.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n", UnsupportedClip
)
_pointer(
    "dash", "live.mpd", '<?xml version="1.0"?>\n<MPD type="static"><BaseURL>{url}</BaseURL></MPD>', UnsupportedClip
)
_pointer("pls", "list.pls", "[playlist]\nFile1={url}\nNumberOfEntries=1\n", UnsupportedClip)
_pointer("svg", "drawing.svg", '<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}"/></svg>', UnsupportedClip)


@_hostile("mov-external-reference", UnsupportedClip)
def _mov_external(folder: Path) -> Path:
    """A MOV whose samples lie in another file: the data reference loses its "in this file" flag and gains a path."""
    secret = folder / "secret.txt"
    secret.write_text(SECRET * 200)
    data = video("mov")
    position = data.index(b"dref")
    entry = position + 12  # size, type, version and flags of the first reference
    path = str(secret).encode() + b"\0"
    grown = _box(b"url ", b"\0\0\0\0" + b"file://" + path)
    old = int.from_bytes(data[entry : entry + 4], "big")
    data = data[:entry] + grown + data[entry + old :]
    data = _grow(data, (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"), len(grown) - old)
    (folder / "reference.mov").write_bytes(b"".join(_kept(data, (b"ftyp", b"moov"))))
    return folder / "reference.mov"


def _grow(data: bytes, kinds: tuple[bytes, ...], by: int) -> bytes:
    changed = bytearray(data)
    for kind in kinds:
        at = data.index(kind) - 4
        changed[at : at + 4] = struct.pack(">I", int.from_bytes(data[at : at + 4], "big") + by)
    return bytes(changed)


# --- sizes and lengths that lie ------------------------------------------------------------------------------------

_plain(
    "mp4-claims-8000x8000",
    "claim.mp4",
    lambda: _patched(video(), b"avc1", 28, struct.pack(">HH", 8000, 8000)),
    TooManyPixels,
    DamagedClip,
    readable=True,
)
_plain("gif-claims-65535x65535", "bomb.gif", lambda: _gif(65535, 65535), TooManyPixels, DamagedClip)
_plain("gif-frame-over-canvas", "over.gif", lambda: _gif(64, 48, 60000, 60000), TooManyPixels, *BROKEN, readable=True)
_plain("gif-no-frames", "none.gif", b"GIF89a\x40\x00\x30\x00\xf0\x00\x00\x00\x00\x00\xff\xff\xff;", *BROKEN)
_plain("gif-zero-canvas", "zero.gif", lambda: _gif(0, 0), *BROKEN, readable=True)
_plain("png-8000x8000", "large.png", lambda: _flat_png(8000, 8000), TooManyPixels)
_plain("png-claims-2-billion", "bomb.png", lambda: _flat_png(2**31 - 1, 2**31 - 1, rows=1), TooManyPixels, DamagedClip)
_plain("png-1x1", "dot.png", lambda: _flat_png(1, 1), readable=True)
_plain("gif-1x1", "dot.gif", lambda: _gif(1, 1), readable=True)
_plain("million-second-header", "long.mp4", lambda: _million_seconds(), ClipTooLong, readable=True)
_plain(
    "million-second-sample",
    "gap.mp4",
    lambda: _patched(video(), b"stts", 8, struct.pack(">III", 1, 30, 2**31 // 30)),
    ClipTooLong,
    DamagedClip,
)
_plain("mkv-million-seconds", "long.mkv", lambda: _mkv_duration(1e9), ClipTooLong, DamagedClip, readable=True)
_plain("mkv-nan-seconds", "nan.mkv", lambda: _mkv_duration(float("nan")), ClipTooLong, DamagedClip, readable=True)
_plain(
    "stsz-sizes-lie",
    "sizes.mp4",
    lambda: _patched(video(), b"stsz", 20, b"\x7f\xff\xff\xff" * 8),
    *BROKEN,
    readable=True,
)
_plain(
    "stsz-two-billion-samples",
    "count.mp4",
    lambda: _patched(video(), b"stsz", 8, struct.pack(">II", 1, 2**31 - 1)),
    *BROKEN,
)
_plain(
    "stts-two-billion-samples",
    "count.mp4",
    lambda: _patched(video(), b"stts", 8, struct.pack(">III", 1, 2**31 - 1, 1)),
    *BROKEN,
    ClipTooLong,
)
_plain("stco-outside-file", "places.mp4", lambda: _patched(video(), b"stco", 12, b"\x7f\xff\xff\xff" * 3), *BROKEN)
_plain("box-of-size-zero", "zero-box.mp4", _box(b"ftyp", b"isom\0\0\0\0") + bytes(4) + b"moov" + bytes(200), *BROKEN)
_plain(
    "box-larger-than-file",
    "huge-box.mp4",
    _box(b"ftyp", b"isom\0\0\0\0") + b"\xff\xff\xff\xffmoov" + bytes(200),
    *BROKEN,
)
_plain("boxes-in-boxes", "deep.mp4", lambda: _nested(3000), *BROKEN)
_plain("encrypted", "drm.mp4", lambda: video().replace(b"avc1", b"encv"), *BROKEN, UnsupportedClip)
_plain("unknown-codec", "codec.mp4", lambda: video().replace(b"avc1", b"zzzz"), *BROKEN, UnsupportedClip)
_plain("fragment-of-two-billion", "fragment.mp4", lambda: _fragment(2**31 - 1), *BROKEN, readable=True)


def _flat_png(width: int, height: int, rows: int | None = None) -> bytes:
    """A 1-bit PNG that is tiny on disk and as large as it says in memory (or lies, with fewer `rows`)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    lines = bytes((min(width, 64_000) + 7) // 8 + 1) * (height if rows is None else rows)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def _gif(width: int, height: int, frame_width: int | None = None, frame_height: int | None = None) -> bytes:
    """A GIF of one frame whose canvas and frame sizes are what the caller says."""
    screen = struct.pack("<HHBBB", width, height, 0xF0, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    size = struct.pack("<HHHHB", 0, 0, frame_width or width, frame_height or height, 0)
    return b"GIF89a" + screen + b"," + size + b"\x02\x02\x44\x01\x00;"


def _million_seconds() -> bytes:
    data = video()
    for kind, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        data = _patched(data, kind, offset, struct.pack(">I", 2**31 - 1))
    return _patched(data, b"elst", 12, struct.pack(">I", 2**31 - 1))


def _mkv_duration(seconds: float) -> bytes:
    data = bytearray(video("matroska"))
    at = data.index(b"\x44\x89\x88") + 3  # Duration, eight bytes
    data[at : at + 8] = struct.pack(">d", seconds * 1000)
    return bytes(data)


def _nested(depth: int) -> bytes:
    body = b""
    for _ in range(depth):
        body = _box(b"trak", body)
    return _box(b"ftyp", b"isom\0\0\0\0") + _box(b"moov", body)


def _fragment(count: int) -> bytes:
    data = video(options="movflags=+frag_keyframe+empty_moov")
    return _patched(data, b"trun", 8, struct.pack(">I", count))


# --- odd but honest ------------------------------------------------------------------------------------------------

_plain("sound-only-mp4", "sound.mp4", lambda: _sound("mp4", "aac"), NoPicture)
_plain("sound-only-webm", "sound.webm", lambda: _sound("webm", "libopus"), NoPicture)
_plain("wav-named-mp4", "sound.mp4", lambda: _sound("wav", "pcm_s16le"), NoPicture)
_plain("mp3-with-tag", "song.mp4", b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(500), NoPicture)


_plain(
    "pcm-two-billion-samples",
    "pcm.mov",
    lambda: _patched(
        _patched(_sound("mov", "pcm_s16le"), b"stsz", 4, struct.pack(">III", 0, 2, 2**31 - 1)),
        b"stts",
        8,
        struct.pack(">III", 1, 2**31 - 1, 1),
    ),
    *BROKEN,
)


def _sound(container: str, codec: str) -> bytes:
    buffer = io.BytesIO()
    rate = 48_000
    with av.open(buffer, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        stream.codec_context.open(strict=False)
        resampler = av.AudioResampler(stream.format, "mono", rate, frame_size=stream.codec_context.frame_size or 1024)
        for frame in sound_frames(1.0, rate):
            for piece in resampler.resample(frame):
                out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def _odd_times(name: str, times: list[int]) -> None:
    """A Matroska clip whose frames are stamped with these times in units of 1/90000 s."""

    @_hostile(name, *BROKEN, ClipTooLong, readable=True)
    def build(folder: Path) -> Path:
        path = folder / f"{name}.mkv"
        with av.open(io.BytesIO(video("mpegts"))) as source, av.open(str(path), "w", format="matroska") as out:
            stream = out.add_stream_from_template(source.streams.video[0])
            packets = [packet for packet in source.demux(video=0) if packet.dts is not None]
            for packet, time in zip(packets, times, strict=False):
                packet.stream = stream
                packet.pts = packet.dts = time
                out.mux(packet)
        return path


_odd_times("overlapping-times", [9_000 * (index // 3) + index for index in range(30)])
_odd_times("days-apart", [0, 9_000, 90_000 * 86_400, 90_000 * 172_800])
_plain(
    "negative-times",
    "negative.mp4",
    lambda: _patched(video(), b"ctts", 4, b"\x01\0\0\0" + struct.pack(">IIi", 30, 30, -5_000)),
    *BROKEN,
    readable=True,
)


# --- built of too many parts: each costs a library something, however small it is -------------------------------------

OVERBUILT: dict[str, Callable[[], bytes]] = {}


def _overbuilt(name: str, *errors: type[EngineError]) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """Registers a builder of bytes that must be refused unread. The name ends in the file's suffix."""

    def register(builder: Callable[[], bytes]) -> Callable[[], bytes]:
        made = cache(builder)
        OVERBUILT[name] = made
        _plain(name, f"many.{name.rpartition('-')[2]}", made, *(errors or (DamagedClip,)))
        return made

    return register


def _png_chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(before: bytes, pixels: bytes | None = None, width: int = 64, height: int = 48) -> bytes:
    """A PNG with more chunks before its pixels."""
    packed = zlib.compress((b"\0" + bytes(3 * width)) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = _png_chunk(b"IDAT", packed) if pixels is None else pixels.replace(b"PIXELS", _png_chunk(b"IDAT", packed))
    return b"\x89PNG\r\n\x1a\n" + _png_chunk(b"IHDR", header) + before + body + _png_chunk(b"IEND")


def _apng_frames(count: int, width: int, height: int) -> bytes:
    """An APNG of one large picture and `count` changes of one pixel."""
    control = struct.pack(">IIIIIHHBB", 0, width, height, 0, 0, 1, 10, 0, 0)
    dot = struct.pack(">IIIIIHHBB", 1, 1, 1, 0, 0, 1, 10, 0, 0)
    change = _png_chunk(b"fcTL", dot) + _png_chunk(b"fdAT", struct.pack(">I", 2) + zlib.compress(b"\0abc"))
    animation = _png_chunk(b"acTL", struct.pack(">II", count, 0))
    return _png(animation + _png_chunk(b"fcTL", control), b"PIXELS" + change * count, width, height)


def _jpeg_with(after_start: bytes = b"", before_end: bytes = b"", side: int = 64) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).convert("RGB").save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    return data[:2] + after_start + data[2:-2] + before_end + data[-2:]


_SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x01\x01\x00"  # of one component, without a single bit of data
_TEXT = _png_chunk(b"tEXt", b"a\0b")


@_overbuilt("scans-jpg")
def _scans() -> bytes:
    return _jpeg_with(before_end=_SCAN * 9_000)


@_overbuilt("scans-of-a-large-picture-jpg")
def _large_scans() -> bytes:
    return _jpeg_with(before_end=_SCAN * 90, side=3000)


_overbuilt("scans-between-restarts-jpg")(lambda: _jpeg_with(before_end=(_SCAN + b"\xff\xd0\xff\x00") * 5_000))
_overbuilt("empty-segments-jpg")(lambda: _jpeg_with(b"\xff\xe9\x00\x02" * 300_000))
_overbuilt("comments-jpg")(lambda: _jpeg_with(b"\xff\xfe\x00\x03a" * 300_000))
_overbuilt("profiles-jpg")(lambda: _jpeg_with((b"\xff\xe2\x00\x10ICC_PROFILE\0\x01\x01") * 200_000))
_overbuilt("exif-parts-jpg")(lambda: _jpeg_with(b"\xff\xe1\x00\x08Exif\0\0" * 200_000))
_overbuilt("tables-jpg")(lambda: _jpeg_with((b"\xff\xdb\x00\x43\x00" + b"\x01" * 64) * 5_000))
_overbuilt("tables-between-scans-jpg")(lambda: _jpeg_with(before_end=b"\xff\xdd\x00\x04\x00\x00" * 5_000))
_overbuilt("marker-bytes-jpg")(lambda: _jpeg_with(b"\xff" * 5_000_000))
_overbuilt("zeros-before-the-picture-jpg")(lambda: _jpeg_with(b"\xff\xe9\x00\x02" + bytes(5_000_000)))
_overbuilt("large-notes-jpg")(lambda: _jpeg_with((b"\xff\xe1\xff\xff" + bytes(65_533)) * 400))

_overbuilt("texts-png")(lambda: _png(_TEXT * 400_000))
_overbuilt("texts-behind-the-pixels-png")(lambda: _png(b"", b"PIXELS" + _TEXT * 400_000))
_overbuilt("unknown-chunks-png")(lambda: _png(_png_chunk(b"prIv") * 400_000))
_overbuilt("empty-pixel-chunks-png")(lambda: _png(b"", _png_chunk(b"IDAT") * 400_000 + b"PIXELS"))
_overbuilt("deflated-notes-png")(lambda: _png(_png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1_000_000))) * 2_000))
_overbuilt("exif-of-20-megabytes-png")(
    lambda: _png(
        _png_chunk(b"eXIf", b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0x9286, 7, 2**31 - 1, 8) + bytes(20 << 20))
    )
)
_overbuilt("texts-of-an-animation-png")(
    lambda: _apng_frames(2, 64, 48).replace(b"\0\0\0\x1afcTL", _TEXT * 400_000 + b"\0\0\0\x1afcTL", 1)
)
_overbuilt("large-canvas-png", TooManyPixels)(lambda: _apng_frames(1_000, 4000, 2300))
_overbuilt("more-frames-than-a-film-png", TooManyPixels)(lambda: _apng_frames(50_000, 16, 16))


def _gif_of(width: int, height: int, blocks: bytes) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF0, 0, 0) + b"\0\0\0\xff\xff\xff" + blocks + b";"


def _gif_frame(width: int = 1, height: int = 1) -> bytes:
    control = b"\x21\xf9\x04\x00\x0a\x00\x00\x00"
    return control + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"


_overbuilt("large-canvas-gif", TooManyPixels)(lambda: _gif_of(4000, 2300, _gif_frame() * 100_000))
_overbuilt("more-frames-than-a-film-gif", TooManyPixels)(lambda: _gif_of(16, 16, _gif_frame() * 100_000))
_overbuilt("frames-beyond-the-canvas-gif", TooManyPixels)(lambda: _gif_of(1, 1, _gif_frame(4000, 2300) * 1_000))
_overbuilt("comments-gif")(lambda: _gif_of(16, 16, _gif_frame() * 2 + b"\x21\xfe\x01a\0" * 500_000))
_overbuilt("tiny-pieces-gif")(lambda: _gif_of(16, 16, _gif_frame() * 2 + b"\x21\xfe" + b"\x01a" * 1_500_000 + b"\0"))


def _gif_blocks(name: str, blocks: Callable[[], bytes], *errors: type[EngineError], side: int = 64) -> None:
    """A GIF of odd but few blocks: its pictures may be looked at."""
    _plain(name, "odd.gif", lambda: _gif_of(side, side, blocks()), *BROKEN, *errors, readable=True)


def _gif_picture(
    width: int,
    height: int,
    data: bytes,
    *,
    at: tuple[int, int] = (0, 0),
    flags: int = 0,
    bits: int = 2,
    delay: int = 10,
    disposal: int = 0,
) -> bytes:
    """A picture of a GIF whose packed pixels, palette flags and place are what the caller says."""
    control = b"\x21\xf9\x04" + struct.pack("<BHBB", disposal << 2, delay, 0, 0)
    place = struct.pack("<HHHHB", *at, width, height, flags)
    palette = bytes(3 * 2 ** ((flags & 7) + 1)) if flags & 0x80 else b""
    pieces = b"".join(bytes([len(piece)]) + piece for piece in (data[i : i + 255] for i in range(0, len(data), 255)))
    return control + b"," + place + palette + bytes([bits]) + pieces + b"\0"


_NO_PIXELS = b"\x44\x01"
_gif_blocks("gif-pixels-of-noise", lambda: _gif_picture(64, 64, random.Random(11).randbytes(40_000), bits=8))
_gif_blocks("gif-pixels-that-never-clear", lambda: _gif_picture(64, 64, b"\x80" + b"\xff" * 60_000, bits=8) * 3)
_gif_blocks("gif-code-size-zero", lambda: _gif_picture(64, 64, _NO_PIXELS, bits=0) * 3)
_gif_blocks("gif-code-size-of-200", lambda: _gif_picture(64, 64, _NO_PIXELS, bits=200) * 3)
_gif_blocks("gif-frames-outside", lambda: _gif_picture(9, 9, _NO_PIXELS, at=(60_000, 60_000)) * 5)
_gif_blocks("gif-frames-of-no-size", lambda: _gif_picture(0, 0, _NO_PIXELS) * 50)
_gif_blocks("gif-a-palette-for-each-dot", lambda: _gif_picture(1, 1, _NO_PIXELS, flags=0x87) * 800)
_gif_blocks("gif-everything-goes-back", lambda: _gif_picture(64, 64, _NO_PIXELS, disposal=3) * 800)
_gif_blocks("gif-a-week-for-each-frame", lambda: _gif_picture(9, 9, _NO_PIXELS, delay=65_535) * 9_000, ClipTooLong)
_gif_blocks("gif-orders-without-pictures", lambda: _gif_picture(9, 9, _NO_PIXELS) + b"\x21\xf9\x04\0\0\0\0\0" * 20_000)
_gif_blocks("gif-unknown-extensions", lambda: _gif_picture(9, 9, _NO_PIXELS) + (b"\x21\x77\x03abc\0" * 20_000))
_gif_blocks("gif-interlaced-and-cut", lambda: _gif_picture(64, 64, b"\x80\x01\x02", flags=0x40, bits=7) * 3)
_plain(
    "gif-as-large-as-may-be",
    "large.gif",
    lambda: _gif_of(2000, 1000, _gif_picture(2000, 1000, _NO_PIXELS, disposal=2) * 25),
    *BROKEN,
    DecodeTimeout,
    readable=True,
)


def _webp_of(width: int, height: int, chunks: bytes) -> bytes:
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + canvas + chunks
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _webp_frame() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, "WEBP", lossless=True)
    picture = buffer.getvalue()[12:]
    place = bytes(6) + (15).to_bytes(3, "little") * 2 + (40).to_bytes(3, "little") + b"\0"
    return b"ANMF" + struct.pack("<I", len(place) + len(picture)) + place + picture


def _avif_of(*lists: tuple[bytes, bytes]) -> bytes:
    meta = _box(b"meta", bytes(4) + b"".join(_box(kind, body) for kind, body in lists))
    return _box(b"ftyp", b"avif\0\0\0\0avifmif1miaf") + meta + _box(b"mdat", bytes(64))


_ITEM = _box(b"infe", b"\2\0\0\0\0\1\0\0av01\0")
_overbuilt("items-avif")(lambda: _avif_of((b"iinf", b"\0\0\0\0\xff\xff" + _ITEM * 60_000)))
_overbuilt("places-of-items-avif")(lambda: _avif_of((b"iloc", b"\0\0\0\0\x44\0\xff\xff" + bytes(20) * 60_000)))
_overbuilt("boxes-avif")(lambda: _avif_of(*[(b"free", b"")] * 5_000))

_ANIM = b"ANIM" + struct.pack("<IIH", 6, 0, 0)
_overbuilt("large-canvas-webp", TooManyPixels)(lambda: _webp_of(4000, 2300, _ANIM + _webp_frame() * 2_000))
_overbuilt("unknown-chunks-webp")(lambda: _webp_of(16, 16, b"abcd\0\0\0\0" * 300_000 + _ANIM + _webp_frame() * 2))


def _track(samples: int, handler: bytes = b"vide") -> bytes:
    """A track of an MP4 whose tables claim samples that are not there."""
    tables = _box(b"stsz", struct.pack(">III", 0, 1, samples)) + _box(b"stts", struct.pack(">IIII", 0, 1, samples, 2))
    places = _box(b"stsc", struct.pack(">IIIII", 0, 1, 1, samples, 1)) + _box(b"stco", struct.pack(">III", 0, 1, 48))
    kind = _box(b"hdlr", bytes(8) + handler + bytes(13))
    times = _box(b"mdhd", bytes(12) + struct.pack(">II", 1000, 6000) + bytes(4))
    entry = _box(b"stsd", struct.pack(">II", 0, 1) + _box(b"avc1", bytes(24) + struct.pack(">HH", 64, 64) + bytes(50)))
    table = _box(b"stbl", entry + tables + places)
    return _box(b"trak", _box(b"tkhd", bytes(84)) + _box(b"mdia", times + kind + _box(b"minf", table)))


def _mp4_of(tracks: bytes) -> bytes:
    return (
        _box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")
        + _box(b"moov", _box(b"mvhd", bytes(100)) + tracks)
        + _box(b"mdat", bytes(64))
    )


_overbuilt("tracks-of-millions-mp4")(lambda: _mp4_of(_track(3_900_000) * 60))
_overbuilt("sound-tracks-of-millions-mp4")(
    lambda: _mp4_of(_track(3_900_000, b"soun") * 60),
)
_overbuilt("text-tracks-of-millions-mp4")(lambda: _mp4_of(_track(3_900_000, b"text") * 60))
_overbuilt("tracks-in-user-data-mp4")(lambda: _mp4_of(_box(b"udta", _track(3_900_000) * 60)))
_overbuilt("tracks-behind-an-unknown-box-mp4")(
    lambda: _box(b"ftyp", b"isom\0\0\2\0isom") + _box(b"zzzz", bytes(8)) + _box(b"moov", _track(3_900_000) * 60)
)
_overbuilt("tracks-of-a-cut-index-mp4")(lambda: _mp4_of(_track(3_900_000) * 60)[:-400])
_overbuilt("fragments-of-millions-mp4")(
    lambda: (
        video(options="movflags=+frag_keyframe+empty_moov")
        + _box(
            b"moof",
            _box(b"mfhd", bytes(8))
            + _box(b"traf", _box(b"tfhd", struct.pack(">II", 0, 1)) + _box(b"trun", struct.pack(">II", 0, 3_900_000))),
        )
        * 60
    )
)
_overbuilt("edits-mp4")(
    lambda: _mp4_of(
        _box(b"edts", _box(b"elst", struct.pack(">II", 0, 100_000) + struct.pack(">IiI", 100, 0, 65536) * 100_000))
    )
)
_overbuilt("deflated-index-mov", UnsupportedClip)(
    lambda: (
        _box(b"ftyp", b"qt  \0\0\2\0qt  ")
        + _box(b"moov", _box(b"cmov", _box(b"dcom", b"zlib") + _box(b"cmvd", bytes(4) + zlib.compress(bytes(10**6)))))
    )
)
_plain(
    "tables-cut-off",
    "short.mp4",
    lambda: _mp4_of(
        _box(
            b"trak",
            _box(b"mdia", _box(b"minf", _box(b"stbl", _box(b"stts", b"\0\0") + _box(b"ctts", b"\0\0\0\0\xff")))),
        )
    ),
    *BROKEN,
)


# --- sound that lies -----------------------------------------------------------------------------------------------


@cache
def _sounding(codec: str = "aac", container: str = "mp4", seconds: float = 2.0, tracks: int = 1) -> bytes:
    """Two seconds of pictures with sound tracks, as bytes."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as out:
        picture = out.add_stream("libx264", rate=10)
        picture.width = picture.height = 64
        picture.pix_fmt = "yuv420p"
        sounds = [out.add_stream(codec, rate=8000, layout="mono") for _ in range(tracks)]
        for image in pictures(round(seconds * 10), 64, 64):
            out.mux(picture.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(picture.encode(None))
        for sound in sounds:
            resampler = av.AudioResampler(sound.format, "mono", 8000, frame_size=sound.codec_context.frame_size or 1024)
            for frame in sound_frames(seconds):
                for piece in resampler.resample(frame):
                    out.mux(sound.encode(piece))
            out.mux(sound.encode(None))
    return buffer.getvalue()


def _odd_sound(name: str, build: Callable[[], bytes], suffix: str = "mp4") -> None:
    """The pictures are honest, so they may be seen; whatever the sound is."""
    _plain(f"sound-{name}", f"odd.{suffix}", build, *BROKEN, UnsupportedClip, ClipTooLong, readable=True)


def _in_entry(offset: int, value: bytes) -> Callable[[], bytes]:
    """Overwrite bytes of the description of the sound (`mp4a`), counted from its type."""
    return lambda: _patched(_sounding(), b"mp4a", offset, value)


_odd_sound("of-65535-channels", _in_entry(20, b"\xff\xff"))
_odd_sound("without-channels", _in_entry(20, b"\0\0"))
_odd_sound("of-65535-bits", _in_entry(22, b"\xff\xff"))
_odd_sound("at-65535-hertz", _in_entry(28, b"\xff\xff\xff\xff"))
_odd_sound("at-no-hertz", _in_entry(28, b"\0\0\0\0"))
_odd_sound("of-an-unknown-codec", lambda: _sounding().replace(b"mp4a", b"zz4a"))
_odd_sound("whose-settings-are-noise", lambda: _patched(_sounding(), b"esds", 12, random.Random(12).randbytes(12)))
_odd_sound("whose-packets-are-noise", lambda: _noisy(_sounding("flac", "matroska"), 3000), "mkv")
_odd_sound("whose-speech-is-noise", lambda: _noisy(_sounding("libopus", "matroska"), 3000), "mkv")
_odd_sound("in-sixty-tracks", lambda: _sounding("pcm_s16le", "matroska", tracks=60), "mkv")
_odd_sound("of-tiny-packets", lambda: _tiny_packets(20_000), "mkv")
_odd_sound("with-days-of-silence", lambda: _tiny_packets(200, apart_s=40_000), "mkv")
_odd_sound("that-runs-backwards", lambda: _tiny_packets(2_000, apart_s=-0.01), "mkv")


def _noisy(data: bytes, start: int) -> bytes:
    """Every seventh byte from `start` on replaced."""
    noise = random.Random(13)
    changed = bytearray(data)
    for index in range(start, len(changed), 7):
        changed[index] = noise.randrange(256)
    return bytes(changed)


@cache
def _tiny_packets(count: int, apart_s: float = 0.0001) -> bytes:
    """A Matroska clip whose sound comes in packets of one sample, each so far from the one before it."""
    buffer = io.BytesIO()
    with (
        av.open(io.BytesIO(_sounding("pcm_s16le", "matroska"))) as source,
        av.open(buffer, "w", format="matroska") as out,
    ):
        picture, sound = (out.add_stream_from_template(stream) for stream in source.streams)
        packets = [packet for packet in source.demux() if packet.dts is not None]
        for packet in packets:
            if packet.stream.type == "video":
                packet.stream = picture
                out.mux(packet)
        for index in range(count):
            piece = av.Packet(b"\x10\x20")
            piece.stream, piece.time_base = sound, Fraction(1, 1000)
            piece.pts = piece.dts = max(
                0, round(1000 + index * apart_s * 1000) if apart_s > 0 else 2000 + round(index * apart_s * 100)
            )
            try:
                out.mux(piece)
            except (av.FFmpegError, ValueError):
                break
    return buffer.getvalue()


# --- not even files ------------------------------------------------------------------------------------------------


@_hostile("directory", NotAVideo)
def _directory(folder: Path) -> Path:
    (folder / "clip.mp4").mkdir()
    return folder / "clip.mp4"


@_hostile("pipe", NotAVideo)
def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "clip.mp4")
    return folder / "clip.mp4"


def _link(name: str, target: str) -> None:
    @_hostile(name, NotAVideo)
    def build(folder: Path) -> Path:
        (folder / "link.mp4").symlink_to(target)
        return folder / "link.mp4"


_link("dangling-link", "nowhere.mp4")
_link("link-to-device", "/dev/zero")
_link("link-to-passwords", "/etc/passwd")


@_hostile("missing", NotAVideo)
def _missing(folder: Path) -> Path:
    return folder / "missing.mp4"


@_hostile("sparse-terabyte", ClipTooLarge)
def _sparse(folder: Path) -> Path:
    """A file that claims a terabyte and takes no room."""
    with (folder / "huge.mp4").open("wb") as file:
        file.write(_box(b"ftyp", b"isom\0\0\0\0"))
        file.truncate(1 << 40)
    return folder / "huge.mp4"
