"""The store's queries, exactly as it runs them, use an index on SQLite: their cost does not grow with the history."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from bot.store import Store


@pytest.fixture
async def explained(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[tuple[Store, list[str]]]:
    """A store, and the plan of every SELECT that it has run."""
    store = Store(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'bot.db')}")
    plans: list[str] = []

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in cursor.fetchall())

    event.listen(sa.Engine, "before_cursor_execute", explain)
    try:
        yield store, plans
    finally:
        event.remove(sa.Engine, "before_cursor_execute", explain)
        await store.close()


Query = Callable[[Store], Awaitable[Any]]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (lambda s: s.turns("c"), "turns USING INDEX ix_turns_conversation_id"),
        (lambda s: s.history("c"), "requests USING INDEX ix_requests_conversation_seq"),
        (lambda s: s.unfinished(), "requests USING INDEX ix_requests_open"),
        (lambda s: s.unfinished(["web", "slack"]), "requests USING INDEX ix_requests_open"),
        (lambda s: s.undelivered(["web"]), "deliveries USING INDEX ix_deliveries_open"),
        (lambda s: s.request("r"), "requests USING INDEX sqlite_autoindex_requests_1 (id=?)"),
        (lambda s: s.find("web", "e1"), "requests USING INDEX ix_requests_event_id"),
        (lambda s: s.rules("web", "club", "cinema"), "policies USING INDEX"),
        (lambda s: s.audit(before=7), "audit USING INTEGER PRIMARY KEY"),
        (lambda s: s.audit(platform="web", community="club"), "audit USING INDEX ix_audit_platform_community"),
        (
            lambda s: s.audit(platform="web", community="club", channel="cinema"),
            "audit USING INDEX ix_audit_platform_community_channel_id",
        ),
        (lambda s: s.audit(category="hate"), "audit USING INDEX ix_audit_category_id"),
        (lambda s: s.audit(action="block"), "audit USING INDEX ix_audit_action_id"),
        (lambda s: s.decisions(category="hate"), "audit USING INDEX ix_audit_category_id"),
    ],
)
async def test_a_query_uses_its_index(explained: tuple[Store, list[str]], query: Query, index: str) -> None:
    store, plans = explained
    await query(store)
    assert any(index in step for step in plans), plans
    assert not [step for step in plans if "TEMP B-TREE" in step], "a sort reads everything before the first row"


async def test_the_unfiltered_audit_walks_its_key_and_stops(explained: tuple[Store, list[str]]) -> None:
    store, plans = explained
    await store.audit(limit=5)
    assert plans == ["SCAN audit"]  # by descending key, without a sort, so LIMIT ends it
