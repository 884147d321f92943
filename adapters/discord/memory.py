"""What must outlive a kill of the process: how often a question was edited, and which are only half taken.

Knows files and ids, nothing of Discord.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

EDITS_FILE = "discord-edits.json"
TAKING_FILE = "discord-taking.json"
REMEMBERED = 2000  # edited questions; the oldest are forgotten first


class StateFile:
    """A small JSON file. What can't be read or written is a warning, no more."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = asyncio.Lock()
        self._wanted = self._written = 0

    async def load(self) -> Any:
        """What it holds; None where there is nothing to be read."""
        try:
            return json.loads(await asyncio.to_thread(self.path.read_text))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("%s can't be read, it is made anew: %s", self.path, error)
            return None

    async def save(self, state: Callable[[], Any]) -> None:
        """Write what `state` returns, and return once that is on the disk. Several calls at once become one write."""
        self._wanted += 1
        mine = self._wanted
        async with self._lock:
            if self._written >= mine:
                return
            now, text = self._wanted, json.dumps(state())
            try:
                await asyncio.to_thread(self._write, text)
            except OSError as error:
                log.warning("%s can't be written: %s", self.path, error)
            self._written = now

    def _write(self, text: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.path)


class Edits:
    """Counts the later wordings of a message: only so does its deletion find what was answered last."""

    def __init__(self, state_dir: Path) -> None:
        self._file = StateFile(state_dir / EDITS_FILE)
        self._counts: dict[int, int] | None = None

    async def load(self) -> None:
        """Read the file, once."""
        if self._counts is None:
            read = _numbers(await self._file.load())
            self._counts = read if self._counts is None else self._counts

    def of(self, message: int) -> int:
        """How many wordings came after the first one, as far as is known."""
        return (self._counts or {}).get(message, 0)

    async def note(self, message: int, count: int) -> None:
        """A message has got its `count`th later wording."""
        await self.load()
        counts = self._counts = self._counts if self._counts is not None else {}
        counts.pop(message, None)
        counts[message] = count
        while len(counts) > REMEMBERED:
            del counts[next(iter(counts))]
        await self._file.save(lambda: counts)


class Taking:
    """The questions that were heard and are not handed over yet: the channel of each, by message.

    What still stands here at the next start was interrupted by a kill.
    """

    def __init__(self, state_dir: Path) -> None:
        self._file = StateFile(state_dir / TAKING_FILE)
        self._open: dict[int, int] = {}
        self._left: dict[int, int] | None = None

    async def left(self) -> dict[int, int]:
        """What an earlier process did not finish. They stay noted until `drop` or a `hold` ends."""
        if self._left is None:
            found = _numbers(await self._file.load())
            if self._left is None:
                self._left, self._open = found, {**found, **self._open}
        return dict(self._left)

    @asynccontextmanager
    async def hold(self, message: int, channel: int) -> AsyncIterator[None]:
        """Note a question while it is being taken. One that is interrupted stays noted."""
        await self.left()
        self._open[message] = channel
        await self._file.save(lambda: self._open)
        try:
            yield
        except Exception:
            await self.drop(message)
            raise
        await self.drop(message)

    async def drop(self, message: int) -> None:
        self._open.pop(message, None)
        await self._file.save(lambda: self._open)


def _numbers(state: Any) -> dict[int, int]:
    try:
        return {int(message): int(count) for message, count in (state or {}).items()}
    except (ValueError, TypeError, AttributeError):
        return {}
