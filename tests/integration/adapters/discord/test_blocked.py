"""What a block says to its author alone, and what they can do about it: read it again, appeal, try another seed."""

from __future__ import annotations

from pathlib import Path

import discord
import pytest

from adapters.base import Change, Place, State, View, Wants
from tests.integration.adapters.discord.scenes import (
    answered,
    blocked,
    deny,
    exchange,
    fill,
    labels,
    made,
    place_of,
    restart,
)

FAILED = View("r1", State.FAILED, notice="That file ends after 2 of its 14 MB. Upload it again?")


def notice(world) -> discord.Message:
    """What the bot has written to ann alone."""
    return world.answer(world.ann.user.dm_channel)


async def test_a_blocked_question_has_its_appeal_in_the_private_notice(world) -> None:
    answer = await answered(world, blocked())
    assert labels(answer) == ["Why?"]
    assert labels(notice(world)) == ["Appeal"]
    assert "violence 0.83" in notice(world).content


async def test_a_block_that_no_moderator_can_lift_has_no_appeal(world) -> None:
    await answered(world, blocked(can_appeal=False))
    assert labels(notice(world)) == []


async def test_a_video_that_came_out_unsafe_can_be_tried_with_another_seed(world) -> None:
    await answered(world, blocked("video"))
    assert labels(notice(world)) == ["Other seed", "Appeal"]


async def test_the_notice_of_a_command_has_the_same_buttons(world) -> None:
    result = await world.ann.slash(world.channel, "generate", prompt="something bad")
    await world.show(blocked("video"))
    (private,) = result.followups
    assert private.ephemeral
    assert labels(private) == ["Other seed", "Appeal"]
    assert labels(result.response) == ["Why?"]


async def test_in_a_direct_message_the_buttons_stand_under_the_notice_itself(world) -> None:
    await world.ann.send_dm("hello")
    await world.show(blocked("video"))
    assert labels(notice(world)) == ["Other seed", "Appeal"]


# --- why


async def test_who_takes_no_direct_messages_reads_why_with_a_button(world) -> None:
    world.env.inject_error("POST", "/users/@me/channels", status=403, code=50007)
    answer = await answered(world, blocked("video"))
    result = await world.ann.click(answer, label="Why?")
    assert result.ephemeral
    assert "violence 0.83" in result.response.content
    assert labels(result.response) == ["Other seed", "Appeal"]
    await fill(world.ann, await world.ann.click(result.response, label="Appeal"), "it is a game")
    assert [words for _, _, words in world.handler.appeals] == ["it is a game"]


async def test_why_it_failed_is_read_with_a_button_too(world) -> None:
    answer = await answered(world, FAILED)
    result = await world.ann.click(answer, label="Why?")
    assert result.response.content.startswith("That file ends after 2 of its 14 MB.")
    assert labels(result.response) == []


@pytest.mark.parametrize("view", [blocked(), FAILED])
async def test_nobody_else_reads_why(world, view: View) -> None:
    answer = await answered(world, view)
    result = await world.moderator().click(answer, label="Why?")
    assert result.ephemeral
    assert result.response.content == "Only the person who asked can read why."


async def test_why_works_after_a_restart(world) -> None:
    answer = await answered(world, blocked())
    await restart(world)
    result = await world.ann.click(answer, label="Why?")
    assert "violence 0.83" in result.response.content


async def test_why_of_a_block_that_was_overturned_meanwhile_says_that_there_is_nothing(world) -> None:
    answer = await answered(world, blocked())
    world.handler.exchanges["r1"] = exchange(world, View("r1", State.DONE, text="A dog."))
    result = await world.ann.click(answer, label="Why?")
    assert result.response.content == "There is nothing more to say about this one."


# --- appeals


async def test_an_appeal_is_made_from_the_direct_message_with_a_word_to_the_moderators(world) -> None:
    await answered(world, blocked())
    shown = await world.ann.user.click(notice(world), label="Appeal")
    result = await fill(world.ann.user, shown, "it is a game")
    ((request, author, words),) = world.handler.appeals
    assert (request, author.id, words) == ("r1", str(world.ann.id), "it is a game")
    assert result.response.content.startswith("Thank you. A moderator will look at it")


async def test_an_appeal_needs_no_words(world) -> None:
    await answered(world, blocked())
    await fill(world.ann.user, await world.ann.user.click(notice(world), label="Appeal"), "")
    assert [words for _, _, words in world.handler.appeals] == [""]


async def test_an_appeal_works_after_a_restart(world) -> None:
    await answered(world, blocked())
    asked = notice(world)
    handler = await restart(world)
    await fill(world.ann.user, await world.ann.user.click(asked, label="Appeal"), "it is a game")
    assert [request for request, _, _ in handler.appeals] == ["r1"]


async def test_an_appeal_that_the_application_refuses_says_why(world) -> None:
    await answered(world, blocked())
    world.handler.no_case = "You have appealed this already. A moderator will look at it."
    result = await fill(world.ann.user, await world.ann.user.click(notice(world), label="Appeal"), "again")
    assert result.response.content == "You have appealed this already. A moderator will look at it."


# --- other seed


async def test_another_seed_is_tried_in_the_place_where_it_was_asked_for(world, tmp_path: Path) -> None:
    """The notice is a direct message; the rules, the quotas and the people are those of the channel."""
    answer = await answered(world, blocked("video"))
    result = await world.ann.user.click(notice(world), label="Other seed")
    (command,) = world.handler.remakes
    assert (command.request, command.change) == ("r1", Change.AGAIN)
    assert command.place.conversation == place_of(world).conversation
    assert command.author.id == str(world.ann.id)
    placeholder = world.answers()[-1]
    assert placeholder.id != answer.id
    assert placeholder.reference.message_id == answer.id
    assert result.response.content.endswith(f"/channels/{world.guild.id}/{world.channel.id}/{placeholder.id}")
    await world.show(View("r2", State.DONE, videos=(made(tmp_path),)))
    assert len(world.answers()[-1].attachments) == 1


async def test_who_tries_another_seed_has_the_roles_and_rights_that_they_have_there(world) -> None:
    role = world.guild.create_role("makers", permissions=discord.Permissions(manage_messages=True))
    bob = world.guild.add_member(world.env.create_user("bob"), roles=[role])
    await bob.send(world.channel, f"{world.at_bot} something bad")
    await world.show(blocked("video"))
    world.handler.exchanges["r1"] = exchange(world, blocked("video"), asker=bob)
    await bob.user.click(world.answer(bob.user.dm_channel), label="Other seed")
    (command,) = world.handler.remakes
    assert command.author.roles == (str(role.id),)
    assert command.author.is_moderator
    assert not command.author.is_admin


async def test_another_seed_works_after_a_restart(world) -> None:
    await answered(world, blocked("video"))
    asked = notice(world)
    handler = await restart(world)
    await world.ann.user.click(asked, label="Other seed")
    assert [command.place.community for command in handler.remakes] == [str(world.guild.id)]


async def test_another_seed_of_a_command_is_a_new_message_in_the_channel(world) -> None:
    result = await world.ann.slash(world.channel, "generate", prompt="a red ball")
    await world.show(blocked("video"))
    world.handler.exchanges["r1"] = exchange(world, blocked("video"))
    again = await world.ann.click(result.followups[0], label="Other seed")
    assert again.deferred
    assert not again.ephemeral
    assert [command.request for command in world.handler.remakes] == ["r1"]


async def test_who_may_no_longer_make_videos_there_is_told_so_in_the_direct_message(world) -> None:
    await answered(world, blocked("video"))
    world.handler.refused[Wants.GENERATE] = "You have used your 10 videos of today."
    result = await world.ann.user.click(notice(world), label="Other seed")
    assert result.response.content == "You have used your 10 videos of today."
    assert world.handler.remakes == []
    assert len(world.answers()) == 1


@pytest.mark.parametrize("missing", ["view_channel", "send_messages"])
async def test_who_may_no_longer_write_in_the_place_makes_nothing_there(world, missing: str) -> None:
    await answered(world, blocked("video"))
    await deny(world, missing)
    result = await world.ann.user.click(notice(world), label="Other seed")
    assert "where you can't write now" in result.response.content
    assert world.handler.remakes == []


async def test_who_has_left_the_guild_makes_nothing_there(world) -> None:
    await answered(world, blocked("video"))
    world.guild.remove_member(world.ann)
    await world.env.settle()
    result = await world.ann.user.click(notice(world), label="Other seed")
    assert "where you can't write now" in result.response.content
    assert world.handler.remakes == []


async def test_a_guild_that_the_bot_has_left_is_said_to_be_out_of_reach(world) -> None:
    answer = await answered(world, blocked("video"))
    ref = world.handler.exchanges["r1"].ref
    elsewhere = Place("discord", "123456789012345678", str(answer.channel.id))
    world.handler.exchanges["r1"] = exchange(world, blocked("video"), place=elsewhere, ref=ref)
    result = await world.ann.user.click(notice(world), label="Other seed")
    assert "that I can't reach now" in result.response.content
    assert world.handler.remakes == []


@pytest.mark.parametrize(("status", "code"), [(403, 50013), (500, 0)])
async def test_a_place_that_takes_no_message_is_said_and_nothing_is_made(world, status: int, code: int) -> None:
    await answered(world, blocked("video"))
    world.env.inject_error("POST", f"/channels/{world.channel.id}/messages", status=status, code=code, times=None)
    result = await world.ann.user.click(notice(world), label="Other seed")
    assert f"I can't write in <#{world.channel.id}>." in result.response.content
    assert world.handler.remakes == []
