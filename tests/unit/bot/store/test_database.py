"""URLs, driver errors and column types, without a database."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone

import asyncpg
import pytest
from sqlalchemy import exc
from sqlalchemy.dialects import postgresql, sqlite

from bot.store import (
    RecordRefused,
    RequestState,
    SchemaOutdated,
    StorageFull,
    StoreError,
    StoreUnavailable,
)
from bot.store.database import describe, parse_url
from bot.store.errors import StoreRefused, is_transient, translate
from bot.store.schema import People, UtcDateTime


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("sqlite:////data/bot.db", "sqlite+pysqlite:////data/bot.db"),
        ("sqlite+aiosqlite:///bot.db", "sqlite+pysqlite:///bot.db"),
        ("postgres://ada@host/db", "postgresql+asyncpg://ada@host/db"),
        ("postgresql://ada@host/db", "postgresql+asyncpg://ada@host/db"),
        ("postgresql://host/db?sslmode=require", "postgresql+asyncpg://host/db?ssl=require"),
    ],
)
def test_the_usual_spellings_of_a_url_are_understood(given: str, used: str) -> None:
    assert str(parse_url(given)) == used


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:////data/bot.db", "sqlite /data/bot.db"),
        ("postgresql://ada:hunter2@db.example/bot?password=x", "postgresql db.example/bot"),
        ("postgresql:///bot?host=/run/pg", "postgresql /run/pg/bot"),
    ],
)
def test_a_database_is_described_without_user_and_password(url: str, told: str) -> None:
    assert describe(parse_url(url)) == told


def wrapped(original: Exception, kind: type[exc.DBAPIError] = exc.OperationalError) -> exc.DBAPIError:
    return kind("INSERT INTO secret VALUES (?)", {"text": "private"}, original)


def sqlite_error(name: str, text: str = "") -> exc.DBAPIError:
    error = sqlite3.OperationalError(text or name)
    error.sqlite_errorname = name
    return wrapped(error)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SQLITE_FULL", StorageFull),
        ("SQLITE_IOERR_WRITE", StorageFull),
        ("SQLITE_BUSY", StoreUnavailable),
        ("SQLITE_BUSY_SNAPSHOT", StoreUnavailable),
        ("SQLITE_CANTOPEN_ISDIR", StoreRefused),
        ("SQLITE_READONLY", StoreRefused),
        ("SQLITE_CORRUPT_INDEX", StoreError),
        ("SQLITE_CONSTRAINT_CHECK", RecordRefused),
        ("SQLITE_SOMETHING_NEW", StoreError),
    ],
)
def test_sqlites_errors_become_ours(name: str, kind: type[StoreError]) -> None:
    assert type(translate(sqlite_error(name))) is kind


@pytest.mark.parametrize(
    ("original", "kind", "transient"),
    [
        (asyncpg.DiskFullError("x"), StorageFull, False),
        (asyncpg.TooManyConnectionsError("x"), StoreUnavailable, False),
        (asyncpg.AdminShutdownError("x"), StoreUnavailable, True),
        (asyncpg.CannotConnectNowError("x"), StoreUnavailable, True),
        (asyncpg.ConnectionDoesNotExistError("x"), StoreUnavailable, True),
        (asyncpg.DeadlockDetectedError("x"), StoreUnavailable, True),
        (asyncpg.InvalidPasswordError("x"), StoreRefused, False),
        (asyncpg.InvalidCatalogNameError("x"), StoreRefused, False),
        (asyncpg.UndefinedTableError("x"), SchemaOutdated, False),
        (ConnectionRefusedError(111, "x"), StoreUnavailable, True),
        (TimeoutError(), StoreUnavailable, False),
    ],
)
def test_postgres_errors_become_ours(original: Exception, kind: type[StoreError], transient: bool) -> None:
    for error in (original, wrapped(original, exc.DBAPIError)):
        assert type(translate(error)) is kind
        assert is_transient(error) is transient


def test_no_sentence_repeats_a_statement_or_a_value() -> None:
    told = str(translate(sqlite_error("SQLITE_ERROR", "near private: syntax error")))
    assert "private" not in told
    assert "INSERT" not in told


def test_a_bug_is_not_dressed_up_as_a_database_error() -> None:
    assert translate(KeyError("oops")) is None


def test_times_are_stored_in_utc_and_read_as_aware() -> None:
    column = UtcDateTime()
    noon = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        stored = column.process_bind_param(noon, dialect)
        read = column.process_result_value(stored, dialect)
        assert read == noon
        assert read is not None
        assert read.tzinfo is UTC
    with pytest.raises(ValueError, match="aware"):
        column.process_bind_param(datetime(2026, 7, 1), sqlite.dialect())  # noqa: DTZ001


def test_text_that_no_database_takes_is_mended_and_all_other_text_kept() -> None:
    mend = People().process_bind_param
    assert mend("a\x00b\ud83dc", sqlite.dialect()) == "a\ufffdb\ufffdc"
    assert mend("🎬 é \u202e\n", sqlite.dialect()) == "🎬 é \u202e\n"
    assert mend("\ud83c\udfac", sqlite.dialect()) == "🎬"  # both halves of a pair, as JavaScript may send them


def test_a_request_is_open_or_ended() -> None:
    assert {state for state in RequestState if not state.terminal} == {RequestState.ACCEPTED, RequestState.RUNNING}
