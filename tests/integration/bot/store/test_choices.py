"""Settings and quotas of communities, on both databases. Rules have their own tests."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from bot.store import AuditRow, QuotaRow, RecordRefused, Store


def quota(subject: str = "", measure: str = "asks", window: str = "day", amount: float | None = 10.0) -> QuotaRow:
    return QuotaRow("web", "club", subject, measure, window, amount)


def told(row: AuditRow) -> tuple[str, Any, Any, bool, bool]:
    """Who changed what, and what was the operator's default before and after."""
    details = row.details
    return row.author, details["from"], details["to"], details["from_default"], details["to_default"]


# --- settings ------------------------------------------------------------------------------------------------------


async def test_a_community_has_no_settings_of_its_own_at_first(store: Store) -> None:
    assert await store.settings("web", "club") == {}


@pytest.mark.parametrize(
    "value", [{"mode": "only", "channels": ["1", "2"]}, "large", "", 30, 0, 1.5, True, [], None, "nul \x00 🎬"]
)
async def test_a_setting_is_any_json_value_and_reads_back_as_it_was(store: Store, value: Any) -> None:
    await store.set_setting("web", "club", "model", "another", by="ada")
    await store.set_setting("web", "club", "model", value, by="ada")
    assert await store.settings("web", "club") == {"model": value}


async def test_settings_are_their_communitys_own(store: Store) -> None:
    await store.set_setting("web", "club", "model", "a", by="ada")
    await store.set_setting("web", "other", "model", "b", by="ada")
    await store.set_setting("slack", "club", "model", "c", by="ada")
    await store.set_setting("web", "club", "retention_days", 7, by="ada")
    assert await store.settings("web", "club") == {"model": "a", "retention_days": 7}


async def test_a_reset_setting_is_gone_and_a_second_reset_says_that_there_was_none(store: Store) -> None:
    await store.set_setting("web", "club", "model", None, by="ada")
    assert await store.reset_setting("web", "club", "model", by="eve")
    assert not await store.reset_setting("web", "club", "model", by="eve")
    assert await store.settings("web", "club") == {}


async def test_every_change_of_a_setting_is_audited_and_a_value_of_none_is_no_default(store: Store, clock) -> None:
    await store.set_setting("web", "club", "retention_days", 7, by="ada")
    await store.set_setting("web", "club", "retention_days", None, by="bob")
    await store.reset_setting("web", "club", "retention_days", by="eve")
    changes = await store.audit(kind="change")
    assert [told(row) for row in changes] == [
        ("eve", None, None, False, True),
        ("bob", 7, None, False, False),
        ("ada", None, 7, True, False),
    ]
    row = changes[0]
    assert (row.platform, row.community, row.channel, row.at, row.category) == ("web", "club", "", clock.now, "")
    assert (row.details["what"], row.details["name"]) == ("setting", "retention_days")


async def test_a_value_that_is_no_json_is_refused_and_not_audited(store: Store) -> None:
    for value in (object(), float("nan")):
        with pytest.raises(RecordRefused):
            await store.set_setting("web", "club", "model", value, by="ada")
    assert await store.settings("web", "club") == {}
    assert await store.audit() == []


# --- quotas --------------------------------------------------------------------------------------------------------


async def test_quotas_read_back_everyones_first_then_roles_then_users(store: Store) -> None:
    rows = [
        quota("user:7", amount=None),
        quota("role:3", "gpu_seconds", "hour", 90.5),
        quota("", "videos", "day", 0),
        quota("", "asks", "hour", 4),
    ]
    for row in rows:
        await store.set_quota(row, by="ada")
    assert await store.quotas("web", "club") == [rows[3], rows[2], rows[1], rows[0]]
    assert await store.quotas("web", "other") == []


async def test_setting_a_quota_again_replaces_it(store: Store) -> None:
    await store.set_quota(quota(amount=10), by="ada")
    await store.set_quota(quota(amount=None), by="ada")
    assert await store.quotas("web", "club") == [quota(amount=None)]


async def test_every_change_of_a_quota_is_audited_and_no_limit_is_no_default(store: Store) -> None:
    await store.set_quota(quota("role:3", amount=10), by="ada")
    await store.set_quota(quota("role:3", amount=None), by="bob")
    assert await store.reset_quota("web", "club", "role:3", "asks", "day", by="eve")
    assert not await store.reset_quota("web", "club", "role:3", "asks", "day", by="eve")
    changes = await store.audit(kind="change")
    assert [told(row) for row in changes] == [
        ("eve", None, None, False, True),
        ("bob", 10, None, False, False),
        ("ada", None, 10, True, False),
    ]
    details = changes[0].details
    assert [details[name] for name in ("what", "subject", "measure", "window")] == ["quota", "role:3", "asks", "day"]


@pytest.mark.parametrize(
    "row",
    [
        quota(amount=-1),
        quota(amount=float("nan")),
        quota(amount=float("inf")),
        quota(measure="likes"),
        quota(window="year"),
    ],
)
async def test_an_impossible_quota_never_becomes_a_limit_that_limits_nothing(store: Store, row: QuotaRow) -> None:
    with pytest.raises(RecordRefused):
        await store.set_quota(row, by="ada")
    assert await store.quotas("web", "club") == []
    assert await store.audit() == []


async def test_changes_at_the_same_time_are_audited_as_one_chain(store: Store, database_url: str) -> None:
    other = Store(database_url)
    await asyncio.gather(
        *(place.set_quota(quota(amount=n), by=str(n)) for place in (store, other) for n in range(6)),
        *(place.set_setting("web", "club", "model", n, by=str(n)) for place in (store, other) for n in range(6)),
    )
    await other.close()
    for what in ("quota", "setting"):
        rows = [row for row in (await store.audit(kind="change"))[::-1] if row.details["what"] == what]
        assert len(rows) == 12
        assert rows[0].details["from_default"]
        for before, after in itertools.pairwise(rows):
            assert after.details["from"] == before.details["to"]
