"""The look at how pictures and animations are built, before a library reads them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from engine.errors import DamagedClip, TooManyPixels
from engine.media import _structure
from engine.media._sniff import sniff
from tests import hostile


def looked_at(data: bytes, tick: Callable[[], None] = lambda: None) -> None:
    file = io.BytesIO(data)
    _structure.check(file, len(data), sniff(file), tick)
    assert file.tell() == 0


def saved(form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(buffer, form, **options)
    return buffer.getvalue()


def animated(form: str, count: int) -> bytes:
    pictures = [Image.new("RGB", (64, 48), (index * 20, 0, 0)) for index in range(count)]
    buffer = io.BytesIO()
    pictures[0].save(buffer, form, save_all=True, append_images=pictures[1:], duration=40)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        saved("JPEG"),
        saved("JPEG", progressive=True, quality=95, comment=b"a note", icc_profile=bytes(200_000)),
        saved("PNG"),
        saved("PNG", icc_profile=bytes(2000)),
        saved("WEBP"),
        saved("WEBP", lossless=True, exif=b"Exif\0\0II*\0" + bytes(20)),
        saved("AVIF"),
        animated("WEBP", 12),
        animated("GIF", 12),
        animated("PNG", 12),
    ],
    ids=["jpeg", "progressive", "png", "png-profile", "webp", "webp-exif", "avif", "webp-moves", "gif", "apng"],
)
def test_honest_pictures_pass_and_so_do_their_beginnings(data: bytes) -> None:
    looked_at(data)
    for share in (0.1, 0.5, 0.9, 0.99):
        looked_at(data[: max(16, int(len(data) * share))])


def test_a_photo_with_a_second_picture_and_a_film_behind_it_passes() -> None:
    looked_at(saved("JPEG") + saved("JPEG") * 300 + bytes(100_000))


@pytest.mark.parametrize("name", [name for name in hostile.OVERBUILT if not name.endswith(("mp4", "mov"))])
def test_too_many_parts_are_refused_before_a_library_sees_them(name: str) -> None:
    with pytest.raises((DamagedClip, TooManyPixels)):
        looked_at(hostile.OVERBUILT[name]())


def test_a_long_look_can_be_ended() -> None:
    class Over(Exception):
        pass

    def tick() -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Over

    left = 3
    with pytest.raises(Over):
        looked_at(saved("JPEG")[:-2] + bytes(10_000_000), tick)


def test_one_window_is_held_whatever_the_file_claims() -> None:
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0)
    looked_at(header + struct.pack(">I", zlib.crc32(header[12:])) + b"\xff\xff\xff\xffIDAT" + bytes(100))
