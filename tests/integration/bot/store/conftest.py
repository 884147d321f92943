"""An empty database of each kind, a clock that the test moves, and an open store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.store import NewRequest, Store
from tests.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'bot.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    asyncio.run(server.sql("CREATE DATABASE empty"))
    yield server.url("empty")
    asyncio.run(server.sql("DROP DATABASE empty WITH (FORCE)"))


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(database_url: str, clock: Clock) -> AsyncIterator[Store]:
    store = Store(database_url, clock=clock)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def new() -> Callable[..., NewRequest]:
    """Makes a request; each has its own event id unless one is given."""
    count = iter(range(1_000_000))

    def make(**changes: Any) -> NewRequest:
        values: dict[str, Any] = {
            "event_id": f"event-{next(count)}",
            "kind": "ask",
            "platform": "web",
            "community": "club",
            "channel": "cinema",
            "thread": "",
            "conversation": "web/club/cinema/",
            "author_id": "u1",
            "author_name": "Ada",
            "text": "What happens here?",
            "reply_ref": "message-1",
        }
        return NewRequest(**values | changes)

    return make
