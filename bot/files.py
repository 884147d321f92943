"""Where clips, stills and made videos lie on disk, and how an attachment gets there under a byte cap."""

from __future__ import annotations

import asyncio
import errno
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from adapters.base import Attachment
from bot.store import StoredClip
from bot.words import readable, size
from engine.errors import ClipTooLarge, StorageFull

PART = ".part"  # of names of files that are not whole yet
HALF_S = 3600.0  # a half file that nobody has written to for so long stays half

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def safe_name(name: str) -> str:
    """A claimed file name as a harmless one: no folders, no odd characters, at most 80 of them."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return _UNSAFE.sub("_", last).lstrip(".")[-80:] or "clip"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all, in a folder that is made when missing. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}{PART}")
    try:
        part.write_bytes(data)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


class Shelf:
    """The files of requests: `clips/<request>/…` for what came in, `videos/<request>-<n>.mp4` for what was made."""

    def __init__(self, clips: Path, videos: Path, *, max_bytes: int) -> None:
        self._clips = clips
        self._videos = videos
        self._max_bytes = max_bytes

    def prepare(self) -> None:
        """Make the folders, readable by their owner alone, and drop videos that a kill left half written."""
        for folder in (self._clips, self._videos):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part in self._videos.glob(f".*{PART}"):
            with suppress(OSError):  # another process of ours may just be finishing it
                if time.time() - part.stat().st_mtime > HALF_S:
                    part.unlink()

    def stills(self, request: str) -> Path:
        """The folder for the frames that were looked at."""
        return self._clips / request / "stills"

    def evidence(self, request: str) -> Path:
        """The folder for what was judged when the request was blocked."""
        return self._clips / request / "evidence"

    def transcript(self, clip: str) -> Path | None:
        """The file for what is said in a posted clip; it is deleted with its request. None for what lies elsewhere."""
        path = Path(clip)
        return path.parent / "speech" / f"{path.name}.json" if path.parent.parent == self._clips else None

    def made_here(self, clip: str) -> bool:
        """Whether a clip is a video that was made for a request."""
        return Path(clip).parent == self._videos

    def video(self, request: str, index: int = 0) -> Path:
        return self._videos / f"{request}-{index}.mp4"

    async def fetch(self, request: str, index: int, attachment: Attachment) -> StoredClip:
        """Write an attachment to disk.

        Raises:
            ClipTooLarge: it is, or turns out to be, over the cap; reading stops there.
            StorageFull: no room on disk.
            AttachmentError: the platform did not hand it over.
        """
        if attachment.size > self._max_bytes:
            raise self._too_large(attachment.size)
        folder = self._clips / request
        path = folder / f"{index}-{safe_name(attachment.name)}"
        try:
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
            handle = await asyncio.to_thread(path.open, "wb")
            try:
                received = 0
                async for chunk in attachment.read():
                    received += len(chunk)
                    if received > self._max_bytes:
                        raise self._too_large(received)
                    await asyncio.to_thread(handle.write, chunk)
            finally:
                await asyncio.to_thread(handle.close)
        except BaseException as error:
            with suppress(OSError):
                await asyncio.to_thread(path.unlink, missing_ok=True)
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise _full() from error
            raise
        return StoredClip(str(path), readable(attachment.name))

    async def remove(self, paths: Iterable[str | Path]) -> None:
        """Delete files and folders that lie on the shelf, and folders that this empties; leave anything else alone."""
        await asyncio.to_thread(self._remove, [Path(path) for path in paths])

    async def drop(self, *requests: str, videos: bool = True) -> None:
        """Delete everything that came in with these requests and, unless told otherwise, what was made for them."""
        if requests:
            made = await asyncio.to_thread(self._made_for, frozenset(requests)) if videos else []
            await self.remove([*(self._clips / request for request in requests), *made])

    def _made_for(self, requests: frozenset[str]) -> list[Path]:
        return [path for path in self._videos.glob("*.mp4") if path.name.rsplit("-", 1)[0] in requests]

    async def adopt(self, request: str, clips: Sequence[StoredClip]) -> tuple[StoredClip, ...]:
        """The same clips for another request, which keeps them when the first one is deleted.

        Raises `FileNotFoundError` when one is gone, `StorageFull` when there is no room.
        """
        folder = self._clips / request

        def link(clip: StoredClip) -> StoredClip:
            path = folder / Path(clip.path).name
            folder.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            try:
                path.hardlink_to(clip.path)
            except FileNotFoundError:
                raise
            except OSError:  # a file system without links
                shutil.copyfile(clip.path, path)
            return StoredClip(str(path), clip.name)

        try:
            return tuple([await asyncio.to_thread(link, clip) for clip in clips])
        except OSError as error:
            await self.drop(request)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise _full() from error
            raise

    async def size(self, paths: Iterable[str]) -> int:
        """Bytes of these files together; what is gone counts nothing."""
        return await asyncio.to_thread(lambda: sum(_size(path) for path in paths))

    def _remove(self, paths: list[Path]) -> None:
        roots = (self._clips.resolve(), self._videos.resolve())
        for path in paths:
            real = path.resolve()
            root = next((root for root in roots if root in real.parents), None)
            if root is None:
                continue
            if real.is_dir():
                shutil.rmtree(real, ignore_errors=True)
            else:
                real.unlink(missing_ok=True)
                with suppress(OSError):  # not empty yet, or gone already
                    for folder in real.parents[: len(real.relative_to(root).parents) - 1]:
                        folder.rmdir()

    def _too_large(self, got: int) -> ClipTooLarge:
        return ClipTooLarge(
            f"That file is {size(got)}; I take up to {size(self._max_bytes)}. Trim it or save it smaller.",
            size_bytes=got,
            max_bytes=self._max_bytes,
        )


def _full() -> StorageFull:
    return StorageFull(
        "There is no room left on the bot's disk for that file. Tell the operator; smaller clips may fit."
    )


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
