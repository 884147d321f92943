"""The Slack of our tests sees what Slack's documents forbid, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.slack_server.limits import check_markup, check_message, check_view


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def press(action: str, label: str = "Go") -> dict[str, Any]:
    return {"type": "button", "text": plain(label), "action_id": action}


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": plain("Title"), "submit": plain("Go"), "blocks": list(blocks), **more}


@pytest.mark.parametrize(
    "text",
    [
        "a &lt; b &amp;&amp; c &gt; d",
        "<@U123> and <#C123|clips> and <https://example.org/?a=b&amp;c=d|a page>",
        "> a quotation\n>>> a longer one",
        "<!date^1392734382^{date}|yesterday>",
        "`code` and ```more\ncode```",
    ],
)
def test_right_markup_is_fine(text: str) -> None:
    assert list(check_markup(text, "text")) == []


@pytest.mark.parametrize(
    "text", ["<!channel>", "<!here|here>", "<!subteam^S1|@mods>", "a < b", "a > b", "salt & pepper", "<script>"]
)
def test_pings_and_bare_characters_are_seen(text: str) -> None:
    assert list(check_markup(text, "text"))


@pytest.mark.parametrize(
    "message",
    [
        {"text": "x" * 40_001},
        {"text": "hello", "link_names": True},
        {"markdown_text": "x" * 12_001},
        {"markdown_text": "<!everyone>"},
        {"markdown_text": "x", "text": "y"},
        {"blocks": [section("x" * 3001)]},
        {"blocks": [section("x")] * 51},
        {"blocks": [section("x" * 2700)] * 5},
        {"blocks": [section("")]},
        {"blocks": [{**section("a"), "block_id": "one"}, {**section("b"), "block_id": "one"}]},
        {"blocks": [{**section("a"), "block_id": "x" * 256}]},
        {"blocks": [{"type": "actions", "elements": [press("same"), press("same")]}]},
        {"blocks": [{"type": "actions", "elements": [press("x" * 256)]}]},
        {"blocks": [{"type": "actions", "elements": [press("a", "x" * 76)]}]},
        {"blocks": [{"type": "actions", "elements": []}]},
        {"blocks": [{"type": "context", "elements": [plain("x")] * 11}]},
        {"blocks": [{"type": "header", "text": plain("x" * 151)}]},
        {"blocks": [{"type": "carousel"}]},
        {"blocks": [{"type": "image", "image_url": "https://example.org/a.png"}]},
    ],
)
def test_a_message_beyond_a_limit_is_seen(message: dict[str, Any]) -> None:
    assert list(check_message(message))


@pytest.mark.parametrize(
    "view",
    [
        modal(section("x"), title=plain("x" * 25)),
        modal(section("x"), private_metadata="x" * 3001),
        modal(section("x"), callback_id="x" * 256),
        modal(*[section("x")] * 101),
        {**modal({"type": "input", "label": plain("L"), "element": press("a")}), "submit": None},
        {"type": "home"},
    ],
)
def test_a_view_beyond_a_limit_is_seen(view: dict[str, Any]) -> None:
    assert list(check_view(view))


def test_what_is_within_the_limits_is_fine() -> None:
    buttons = {"type": "actions", "elements": [press("a"), press("b")]}
    full = {"text": "x" * 40_000, "blocks": [section("x" * 3000), buttons, {"type": "divider"}]}
    assert list(check_message(full)) == []
    assert list(check_message({"markdown_text": "x" * 12_000, "blocks": [buttons]}, streamed=True)) == []
    assert list(check_view(modal(*[section("x")] * 100, private_metadata="x" * 3000))) == []
