"""Slash commands, the message menu and its dialog, from the click to the answer; and when they are sent to Discord."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Bar, MadeVideo, State, View

CLIP = ("bikes.mp4", b"\0\0\0\x18ftypmp42")
COMMANDS = {"generate", "ask", "queue", "forget", "help"}
MENUS = {"Ask about this video", "Make a video like this"}
BLOCKED = View("r1", State.BLOCKED, notice="I won't make that: violence 0.83 is over 0.70.")


def puts(world) -> list[Any]:
    return [entry.json for entry in world.env.http_requests if entry.method == "PUT"]


def made(tmp_path: Path) -> MadeVideo:
    path = tmp_path / "made.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42")
    return MadeVideo(str(path), "a red ball", 1234, 640, 360, 3.0)


async def test_generate_ends_with_the_video_in_the_response(world, tmp_path: Path) -> None:
    result = await world.ann.slash(
        world.channel, "generate", prompt="a red ball", length=3.0, shape="wide", seed=1234, avoid="grass"
    )
    assert result.deferred
    assert not result.ephemeral
    (command,) = world.handler.commands
    assert (command.prompt, command.seconds, command.width, command.height, command.seed, command.avoid) == (
        "a red ball",
        3.0,
        640,
        360,
        1234,
        "grass",
    )
    assert command.place.channel == str(world.channel.id)
    await world.show(View("r1", State.WORKING, bar=Bar(12, 30), can_cancel=True))
    assert result.response.content.startswith("▰▰▰▰▱")
    await world.show(View("r1", State.DONE, videos=(made(tmp_path),), footer="lite · 3 s · 640×360 · seed 1234"))
    assert result.response.content == "a red ball\n-# lite · 3 s · 640×360 · seed 1234"
    assert [item.filename for item in result.response.attachments] == ["a-red-ball.mp4"]
    assert result.followups == []


async def test_what_is_left_out_of_generate_is_left_to_the_configuration(world) -> None:
    await world.ann.slash(world.channel, "generate", prompt="a red ball")
    (command,) = world.handler.commands
    assert (command.seconds, command.width, command.height, command.seed, command.avoid) == (None, None, None, None, "")


async def test_after_fourteen_minutes_the_answer_comes_by_the_bots_own_token(world, tmp_path: Path) -> None:
    result = await world.ann.slash(world.channel, "generate", prompt="a red ball")
    world.clock.time += 14 * 60 + 1
    await world.show(View("r1", State.DONE, videos=(made(tmp_path),), footer="lite"))
    assert world.paths("PATCH") == [f"/channels/{world.channel.id}/messages/{result.response.id}"]
    assert [item.filename for item in result.response.attachments] == ["a-red-ball.mp4"]


@pytest.mark.parametrize(("status", "code"), [(404, 10015), (401, 50027)])
async def test_a_token_that_died_early_is_replaced_by_the_bots_own(
    world, tmp_path: Path, status: int, code: int
) -> None:
    result = await world.ann.slash(world.channel, "generate", prompt="a red ball")
    world.env.inject_error("PATCH", "/webhooks/*", status=status, code=code, times=None)
    await world.show(View("r1", State.DONE, videos=(made(tmp_path),)))
    assert result.response.content == "a red ball"
    assert len(result.response.attachments) == 1


async def test_ask_takes_a_question_and_a_file(world) -> None:
    result = await world.ann.slash(world.channel, "ask", question="what is it?", clip=CLIP)
    asked = world.handler.message_
    assert asked.text == "what is it?"
    assert [(item.name, item.content_type) for item in asked.attachments] == [("bikes.mp4", "video/mp4")]
    await world.show(View("r1", State.DONE, text="word " * 700))
    assert len(result.response.content) <= 2000
    (more,) = result.followups
    assert result.response.content.split() + more.content.split() == ["word"] * 700


async def test_ask_refuses_a_file_that_is_no_clip_privately(world) -> None:
    result = await world.ann.slash(world.channel, "ask", question="what is it?", clip=("notes.txt", b"x"))
    assert result.ephemeral
    assert result.response.content == "That file is no video, GIF or image. Choose another one."
    assert world.handler.messages == []


async def test_the_menu_asks_about_a_clip_that_anybody_posted(world) -> None:
    bob = world.member("bob")
    clip = await bob.send(world.channel, "look", attachments=[CLIP])
    shown = await world.ann.context_menu(world.channel, "Ask about this video", clip)
    assert shown.modal["title"] == "Ask about this video"
    (label,) = shown.modal["components"]
    result = await world.ann.submit_modal(shown, {label["component"]["custom_id"]: "which bike is faster?"})
    assert result.deferred
    asked = world.handler.message_
    assert asked.text == "which bike is faster?"
    assert asked.author.id == str(world.ann.id)
    assert [item.name for item in asked.attachments] == ["bikes.mp4"]
    await world.show(View("r1", State.DONE, text="The second."))
    assert result.response.content == "The second."


async def test_the_menu_on_a_message_without_a_clip_says_so_privately(world) -> None:
    words = await world.ann.send(world.channel, "just words")
    result = await world.ann.context_menu(world.channel, "Ask about this video", words)
    assert result.ephemeral
    assert result.modal is None
    assert "no video" in result.response.content


async def test_why_a_command_is_blocked_is_shown_to_its_author_alone(world) -> None:
    result = await world.ann.slash(world.channel, "generate", prompt="something bad")
    await world.show(BLOCKED)
    assert result.response.content == "I can't answer this one here.\n-# request r1"
    (private,) = result.followups
    assert private.ephemeral
    assert "violence 0.83" in private.content


async def test_why_a_command_is_blocked_comes_as_a_direct_message_when_the_token_is_dead(world) -> None:
    await world.ann.slash(world.channel, "generate", prompt="something bad")
    world.clock.time += 14 * 60 + 1
    await world.show(BLOCKED)
    (private,) = world.answers(world.ann.user.dm_channel)
    assert "violence 0.83" in private.content


async def test_help_is_shown_to_the_one_who_asks(world) -> None:
    result = await world.ann.slash(world.channel, "help")
    assert result.ephemeral
    assert "/generate" in result.response.content


async def test_commands_are_sent_once_and_not_again_after_a_restart(world) -> None:
    (sent,) = puts(world)
    assert {item["name"] for item in sent} == {*COMMANDS, *MENUS}
    await world.env.restart_bot(world.new_client())
    assert len(puts(world)) == 1


async def test_commands_are_sent_again_when_they_have_changed(world, tmp_path: Path) -> None:
    (state,) = tmp_path.glob("discord-commands.json")
    state.write_text(json.dumps({"sha256": "of an older version"}))
    await world.env.restart_bot(world.new_client())
    assert len(puts(world)) == 2


async def test_commands_say_where_they_work_and_who_may_use_them(world) -> None:
    (sent,) = puts(world)
    for command in sent:
        assert command["contexts"] == [0, 1]
        assert command["integration_types"] == [0]
    by_name = {command["name"]: command for command in sent}
    for name in ("generate", "ask", *MENUS):
        assert by_name[name]["default_member_permissions"] == 2048  # send messages
    for name in ("queue", "forget", "help"):
        assert by_name[name]["default_member_permissions"] is None  # everyone's own


async def test_commands_have_german_names_and_descriptions(world) -> None:
    (sent,) = puts(world)
    for command in sent:
        assert command["name_localizations"]["de"]
        for option in command.get("options", []):
            assert option["name_localizations"]["de"]
            assert option["description_localizations"]["de"]
    shapes = next(option for option in sent[0]["options"] if option["name"] == "shape")
    assert [choice["name_localizations"]["de"] for choice in shapes["choices"]] == ["breit", "quadratisch", "hoch"]


async def test_discord_refusing_the_commands_does_not_keep_the_bot_from_answering(world, tmp_path: Path) -> None:
    (tmp_path / "discord-commands.json").unlink()
    world.env.inject_error("PUT", "/applications/*/commands", status=500)
    fresh = world.new_client()
    await world.env.restart_bot(fresh)
    await world.ann.send(world.channel, f"{world.at_bot} hello")
    assert len(fresh.handler.messages) == 1


async def test_a_command_that_was_acknowledged_too_late_is_dropped_without_a_trace(world) -> None:
    world.env.inject_error("POST", "/interactions/*/*/callback", status=404, code=10062)
    await world.ann.slash(world.channel, "generate", prompt="a red ball")
    assert world.handler.commands == []
    assert world.env.errors == []
