"""`/queue` and `/forget`: what somebody waits for, has used and leaves behind; their buttons, also after a restart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from adapters.base import Bar, Exchange, Holdings, Measure, Place, QueueSpot, State, Usage, View, Window
from adapters.discord.reply import Anchor
from tests.fakes.handler import NOON
from tests.integration.adapters.discord.scenes import author_of, labels, place_of, restart

KEPT = Holdings(questions=3, videos=1, clips=2, file_bytes=14_000_000, conversations=2)


def waits(world: Any, number: int, **more: Any) -> Exchange:
    """One request of ann, with its message in the channel."""
    view = View(f"w{number}", State.WAITING, queue=QueueSpot(number, 40.0 * number), can_cancel=True)
    place = more.pop("place", place_of(world))
    anchor = Anchor("message", int(place.channel), author_of(world.ann), [1000 + number])
    made = {"text": f"ball {number}", "attachments": (), "view": view, "ref": anchor.dump(), **more}
    return Exchange(made["view"].request, author_of(world.ann), asked_at=NOON, place=place, **made)


async def test_queue_shows_privately_what_one_waits_for_and_where(world) -> None:
    world.handler.waits = [waits(world, 1), waits(world, 2)]
    result = await world.ann.slash(world.channel, "queue")
    assert result.ephemeral
    url = f"https://discord.com/channels/{world.guild.id}/{world.channel.id}"
    assert result.response.content.splitlines() == [
        "**Waiting for you**",
        f"1. ball 1 · Next in line · about 40 s · {url}/1001",
        f"2. ball 2 · 2nd in line · about 80 s · {url}/1002",
    ]
    assert labels(result.response) == ["Cancel 1", "Cancel 2"]


async def test_queue_says_what_is_at_work_and_what_has_no_words(world) -> None:
    working = View("w1", State.WORKING, bar=Bar(12, 30, eta_s=25))
    watching = View("w2", State.WORKING, status="Watching bikes.mp4 (0:10) …")
    direct = Place("discord", "dm", "77", private=True)
    world.handler.waits = [
        waits(world, 1, view=working, text="**bold** @everyone"),
        waits(world, 2, view=watching, text="", attachments=("bikes.mp4",), place=direct, ref=""),
        waits(world, 3, view=View("w3", State.WORKING), text="", place=direct),
    ]
    result = await world.ann.slash(world.channel, "queue")
    _, first, second, third = result.response.content.splitlines()
    assert first.startswith("1. \\*\\*bold\\*\\* @\u200beveryone · ▰▰▰▰▱▱▱▱▱▱  12/30 · about 25 s left · https://")
    assert second == "2. bikes.mp4 · Watching bikes.mp4 (0:10) …"
    assert third == "3. (no words) · at work · https://discord.com/channels/@me/77/1003"


async def test_queue_shows_five_and_counts_the_rest(world) -> None:
    world.handler.waits = [waits(world, number, text="x" * 2000) for number in range(1, 9)]
    result = await world.ann.slash(world.channel, "queue")
    assert result.response.content.endswith("… and 3 more.")
    assert len(labels(result.response)) == 5


async def test_queue_says_when_nothing_is_waited_for_and_what_is_used(world) -> None:
    world.handler.used = [
        Usage(Measure.VIDEOS, Window.DAY, 10, 10, NOON + timedelta(hours=6)),
        Usage(Measure.GPU_SECONDS, Window.HOUR, 41.234, 600),
    ]
    result = await world.ann.slash(world.channel, "queue")
    assert result.response.content.splitlines() == [
        "You have nothing waiting.",
        "",
        "**Used here**",
        f"- videos: 10 of 10 in the past 24 hours, the next is free <t:{int(NOON.timestamp()) + 6 * 3600}:R>",
        "- seconds of GPU time: 41.23 of 600 in the past hour",
    ]
    assert labels(result.response) == []


async def test_a_request_is_cancelled_from_the_list_which_is_drawn_anew(world) -> None:
    world.handler.waits = [waits(world, 1), waits(world, 2)]
    world.handler.askers = {"w1": str(world.ann.id), "w2": str(world.ann.id)}
    result = await world.ann.slash(world.channel, "queue")
    shown = result.response
    world.handler.waits = [waits(world, 2)]
    await world.ann.click(shown, label="Cancel 1")
    assert [request for request, _ in world.handler.cancelled] == ["w1"]
    assert "ball 1" not in result.response.content
    assert "1. ball 2" in result.response.content
    assert labels(result.response) == ["Cancel 1"]


async def test_what_is_over_meanwhile_is_said_and_leaves_the_list(world) -> None:
    world.handler.waits = [waits(world, 1)]
    result = await world.ann.slash(world.channel, "queue")
    world.handler.waits = []
    pressed = await world.ann.click(result.response, label="Cancel 1")
    assert result.response.content == "You have nothing waiting."
    (said,) = pressed.followups
    assert said.ephemeral
    assert "only while it is running" in said.content


async def test_the_buttons_of_the_list_work_after_a_restart(world) -> None:
    world.handler.waits = [waits(world, 1)]
    world.handler.askers = {"w1": str(world.ann.id)}
    result = await world.ann.slash(world.channel, "queue")
    handler = await restart(world)
    await world.ann.click(result.response, label="Cancel 1")
    assert [request for request, _ in handler.cancelled] == ["w1"]


@pytest.mark.parametrize("command", ["queue", "forget"])
async def test_a_list_that_discord_gave_up_on_leaves_no_trace(world, command: str) -> None:
    world.env.inject_error("POST", "/interactions/*/*/callback", status=404, code=10062)
    await world.ann.slash(world.channel, command)
    assert world.env.errors == []


# --- forgetting oneself


async def test_forget_shows_what_is_kept_here_and_deletes_it_once_confirmed(world) -> None:
    world.handler.kept = KEPT
    asked = await world.ann.slash(world.channel, "forget")
    assert asked.ephemeral
    first, *_ = asked.response.content.splitlines()
    assert first == (
        "In this conversation I keep of you: 3 questions, 1 video and 2 clips in 2 conversations (14 MB of files)."
    )
    assert world.handler.forgotten_people == []
    await world.ann.click(asked.response, label="Forget it")
    ((platform, author, place),) = world.handler.forgotten_people
    assert (platform, author.id) == ("discord", str(world.ann.id))
    assert place.conversation == place_of(world).conversation
    assert asked.response.content == (
        "Done. I deleted 3 questions, 1 video and 2 clips in 2 conversations (14 MB of files)."
    )
    assert asked.response.components == []


async def test_forget_everywhere_asks_about_all_of_discord(world) -> None:
    world.handler.kept = Holdings(videos=2, conversations=1)
    asked = await world.ann.slash(world.channel, "forget", scope="everywhere")
    assert asked.response.content.startswith("In all of Discord I keep of you: 2 videos.")
    await world.ann.click(asked.response, label="Forget it")
    assert [place for _, _, place in world.handler.forgotten_people] == [None]


async def test_who_left_nothing_has_nothing_to_confirm(world) -> None:
    here = await world.ann.slash(world.channel, "forget", scope="here")
    everywhere = await world.ann.slash(world.channel, "forget", scope="everywhere")
    assert here.response.content == "I keep nothing of you in this conversation."
    assert everywhere.response.content == "I keep nothing of you."
    assert labels(here.response) == labels(everywhere.response) == []


async def test_what_went_meanwhile_is_not_claimed_to_be_deleted(world) -> None:
    world.handler.kept = KEPT
    asked = await world.ann.slash(world.channel, "forget")
    world.handler.kept = Holdings()
    await world.ann.click(asked.response, label="Forget it")
    assert asked.response.content == "I keep nothing of you in this conversation."


@pytest.mark.parametrize("scope", ["here", "everywhere"])
async def test_the_confirmation_works_after_a_restart(world, scope: str) -> None:
    world.handler.kept = KEPT
    asked = await world.ann.slash(world.channel, "forget", scope=scope)
    handler = await restart(world)
    await world.ann.click(asked.response, label="Forget it")
    ((_, author, place),) = handler.forgotten_people
    assert author.id == str(world.ann.id)
    assert (place is None) == (scope == "everywhere")


# --- forgetting a conversation


async def test_a_moderator_has_a_whole_conversation_forgotten(world) -> None:
    mod = world.moderator_with_messages()
    asked = await mod.slash(world.channel, "forget", scope="conversation")
    assert asked.ephemeral
    assert "clips and videos" in asked.response.content
    assert world.handler.forgotten == []
    await mod.click(asked.response, label="Forget it")
    (place,) = world.handler.forgotten
    assert place.conversation == f"discord/{world.guild.id}/{world.channel.id}/"
    assert asked.response.content == "Done. I have forgotten this conversation."
    assert asked.response.components == []


async def test_the_confirmation_of_a_whole_conversation_works_after_a_restart(world) -> None:
    mod = world.moderator()
    asked = await mod.slash(world.channel, "forget", scope="conversation")
    handler = await restart(world)
    await mod.click(asked.response, label="Forget it")
    assert len(handler.forgotten) == 1


async def test_who_is_no_moderator_any_more_when_confirming_forgets_nothing(world) -> None:
    mod = world.moderator()
    asked = await mod.slash(world.channel, "forget", scope="conversation")
    guild = world.client.get_guild(world.guild.id)
    await guild.get_role(next(role.id for role in guild.roles if role.name == "mods")).delete()
    result = await mod.click(asked.response, label="Forget it")
    assert "belongs to everyone" in result.response.content
    assert world.handler.forgotten == []


async def test_a_shared_conversation_is_not_forgotten_for_anybody(world) -> None:
    result = await world.ann.slash(world.channel, "forget", scope="conversation")
    assert "belongs to everyone" in result.response.content
    assert "/forget here" in result.response.content
    assert result.response.components == []


async def test_everyone_may_have_their_own_direct_messages_forgotten(world) -> None:
    await world.ann.send_dm("hello")
    asked = await world.ann.user.slash("forget", scope="conversation")
    await world.ann.user.click(asked.response, label="Forget it")
    assert [place.community for place in world.handler.forgotten] == ["dm"]
