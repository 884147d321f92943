"""The whole bot with both doors open to strangers, who fill them with everything but proper requests."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import psutil
import pytest

from tests.fakes.discord_server import DiscordServer
from tests.fakes.openapi import discord_api
from tests.fakes.slack_server import SlackServer
from tests.harness import Running, launch

PATIENT_S = 60.0
LINES = 2000  # connections to each door at a time
STRANGERS = [f"127.0.1.{number}" for number in range(1, 33)]  # all of them this machine, as far as Linux is concerned
LOG_BYTES = 1_000_000
TOKEN = "a long random string"
PATHS = {"page": b"/api/uploads", "slack": b"/slack/events"}


def kinds(path: bytes) -> list[bytes]:
    """What strangers send first. Those who hold on go on byte by byte, and none of them reads."""
    post = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    signed = b"X-Slack-Signature: v0=0\r\nX-Slack-Request-Timestamp: 1\r\n"
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    return [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Half: ",
        post + b"Content-Length: 100000\r\n\r\n{",
        post + signed + b"Content-Length: 1000000\r\n\r\n{",
        post + signed + b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n" + b"x" * 1000,
        b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{",
        b"GET /api/socket HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + upgrade + b"\r\n",
        b"GET /static/app.js HTTP/1.1\r\nHost: x\r\n\r\n" * 8,
        b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n" * 8,
        b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000,
        b"GET / HTTP/1.1\r\n" + b"X-Header: y\r\n" * 500 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"NONSENSE\r\n\r\n",
    ]


class Flood(threading.Thread):
    """Keeps so many connections to each door open, of all kinds, and opens those anew that were closed."""

    def __init__(self, doors: dict[str, int]) -> None:
        super().__init__(daemon=True)
        self._sends = [(port, sent) for door, port in doors.items() for sent in kinds(PATHS[door])]
        self._senders = itertools.cycle(STRANGERS if sys.platform == "linux" else ["127.0.0.1"])
        self._lines: list[socket.socket] = []
        self._end = threading.Event()
        self.full = threading.Event()
        self.opened = 0

    def run(self) -> None:
        for port, sent in itertools.cycle(self._sends):
            if self._end.is_set():
                break
            if len(self._lines) >= 2 * LINES:
                self.full.set()
                self._end.wait(0.005)
                self._drip(self._lines.pop(0))
            with contextlib.suppress(OSError):
                self._open(port, sent)
        for line in self._lines:
            line.close()

    def stop(self) -> None:
        self._end.set()
        self.join()

    def _open(self, port: int, sent: bytes) -> None:
        line = socket.socket()
        try:
            line.bind((next(self._senders), 0))
            line.settimeout(1)
            line.connect(("127.0.0.1", port))
            line.setblocking(False)
            if sent:
                line.send(sent)
        except OSError:
            line.close()
            raise
        self._lines.append(line)
        self.opened += 1

    def _drip(self, line: socket.socket) -> None:
        """One byte more on a connection that is still there; one that is not makes room for another."""
        try:
            line.send(b"x")
        except OSError:
            line.close()
        else:
            self._lines.append(line)


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * LINES + 1000
    if before[1] != resource.RLIM_INFINITY and before[1] < wanted:
        pytest.skip(f"this system allows {before[1]} descriptors, and the test needs {wanted}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], wanted), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(spec=discord_api()) as server:
        yield server
        assert [str(violation) for violation in server.violations] == []


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer() as slack:
        yield slack
    assert slack.violations == []


@pytest.fixture
async def bot(discord: DiscordServer, slack: SlackServer, tmp_path: Path) -> AsyncIterator[Running]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (tmp_path / "data").mkdir()
    running = await asyncio.to_thread(
        launch,
        tmp_path / "data",
        log=tmp_path / "log",
        GPT4VIDEO_WEB__TOKEN=TOKEN,
        GPT4VIDEO_DISCORD__TOKEN=discord.token,
        GPT4VIDEO_DISCORD__API_BASE=discord.api_base,
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


async def test_two_thousand_strangers_at_each_door_keep_nobody_from_an_answer(
    many_descriptors: None, discord: DiscordServer, slack: SlackServer, bot: Running, bikes: Path, tmp_path: Path
) -> None:
    guild, clips = discord.guild("Club"), slack.channel("clips")
    rooms = [discord.channel(guild, f"room-{number}") for number in range(4)]
    members = [discord.user(f"Ann {number}") for number in range(4)]
    clip = ("bikes.mp4", bikes.read_bytes())
    page = urlsplit(bot.url)
    assert page.port is not None
    slack_port = urlsplit(slack.delivery.request_url).port
    assert slack_port is not None

    async def answered(room: int, words: str) -> None:
        def found() -> bool:
            return any(words in post.content for post in discord.answers(rooms[room]))

        await discord.until(found, f"an answer with {words!r} in {rooms[room].name}", PATIENT_S)

    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(bot.url, cookie_jar=jar) as http:
        async with http.post("/api/login", json={"token": TOKEN}) as answer:
            assert answer.status == 200
        async with http.ws_connect("/api/socket") as window:
            await window.send_json({"type": "hello", "conversation": "conversation-0001"})
            assert (await window.receive_json(timeout=10))["type"] == "history"
            flood = Flood({"page": page.port, "slack": slack_port})
            flood.start()
            try:
                await asyncio.to_thread(flood.full.wait, PATIENT_S)
                assert flood.full.is_set()
                for member, room in zip(members[:3], rooms, strict=False):
                    discord.say(member, room, "How long is this clip?", attachments=[clip], mention=True)
                ann = slack.user("Ann")
                question = slack.say(ann, clips, "How long is this clip?", mention=True, files=[clip])
                for room in range(3):
                    await answered(room, "10 seconds")
                await slack.until(
                    lambda: any("10 seconds" in post.shown for post in slack.answers(clips, thread=question.ts)),
                    "an answer",
                    PATIENT_S,
                )
                await window.send_json({"type": "hello", "conversation": "conversation-0002"})
                assert (await window.receive_json(timeout=10))["conversation"] == "conversation-0002"
                async with http.get("/api/config") as answer:
                    assert answer.status == 200

                # The models die in the middle of it, and are there again.
                os.kill(bot.inference().pid, signal.SIGKILL)
                discord.say(members[3], rooms[3], "How long is this clip?", attachments=[clip], mention=True)
                await answered(3, "10 seconds")
            finally:
                await asyncio.to_thread(flood.stop)
    assert flood.opened > 2 * LINES
    assert all(len(discord.answers(room)) == 1 for room in rooms)
    assert psutil.Process(bot.process.pid).num_fds() < 1000
    assert await asyncio.to_thread(bot.stop) == 0
    log = (tmp_path / "log").read_bytes()
    assert len(log) < LOG_BYTES, log[-5000:]
    assert b"Traceback" not in log, log[-5000:]
