"""Buttons: who may cancel, and that they work after the bot was restarted."""

from __future__ import annotations

from adapters.base import State, View

WORKING = View("r1", State.WORKING, text="Two people", can_cancel=True)


async def test_the_one_who_asked_cancels_with_the_button(world) -> None:
    await world.ask()
    await world.show(WORKING)
    result = await world.ann.click(world.answer(), label="Cancel")
    assert result.acknowledged
    ((request, author),) = world.handler.cancelled
    assert (request, author.id, author.is_admin) == ("r1", str(world.ann.id), False)
    await world.show(View("r1", State.CANCELLED, notice="Cancelled."))
    assert world.answer().content == "Cancelled."
    assert world.answer().components == []


async def test_a_stranger_cannot_cancel_and_is_told_so_privately(world) -> None:
    await world.ask()
    await world.show(WORKING)
    stranger = world.member("stranger")
    result = await stranger.click(world.answer(), label="Cancel")
    (said,) = result.followups
    assert said.ephemeral
    assert said.content.startswith("Only the person who asked or a moderator can cancel this")
    assert world.handler.cancelled == []


async def test_an_admin_cancels_for_others(world) -> None:
    await world.ask()
    await world.show(WORKING)
    mod = world.moderator()
    await mod.click(world.answer(), label="Cancel")
    ((request, author),) = world.handler.cancelled
    assert (request, author.id, author.is_admin) == ("r1", str(mod.id), True)


async def test_a_moderator_of_the_channel_cancels_for_others(world) -> None:
    await world.ask()
    await world.show(WORKING)
    cleaner = world.moderator_with_messages()
    result = await cleaner.click(world.answer(), label="Cancel")
    assert result.acknowledged
    ((request, author),) = world.handler.cancelled
    assert (request, author.is_moderator, author.is_admin) == ("r1", True, False)


async def test_the_button_of_a_command_works_like_that_of_a_message(world) -> None:
    result = await world.ann.slash(world.channel, "generate", prompt="a red ball")
    await world.show(WORKING)
    await world.ann.click(result.response, label="Cancel")
    assert [request for request, _ in world.handler.cancelled] == ["r1"]


async def test_the_button_works_after_a_restart(world) -> None:
    await world.ask()
    await world.show(WORKING)
    fresh = world.new_client()
    fresh.handler.askers["r1"] = str(world.ann.id)
    await world.env.restart_bot(fresh)
    await world.ann.click(world.answer(), label="Cancel")
    assert [request for request, _ in fresh.handler.cancelled] == ["r1"]


async def test_the_button_of_a_request_that_is_over_says_so(world) -> None:
    await world.ask()
    await world.show(WORKING)
    fresh = world.new_client()
    await world.env.restart_bot(fresh)
    result = await world.ann.click(world.answer(), label="Cancel")
    (said,) = result.followups
    assert said.ephemeral
    assert "only while it is running" in said.content


async def test_a_press_on_cancel_counts_although_discord_gave_up_on_it(world) -> None:
    await world.ask()
    await world.show(WORKING)
    world.env.inject_error("POST", "/interactions/*/*/callback", status=404, code=10062)
    await world.ann.click(world.answer(), label="Cancel")
    assert [request for request, _ in world.handler.cancelled] == ["r1"]
