"""The whole bot in HTTP mode, for several workspaces: installed in a browser, asked, killed, started again, removed."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest

from adapters.slack.http import EVENTS_PATH
from adapters.slack.manifest import SCOPES
from bot.store import Store
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, Post, Team
from tests.harness import Running, launch
from tests.integration.adapters.slack_http.test_installing import Browser

PATIENT_S = 60.0


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    """A Slack whose app has exactly the scopes that the manifest asks for, and is installed nowhere yet."""
    async with SlackServer() as slack:
        slack.team.scopes = set(SCOPES)
        slack.team.installed = False
        yield slack
    assert slack.violations == []
    assert slack.unserved == []


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


Start = Callable[[], Awaitable[Running]]


@pytest.fixture
async def start(slack: SlackServer, port: int, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts the bot, again and again with the same data; it knows no bot token."""
    all_of_them: list[Running] = []

    async def start() -> Running:
        running = await asyncio.to_thread(
            launch,
            tmp_path,
            GPT4VIDEO_BOT__LOG_LEVEL="DEBUG",
            GPT4VIDEO_SLACK__MODE="http",
            GPT4VIDEO_SLACK__PORT=str(port),
            GPT4VIDEO_SLACK__PUBLIC_URL=f"http://127.0.0.1:{port}",
            GPT4VIDEO_SLACK__CLIENT_ID=slack.accounts.client_id,
            GPT4VIDEO_SLACK__CLIENT_SECRET=slack.accounts.client_secret,
            GPT4VIDEO_SLACK__SIGNING_SECRET=slack.signing_secret,
            GPT4VIDEO_SLACK__API_BASE=slack.base_url,
        )
        all_of_them.append(running)
        slack.delivery.request_url = f"http://127.0.0.1:{port}{EVENTS_PATH}"
        return running

    yield start
    for running in all_of_them:
        if running.process.poll() is None:
            await asyncio.to_thread(running.stop)


async def install(slack: SlackServer, port: int, team: Team) -> None:
    """An admin of the workspace opens the page and comes back from Slack."""
    slack.accounts.codes["c0de"] = team
    async with aiohttp.ClientSession() as session:
        browser = Browser(SimpleNamespace(url=f"http://127.0.0.1:{port}"), session)  # type: ignore[arg-type]
        await browser.begins()
        status, page = await browser.comes_back()
        assert (status, team.name in page) == (200, True)


async def says(slack: SlackServer, channel: Channel, words: str) -> Post:
    def found() -> Post | None:
        return next((post for post in slack.answers(channel) if words in post.shown and not post.streaming), None)

    return await slack.until(found, f"an answer with {words!r}", PATIENT_S)


async def kept(data: Path) -> tuple[list[str], list[str]]:
    """The workspaces with an installation, and those of which anything else is kept."""
    store = Store(f"sqlite:///{data / 'bot.db'}")
    try:
        return await store.installed("slack"), await store.communities("slack")
    finally:
        await store.close()


async def test_a_workspace_installs_the_bot_asks_it_over_a_restart_and_removes_it(
    slack: SlackServer, start: Start, port: int, bikes: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ann = slack.user("Ann")
    clips = slack.channel("clips", ann)
    other = slack.world.team("Walkers")  # has never installed it
    bot = await start()
    assert await kept(tmp_path) == ([], [])
    await install(slack, port, slack.team)
    assert await kept(tmp_path) == ([slack.team.id], [])

    slack.say(ann, clips, "How long is this clip?", mention=True, files=[("bikes.mp4", bikes.read_bytes())])
    first = await says(slack, clips, "10 seconds")
    await asyncio.to_thread(bot.stop, signal.SIGKILL)

    bot = await start()
    slack.say(ann, clips, "and how many shots?", mention=True, thread=first)
    await says(slack, clips, "Six shots")
    assert len(slack.answers(clips)) == 2
    assert await kept(tmp_path) == ([slack.team.id], [slack.team.id])

    stranger = slack.user("Eve", team=other)
    slack.say(stranger, slack.channel("paths", stranger, team=other), "hello", mention=True)

    slack.uninstall(slack.team)
    for told in [*slack.envelopes("app_uninstalled"), *slack.envelopes("tokens_revoked")]:
        await told.acknowledged()
    assert await asyncio.to_thread(bot.stop) == 0  # what was begun is finished first
    assert await kept(tmp_path) == ([], [])
    logged = capfd.readouterr().err
    assert "has installed the app" in logged
    for secret in (slack.bot_token, slack.signing_secret, slack.accounts.client_secret, "c0de"):
        assert secret not in logged
