"""Slash commands, the message menu and its dialog, from the click to the answer; and when they are sent to Discord."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Bar, ModelOption, State, View, Wants
from tests.integration.adapters.discord.scenes import CLIP, field_of, fill, made

WAN = ModelOption("wan", "Wan2.1-1.3B")
LITE = ModelOption("storyboard", "lite storyboard")
COMMANDS = {"generate", "ask", "queue", "forget", "help"}
MENUS = {"Ask about this video", "Make a video like this"}
BLOCKED = View("r1", State.BLOCKED, notice="I won't make that: violence 0.83 is over 0.70.")


def puts(world) -> list[Any]:
    return [entry.json for entry in world.env.http_requests if entry.method == "PUT"]


async def sent_anew(world, tmp_path: Path) -> dict[str, Any]:
    """The commands by name, as a bot that has never sent them sends them."""
    (tmp_path / "discord-commands.json").unlink()
    await world.env.restart_bot(world.new_client())
    (sent,) = puts(world)
    return {command["name"]: command for command in sent}


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


async def test_generate_takes_a_model_from_the_list_and_a_clip_to_be_like(world) -> None:
    world.handler.choices[Wants.GENERATE] = [WAN, LITE]
    await world.ann.slash(world.channel, "generate", prompt="a red ball", model="storyboard", clip=CLIP)
    (command,) = world.handler.commands
    assert command.model == "storyboard"
    assert [(item.name, item.content_type) for item in command.attachments] == [("bikes.mp4", "video/mp4")]


async def test_the_models_are_offered_while_typing(world) -> None:
    world.handler.choices[Wants.GENERATE] = [WAN, LITE]
    offered = await world.ann.autocomplete(world.channel, "generate", "model", "")
    assert [(choice["name"], choice["value"]) for choice in offered] == [
        ("Wan2.1-1.3B", "wan"),
        ("lite storyboard", "storyboard"),
    ]
    fitting = await world.ann.autocomplete(world.channel, "generate", "model", "LITE")
    assert [choice["value"] for choice in fitting] == ["storyboard"]
    assert await world.ann.autocomplete(world.channel, "generate", "model", "sora") == []


async def test_no_more_models_are_offered_than_discord_shows(world) -> None:
    world.handler.choices[Wants.GENERATE] = [ModelOption(f"m{number}", "x" * 150) for number in range(40)]
    offered = await world.ann.autocomplete(world.channel, "generate", "model", "m")
    assert len(offered) == 25
    assert {len(choice["name"]) for choice in offered} == {100}


async def test_a_model_that_is_typed_as_it_is_shown_is_taken(world) -> None:
    world.handler.choices[Wants.GENERATE] = [WAN, LITE]
    await world.ann.slash(world.channel, "generate", prompt="a red ball", model="wan2.1-1.3b ")
    assert [command.model for command in world.handler.commands] == ["wan"]


async def test_a_model_that_there_is_not_is_said_privately_with_those_that_there_are(world) -> None:
    world.handler.choices[Wants.GENERATE] = [WAN, LITE]
    result = await world.ann.slash(world.channel, "generate", prompt="a red ball", model="sora @everyone")
    assert result.ephemeral
    assert "sora" in result.response.content
    assert "Wan2.1-1.3B and lite storyboard" in result.response.content
    assert "@everyone" not in result.response.content
    assert world.handler.commands == []


async def test_where_there_is_no_choice_of_models_one_is_told_to_leave_it_out(world) -> None:
    result = await world.ann.slash(world.channel, "generate", prompt="a red ball", model="wan")
    assert result.ephemeral
    assert result.response.content == "There is no choice of models here. Leave the model out."


async def test_generate_refuses_a_file_that_is_no_clip_privately(world) -> None:
    result = await world.ann.slash(world.channel, "generate", prompt="a red ball", clip=("notes.txt", b"x"))
    assert result.ephemeral
    assert result.response.content == "That file is no video, GIF or image. Choose another one."
    assert world.handler.commands == []


@pytest.mark.parametrize("options", [{"prompt": "a red ball"}, {"prompt": "x", "clip": CLIP}])
async def test_who_may_not_generate_is_told_privately_and_nothing_is_posted(world, options: dict[str, Any]) -> None:
    world.handler.refused[Wants.GENERATE] = "Only the role *makers* may make videos here."
    result = await world.ann.slash(world.channel, "generate", **options)
    assert result.ephemeral
    assert result.response.content == "Only the role *makers* may make videos here."
    assert world.handler.commands == []
    assert world.answers() == []


async def test_who_may_not_ask_is_told_privately_before_the_dialog_and_after_it(world) -> None:
    clip = await world.member("bob").send(world.channel, "look", attachments=[CLIP])
    shown = await world.ann.context_menu(world.channel, "Ask about this video", clip)
    world.handler.refused[Wants.ASK] = "You have used your 20 questions of this hour."
    asked = await world.ann.slash(world.channel, "ask", question="what is it?", clip=CLIP)
    again = await world.ann.context_menu(world.channel, "Ask about this video", clip)
    sent = await fill(world.ann, shown, "what is it?")
    for result in (asked, again, sent):
        assert result.ephemeral
        assert result.modal is None
        assert result.response.content == "You have used your 20 questions of this hour."
    assert world.handler.messages == []


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
    first, more = world.answers()
    assert first.id == result.response.id
    assert first.content.split() + more.content.split() == ["word"] * 700


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
    result = await fill(world.ann, shown, "which bike is faster?")
    assert result.deferred
    asked = world.handler.message_
    assert asked.text == "which bike is faster?"
    assert asked.author.id == str(world.ann.id)
    assert [item.name for item in asked.attachments] == ["bikes.mp4"]
    await world.show(View("r1", State.DONE, text="The second."))
    assert result.response.content == "The second."


@pytest.mark.parametrize("menu", sorted(MENUS))
async def test_a_menu_on_a_message_without_a_clip_says_so_privately(world, menu: str) -> None:
    words = await world.ann.send(world.channel, "just words")
    result = await world.ann.context_menu(world.channel, menu, words)
    assert result.ephemeral
    assert result.modal is None
    assert "no video" in result.response.content


async def test_the_menu_makes_a_video_like_one_that_anybody_posted(world, tmp_path: Path) -> None:
    clip = await world.member("bob").send(world.channel, "look", attachments=[CLIP])
    shown = await world.ann.context_menu(world.channel, "Make a video like this", clip)
    assert field_of(shown)["required"] is False
    result = await fill(world.ann, shown, "at night")
    assert result.deferred
    (command,) = world.handler.commands
    assert (command.prompt, command.author.id) == ("at night", str(world.ann.id))
    assert [item.name for item in command.attachments] == ["bikes.mp4"]
    await world.show(View("r1", State.DONE, videos=(made(tmp_path),)))
    assert len(result.response.attachments) == 1


async def test_a_video_like_another_needs_no_words(world) -> None:
    clip = await world.member("bob").send(world.channel, "look", attachments=[CLIP])
    await fill(world.ann, await world.ann.context_menu(world.channel, "Make a video like this", clip), "")
    (command,) = world.handler.commands
    assert command.prompt == ""
    assert len(command.attachments) == 1


async def test_dialogs_that_are_open_side_by_side_keep_their_own_clips(world) -> None:
    bob = world.member("bob")
    bikes = await bob.send(world.channel, "look", attachments=[CLIP])
    boats = await bob.send(world.channel, "and this", attachments=[("boats.mp4", CLIP[1])])
    first = await world.ann.context_menu(world.channel, "Ask about this video", bikes)
    second = await bob.context_menu(world.channel, "Ask about this video", boats)
    await fill(bob, second, "how many boats?")
    await fill(world.ann, first, "how many bikes?")
    asked = [(message.text, message.attachments[0].name) for message in world.handler.messages]
    assert asked == [("how many boats?", "boats.mp4"), ("how many bikes?", "bikes.mp4")]


async def test_a_menu_whose_clip_is_forgotten_over_a_restart_is_asked_for_once_more(world) -> None:
    """Discord shows other people's messages to the bot when a menu is chosen, and not later."""
    clip = await world.member("bob").send(world.channel, "look", attachments=[CLIP])
    shown = await world.ann.context_menu(world.channel, "Ask about this video", clip)
    fresh = world.new_client()
    await world.env.restart_bot(fresh)
    result = await fill(world.ann, shown, "which bike is faster?")
    assert result.ephemeral
    assert "Please open it once more." in result.response.content
    assert fresh.handler.messages == []


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
    for word in ("/generate", "/ask", "/queue", "/forget", "Make a video like this", "Appeal"):
        assert word in result.response.content
    assert "/safety" not in result.response.content


async def test_help_tells_admins_of_their_commands_too(world) -> None:
    result = await world.moderator().slash(world.channel, "help")
    for word in ("/settings", "/safety", "/audit"):
        assert word in result.response.content


async def test_commands_are_sent_once_and_not_again_after_a_restart(world, tmp_path: Path) -> None:
    sent = await sent_anew(world, tmp_path)
    assert {*COMMANDS, *MENUS} <= sent.keys()
    await world.env.restart_bot(world.new_client())
    assert len(puts(world)) == 1


async def test_commands_are_sent_again_when_they_have_changed(world, tmp_path: Path) -> None:
    (state,) = tmp_path.glob("discord-commands.json")
    state.write_text(json.dumps({"sha256": "of an older version"}))
    await world.env.restart_bot(world.new_client())
    assert len(puts(world)) == 1


async def test_commands_say_where_they_work_and_who_may_use_them(world, tmp_path: Path) -> None:
    sent = await sent_anew(world, tmp_path)
    for name in (*COMMANDS, *MENUS):
        assert sent[name]["contexts"] == [0, 1]
        assert sent[name]["integration_types"] == [0]
    for name in ("generate", "ask", *MENUS):
        assert sent[name]["default_member_permissions"] == 2048  # send messages
    for name in ("queue", "forget", "help"):
        assert sent[name]["default_member_permissions"] is None  # everyone's own


async def test_commands_have_german_names_and_descriptions(world, tmp_path: Path) -> None:
    sent = await sent_anew(world, tmp_path)
    for name in (*COMMANDS, *MENUS):
        assert sent[name]["name_localizations"]["de"]
        if name in COMMANDS:
            assert sent[name]["description_localizations"]["de"]
        for option in sent[name].get("options", []):
            assert option["name_localizations"]["de"]
            assert option["description_localizations"]["de"]
            for choice in option.get("choices", []):
                assert choice["name_localizations"]["de"]
    shapes = next(option for option in sent["generate"]["options"] if option["name"] == "shape")
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
