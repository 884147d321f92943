"""A decoding process in which files are programs: the real one, walls and all, whose reader obeys the file's words.

`python -m tests.fakes.decoder` takes the place of `engine.decoding.child`. A file that begins with `program ` does what
its words say while it is decoded; any other file is read as usual. `at-open` as the first word does it on opening.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

import engine.media
from engine.decoding import child
from engine.errors import DamagedClip
from engine.media import SampledFrame, read_clip
from engine.types import ClipInfo, MediaLimits

WORD = b"program "
INFO = ClipInfo(
    kind="video",
    container="program",
    codec="words",
    width=64,
    height=48,
    duration_s=2.0,
    fps=10.0,
    frames=2,
    rotation=0,
    has_audio=False,
    hdr=False,
    alpha=False,
    size_bytes=1,
)


class Program:
    """Carries the words out in every operation but opening."""

    info = INFO

    def __init__(self, words: list[str], checkpoint: Callable[[], None]) -> None:
        self._words = words
        self._checkpoint = checkpoint
        if words[0] == "at-open":
            self._obey()

    def sample(self, count: int, **_: Any) -> list[SampledFrame]:
        self._obey()
        return [SampledFrame(index / 10, np.full((48, 64, 3), index, np.uint8)) for index in range(count)]

    def frames_at(self, times: list[float], **_: Any) -> list[SampledFrame]:
        return self.sample(len(times))

    def scan(self, after_s: float | None = None, **_: Any) -> Iterator[SampledFrame]:
        frames = self.sample(20)
        yield from (frame for frame in frames if after_s is None or frame.time_s > after_s)

    def loudness(self, windows: int) -> None:
        self._obey()

    def close(self) -> None: ...

    def _obey(self) -> None:
        for word in self._words:
            name, _, value = word.partition(":")
            match name:
                case "spin":  # inside C, without an ear for anything
                    hashlib.pbkdf2_hmac("sha256", b"", b"", 1 << 30)
                case "wait":  # as a decoder that has checkpoints
                    until = time.monotonic() + float(value)
                    while time.monotonic() < until:
                        self._checkpoint()
                        time.sleep(0.01)
                case "eat":
                    held = [bytearray(os.urandom(1) * (16 << 20)) for _ in range(int(value))]
                    del held
                case "crash":
                    ctypes.string_at(0) if value == "signal" else os._exit(11)
                case "damaged":
                    raise DamagedClip("That file is damaged.")
                case "socket":
                    _expect_refusal(socket.socket)
                case "write":
                    _expect_refusal(partial(Path(value).write_text, "out"))
                case "read":
                    _expect_refusal(Path(value).read_bytes)
                case "fork":
                    _expect_refusal(os.fork)
                case "run":
                    _expect_refusal(partial(os.execv, "/bin/true", ["true"]))
                case "signal":
                    _expect_refusal(partial(os.kill, int(value), 0))
                case "signal-thread":
                    _expect_refusal(partial(_tgkill, int(value)))
                case "abort":
                    os.abort()
                case "environment":
                    if any(name.startswith("GPT4VIDEO_") for name in os.environ):
                        raise AssertionError("a secret is here")


def _tgkill(pid: int) -> None:
    if ctypes.CDLL(None, use_errno=True).tgkill(pid, pid, 0) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def _expect_refusal(attempt: Callable[[], object]) -> None:
    try:
        attempt()
    except PermissionError:
        return
    raise AssertionError("that worked")


def _read(file: BinaryIO, limits: MediaLimits, **options: Any) -> Any:
    start = file.read(len(WORD))
    file.seek(0)
    if start != WORD:
        return read_clip(file, limits, **options)
    with file:
        words = file.read().decode().split()[1:]
    return Program(words, options["checkpoint"])


if __name__ == "__main__":
    engine.media.read_clip = _read
    os._exit(child.run(sys.argv[1:]))
