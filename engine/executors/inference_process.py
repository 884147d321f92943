"""One life of the inference process: start it, talk to it, learn of its end. It must not know why it is started.

A plain subprocess at the end of a `multiprocessing` pipe, and not a `multiprocessing.Process`: spawn would import the
bot's main module again over there and keep a resource tracker beside it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from mmap import PAGESIZE
from multiprocessing import Pipe
from pathlib import Path
from typing import IO

from engine.executors.watchdog import Pulse, open_page, read_pulse
from engine.executors.wire import Boot, Codec, Command, Report

_LONGEST_TRACE = 64 * 1024
_LEAVING_S = 1.0


class InferenceProcess:
    """Callbacks come from a thread of this object: every report in order, then `on_exit(status, trace)` once.

    `status` is negative for a signal; `trace` is what faulthandler wrote, if anything.
    """

    def __init__(
        self,
        boot: Boot,
        on_report: Callable[[InferenceProcess, Report], None],
        on_exit: Callable[[InferenceProcess, int, str], None],
    ) -> None:
        self._on_report = on_report
        self._on_exit = on_exit
        self._outgoing: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._connection, theirs = Pipe()
        self._trace_fd, their_trace_fd = os.pipe()
        os.set_blocking(self._trace_fd, False)
        with shared_memory() as shared:
            shared.truncate(PAGESIZE)
            self._page = open_page(shared.fileno())
            try:
                self._process = _spawn(theirs.fileno(), shared.fileno(), their_trace_fd)
            finally:
                theirs.close()
                os.close(their_trace_fd)
        atexit.register(self.kill)
        self.send(boot)
        threading.Thread(target=self._write, name="to-inference", daemon=True).start()
        threading.Thread(target=self._read, name="from-inference", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, command: Command) -> None:
        """Never blocks; a dead process gets nothing and says so through `on_exit`."""
        self._outgoing.put(command)

    def pulse(self) -> Pulse:
        return read_pulse(self._page)

    def close(self) -> None:
        """After `on_exit`: give the shared page back. There is no pulse any more."""
        self._page.close()

    def dump(self) -> None:
        """Ask for all stacks, which `on_exit` will hand over. Works while the process holds its interpreter lock."""
        self._signal(signal.SIGUSR1)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        self._process.send_signal(number)  # does nothing after the process has been waited for

    def _write(self) -> None:
        """In a thread: a process that holds its interpreter lock empties no pipe, and the loop must not wait for it."""
        codec = Codec()
        while (command := self._outgoing.get()) is not None:
            try:
                self._connection.send_bytes(codec.encode(command))
            except OSError:
                continue  # the process is gone, as `_read` will find out
        self._connection.close()

    def _read(self) -> None:
        codec = Codec()
        try:
            while True:
                self._on_report(self, codec.report(self._connection.recv_bytes()))
        except (EOFError, OSError):
            pass
        finally:
            # The pipe's end is the earliest sign of death; a process that closed it alive is of no use either.
            self._let_leave()
            status = self._process.wait()
            atexit.unregister(self.kill)
            self._outgoing.put(None)
            trace = self._read_trace()
            self._on_exit(self, status, trace)

    def _let_leave(self) -> None:
        """A process that is on its way out reports its own exit status."""
        try:
            self._process.wait(_LEAVING_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def _read_trace(self) -> str:
        try:
            return os.read(self._trace_fd, _LONGEST_TRACE).decode(errors="replace")
        except BlockingIOError:
            return ""
        finally:
            os.close(self._trace_fd)


def shared_memory() -> IO[bytes]:
    """An empty file without a name, for two processes to map: in memory, for there may be no folder to write it in.
    Where the system has no such files, an unlinked temporary one."""
    if hasattr(os, "memfd_create"):
        with contextlib.suppress(OSError):  # forbidden by a sandbox
            return os.fdopen(os.memfd_create("gpt4video", os.MFD_CLOEXEC), "w+b")
    return tempfile.TemporaryFile()


def _spawn(connection_fd: int, pulse_fd: int, trace_fd: int) -> subprocess.Popen[bytes]:
    fds = (connection_fd, pulse_fd, trace_fd)
    spare = max(1, (os.cpu_count() or 2) - 1)  # one core stays with the event loop
    environment = {
        "OMP_NUM_THREADS": str(spare),
        "TOKENIZERS_PARALLELISM": "false",
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
    }
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", "engine.executors.child", *map(str, fds)],
        stdin=subprocess.DEVNULL,
        stdout=2,  # a command's own output must stay parseable
        pass_fds=fds,
        env=environment,
        process_group=0,  # Ctrl-C in the terminal reaches the bot only
    )
