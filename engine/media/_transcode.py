"""Makes a video fit a budget of bytes: copies it when it fits already, else chooses size and bit rate and encodes.

It knows no destination: who accepts how much is the caller's business.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from engine.errors import BadRequest, MediaError
from engine.media import _words
from engine.media._encode import LIMITS, Plan, encode, remux
from engine.media._reader import ClipReader, open_clip
from engine.media._saving import memory_errors, replacing
from engine.types import ClipInfo, Transcoded

_HEADER_BYTES = 2500  # an MP4's fixed boxes; each frame adds some 14 bytes of tables
_FRAME_BYTES = 14
_AIM = 0.92  # share of the budget that the first attempt aims at: x264's rate control may overshoot a little
_BITS_PER_PIXEL = 0.045  # below this H.264 falls into blocks; above it a larger picture is worth more
_CEILING_BITS_PER_PIXEL = 0.25  # more than this at full size is wasted
_FLOOR_SIDE = 96  # a shorter side below this, or...
_FLOOR_BITS_PER_PIXEL = 0.012  # ...fewer bits than this at that size is not worth watching
_AUDIO_RATES = (96_000, 48_000, 24_000)
_AUDIO_SHARE = 0.25
_FPS_CAPS = (30.0, 15.0)
_ATTEMPTS = 2


def plan(info: ClipInfo, max_bytes: int) -> Plan:
    """Choose resolution, frame rate and bit rates for `max_bytes`. Raises `BudgetTooSmall`."""
    seconds = max(info.duration_s, 0.04)
    for cap in _FPS_CAPS:
        rate = min(info.fps or 25.0, cap)
        tables = _HEADER_BYTES + _FRAME_BYTES * rate * seconds
        total = int((max_bytes * _AIM - tables) * 8 / seconds)
        if total <= 0:
            continue
        audio = next((a for a in _AUDIO_RATES if a <= total * _AUDIO_SHARE), 0) if info.has_audio else 0
        video = min(total - audio, int(_CEILING_BITS_PER_PIXEL * rate * info.width * info.height))
        pixels = video / rate / _BITS_PER_PIXEL
        scale = min(1.0, (pixels / (info.width * info.height)) ** 0.5)
        floor = min(1.0, _FLOOR_SIDE / min(info.width, info.height))
        scale = max(scale, floor)
        width, height = _even(info.width * scale), _even(info.height * scale)
        if video / rate / (width * height) >= _FLOOR_BITS_PER_PIXEL:
            return Plan(width, height, cap, video, audio)
    raise _words.budget_too_small(max_bytes)


def _even(side: float) -> int:
    return max(2, round(side / 2) * 2)


def transcode(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    max_bytes: int,
    *,
    checkpoint: Callable[[], None] | None = None,
) -> Transcoded:
    """Write the video at `source` to `out` in at most `max_bytes`.

    What fits already is not encoded again. Otherwise at most two encodings are made. `out` appears whole or not at
    all. Raises `BudgetTooSmall` when the result would not be worth watching, `StorageFull`, `OutOfMemory`, or what
    `open_clip` raises.
    """
    if max_bytes < 1:
        raise _words.budget_too_small(max(0, max_bytes))
    target = Path(out)
    with memory_errors(), open_clip(source, LIMITS, checkpoint=checkpoint) as reader, replacing(target) as part:
        info = reader.info
        if info.kind == "image":
            raise BadRequest("That is a single picture, not a video. There is nothing to make smaller.")
        if info.size_bytes <= max_bytes and _copied(source, part, max_bytes, checkpoint):
            width, height = info.width, info.height
        else:
            width, height = _fit(reader, source, part, max_bytes, checkpoint)
        size = part.stat().st_size
    return Transcoded(path=str(target), size_bytes=size, width=width, height=height)


def _copied(source: str | os.PathLike[str], part: Path, max_bytes: int, checkpoint: Callable[[], None] | None) -> bool:
    try:
        size = remux(source, part, checkpoint)
    except MediaError:
        return False  # packets with impossible times cannot be copied, but their pictures can be encoded
    return size is not None and size <= max_bytes


def _fit(
    reader: ClipReader,
    source: str | os.PathLike[str],
    part: Path,
    max_bytes: int,
    checkpoint: Callable[[], None] | None,
) -> tuple[int, int]:
    """Encode at most twice; the second time for what the first one overshot. Returns (width, height)."""
    aim = max_bytes
    for _ in range(_ATTEMPTS):
        chosen = plan(reader.info, aim)
        size = encode(reader, source, part, chosen, checkpoint)
        if size <= max_bytes:
            return chosen.width, chosen.height
        aim = int(max_bytes * max_bytes / size * 0.95)
    raise _words.budget_too_small(max_bytes)
