"""The manifest and what the adapter listens to are the same: nothing is asked for in vain, nothing stays unheard."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp

import adapters.slack
from adapters.slack import SlackAdapter
from adapters.slack import adapter as adapter_module
from adapters.slack.manifest import ASSISTANT_EVENTS, COMMANDS, EVENTS, SCOPES, SHORTCUTS
from tests.fakes.handler import QuietDesk, QuietHandler
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.door import SCOPES as NEEDED

SOURCES = Path(adapters.slack.__file__).parent
CALL = re.compile(r"\.((?:assistant|chat|conversations|files|reactions|team|usergroups|users|views)_\w+)\b")
SEVERAL = {"files_upload_v2": "files:write", "chat_stream": "chat:write"}  # of slack_sdk, not of Slack


class Recording(AsyncApp):
    """Bolt, which writes down what somebody listens to."""

    heard: dict[str, list[Any]]

    def event(self, event: Any, *rest: Any, **more: Any) -> Any:
        self.heard["event"].append(event)
        return super().event(event, *rest, **more)

    def command(self, command: Any, *rest: Any, **more: Any) -> Any:
        self.heard["command"].append(command)
        return super().command(command, *rest, **more)

    def message_shortcut(self, callback_id: Any, *rest: Any, **more: Any) -> Any:
        self.heard["shortcut"].append(callback_id)
        return super().message_shortcut(callback_id, *rest, **more)


@pytest.fixture
async def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, list[Any]]]:
    """What a started adapter listens to."""
    names: dict[str, list[Any]] = {"event": [], "command": [], "shortcut": []}
    monkeypatch.setattr(Recording, "heard", names, raising=False)
    monkeypatch.setattr(adapter_module, "AsyncApp", Recording)
    async with SlackServer() as server:
        adapter = SlackAdapter(
            desk=QuietDesk(),
            state_dir=tmp_path,
            bot_token=server.bot_token,
            app_token=server.app_token,
            api_base=server.base_url,
        )
        await adapter.start(QuietHandler())
        yield names
        await adapter.stop()


async def test_the_manifest_asks_for_the_events_that_are_listened_to(heard: dict[str, list[Any]]) -> None:
    asked = {event.partition(".")[0] for event in EVENTS}
    assert {name["type"] if isinstance(name, dict) else name for name in heard["event"]} == asked | {*ASSISTANT_EVENTS}


async def test_the_manifest_has_the_commands_and_menus_that_are_answered(heard: dict[str, list[Any]]) -> None:
    assert sorted(heard["command"]) == sorted(command.name for command in COMMANDS)
    assert sorted(heard["shortcut"]) == sorted(shortcut.callback_id for shortcut in SHORTCUTS)


def test_the_manifest_asks_for_every_scope_that_a_call_needs() -> None:
    called = {name for source in SOURCES.rglob("*.py") for name in CALL.findall(source.read_text())}
    methods = {method.replace(".", "_"): scope for method, scope in NEEDED.items()} | SEVERAL
    assert "chat_postMessage" in called
    assert {methods[name] for name in called if name in methods} <= set(SCOPES)
