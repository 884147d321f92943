"""The assistant with a scripted engine, a real SQLite store, and a message that remembers how it looked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store import Store
from tests.fakes.house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    store = Store(f"sqlite:///{tmp_path}/bot.sqlite3")
    await store.open()
    house = House(tmp_path, store)
    yield house
    await house.assistant.drain(1)
    await store.close()
