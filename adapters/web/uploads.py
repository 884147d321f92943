"""Takes posted files into the inbox folder and hands each on once, as an `Attachment`. Never looks inside them."""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
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
KEEP_S = 1800.0
# Files that wait for their question at the same time; more is a loop in somebody's script.
MAX_WAITING = 64
MAX_WAITING_OF_ONE = 16
# Uploads at the same time.
MAX_UNDER_WAY = 32
MAX_UNDER_WAY_OF_ONE = 8
# Bytes, as multiples of the largest file: as many as one question takes, and those of a few people.
ROOM_OF_ONE = 4
ROOM = 16
# What the disk keeps for everything else.
SPARE_BYTES = 256 * 2**20
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


@dataclass(eq=False)
class _UnderWay:
    """An upload that has not come whole, and the bytes that are kept free for it."""

    owner: str
    bytes: int


class Inbox:
    """The folder of posted files. Each has a random id and the suffix `.upload`, and counts for who sent it."""

    def __init__(self, folder: Path, max_bytes: int, keep_s: float = KEEP_S) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._keep_s = keep_s
        self._files: dict[str, UploadedFile] = {}
        self._owners: dict[str, str] = {}
        self._under_way: set[_UnderWay] = set()
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
        self._owners.clear()
        await asyncio.to_thread(self._sweep)

    async def receive(
        self, body: StreamReader, name: str, content_type: str, claimed: int | None, owner: str = ""
    ) -> tuple[str, int]:
        """Store a posted file; returns its id and size in bytes.

        Raises `Problem` 413 over the cap, 400 for an empty or cut-off file, 429 when too much waits or is under way, of
        `owner` (unless it is empty) or in all, 507 without room.
        """
        if claimed is not None and claimed > self._max_bytes:
            raise self._too_large()
        self._check_count(owner)
        coming = _UnderWay(owner, 0)
        self._reserve(coming, claimed or 0)
        number = secrets.token_urlsafe(24)
        path = self._folder / f"{number}{SUFFIX}"
        self._under_way.add(coming)
        try:
            size = await self._store(body, path, coming)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            self._under_way.discard(coming)
        self._files[number] = UploadedFile(name=name, content_type=content_type, size=size, path=path)
        self._owners[number] = owner
        self._timers[number] = asyncio.get_running_loop().call_later(self._keep_s, self.discard, number)
        return number, size

    def find(self, number: str) -> UploadedFile | LostUpload:
        """The file as an attachment; one that is not here becomes an attachment that says so when it is read."""
        return self._files.get(number) or LostUpload()

    def discard(self, number: str) -> None:
        """Drop a file that is not wanted, or not any more. Harmless when it is gone already."""
        if timer := self._timers.pop(number, None):
            timer.cancel()
        self._owners.pop(number, None)
        if file := self._files.pop(number, None):
            file.path.unlink(missing_ok=True)

    def discard_all(self, owner: str) -> None:
        """Drop everything that somebody has sent and not asked about."""
        for number in [number for number, whose in self._owners.items() if whose == owner]:
            self.discard(number)

    def prune(self) -> None:
        """Forget the files that have been read, so that they no longer count as waiting."""
        for number in [number for number, file in self._files.items() if not file.path.exists()]:
            self.discard(number)

    def _check_count(self, owner: str) -> None:
        coming = [upload.owner for upload in self._under_way]
        if len(coming) >= MAX_UNDER_WAY or (owner and coming.count(owner) >= MAX_UNDER_WAY_OF_ONE):
            sentence = "Too many files are being uploaded at once. Wait until one is done, then try again."
            raise Problem(429, "too_many_uploads", sentence, {"Retry-After": "5"})
        own = list(self._owners.values()).count(owner)
        if len(self._files) >= MAX_WAITING or (owner and own >= MAX_WAITING_OF_ONE):
            raise Problem(429, "too_many_uploads", "Too many files wait for their question. Send or remove some first.")

    def _reserve(self, coming: _UnderWay, size: int) -> None:
        """Keep room for an upload to grow to `size` bytes. Raises `Problem` 429 or 507."""
        more = size - coming.bytes
        if more <= 0:
            return
        waiting = [(self._owners[number], file.size) for number, file in self._files.items()]
        taken = [*waiting, *((upload.owner, upload.bytes) for upload in self._under_way)]
        own = sum(held for whose, held in taken if whose == coming.owner)
        if coming.owner and own + more > ROOM_OF_ONE * self._max_bytes:
            room = megabytes(ROOM_OF_ONE * self._max_bytes)
            sentence = f"Your files that wait for their question may have {room} together. Send or remove some first."
            raise Problem(429, "too_many_uploads", sentence)
        if sum(held for _, held in taken) + more > ROOM * self._max_bytes:
            sentence = "There are too many files here at the moment. Try again in a few minutes."
            raise Problem(429, "too_many_uploads", sentence, {"Retry-After": "60"})
        if more > self._free_bytes() - SPARE_BYTES:
            raise _no_room()
        coming.bytes = size

    def _free_bytes(self) -> int:
        try:
            return shutil.disk_usage(self._folder).free
        except OSError as error:
            log.warning("cannot store an upload: %s", error)
            raise _no_room() from error

    async def _store(self, body: StreamReader, path: Path, coming: _UnderWay) -> int:
        size = 0
        try:
            file: BufferedWriter = await asyncio.to_thread(path.open, "xb")
            try:
                async for chunk in body.iter_chunked(CHUNK_BYTES):
                    size += len(chunk)
                    if size > self._max_bytes:
                        raise self._too_large()
                    self._reserve(coming, size)
                    await asyncio.to_thread(file.write, chunk)
            finally:
                await asyncio.to_thread(file.close)
        except ConnectionError as error:
            raise Problem(400, "cut_off", "The upload was cut off. Attach the file again.") from error
        except OSError as error:
            log.warning("cannot store an upload: %s", error)
            raise _no_room() from error
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


def _no_room() -> Problem:
    return Problem(507, "no_room", "There is no room for this file on the server at the moment.")
