"""On Postgres, which plans by what the tables hold, no query of the store reads through a table that grows."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from bot.store import Ceiling, Store, forgetting, utcnow
from tests.integration.bot.store.making import new_case, one_more
from tests.postgres import PostgresServer

# A history of 20,000 requests of 500 people in 1,000 conversations of 20 communities, 20 of them open.
PLACE = "'web', 'club' || n % 20, 'c', '', 'k' || n % 1000"
HISTORY = f"""
INSERT INTO conversations (platform, community, channel, thread, key, created_at, active_at)
    SELECT {PLACE}, now(), now() FROM generate_series(0, 999) n;
INSERT INTO requests (platform, community, channel, thread, conversation, id, event_id, kind, author_id, author_name,
                      text, params, reply_ref, clips, state, attempts, created_at, finished_at)
    SELECT {PLACE}, 'r' || n, 'e' || n, 'ask', 'u' || n % 500, '', repeat('x', 100), '{{}}', '', '[]',
           CASE WHEN n % 1000 = 0 THEN 'running' ELSE 'done' END, 1, now() - n * interval '1 min',
           CASE WHEN n % 1000 = 0 THEN NULL ELSE now() - n * interval '1 min' END
    FROM generate_series(0, 19999) n;
INSERT INTO deliveries SELECT id, '{{}}', now(), now() FROM requests WHERE finished_at IS NOT NULL;
INSERT INTO turns (conversation, request, role, text, clips, at)
    SELECT conversation, id, role, repeat('x', 100), '[]', now()
    FROM requests, (VALUES ('user'), ('assistant')) roles (role);
INSERT INTO events_seen SELECT 'web', event_id, created_at FROM requests;
INSERT INTO usage SELECT id, 'asks', platform, community, author_id, created_at, 1 FROM requests;
INSERT INTO cases (id, kind, request, platform, community, channel, thread, author_id, author_name, asker_id,
                   asker_name, words, snapshot, state, at, decided_by, decided_at, outcome, ref)
    SELECT 'case' || n, 'report', 'r' || n, 'web', 'club' || n % 20, 'c', '', 'u' || n % 500, '', 'u0', '', '', '{{}}',
           CASE WHEN n % 1000 = 1 THEN 'open' ELSE 'kept' END, now(), '',
           CASE WHEN n % 1000 = 1 THEN NULL ELSE now() END, 'Done.', 'card'
    FROM generate_series(0, 9999) n;
INSERT INTO audit (at, kind, request, platform, community, channel, conversation, author, check_point, category, score,
                   threshold, action, time_s, excerpt, guard, details)
    SELECT created_at, CASE WHEN seq % 1000 = 0 THEN 'change' ELSE 'decision' END, id, platform, community, channel,
           conversation, author_id, 'question', 'hate', 0.5, 0.7, 'allow', NULL, 'words', '', '{{}}' FROM requests;
ANALYZE;
"""
SCANS = "SELECT relname, seq_scan FROM pg_stat_user_tables"
OURS = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'store' AND pid != pg_backend_pid()"
SMALL = {"alembic_version", "settings", "quotas", "policies", "installations"}


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_neither_looking_up_nor_forgetting_reads_through_a_table(
    database_url: str, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        forgetting, "SOME", 20
    )  # as small against this history as the real number is against a real one
    connection = await asyncpg.connect(host=str(postgres.folder), user="tester", database="store")
    try:
        await connection.execute(HISTORY)
        await connection.fetchval("SELECT pg_stat_force_next_flush()")
        before = dict(await connection.fetch(SCANS))
        store = Store(database_url)
        await use(store)
        await store.close()
        async with asyncio.timeout(20):
            while await connection.fetchval(OURS):  # a connection's counts are there once it is gone
                pass
        after = dict(await connection.fetch(SCANS))
    finally:
        await connection.close()
    assert {
        name: after[name] - before[name] for name in after if name not in SMALL and after[name] != before[name]
    } == {}


async def use(store: Store) -> None:
    """Everything that is done every day, with something to find or to delete."""
    now = utcnow()
    assert await store.history("k7")
    assert await store.turns("k7")
    assert await store.waiting("web", "u0")
    assert await store.unfinished(["web"])
    assert await store.undelivered(["web"]) == []
    assert await store.request("r5")
    assert len(await store.asked("web", ["e5", "e6"])) == 2
    assert len(await store.turns_of(["r5", "r6"])) == 4
    assert await store.usage("web", "club5", "u5", now - timedelta(hours=1))
    await store.reserve(one_more(request="new", community="club5", author="u5"), [Ceiling("asks", 3600, 99)])
    await store.charge("new", "asks", 2.0)
    await store.release("new")
    assert await store.cases("web", "club1")
    assert await store.cases("web", "club1", open_only=False)
    assert await store.cards_missing(["web"]) == []
    assert await store.cases_unsettled(["web"]) == []
    case, _ = await store.open_case(new_case("r12000", community="club0"))
    await store.note_card(case.id, "card")
    assert await store.rule_case(case.id, "upheld", by="mod")
    assert await store.audit(platform="web", community="club5", author="u5")
    assert await store.audit(platform="web", community="club0", kind="change")
    assert (await store.kept("web", "u9")).questions
    assert (await store.kept("web", "u9", "k9")).questions
    assert (await store.erase("r17")).requests
    assert (await store.forget("k30")).requests
    assert (await store.forget_author("web", "u40", "k40")).requests
    assert (await store.forget_author("web", "u40")).requests
    assert len((await store.prune("web", "club6", now - timedelta(days=1), limit=50)).requests) == 50
    assert await store.prune_records(
        events_before=now - timedelta(minutes=19_900),
        usage_before=now - timedelta(minutes=19_900),
        audit_before=now - timedelta(minutes=19_900),
    )
