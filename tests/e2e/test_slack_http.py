"""The whole bot, with its real lite models, where Slack calls it: signed requests in, the Web API out."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.delivery import encode
from tests.fakes.slack_server.world import Channel, User
from tests.harness import Running, launch

PATIENT_S = 60.0


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as slack:
        yield slack
    assert slack.violations == []


@pytest.fixture
def ann(slack: SlackServer) -> User:
    return slack.user("Ann")


@pytest.fixture
def clips(slack: SlackServer, ann: User) -> Channel:
    return slack.channel("clips")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def bot(slack: SlackServer, clips: Channel, tmp_path: Path) -> AsyncIterator[Running]:
    port = free_port()
    running = await asyncio.to_thread(
        launch,
        tmp_path,
        GPT4VIDEO_SLACK__MODE="http",
        GPT4VIDEO_SLACK__PORT=str(port),
        GPT4VIDEO_SLACK__BOT_TOKEN=slack.bot_token,
        GPT4VIDEO_SLACK__SIGNING_SECRET=slack.signing_secret,
        GPT4VIDEO_SLACK__API_BASE=slack.base_url,
    )
    slack.delivery.request_url = f"http://127.0.0.1:{port}/slack/events"
    yield running
    if running.process.poll() is None:
        await asyncio.to_thread(running.stop)


async def test_a_signed_mention_is_answered_once_however_often_slack_sends_it(
    slack: SlackServer, bot: Running, clips: Channel, ann: User, bikes: Path
) -> None:
    clip = ("bikes.mp4", bikes.read_bytes())
    question = slack.say(ann, clips, "How long is this clip?", mention=True, files=[clip])
    told = slack.envelopes("app_mention")[0]
    await told.acknowledged()
    retry = {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
    assert (await slack.delivery.post(*encode(told), at=time.time() + 1, headers=retry))[0] == 200

    def answered() -> bool:
        return any("10 seconds" in post.shown for post in slack.answers(clips, thread=question.ts))

    await slack.until(answered, "an answer", PATIENT_S)
    await slack.until(lambda: len(slack.answers(clips)) == 1, "nothing but the answer")


async def test_what_is_not_signed_by_slack_is_refused_and_never_answered(
    slack: SlackServer, bot: Running, clips: Channel, ann: User
) -> None:
    url, slack.delivery.request_url = slack.delivery.request_url, ""  # nothing but what is sent by hand
    slack.say(ann, clips, "How are you?", mention=True)
    slack.delivery.request_url = url
    body, kind = encode(slack.envelopes("app_mention")[0])
    changed = body.replace(b"How", b"Now")
    assert (await slack.delivery.post(body, kind, secret="another"))[0] == 401
    assert (await slack.delivery.post(body, kind, sent=changed))[0] == 401
    assert (await slack.delivery.post(body, kind, at=1_000_000_000))[0] == 401
    assert slack.answers(clips) == []
