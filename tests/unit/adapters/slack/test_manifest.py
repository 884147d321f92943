"""The manifests that a person pastes are what the code needs, and fit what Slack takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.slack.manifest import ASSISTANT_EVENTS, COMMANDS, EVENTS, SCOPES, SHORTCUTS, app_manifest

ROOT = Path(__file__).parents[4]
PUBLIC = "https://bot.example.org"
# What an event needs, by https://docs.slack.dev/reference/events. The others need no scope of their own.
NEEDED = {
    "app_mention": "app_mentions:read",
    "channel_archive": "channels:read",
    "channel_deleted": "channels:read",
    "channel_left": "channels:read",
    "group_archive": "groups:read",
    "group_deleted": "groups:read",
    "group_left": "groups:read",
    "member_left_channel": "groups:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
}


def pasted(name: str) -> Any:
    return yaml.safe_load((ROOT / "docs" / name).read_text())


def test_the_file_to_paste_is_what_the_code_needs() -> None:
    assert pasted("slack-manifest.yaml") == app_manifest()


def test_so_is_the_one_for_http_mode_but_for_the_address() -> None:
    assert pasted("slack-manifest-http.yaml") == app_manifest(public_url=PUBLIC)
    assert app_manifest(public_url=f"{PUBLIC}/") == app_manifest(public_url=PUBLIC)


def test_socket_mode_names_no_address_and_http_mode_names_one_everywhere() -> None:
    assert "url" not in str(app_manifest())
    http = app_manifest(public_url=PUBLIC)
    urls = [
        http["settings"]["event_subscriptions"]["request_url"],
        http["settings"]["interactivity"]["request_url"],
        *(command["url"] for command in http["features"]["slash_commands"]),
    ]
    assert set(urls) == {f"{PUBLIC}/slack/events"}
    assert http["oauth_config"]["redirect_urls"] == [f"{PUBLIC}/slack/oauth_redirect"]
    assert not http["settings"]["socket_mode_enabled"]


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_comes_with_the_scope_that_it_needs(event: str) -> None:
    assert NEEDED.get(event, "commands") in SCOPES


def test_a_new_app_is_an_agent_since_slack_lets_it_be_no_assistant() -> None:
    """https://docs.slack.dev/ai/migrating-to-agent-messaging: neither the view nor its events."""
    features = app_manifest()["features"]
    assert "assistant:write" in SCOPES  # which Slack grants only beside one of the two views
    assert "agent_view" in features
    assert "assistant_view" not in features
    assert not set(ASSISTANT_EVENTS) & set(EVENTS)


def test_slack_takes_the_lengths() -> None:
    """By https://docs.slack.dev/reference/app-manifest."""
    manifest = app_manifest()
    shown = manifest["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert re.fullmatch("#[0-9a-f]{6}", shown["background_color"])
    assert len(manifest["features"]["agent_view"]["agent_description"]) <= 300
    assert len(manifest["features"]["agent_view"]["suggested_prompts"]) <= 4
    assert re.fullmatch(r"[a-z0-9._-]{1,80}", manifest["features"]["bot_user"]["display_name"])
    for shortcut in SHORTCUTS:
        assert len(shortcut.name) <= 24
        assert len(shortcut.description) <= 150
        assert len(shortcut.callback_id) <= 255
    for command in COMMANDS:
        assert re.fullmatch(r"/[a-z_-]{1,31}", command.name)
    for names in (list(SCOPES), list(EVENTS), [command.name for command in COMMANDS]):
        assert len(set(names)) == len(names)


def test_the_page_for_operators_names_every_scope_with_its_reason() -> None:
    page = (ROOT / "docs" / "slack.md").read_text()
    assert all(f"| `{scope}` | {reason} |" in page for scope, reason in SCOPES.items())


def test_the_readme_names_what_a_person_pastes_and_the_scope_of_the_app_token() -> None:
    readme = (ROOT / "README.md").read_text()
    for named in ("docs/slack-manifest.yaml", "docs/slack.md", "connections:write", "GPT4VIDEO_SLACK__APP_TOKEN"):
        assert named in readme
