"""What autocompletion offers of a list of models."""

from __future__ import annotations

from adapters.base import ModelOption
from adapters.discord.commands import fitting


def names(options: list[ModelOption], typed: str = "") -> list[str]:
    return [choice.value for choice in fitting(options, typed)]


def test_the_order_of_the_application_is_kept() -> None:
    assert names([ModelOption("b", "Bee"), ModelOption("a", "Ant")]) == ["b", "a"]


def test_names_and_labels_are_searched_in_any_case() -> None:
    options = [ModelOption("wan", "Wan2.1-1.3B"), ModelOption("storyboard", "lite storyboard")]
    assert names(options, " WAN") == ["wan"]
    assert names(options, "Lite") == ["storyboard"]


def test_a_name_that_discord_cannot_carry_is_left_out() -> None:
    assert names([ModelOption("x" * 101, "too long"), ModelOption("y", "short")]) == ["y"]


def test_a_label_is_cut_and_never_empty() -> None:
    cut, empty = fitting([ModelOption("x", "y" * 200), ModelOption("z", "")], "")
    assert (len(cut.name), empty.name) == (100, "z")
