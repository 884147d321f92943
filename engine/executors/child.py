"""The inference process: `python -m engine.executors.child CONNECTION PULSE TRACE`, three inherited descriptors.

It owns the models. Its main thread is the inference thread; a second thread reads commands and ends the process when
the pipe closes, so that no orphan outlives the bot.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection

from engine.executors.watchdog import Heart, open_page
from engine.executors.wire import EXIT_BROKEN, EXIT_DEVICE_LOST, Boot, Codec, Report
from engine.executors.worker import Worker

# How long a running job may take to notice that the bot is gone and to remove its half-made files.
_ORPHAN_GRACE_S = 2.0


def main(connection_fd: int, pulse_fd: int, trace_fd: int) -> int:
    """Serve until told to stop. Returns the exit status."""
    # Stopping is the bot's business: it drains first, even when a service manager signals the whole group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for fd in (connection_fd, pulse_fd, trace_fd):
        os.set_inheritable(fd, False)
    faulthandler.enable(file=trace_fd)
    faulthandler.register(signal.SIGUSR1, file=trace_fd, all_threads=True)

    connection: Connection = Connection(connection_fd)
    boot = Codec().command(connection.recv_bytes())
    assert isinstance(boot, Boot)
    logging.basicConfig(level=boot.log_level, format="%(asctime)s %(levelname)s inference %(name)s: %(message)s")

    # Model files are read here and fetched elsewhere.
    os.environ["HF_HUB_OFFLINE"] = "1"
    from engine.runtime import Runtime

    heart = Heart(open_page(pulse_fd))
    runtime = Runtime(boot.config, alone=True)
    worker = Worker(runtime, _Sender(connection), heart.beat, _leave_the_device, reads=boot.reads)
    left = threading.Event()
    threading.Thread(target=_listen, args=(connection, worker, left), name="control", daemon=True).start()
    try:
        return 0 if worker.serve() else EXIT_BROKEN
    finally:
        left.set()


def _leave_the_device() -> None:
    """Only the end of this process gives a lost device back; its next life gets a new one. Nothing is tidied up, for
    whatever touches the device now fails or hangs."""
    logging.shutdown()
    os._exit(EXIT_DEVICE_LOST)


class _Sender:
    """Both threads report. Once the bot is gone there is nobody to report to, and the control thread ends things."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._codec = Codec()
        self._lock = threading.Lock()

    def __call__(self, report: Report) -> None:
        with self._lock:
            try:
                self._connection.send_bytes(self._codec.encode(report))
            except OSError:
                return


def _listen(connection: Connection, worker: Worker, left: threading.Event) -> None:
    codec = Codec()
    try:
        while True:
            worker.deliver(codec.command(connection.recv_bytes()))
    except (EOFError, OSError):
        worker.stop()
        if not left.wait(_ORPHAN_GRACE_S):
            os._exit(1)


if __name__ == "__main__":
    status = main(*map(int, sys.argv[1:]))
    logging.shutdown()
    os._exit(status)  # model libraries take seconds to tear down, and some hang
