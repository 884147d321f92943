"""Both databases, and the assistant with a scripted engine on each: a SQLite file, one Postgres server per session."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.store import Store, migrate, schema
from tests.fakes.house import House
from tests.postgres import PostgresServer, throw_away


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server, or a visible skip that says why there is none (a failure when everything is required)."""
    yield from throw_away()


@pytest.fixture(scope="session")
def postgres_url(postgres: PostgresServer) -> str:
    """A migrated database, to be emptied before each test."""
    asyncio.run(postgres.sql("CREATE DATABASE store"))
    url = postgres.url("store")
    migrate(url)
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "bot.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated, empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_template'), tmp_path / 'bot.db')}"
    url: str = request.getfixturevalue("postgres_url")
    tables = ", ".join(schema.metadata.tables)
    server: PostgresServer = request.getfixturevalue("postgres")
    asyncio.run(server.sql(f"TRUNCATE {tables} RESTART IDENTITY", database="store"))
    return url


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    store = Store(database_url)
    await store.open()
    house = House(tmp_path, store)
    yield house
    await house.assistant.drain(1)
    await store.close()
