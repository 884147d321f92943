"""Joining and leaving: one hello to whoever added the bot, and nothing kept of those that removed it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.discord import DiscordAdapter
from adapters.discord.guilds import STATE_FILE
from adapters.shared.state import StateFile
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.world import VIEW_AUDIT_LOG, Channel, User, now

GUILD = "GET /guilds/{guild_id}"
CREATE = "POST /channels/{channel_id}/messages"


def said_to(server: DiscordServer, person: User) -> list[str]:
    return [post.content for post in server.answers(server.dm(person))]


async def heard_nothing(server: DiscordServer, handler, channel: Channel, person: User) -> None:
    """Go once around: what was underway before this question has arrived by the time of its answer."""
    server.say(person, channel, "and you?", mention=True)
    await (await handler.next()).ends("Fine.")


# --- hello --------------------------------------------------------------------------------------------------------


async def test_the_owner_of_a_new_guild_gets_one_hello_with_the_three_things_to_do(
    server: DiscordServer, adapter: DiscordAdapter, ann: User
) -> None:
    server.guild("Riders & *Co*", owner=ann)
    await server.until(lambda: said_to(server, ann), "a hello")
    (hello,) = said_to(server, ann)
    assert r"Riders & \*Co\*" in hello
    for thing in ("Mention me", "/generate", "/settings", "/safety"):
        assert thing in hello


async def test_the_hello_says_how_to_get_from_the_lite_models_to_others(
    server: DiscordServer, launch, ann: User
) -> None:
    await launch(hint=lambda: "Larger ones: `gpt4video models use auto`.")
    server.guild("Riders", owner=ann)
    await server.until(lambda: said_to(server, ann), "a hello")
    assert said_to(server, ann)[0].endswith("Larger ones: `gpt4video models use auto`.")


async def test_who_added_the_bot_is_greeted_where_the_audit_log_tells(
    server: DiscordServer, launch, ann: User, handler
) -> None:
    bob = server.user("Bob")
    guild = server.guild("Riders", owner=ann, added_by=bob, joined=now())
    guild.permissions |= VIEW_AUDIT_LOG
    await launch()
    await server.until(lambda: said_to(server, bob), "a hello")
    assert said_to(server, ann) == []


async def test_a_hello_is_not_said_again_after_a_restart_an_outage_or_a_lost_session(
    server: DiscordServer, launch, handler, ann: User, unpaced: None
) -> None:
    first = await launch()
    guild = server.guild("Riders", owner=ann)
    channel = server.channel(guild, "clips")
    await server.until(lambda: said_to(server, ann), "a hello")
    server.lose(guild)
    server.find_again(guild)
    async with server.outage():
        server.forget_sessions()
    await server.until(lambda: len(server.gateway.identifies) == 2 and server.gateway.live, "a second IDENTIFY")
    await first.stop()
    await launch()
    await heard_nothing(server, handler, channel, ann)
    assert len(said_to(server, ann)) == 1


async def test_a_guild_that_was_joined_while_the_bot_was_away_is_greeted_and_an_old_one_is_not(
    server: DiscordServer, launch, handler, ann: User
) -> None:
    bob = server.user("Bob")
    server.guild("Old", owner=bob, joined=now() - timedelta(days=2))
    server.guild("New", owner=ann, joined=now() - timedelta(hours=2))
    await launch()
    await server.until(lambda: said_to(server, ann), "a hello")
    assert said_to(server, bob) == []


async def test_a_guild_that_is_joined_while_the_bot_still_reads_what_it_knew_is_greeted_once(
    server: DiscordServer, launch, handler, clips: Channel, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, go_on, load = asyncio.Event(), asyncio.Event(), StateFile.load

    async def slowly(file: StateFile) -> object:
        state = await load(file)
        if file.path.name == STATE_FILE:
            reading.set()
            await go_on.wait()
        return state

    monkeypatch.setattr(StateFile, "load", slowly)
    await launch()
    await reading.wait()
    server.guild("Riders", owner=ann)
    await heard_nothing(server, handler, clips, ann)
    go_on.set()
    await server.until(lambda: said_to(server, ann), "a hello")
    await heard_nothing(server, handler, clips, ann)
    hellos = [call for call in server.calls_to(CREATE) if call.body["content"].startswith("Hello")]
    assert len(hellos) == 1  # sent once: that Discord would have dropped the second one is not counted on


async def test_an_owner_who_takes_no_messages_is_left_alone(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    shy = server.user("Shy")
    shy.hears_nobody = True
    server.guild("Quiet", owner=shy)
    await server.until(lambda: server.calls_to(CREATE), "an attempt")
    await heard_nothing(server, handler, clips, ann)
    assert [call.status for call in server.calls_to(CREATE)].count(403) == 1


async def test_who_removes_the_bot_and_adds_it_again_is_greeted_again(
    server: DiscordServer, adapter: DiscordAdapter, handler, ann: User
) -> None:
    guild = server.guild("Riders", owner=ann)
    await server.until(lambda: len(said_to(server, ann)) == 1, "a hello")
    server.leave(guild)
    await asyncio.wait_for(handler.goodbye.wait(), 15)
    server.guild("Riders, again", owner=ann, again=guild)
    await server.until(lambda: len(said_to(server, ann)) == 2, "another hello")


# --- goodbye ------------------------------------------------------------------------------------------------------


async def test_a_guild_that_removes_the_bot_is_forgotten(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel
) -> None:
    assert clips.guild is not None
    server.leave(clips.guild)
    await asyncio.wait_for(handler.goodbye.wait(), 15)
    assert handler.left == [("discord", clips.guild.id)]


async def test_an_outage_of_a_guild_forgets_nothing(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    assert clips.guild is not None
    server.lose(clips.guild)
    server.find_again(clips.guild)
    await heard_nothing(server, handler, clips, ann)
    assert handler.left == []


async def test_what_was_left_while_the_bot_was_away_is_forgotten_once_discord_says_so(
    server: DiscordServer, launch, handler, clips: Channel
) -> None:
    assert clips.guild is not None
    await (await launch()).stop()
    gone = server.world.snowflake()
    handler.known = [clips.guild.id, gone, "dm"]
    await launch()
    await asyncio.wait_for(handler.goodbye.wait(), 15)
    assert handler.left == [("discord", gone)]
    assert [call.path for call in server.calls_to(GUILD)] == [f"/guilds/{gone}"]


@pytest.mark.parametrize(("status", "body"), [(None, None), (500, None), (401, None), (403, "<html>blocked</html>")])
async def test_what_discord_does_not_say_is_left_is_kept(
    server: DiscordServer, launch, handler, clips: Channel, ann: User, status: int | None, body: str | None
) -> None:
    await (await launch()).stop()
    handler.known = [server.world.snowflake()]
    server.fail_next(GUILD, status, times=10, body=body)
    await launch()
    await server.until(lambda: server.calls_to(GUILD), "the question")
    await heard_nothing(server, handler, clips, ann)
    assert handler.left == []


async def test_another_application_on_the_same_data_deletes_nothing(
    server: DiscordServer, launch, handler, clips: Channel, ann: User, tmp_path: Path
) -> None:
    (tmp_path / "discord-guilds.json").write_text('{"application": "42", "greeted": []}')
    handler.known = [server.world.snowflake()]
    await launch()
    await heard_nothing(server, handler, clips, ann)
    assert server.calls_to(GUILD) == []
    assert handler.left == []


async def test_a_broken_state_file_neither_stops_the_bot_nor_deletes_anything(
    server: DiscordServer, launch, handler, clips: Channel, ann: User, tmp_path: Path
) -> None:
    (tmp_path / "discord-guilds.json").write_text("{")
    handler.known = [server.world.snowflake()]
    await launch()
    await heard_nothing(server, handler, clips, ann)
    assert handler.left == []
