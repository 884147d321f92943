"""How often a question was edited, over restarts: only so does its deletion find what was answered last.

Knows a file and message ids, nothing of Discord.
"""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

log = logging.getLogger(__name__)

STATE_FILE = "discord-edits.json"
REMEMBERED = 2000  # edited questions; the oldest are forgotten first


class Edits:
    """Counts the later wordings of a message. What the file holds is read when it is first asked for."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / STATE_FILE
        self._counts: dict[int, int] | None = None
        self._saving = asyncio.Lock()

    async def load(self) -> None:
        """Read the file, once."""
        if self._counts is None:
            read = await asyncio.to_thread(self._read)
            self._counts = read if self._counts is None else self._counts

    def of(self, message: int) -> int:
        """How many wordings came after the first one, as far as is known."""
        return (self._counts or {}).get(message, 0)

    async def note(self, message: int, count: int) -> None:
        """A message has got its `count`th later wording. A file that can't be written is a warning, no more."""
        await self.load()
        counts = self._counts or {}
        counts.pop(message, None)
        counts[message] = count
        while len(counts) > REMEMBERED:
            del counts[next(iter(counts))]
        self._counts = counts
        async with self._saving:
            try:
                await asyncio.to_thread(self._write, json.dumps(counts))
            except OSError as error:
                log.warning("%s can't be written: %s", self._path, error)

    def _read(self) -> dict[int, int]:
        try:
            return {int(message): int(count) for message, count in json.loads(self._path.read_text()).items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            log.warning("%s can't be read, it is made anew: %s", self._path, error)
            return {}

    def _write(self, counts: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(counts)
        fresh.replace(self._path)
