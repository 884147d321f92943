"""Small files of what must outlive a kill of the process and belongs to one platform alone: JSON, written whole.

Knows files and keys, nothing of any platform. What can't be read or written is a warning, no more.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

REMEMBERED = 2000  # entries of one file; the oldest are forgotten first


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
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        try:
            fresh.write_text(text)
            fresh.replace(self.path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise


class Notes:
    """A small store of JSON values by key, written through to a file; the oldest are forgotten first."""

    def __init__(self, path: Path, remembered: int = REMEMBERED) -> None:
        self._file = StateFile(path)
        self._remembered = remembered
        self._kept: dict[str, Any] | None = None
        self._loading = asyncio.Lock()

    async def load(self) -> dict[str, Any]:
        """Everything that is noted, the oldest first."""
        async with self._loading:
            if self._kept is None:
                read = await self._file.load()
                self._kept = read if isinstance(read, dict) else {}
        return self._kept

    async def get(self, key: str) -> Any:
        return (await self.load()).get(key)

    async def put(self, key: str, value: Any) -> None:
        """Note something, and return once that is on the disk."""
        kept = await self.load()
        if kept.get(key) == value:
            return
        kept.pop(key, None)
        kept[key] = value
        while len(kept) > self._remembered:
            del kept[next(iter(kept))]
        await self._file.save(lambda: kept)

    async def drop(self, key: str) -> None:
        kept = await self.load()
        if kept.pop(key, None) is not None:
            await self._file.save(lambda: kept)
