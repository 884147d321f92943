"""What a long life brings: tokens that expire, restarts, cut connections and deleted channels, over real sockets."""

from __future__ import annotations

import asyncio

import pytest

from adapters.base import DeliveryError
from adapters.discord import DiscordAdapter
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.limits import custom_ids
from tests.fakes.discord_server.world import Channel, User

CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
CREATE = "POST /channels/{channel_id}/messages"


async def test_a_command_whose_acknowledgement_got_lost_is_still_answered_once(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    server.fail_next(CALLBACK, 502, applied=True)
    used = server.command(ann, clips, "generate", {"prompt": "a paper boat"})
    await (await handler.next()).ends("Here it is.")

    assert [post.content for post in server.answers(clips)] == ["Here it is."]
    assert server.answers(clips) == [used.response]


async def test_an_answer_that_takes_longer_than_its_token_lives_ends_in_the_same_message(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    used = server.command(ann, clips, "generate", {"prompt": "a paper boat"})
    asked = await handler.next()
    await asked.shows("Folding")
    used.expired = True
    await asked.ends("Here it is.")

    assert [post.content for post in server.answers(clips)] == ["Here it is."]


async def test_the_cancel_button_works_after_a_restart(
    server: DiscordServer, launch, handler, clips: Channel, ann: User
) -> None:
    first = await launch()
    server.say(ann, clips, "what is this?", mention=True)
    asked = await handler.next()
    await asked.shows("A man")
    [answer] = server.answers(clips)
    await server.until(lambda: answer.components, "a cancel button")
    await first.stop()

    await launch()
    pressed = server.press(ann, answer, next(custom_ids(answer.components)))
    await server.until(lambda: pressed.callback, "an acknowledgement")
    await asyncio.wait_for(handler.withdrawal.wait(), 15)
    assert handler.withdrawn == [asked.request]


async def test_an_answer_that_was_open_at_a_restart_is_finished_in_its_message(
    server: DiscordServer, launch, handler, clips: Channel, ann: User
) -> None:
    first = await launch()
    server.say(ann, clips, "what is this?", mention=True)
    asked = await handler.next()
    await asked.shows("A man")
    await first.stop()

    second = await launch()
    reply = await second.restore(asked.reply.ref)
    assert reply is not None
    asked.reply = reply
    await asked.ends("A man rides a bike.")

    assert [post.content for post in server.answers(clips)] == ["A man rides a bike."]


@pytest.mark.parametrize("applied", [False, True], ids=["lost", "done-but-unanswered"])
async def test_a_long_answer_is_whole_though_the_connection_is_cut_between_its_messages(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User, applied: bool
) -> None:
    server.say(ann, clips, "tell me everything", mention=True)
    asked = await handler.next()
    server.fail_next(CREATE, None, applied=applied)
    words = [f"word{number}" for number in range(500)]
    await asked.ends(" ".join(words))

    posts = server.answers(clips)
    assert len(posts) > 1
    assert " ".join(post.content for post in posts).split() == words
    assert posts[1].reply_to is posts[0]


async def test_an_answer_whose_channel_is_deleted_is_given_up_and_cancelled(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    server.say(ann, clips, "what is this?", mention=True)
    asked = await handler.next()
    server.remove(clips)
    with pytest.raises(DeliveryError):
        async with asyncio.timeout(10):
            await asked.ends("A boat.")
    assert handler.withdrawn == [asked.request]
