"""A workspace takes the app away: everything of it goes, once, and not when it is back already."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.installs import GONE, Departures, Installation
from adapters.slack.tasks import Tasks
from tests.fakes.handler import QuietHandler
from tests.integration.adapters.slack_http.conftest import Api, Clock, Kept, Opened, Slack

HOUR = timedelta(hours=1)
NOW = datetime.fromtimestamp(Clock().now, UTC)
INSTALLED = Installation(
    team="T1",
    name="Film club",
    token="xoxb-hunter2",
    bot_user="U1",
    scopes=("chat:write",),
    installed_by="U2",
    installed_at=NOW - HOUR,
)


class Told(QuietHandler):
    """Notices when it is told, and may fail at it."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = False
        self.heard = asyncio.Event()

    async def community_left(self, platform: str, community: str) -> None:
        self.heard.set()
        await asyncio.sleep(0)  # a database takes its time, too
        if self.broken:
            raise RuntimeError("the database is away")
        await super().community_left(platform, community)


@pytest.fixture
def handler() -> Told:
    return Told()


@pytest.fixture
def kept() -> Kept:
    return Kept(INSTALLED, replace(INSTALLED, team="T2"))


def gone(kind: str = "app_uninstalled", *, at: datetime = NOW, **fields: Any) -> dict[str, Any]:
    return {
        "type": "event_callback",
        "team_id": "T1",
        "event_id": "Ev1",
        "event_time": int(at.timestamp()),
        "event": {"type": kind} | fields,
    }


async def told(slack: Slack, payload: dict[str, Any], handler: Told) -> None:
    assert (await slack.send(payload))[0] == 200
    await asyncio.wait_for(handler.heard.wait(), 5)


@pytest.mark.parametrize(
    "payload", [gone(), gone("tokens_revoked", tokens={"oauth": ["U9"], "bot": ["U1"]})], ids=["app", "token"]
)
async def test_slack_says_so_and_everything_of_the_workspace_goes(
    opened: Opened, handler: Told, kept: Kept, payload: dict[str, Any]
) -> None:
    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_user_id="U1", bot_id="B1", bot_token="xoxb-1")

    dropped: list[str] = []
    app = AsyncApp(authorize=authorize, request_verification_enabled=False)
    Departures(handler, kept, dropped.append).register(app, Tasks().start)
    async with opened(app.async_dispatch) as slack:
        await told(slack, payload, handler)
    assert handler.left == [("slack", "T1")]
    assert sorted(kept.rows) == ["T2"]
    assert dropped == ["T1"]


async def test_a_persons_own_token_is_none_of_the_bots(opened: Opened, handler: Told, kept: Kept) -> None:
    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_user_id="U1", bot_id="B1", bot_token="xoxb-1")

    app = AsyncApp(authorize=authorize, request_verification_enabled=False)
    Departures(handler, kept).register(app, Tasks().start)
    async with opened(app.async_dispatch) as slack:
        for tokens in ({"oauth": ["U9"]}, {"oauth": ["U9"], "bot": []}, {}):
            await slack.send(gone("tokens_revoked", tokens=tokens))
        await told(slack, gone(), handler)  # what came before has been looked at by now
    assert handler.left == [("slack", "T1")]


async def test_it_is_told_again_and_nothing_more_happens(handler: Told, kept: Kept) -> None:
    departures = Departures(handler, kept)
    for _ in range(2):
        await departures.left("T1", NOW)
    assert sorted(kept.rows) == ["T2"]


async def test_both_events_at_once_delete_once(handler: Told, kept: Kept) -> None:
    departures = Departures(handler, kept)
    await asyncio.gather(departures.left("T1", NOW), departures.left("T1", NOW), departures.left("T2", NOW))
    assert sorted(handler.left) == [("slack", "T1"), ("slack", "T2")]


async def test_who_is_back_already_loses_nothing(handler: Told, kept: Kept) -> None:
    """Slack may deliver an event again five minutes later."""
    kept.rows["T1"] = replace(INSTALLED, installed_at=NOW + timedelta(minutes=1))
    await Departures(handler, kept).left("T1", NOW)
    assert handler.left == []
    assert "T1" in kept.rows


async def test_with_one_token_for_one_workspace_there_is_nothing_but_data_to_delete(handler: Told) -> None:
    await Departures(handler).left("T1", NOW)
    await Departures(handler).left("", NOW)
    assert handler.left == [("slack", "T1")]


async def test_what_could_not_be_deleted_is_deleted_at_the_next_start(
    handler: Told, kept: Kept, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    handler.broken = True
    await Departures(handler, kept).left("T1", NOW)
    assert "tried again at the next start" in caplog.text
    assert "T1" in kept.rows
    handler.broken = False
    api.says("auth.test", {"ok": False, "error": "account_inactive"}, {"ok": True, "team_id": "T2"})
    await Departures(handler, kept).sweep(AsyncWebClient(base_url=api.base))
    assert handler.left == [("slack", "T1")]
    assert sorted(kept.rows) == ["T2"]
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("error", sorted(GONE))
async def test_at_the_start_slack_is_asked_who_is_still_there(handler: Told, kept: Kept, api: Api, error: str) -> None:
    api.says("auth.test", {"ok": True, "team_id": "T1"}, {"ok": False, "error": error})
    await Departures(handler, kept).sweep(AsyncWebClient(base_url=api.base))
    assert handler.left == [("slack", "T2")]
    assert [authorization for _, authorization, _ in api.calls] == ["Bearer xoxb-hunter2"] * 2


@pytest.mark.parametrize(
    "answer", [500, {"ok": False, "error": "invalid_auth"}, {"ok": False, "error": "ratelimited"}, {"ok": False}]
)
async def test_no_answer_and_a_strange_one_are_no_goodbye(handler: Told, kept: Kept, api: Api, answer: Any) -> None:
    api.says("auth.test", answer)
    await Departures(handler, kept).sweep(AsyncWebClient(base_url=api.base))
    assert handler.left == []
    assert sorted(kept.rows) == ["T1", "T2"]


async def test_a_slack_out_of_reach_is_no_goodbye_either(handler: Told, kept: Kept) -> None:
    await Departures(handler, kept).sweep(AsyncWebClient(base_url="http://127.0.0.1:9/api/", retry_handlers=[]))
    assert handler.left == []
    assert sorted(kept.rows) == ["T1", "T2"]
