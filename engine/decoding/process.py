"""One life of a decoding process: start it, give it orders, learn of its end. It must not know why it is started."""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.decoding import wire
from engine.decoding.wire import Order, Reply

CHILD = "engine.decoding.child"
_LONGEST_REPLY = 1 << 20
_READ = 1 << 16
# What a decoding process may know of this one's environment, which holds keys and passwords.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONWARNINGS", "PYTHONDEVMODE")


class DecoderProcess:
    """On the event loop's thread: `on_reply` for each reply, then `on_exit(status)` once; a negative status is a
    signal. `module` is what runs in there."""

    def __init__(
        self,
        place: Path,
        memory_mb: int,
        on_reply: Callable[[DecoderProcess, Reply], None],
        on_exit: Callable[[DecoderProcess, int], None],
        *,
        module: str = CHILD,
    ) -> None:
        self._on_reply = on_reply
        self._on_exit = on_exit
        self._received = bytearray()
        self._left = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="decoder-", dir=place))
        self._channel, theirs = socket.socketpair()
        self._channel.setblocking(False)
        with theirs:
            self._process = _spawn(module, theirs.fileno(), self.folder, memory_mb)
        atexit.register(self.kill)
        self._loop.add_reader(self._channel, self._read)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, order: Order, descriptor: int | None) -> None:
        """One order at a time, so that it always fits into the channel. A dead process says so through `on_exit`."""
        try:
            socket.send_fds(self._channel, [wire.packed(order)], [descriptor] if descriptor is not None else [])
        except OSError:
            self.kill()  # gone already, or an order larger than the channel

    def kill(self) -> None:
        self._process.kill()  # does nothing after the process has been waited for

    def _read(self) -> None:
        try:
            data = self._channel.recv(_READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        self._received += data
        try:
            intact = bool(data) and self._hand_on()
        except msgspec.MsgspecError:
            intact = False
        if not intact:
            self._loop.remove_reader(self._channel)
            self._channel.close()
            self.kill()
            self._leaving = self._loop.create_task(self._leave())

    def _hand_on(self) -> bool:
        """Pass whole replies on. False when what came cannot be one."""
        while len(self._received) >= wire.LENGTH:
            end = wire.LENGTH + int.from_bytes(self._received[: wire.LENGTH], "big")
            if end > _LONGEST_REPLY:
                return False
            if len(self._received) < end:
                break
            reply = wire.reply(bytes(self._received[wire.LENGTH : end]))
            del self._received[:end]
            self._on_reply(self, reply)
        return True

    async def _leave(self) -> None:
        status = await asyncio.to_thread(self._process.wait)
        atexit.unregister(self.kill)
        self._on_exit(self, status)
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)
        self._left.set()

    async def gone(self) -> None:
        """Wait until it has ended and nothing of it is left."""
        await self._left.wait()


def _spawn(module: str, channel: int, folder: Path, memory_mb: int) -> subprocess.Popen[bytes]:
    environment = {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        # One thread before the walls go up, for some stand around threads; and little address space, which is counted.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
    }
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", module, str(channel), str(folder), str(memory_mb), str(os.getpid())],
        stdin=subprocess.DEVNULL,
        stdout=2,  # a command's own output must stay parseable
        pass_fds=(channel,),
        env=environment,
        process_group=0,  # Ctrl-C in the terminal reaches the bot only
    )
