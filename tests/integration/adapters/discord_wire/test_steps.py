"""Every step on the way of a question, broken in every way: nothing is lost and nothing is doubled.

A step is one HTTP request of the bot. It is refused, answered with an error although it was done, cut off, or the whole
process dies right after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.base import Author, Exchange, Message, Place, State, View
from adapters.discord import DiscordAdapter, questions, reply
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.world import Channel, Post, User
from tests.fakes.handler import NOON
from tests.integration.adapters.discord_wire.conftest import Asked

CREATE = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
DELETE = "DELETE /channels/{channel_id}/messages/{message_id}"
READ = "GET /channels/{channel_id}/messages/{message_id}"
HISTORY = "GET /channels/{channel_id}/messages"
OPEN_DM = "POST /users/@me/channels"
TYPING = "POST /channels/{channel_id}/typing"

TROUBLE = pytest.mark.parametrize(
    ("status", "applied"),
    [(429, False), (500, False), (502, True), (None, False), (None, True)],
    ids=["too-many", "broken", "done-but-broken", "cut", "done-but-cut"],
)
WORDS = [f"word{number}" for number in range(500)]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot's own tries follow each other at once; what is tried, and how often, is the same."""
    monkeypatch.setattr(reply, "RETRY_AFTER_S", (0.01,) * len(reply.RETRY_AFTER_S))
    monkeypatch.setattr(questions, "RETRY_AFTER_S", (0.01,) * len(questions.RETRY_AFTER_S))


def contents(server: DiscordServer, channel: Channel) -> list[str]:
    return [post.content for post in server.answers(channel)]


def keep(handler, asked: Asked, question: Post, author: User) -> None:
    """Have the application remember a request under its event."""
    place = Place("discord", "1", question.channel.id)
    handler.events[asked.what.event_id] = asked.request
    assert isinstance(asked.what, Message)
    asker, view = Author(author.id, author.name), View(asked.request, State.DONE)
    handler.exchanges[asked.request] = Exchange(
        asked.request, asker, asked.what.text, (), NOON, view, place, ref=asked.reply.ref
    )


@pytest.mark.parametrize("step", [CREATE, TYPING, EDIT])
@TROUBLE
async def test_a_short_answer(
    server: DiscordServer,
    adapter: DiscordAdapter,
    handler,
    clips: Channel,
    ann: User,
    step: str,
    status: int | None,
    applied: bool,
) -> None:
    server.fail_next(step, status, applied=applied, retry_after=0.05)
    server.say(ann, clips, "what is this?", mention=True)
    asked = await handler.next()
    await asked.shows("A boat")
    await asked.ends("A boat that sails.")

    assert contents(server, clips) == ["A boat that sails."]
    assert len(handler.asked) == 1


@pytest.mark.parametrize("page", [1, 2])
@TROUBLE
async def test_a_long_answer(
    server: DiscordServer,
    adapter: DiscordAdapter,
    handler,
    clips: Channel,
    ann: User,
    page: int,
    status: int | None,
    applied: bool,
) -> None:
    server.say(ann, clips, "tell me everything", mention=True)
    asked = await handler.next()
    server.fail_next(EDIT if page == 1 else CREATE, status, applied=applied, retry_after=0.05)
    await asked.ends(" ".join(WORDS))

    assert " ".join(contents(server, clips)).split() == WORDS


@TROUBLE
async def test_a_long_answer_to_a_command(
    server: DiscordServer,
    adapter: DiscordAdapter,
    handler,
    clips: Channel,
    ann: User,
    status: int | None,
    applied: bool,
) -> None:
    server.command(ann, clips, "generate", {"prompt": "a paper boat"})
    asked = await handler.next()
    server.fail_next(CREATE, status, applied=applied, retry_after=0.05)
    await asked.ends(" ".join(WORDS))

    assert " ".join(contents(server, clips)).split() == WORDS


@pytest.mark.parametrize("step", [OPEN_DM, CREATE])
@TROUBLE
async def test_a_private_word(
    server: DiscordServer,
    adapter: DiscordAdapter,
    handler,
    clips: Channel,
    ann: User,
    step: str,
    status: int | None,
    applied: bool,
) -> None:
    server.say(ann, clips, "something bad", mention=True)
    asked = await handler.next()
    server.fail_next(step, status, applied=applied, retry_after=0.05)
    await asked.reply.show(View(asked.request, State.BLOCKED, notice="Violence 0.83 is over 0.70."))

    (private,) = contents(server, server.dm(ann))
    assert "Violence 0.83" in private
    assert len(server.answers(clips)) == 1


@pytest.mark.parametrize("step", [EDIT, DELETE])
@TROUBLE
async def test_a_new_wording(
    server: DiscordServer,
    adapter: DiscordAdapter,
    handler,
    clips: Channel,
    ann: User,
    step: str,
    status: int | None,
    applied: bool,
) -> None:
    question = server.say(ann, clips, "tell me evrything", mention=True)
    first = await handler.next()
    await first.ends(" ".join(WORDS))
    assert len(server.answers(clips)) > 1
    server.fail_next(step, status, applied=applied, retry_after=0.05)
    server.change(question, "tell me everything")
    second = await handler.next()
    await second.ends("A boat.")

    assert contents(server, clips) == ["A boat."]
    assert second.what.replaces == question.id


@TROUBLE
async def test_a_deleted_question(
    server: DiscordServer,
    adapter: DiscordAdapter,
    handler,
    clips: Channel,
    ann: User,
    status: int | None,
    applied: bool,
) -> None:
    question = server.say(ann, clips, "what is this?", mention=True)
    asked = await handler.next()
    await asked.ends("A boat.")
    keep(handler, asked, question, ann)
    server.fail_next(DELETE, status, applied=applied, retry_after=0.05)
    server.retract(question)
    await server.until(lambda: not server.answers(clips), "the answer to go")

    assert [request for request, _, _ in handler.erased] == [asked.request]


@TROUBLE
async def test_what_a_question_replies_to(
    server: DiscordServer,
    launch: Callable[[], Awaitable[DiscordAdapter]],
    handler,
    clips: Channel,
    ann: User,
    status: int | None,
    applied: bool,
) -> None:
    first = await launch()
    server.say(ann, clips, "what is this?", mention=True)
    await (await handler.next()).ends("A boat.")
    await first.stop()
    await launch()
    server.fail_next(READ, status, applied=applied, retry_after=0.05)
    server.say(ann, clips, "how old?", reply_to=server.answers(clips)[0])
    await (await handler.next()).ends("Ten years.")

    assert contents(server, clips) == ["A boat.", "Ten years."]


# --- the process dies -----------------------------------------------------------------------------------------------


async def kill(adapter: DiscordAdapter) -> None:
    """End everything at once, as a killed process does: nothing is finished and nothing is said."""
    client, connection = adapter._client, adapter._connection
    assert client is not None
    assert connection is not None
    adapter._client = None
    working = [task for task in asyncio.all_tasks() if task.get_name().startswith("discord.py: on_")]
    for task in (*working, connection):
        task.cancel()
    for each in client.answers.replies():
        await each.relay.cut()
        each.close()
    await asyncio.gather(*working, connection, return_exceptions=True)
    await client.http.close()


@pytest.fixture
def stuck(handler) -> Callable[[], Awaitable[None]]:
    """Let questions wait before the application has them; awaiting what this gives waits for one."""
    arrived, takes = asyncio.Event(), handler.message

    async def wait(*_: object) -> str:
        arrived.set()
        await asyncio.Event().wait()
        return ""

    async def one() -> None:
        await asyncio.wait_for(arrived.wait(), 15)
        handler.message = takes

    handler.message = wait
    return one


async def test_killed_after_the_placeholder_the_next_process_takes_the_question_in_that_message(
    server: DiscordServer, launch, handler, clips: Channel, ann: User, stuck
) -> None:
    first = await launch()
    question = server.say(ann, clips, "what is this?", mention=True, attachments=[("boat.mp4", b"moving pictures")])
    await stuck()
    await kill(first)
    clips.nonces.clear()  # Discord remembers them for a few minutes only
    [placeholder] = server.answers(clips)

    await launch()
    asked = await handler.next()
    await asked.ends("A boat.")
    assert server.answers(clips) == [placeholder]
    assert (asked.what.event_id, asked.what.text) == (question.id, "what is this?")
    assert [item.name for item in asked.what.attachments] == ["boat.mp4"]
    assert asked.what.author.id == ann.id


async def test_killed_in_the_middle_of_an_edit_the_next_process_takes_the_new_wording(
    server: DiscordServer, launch, handler, clips: Channel, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await launch()
    question = server.say(ann, clips, "what hapens?", mention=True)
    asked = await handler.next()
    await asked.ends("Nothing.")
    keep(handler, asked, question, ann)
    gate = server.hold(EDIT)
    server.change(question, "what happens?")
    await asyncio.wait_for(gate.arrived.wait(), 15)
    await kill(first)
    gate.open()

    await launch()
    again = await handler.next()
    assert (again.what.text, again.what.replaces) == ("what happens?", question.id)
    await again.ends("A boat sails by.")
    assert contents(server, clips) == ["A boat sails by."]


async def test_a_question_that_was_deleted_after_the_kill_is_not_taken(
    server: DiscordServer, launch, handler, clips: Channel, ann: User, stuck
) -> None:
    first = await launch()
    question = server.say(ann, clips, "what is this?", mention=True)
    await stuck()
    await kill(first)
    server.retract(question)

    await launch()
    server.say(ann, clips, "and this?", mention=True)
    asked = await handler.next()
    await asked.ends("A goat.")
    assert contents(server, clips) == ["A goat."]
    assert len(handler.asked) == 1


async def test_killed_after_a_continuation_the_next_process_goes_on_in_the_same_messages(
    server: DiscordServer, launch, handler, clips: Channel, ann: User
) -> None:
    first = await launch()
    server.say(ann, clips, "tell me everything", mention=True)
    asked = await handler.next()
    ref = asked.reply.ref  # as it was when the request was taken
    await asked.shows(" ".join(WORDS))
    await server.until(lambda: len(server.answers(clips)) > 1, "a continuation")
    await kill(first)

    found = await (await launch()).restore(ref)
    assert found is not None
    asked.reply = found
    await asked.ends(" ".join(WORDS))
    assert " ".join(contents(server, clips)).split() == WORDS


async def test_killed_after_an_edit_the_next_process_replaces_the_answer_and_deletion_finds_it(
    server: DiscordServer, launch, handler, clips: Channel, ann: User
) -> None:
    first = await launch()
    question = server.say(ann, clips, "what hapens?", mention=True)
    await (await handler.next()).ends("Nothing.")
    server.change(question, "what happens?")
    asked = await handler.next()
    await kill(first)
    keep(handler, asked, question, ann)

    second = await launch()
    found = await second.restore(asked.reply.ref)
    assert found is not None
    asked.reply = found
    await asked.ends("A boat sails by.")
    assert contents(server, clips) == ["A boat sails by."]
    server.retract(question)
    await server.until(lambda: not server.answers(clips), "the answer to go")
    assert [request for request, _, _ in handler.erased] == [asked.request]


async def test_killed_after_the_placeholder_was_accepted_a_redelivered_event_posts_nothing(
    server: DiscordServer, launch, handler, clips: Channel, ann: User
) -> None:
    first = await launch()
    question = server.say(ann, clips, "what is this?", mention=True)
    asked = await handler.next()
    await kill(first)
    keep(handler, asked, question, ann)

    second = await launch()
    server.redeliver(question)
    server.say(ann, clips, "and this?", mention=True)
    await (await handler.next()).ends("A goat.")
    found = await second.restore(asked.reply.ref)
    assert found is not None
    asked.reply = found
    await asked.ends("A boat.")
    assert contents(server, clips) == ["A boat.", "A goat."]
    assert len(handler.asked) == 2
