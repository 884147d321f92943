"""Layouts that Slack finds too long, cut smaller without losing a word."""

from __future__ import annotations

from adapters.base import State, View
from adapters.slack.blocks import layout
from adapters.slack.pages import smaller, with_line, without_buttons


def shown(text: str) -> View:
    return View("r1", State.DONE, text=text, footer="lite")


def words(wanted: object) -> list[str]:
    found = []
    for page in wanted.pages:  # type: ignore[attr-defined]
        for block in page.blocks:
            if block["type"] == "section":
                found += block["text"]["text"].split()
    return found


def test_every_cut_makes_smaller_pages_and_loses_nothing() -> None:
    wanted = layout(shown(" ".join(f"word{number}" for number in range(900))), public=True)
    whole = words(wanted)
    for _ in range(4):
        before = max(len(str(page.blocks)) for page in wanted.pages)
        wanted = smaller(wanted)
        assert max(len(str(page.blocks)) for page in wanted.pages) < before
        assert words(wanted) == whole
    assert any(block["type"] == "actions" for block in wanted.pages[-1].blocks)


def test_a_sentence_is_added_under_the_words() -> None:
    wanted = with_line(layout(shown("Hello."), public=True), "One more.")
    assert words(wanted) == ["Hello.", "One", "more."]
    assert wanted.pages[0].blocks[-1]["type"] == "actions"


def test_buttons_can_be_left_out() -> None:
    wanted = without_buttons(layout(shown("Hello."), public=True))
    assert all(block["type"] != "actions" for page in wanted.pages for block in page.blocks)
