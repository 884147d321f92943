"""Ids of buttons and menus: short enough for Discord at their longest, read back as they were written; the words."""

from __future__ import annotations

import re

import pytest

from adapters.discord.admin import ADMIN_GERMAN, ADMIN_ITEMS, strings
from adapters.discord.admin.audit import Filters
from adapters.discord.admin.controls import PREFIX, Page, button, menu, option
from adapters.discord.admin.forms import form
from adapters.discord.admin.safety import Draft
from adapters.discord.admin.visit import Stale
from adapters.discord.buttons import ITEMS
from adapters.discord.strings import GERMAN

SNOWFLAKE = str(2**63)  # longer than any id that Discord gives before 2084
NAME = re.compile(r"^[-_'\w]{1,32}$")


def test_the_longest_filters_fit_into_a_button_and_come_back() -> None:
    filters = Filters("c" * 24, "block", "answer", SNOWFLAKE, "decision", SNOWFLAKE)
    path = filters.path("o", 10**9)
    assert len(button("Older", path).custom_id) <= 100
    assert Filters.load(path.split(":")[3:]) == filters


@pytest.mark.parametrize("codes", [[], ["", "x", "", "", "", ""], ["", "", "x", "", "", ""], ["", "", "", "", "x", ""]])
def test_filters_of_another_version_are_not_guessed_at(codes: list[str]) -> None:
    with pytest.raises(Stale):
        Filters.load(codes)


@pytest.mark.parametrize("then", ["limit", "action", "save", "reset", "exact"])
def test_the_longest_draft_of_a_rule_fits_into_a_button(then: str) -> None:
    path = Draft(
        f"c{SNOWFLAKE}",
        "c" * 24,
        0.333,
        "block",
    ).path(then)
    assert len(button("Save", path).custom_id) <= 100
    assert len(form("Limit", path, []).custom_id) <= 100


def test_no_other_button_of_the_bot_answers_to_the_ids_of_panels() -> None:
    templates = [item.__discord_ui_compiled_template__ for item in (*ITEMS, *ADMIN_ITEMS)]
    for path in ("set:home", "saf:s:at:hate:0.60:block:save", "cas:rule:kept:c1"):
        assert sum(template.fullmatch(PREFIX + path) is not None for template in templates) == 1


def test_long_labels_and_lines_are_cut_to_what_discord_takes() -> None:
    page = Page(None, [[menu("hint", "set:menu", [option("x" * 300, "v", note="y" * 300)])]])  # type: ignore[arg-type]
    view = page.view()
    assert view is not None
    (row,) = view.to_components()
    (line,) = row["components"][0]["options"]
    assert (len(line["label"]), len(line["description"])) == (100, 100)
    assert len(button("x" * 300, "set:home").item.label) == 80  # type: ignore[attr-defined]


def test_every_german_word_is_one_that_discord_takes() -> None:
    for english, german in ADMIN_GERMAN.items():
        assert 0 < len(german) <= 100
        if NAME.match(english) and english.islower():  # may be the name of a command or of an option
            assert NAME.match(german.split()[0])
            assert english in strings.GERMAN


def test_no_word_has_two_german_ones() -> None:
    assert all(GERMAN.get(english, german) == german for english, german in ADMIN_GERMAN.items())
