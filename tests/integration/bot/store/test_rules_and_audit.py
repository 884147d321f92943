"""Rules, their changes and the audit, on both databases."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from bot.store import NewDecision, RecordRefused, RuleRow, Store


def decision(**changes: Any) -> NewDecision:
    values: dict[str, Any] = {
        "request": "r1",
        "platform": "web",
        "community": "club",
        "channel": "cinema",
        "conversation": "web/club/cinema/",
        "author": "u1",
        "where": "clip",
        "category": "violence",
        "score": 0.83,
        "threshold": 0.7,
        "action": "block",
        "time_s": 7.0,
        "excerpt": "",
        "guard": "opennsfw",
    }
    return NewDecision(**values | changes)


async def test_the_rules_of_a_place_are_those_of_every_scope_around_it_widest_first(store: Store) -> None:
    everyone = RuleRow("", "", "", "violence", 0.9, "warn")
    community = RuleRow("web", "club", "", "violence", 0.8, "block")
    place = RuleRow("web", "club", "cinema", "violence", 0.5, "block")
    for rule in (place, everyone, community):
        await store.set_rule(rule, by="ada")
    await store.set_rule(RuleRow("web", "club", "lobby", "violence", 0.1, "block"), by="ada")
    await store.set_rule(RuleRow("slack", "club", "", "violence", 0.1, "block"), by="ada")

    assert await store.rules("web", "club", "cinema") == [everyone, community, place]
    assert await store.rules("web", "club", "") == [everyone, community]
    assert await store.rules("", "", "") == [everyone]


async def test_every_change_of_a_rule_is_audited_with_who_from_and_to(store: Store, clock) -> None:
    await store.set_rule(RuleRow("web", "club", "", "hate", 0.5, "warn"), by="ada")
    await store.set_rule(RuleRow("web", "club", "", "hate", 0.4, "block"), by="bob")
    assert await store.reset_rule("web", "club", "", "hate", by="eve")
    assert not await store.reset_rule("web", "club", "", "hate", by="eve")

    assert await store.rules("web", "club", "") == []
    changes = await store.audit(category="hate")
    first, second = {"threshold": 0.5, "action": "warn"}, {"threshold": 0.4, "action": "block"}
    assert [(row.kind, row.author, row.details) for row in changes] == [
        ("change", "eve", {"what": "rule", "from": second, "to": None}),
        ("change", "bob", {"what": "rule", "from": first, "to": second}),
        ("change", "ada", {"what": "rule", "from": None, "to": first}),
    ]
    assert all(row.at == clock.now for row in changes)


async def test_concurrent_changes_are_audited_as_one_chain(store: Store) -> None:
    await asyncio.gather(
        *(store.set_rule(RuleRow("web", "", "", "hate", n / 10, "warn"), by=str(n)) for n in range(1, 9))
    )
    rows = (await store.audit(category="hate"))[::-1]
    assert rows[0].details["from"] is None
    for before, after in itertools.pairwise(rows):
        assert after.details["from"] == before.details["to"]


@pytest.mark.parametrize("rule", [RuleRow("", "", "", "hate", 1.2, "warn"), RuleRow("", "", "", "hate", 0.5, "maybe")])
async def test_an_impossible_rule_is_refused_and_not_audited(store: Store, rule: RuleRow) -> None:
    with pytest.raises(RecordRefused):
        await store.set_rule(rule, by="ada")
    assert await store.audit() == []
    assert await store.rules("", "", "") == []


async def test_a_recorded_decision_reads_back(store: Store, clock) -> None:
    await store.record([decision(excerpt="he said")])
    (row,) = await store.audit()
    assert (row.kind, row.at, row.where, row.category, row.score) == ("decision", clock.now, "clip", "violence", 0.83)
    assert (row.threshold, row.action, row.time_s, row.guard) == (0.7, "block", 7.0, "opennsfw")
    assert (row.excerpt, row.author, row.request, row.conversation) == ("he said", "u1", "r1", "web/club/cinema/")


async def test_decisions_are_recorded_all_or_none(store: Store) -> None:
    with pytest.raises(RecordRefused):
        await store.record([decision(), decision(score=7.0)])
    await store.record([])
    assert await store.audit() == []


async def test_the_audit_is_filtered_and_paged_newest_first(store: Store) -> None:
    await store.record([decision(channel=f"c{n % 3}", action="warn" if n % 2 else "block") for n in range(12)])
    await store.record([decision(category="hate", where="answer", platform="slack", score=None)])

    newest = await store.audit(limit=5)
    assert [row.id for row in newest] == sorted((row.id for row in newest), reverse=True)
    rest = await store.audit(before=newest[-1].id)
    assert len(newest) + len(rest) == 13
    assert max(row.id for row in rest) < newest[-1].id

    assert len(await store.audit(channel="c1")) == 4
    assert len(await store.audit(channel="c1", action="warn")) == 2
    assert [row.category for row in await store.audit(where="answer")] == ["hate"]
    assert [row.category for row in await store.audit(platform="slack")] == ["hate"]
    assert await store.audit(platform="web", category="hate") == []


async def test_the_audit_is_filtered_by_who_and_by_decisions_or_changes(store: Store) -> None:
    await store.record([decision(author=f"u{n % 2}") for n in range(4)])
    await store.set_rule(RuleRow("web", "club", "", "hate", 0.5, "warn"), by="u1")
    await store.set_rule(RuleRow("web", "other", "", "hate", 0.5, "warn"), by="u1")

    assert [row.kind for row in await store.audit(author="u1")] == ["change", "change", "decision", "decision"]
    assert {row.author for row in await store.audit(platform="web", community="club", author="u0")} == {"u0"}
    assert [row.community for row in await store.audit(kind="change")] == ["other", "club"]
    assert len(await store.audit(kind="decision")) == 4
    assert len(await store.audit(platform="web", community="club", author="u1", kind="change")) == 1
    first, second = await store.audit(author="u1", limit=2), await store.audit(author="u1", kind="change", limit=1)
    assert second == first[:1]
    assert [row.id for row in await store.audit(author="u1", before=first[-1].id)] == [4, 2]
    assert await store.audit(author="nobody") == []
    assert await store.audit(kind="rumour") == []


async def test_what_else_mattered_to_a_decision_is_kept_with_it(store: Store) -> None:
    await store.record([decision(details={"age_restricted": True}), decision()])
    assert [dict(row.details) for row in await store.audit()] == [{}, {"age_restricted": True}]


async def test_a_what_if_counts_over_scored_decisions_only(store: Store) -> None:
    await store.record([decision(score=n / 10) for n in range(5)])
    await store.record([decision(score=None, threshold=None), decision(category="hate")])
    await store.set_rule(RuleRow("web", "club", "", "violence", 0.2, "block"), by="ada")
    found = await store.decisions(platform="web", community="club", category="violence", limit=3)
    assert [row.score for row in found] == [0.4, 0.3, 0.2]
    assert await store.decisions(platform="web", community="other", category="violence") == []
