"""One bot at a time on a database. Who serves holds a lock there; the end of its process frees it, however it ends.

Two bots would both compute what is open and both show it. Commands of a terminal need no lock: they look after their
own requests only.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import ensure_file, is_sqlite, parse_url, postgres_engine, typed_errors
from bot.store.errors import AnotherBot, StoreError

# How long a bot that has just died may seem to be there, because its server has not noticed yet.
GRACE_S = 3.0
AGAIN_S = 0.25
LOOK_EVERY_S = 2.0
# The first half of the advisory lock's key: "g4v" in ASCII. The second is the schema's.
POSTGRES_KEY = 0x673476


class Lock(Protocol):
    """What a serving bot holds."""

    async def acquire(self) -> None:
        """Take it. Raises `AnotherBot` with a sentence that says who has it, or another `StoreError`."""

    async def lost(self) -> StoreError:
        """Wait until another bot has taken it, if ever that happens. Returns why this one has to end."""

    async def release(self) -> None:
        """Give it back; harmless when it was never taken."""


def lock_of(url: str) -> Lock:
    """The lock of a database. Raises `StoreError` for a URL that cannot be used."""
    parsed = parse_url(url)
    return FileLock(parsed) if is_sqlite(parsed) else PostgresLock(parsed)


class FileLock:
    """A lock on a file beside the database's, which the system frees with the process. The file stays."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._path = Path(f"{url.database}.lock")
        self._handle: int | None = None

    async def acquire(self) -> None:
        deadline = asyncio.get_running_loop().time() + GRACE_S
        while True:
            try:
                return await asyncio.to_thread(self._acquire)
            except AnotherBot:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(AGAIN_S)

    async def lost(self) -> StoreError:
        await asyncio.Event().wait()  # nobody can take it while this process lives
        raise AssertionError

    async def release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _acquire(self) -> None:
        with typed_errors():
            ensure_file(self._url)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(handle, 1000)
                os.close(handle)
                raise _taken(_words(holder)) from None
            except BaseException:
                os.close(handle)
                raise
        self._handle = handle
        with suppress(OSError):  # on a full disk others are told less; the lock holds all the same
            os.ftruncate(handle, 0)
            os.write(handle, json.dumps({"host": socket.gethostname(), "pid": os.getpid()}).encode())


def _words(holder: bytes) -> str:
    try:
        found: dict[str, Any] = json.loads(holder)
        return f"process {int(found['pid'])} on {found['host']}"
    except (ValueError, KeyError, TypeError):
        return ""


class PostgresLock:
    """An advisory lock, held by a connection of its own and taken again after a restart of the server."""

    def __init__(self, url: URL) -> None:
        self._name = f"gpt4video {socket.gethostname()[:30]} {os.getpid()} {secrets.token_hex(3)}"  # at most 63 bytes
        self._engine = postgres_engine(url, name=self._name).execution_options(isolation_level="AUTOCOMMIT")
        self._connection: AsyncConnection | None = None

    async def acquire(self) -> None:
        deadline = asyncio.get_running_loop().time() + GRACE_S
        while True:
            try:
                with typed_errors():
                    return await self._acquire()
            except AnotherBot:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(AGAIN_S)

    async def lost(self) -> StoreError:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                if self._connection is None:
                    await self.acquire()
                else:
                    with typed_errors():
                        await self._connection.execute(sa.select(1))
            except AnotherBot as error:
                return error
            except StoreError:  # the server is away: nobody has the lock, and nobody can take it
                await self._drop()

    async def release(self) -> None:
        await self._drop()
        await self._engine.dispose()

    async def _acquire(self) -> None:
        connection = await self._engine.connect()
        try:
            if not await connection.scalar(_TAKE):
                holder = (await connection.execute(_HOLDER)).first()
                if holder is not None and holder.application_name == self._name:
                    # Our own earlier connection, which the server still takes to be there.
                    await connection.execute(sa.select(sa.func.pg_terminate_backend(holder.pid)))
                raise _taken(_holder_of(holder.application_name) if holder is not None else "")
        except BaseException:
            await connection.invalidate()
            await connection.close()
            raise
        self._connection = connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                await connection.invalidate()
                await connection.close()


_KEY = sa.func.hashtext(sa.func.coalesce(sa.func.current_schema(), ""))
_TAKE = sa.select(sa.func.pg_try_advisory_lock(POSTGRES_KEY, _KEY))
_HOLDER = sa.text(
    "SELECT a.pid, a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = :key "
    "AND l.objid::bigint = hashtext(coalesce(current_schema(), ''))::bigint & 4294967295 "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
).bindparams(key=POSTGRES_KEY)


def _holder_of(name: str | None) -> str:
    """Who holds it, from the name that its connection gave itself."""
    match (name or "").split(" "):
        case ["gpt4video", host, pid, _]:
            return f"process {pid} on {host}"
        case _:
            return ""


def _taken(holder: str) -> AnotherBot:
    who = f" ({holder})" if holder else ""
    return AnotherBot(
        f"Another bot already serves this database{who}. Two would answer everything twice: stop that one first, or "
        "give this one a database of its own (database.url)."
    )
