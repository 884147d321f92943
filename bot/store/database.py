"""Connections and transactions: the one place that knows how SQLite and Postgres differ. It knows no table.

A write is one transaction that runs to its end even when its caller is cancelled, and is tried once more when the
connection was lost. What a driver raises comes out as a `StoreError`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.store.errors import StoreError, is_transient, translate

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
# How long a writer waits for a writer of another process. Ours take milliseconds; a backup tool may take seconds.
SQLITE_BUSY_MS = 5_000
POSTGRES_CONNECT_S = 10
POSTGRES_COMMAND_S = 30
_READ_ONLY = "gpt4video_read_only"


def parse_url(text: str) -> URL:
    """Check a database URL and choose its async driver. Raises `StoreError`, never repeating the URL."""
    try:
        url = make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise StoreError(
            "The database URL cannot be read. It looks like sqlite:////folder/bot.db or postgresql://user@host/name."
        ) from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise StoreError(f'Databases of the kind "{url.drivername}" are not supported; use sqlite or postgresql.')
    url = url.set(drivername=driver)
    if is_sqlite(url):
        if not url.database or url.database.startswith((":memory:", "file:")):
            raise StoreError("SQLite needs a file here: memory would forget every request at a restart.")
        return url
    if "sslmode" in url.query:  # libpq's name for it, in most hosters' URLs; the driver calls it ssl
        url = url.update_query_dict({"ssl": url.query["sslmode"]}).difference_update_query(["sslmode"])
    return url


def is_sqlite(url: URL) -> bool:
    """Whether the URL names a SQLite file; otherwise it is Postgres."""
    return url.drivername.startswith("sqlite")


def describe(url: URL) -> str:
    """Where the database is, without user, password or options."""
    if is_sqlite(url):
        return f"sqlite {url.database}"
    return f"postgresql {url.host or url.query.get('host') or 'localhost'}/{url.database or ''}"


def create_engine(url: URL, *, pool_size: int = 5) -> AsyncEngine:
    """An engine whose SQLite transactions are `BEGIN IMMEDIATE`, or none at all for reads. Connects lazily."""
    options: dict[str, Any] = {
        "hide_parameters": True,  # what people wrote stays out of logs
        "json_serializer": partial(json.dumps, allow_nan=False, separators=(",", ":")),
        "pool_size": pool_size,
    }
    if not is_sqlite(url):
        connect = {"timeout": POSTGRES_CONNECT_S, "command_timeout": POSTGRES_COMMAND_S}
        return create_async_engine(url, connect_args=connect, **options)
    # isolation_level None: sqlite3 opens no transaction behind our back, so that BEGIN and DDL are really ours.
    engine = create_async_engine(url, connect_args={"isolation_level": None}, **options)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={SQLITE_BUSY_MS}",
        "journal_mode=WAL",
        # In WAL mode a commit survives the death of any process, kill -9 included, with NORMAL: it is in the
        # system's cache. Only a crash of the whole machine can take back the last commits (never corrupt the file).
        "synchronous=NORMAL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: sa.Connection) -> None:
    # A transaction that starts as a reader and turns writer fails at once when somebody else wrote in between;
    # one that starts as a writer waits its turn.
    if not connection.get_execution_options().get(_READ_ONLY):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class Database:
    """Runs reads and writes. One per process and database; all methods are safe to call concurrently."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.sqlite = is_sqlite(url)
        self._engine = create_engine(url)
        self._readers = self._engine.execution_options(**{_READ_ONLY: True})
        # SQLite has one writer at a time. Waiting here costs nothing; waiting in SQLite means polling with sleeps.
        self._writer: AbstractAsyncContextManager[Any] = asyncio.Lock() if self.sqlite else nullcontext()
        self._writes: set[asyncio.Task[Any]] = set()

    def __repr__(self) -> str:
        return f"<Database {describe(self.url)}>"

    async def close(self) -> None:
        """Wait for the writes under way, then disconnect."""
        while self._writes:
            await asyncio.wait(self._writes)
        await self._engine.dispose()

    async def read(self, work: Work[T]) -> T:
        """Run `work` with a connection to read from."""
        for last in (False, True):
            try:
                async with self._readers.connect() as connection:
                    return await work(connection)
            except Exception as error:
                if not last and is_transient(error):
                    continue
                raise _typed(error) from error
        raise AssertionError("unreachable")

    async def write(self, work: Work[T], *, repeatable: bool = True) -> T:
        """Run `work` in one transaction. A cancelled caller leaves at once, but the transaction runs to its end.

        After a lost connection it is unknown whether a COMMIT that was sent has happened. `repeatable` says that
        `work` notices its own earlier success, so that it is tried again even then.
        """
        task = asyncio.ensure_future(self._write(work, repeatable))
        self._writes.add(task)
        task.add_done_callback(self._written)
        return await asyncio.shield(task)

    def _written(self, task: asyncio.Task[Any]) -> None:
        self._writes.discard(task)
        if not task.cancelled():
            task.exception()  # marks it as seen: the caller may have been cancelled meanwhile

    async def _write(self, work: Work[T], repeatable: bool) -> T:
        for last in (False, True):
            committing = False
            try:
                async with self._writer, self._engine.connect() as connection:
                    transaction = await connection.begin()
                    result = await work(connection)
                    committing = True
                    await transaction.commit()
                    return result
            except Exception as error:
                if not last and is_transient(error) and (repeatable or not committing):
                    continue
                raise _typed(error) from error
        raise AssertionError("unreachable")


def _typed(error: Exception) -> Exception:
    """The `StoreError` for a driver's error; anything else as it is."""
    return translate(error) or error


def ensure_folder(url: URL) -> None:
    """Make the folder of a SQLite file, readable for its owner only. Blocks; raises OSError."""
    if is_sqlite(url) and url.database:
        Path(url.database).expanduser().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
