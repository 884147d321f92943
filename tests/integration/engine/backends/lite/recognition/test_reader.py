"""The real text reader on drawn pictures: it reads what it knows, says when it can't, and asks no network."""

import socket
from pathlib import Path

import numpy as np
import pytest
from font_hanken_grotesk import HankenGroteskBold
from PIL import Image, ImageDraw, ImageFont

from engine.backends.lite.recognition.reader import Reader

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args: object) -> None:
        raise AssertionError("the reader asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def drawn(text: str, *, size: int = 40) -> np.ndarray:
    picture = Image.new("RGB", (640, 200), (30, 60, 120))
    ImageDraw.Draw(picture).text((40, 60), text, font=ImageFont.truetype(HankenGroteskBold, size), fill="white")
    return np.asarray(picture)


@pytest.mark.parametrize(
    "text", ["OPEN 24 HOURS", "Straße München", "¿Qué pasa, niño?", "www.example.com", "12:45", "Do not enter!", "5"]
)
def test_what_is_written_in_latin_letters_is_read(reader, text):
    read = reader.read(drawn(text))
    assert read.texts == (text,)
    assert not read.unread


def test_letters_of_another_alphabet_are_noticed_and_not_spelled_with_latin_ones(reader):
    read = reader.read(np.asarray(Image.open(HERE / "cyrillic.png").convert("RGB")))
    assert read.texts == ()
    assert read.unread


def test_a_picture_without_text_has_neither(reader):
    rows, columns = np.mgrid[0:240, 0:320]
    stripes = ((columns // 9 + rows // 40) % 2 * 120 + 60).astype(np.uint8)
    for picture in (np.full((240, 320), 90, np.uint8), stripes):
        read = reader.read(np.stack([picture] * 3, axis=2))
        assert read.texts == ()
        assert not read.unread
