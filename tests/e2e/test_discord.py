"""The whole bot, with its real lite models, on a Discord of the tests' own that the real discord.py connects to."""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.world import Channel, Post, User
from tests.fakes.openapi import discord_api
from tests.harness import CONSOLE, Running, environment, launch
from tests.lines import HARMFUL

PATIENT_S = 60.0


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(spec=discord_api()) as server:
        yield server
        assert [str(violation) for violation in server.violations] == []


@pytest.fixture
def ann(server: DiscordServer) -> User:
    return server.user("Ann")


@pytest.fixture
def general(server: DiscordServer) -> Channel:
    return server.channel(server.guild("Club"), "general")


async def start(server: DiscordServer, data: Path) -> Running:
    return await asyncio.to_thread(
        launch, data, GPT4VIDEO_DISCORD__TOKEN=server.token, GPT4VIDEO_DISCORD__API_BASE=server.api_base
    )


@pytest.fixture
async def bot(server: DiscordServer, general: Channel, tmp_path: Path) -> AsyncIterator[Running]:
    running = await start(server, tmp_path)
    yield running
    if running.process.poll() is None:
        await asyncio.to_thread(running.stop)


async def says(server: DiscordServer, channel: Channel, words: str) -> Post:
    def found() -> Post | None:
        return next((post for post in server.answers(channel) if words in post.content), None)

    return await server.until(found, f"an answer with {words!r}", PATIENT_S)


async def test_a_member_mentions_the_bot_with_a_real_clip_and_asks_again(
    server: DiscordServer, bot: Running, general: Channel, ann: User, bikes: Path
) -> None:
    clip = ("bikes.mp4", bikes.read_bytes())
    question = server.say(ann, general, "How long is this clip?", attachments=[clip], mention=True)
    answer = await says(server, general, "10 seconds")
    assert answer.reply_to is question
    # Words may be seen before the footer: the whole answer comes with the next edit.
    await server.until(lambda: "lite" in answer.content, "the footer", PATIENT_S)
    server.say(ann, general, "and how many shots?", mention=True)
    await says(server, general, "Six shots")
    assert len(server.answers(general)) == 2


async def test_generate_ends_with_an_uploaded_video(
    server: DiscordServer, bot: Running, general: Channel, ann: User
) -> None:
    server.command(ann, general, "generate", {"prompt": "a red ball bouncing on green grass", "length": 1})
    answer = await server.until(
        lambda: next((post for post in server.answers(general) if post.files), None), "a video", PATIENT_S
    )
    assert answer.files[0].name.endswith(".mp4")
    assert answer.files[0].data[4:8] == b"ftyp"
    assert "storyboard" in answer.content


async def test_what_is_blocked_is_explained_to_its_author_alone(
    server: DiscordServer, bot: Running, general: Channel, ann: User
) -> None:
    server.say(ann, general, "you stupid fucking idiot", mention=True)
    await says(server, server.dm(ann), "harassment")
    assert all("harassment" not in post.content for post in server.answers(general))


async def test_the_plainest_sentence_of_each_category_is_blocked(
    server: DiscordServer, bot: Running, general: Channel, ann: User
) -> None:
    for category, texts in HARMFUL.items():
        server.say(ann, general, texts[0], mention=True)
        await says(server, server.dm(ann), f"{category} ")
    server.say(ann, general, "How many balls are there?", mention=True)
    await server.until(lambda: "lite" in server.answers(general)[-1].content, "an answer", PATIENT_S)


async def test_a_bot_that_was_killed_answers_once_when_it_is_back(
    server: DiscordServer, bot: Running, general: Channel, ann: User, tmp_path: Path
) -> None:
    server.command(ann, general, "generate", {"prompt": "a castle at night", "length": 6})
    await says(server, general, "▰")
    await asyncio.to_thread(bot.stop, signal.SIGKILL)
    again = await start(server, tmp_path)
    try:
        await server.until(lambda: any(post.files for post in server.answers(general)), "a video", PATIENT_S)
    finally:
        await asyncio.to_thread(again.stop)
    assert len(server.answers(general)) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_what_is_asked_while_the_bot_is_away_is_answered_once_when_it_is_back(
    server: DiscordServer, bot: Running, general: Channel, ann: User, tmp_path: Path, number: int
) -> None:
    asked = [server.say(ann, general, "hello, what can you do?", mention=True)]
    stopping = asyncio.create_task(asyncio.to_thread(bot.stop, number))
    await server.until(lambda: not server.gateway.connections, "the end of the connection", PATIENT_S)
    asked.append(server.say(ann, general, "hello, are you there?", mention=True))
    await stopping
    asked.append(server.say(ann, general, "hello, and now?", mention=True))
    again = await start(server, tmp_path)
    try:
        await server.until(
            lambda: {post.reply_to for post in server.answers(general) if "lite" in post.content} == set(asked),
            "an answer to each",
            PATIENT_S,
        )
    finally:
        await asyncio.to_thread(again.stop)
    assert sorted(post.reply_to_id for post in server.answers(general)) == sorted(post.id for post in asked)


async def test_a_token_that_discord_revokes_ends_a_bot_that_has_nothing_else_with_a_sentence(
    server: DiscordServer, general: Channel, tmp_path: Path
) -> None:
    alone = {
        "GPT4VIDEO_DISCORD__TOKEN": server.token,
        "GPT4VIDEO_DISCORD__API_BASE": server.api_base,
        "GPT4VIDEO_WEB__ENABLED": "false",
    }
    process = await asyncio.create_subprocess_exec(
        CONSOLE, "run", stdout=PIPE, stderr=PIPE, env=environment(tmp_path) | alone, cwd=tmp_path
    )
    assert process.stdout is not None
    async with asyncio.timeout(PATIENT_S):
        while b"Ready" not in await process.stdout.readline():
            pass
        await server.close(4004)
        _, said = await process.communicate()
    assert process.returncode == 4
    assert "refused the bot token" in said.decode().splitlines()[-1]
