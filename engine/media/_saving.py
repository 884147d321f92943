"""Files that appear whole or not at all: written under a temporary name beside their place, then renamed."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from engine.errors import MediaError
from engine.media import _words

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn a full disk into `StorageFull`, a want of memory into `OutOfMemory`, and any other refusal to write into a
    `MediaError`."""
    try:
        yield
    except (MemoryError, av.error.ExternalError) as error:
        # All that x264 says without memory is that it failed. With our sizes and options it fails of nothing else.
        raise _words.out_of_memory() from error
    except (OSError, av.FFmpegError) as error:
        if error.errno == errno.ENOMEM:
            raise _words.out_of_memory() from error
        if error.errno in _NO_ROOM:
            raise _words.storage_full() from error
        raise _words.cannot_save(error.strerror) from error


@contextmanager
def memory_errors() -> Iterator[None]:
    """For a file that we made ourselves: when memory ends while it is read, it is not the file that is to blame."""
    try:
        yield
    except MediaError as error:
        if isinstance(error.__cause__, MemoryError):
            raise _words.out_of_memory() from error
        raise


def temporary_beside(path: Path) -> Path:
    """A new empty file in the folder of `path`, so that renaming it to `path` is atomic."""
    with storage_errors():
        descriptor, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}-", suffix=f"{path.suffix}.part", dir=path.parent)
        os.close(descriptor)
        return Path(name)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path; it becomes `path` when the block succeeds and vanishes when it does not."""
    part = temporary_beside(path)
    try:
        yield part
        with storage_errors():
            part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
