"""The life of the connection: what ends it, what only interrupts it, and what must not touch it at all."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from adapters.discord import DiscordAdapter, commands, connection
from adapters.discord.errors import DiscordError, IntentsRefused, TokenRefused, VersionRefused
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.world import Channel, User
from tests.integration.adapters.discord_wire.test_trouble import Ear

COMMANDS = "PUT /applications/{application_id}/commands"
FINAL = [(4004, TokenRefused), (4012, VersionRefused), (4013, IntentsRefused), (4014, IntentsRefused)]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, unpaced: None) -> None:
    monkeypatch.setattr(connection, "BACKOFF_S", (0.01, 0.05))


async def answers(server: DiscordServer, handler, channel: Channel, ann: User, text: str) -> None:
    """Ask something there and see it answered."""
    server.say(ann, channel, text, mention=True)
    await (await handler.next()).ends(f"{text}: yes.")
    assert [post.content for post in server.answers(channel)][-1] == f"{text}: yes."


# --- events that nobody can read ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("MESSAGE_CREATE", {"id": "no number"}),
        ("MESSAGE_UPDATE", {}),
        ("MESSAGE_DELETE", None),
        ("GUILD_CREATE", {"id": "1", "channels": "none"}),
        ("CHANNEL_CREATE", {"guild_id": "x", "type": 4711}),
        ("THREAD_UPDATE", []),
        ("INTERACTION_CREATE", {"id": "1", "type": 4711}),
        ("SOMETHING_NEW", {"of": "next year"}),
        ("SOMETHING_ELSE", None),
    ],
)
async def test_an_event_that_cannot_be_read_costs_that_event_alone(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User, event: str, data: object
) -> None:
    server.tell_event(event, data)
    await answers(server, handler, clips, ann, "still there")
    assert adapter.trouble() == ""


@pytest.mark.parametrize("text", ["{ no json", "[]", '"a word"', '{"op": 0, "s": 9, "t": "READY", "d": null}'])
async def test_a_payload_that_cannot_be_read_is_answered_with_a_new_connection(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User, text: str
) -> None:
    before = server.gateway.attempts
    server.garble(text)
    await server.until(lambda: server.gateway.attempts > before and server.gateway.live, "another connection")
    await answers(server, handler, clips, ann, "still there")


async def test_an_answer_is_shown_while_the_connection_is_made_anew(
    server: DiscordServer,
    adapter: DiscordAdapter,
    handler,
    clips: Channel,
    ann: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "BACKOFF_S", (3600.0,))
    server.say(ann, clips, "what is this?", mention=True)
    asked = await handler.next()
    heard = Ear()
    logging.getLogger(connection.__name__).addHandler(heard)
    try:
        server.garble("{ no json")
        async with asyncio.timeout(15):
            while "the next try" not in await heard.sentences.get():
                pass
    finally:
        logging.getLogger(connection.__name__).removeHandler(heard)
    assert "could not be reached" in adapter.trouble()
    await asked.ends("A boat.")
    assert [post.content for post in server.answers(clips)] == ["A boat."]


async def test_a_connection_that_is_lost_is_trouble_until_it_is_back(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    assert adapter.trouble() == ""
    async with server.outage():
        await server.until(adapter.trouble, "trouble")
        assert "could not be reached" in adapter.trouble()
    await answers(server, handler, clips, ann, "back again")
    assert adapter.trouble() == ""


async def test_a_stop_is_no_error(
    server: DiscordServer, adapter: DiscordAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await adapter.stop()
        await server.until(lambda: not server.gateway.connections, "the end of the connection")
    assert caplog.messages == []
    assert server.gateway.attempts == 1


# --- refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "error"), FINAL)
async def test_what_discord_refuses_for_good_is_the_end_of_the_platform_with_a_sentence(
    server: DiscordServer, adapter: DiscordAdapter, code: int, error: type[DiscordError]
) -> None:
    await server.close(code)
    async with asyncio.timeout(15):
        why = await adapter.ended()

    assert isinstance(why, error)
    assert adapter.trouble() == str(why)
    assert server.gateway.attempts == 1


async def test_a_token_that_was_revoked_meanwhile_is_the_end_at_the_next_connection(
    server: DiscordServer, adapter: DiscordAdapter
) -> None:
    server.refuse_identify(4004, times=100)
    server.forget_sessions()
    server.drop()
    async with asyncio.timeout(15):
        assert isinstance(await adapter.ended(), TokenRefused)
    assert len(server.gateway.identifies) == 2


@pytest.mark.parametrize("code", [None, 1000, 1001, 4000, 4001, 4002, 4003, 4005, 4007, 4008, 4009, 4123])
async def test_any_other_end_of_a_connection_is_no_end_of_the_platform(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User, code: int | None
) -> None:
    if code is None:
        server.drop()
    else:
        await server.close(code)
    await answers(server, handler, clips, ann, "still there")
    await server.until(lambda: adapter.trouble() == "", "no trouble")


async def test_a_bot_that_has_outgrown_its_shards_asks_how_many_there_are_to_be(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    other = next(
        guild for guild in (server.guild(f"Club {n}") for n in range(99)) if (int(guild.id) >> 22) % 2 != _shard(clips)
    )
    talk = server.channel(other, "talk")
    server.gateway.shards = 2
    server.forget_sessions()
    await server.close(4011)
    await server.until(lambda: len(server.gateway.live) == 2, "two connections", 30)
    await answers(server, handler, clips, ann, "here")
    await answers(server, handler, talk, ann, "there")
    assert sorted(session.shard for session in server.gateway.live) == [(0, 2), (1, 2)]


def _shard(channel: Channel) -> int:
    assert channel.guild is not None
    return (int(channel.guild.id) >> 22) % 2


async def test_a_discord_that_goes_on_refusing_shards_is_in_trouble_and_tried_again(
    server: DiscordServer, adapter: DiscordAdapter
) -> None:
    server.refuse_identify(4011, times=5)
    await server.close(4011)
    await server.until(lambda: not server.gateway.refusals and server.gateway.live, "a connection")
    assert len(server.gateway.identifies) == 7


# --- coming back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resumable", [True, False])
async def test_the_application_hears_that_the_connection_is_back(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, resumable: bool
) -> None:
    handler.back.clear()
    if not resumable:
        server.forget_sessions()
    server.drop()
    async with asyncio.timeout(15):
        await handler.back.wait()
    assert set(handler.reconnections) == {"discord"}


# --- commands -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 429, 501, 503, None])
async def test_commands_that_discord_does_not_take_are_sent_again_while_messages_are_answered(
    server: DiscordServer,
    launch,
    handler,
    clips: Channel,
    ann: User,
    monkeypatch: pytest.MonkeyPatch,
    status: int | None,
) -> None:
    monkeypatch.setattr(commands, "SYNC_AGAIN_S", (0.01,))
    server.fail_next(COMMANDS, status, times=1 if status == 429 else 7, body={} if status == 400 else None)
    adapter = await launch()
    await answers(server, handler, clips, ann, "without commands")
    await server.until(lambda: server.world.commands, "the commands", 60)
    assert adapter.trouble() == ""


async def test_commands_that_discord_never_acknowledges_hold_nothing_up(
    server: DiscordServer, launch, handler, clips: Channel, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adapters.discord import adapter as module

    monkeypatch.setattr(module, "COMMANDS_S", 0.1)
    gate = server.hold(COMMANDS)
    adapter = await launch()
    await answers(server, handler, clips, ann, "without commands")
    assert gate.arrived.is_set()
    await adapter.stop()


async def test_a_folder_that_cannot_be_written_costs_no_more_than_sending_the_commands_again(
    server: DiscordServer, launch, handler, clips: Channel, ann: User, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("not a folder")
    adapter = await launch(state_dir=tmp_path / "file")
    await server.until(lambda: server.world.commands, "the commands")
    await answers(server, handler, clips, ann, "all the same")
    assert len(server.calls_to(COMMANDS)) == 1
    assert "the next start sends the commands again" in caplog.text
    assert adapter.trouble() == ""


async def test_a_limit_of_hours_for_commands_holds_nothing_up(
    server: DiscordServer, launch, handler, clips: Channel, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adapters.discord import adapter as module

    monkeypatch.setattr(module, "COMMANDS_S", 0.1)
    server.fail_next(COMMANDS, 429, retry_after=7200.0, times=9)
    adapter = await launch()
    await answers(server, handler, clips, ann, "without commands")
    await adapter.stop()
