"""The whole bot, with its real lite models, on a Slack that others wrote: `local-slack`, over Socket Mode.

It offers no native streaming, so the answers here are drawn by chat.update.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.slack_server.world import words as words_of
from tests.harness import Running, launch
from tests.lines import HARMFUL
from tests.local_slack import LocalSlack, Workspace, available, button

ANN, BOSS = "U0ANN", "U0BOSS"
CLIPS, BACK = "C0CLIPS", "C0BACK"
INSULT = "you stupid fucking idiot"
Shown = dict[str, Any]


def said(message: Shown) -> str:
    """All words on a message or a view."""
    parts = [message.get("text") or "", *words_of(message.get("blocks") or [])]
    return "\n".join([*parts, *(file.get("name", "") for file in message.get("files") or ())])


@pytest.fixture
async def slack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalSlack]:
    if not available():
        if os.environ.get("GPT4VIDEO_REQUIRE_ALL") == "1":
            pytest.fail("local-slack is not here, and this run demands it: make local-slack")
        pytest.skip("local-slack is not here: make local-slack")
    workspace = Workspace({ANN: "Ann", BOSS: "Boss"}, {CLIPS: (ANN, BOSS), BACK: (BOSS,)}, admins=(BOSS,))
    async with LocalSlack(tmp_path_factory.mktemp("slack"), workspace) as slack:
        yield slack


async def start(slack: LocalSlack, data: Path) -> Running:
    running = await asyncio.to_thread(
        launch,
        data,
        GPT4VIDEO_SLACK__BOT_TOKEN=slack.workspace.bot_token,
        GPT4VIDEO_SLACK__APP_TOKEN=slack.workspace.app_token,
        GPT4VIDEO_SLACK__API_BASE=slack.api_base,
    )
    await slack.until(lambda: slack.screen.connected, "the bot's socket")
    return running


@pytest.fixture
async def bot(slack: LocalSlack, tmp_path: Path) -> AsyncIterator[Running]:
    running = await start(slack, tmp_path)
    yield running
    if running.process.poll() is None:
        await asyncio.to_thread(running.stop)


async def says(slack: LocalSlack, channel: str, wanted: str, **where: str) -> Shown:
    """The bot's message with certain words, as soon as there is one."""

    def found() -> Shown | None:
        return next((each for each in slack.answers(channel, **where) if wanted in said(each)), None)

    return await slack.until(found, f"an answer with {wanted!r}")


async def modal(slack: LocalSlack) -> Shown:
    return await slack.until(lambda: slack.screen.modals and slack.screen.modals[-1], "a modal")


def videos(slack: LocalSlack, channel: str) -> list[Shown]:
    return [file for each in slack.answers(channel) for file in each.get("files") or () if "url_private" in file]


def elements(slack: LocalSlack, words: str) -> list[Shown]:
    """The blocks of the admin's Home with certain words on them, or on their buttons' ids."""
    return [each for each in slack.screen.homes.get(BOSS, {}).get("blocks", ()) if words in json.dumps(each)]


async def page(slack: LocalSlack, label: str) -> None:
    """Turn to a page of the admin's Home."""
    await slack.open_home(BOSS)
    blocks = await slack.until(lambda: elements(slack, label), "a Home")
    await slack.act(BOSS, button(blocks, label))


async def press_beside(slack: LocalSlack, words: str, wanted: str) -> None:
    """Press what stands beside certain words on the admin's Home, as soon as it is there."""
    blocks = await slack.until(lambda: elements(slack, words), f"{words!r} on the Home")
    await slack.act(BOSS, button(blocks, wanted))
    await modal(slack)


async def test_a_member_mentions_the_bot_with_a_real_clip_and_asks_again_in_the_thread(
    slack: LocalSlack, bot: Running, bikes: Path
) -> None:
    question = await slack.upload(ANN, CLIPS, f"{slack.at_bot} How long is this clip?", bikes)
    answer = await says(slack, CLIPS, "lite", thread=question["ts"])  # which its footer says, at the end
    assert "10 seconds" in said(answer)
    await slack.say(ANN, CLIPS, f"{slack.at_bot} and how many shots?", thread=question["ts"])
    await says(slack, CLIPS, "Six shots", thread=question["ts"])
    assert len(slack.answers(CLIPS)) == 2


async def test_generate_asks_in_a_modal_and_ends_with_an_uploaded_video(slack: LocalSlack, bot: Running) -> None:
    await slack.command(ANN, CLIPS, "/generate")
    await modal(slack)
    await slack.submit(ANN, {"What the video should show": "a red ball bouncing on green grass"})
    (video,) = await slack.until(lambda: videos(slack, CLIPS), "a video")
    assert video["name"].endswith(".mp4")
    assert (await slack.fetch(video))[4:8] == b"ftyp"
    assert slack.screen.modals == []


async def test_a_video_that_is_being_made_is_cancelled_by_its_button(slack: LocalSlack, bot: Running) -> None:
    await slack.command(ANN, CLIPS, "/generate", "a castle at night")
    working = await says(slack, CLIPS, "Cancel")
    await slack.press(ANN, working, "g4v:cancel")
    await says(slack, CLIPS, "ancelled")
    assert videos(slack, CLIPS) == []
    assert len(slack.answers(CLIPS)) == 1


async def test_a_bot_that_was_killed_answers_once_when_it_is_back(
    slack: LocalSlack, bot: Running, tmp_path: Path
) -> None:
    await slack.command(ANN, CLIPS, "/generate", "a castle at night")
    await says(slack, CLIPS, "Cancel")
    await asyncio.to_thread(bot.stop, signal.SIGKILL)
    await slack.until(lambda: not slack.screen.connected, "the end of the bot's sockets")
    again = await start(slack, tmp_path)
    try:
        await slack.until(lambda: videos(slack, CLIPS), "a video")
        assert len(videos(slack, CLIPS)) == 1
    finally:
        await asyncio.to_thread(again.stop)
    assert len(videos(slack, CLIPS)) == 1


async def test_a_question_is_not_lost_to_a_kill_in_the_moment_it_is_heard(
    slack: LocalSlack, bot: Running, tmp_path: Path, bikes: Path
) -> None:
    question = await slack.upload(ANN, CLIPS, f"{slack.at_bot} How long is this clip?", bikes)
    await slack.until(lambda: slack.answers(CLIPS), "the beginning of an answer")
    await asyncio.to_thread(bot.stop, signal.SIGKILL)
    await slack.until(lambda: not slack.screen.connected, "the end of the bot's sockets")
    again = await start(slack, tmp_path)
    try:
        await says(slack, CLIPS, "10 seconds", thread=question["ts"])
    finally:
        await asyncio.to_thread(again.stop)
    assert len(slack.answers(CLIPS)) == 1


async def test_a_block_is_appealed_overturned_and_answered(slack: LocalSlack, bot: Running) -> None:
    await page(slack, "Settings")
    await press_beside(slack, "edit:moderator_channel", "edit:moderator_channel")
    await slack.submit(BOSS, {"Channel": BACK})
    await slack.until(lambda: not slack.screen.modals, "that it is saved")

    await slack.say(ANN, CLIPS, f"{slack.at_bot} {INSULT}")
    notice = await says(slack, CLIPS, "harassment", to=ANN)
    assert all("harassment" not in said(each) for each in slack.answers(CLIPS))
    await slack.press(ANN, notice, "appeal")
    await modal(slack)
    await slack.submit(ANN, {"Why should this be allowed?": "It is a quote from a film."})
    card = await says(slack, BACK, "quote from a film")
    await slack.press(BOSS, card, "Overturn")
    await says(slack, CLIPS, "lite")
    assert len(slack.answers(CLIPS)) == 1


async def test_the_plainest_sentence_of_each_category_is_blocked(slack: LocalSlack, bot: Running) -> None:
    for category, texts in HARMFUL.items():
        await slack.say(ANN, CLIPS, f"{slack.at_bot} {texts[0]}")
        await says(slack, CLIPS, f"{category} ", to=ANN)
    await slack.say(ANN, CLIPS, f"{slack.at_bot} How many balls are there?")
    await says(slack, CLIPS, "lite")


async def test_a_limit_set_on_the_home_changes_what_is_blocked(slack: LocalSlack, bot: Running) -> None:
    await slack.say(ANN, CLIPS, f"{slack.at_bot} {INSULT}")
    await says(slack, CLIPS, "harassment", to=ANN)

    await page(slack, "Safety")
    await press_beside(slack, "*harassment*", "Change")
    await slack.submit(BOSS, {"Limit, from 0 to 1": "1"})
    await slack.until(lambda: slack.screen.modals and "Not saved yet" in said(slack.screen.modals[-1]), "a preview")
    await slack.submit(BOSS, {})
    await slack.until(lambda: "Saved: harassment" in said(slack.screen.homes[BOSS]), "that it is saved")

    second = await slack.say(ANN, CLIPS, f"{slack.at_bot} {INSULT}")
    await says(slack, CLIPS, "lite", thread=second["ts"])


async def test_what_is_asked_while_the_bot_is_away_is_answered_once_when_it_is_back(
    slack: LocalSlack, bot: Running, tmp_path: Path
) -> None:
    first = await slack.say(ANN, CLIPS, f"{slack.at_bot} hello")
    await says(slack, CLIPS, "lite", thread=first["ts"])
    await asyncio.to_thread(bot.stop, signal.SIGKILL)
    await slack.until(lambda: not slack.screen.connected, "the end of the bot's sockets")
    second = await slack.say(ANN, CLIPS, f"{slack.at_bot} are you there?")
    again = await start(slack, tmp_path)
    try:
        await says(slack, CLIPS, "lite", thread=second["ts"])
    finally:
        await asyncio.to_thread(again.stop)
    assert len(slack.answers(CLIPS)) == 2
