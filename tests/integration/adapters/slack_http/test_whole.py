"""The whole adapter behind its HTTP door, on a Slack of our own: signed, repeated, installed and removed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.slack import SlackAdapter
from adapters.slack.http import EVENTS_PATH, HttpDoor
from adapters.slack.installs import Installation, Installations
from adapters.slack.manifest import SCOPES
from adapters.slack.oauth import OAuthPages
from tests.fakes.handler import QuietDesk, QuietHandler
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.delivery import encode
from tests.fakes.slack_server.world import Team
from tests.integration.adapters.slack_http.conftest import Clock, Kept
from tests.integration.adapters.slack_http.test_installing import Browser


class Listener(QuietHandler):
    """Notices goodbyes, which come after their event was answered."""

    def __init__(self) -> None:
        super().__init__()
        self.goodbye = asyncio.Event()

    async def community_left(self, platform: str, community: str) -> None:
        await super().community_left(platform, community)
        self.goodbye.set()


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    """A Slack whose app has exactly the scopes that the manifest asks for."""
    async with SlackServer() as server:
        server.team.scopes = set(SCOPES)
        yield server
    assert server.violations == []


@pytest.fixture
def handler() -> Listener:
    return Listener()


def installed(team: Team) -> Installation:
    """A workspace's installation of some time ago."""
    then = datetime(2026, 1, 1, tzinfo=UTC)
    return Installation(team.id, team.name, team.token, team.bot.id, tuple(SCOPES), "U1", then)


Behind = Callable[..., Any]


@pytest.fixture
def behind(server: SlackServer, handler: Listener, clock: Clock, tmp_path: Path) -> Behind:
    """Starts an adapter behind a door, to which the server then sends everything."""

    @asynccontextmanager
    async def behind(installations: Installations | None = None, **pages: str) -> AsyncIterator[HttpDoor]:
        shown = None
        if installations is not None:
            shown = OAuthPages(installations=installations, api_base=server.base_url, clock=clock, **pages)
        door = HttpDoor(host="127.0.0.1", port=0, signing_secret=server.signing_secret, pages=shown, clock=clock)
        adapter = SlackAdapter(
            desk=QuietDesk(),
            state_dir=tmp_path,
            bot_token=None if installations is not None else server.bot_token,
            signing_secret=server.signing_secret,
            api_base=server.base_url,
            http=door,
            installations=installations,
        )
        async with AsyncExitStack() as stack:
            stack.push_async_callback(adapter.stop)
            await adapter.start(handler)
            server.delivery.request_url = door.url + EVENTS_PATH
            yield door

    return behind


async def test_a_mention_that_is_repeated_at_once_after_one_and_after_five_minutes_is_asked_once(
    server: SlackServer, handler: Listener, clock: Clock, behind: Behind
) -> None:
    """Slack sends a `message` and an `app_mention` for it, and repeats both of them."""
    ann = server.user("Ann")
    clips = server.channel("clips", ann)
    clock.now = start = datetime.now(UTC).timestamp()
    async with behind():
        server.say(ann, clips, "what happens here?", mention=True)
        await server.settled()
        told = [*server.envelopes("message"), *server.envelopes("app_mention")]
        assert len(told) == 2
        for seconds in (3, 63, 363):
            clock.now = start + seconds
            for envelope in told:
                body, kind = encode(envelope)
                status, _ = await server.delivery.post(
                    body, kind, at=clock.now, headers={"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
                )
                assert status == 200
        await server.until(lambda: handler.messages, "the question")
    assert [message.text for message in handler.messages] == ["what happens here?"]
    assert handler.messages[0].place.community == server.team.id


@pytest.mark.parametrize("wrong", ["secret", "old", "body"])
async def test_what_slack_did_not_sign_is_no_question(
    server: SlackServer, handler: Listener, clock: Clock, behind: Behind, wrong: str
) -> None:
    ann = server.user("Ann")
    clips = server.channel("clips", ann)
    clock.now = datetime.now(UTC).timestamp()
    async with behind():
        server.delivery.signing_secret, right = "another", server.delivery.signing_secret
        server.say(ann, clips, "make it stop", mention=True)
        await server.until(lambda: all(each.status for each in server.delivery.envelopes), "answers")
        assert {each.status for each in server.delivery.envelopes} == {401}
        body, kind = encode(server.envelopes("app_mention")[0])
        options: dict[str, dict[str, Any]] = {
            "secret": {"secret": "another"},
            "old": {"secret": right, "at": clock.now - 301},
            "body": {"secret": right, "sent": body.replace(b"stop", b"shop")},
        }
        assert (await server.delivery.post(body, kind, **options[wrong]))[0] == 401
    assert handler.messages == []


async def test_a_workspace_installs_the_app_asks_and_removes_it(
    server: SlackServer, handler: Listener, clock: Clock, behind: Behind
) -> None:
    kept = Kept()
    clock.now = datetime.now(UTC).timestamp()
    ann = server.user("Ann")
    clips = server.channel("clips", ann)
    server.team.installed = False
    server.accounts.codes["c0de"] = server.team
    client = {"client_id": server.accounts.client_id, "client_secret": server.accounts.client_secret}
    async with behind(kept, public_url="http://127.0.0.1:1", **client) as door, aiohttp.ClientSession() as session:
        browser = Browser(door, session)
        await browser.begins()
        status, page = await browser.comes_back()
        assert (status, server.team.name in page) == (200, True)
        assert kept.rows[server.team.id].token == server.bot_token

        server.say(ann, clips, "what happens here?", mention=True)
        await server.until(lambda: handler.messages, "the question")

        server.uninstall(server.team)
        await asyncio.wait_for(handler.goodbye.wait(), 10)
    assert set(handler.left) == {("slack", server.team.id)}
    assert kept.rows == {}


async def test_a_workspace_that_removed_the_app_meanwhile_is_forgotten_at_the_start(
    server: SlackServer, handler: Listener, clock: Clock, behind: Behind
) -> None:
    other = server.world.team("Walkers")
    kept = Kept(*(installed(team) for team in (server.team, other)))
    other.installed = False
    async with behind(kept, public_url="http://127.0.0.1:1", client_id="1.2", client_secret="s"):
        await asyncio.wait_for(handler.goodbye.wait(), 10)
    assert handler.left == [("slack", other.id)]
    assert list(kept.rows) == [server.team.id]
