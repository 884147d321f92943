"""What must outlive a kill of the process: how often a question was edited, and which are only half taken.

Knows files and ids, nothing of Discord.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.shared.state import StateFile

EDITS_FILE = "discord-edits.json"
TAKING_FILE = "discord-taking.json"
REMEMBERED = 2000  # edited questions; the oldest are forgotten first


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
