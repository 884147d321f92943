"""The decoding process: `python -P -m engine.decoding.child SOCKET FOLDER MEMORY_MB PARENT`.

The one place where a posted byte meets a C library. It has no models, no network, no way to other people's files: the
clips come as open descriptors, and the results go into its one folder. It may be killed at any moment.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import logging
import os
import signal
import socket
import sys
import time
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from engine.decoding import sandbox, wire
from engine.decoding.wire import (
    Done,
    FramesAt,
    Hear,
    Hello,
    KeyFrames,
    Looks,
    Loudness,
    Moments,
    Operation,
    Order,
    Piece,
    Probe,
    Refused,
    Reply,
    Sample,
    Scan,
    Stills,
    Unable,
)
from engine.errors import DecodeTimeout, EngineError, JobFailed, MissingExtra, StorageFull
from engine.extras import install
from engine.types import ClipInfo

_KEPT_OPEN = 3  # clips: the one that is asked about, and those of others in between
_PART_BYTES = 32 << 20
_PART_S = 0.25  # so often others get their turn while a clip is watched or heard from end to end
_TIRED_AFTER = 500  # orders
_NO_TIME_LIMIT_S = 1e9
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

log = logging.getLogger(__name__)


class _Result(NamedTuple):
    """What an operation gives: arrays, one at a time and perhaps at a cost, or plain numbers."""

    arrays: Iterator[tuple[float, Any]] = iter(())
    numbers: tuple[float, ...] = ()
    silent: bool = False


def main(channel: socket.socket, folder: Path, memory_mb: int) -> int:
    """Serve until the front is gone. Returns the exit status."""
    try:
        _import_everything()
    except ModuleNotFoundError as error:
        sentence = f"Reading and writing videos needs the package “{error.name}”. {install('lite')}"
        channel.sendall(wire.packed(Unable(failed=MissingExtra(sentence).to_event())))
        return 0
    memory = os.open("/proc/self/statm", os.O_RDONLY) if sys.platform == "linux" else None
    walls, lacking = sandbox.confine(folder, memory_mb)
    desk = _Desk(folder, memory_mb << 20, memory)
    channel.sendall(wire.packed(Hello(walls=walls, lacking=lacking)))
    while (received := _receive(channel)) is not None:
        order, descriptor = received
        channel.sendall(wire.packed(desk.serve(order, descriptor)))
    return 0


def _import_everything() -> None:
    """Before the walls: what is imported later has to lie where they let it be read, and costs the first clip time."""
    from PIL import AvifImagePlugin, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401

    import engine.looks
    import engine.media  # noqa: F401


def _receive(channel: socket.socket) -> tuple[Order, int | None] | None:
    """The next order with its file; None when the front is gone."""
    data, descriptors = b"", []
    needed = wire.LENGTH
    while len(data) < needed:
        piece, files, _, _ = socket.recv_fds(channel, needed - len(data), 1)
        descriptors += files
        if not piece:
            return None
        data += piece
        if len(data) == wire.LENGTH:
            needed += int.from_bytes(data, "big")
    return wire.order(data[wire.LENGTH :]), descriptors[0] if descriptors else None


class _Desk:
    """Carries out orders, one at a time. What was opened last stays open."""

    def __init__(self, folder: Path, memory_bytes: int, statm: int | None) -> None:
        self._folder = folder
        self._memory = memory_bytes
        self._statm = statm
        self._own = self._used()
        self._open: OrderedDict[str, _Clip] = OrderedDict()
        self._served = 0

    def serve(self, order: Order, descriptor: int | None) -> Reply:
        """Never raises for what a file does."""
        self._served += 1
        clip = self._open.pop(order.content, None) or _Clip(order)
        clip.take(order, descriptor)
        before = clip.opened
        try:
            reply: Reply = self._carry_out(order, clip)
        except Exception as error:  # noqa: BLE001 - typed
            reply = Refused(
                number=order.number,
                failed=_typed(error, order).to_event(),
                opening=clip.info is None and not isinstance(error, DecodeTimeout | StorageFull | MemoryError),
                late=isinstance(error, DecodeTimeout),
                opened=clip.opened - before,
                tired=isinstance(error, MemoryError),
            )
            clip.close()
        else:
            self._keep(order.content, clip)
        return msgspec.structs.replace(reply, tired=True) if self._is_tired() else reply

    def _carry_out(self, order: Order, clip: _Clip) -> Done:
        if order.content not in self._open:
            self._make_room()
        before = clip.opened
        result = clip.result(order)
        pieces, more = self._write(order, result.arrays)
        if clip.info is None:
            raise JobFailed("Something went wrong while that file was read. Please try again.")
        clip.reached(order, result.arrays if more else None, len(pieces))
        return Done(
            number=order.number,
            info=clip.info,
            pieces=tuple(pieces),
            numbers=result.numbers,
            silent=result.silent,
            more=more,
            opened=clip.opened - before,
        )

    def _write(self, order: Order, arrays: Iterator[tuple[float, Any]]) -> tuple[list[Piece], bool]:
        """Write arrays until the part is full. Returns their pieces and whether more may follow."""
        from engine.decoding.arrays import write

        first = next(arrays, None)  # to get there may take longer than a part
        size, began = 0, time.monotonic()
        if first is None:
            return [], False
        pieces: list[Piece] = []
        in_turn = isinstance(order.operation, Scan | KeyFrames | Hear)
        with (self._folder / order.result).open("wb", buffering=0) as file:
            for time_s, array in itertools.chain([first], arrays):
                pieces.append(write(file, time_s, array))
                size += array.nbytes
                if size >= _PART_BYTES or (in_turn and time.monotonic() - began >= _PART_S):
                    return pieces, True
        return pieces, False

    def _keep(self, content: str, clip: _Clip) -> None:
        if not content:
            clip.close()
            return
        self._open[content] = clip
        while len(self._open) > _KEPT_OPEN:
            self._close_oldest()

    def _make_room(self) -> None:
        """An open clip keeps its decoder's pictures; a new one must not be refused for want of their memory."""
        while self._open and self._used() - self._own > self._memory // 3:
            self._close_oldest()

    def _close_oldest(self) -> None:
        self._open.popitem(last=False)[1].close()

    def _is_tired(self) -> bool:
        return self._served >= _TIRED_AFTER or (not self._open and self._used() - self._own > self._memory // 2)

    def _used(self) -> int:
        if self._statm is None:
            return 0
        return int(os.pread(self._statm, 128, 0).split()[0]) * os.sysconf("SC_PAGE_SIZE")


class _Clip:
    """One posted file, open. Two readers when an operation comes in the middle of another one's pictures."""

    def __init__(self, order: Order) -> None:
        self.info: ClipInfo | None = None
        self.opened = 0
        self._limits = msgspec.structs.replace(order.limits, decode_timeout_s=_NO_TIME_LIMIT_S)
        self._seconds = order.limits.decode_timeout_s
        self._until = 0.0
        self._path = order.path
        self._file: int | None = None  # of this order, until a reader takes it
        self._readers: list[Any] = []
        self._walk: tuple[Operation, int, Iterator[tuple[float, Any]]] | None = None  # and how many pieces it gave

    def take(self, order: Order, descriptor: int | None) -> None:
        self._until = time.monotonic() + order.budget_s
        self._drop_file()
        self._file = descriptor

    def close(self) -> None:
        self._walk = None
        for reader in self._readers:
            with contextlib.suppress(Exception):
                reader.close()
        self._readers.clear()
        self._drop_file()

    def result(self, order: Order) -> _Result:
        """Begin an operation, or go on with it behind the pieces that it gave already."""
        if self._walk is not None and self._walk[:2] == (order.operation, order.skip):
            return _Result(self._walk[2])
        if self._walk is not None and self._walk[0] == order.operation:
            self._walk = None
        reader = self._reader(aside=self._walk is not None)
        self._drop_file()
        match order.operation:
            case Scan(max_fps, max_side, start_s, end_s) if order.skip:
                scan = reader.scan(
                    max_fps=max_fps, max_side=max_side, start_s=start_s, end_s=end_s, after_s=order.after_s
                )
                return _Result(_pictures(scan))
            case _:
                result = self._begin(order.operation, reader)
                return result._replace(arrays=itertools.islice(result.arrays, order.skip, None))

    def reached(self, order: Order, arrays: Iterator[tuple[float, Any]] | None, count: int) -> None:
        """Remember where an operation stopped; None when it is at its end."""
        if arrays is not None:
            self._walk = (order.operation, order.skip + count, arrays)
        elif self._walk is not None and self._walk[0] == order.operation:
            self._walk = None

    def _reader(self, *, aside: bool) -> Any:
        from engine.media import open_clip, read_clip

        which = 1 if aside else 0
        if len(self._readers) <= which:
            self.opened += 1
            file, self._file = self._file, None
            if file is None:
                reader = open_clip(self._path, self._limits, checkpoint=self._tick)
            else:
                reader = read_clip(os.fdopen(file, "rb", buffering=0), self._limits, checkpoint=self._tick)
            self._readers.append(reader)
            self.info = reader.info
        return self._readers[which]

    def _begin(self, operation: Operation, reader: Any) -> _Result:
        match operation:
            case Probe():
                return _Result()
            case Sample(count, max_side):
                return _Result(_pictures(reader.sample(count, max_side=max_side)))
            case Moments(count):
                return _Result(numbers=tuple(reader.moments(count)))
            case FramesAt(times, max_side):
                return _Result(_pictures(reader.frames_at(times, max_side=max_side)))
            case Scan(max_fps, max_side, start_s, end_s):
                return _Result(_pictures(reader.scan(max_fps=max_fps, max_side=max_side, start_s=start_s, end_s=end_s)))
            case KeyFrames(max_side, limit):
                return _Result(_pictures(reader.key_frames(max_side=max_side, limit=limit)))
            case Looks(count):
                from engine.looks import choose

                looks = choose(reader, count)
                return _Result(_pictures(looks.frames), tuple(map(float, looks.like)))
            case Stills(count, times, max_side):
                frames = (
                    reader.frames_at(times, max_side=max_side) if times else reader.sample(count, max_side=max_side)
                )
                return _Result(_jpegs(frames, max_side))
            case Loudness(windows):
                levels = reader.loudness(windows)
                return _Result(numbers=tuple(itertools.chain(*(levels or ()))), silent=levels is None)
            case Hear(rate, block_s):
                blocks = reader.sound(rate=rate, block_s=block_s)
                return _Result((block.time_s, block.samples) for block in blocks)

    def _tick(self) -> None:
        if time.monotonic() > self._until:
            from engine.media import _words

            raise _words.decode_timeout(self._seconds)

    def _drop_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _pictures(frames: Any) -> Iterator[tuple[float, Any]]:
    return ((frame.time_s, frame.image) for frame in frames)


def _jpegs(frames: Any, max_side: int) -> Iterator[tuple[float, Any]]:
    import numpy as np

    from engine.media import jpeg

    return ((frame.time_s, np.frombuffer(jpeg(frame, max_side), np.uint8)) for frame in frames)


def _typed(error: Exception, order: Order) -> EngineError:
    match error:
        case EngineError():
            return error
        case MemoryError():
            from engine.media import _words

            return _words.some_too_many_pixels(order.limits.max_pixels)
        case OSError(errno=code) if code in _NO_ROOM:
            return StorageFull("There is no room left on the disk. Please try again later.")
        case _:
            log.error("a clip could not be read", exc_info=error)
            return JobFailed("Something went wrong while that file was read. Please try again.")


def run(arguments: list[str]) -> int:
    """What the process does, from its command line on. Returns the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    channel, folder, memory_mb, parent = arguments
    sandbox.leave_with_parent(int(parent))
    logging.basicConfig(level="WARNING", format="%(asctime)s %(levelname)s decoding %(name)s: %(message)s")
    try:
        return main(socket.socket(fileno=int(channel)), Path(folder), int(memory_mb))
    except OSError:  # the front is gone
        return 1


if __name__ == "__main__":
    os._exit(run(sys.argv[1:]))
