"""Logging for operators: one line an event, or one JSON object a line. No prompt, answer or secret is ever logged.

What repeats itself is told a few times a minute and then counted, so that nobody can fill a disk from outside.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

WINDOW_S = 60.0
# Lines of one kind that are told in a window, by their level; the life of requests is at INFO.
TOLD = {logging.INFO: 600, logging.WARNING: 20}
KINDS = 512  # that are told apart in a window; what is beyond them counts as one


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


@dataclass
class _Kind:
    since: float
    told: int = 0
    left_out: int = 0


class Repeats(logging.Filter):
    """Lets the first lines of a kind through in each minute, and says how many more there were before its next one.

    A kind is a logger, its level, the words without what changes in them, and the type of the error.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._kinds: dict[object, _Kind] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.INFO:
            return True
        error = record.exc_info[0] if record.exc_info else None
        with self._lock:
            left_out = self._count((record.name, record.levelno, str(record.msg), error), record.levelno)
        if left_out:
            record.msg, record.args = f"{record.getMessage()} [and {left_out} more like this]", ()
        return left_out is not None

    def _count(self, key: object, level: int) -> int | None:
        """How many of a kind were left out before this one; None to leave this one out too."""
        now = self._clock()
        if key not in self._kinds and len(self._kinds) >= KINDS:
            self._kinds = {old: kind for old, kind in self._kinds.items() if now - kind.since < WINDOW_S}
            key = key if len(self._kinds) < KINDS else None
        kind = self._kinds.setdefault(key, _Kind(now))
        left_out = 0
        if now - kind.since >= WINDOW_S:
            left_out = kind.left_out
            kind.since, kind.told, kind.left_out = now, 0, 0
        if kind.told < (TOLD[logging.INFO] if level < logging.WARNING else TOLD[logging.WARNING]):
            kind.told += 1
            return left_out
        kind.left_out += 1
        return None


def configure(level: str, *, as_json: bool) -> None:
    """Send the bot's logs to stderr; libraries stay quiet below warnings."""
    handler = logging.StreamHandler()
    line = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%H:%M:%S")
    handler.setFormatter(_JsonFormatter() if as_json else line)
    handler.addFilter(Repeats())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in ("bot", "adapters", "engine"):
        logging.getLogger(name).setLevel(level.upper())
