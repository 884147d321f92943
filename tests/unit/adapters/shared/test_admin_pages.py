"""What admins and moderators read, in the marks of any platform, and what their forms change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.base import (
    AGE_RESTRICTED,
    Audience,
    AuditEntry,
    AuditQuery,
    Author,
    Case,
    CaseKind,
    CaseState,
    Chip,
    MadeVideo,
    Measure,
    ModelOption,
    Place,
    Quota,
    Rooms,
    Rule,
    Scope,
    Settings,
    Still,
    WhatIf,
    Window,
)
from adapters.shared.admin import cases, paging, sentences
from adapters.shared.admin.entries import audit_entry
from adapters.shared.admin.names import audit_place, person, place_line, subject_name
from adapters.shared.admin.numbers import read_amount, read_days, read_limit
from adapters.shared.admin.quotas import clear, read_form, save_form, summary, written
from adapters.shared.admin.rules import draft_line, find_rule, rule_lines, rules_legend, rules_table, what_if_line
from adapters.shared.admin.settings import held_line, listed_line, setting_line
from tests.fakes.dialect import LOUD

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SCOPE = Scope("teletype", "T1")
ADMIN = Author("U9", "boss", is_admin=True, is_moderator=True)
VIOLENCE = Rule("violence", 0.7, "block", "community", text=True, frames=False)


# --- numbers from forms


def test_forms_take_numbers_as_people_write_them() -> None:
    assert [read_limit("0,65", LOUD), read_amount("1,200", LOUD), read_days("30", LOUD)] == [0.65, 1200, 30]
    assert [read_amount("No limit", LOUD), read_days("", LOUD)] == [None, None]


@pytest.mark.parametrize(
    ("read", "text"), [(read_limit, "1.5"), (read_limit, "-0.1"), (read_days, "1.5"), (read_amount, "many")]
)
def test_a_form_with_an_impossible_number_is_answered_with_a_sentence(read, text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        read(text, LOUD)


# --- names


def test_people_and_places_that_the_platform_does_not_know_are_named_harmlessly() -> None:
    assert person("U1", LOUD) == "[person:U1]"
    assert person("*anon*", LOUD) == "[plain:*anon*]"
    assert person("", LOUD) == sentences.SOMEONE
    assert [subject_name("", LOUD), subject_name("role:S1", LOUD), subject_name("user:?", LOUD)] == [
        "Everyone",
        "[role:S1]",
        "[plain:?]",
    ]


def test_a_place_is_named_by_its_channel_or_by_what_the_platform_calls_a_community() -> None:
    assert audit_place("teletype/T1/C1", LOUD) == "[channel:C1]"
    assert audit_place("teletype/T1", LOUD) == "this office"
    assert audit_place(f"teletype/T1/{AGE_RESTRICTED}", LOUD) == "age-restricted channels"
    assert place_line(SCOPE, LOUD) == "For this office"
    assert place_line(replace(SCOPE, channel="C1"), LOUD) == "For [channel:C1]"


# --- rules


def test_the_table_says_what_is_not_covered_and_where_a_rule_comes_from() -> None:
    bare = Rule("hate", 0.5, "block", "default", text=False, frames=False)
    table = rules_table([VIOLENCE, bare], LOUD)
    assert "violence         ● – 0.70  block  S" in table
    assert "hate             – – not covered" in table
    legend = rules_legend([VIOLENCE, bare], LOUD)
    assert "S set for this office." in legend
    assert "[b:Not covered]: [plain:hate]" in legend


def test_a_rule_and_its_draft_are_told_in_words() -> None:
    assert rule_lines(VIOLENCE, LOUD) == (
        "Only text is scored; frames are [i:not covered].\nNow: [b:0.70], [i:don't show it] (set for this office)."
    )
    assert draft_line(0.6, "warn", LOUD) == "New: [b:0.60], [i:show it with a warning]. Not saved yet."
    assert what_if_line(WhatIf(200, 2, 1), 0.6).endswith("differ: 2 more stopped, 1 more let through.")


def test_an_unknown_category_is_answered_with_those_that_there_are() -> None:
    assert find_rule([VIOLENCE], "violence", LOUD) is VIOLENCE
    with pytest.raises(ValueError, match=r"There are: \[plain:violence\]"):
        find_rule([VIOLENCE], "gore", LOUD)


# --- quotas


class Desk:
    """The quotas and the audit of a community, and what was changed."""

    def __init__(self, *quotas: Quota) -> None:
        self.held = list(quotas)
        self.changes: list[tuple[str, Measure, Window, float | None]] = []
        self.entries: list[AuditEntry] = []
        self.reads = 0

    async def quotas(self, scope: Scope) -> list[Quota]:
        return self.held

    async def set_quota(self, scope: Scope, author: Author, quota: Quota) -> list[Quota]:
        self.changes.append(("set", quota.measure, quota.window, quota.amount))
        return self.held

    async def reset_quota(self, scope: Scope, author: Author, subject: str, measure: Measure, window: Window) -> None:
        self.changes.append(("reset", measure, window, None))

    async def audit(self, query: AuditQuery) -> list[AuditEntry]:
        self.reads += 1
        fitting = [entry for entry in self.entries if query.before is None or entry.id < query.before]
        return fitting[: query.limit]


ASKS = Quota("", Measure.ASKS, Window.DAY, 20)
VIDEOS = Quota("", Measure.VIDEOS, Window.DAY, 10)
DEFAULT = Quota("", Measure.GPU_SECONDS, Window.DAY, 600, "default")


async def test_a_form_changes_only_what_it_says_otherwise() -> None:
    desk = Desk(ASKS, VIDEOS, DEFAULT)
    wanted = read_form({"asks": "20", "videos": "12", "gpu_seconds": ""}, LOUD)
    await save_form(desk, SCOPE, ADMIN, "", Window.DAY, wanted)  # type: ignore[arg-type]
    assert desk.changes == [("set", Measure.VIDEOS, Window.DAY, 12)]


async def test_a_line_that_was_emptied_drops_the_communitys_own_limit() -> None:
    desk = Desk(ASKS, VIDEOS, DEFAULT)
    await save_form(desk, SCOPE, ADMIN, "", Window.DAY, {Measure.ASKS: None})  # type: ignore[arg-type]
    assert desk.changes == [("set", Measure.ASKS, Window.DAY, None), ("reset", Measure.VIDEOS, Window.DAY, None)]


async def test_clearing_drops_no_default() -> None:
    desk = Desk(ASKS, DEFAULT)
    await clear(desk, SCOPE, ADMIN, "")  # type: ignore[arg-type]
    assert desk.changes == [("reset", Measure.ASKS, Window.DAY, None)]


def test_a_form_shows_what_was_set_and_no_defaults() -> None:
    assert [written(Quota("", Measure.ASKS, Window.DAY, 1200)), written(replace(ASKS, amount=None))] == [
        "1200",
        "no limit",
    ]
    assert written(DEFAULT) == written(None) == ""


def test_all_quotas_are_summed_up_in_a_line() -> None:
    line = summary([DEFAULT, Quota("role:S1", Measure.VIDEOS, Window.DAY, 5)], LOUD)
    assert line == (
        "GPU-seconds: 600 a day [i:(default)]\nMembers and desks with limits of their own: 1 · [i:set here]"
    )


# --- settings


def test_settings_are_told_with_where_they_come_from() -> None:
    settings = Settings(
        rooms=Rooms("only", ("C1", "C2")), ask=Audience("roles", ("S1",)), retention_days=1, own=frozenset({"rooms"})
    )
    models = [ModelOption("wan", "Wan 2.1")]
    assert listed_line(settings, "rooms", models, LOUD) == "Only in [channel:C1], [channel:C2] · [i:set here]"
    assert held_line(settings, "ask", models, LOUD) == "[b:Members with [role:S1]] · [i:default]"
    assert setting_line(settings, "generate", models, LOUD) == "Everyone"
    assert setting_line(settings, "model", models, LOUD) == "the operator's choice"
    assert setting_line(replace(settings, model="wan"), "model", models, LOUD) == "[plain:Wan 2.1]"
    assert setting_line(settings, "retention_days", models, LOUD) == "1 day, then I forget it"


# --- audit


def entry(id: int = 1, **more) -> AuditEntry:
    blank = AuditEntry(
        id, NOON, "decision", "r1", "teletype/T1/C1", "U1", "clip", "violence", 0.83, 0.7, "block", 7.0, ""
    )
    return replace(blank, **more)


def test_a_decision_says_what_was_decided_why_and_about_whom() -> None:
    first, second, third = audit_entry(entry(excerpt="a *fight*"), LOUD).split("\n")
    assert first == "[b:⛔ blocked] · [plain:violence] 0.83 ≥ 0.70 · clip at 0:07"
    assert second == "[at:12:00] · [person:U1] in [channel:C1] · request [plain:r1]"
    assert third == "[hidden:[plain:a *fight*]]"


def test_what_was_let_through_is_quoted_openly() -> None:
    assert audit_entry(entry(action="allow", excerpt="fine"), LOUD).endswith("\n> [plain:fine]")


def test_a_change_says_who_changed_what_from_what_to_what() -> None:
    details = {"what": "setting", "name": "moderator_channel", "from": "", "to": "C2"}
    told = audit_entry(entry(kind="change", author="U9", details=details), LOUD)
    assert told.startswith("✏️ [b:moderator channel] changed by [person:U9]: the default → [channel:C2]\n")


async def test_pages_of_the_audit_meet_without_a_gap() -> None:
    desk = Desk()
    desk.entries = [entry(number) for number in range(20, 0, -1)]
    first = await paging.older(desk, AuditQuery(), None, 6)  # type: ignore[arg-type]
    second = await paging.older(desk, AuditQuery(), first.entries[-1].id, 6)  # type: ignore[arg-type]
    third = await paging.older(desk, AuditQuery(), second.entries[-1].id, 6)  # type: ignore[arg-type]
    assert [each.id for page in (first, second, third) for each in page.entries] == list(range(20, 2, -1))
    assert [(page.newer, page.older) for page in (first, second, third)] == [(False, True), (True, True), (True, True)]
    back = await paging.newer(desk, AuditQuery(), third.entries[0].id, 6)  # type: ignore[arg-type]
    assert [each.id for each in back.entries] == [each.id for each in second.entries]
    top = await paging.newer(desk, AuditQuery(), second.entries[0].id, 6)  # type: ignore[arg-type]
    assert (top.newer, [each.id for each in top.entries]) == (False, [each.id for each in first.entries])


async def test_the_way_back_up_through_a_long_audit_is_bounded() -> None:
    desk = Desk()
    desk.entries = [entry(number) for number in range(5000, 0, -1)]
    page = await paging.newer(desk, AuditQuery(), 1, 6)  # type: ignore[arg-type]
    assert desk.reads < 10
    assert [each.id for each in page.entries] == list(range(5000, 4994, -1))


# --- cases

CASE = Case(
    id="c1",
    kind=CaseKind.APPEAL,
    state=CaseState.OPEN,
    request="r1",
    place=Place("teletype", "T1", "C1", thread="17.5"),
    author=Author("U1", "ann"),
    asker=Author("U1", "ann"),
    at=NOON,
    words="it is *fine*",
    excerpt="a fight",
    chips=(Chip("violence", 0.83, 0.7, "block", "clip", 7.0),),
    still=Still("/nowhere/f.jpg", 67.0),
    videos=(MadeVideo("/nowhere/v.mp4", "A red ball", 1, 64, 64, 1.0),),
)


def test_a_card_quotes_what_could_disturb_only_hidden() -> None:
    told = cases.fields(CASE, LOUD)
    assert told["In their words"] == "[plain:it is *fine*]"
    assert told["What it is about"] == "[hidden:[plain:a fight]]"
    assert "0.83 ≥ 0.70 block · clip 0:07" in told["Scores"]
    assert set(told) == {"In their words", "What it is about", "Scores"}
    assert cases.who_and_where(CASE, LOUD) == ("[person:U1] appeals: what they asked for in [channel:C1] was blocked.")


def test_what_was_removed_is_neither_quoted_nor_shown_any_longer() -> None:
    removed = replace(CASE, kind=CaseKind.REPORT, state=CaseState.REMOVED, decided_by="U9", decided_at=NOON)
    told = cases.fields(removed, LOUD)
    assert "What it is about" not in told
    assert told["Outcome"] == "Removed by [person:U9], [at:12:00]."
    assert cases.sheets(removed) == []


def test_the_files_of_a_case_have_harmless_names() -> None:
    assert [sheet.name for sheet in cases.sheets(CASE)] == ["frame-1m07.jpg", "a-red-ball.mp4"]


def test_only_open_cases_are_ruled_on_and_only_as_their_kind_allows() -> None:
    assert cases.rulings(CASE) == (CaseState.UPHELD, CaseState.OVERTURNED)
    assert cases.rulings(replace(CASE, kind=CaseKind.REPORT)) == (CaseState.REMOVED, CaseState.KEPT)
    assert cases.rulings(replace(CASE, state=CaseState.UPHELD)) == ()
    assert [cases.known_ruling("kept"), cases.known_ruling("open"), cases.known_ruling("x")] == [
        CaseState.KEPT,
        None,
        None,
    ]


def test_a_list_of_cases_names_the_worst_reason_of_each() -> None:
    assert cases.case_line(CASE, LOUD) == "[b:Appeal] · [plain:violence] · [person:U1] in [channel:C1] · [at:12:00]"
    assert cases.labels([CASE]) == [("Appeal · ann", "c1", "20.11. 12:00 UTC · request r1")]
