"""The made-up Discord does what the wire tests rely on: it judges, remembers and hides what Discord would hide."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.world import Channel
from tests.fakes.openapi import discord_api

CREATE = "POST /channels/{channel_id}/messages"


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(spec=discord_api()) as server:
        yield server


@pytest.fixture
def channel(server: DiscordServer) -> Channel:
    return server.channel(server.guild("Film club"), "clips")


@asynccontextmanager
async def session(server: DiscordServer, token: str | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {token or server.token}"}) as session:
        yield session


async def post(server: DiscordServer, channel: Channel, body: dict[str, Any], **more: Any) -> tuple[int, Any]:
    url = f"{server.api_base}/channels/{channel.id}/messages"
    async with session(server, **more) as http, http.post(url, json=body) as response:
        return response.status, await response.json()


async def test_a_body_that_discord_would_refuse_is_refused_and_remembered(
    server: DiscordServer, channel: Channel
) -> None:
    status, body = await post(server, channel, {"content": "x" * 2001})
    assert (status, body["code"]) == (400, 50035)
    [violation] = server.violations
    assert "2001 characters" in str(violation)
    assert server.messages(channel) == []


async def test_a_body_is_judged_even_where_the_answer_was_going_to_be_an_error(
    server: DiscordServer, channel: Channel
) -> None:
    server.fail_next(CREATE, 403)
    assert (await post(server, channel, {"content": "x" * 2001}))[0] == 403
    assert len(server.violations) == 1


async def test_a_wrong_token_gets_nothing(server: DiscordServer, channel: Channel) -> None:
    assert (await post(server, channel, {"content": "a"}, token="other"))[0] == 401
    assert server.messages(channel) == []


async def test_a_nonce_that_is_enforced_makes_one_message_of_two_sends(server: DiscordServer, channel: Channel) -> None:
    body = {"content": "a", "nonce": "7", "enforce_nonce": True}
    first, second = await post(server, channel, body), await post(server, channel, body)
    assert first[1]["id"] == second[1]["id"]
    await post(server, channel, {**body, "enforce_nonce": False})
    assert len(server.messages(channel)) == 2


async def test_a_fault_answers_as_often_as_it_was_told_to(server: DiscordServer, channel: Channel) -> None:
    server.fail_next(CREATE, 403, times=2)
    assert [(await post(server, channel, {"content": "a"}))[0] for _ in range(3)] == [403, 403, 200]


async def test_a_guild_message_that_is_not_meant_for_the_bot_comes_without_its_content(
    server: DiscordServer, channel: Channel
) -> None:
    ann = server.user("Ann")
    overheard = server.say(ann, channel, "psst", attachments=[("a.mp4", b"1")])
    meant = server.say(ann, channel, "hello", mention=True)
    async with session(server) as http:
        shown = []
        for said in (overheard, meant):
            url = f"{server.api_base}/channels/{channel.id}/messages/{said.id}"
            async with http.get(url) as response:
                shown.append(await response.json())
    assert (shown[0]["content"], shown[0]["attachments"]) == ("", [])
    assert shown[1]["content"].endswith("hello")


async def test_a_route_that_is_not_here_is_remembered(server: DiscordServer) -> None:
    async with session(server) as http, http.get(f"{server.api_base}/voice/regions") as response:
        assert response.status == 404
    assert server.unserved == ["GET /api/v10/voice/regions"]


async def test_waiting_for_what_never_comes_says_what_it_was(server: DiscordServer) -> None:
    with pytest.raises(AssertionError, match="in vain for: a miracle"):
        await server.until(lambda: False, "a miracle", timeout=0.01)
