"""Reading lines from a file or a pipe in batches, without keeping the first ones waiting for the last."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable

AHEAD = 512  # lines that are read while others are being scored


class Lines:
    """Hands out numbered lines in batches. A thread reads ahead, so that a batch is what is there by then."""

    def __init__(self, stream: Iterable[str]) -> None:
        self._queue: queue.Queue[tuple[int, str] | BaseException | None] = queue.Queue(AHEAD)
        self._ended = False
        # A daemon: who breaks off must not wait for the rest of a pipe.
        threading.Thread(target=self._read, args=(stream,), name="lines", daemon=True).start()

    def some(self, most: int) -> list[tuple[int, str]]:
        """The next lines that are not empty, with their numbers from 1: at least one, at most `most`; none at the end.
        Raises what reading raised."""
        found: list[tuple[int, str]] = []
        while not self._ended and len(found) < most:
            try:
                item = self._queue.get(block=not found)
            except queue.Empty:
                break
            if isinstance(item, BaseException):
                raise item
            if item is None:
                self._ended = True
            else:
                found.append(item)
        return found

    def _read(self, stream: Iterable[str]) -> None:
        try:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    self._queue.put((number, line))
        except (OSError, UnicodeDecodeError) as error:
            self._queue.put(error)
        self._queue.put(None)
