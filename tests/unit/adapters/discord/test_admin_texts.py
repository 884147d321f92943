"""The tables and lines of the admins' panels: they fit a phone, they fit Discord, and nothing in them comes alive."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import AGE_RESTRICTED, Chip, Quota, Rule, Scope, WhatIf
from adapters.base.accounts import Measure, Window
from adapters.discord.dialect import DISCORD
from adapters.discord.markup import plain
from adapters.shared.admin.names import audit_place, mentions, place_line
from adapters.shared.admin.numbers import limit, number, read_number
from adapters.shared.admin.quotas import quotas_text
from adapters.shared.admin.rules import rules_legend, rules_table, scores_table, what_if_line
from adapters.shared.dialect import quoted, spoiler

CATEGORIES = (
    "harassment",
    "hate",
    "illicit",
    "self-harm",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
PHONE = 38  # characters of a code block that an embed shows on a narrow phone without breaking lines


@pytest.mark.parametrize("origin", ["default", "community", "age-restricted", "place"])
def test_the_table_of_rules_fits_a_phone(origin: str) -> None:
    rules = [Rule(name, 0.125, "block", origin, True, number % 2 == 0) for number, name in enumerate(CATEGORIES)]
    rules.append(Rule("violence/graphic", 1.0, "block", origin, False, False))
    lines = rules_table(rules, DISCORD).split("\n")
    assert lines[0] == lines[-1] == "```"
    assert max(map(len, lines)) <= PHONE


def test_a_category_cannot_end_the_table() -> None:
    table = rules_table([Rule("a```b", 0.5, "block", "default", True, True)], DISCORD)
    assert table.count("```") == 2


def test_the_legend_names_only_the_marks_that_are_used() -> None:
    rules = [Rule("hate", 0.5, "block", "place", True, True), Rule("sexual", 0.5, "block", "default", True, True)]
    legend = rules_legend(rules, DISCORD)
    assert "C for this channel" in legend
    assert "S set for this server" not in legend
    assert "Not covered" not in legend


@pytest.mark.parametrize(
    ("value", "shown"), [(0.7, "0.70"), (0.125, "0.125"), (1, "1.00"), (0, "0.00"), (0.8349999, "0.835")]
)
def test_limits_have_two_places_and_a_third_where_it_counts(value: float, shown: str) -> None:
    assert limit(value) == shown


@pytest.mark.parametrize(
    ("text", "value"),
    [("10", 10), ("0.5", 0.5), ("0,5", 0.5), ("1,200", 1200), ("1,200,000", 1200000), ("1200,5", 1200.5)],
)
def test_numbers_are_read_as_people_write_them(text: str, value: float) -> None:
    assert read_number(text, DISCORD) == value


@given(st.floats(min_value=0, max_value=1_000_000).map(lambda value: round(value, 2)))
def test_a_number_is_read_back_as_it_was_shown(value: float) -> None:
    assert read_number(number(value), DISCORD) == value


@pytest.mark.parametrize("text", ["", "ten", "nan", "inf", "-inf", "1 0", "0x10", "`1`"])
def test_what_is_no_number_is_said_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        read_number(text, DISCORD)


@given(st.text(max_size=400), st.integers(min_value=2, max_value=300))
def test_quoted_words_keep_to_their_length_and_stay_harmless(text: str, most: int) -> None:
    shown = quoted(text, most, DISCORD)
    assert len(shown) <= most
    assert "\n" not in shown
    assert not re.search(r"(?<!\\)(\\\\)*[|*`]", shown)  # every mark stands behind its own backslash
    assert not shown.removesuffix("…").endswith("\\") or shown.removesuffix("…").endswith("\\\\")


@given(st.text(max_size=400))
def test_a_spoiler_cannot_be_ended_by_what_it_hides(text: str) -> None:
    shown = spoiler(text, 200, DISCORD)
    assert len(shown) <= 200
    assert shown.startswith("||")
    assert shown.endswith("||")
    assert not re.search(r"(?<!\\)(\\\\)*\|\|", shown[2:-2])


def test_short_words_are_quoted_whole() -> None:
    assert quoted("it is *fine*", 50, DISCORD) == plain("it is *fine*")


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (WhatIf(0, 0, 0), "There are no decisions here yet to try it on."),
        (WhatIf(200, 0, 0), "With 0.60, none of the last 200 decisions here would differ."),
        (WhatIf(200, 0, 3), "With 0.60, 3 of the last 200 decisions here would differ: 3 more let through."),
    ],
)
def test_a_what_if_says_how_many_decisions_would_differ(found: WhatIf, line: str) -> None:
    assert what_if_line(found, 0.6) == line


def test_the_verdict_that_blocked_stands_first() -> None:
    chips = [Chip("hate", 0.9, 0.95, "allow", "clip"), Chip("violence", 0.71, 0.7, "block", "clip", 61.0)]
    assert scores_table(chips, DISCORD).split("\n")[1:3] == ["violence", "  0.71 ≥ 0.70 block · clip 1:01"]


def test_the_communitys_own_limit_hides_the_default() -> None:
    default = Quota("", Measure.VIDEOS, Window.DAY, 10, "default")
    own = Quota("", Measure.VIDEOS, Window.DAY, None)
    for quotas in ([default, own], [own, default]):
        assert quotas_text(quotas, 1000, DISCORD) == "**Everyone**\nVideos: no limit a day"


def test_everyone_is_shown_even_without_any_limit() -> None:
    assert quotas_text([], 1000, DISCORD) == "**Everyone**\nNo limits."


@given(st.integers(min_value=0, max_value=80), st.integers(min_value=60, max_value=2000))
def test_a_long_list_of_quotas_keeps_to_its_room_and_counts_the_rest(count: int, room: int) -> None:
    quotas = [Quota(f"role:{10**18 + number}", Measure.ASKS, Window.HOUR, 5) for number in range(count)]
    text = quotas_text(quotas, room, DISCORD)
    assert len(text) <= room
    shown = text.count("**") // 2
    assert shown == count + 1 or f"… and {count + 1 - shown} more." in text


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("discord/1/22", "<#22>"),
        ("discord/1", "this server"),
        (f"discord/1/{AGE_RESTRICTED}", "age-restricted channels"),
        ("discord/dm/22", "a direct message"),
        ("", "this server"),
    ],
)
def test_places_of_the_audit_are_shown_as_discord_shows_them(place: str, line: str) -> None:
    assert audit_place(place, DISCORD) == line


@pytest.mark.parametrize(
    ("scope", "line"),
    [
        (Scope("discord", "1"), "For this server"),
        (Scope("discord", "1", AGE_RESTRICTED), "For age-restricted channels"),
        (Scope("discord", "1", "22"), "For <#22>"),
        (Scope("discord", "1", "22", age_restricted=True), "For <#22>, which is age-restricted"),
    ],
)
def test_the_place_of_a_table_is_named(scope: Scope, line: str) -> None:
    assert place_line(scope, DISCORD) == line


def test_a_long_list_of_channels_is_cut_short() -> None:
    line = mentions([str(10**18 + number) for number in range(200)], DISCORD.channel)
    assert line.endswith("… and 170 more.")
    assert len(line) <= 1000
