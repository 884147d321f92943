"""Hostile files: each is read or refused with a typed error and a sentence, quickly, and nothing else is opened."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

from engine.errors import MediaError
from engine.media import _boxes, _reader, open_clip
from engine.media._sniff import Format
from engine.types import MediaLimits
from tests.hostile import EXPECTED, HOSTILE, READABLE, SECRET

LIMITS = MediaLimits(decode_timeout_s=5.0)
SENTENCE = re.compile(r"^[A-Z].*[.?]$")
JARGON = ("Errno", "av.", "FFmpeg", "Invalid data", "avformat", "Traceback", "stsz", "moov")


def read_everything(path: Path, limits: MediaLimits = LIMITS) -> int:
    """Use every way of reading. Returns the number of sampled frames; raises what reading raises."""
    with open_clip(path, limits) as reader:
        sampled = reader.sample(6, max_side=64)
        list(reader.key_frames(max_side=64, limit=3))
        list(reader.scan(max_fps=10, max_side=64))
        reader.frames_at([0.0, 0.7, 99.0], max_side=64)
        reader.loudness(3)
        for frame in sampled:
            assert frame.image.dtype.name == "uint8"
            assert frame.image.ndim == 3
            assert frame.image.shape[2] == 3
            assert max(frame.image.shape[:2]) <= 64
    return len(sampled)


def test_there_are_at_least_thirty_of_them() -> None:
    assert len(HOSTILE) >= 30
    assert set(EXPECTED) == set(HOSTILE)
    assert set(HOSTILE) >= READABLE


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_ends_in_frames_or_in_a_typed_error(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = HOSTILE[name](tmp_path)
    before = {item: item.lstat().st_mtime_ns for item in tmp_path.iterdir()}
    start = time.monotonic()
    try:
        sampled = read_everything(path)
    except MediaError as error:
        assert isinstance(error, EXPECTED[name]), f"{name}: {error!r}"
        assert SENTENCE.match(str(error))
        assert not any(word in str(error) for word in JARGON)
        assert str(tmp_path) not in str(error)
        assert SECRET not in str(error)
    else:
        assert name in READABLE
        assert sampled > 0
    assert time.monotonic() - start < 4.0
    assert {item: item.lstat().st_mtime_ns for item in tmp_path.iterdir()} == before
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Flip, overwrite, drop or insert a few bytes, more often near the front, where the structure is."""
    spoiled = bytearray(data)
    for _ in range(dice.choice([1, 2, 4, 16, 64])):
        at = dice.randrange(len(spoiled)) if dice.random() < 0.5 else dice.randrange(min(len(spoiled), 1500))
        way = dice.random()
        if way < 0.7:
            spoiled[at] = dice.randrange(256)
        elif way < 0.85:
            spoiled[at : at + 4] = dice.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", bytes(4), b"\x80\0\0\0"])
        elif way < 0.93:
            del spoiled[at : at + dice.randrange(1, 40)]
        else:
            spoiled[at:at] = dice.randbytes(dice.randrange(1, 40))
        spoiled = spoiled or bytearray(b"x")
    return bytes(spoiled)


@pytest.mark.parametrize("kind", ["mp4", "fragmented", "webm", "ts", "avi", "gif"])
def test_random_damage_ends_in_frames_or_in_a_media_error(kind: str, seeds: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "damaged"
    for seed in range(40):
        path.write_bytes(damaged(seeds[kind], random.Random(f"{kind}{seed}")))
        start = time.monotonic()
        try:
            assert read_everything(path) > 0
        except MediaError as error:
            assert SENTENCE.match(str(error)), f"seed {seed}"
        assert time.monotonic() - start < 4.0, f"seed {seed} took too long"


def test_ffmpeg_itself_follows_no_reference_even_where_our_own_check_is_blind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second wall: the demuxer may not open what a data reference names, so its bytes cannot become a picture."""
    monkeypatch.setattr(_boxes._Walk, "_check_references", lambda *_: None)
    path = HOSTILE["mov-external-reference"](tmp_path)
    with pytest.raises(MediaError):
        read_everything(path)


@pytest.mark.parametrize("name", ["m3u8-local", "m3u8-url", "concat", "dash"])
def test_a_playlist_is_no_clip_for_any_demuxer_that_we_allow(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the first look were fooled, no allowed demuxer takes a playlist."""
    path = HOSTILE[name](tmp_path)
    for demuxer in ("mov", "matroska", "avi", "mpegts", "flv", "ogg", "gif", "mpeg", "asf", "apng"):
        monkeypatch.setattr(_reader, "sniff", lambda _, demuxer=demuxer: Format(demuxer, demuxer))
        with pytest.raises(MediaError):
            read_everything(path)
