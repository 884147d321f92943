"""What a file's bytes are called: their hash, computed once. A name, a place or a sender says nothing about them."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import stat
from collections import OrderedDict

from engine.errors import EngineUnavailable

_REMEMBERED = 4096
_PIECE = 1 << 20
Identity = tuple[str, int, int, int]


def open_regular(path: str) -> int | None:
    """A descriptor of a regular file, for reading; None for anything else. It follows no link and waits for no pipe.

    Raises `EngineUnavailable` when this process can open nothing more."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            raise EngineUnavailable("There is too much going on right now. Please try again in a minute.") from error
        return None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


class Contents:
    """Hashes of files, by path, size, modification time and inode."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._known: OrderedDict[Identity, str] = OrderedDict()

    async def of(self, path: str) -> str:
        """The hash; empty for what is no file, is empty, or is larger than is read anyway."""
        return await asyncio.to_thread(self._of, path)

    def _of(self, path: str) -> str:
        try:
            status = os.lstat(path)
        except (OSError, ValueError):
            return ""
        if not 0 < status.st_size <= self._max_bytes:
            return ""
        identity = (path, status.st_size, status.st_mtime_ns, status.st_ino)
        if known := self._known.get(identity):
            return known
        descriptor = open_regular(path)
        if descriptor is None:
            return ""
        found = hashlib.blake2b(digest_size=32)
        try:
            with os.fdopen(descriptor, "rb", buffering=0) as file:
                while piece := file.read(_PIECE):
                    found.update(piece)
        except OSError:
            return ""
        self._known[identity] = found.hexdigest()
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return found.hexdigest()
