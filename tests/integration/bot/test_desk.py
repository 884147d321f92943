"""What admins and moderators can see and change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapters.base import (
    AGE_RESTRICTED,
    AttachmentError,
    Audience,
    AuditEntry,
    AuditQuery,
    Author,
    CaseState,
    Measure,
    ModelOption,
    Place,
    Quota,
    Refusal,
    Rooms,
    Scope,
    State,
    Window,
)
from bot.access import Access, Defaults
from bot.desk import Desk
from bot.safety import Action, Decision, Verdict, Where
from engine.types import Category
from tests.fakes.house import ADMIN, ANN, ROOM, House, Posted

GUILD = Scope("test", "guild")
GENERAL = Scope("test", "guild", "general")
PROFILE = Scope("test", "guild", AGE_RESTRICTED)
MODERATOR = Author("mod", "Mod", is_moderator=True)
DEFAULT = Quota("", Measure.VIDEOS, Window.DAY, 10, "default")
MODELS = [ModelOption("storyboard", "Storyboard (lite)"), ModelOption("wan", "Wan 2.1")]


class Bench:
    """Stands where the cases stand, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    async def list(self, scope: Scope, *, open_only: bool = True, limit: int = 25) -> list[Any]:
        self.asked.append((scope, open_only, limit))
        return ["the newest case"]

    async def rule(self, scope: Scope, author: Author, case_id: str, ruling: CaseState) -> Any:
        self.asked.append((scope, author.id, case_id, ruling))
        return "the ruled case"


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def desk(house: House, bench: Bench) -> Desk:
    """A desk over the house's store, with defaults and models of its own."""
    access = Access(house.store, Defaults(quotas=(DEFAULT,), ask=Audience("admins"), retention_days=30))
    cases: Any = bench
    return Desk(house.store, house.safety, house.shelf, access=access, cases=cases, models=lambda: MODELS)


async def changes(desk: Desk) -> list[tuple[str, dict[str, Any]]]:
    """Who changed what, the latest first."""
    entries = await desk.audit(AuditQuery(platform="test", community="guild", kind="change"))
    return [(entry.author, dict(entry.details)) for entry in entries]


# --- settings -----------------------------------------------------------------------------------------------------


async def test_a_setting_holds_and_is_told_from_the_defaults(desk: Desk) -> None:
    before = await desk.settings(GUILD)
    assert (before.ask, before.retention_days, before.own) == (Audience("admins"), 30, frozenset())
    after = await desk.change(GUILD, ADMIN, "ask", Audience("roles", ("painters",)))
    assert (after.ask, after.retention_days, after.own) == (Audience("roles", ("painters",)), 30, frozenset({"ask"}))
    assert await desk.settings(GENERAL) == after  # of whatever place of that community
    assert (await desk.settings(Scope("test", "other"))).own == frozenset()
    assert await desk.reset(GUILD, ADMIN, "ask") == before


async def test_none_is_a_choice_of_its_own(desk: Desk) -> None:
    settings = await desk.change(GUILD, ADMIN, "retention_days", None)
    assert (settings.retention_days, settings.own) == (None, frozenset({"retention_days"}))


async def test_every_change_of_a_setting_is_audited_with_who_what_from_and_to(desk: Desk) -> None:
    await desk.change(GUILD, ADMIN, "rooms", Rooms("only", ("general",)))
    await desk.change(GUILD, ADMIN, "retention_days", 7)
    await desk.change(GUILD, ADMIN, "retention_days", 90)
    await desk.reset(GUILD, ADMIN, "retention_days")
    entries = await changes(desk)
    assert {who for who, _ in entries} == {"root"}
    said = [(entry["what"], entry["name"], entry["from"], entry["to"]) for _, entry in entries]
    assert said == [
        ("setting", "retention_days", 90, None),
        ("setting", "retention_days", 7, 90),
        ("setting", "retention_days", None, 7),
        ("setting", "rooms", None, {"mode": "only", "channels": ["general"]}),
    ]


async def test_impossible_settings_are_refused_with_a_sentence_and_change_nothing(desk: Desk) -> None:
    for name, value in (("rooms", Rooms("only")), ("model", "sora"), ("retention_days", 0), ("colour", "red")):
        with pytest.raises(ValueError, match=r"\.$"):
            await desk.change(GUILD, ADMIN, name, value)
    with pytest.raises(ValueError, match="There is no setting 'colour'"):
        await desk.reset(GUILD, ADMIN, "colour")
    assert (await desk.settings(GUILD)).own == frozenset()
    assert await changes(desk) == []


async def test_the_models_are_those_of_the_operator(desk: Desk) -> None:
    assert desk.models() == MODELS
    assert (await desk.change(GUILD, ADMIN, "model", "wan")).model == "wan"


# --- quotas -------------------------------------------------------------------------------------------------------


async def test_quotas_are_set_listed_after_the_defaults_and_dropped_again(desk: Desk) -> None:
    mine = Quota("role:painters", Measure.GPU_SECONDS, Window.HOUR, 90.5)
    everyone = Quota("", Measure.VIDEOS, Window.DAY, None)
    await desk.set_quota(GUILD, ADMIN, mine)
    assert await desk.set_quota(GUILD, ADMIN, everyone) == [DEFAULT, everyone, mine]
    assert await desk.quotas(Scope("test", "other")) == [DEFAULT]
    left = await desk.reset_quota(GUILD, ADMIN, "role:painters", Measure.GPU_SECONDS, Window.HOUR)
    assert left == [DEFAULT, everyone]


async def test_every_change_of_a_quota_is_audited_with_who_what_from_and_to(desk: Desk) -> None:
    await desk.set_quota(GUILD, ADMIN, Quota("user:ann", Measure.ASKS, Window.HOUR, 3))
    await desk.set_quota(GUILD, ADMIN, Quota("user:ann", Measure.ASKS, Window.HOUR, 5))
    await desk.reset_quota(GUILD, ADMIN, "user:ann", Measure.ASKS, Window.HOUR)
    entries = await changes(desk)
    assert {(who, entry["what"], entry["subject"]) for who, entry in entries} == {("root", "quota", "user:ann")}
    assert [(entry["from"], entry["to"]) for _, entry in entries] == [(5, None), (3, 5), (None, 3)]


async def test_impossible_quotas_are_refused_with_a_sentence(desk: Desk) -> None:
    for quota in (replace(DEFAULT, amount=-1), replace(DEFAULT, amount=0.5), replace(DEFAULT, subject="guild:1")):
        with pytest.raises(ValueError, match=r"\.$"):
            await desk.set_quota(GUILD, ADMIN, quota)
    assert await desk.quotas(GUILD) == [DEFAULT]


# --- who may ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("author", [ANN, MODERATOR])
async def test_only_admins_change_anything(desk: Desk, author: Author) -> None:
    for attempt in (
        desk.change(GUILD, author, "ask", Audience("everyone")),
        desk.reset(GUILD, author, "ask"),
        desk.set_quota(GUILD, author, DEFAULT),
        desk.reset_quota(GUILD, author, "", Measure.VIDEOS, Window.DAY),
        desk.set_rule(GUILD, author, "violence", 0.5, "block"),
        desk.reset_rule(GUILD, author, "violence"),
    ):
        with pytest.raises(Refusal, match="Only admins can change this"):
            await attempt
    assert await changes(desk) == []


@pytest.mark.parametrize("community", ["dm", ""])
async def test_nobody_changes_what_holds_in_direct_messages_or_for_everyone(desk: Desk, community: str) -> None:
    scope = Scope("test", community)
    for attempt in (
        desk.change(scope, ADMIN, "ask", Audience("everyone")),
        desk.reset(scope, ADMIN, "ask"),
        desk.set_quota(scope, ADMIN, DEFAULT),
        desk.reset_quota(scope, ADMIN, "", Measure.VIDEOS, Window.DAY),
        desk.set_rule(scope, ADMIN, "violence", 0.5, "block"),
        desk.reset_rule(scope, ADMIN, "violence"),
    ):
        with pytest.raises(ValueError, match="operator's configuration"):
            await attempt


async def test_moderators_rule_on_cases_and_others_do_not(desk: Desk, bench: Bench) -> None:
    with pytest.raises(Refusal, match="Only moderators"):
        await desk.rule_case(GUILD, ANN, "c1", CaseState.UPHELD)
    assert bench.asked == []
    for judge in (MODERATOR, ADMIN):
        ruled: Any = await desk.rule_case(GUILD, judge, "c1", CaseState.UPHELD)
        assert ruled == "the ruled case"
    listed: Any = await desk.cases(GUILD, open_only=False, limit=3)
    assert listed == ["the newest case"]
    assert bench.asked == [
        (GUILD, "mod", "c1", CaseState.UPHELD),
        (GUILD, "root", "c1", CaseState.UPHELD),
        (GUILD, False, 3),
    ]


# --- rules --------------------------------------------------------------------------------------------------------


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


async def test_the_audit_can_be_filtered_by_who_and_by_kind(house: House) -> None:
    async def found(**filters: Any) -> list[AuditEntry]:
        return list(await house.desk.audit(AuditQuery(**filters)))

    await (await house.ask("a vile question", author=ANN)).end()
    await house.desk.set_rule(GUILD, ADMIN, "harassment", 0.9, "block")
    assert {entry.author for entry in await found(author="ann")} == {"ann"}
    assert [entry.kind for entry in await found(author="root")] == ["change"]
    assert {entry.kind for entry in await found(kind="decision")} == {"decision"}
    assert await found(kind="change", author="ann") == []


# --- age-restricted places ----------------------------------------------------------------------------------------


async def test_the_profile_of_age_restricted_places_lies_between_the_community_and_the_place(house: House) -> None:
    safety, desk = house.safety, house.desk

    async def held(scope: Scope, *, age_restricted: bool) -> list[tuple[float, str]]:
        limits = (await safety.policy(scope, age_restricted=age_restricted)).limits
        wanted = (Category.SEXUAL, Category.VIOLENCE, Category.HATE, Category.HARASSMENT)
        return [(limits[category].threshold, limits[category].origin) for category in wanted]

    for category, threshold in (("sexual", 0.5), ("violence", 0.5), ("hate", 0.5)):
        await desk.set_rule(GUILD, ADMIN, category, threshold, "block")
    for category, threshold in (("sexual", 0.95), ("violence", 0.95)):
        await desk.set_rule(PROFILE, ADMIN, category, threshold, "block")
    await desk.set_rule(GENERAL, ADMIN, "sexual", 0.1, "block")
    assert await held(GENERAL, age_restricted=True) == [
        (0.1, "place"),
        (0.95, "age-restricted"),
        (0.5, "community"),
        (0.7, "default"),
    ]
    assert await held(GENERAL, age_restricted=False) == [
        (0.1, "place"),
        (0.5, "community"),
        (0.5, "community"),
        (0.7, "default"),
    ]
    other = Scope("test", "guild", "other")
    assert (await held(other, age_restricted=True))[0] == (0.95, "age-restricted")
    assert (await held(Scope("test", "another guild", "x"), age_restricted=True))[0] == (0.7, "default")


async def test_the_table_of_the_profile_shows_the_profile_itself(house: House) -> None:
    await house.desk.set_rule(GUILD, ADMIN, "hate", 0.5, "block")
    await house.desk.set_rule(PROFILE, ADMIN, "sexual", 0.95, "warn")
    rules = {rule.category: rule for rule in await house.desk.rules(PROFILE)}
    assert (rules["sexual"].threshold, rules["sexual"].action, rules["sexual"].origin) == (
        0.95,
        "warn",
        "age-restricted",
    )
    assert (rules["hate"].origin, rules["violence"].origin) == ("community", "default")
    assert {rule.origin for rule in await house.desk.rules(GUILD)} == {"community", "default"}
    assert {rule.origin for rule in await house.desk.reset_rule(PROFILE, ADMIN, "sexual")} == {"community", "default"}


async def test_the_table_of_an_age_restricted_place_shows_what_holds_there(house: House) -> None:
    await house.desk.set_rule(PROFILE, ADMIN, "sexual", 0.95, "block")
    night = Scope("test", "guild", "night", age_restricted=True)
    rules = {rule.category: rule for rule in await house.desk.rules(night)}
    assert (rules["sexual"].threshold, rules["sexual"].origin) == (0.95, "age-restricted")
    table = await house.desk.set_rule(night, ADMIN, "sexual", 0.99, "block")
    assert next(rule.origin for rule in table if rule.category == "sexual") == "place"
    assert (await house.desk.try_clip(night, Posted("nude.mp4"))).allowed
    assert not (await house.desk.try_clip(GENERAL, Posted("nude.mp4"))).allowed


# --- what a change would do ---------------------------------------------------------------------------------------


async def remember(house: House, *scores: float, category: Category = Category.VIOLENCE, place: Place = ROOM) -> None:
    """Decisions as the rule of 0.70 made them."""
    for score in scores:
        action = Action.BLOCK if score >= 0.7 else Action.ALLOW
        verdict = Verdict(category, score, 0.7, action, Where.CLIP, "eyes", 1.0)
        await house.safety.record(Decision((verdict,)), Where.CLIP, request="r", place=place, author="ann")


async def test_a_suggestion_names_the_threshold_and_what_else_it_would_change(house: House) -> None:
    await remember(house, 0.1, 0.83, 0.75, 0.9)
    await remember(house, 0.8, place=Place("test", "another guild", "x"))
    assert await house.safety.suggestion(GUILD, "violence", 0.83) == (
        "With violence at 0.85 this would have been shown; 2 of the last 4 decisions here would differ."
    )


@pytest.mark.parametrize(("score", "threshold"), [(0.85, "0.90"), (0.7, "0.75"), (0.96, "1.00"), (0.999, "1.00")])
async def test_the_suggested_threshold_lies_over_the_score(house: House, score: float, threshold: str) -> None:
    line = await house.safety.suggestion(GUILD, "violence", score)
    assert line == f"With violence at {threshold} this would have been shown."


async def test_no_threshold_is_suggested_where_none_would_help(house: House) -> None:
    assert "No threshold would have shown this" in await house.safety.suggestion(GUILD, "violence", 1.0)


async def test_a_rule_that_was_changed_since_is_no_suggestion(house: House) -> None:
    await house.desk.set_rule(GUILD, ADMIN, "violence", 0.9, "block")
    assert "has changed since" in await house.safety.suggestion(GENERAL, "violence", 0.83)
    assert "has changed since" not in await house.safety.suggestion(Scope("test", "other"), "violence", 0.83)


async def test_the_suggestion_for_an_age_restricted_place_is_measured_by_its_profile(house: House) -> None:
    await house.desk.set_rule(PROFILE, ADMIN, "violence", 0.9, "block")
    line = await house.safety.suggestion(GENERAL, "violence", 0.83, age_restricted=True)
    assert "has changed since" in line


async def test_what_another_profile_would_do_is_counted_in_age_restricted_places_alone(house: House) -> None:
    night = Place("test", "guild", "night", age_restricted=True)
    await remember(house, 0.8, 0.2, place=night)
    await remember(house, 0.85, 0.9, 0.1)
    found = await house.desk.what_if(PROFILE, "violence", 0.95)
    assert (found.decisions, found.would_allow, found.would_block) == (2, 1, 0)
    assert (await house.desk.what_if(GUILD, "violence", 0.95)).decisions == 5


@pytest.mark.parametrize("scope", [GUILD, PROFILE])
async def test_a_what_if_replays_the_latest_two_hundred_decisions(house: House, scope: Scope) -> None:
    night = Place("test", "guild", "night", age_restricted=True)
    await remember(house, 0.8, *[0.1] * 200, place=night)
    found = await house.desk.what_if(scope, "violence", 0.95)
    assert (found.decisions, found.would_allow) == (200, 0)


async def test_what_if_tries_another_action_too_and_refuses_what_there_is_not(house: House) -> None:
    await remember(house, 0.1, 0.83, 0.9)
    assert (await house.desk.what_if(GUILD, "violence", 0.7)).would_allow == 0
    assert (await house.desk.what_if(GUILD, "violence", 0.7, "warn")).would_allow == 2
    assert (await house.desk.what_if(GUILD, "violence", 0.05, "block")).would_block == 1
    for category, threshold, action in (("rudeness", 0.5, ""), ("hate", 1.5, ""), ("hate", 0.5, "ban")):
        with pytest.raises(ValueError, match=r"\.$"):
            await house.desk.what_if(GUILD, category, threshold, action)
