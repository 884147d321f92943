"""Looking at a clip without any model: what it is, and stills of it for people. All of it is decoded elsewhere."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path
from typing import TYPE_CHECKING

from engine.decoding.wire import Decoded, Probe, Stills
from engine.errors import JobFailed, MediaError, StorageFull
from engine.types import Frame, Inspect, Inspected

if TYPE_CHECKING:
    from engine.decoding.payer import Payer
    from engine.decoding.pool import DecodingPool

STILL_SIDE = 320  # pixels; people look at stills as thumbnails
_LARGEST = 4 << 20  # bytes of one still
_TRIES = 3
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


async def inspect(pool: DecodingPool, job: Inspect, payer: Payer) -> Inspected:
    """Do the job. Raises what `DecodingPool.decode` raises, `StorageFull` and `MediaError`."""
    path = job.clip.path
    if job.stills_dir is None or (not job.times and job.stills < 1):
        return Inspected(info=(await pool.decode(path, Probe(), payer=payer)).info)
    wanted = Stills(job.stills, tuple(map(float, job.times)), STILL_SIDE)
    folder, frames = Path(job.stills_dir), list[Frame]()
    while True:
        for _ in range(_TRIES):
            done = await pool.decode(path, wanted, payer=payer, skip=len(frames))
            try:
                written = await asyncio.to_thread(_write, done, folder, len(frames))
                break
            except FileNotFoundError:  # dropped between the answer and our opening it
                continue
        else:
            raise JobFailed("Something went wrong while that file was read. Please try again.")
        frames += written
        if not (done.more and written):
            return Inspected(info=done.info, frames=tuple(frames))


def _write(done: Decoded, folder: Path, first: int) -> list[Frame]:
    """Cut a result into pictures on disk. On failure none of them stays."""
    data = Path(done.path).read_bytes() if done.pieces else b""
    written: list[Frame] = []
    at = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, piece in enumerate(done.pieces, first):
            end = at + piece.shape[0]
            if not 0 < piece.shape[0] <= _LARGEST or end > len(data):
                raise JobFailed("Something went wrong while that file was read. Please try again.")
            path = folder / f"clip0-{number:03d}.jpg"
            part = path.with_suffix(".part")
            written.append(Frame(path=str(path), time_s=round(piece.time_s, 3)))
            part.write_bytes(data[at:end])
            part.replace(path)
            at = end
    except BaseException as error:
        for still in written:
            Path(still.path).unlink(missing_ok=True)
            Path(still.path).with_suffix(".part").unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _refused(error) from error
        raise
    return written


def _refused(error: OSError) -> StorageFull | MediaError:
    if error.errno in _NO_ROOM:
        return StorageFull("The disk is full, so the pictures could not be saved. Free some space and try again.")
    why = f" ({error.strerror.lower()})" if error.strerror else ""
    return MediaError(f"The pictures could not be saved{why}. Check the folder they go to and try again.")
