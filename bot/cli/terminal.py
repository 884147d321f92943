"""The terminal as a platform: a reply that draws itself with `rich`, or in plain lines when nobody watches."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from adapters.base import Author, Place, State, View
from bot.app import CLI
from bot.words import span

CHUNK = 1 << 20
ME = Author(id="local", name="you", is_admin=True)


def here(upload_limit: int) -> Place:
    """A fresh private conversation: every call of the CLI is one of its own."""
    return Place(platform=CLI, community="local", channel=secrets.token_hex(6), private=True, upload_limit=upload_limit)


class LocalFile:
    """A file on this machine as an attachment."""

    content_type = ""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.size = path.stat().st_size
        self.path = path

    async def read(self) -> AsyncIterator[bytes]:
        handle = await asyncio.to_thread(self.path.open, "rb")
        try:
            while chunk := await asyncio.to_thread(handle.read, CHUNK):
                yield chunk
        finally:
            await asyncio.to_thread(handle.close)


class TerminalReply:
    """Draws views: a spinner or bar on stderr, and the answer on stdout as it streams, unless `quiet`."""

    ref = ""

    def __init__(self, *, quiet: bool) -> None:
        self.done: asyncio.Future[View] = asyncio.get_running_loop().create_future()
        self._quiet = quiet
        self._out = Console(highlight=False, soft_wrap=True)
        self._shown = ""
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=quiet or not Console(stderr=True).is_terminal,
        )
        self._task = self._progress.add_task("Starting …", total=None, count="")
        self._progress.start()

    async def show(self, view: View) -> None:
        """Draw the newest view; resolves `done` with the final one."""
        if bar := view.bar:
            label, count = bar.label or "steps", f"{bar.step}/{bar.total}"
            self._progress.update(self._task, description=label, completed=bar.step, total=bar.total, count=count)
        elif view.queue:
            eta = f" · about {span(view.queue.eta_s)}" if view.queue.eta_s is not None else ""
            self._say(f"number {view.queue.position} in line{eta}")
        elif view.status:
            self._say(escape(view.status))
        if view.state.final or view.text:
            self._progress.stop()
        self._stream(view)
        if view.state.final and not self.done.done():
            self.done.set_result(view)

    def close(self) -> None:
        """Give the terminal back."""
        self._progress.stop()

    def _say(self, line: str) -> None:
        self._progress.update(self._task, description=line, completed=0, total=None, count="")

    def _stream(self, view: View) -> None:
        if self._quiet or not (self._out.is_terminal or view.state is State.DONE):
            return
        if not view.text.startswith(self._shown.rstrip()):
            self._out.print("\n", end="")
            self._shown = ""
        self._out.print(view.text[len(self._shown) :], end="", markup=False)
        self._shown = view.text
