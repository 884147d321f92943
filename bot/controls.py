"""The running bot's own door for commands of the same user on the same machine: a socket in its data folder.

One JSON line asks, JSON lines answer. It knows the change of models and nothing else yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from bot.errors import BadInput
from bot.switching import BUSY, ModelSwitch, Phase, Progress, Wish

log = logging.getLogger(__name__)

SOCKET = "bot.sock"
_LONGEST = 64 * 1024  # bytes of a line


class Use(msgspec.Struct, frozen=True, tag="use"):
    """Change the models. A line `{"type": "cancel"}` on the same connection stops that."""

    wish: Wish


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    pass


class Controls:
    """Listens while the bot runs."""

    def __init__(self, data_dir: Path, switch: ModelSwitch) -> None:
        self._folder = data_dir
        self._switch = switch
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. Where that cannot be, commands do without: it is logged and nothing else."""
        try:
            with _address(self._folder) as address:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(address)  # noqa: PTH108 - of a bot that was killed; only one runs on a folder
                self._server = await asyncio.start_unix_server(self._serve, address, limit=_LONGEST)
                os.chmod(address, 0o600)  # noqa: PTH101 - a short name of a long one
        except OSError as error:
            log.warning("%s cannot be opened, so commands cannot reach this bot: %s", self._folder / SOCKET, error)

    async def stop(self) -> None:
        """Close the door and everything that came through it."""
        if self._server is None:
            return
        self._server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        (self._folder / SOCKET).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._answer(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        except Exception:
            log.exception("a command could not be answered")
        finally:
            self._open.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self._switch.use((await _read(reader, Use)).wish)
        except BadInput as error:
            await _write(writer, Progress(phase=Phase.FAILED, says=str(error)))
            return
        listening = asyncio.create_task(self._listen(reader))
        try:
            progress = self._switch.progress
            await _write(writer, progress)
            while progress.phase in BUSY:
                progress = await self._switch.wait(progress)
                await _write(writer, progress)
        finally:
            listening.cancel()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Somebody may change their mind. Who merely goes away does not."""
        with contextlib.suppress(BadInput, OSError):
            while True:
                await _read(reader, Cancel)
                self._switch.cancel()


async def ask(data_dir: Path, wish: Wish, *, stop: Callable[[], Awaitable[None]]) -> AsyncIterator[Progress] | None:
    """Ask the bot that runs on this folder; None when none does. Once `stop` returns, it is asked to give up."""
    try:
        with _address(data_dir) as address:
            reader, writer = await asyncio.open_unix_connection(address, limit=_LONGEST)
    except OSError:
        return None
    return _follow(reader, writer, wish, stop)


async def _follow(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wish: Wish, stop: Callable[[], Awaitable[None]]
) -> AsyncIterator[Progress]:
    async def give_up() -> None:
        await stop()
        await _write(writer, Cancel())

    giving_up = asyncio.create_task(give_up())
    try:
        await _write(writer, Use(wish))
        progress = Progress(phase=Phase.TRYING)
        while progress.phase in BUSY:
            progress = await _read(reader, Progress)
            yield progress
    except BadInput:
        yield Progress(phase=Phase.FAILED, says="The bot was stopped meanwhile. Start it, then try again.")
    finally:
        giving_up.cancel()
        writer.close()


Message = TypeVar("Message")


async def _read(reader: asyncio.StreamReader, kind: type[Message]) -> Message:
    try:
        line = await reader.readline()
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, ValueError) as error:
        raise BadInput("The bot and this command are not of the same version. Restart the bot.") from error


async def _write(writer: asyncio.StreamWriter, message: msgspec.Struct) -> None:
    writer.write(msgspec.json.encode(message) + b"\n")
    await writer.drain()


@contextlib.contextmanager
def _address(folder: Path) -> Iterator[str]:
    """The socket's name, shorter than the 100 or so characters that a system allows."""
    if not Path("/proc/self/fd").is_dir():
        yield str(folder / SOCKET)
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}/{SOCKET}"
    finally:
        os.close(handle)
