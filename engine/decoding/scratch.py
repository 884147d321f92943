"""The folder through which frames pass: private, ours as long as we live, and gone with us."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from engine.decoding.settings import DecodingSettings

_PREFIX = "gpt4video-decoding-"
_LOCK = "lock"


class Scratch:
    """One folder. Whether its owner lives is told by a lock that the kernel gives back. Everything in here blocks."""

    def __init__(self, settings: DecodingSettings) -> None:
        self._settings = settings
        self._folder: Path | None = None
        self._lock = -1

    @property
    def folder(self) -> Path:
        assert self._folder is not None
        return self._folder

    def open(self) -> None:
        """Make the folder, and remove those of bots that were killed. Raises `OSError`."""
        place = _place(self._settings)
        place.mkdir(parents=True, exist_ok=True)
        for left in place.glob(f"{_PREFIX}*"):
            if _is_abandoned(left):
                shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        self._lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._folder = folder

    def close(self) -> None:
        """Remove it. Closing twice is fine."""
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(self._lock)


def _place(settings: DecodingSettings) -> Path:
    """Where frames pass through: the wanted place; else shared memory, with room for twice as much as is kept; else
    beside what is remembered, or the temporary folder."""
    if settings.scratch_dir is not None:
        return settings.scratch_dir
    shared = Path("/dev/shm")  # noqa: S108 - the system's own name for shared memory
    if shared.is_dir() and os.access(shared, os.W_OK):
        status = os.statvfs(shared)
        if status.f_bavail * status.f_frsize >= 2 * settings.kept_bytes:
            return shared
    return settings.state_dir or Path(tempfile.gettempdir())


def _is_abandoned(folder: Path) -> bool:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False  # not ours to judge, or being made
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            os.close(lock)
    return True
