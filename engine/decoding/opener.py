"""Who opens clips for the job that runs in this thread. It is said here, and asked by `engine.media.open_clip`, so that
whatever backend opens a clip gets one that is read elsewhere without knowing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from engine.types import MediaLimits

if TYPE_CHECKING:
    from engine.media import ClipReader

Checkpoint = Callable[[], None]
Opener = Callable[[str, MediaLimits, Checkpoint], "ClipReader"]

_opener: ContextVar[Opener | None] = ContextVar("opener", default=None)


@contextmanager
def opened_by(opener: Opener) -> Iterator[None]:
    """Within this, and in this thread, clips are opened by `opener`."""
    token = _opener.set(opener)
    try:
        yield
    finally:
        _opener.reset(token)


def current() -> Opener | None:
    """None where clips are opened right here."""
    return _opener.get()
