"""Broken sockets, refused sessions and failing requests: nothing is lost and nothing is doubled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from adapters.base import DeliveryError
from adapters.discord import DiscordAdapter
from adapters.discord.errors import DiscordError, IntentsRefused, TokenRefused
from tests.fakes.discord_server import DiscordServer
from tests.fakes.discord_server.world import Channel, User

CREATE = "POST /channels/{channel_id}/messages"
READ = "GET /channels/{channel_id}/messages/{message_id}"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"


async def answer(server: DiscordServer, handler, channel: Channel, text: str) -> None:
    """Take the next question and answer it."""
    asked = await handler.next()
    await asked.ends(text)


def contents(server: DiscordServer, channel: Channel) -> list[str]:
    return [post.content for post in server.answers(channel)]


# --- the gateway --------------------------------------------------------------------------------------------------


async def test_a_gateway_that_falls_silent_is_left_and_what_was_missed_is_handled_once(
    server: DiscordServer, launch, handler, clips: Channel, ann: User, patience: Callable[..., None]
) -> None:
    patience(heartbeat_timeout=1.0)
    server.gateway.heartbeat_s = 0.2
    await launch()
    server.say(ann, clips, "first", mention=True)
    await answer(server, handler, clips, "Answer one.")

    server.go_dark()
    missed = server.say(ann, clips, "second", mention=True)
    await server.until(lambda: server.gateway.resumed, "a RESUME")
    await answer(server, handler, clips, "Answer two.")

    assert [asked.what.text for asked in handler.asked] == ["first", "second"]
    assert handler.asked[1].what.event_id == missed.id
    assert contents(server, clips) == ["Answer one.", "Answer two."]
    assert len(server.gateway.identifies) == 1


async def test_a_resume_asks_for_what_came_after_the_last_event_that_was_seen(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    async with server.outage():
        for number in range(5):
            server.say(ann, clips, f"question {number}", mention=True)
    for number in range(5):
        await answer(server, handler, clips, f"Answer {number}.")

    assert server.gateway.resumed == 1
    assert len(server.gateway.identifies) == 1
    assert sorted(asked.what.text for asked in handler.asked) == [f"question {number}" for number in range(5)]
    assert len(server.answers(clips)) == 5


async def test_a_request_to_reconnect_is_followed_by_a_resume(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    server.ask_to_reconnect()
    await server.until(lambda: server.gateway.resumed, "a RESUME")
    server.say(ann, clips, "still there?", mention=True)
    await answer(server, handler, clips, "Yes.")

    assert contents(server, clips) == ["Yes."]


async def test_a_refused_resume_becomes_a_new_session_and_doubles_nothing(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User, unpaced: None
) -> None:
    server.say(ann, clips, "first", mention=True)
    await answer(server, handler, clips, "Answer one.")
    server.say(ann, clips, "second", mention=True)
    open_one = await handler.next()
    await open_one.shows("Answer")

    async with server.outage():
        server.forget_sessions()
    await server.until(lambda: len(server.gateway.identifies) == 2 and server.gateway.live, "a second IDENTIFY")
    assert len(server.gateway.resumes) == 1
    assert server.gateway.resumed == 0
    await open_one.ends("Answer two.")
    server.say(ann, clips, "third", mention=True)
    await answer(server, handler, clips, "Answer three.")

    assert [asked.what.text for asked in handler.asked] == ["first", "second", "third"]
    assert contents(server, clips) == ["Answer one.", "Answer two.", "Answer three."]


@pytest.mark.parametrize("code", [None, 4000])
async def test_an_answer_ends_once_though_the_socket_closes_in_its_middle(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User, code: int | None
) -> None:
    server.say(ann, clips, "what is this?", mention=True)
    asked = await handler.next()
    await asked.shows("A man")
    await server.until(lambda: "A man" in contents(server, clips)[0], "the first words")

    if code is None:
        server.drop()
    else:
        await server.close(code)
    await asked.shows("A man rides")
    await asked.ends("A man rides a bike.")
    await server.until(lambda: server.gateway.resumed, "a RESUME")

    assert contents(server, clips) == ["A man rides a bike."]
    assert len(handler.asked) == 1
    assert len(server.calls_to(CREATE)) == 1


async def test_a_message_that_is_delivered_twice_is_answered_once(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    question = server.say(ann, clips, "what is this?", mention=True)
    server.redeliver(question)
    server.say(ann, clips, "and then?", mention=True)
    await answer(server, handler, clips, "A boat.")
    await answer(server, handler, clips, "It sails.")

    assert sorted(asked.what.text for asked in handler.asked) == ["and then?", "what is this?"]
    assert sorted(contents(server, clips)) == ["A boat.", "It sails."]


async def test_a_message_that_is_delivered_again_after_a_restart_has_the_same_event_id(
    server: DiscordServer, launch, handler, clips: Channel, ann: User
) -> None:
    first = await launch()
    question = server.say(ann, clips, "what is this?", mention=True)
    await answer(server, handler, clips, "A boat.")
    await first.stop()
    await launch()
    server.redeliver(question)
    again = await handler.next()

    assert [asked.what.event_id for asked in handler.asked] == [question.id, question.id]
    assert again.reply.ref == handler.asked[0].reply.ref
    assert len(server.answers(clips)) == 1


# --- HTTP ---------------------------------------------------------------------------------------------------------


async def test_retry_after_is_obeyed_and_the_newest_text_wins(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    server.fail_next(EDIT, 429, retry_after=1.5)
    server.say(ann, clips, "what is this?", mention=True)
    asked = await handler.next()
    await asked.shows("old")
    await server.until(lambda: any(call.status == 429 for call in server.calls_to(EDIT)), "the refusal")
    await asked.shows("newer")
    await asked.ends("newest")

    refused, *later = server.calls_to(EDIT)
    assert later[0].at - refused.at >= 1.5
    assert len(later) <= 2
    assert contents(server, clips) == ["newest"]


@pytest.mark.parametrize(("status", "applied"), [(500, False), (502, True)], ids=["refused", "done-but-unanswered"])
async def test_a_send_that_fails_on_the_server_is_tried_again_and_posts_one_message(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User, status: int, applied: bool
) -> None:
    server.fail_next(CREATE, status, applied=applied)
    server.say(ann, clips, "what is this?", mention=True)
    await answer(server, handler, clips, "A boat.")

    assert [call.status for call in server.calls_to(CREATE)] == [status, 200]
    assert contents(server, clips) == ["A boat."]


@pytest.mark.parametrize("status", [500, 502])
async def test_an_edit_that_fails_on_the_server_is_tried_again(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User, status: int
) -> None:
    server.fail_next(EDIT, status)
    server.say(ann, clips, "what is this?", mention=True)
    await answer(server, handler, clips, "A boat.")

    assert [call.status for call in server.calls_to(EDIT)] == [status, 200]
    assert contents(server, clips) == ["A boat."]


@pytest.mark.parametrize("applied", [False, True], ids=["lost", "done-but-unanswered"])
async def test_a_final_edit_whose_connection_is_cut_still_arrives(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User, applied: bool
) -> None:
    server.fail_next(EDIT, None, applied=applied)
    server.say(ann, clips, "what is this?", mention=True)
    await answer(server, handler, clips, "A boat.")

    assert contents(server, clips) == ["A boat."]


@pytest.mark.parametrize("applied", [False, True], ids=["lost", "done-but-unanswered"])
async def test_a_question_whose_first_reply_is_cut_off_is_still_answered_once(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User, applied: bool
) -> None:
    server.fail_next(CREATE, None, applied=applied)
    server.say(ann, clips, "what is this?", mention=True)
    await answer(server, handler, clips, "A boat.")

    assert contents(server, clips) == ["A boat."]


async def test_an_answer_that_cannot_be_looked_up_now_is_taken_neither_for_there_nor_for_gone(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    server.say(ann, clips, "what is this?", mention=True)
    asked = await handler.next()
    await asked.ends("A boat.")
    server.fail_next(READ, 503)
    with pytest.raises(DeliveryError):
        await adapter.restore(asked.reply.ref)
    assert await adapter.restore(asked.reply.ref) is not None


async def test_a_deleted_question_takes_its_answer_along(
    server: DiscordServer, adapter: DiscordAdapter, handler, clips: Channel, ann: User
) -> None:
    question = server.say(ann, clips, "what is this?", mention=True)
    asked = await handler.next()
    await asked.shows("A boat")
    server.retract(question)
    await server.until(lambda: not server.answers(clips), "the answer to go")
    await asked.ends("A boat that sails.")

    assert [(request, author.id) for request, author, _ in handler.erased] == [(asked.request, ann.id)]
    assert server.answers(clips) == []


# --- being refused ------------------------------------------------------------------------------------------------


async def test_a_wrong_token_is_said_in_a_sentence_before_any_socket_is_opened(server: DiscordServer, launch) -> None:
    with pytest.raises(TokenRefused, match="refused the bot token"):
        await launch(token="another.token.entirely")
    assert server.gateway.attempts == 0


@pytest.mark.parametrize(
    ("code", "error", "sentence"),
    [(4004, TokenRefused, "Developer Portal"), (4014, IntentsRefused, "Privileged Gateway Intents")],
)
async def test_a_refused_session_is_said_in_a_sentence_and_not_tried_again(
    server: DiscordServer, launch, code: int, error: type[DiscordError], sentence: str
) -> None:
    server.refuse_identify(code, times=100)
    with pytest.raises(error, match=sentence):
        await launch()
    assert server.gateway.attempts == 1
    assert len(server.gateway.identifies) == 1
    assert server.gateway.resumes == []


@pytest.mark.parametrize("code", [4004, 4014])
async def test_a_refusal_in_the_middle_of_a_session_is_logged_and_not_tried_again(
    server: DiscordServer, adapter: DiscordAdapter, code: int
) -> None:
    heard = Ear()
    logging.getLogger("adapters.discord").addHandler(heard)
    try:
        await server.close(code)
        async with asyncio.timeout(15):
            sentence = await heard.sentences.get()
    finally:
        logging.getLogger("adapters.discord").removeHandler(heard)

    assert "Developer Portal" in sentence
    assert server.gateway.attempts == 1


class Ear(logging.Handler):
    """Hears errors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.sentences: asyncio.Queue[str] = asyncio.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self.sentences.put_nowait(record.getMessage())
