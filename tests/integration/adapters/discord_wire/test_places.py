"""Every kind of place that people write in, and what is said where the bot may not write."""

from __future__ import annotations

import pytest

from adapters.base import DeliveryError, Message
from adapters.discord import DiscordAdapter
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.world import (
    ANNOUNCEMENT,
    FORUM,
    READ_HISTORY,
    SEND,
    SEND_IN_THREADS,
    STAGE,
    TEXT,
    VIEW,
    VOICE,
    Channel,
    User,
)


def said_to(server: DiscordServer, person: User) -> list[str]:
    return [post.content for post in server.answers(server.dm(person))]


@pytest.mark.parametrize("kind", [TEXT, ANNOUNCEMENT, VOICE, STAGE])
async def test_every_channel_with_a_chat_is_a_place(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User, kind: int
) -> None:
    assert clips.guild is not None
    room = server.channel(clips.guild, "room", kind=kind)
    server.say(ann, room, "what is this?", mention=True)
    asked = await handler.next()
    await asked.ends("A boat.")
    assert isinstance(asked.what, Message)
    assert (asked.what.place.channel, asked.what.place.thread) == (room.id, "")
    assert [post.content for post in server.answers(room)] == ["A boat."]


@pytest.mark.parametrize("kind", [10, 11, 12], ids=["announcement", "public", "private"])
async def test_a_thread_is_a_place_of_its_own(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User, kind: int
) -> None:
    thread = server.thread(clips, "boats", kind=kind)
    server.say(ann, thread, "what is this?", mention=True)
    asked = await handler.next()
    await asked.ends("A boat.")
    assert isinstance(asked.what, Message)
    assert (asked.what.place.channel, asked.what.place.thread) == (clips.id, thread.id)
    assert [post.content for post in server.answers(thread)] == ["A boat."]


async def test_the_opening_post_of_a_forum_is_answered_in_its_thread(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    assert clips.guild is not None
    forum = server.channel(clips.guild, "questions", kind=FORUM)
    post = server.forum_post(ann, forum, "my boat", "what is this?")
    asked = await handler.next()
    await asked.ends("A boat.")
    assert isinstance(asked.what, Message)
    assert (asked.what.place.channel, asked.what.place.thread) == (forum.id, post.channel.id)
    [answer] = server.answers(post.channel)
    assert (answer.content, answer.reply_to) == ("A boat.", post)


async def test_an_answer_opens_its_thread_again_when_that_was_archived_meanwhile(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    thread = server.thread(clips, "boats")
    server.say(ann, thread, "what is this?", mention=True)
    asked = await handler.next()
    server.archive(thread)
    await asked.ends("A boat.")
    assert "A boat." in [post.content for post in server.answers(thread)]
    assert not thread.archived
    assert said_to(server, ann) == []


async def test_an_answer_to_a_thread_that_was_locked_meanwhile_is_explained_to_the_one_who_asked(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    thread = server.thread(clips, "boats")
    server.say(ann, thread, "what is this?", mention=True)
    asked = await handler.next()
    server.archive(thread, lock=True)
    with pytest.raises(DeliveryError):
        await asked.ends("A boat.")
    assert said_to(server, ann) == [
        "I can't answer in that thread, because it is closed. Ask its moderators to open it again, "
        "or ask me in another place."
    ]


@pytest.mark.parametrize(
    ("denied", "named"), [(SEND, "“Send Messages”"), (VIEW | SEND, "“View Channels” and “Send Messages”")]
)
async def test_a_missing_permission_is_named_privately(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User, denied: int, named: str
) -> None:
    server.deny(clips, denied)
    server.say(ann, clips, "what is this?", mention=True)
    await server.until(lambda: said_to(server, ann), "a private word")
    (sentence,) = said_to(server, ann)
    assert f"I don't have the permission {named} there" in sentence
    assert server.answers(clips) == []
    assert handler.asked == []


async def test_in_a_thread_it_is_the_permission_for_threads_that_counts(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    thread = server.thread(clips, "boats")
    server.deny(clips, SEND_IN_THREADS)
    server.say(ann, thread, "what is this?", mention=True)
    await server.until(lambda: said_to(server, ann), "a private word")
    (sentence,) = said_to(server, ann)
    assert "I can't answer in the thread “boats”" in sentence
    assert "“Send Messages in Threads”" in sentence


async def test_without_the_right_to_read_the_history_questions_are_answered_without_a_reply(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    server.deny(clips, READ_HISTORY)
    server.say(ann, clips, "what is this?", mention=True)
    await (await handler.next()).ends("word " * 700)
    first, second = server.answers(clips)
    assert first.reply_to is None
    assert (first.content + " " + second.content).split() == ["word"] * 700
    assert said_to(server, ann) == []


async def test_an_unfinished_answer_is_found_again_where_the_history_may_not_be_read(
    server: DiscordServer, launch, handler, clips: Channel, ann: User
) -> None:
    server.deny(clips, READ_HISTORY)
    first = await launch()
    server.say(ann, clips, "what is this?", mention=True)
    asked = await handler.next()
    await first.stop()
    found = await (await launch()).restore(asked.reply.ref)
    assert found is not None
    asked.reply = found
    await asked.ends("A boat.")
    assert [post.content for post in server.answers(clips)] == ["A boat."]
