"""Takes posted files into the inbox folder and hands each on once, as an `Attachment`. Never looks inside them."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path

from aiohttp import StreamReader

from adapters.base import AttachmentError
from adapters.web.errors import Problem

log = logging.getLogger(__name__)

CHUNK_BYTES = 256 * 1024
# A file whose question never comes is dropped after this time, in seconds.
KEEP_S = 3600.0
# Files that wait for their question at the same time; more is a loop in somebody's script.
MAX_WAITING = 64
SUFFIX = ".upload"

_GONE = "That file is no longer here. Attach it again."


def megabytes(size: int) -> str:
    return f"{size / 2**20:.3g} MB"


@dataclass
class UploadedFile:
    """An `Attachment` in the inbox. It can be read once, and is deleted after that."""

    name: str
    content_type: str
    size: int
    path: Path

    async def read(self) -> AsyncIterator[bytes]:
        """Yield the bytes in chunks of at most 256 KiB. Raises `AttachmentError` when the file is gone."""
        try:
            file = await asyncio.to_thread(self.path.open, "rb")
        except OSError as error:
            raise AttachmentError(_GONE) from error
        try:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield chunk
        except OSError as error:
            raise AttachmentError("That file could not be read here. Attach it again.") from error
        finally:
            file.close()
            self.path.unlink(missing_ok=True)


@dataclass
class LostUpload:
    """An `Attachment` that was asked for but is not here (any more); reading it says so."""

    name: str = "file"
    content_type: str = ""
    size: int = 0

    def read(self) -> AsyncIterator[bytes]:
        return _Missing()


class _Missing(AsyncIterator[bytes]):
    """Raises `AttachmentError` at the first step."""

    async def __anext__(self) -> bytes:
        raise AttachmentError(_GONE)


class Inbox:
    """The folder of posted files. Each has a random id and the suffix `.upload`."""

    def __init__(self, folder: Path, max_bytes: int, keep_s: float = KEEP_S) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._keep_s = keep_s
        self._files: dict[str, UploadedFile] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def open(self) -> None:
        """Make the folder and drop what an earlier run left in it."""
        await asyncio.to_thread(self._sweep)

    async def close(self) -> None:
        """Drop what still waits for its question."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._files.clear()
        await asyncio.to_thread(self._sweep)

    async def receive(self, body: StreamReader, name: str, content_type: str, claimed: int | None) -> tuple[str, int]:
        """Store a posted file; returns its id and size in bytes.

        Raises `Problem` 413 over the cap, 400 for an empty or cut-off file, 429 when too many wait, 507 without room.
        """
        if len(self._files) >= MAX_WAITING:
            raise Problem(429, "too_many_uploads", "Too many files wait for their question. Send or remove some first.")
        if claimed is not None and claimed > self._max_bytes:
            raise self._too_large()
        number = secrets.token_urlsafe(24)
        path = self._folder / f"{number}{SUFFIX}"
        try:
            size = await self._store(body, path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._files[number] = UploadedFile(name=name, content_type=content_type, size=size, path=path)
        self._timers[number] = asyncio.get_running_loop().call_later(self._keep_s, self.discard, number)
        return number, size

    def find(self, number: str) -> UploadedFile | LostUpload:
        """The file as an attachment; one that is not here becomes an attachment that says so when it is read."""
        return self._files.get(number) or LostUpload()

    def discard(self, number: str) -> None:
        """Drop a file that is not wanted, or not any more. Harmless when it is gone already."""
        if timer := self._timers.pop(number, None):
            timer.cancel()
        if file := self._files.pop(number, None):
            file.path.unlink(missing_ok=True)

    def prune(self) -> None:
        """Forget the files that have been read, so that they no longer count as waiting."""
        for number in [number for number, file in self._files.items() if not file.path.exists()]:
            self.discard(number)

    async def _store(self, body: StreamReader, path: Path) -> int:
        size = 0
        try:
            file: BufferedWriter = await asyncio.to_thread(path.open, "xb")
            try:
                async for chunk in body.iter_chunked(CHUNK_BYTES):
                    size += len(chunk)
                    if size > self._max_bytes:
                        raise self._too_large()
                    await asyncio.to_thread(file.write, chunk)
            finally:
                await asyncio.to_thread(file.close)
        except ConnectionError as error:
            raise Problem(400, "cut_off", "The upload was cut off. Attach the file again.") from error
        except OSError as error:
            log.warning("cannot store an upload: %s", error)
            raise Problem(507, "no_room", "There is no room for this file on the server at the moment.") from error
        if size == 0:
            raise Problem(400, "empty_file", "That file is empty. Choose another one.")
        return size

    def _too_large(self) -> Problem:
        cap = megabytes(self._max_bytes)
        return Problem(413, "too_large", f"That file is too large: I take up to {cap}. Trim it or make it smaller.")

    def _sweep(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in self._folder.glob(f"*{SUFFIX}"):
            leftover.unlink(missing_ok=True)
