"""The store's queries, exactly as it runs them, use an index on SQLite: their cost does not grow with the history."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from bot.store import Ceiling, NewRequest, NewUsage, Store, utcnow
from bot.store.database import parse_url, sqlite_engine
from tests.integration.bot.store.making import HERE, answered, opened

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OF_AUTHOR = "ix_usage_platform_community_author_at"
NEW_USAGE = NewUsage(request="r", platform="web", community="club", author="u1", measure="asks")


@pytest.fixture
async def explained(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[tuple[Store, list[str]]]:
    """A store, and the plan of every statement that it has run, foreign keys' own lookups not included."""
    store = Store(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'bot.db')}")
    plans: list[str] = []

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
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
        (lambda s: s.asked("web", ["e1", "e2"]), "requests USING INDEX ix_requests_event_id"),
        (lambda s: s.turns_of(["r1", "r2"]), "turns USING INDEX ix_turns_request"),
        (lambda s: s.waiting("web", "u1"), "requests USING INDEX ix_requests_open"),
        (lambda s: s.settings("web", "club"), "settings USING INDEX"),
        (lambda s: s.quotas("web", "club"), "quotas USING INDEX"),
        (lambda s: s.installation("slack", "T1"), "installations USING INDEX"),
        (lambda s: s.installed("slack"), "installations USING COVERING INDEX"),
        (
            lambda s: s.usage("web", "club", "u1", NOW),
            f"usage USING INDEX {OF_AUTHOR} (platform=? AND community=? AND author=? AND at>?)",
        ),
        (
            lambda s: s.reserve(NEW_USAGE, [Ceiling("asks", 60, 1)]),
            f"usage USING INDEX {OF_AUTHOR} (platform=? AND community=? AND author=? AND at>?)",
        ),
        (lambda s: s.charge("r", "asks", 1.0), "usage USING INDEX sqlite_autoindex_usage_1 (request=? AND measure=?)"),
        (lambda s: s.release("r"), "usage USING INDEX sqlite_autoindex_usage_1 (request=?)"),
        (lambda s: s.case("c"), "cases USING INDEX sqlite_autoindex_cases_1 (id=?)"),
        (lambda s: s.cases("web", "club", open_only=True), "cases USING INDEX ix_cases_open"),
        (lambda s: s.cases("web", "club", open_only=False), "cases USING INDEX ix_cases_community_platform_seq"),
        (lambda s: s.cards_missing(["web", "slack"]), "cases USING INDEX ix_cases_without_card"),
        (lambda s: s.cases_unsettled(["web", "slack"]), "cases USING INDEX ix_cases_unsettled"),
        (lambda s: s.rule_case("c", "kept", by="m"), "cases USING INDEX sqlite_autoindex_cases_1 (id=?)"),
        (lambda s: s.kept("web", "u1"), "requests USING INDEX ix_requests_author_id_platform_seq"),
        (lambda s: s.kept("web", "u1", "c"), "requests USING INDEX ix_requests_author_id_platform_seq"),
        (lambda s: s.forget("c"), "audit USING INDEX ix_audit_conversation"),
        (lambda s: s.erase("r"), "requests USING INDEX sqlite_autoindex_requests_1 (id=?)"),
        (lambda s: s.forget_author("web", "u1"), "requests USING INDEX ix_requests_author_id_platform_seq"),
        (lambda s: s.forget_author("web", "u1"), "cases USING COVERING INDEX ix_cases_author_id_platform"),
        (lambda s: s.forget_author("web", "u1"), "audit USING INDEX ix_audit_author_platform_community_id"),
        (lambda s: s.forget_author("web", "u1", "c"), "cases USING INDEX ix_cases_author_id_platform"),
        (
            lambda s: s.prune("web", "club", NOW),
            "requests USING INDEX ix_requests_ended (community=? AND platform=? AND finished_at>? AND finished_at<?)",
        ),
        (
            lambda s: s.prune_records(events_before=NOW, usage_before=NOW),
            "events_seen USING INDEX ix_events_seen_seen_at",
        ),
        (lambda s: s.prune_records(events_before=NOW, usage_before=NOW), "usage USING INDEX ix_usage_at"),
        (
            lambda s: s.prune_records(events_before=NOW, usage_before=NOW, audit_before=NOW),
            "audit USING COVERING INDEX ix_audit_at",
        ),
        (lambda s: s.rules("web", "club", "cinema"), "policies USING INDEX"),
        (lambda s: s.audit(before=7), "audit USING INTEGER PRIMARY KEY"),
        (lambda s: s.audit(platform="web", community="club"), "audit USING INDEX ix_audit_platform_community"),
        (
            lambda s: s.audit(platform="web", community="club", channel="cinema"),
            "audit USING INDEX ix_audit_platform_community_channel_id",
        ),
        (lambda s: s.audit(category="hate"), "audit USING INDEX ix_audit_category_id"),
        (lambda s: s.audit(action="block"), "audit USING INDEX ix_audit_action_id"),
        (
            lambda s: s.audit(platform="web", community="club", author="u1"),
            "audit USING INDEX ix_audit_author_platform_community_id",
        ),
        (lambda s: s.audit(platform="web", community="club", kind="change"), "audit USING INDEX ix_audit_changes"),
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


async def test_no_way_of_forgetting_reads_through_a_table(
    explained: tuple[Store, list[str]], new: Callable[..., NewRequest]
) -> None:
    """With something to delete, so that every statement runs."""
    store, plans = explained
    place = {"conversation": HERE, "platform": "web", "community": "club"}
    later = utcnow() + timedelta(days=1)
    for forget in (
        lambda request: store.forget(HERE),
        lambda request: store.erase(request),
        lambda request: store.forget_author("web", "u1"),
        lambda request: store.forget_author("web", "u1", HERE),
        lambda request: store.forget_community("web", "club"),
        lambda request: store.prune("web", "club", later),
    ):
        request = await answered(store, new(**place), clip="/clips/1.mp4", quote="words")
        reported = await answered(store, new(**place, author_id="u2"))
        case = await opened(store, request)
        await opened(store, reported, kind="report", author_id="u1")
        await store.kept("web", "u1")
        assert (await forget(request)).requests
        await store.note_card(case.id, "card")
        await store.communities("web")
    assert [step for step in plans if step.startswith("SCAN")] == []


def test_what_goes_along_by_a_foreign_key_is_found_by_an_index(sqlite_template: Path) -> None:
    """ON DELETE CASCADE reads the other table by the foreign key's columns, whatever there is to read it by."""
    engine = sqlite_engine(parse_url(f"sqlite:///{sqlite_template}"))
    inspector = sa.inspect(engine)
    for table in inspector.get_table_names():
        leading = [index["column_names"][:1] for index in inspector.get_indexes(table)]
        leading += [unique["column_names"][:1] for unique in inspector.get_unique_constraints(table)]
        leading.append(inspector.get_pk_constraint(table)["constrained_columns"][:1])
        for key in inspector.get_foreign_keys(table):
            assert key["constrained_columns"] in leading, (table, key)
    engine.dispose()
