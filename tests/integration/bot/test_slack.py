"""Slack as the configuration switches it on: the adapter that is built, and installations that outlive the process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.slack import SlackAdapter
from adapters.slack.installs import Departures, Installation
from bot.app import App
from bot.config import load_config
from bot.slack import StoredInstallations
from bot.store import Store
from tests.fakes.handler import QuietHandler

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
INSTALLED = Installation(
    team="T1",
    name="Film club",
    token="xoxb-hunter2",
    bot_user="U1",
    scopes=("chat:write", "files:read"),
    installed_by="U2",
    installed_at=NOW,
)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    store = Store(database_url)
    await store.open()
    yield store
    await store.close()


async def test_an_installation_is_found_again_after_a_restart(store: Store, database_url: str) -> None:
    await StoredInstallations(store).save(INSTALLED)
    later = Store(database_url)
    try:
        found = StoredInstallations(later)
        assert await found.find("T1") == INSTALLED
        assert await found.find("T2") is None
        assert list(await found.teams()) == ["T1"]
        assert "hunter2" not in repr(await found.find("T1"))
    finally:
        await later.close()


async def test_a_workspace_that_removed_the_app_is_forgotten_with_its_token(store: Store) -> None:
    installations, handler = StoredInstallations(store), QuietHandler()
    await installations.save(INSTALLED)
    await installations.save(replace(INSTALLED, team="T2"))
    await Departures(handler, installations).left("T1", NOW)
    assert handler.left == [("slack", "T1")]
    assert list(await installations.teams()) == ["T2"]


async def test_a_workspace_that_is_back_before_the_event_comes_keeps_its_token(store: Store) -> None:
    installations, handler = StoredInstallations(store), QuietHandler()
    await installations.save(replace(INSTALLED, installed_at=NOW + timedelta(seconds=30)))
    await Departures(handler, installations).left("T1", NOW)
    assert handler.left == []
    assert list(await installations.teams()) == ["T1"]


SOCKET = {"BOT_TOKEN": "xoxb-hunter2", "APP_TOKEN": "xapp-hunter2"}
HTTP = {"BOT_TOKEN": "xoxb-hunter2", "SIGNING_SECRET": "hunter2", "MODE": "http"}
CLIENT = {
    "CLIENT_ID": "1.2",
    "CLIENT_SECRET": "hunter2",
    "SIGNING_SECRET": "hunter2",
    "MODE": "http",
    "PUBLIC_URL": "https://bot.example.org",
}


@pytest.mark.parametrize("given", [SOCKET, HTTP, CLIENT], ids=["socket", "http", "several workspaces"])
async def test_each_way_to_log_in_gives_an_adapter_that_does_not_show_its_secrets(
    tmp_path: Path, given: dict[str, str]
) -> None:
    (tmp_path / "config.toml").write_text('bot.data_dir = "data"\nweb.enabled = false')
    env = {f"GPT4VIDEO_SLACK__{name}": value for name, value in given.items()}
    app = App(load_config(tmp_path / "config.toml", env))
    adapter = app.adapters()["slack"]
    assert isinstance(adapter, SlackAdapter)
    assert adapter.name == "slack"
    assert "hunter2" not in repr(adapter)
    await app.store.close()


def test_who_does_not_use_slack_does_not_load_it(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('bot.data_dir = "data"')
    code = (
        "import sys, bot.cli; from pathlib import Path; from bot.app import App; from bot.config import load_config;"
        "App(load_config(Path('config.toml'), {})).adapters();"
        "print(sorted(name for name in sys.modules if name.startswith('slack')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
