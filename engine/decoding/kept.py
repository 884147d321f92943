"""What was decoded, by content and operation, in files that only we write. Least recently used goes first."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from engine.decoding.wire import Decoded
from engine.errors import EngineError

Key = tuple[str, bytes, int]  # content, operation, pieces left out
_ENTRIES = 4096


class Kept:
    """Results and refusals. Never more than `most_bytes` of them, except for a single larger one.

    Whatever nobody has asked for during `lasts_s` is gone, for clips are deleted and nothing of them may stay.
    """

    def __init__(self, most_bytes: int, clock: Callable[[], float], lasts_s: float) -> None:
        self._most = most_bytes
        self._clock = clock
        self._lasts_s = lasts_s
        self._bytes = 0
        self._results: OrderedDict[Key, tuple[Decoded | EngineError, int]] = OrderedDict()
        self._used: dict[Key, float] = {}

    def __len__(self) -> int:
        return len(self._results)

    def get(self, key: Key) -> Decoded | EngineError | None:
        if key not in self._results:
            return None
        self._results.move_to_end(key)
        self._used[key] = self._clock()
        return self._results[key][0]

    def put(self, key: Key, result: Decoded | EngineError, size: int = 0) -> None:
        self._drop(key)
        self._results[key] = result, size
        self._used[key] = self._clock()
        self._bytes += size
        while len(self._results) > 1 and (self._bytes > self._most or len(self._results) > _ENTRIES):
            self._drop(next(iter(self._results)))

    def expire(self) -> None:
        """Drop what has not been used for long."""
        oldest = self._clock() - self._lasts_s
        while self._results and self._used[first := next(iter(self._results))] <= oldest:
            self._drop(first)

    def clear(self) -> None:
        for key in list(self._results):
            self._drop(key)

    def _drop(self, key: Key) -> None:
        result, size = self._results.pop(key, (None, 0))
        self._used.pop(key, None)
        self._bytes -= size
        if isinstance(result, Decoded) and result.path:
            with contextlib.suppress(OSError):
                Path(result.path).unlink()
