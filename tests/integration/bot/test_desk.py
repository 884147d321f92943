"""What an admin can see and change."""

from __future__ import annotations

import pytest

from adapters.base import AttachmentError, AuditQuery, Scope, State
from tests.fakes.house import ADMIN, ROOM, House, Posted

GUILD = Scope("test", "guild")
GENERAL = Scope("test", "guild", "general")


async def test_the_table_says_where_a_rule_comes_from_and_who_scores_it(house: House) -> None:
    await house.desk.set_rule(GUILD, ADMIN, "harassment", 0.5, "warn")
    await house.desk.set_rule(GENERAL, ADMIN, "harassment", 0.9, "block")
    rules = {rule.category: rule for rule in await house.desk.rules(GENERAL)}
    assert (rules["harassment"].threshold, rules["harassment"].origin) == (0.9, "place")
    assert (rules["harassment"].text, rules["harassment"].frames) == (True, False)
    assert rules["violence"].origin == "default"
    wider = {rule.category: rule for rule in await house.desk.rules(GUILD)}
    assert (wider["harassment"].threshold, wider["harassment"].origin) == (0.5, "community")


async def test_a_changed_threshold_holds_for_the_very_next_question(house: House) -> None:
    assert (await (await house.ask("a vile question")).end()).state is State.BLOCKED
    await house.desk.set_rule(GUILD, ADMIN, "harassment", 1.0, "block")
    assert (await (await house.ask("a vile question")).end()).state is State.DONE
    await house.desk.reset_rule(GUILD, ADMIN, "harassment")
    assert (await (await house.ask("a vile question")).end()).state is State.BLOCKED


async def test_every_change_of_a_rule_is_in_the_audit(house: House) -> None:
    await house.desk.set_rule(GUILD, ADMIN, "violence", 0.4, "warn")
    (entry,) = await house.desk.audit(AuditQuery())
    assert (entry.kind, entry.author, entry.category, entry.threshold) == ("change", "root", "violence", 0.4)


@pytest.mark.parametrize(
    ("category", "threshold", "action"), [("rudeness", 0.5, "block"), ("hate", 1.5, "block"), ("hate", 0.5, "ban")]
)
async def test_impossible_rules_are_refused(house: House, category: str, threshold: float, action: str) -> None:
    with pytest.raises(ValueError, match=r"\."):
        await house.desk.set_rule(GUILD, ADMIN, category, threshold, action)


async def test_what_if_counts_the_decisions_that_would_turn(house: House) -> None:
    await (await house.ask("a vile question")).end()
    await (await house.ask("a kind question")).end()
    stricter = await house.desk.what_if(GUILD, "harassment", 0.005)
    looser = await house.desk.what_if(GUILD, "harassment", 1.0)
    assert (stricter.would_block, stricter.would_allow) == (2, 0)
    assert (looser.would_block, looser.would_allow) == (0, 1)


async def test_a_trial_judges_and_leaves_no_trace(house: House) -> None:
    assert not (await house.desk.try_text(GUILD, "a vile text")).allowed
    trial = await house.desk.try_clip(GUILD, Posted("nude.mp4"))
    assert (trial.allowed, trial.scores) == (False, {"sexual": 0.95})
    assert await house.store.audit() == []
    assert house.files() == []


async def test_a_trial_of_a_file_that_cannot_be_read_is_a_sentence(house: House) -> None:
    with pytest.raises(AttachmentError, match="I take up to"):
        await house.desk.try_clip(GUILD, Posted(data=b"x" * 5000))


async def test_the_audit_can_be_filtered(house: House) -> None:
    await (await house.ask("a vile question")).end()
    await (await house.ask("a kind question")).end()
    blocked = await house.desk.audit(AuditQuery(action="block"))
    assert [(entry.where, entry.place) for entry in blocked] == [("question", "test/guild/general")]
    assert ROOM.community == "guild"
