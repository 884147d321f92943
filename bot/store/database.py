"""Connections and transactions: the one place that knows how SQLite and Postgres differ. It knows no table.

The work of a transaction is a plain function of a SQLAlchemy connection. For SQLite it runs as a whole in a thread, so
that the event loop waits once per transaction and not several times per statement (three times as fast, measured by
`benchmarks/store.py`); for Postgres it runs in SQLAlchemy's greenlet over asyncpg. What a driver raises comes out as
a `StoreError`.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store.errors import CLOSED, StoreClosed, StoreError, is_transient, translate

T = TypeVar("T")
Work = Callable[[sa.Connection], T]

_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+aiosqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
# How long a writer waits for a writer of another process. Ours take milliseconds; a backup tool may take many seconds.
SQLITE_BUSY_MS = 30_000
# How SQLite commits. In WAL mode NORMAL already survives the death of any process, kill -9 included: what was
# committed is in the cache of the system. FULL adds an fsync, so that a power cut takes nothing back either. Of some
# eight commits a request only accepting needs it: an end that a power cut takes back is made again from there.
SQLITE_SYNCHRONOUS = "NORMAL"
SQLITE_SYNCHRONOUS_DURABLE = "FULL"
POSTGRES_CONNECT_S = 10
POSTGRES_COMMAND_S = 30
_READ_ONLY = "gpt4video_read_only"


def parse_url(text: str) -> URL:
    """Check a database URL and choose its driver. Raises `StoreError`, never repeating the URL."""
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


def ensure_file(url: URL) -> None:
    """Make a SQLite file and its folder, readable for their owner only. Blocks; raises OSError."""
    if is_sqlite(url) and url.database:
        file = Path(url.database)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)  # SQLite gives its -wal and -shm files the same mode
        for kept in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
            with suppress(OSError):  # not there, or another user's
                kept.chmod(kept.stat().st_mode & 0o700)


def connect_database(url: URL) -> Database:
    """The database that a checked URL names. Connects with the first read or write."""
    return SqliteDatabase(url) if is_sqlite(url) else PostgresDatabase(url)


class Database(Protocol):
    """Runs reads and writes. One per process; safe to use concurrently. Everything raises `StoreError`."""

    @property
    def insert(self) -> Callable[[sa.Table], Any]:
        """The dialect's INSERT, the one that knows ON CONFLICT."""

    async def read(self, work: Work[T]) -> T:
        """Run `work` with a connection to read from."""

    async def write(self, work: Work[T], *, repeatable: bool = True, durable: bool = False) -> T:
        """Run `work` in one transaction. A cancelled caller leaves at once, but the transaction runs to its end.

        What was written survives the death of this process; what is `durable` survives a power cut, too.
        After a lost connection it is unknown whether a COMMIT that was sent has happened. `repeatable` says that
        `work` notices its own earlier success, so that it is tried once more even then.
        """

    async def close(self) -> None:
        """Wait for what is under way, then disconnect."""


# What both kinds of engine share.
_OPTIONS: dict[str, Any] = {
    "hide_parameters": True,  # what people wrote stays out of logs
    "json_serializer": partial(json.dumps, allow_nan=False, separators=(",", ":")),
    "pool_size": 5,
}


def one_at_a_time(connection: sa.Connection, *names: str) -> None:
    """Let transactions that name the same thing here wait for each other, until they end.

    On SQLite every write does. Postgres' own row locks do not where there is no row yet, and a row that is deleted and
    inserted again by several at once is a known way into deadlocks there.
    """
    if connection.dialect.name == "postgresql":
        # As ASCII: names are other people's, and Postgres takes neither NUL nor half a surrogate pair.
        key = sa.literal(json.dumps(names))
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, 0))))


def lock_table(connection: sa.Connection, table: sa.Table) -> None:
    """Let nobody else write to a (small) table until the transaction ends. On SQLite nobody does anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))


# --- SQLite --------------------------------------------------------------------------------------------------------


def sqlite_engine(url: URL, *, durable: bool = False) -> sa.Engine:
    """An engine whose transactions are `BEGIN IMMEDIATE`, or none at all for reads."""
    synchronous = SQLITE_SYNCHRONOUS_DURABLE if durable else SQLITE_SYNCHRONOUS
    # isolation_level None: sqlite3 opens no transaction behind our back, so that BEGIN and DDL are really ours.
    engine = sa.create_engine(url, connect_args={"isolation_level": None}, **_OPTIONS)
    event.listen(engine, "connect", partial(_prepare_sqlite, synchronous))
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(synchronous: str, connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")
    _use_wal(cursor)
    cursor.execute(f"PRAGMA synchronous={synchronous}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _use_wal(cursor: DBAPICursor) -> None:
    """Switch to WAL, which lasts, so that only a new file needs it. SQLite does not wait there for another writer."""
    deadline = time.monotonic() + SQLITE_BUSY_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)  # in a thread, as all work on SQLite is


def _begin_immediate(connection: sa.Connection) -> None:
    # A transaction that starts as a reader and turns writer fails at once when somebody else wrote in between;
    # one that starts as a writer waits its turn.
    if not connection.get_execution_options().get(_READ_ONLY):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class SqliteDatabase:
    """A SQLite file, worked on by a thread that writes and a few that read."""

    insert = staticmethod(sqlite.insert)

    def __init__(self, url: URL) -> None:
        self._url = url
        self._engine = sqlite_engine(url)
        self._durable = sqlite_engine(url, durable=True)
        self._readers = self._engine.execution_options(**{_READ_ONLY: True})
        # One writer at a time is SQLite's own limit. Queueing for a thread is cheap; SQLite's lock means polling.
        self._write_thread = ThreadPoolExecutor(1, "store-write")
        self._read_threads = ThreadPoolExecutor(3, "store-read")
        self._closed = False

    def __repr__(self) -> str:
        return f"<SqliteDatabase {describe(self._url)}>"

    async def read(self, work: Work[T]) -> T:
        return await self._run(self._read_threads, self._read, work)

    async def write(self, work: Work[T], *, repeatable: bool = True, durable: bool = False) -> T:
        del repeatable  # a file does not lose its connection
        run = self._write_durably if durable else self._write
        return await asyncio.shield(self._run(self._write_thread, run, work))

    def _run(self, threads: ThreadPoolExecutor, run: Callable[[Work[T]], T], work: Work[T]) -> asyncio.Future[T]:
        if self._closed:
            raise StoreClosed(CLOSED)
        return asyncio.get_running_loop().run_in_executor(threads, run, work)

    async def close(self) -> None:
        self._closed = True
        await asyncio.to_thread(self._close)

    def _read(self, work: Work[T]) -> T:
        with typed_errors(), self._readers.connect() as connection:
            return work(connection)

    def _write(self, work: Work[T]) -> T:
        with typed_errors(), self._engine.begin() as connection:
            return work(connection)

    def _write_durably(self, work: Work[T]) -> T:
        with typed_errors(), self._durable.begin() as connection:
            return work(connection)

    def _close(self) -> None:
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        self._engine.dispose()
        self._durable.dispose()


# --- Postgres ------------------------------------------------------------------------------------------------------


def postgres_engine(url: URL, *, name: str = "gpt4video") -> AsyncEngine:
    """An engine that gives up on a server that does not answer. `name` is what the server calls its connections."""
    connect: dict[str, Any] = {"timeout": POSTGRES_CONNECT_S, "command_timeout": POSTGRES_COMMAND_S}
    connect["server_settings"] = {"application_name": name}
    return create_async_engine(url, connect_args=connect, **_OPTIONS)


class PostgresDatabase:
    """A Postgres server. What fails because the connection was lost is tried once more on a fresh one."""

    insert = staticmethod(postgresql.insert)

    def __init__(self, url: URL) -> None:
        self._url = url
        self._engine = postgres_engine(url)
        self._readers = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writes: set[asyncio.Task[Any]] = set()
        self._closed = False

    def __repr__(self) -> str:
        return f"<PostgresDatabase {describe(self._url)}>"

    async def read(self, work: Work[T]) -> T:
        async def attempt(_sent: Callable[[], None]) -> T:
            async with self._readers.connect() as connection:
                return await connection.run_sync(work)

        self._check_open()
        return await _twice(attempt, repeatable=True)

    async def write(self, work: Work[T], *, repeatable: bool = True, durable: bool = False) -> T:
        del durable  # Postgres commits are

        async def attempt(sent: Callable[[], None]) -> T:
            async with self._engine.connect() as connection, connection.begin() as transaction:
                result = await connection.run_sync(work)
                sent()
                await transaction.commit()
                return result

        self._check_open()
        task = asyncio.ensure_future(_twice(attempt, repeatable))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return await asyncio.shield(task)

    async def close(self) -> None:
        self._closed = True
        while self._writes:
            await asyncio.wait(self._writes)
        await self._engine.dispose()

    def _check_open(self) -> None:
        if self._closed:  # the pool would quietly connect again
            raise StoreClosed(CLOSED)


async def _twice(attempt: Callable[[Callable[[], None]], Awaitable[T]], repeatable: bool) -> T:
    """Run `attempt`, and once more when it failed for a reason that passes. It calls its argument before COMMIT."""
    committing = False

    def sent() -> None:
        nonlocal committing
        committing = True

    try:
        return await attempt(sent)
    except Exception as error:
        if not is_transient(error) or (committing and not repeatable):
            with typed_errors():
                raise
    with typed_errors():
        return await attempt(sent)


@contextmanager
def typed_errors() -> Iterator[None]:
    """Turn what a driver raises into a `StoreError`; let anything else (a bug, a bad value) pass as it is."""
    try:
        yield
    except Exception as error:
        typed = translate(error)
        if typed is None or typed is error:
            raise
        raise typed from error
