"""The whole bot, with its real lite models, on a Slack that streams: answers are written as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, Post, User
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


@pytest.fixture
async def bot(slack: SlackServer, clips: Channel, tmp_path: Path) -> AsyncIterator[Running]:
    running = await asyncio.to_thread(
        launch,
        tmp_path,
        GPT4VIDEO_SLACK__BOT_TOKEN=slack.bot_token,
        GPT4VIDEO_SLACK__APP_TOKEN=slack.app_token,
        GPT4VIDEO_SLACK__API_BASE=slack.base_url,
    )
    await slack.connected()
    yield running
    if running.process.poll() is None:
        await asyncio.to_thread(running.stop)


async def says(slack: SlackServer, channel: Channel, words: str, thread: str = "") -> Post:
    def found() -> Post | None:
        posts = slack.answers(channel, thread=thread)
        return next((post for post in posts if words in post.shown and not post.streaming), None)

    return await slack.until(found, f"an answer with {words!r}", PATIENT_S)


async def test_an_answer_is_streamed_into_the_thread(
    slack: SlackServer, bot: Running, clips: Channel, ann: User, bikes: Path
) -> None:
    clip = ("bikes.mp4", bikes.read_bytes())
    question = slack.say(ann, clips, "Describe what happens in this clip.", mention=True, files=[clip])
    answer = await says(slack, clips, "lite", question.ts)
    assert answer.streamed
    assert "10 seconds in six shots" in answer.text
    await slack.until(lambda: slack.answers(clips) == [answer], "nothing but the answer")


async def test_a_question_in_the_assistant_is_answered_there(
    slack: SlackServer, bot: Running, ann: User, bikes: Path
) -> None:
    home = slack.dm(ann)
    thread = slack.open_assistant(ann)
    await slack.until(lambda: home.prompts.get(thread), "suggested prompts")
    slack.say(ann, home, "How long is this clip?", thread=thread, files=[("bikes.mp4", bikes.read_bytes())])
    answer = await says(slack, home, "10 seconds", thread)
    assert answer.thread_ts == thread
    assert any(each == thread and text for each, text in home.statuses)


async def test_what_is_blocked_is_explained_to_its_author_alone(
    slack: SlackServer, bot: Running, clips: Channel, ann: User
) -> None:
    slack.say(ann, clips, "you stupid fucking idiot", mention=True)
    await slack.until(
        lambda: [each for each in slack.whispers(clips, ann) if "harassment" in each.shown], "a notice", PATIENT_S
    )
    assert all("harassment" not in post.shown for post in slack.answers(clips))
