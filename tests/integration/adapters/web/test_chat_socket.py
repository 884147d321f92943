"""The websocket of the chat page, over a real port, with a scripted application behind it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.base import AttachmentError, Bar, GenerateCommand, Message, QueueSpot, State, Still, View
from adapters.web import chat as chat_module
from adapters.web.sessions import SEATS

CONVERSATION = "conversation-0001"
ASK = {"type": "ask", "id": "message-00000001", "text": "what happens?"}


async def _uploaded(server: Any, data: bytes = b"clip bytes", name: str = "bikes.mp4") -> str:
    async with server.http() as http:
        headers = {"X-File-Name": name, "Content-Type": "video/mp4"}
        async with http.post("/api/uploads", data=data, headers=headers) as answer:
            assert answer.status == 201
            return str((await answer.json())["id"])


async def test_a_question_is_accepted_and_its_views_arrive_in_order(server: Any) -> None:
    async with server.socket() as talk:
        await talk.say(**ASK)
        accepted = await talk.hear("accepted")
        asked = await server.handler.arrived.get()

        await server.handler.show(asked, state=State.WAITING, queue=QueueSpot(2, 40.0))
        waiting = await talk.hear("view")
        await server.handler.show(asked, state=State.WORKING, queue=None, text="Two people")
        working = await talk.hear("view")
        await server.handler.show(asked, state=State.DONE, text="Two people ride.", footer="lite")
        done = await talk.hear("view")

    assert accepted["id"] == ASK["id"]
    assert accepted["question"] == {"text": "what happens?", "attachments": []}
    assert {accepted["request"], waiting["request"], working["request"], done["request"]} == {asked.request}
    assert waiting["view"]["queue"] == {"position": 2, "eta_s": 40.0}
    assert [one["view"]["text"] for one in (waiting, working, done)] == ["", "Two people", "Two people ride."]
    assert done["view"]["state"] == "done"


async def test_the_application_is_told_who_where_and_what(server: Any) -> None:
    upload = await _uploaded(server, b"0123456789", "Zwei%20R%C3%A4der.mp4")
    async with server.socket() as talk:
        await talk.say(**ASK, uploads=[upload])
        await talk.hear("accepted")

    message = server.handler.calls[0]
    assert isinstance(message, Message)
    assert message.event_id == ASK["id"]
    assert (message.author.id, message.author.name, message.author.is_admin) == ("local", "You", True)
    assert (message.place.platform, message.place.community, message.place.private) == ("web", "local", True)
    assert message.place.channel == CONVERSATION
    assert message.place.upload_limit >= 100 * 1024 * 1024
    assert [(file.name, file.content_type, file.size) for file in message.attachments] == [
        ("Zwei Räder.mp4", "video/mp4", 10)
    ]


async def test_an_attachment_is_read_once_and_then_gone_from_the_inbox(server: Any) -> None:
    upload = await _uploaded(server, b"x" * 700_000)
    async with server.socket() as talk:
        await talk.say(**ASK, uploads=[upload])
        await talk.hear("accepted")
    attachment = server.handler.calls[0].attachments[0]

    chunks = [chunk async for chunk in attachment.read()]

    assert b"".join(chunks) == b"x" * 700_000
    assert len(chunks) > 1
    assert list(server.inbox.iterdir()) == []
    with pytest.raises(AttachmentError, match="Attach it again"):
        [chunk async for chunk in attachment.read()]


async def test_an_upload_that_is_gone_reaches_the_application_as_an_attachment_that_says_so(server: Any) -> None:
    async with server.socket() as talk:
        await talk.say(**ASK, uploads=["an-upload-that-never-was"])
        await talk.hear("accepted")

    with pytest.raises(AttachmentError, match="Attach it again"):
        [chunk async for chunk in server.handler.calls[0].attachments[0].read()]


async def test_generate_hands_over_every_option(server: Any) -> None:
    async with server.socket() as talk:
        await talk.say(
            type="generate",
            id="message-00000002",
            prompt="a red ball",
            seconds=2.5,
            width=640,
            height=360,
            seed=7,
            avoid="text",
        )
        accepted = await talk.hear("accepted")

    command = server.handler.calls[0]
    assert isinstance(command, GenerateCommand)
    assert (command.event_id, command.prompt, command.avoid) == ("message-00000002", "a red ball", "text")
    assert (command.seconds, command.width, command.height, command.seed) == (2.5, 640, 360, 7)
    assert accepted["question"]["text"] == "/generate a red ball"


async def test_a_question_sent_twice_has_one_event_id_and_one_request(server: Any) -> None:
    async with server.socket() as talk:
        await talk.say(**ASK)
        first = await talk.hear("accepted")
    async with server.socket() as talk:
        await talk.say(**ASK)
        second = await talk.hear("accepted")

    assert [call.event_id for call in server.handler.calls] == [ASK["id"], ASK["id"]]
    assert first["request"] == second["request"]
    assert len(server.handler.asked) == 1


async def test_the_second_sending_is_told_how_the_request_looks_now(server: Any) -> None:
    async with server.socket() as talk:
        await talk.say(**ASK)
        await talk.hear("accepted")
        asked = await server.handler.arrived.get()
        await server.handler.show(asked, state=State.DONE, text="the answer")
        await talk.hear("view")
        await talk.say(**ASK)
        await talk.hear("accepted")
        again = await talk.hear("view")

    assert again["view"]["text"] == "the answer"


async def test_a_view_shown_before_the_request_has_its_id_comes_after_the_acceptance(server: Any) -> None:
    server.handler.first_view = View(request="", state=State.WAITING, status="early")
    async with server.socket() as talk:
        await talk.say(**ASK)
        await talk.hear("accepted")
        assert (await talk.hear("view"))["view"]["status"] == "early"


async def test_every_window_of_a_conversation_sees_it_and_no_other_does(server: Any) -> None:
    async with (
        server.socket() as mine,
        server.socket() as second,
        server.socket("another-conversation") as stranger,
    ):
        await mine.say(**ASK)
        await mine.hear("accepted")
        accepted = await second.hear("accepted")
        asked = await server.handler.arrived.get()
        await server.handler.show(asked, state=State.DONE, text="for both")

        assert accepted["question"]["text"] == ASK["text"]
        assert (await mine.hear("view"))["view"]["text"] == "for both"
        assert (await second.hear("view"))["view"]["text"] == "for both"
        await stranger.say(type="cancel", request="nothing")
        await stranger.hear("error")  # the first thing it hears at all


async def test_who_comes_back_gets_the_history_with_the_live_view_and_what_follows(server: Any) -> None:
    async with server.socket() as talk:
        await talk.say(**ASK)
        await talk.hear("accepted")
        asked = await server.handler.arrived.get()

    # The application's own record lags behind what was shown last.
    await asked.reply.show(View(request=asked.request, state=State.WORKING, text="half an answer"))
    async with server.socket() as talk:
        exchange = talk.history["exchanges"][0]
        assert exchange["view"]["text"] == "half an answer"
        assert exchange["question"]["text"] == ASK["text"]
        await server.handler.show(asked, state=State.DONE, text="a whole answer")
        assert (await talk.hear("view"))["view"]["text"] == "a whole answer"

    async with server.socket() as talk:
        assert talk.history["exchanges"][0]["view"]["text"] == "a whole answer"


async def test_a_view_that_ends_while_the_history_is_read_is_not_overtaken_by_it(server: Any) -> None:
    async with server.socket() as talk:
        await talk.say(**ASK)
        await talk.hear("accepted")
        asked = await server.handler.arrived.get()
    gate = server.handler.history_gate = asyncio.Event()
    server.handler.history_entered.clear()

    async with server.socket(None) as talk:
        await talk.say(type="hello", conversation=CONVERSATION)
        await server.handler.history_entered.wait()
        await server.handler.show(asked, state=State.DONE, text="final")
        gate.set()
        await talk.hear("history")

        assert (await talk.hear("view"))["view"]["text"] == "final"


async def test_a_restored_reply_reaches_the_conversation_again(server: Any) -> None:
    async with server.socket() as talk:
        await talk.say(**ASK)
        await talk.hear("accepted")
        asked = await server.handler.arrived.get()
        restored = await server.adapter.restore(asked.reply.ref)
        await restored.show(View(request=asked.request, state=State.DONE, text="after the restart"))

        assert (await talk.hear("view"))["view"]["text"] == "after the restart"
    assert restored.ref == asked.reply.ref


@pytest.mark.parametrize("ref", ["", "nonsense", "conversation-0001", "conversation-0001:", "../../x:message-00000001"])
async def test_a_foreign_ref_is_not_restored(server: Any, ref: str) -> None:
    assert await server.adapter.restore(ref) is None


async def test_a_window_that_is_not_read_skips_to_the_newest_view(server: Any) -> None:
    shown = 400
    async with server.socket() as quick, server.socket() as slow:
        await quick.say(**ASK)
        await quick.hear("accepted")
        asked = await server.handler.arrived.get()
        slow.ws._response.connection.transport.pause_reading()
        for number in range(shown):
            await server.handler.show(asked, text=f"{number} " + "x" * 200_000)
            await quick.hear("view")
        await server.handler.show(asked, state=State.DONE, text="the end")
        slow.ws._response.connection.transport.resume_reading()

        await slow.hear("accepted")
        texts = [(await slow.hear("view"))["view"]["text"]]
        while texts[-1] != "the end":
            texts.append((await slow.hear("view"))["view"]["text"])

    numbers = [int(text.split()[0]) for text in texts[:-1]]
    assert numbers == sorted(numbers)
    assert len(numbers) < shown


async def test_cancel_reaches_the_application_with_the_one_who_asks(server: Any) -> None:
    async with server.socket() as talk:
        await talk.say(**ASK)
        accepted = await talk.hear("accepted")
        await talk.say(type="cancel", request=accepted["request"])
        view = await talk.hear("view")
        await talk.say(type="cancel", request=accepted["request"])
        late = await talk.hear("error")

    assert view["view"]["state"] == "cancelled"
    assert [(request, author.id) for request, author in server.handler.cancelled] == [
        (accepted["request"], "local")
    ] * 2
    assert (late["request"], late["code"]) == (accepted["request"], "nothing_to_cancel")


async def test_forget_empties_every_window_and_the_history(server: Any) -> None:
    async with server.socket() as talk, server.socket() as second:
        await talk.say(**ASK)
        await talk.hear("accepted")
        await second.hear("accepted")
        await talk.say(type="forget")
        await talk.hear("forgotten")
        await second.hear("forgotten")

    async with server.socket() as talk:
        assert talk.history["exchanges"] == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nonsense", "not_understood"),
        ('{"type": "dance"}', "not_understood"),
        ('{"type": "ask", "id": 7}', "not_understood"),
        ("\ud7ff" * 40_000, "too_long"),
    ],
)
async def test_what_is_not_understood_is_answered_and_the_socket_lives_on(server: Any, text: str, code: str) -> None:
    async with server.socket() as talk:
        await talk.ws.send_str(text)
        assert (await talk.hear("error"))["code"] == code
        await talk.ws.send_bytes(b"\x00\x01")
        assert (await talk.hear("error"))["code"] == "not_text"
        await talk.say(**ASK)
        await talk.hear("accepted")


async def test_a_huge_frame_ends_its_own_socket_and_nothing_else(server: Any) -> None:
    async with server.socket() as talk, server.socket() as other:
        await talk.ws.send_str("x" * (2 * 1024 * 1024))
        ended = await talk.ws.receive(timeout=10)
        await other.say(**ASK)
        await other.hear("accepted")

    assert ended.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({**ASK, "text": "   "}, "empty"),
        ({**ASK, "text": "x" * 8001}, "too_long"),
        ({"type": "generate", "id": ASK["id"], "prompt": " "}, "empty"),
        ({"type": "generate", "id": ASK["id"], "prompt": "a", "avoid": "x" * 8001}, "too_long"),
    ],
)
async def test_impossible_questions_are_refused_with_a_sentence(
    server: Any, message: dict[str, Any], code: str
) -> None:
    async with server.socket() as talk:
        await talk.say(**message)
        error = await talk.hear("error")

    assert (error["code"], error["id"]) == (code, ASK["id"])
    assert error["message"].endswith(".")
    assert server.handler.calls == []


async def test_nothing_is_taken_before_hello(server: Any) -> None:
    async with server.socket(None) as talk:
        await talk.say(**ASK)
        assert (await talk.hear("error"))["code"] == "no_hello"
    assert server.handler.calls == []


async def test_a_surprise_in_the_application_is_logged_under_a_number_and_shows_no_stack(
    server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server.handler.failure = RuntimeError("secret detail")
    async with server.socket() as talk:
        await talk.say(**ASK)
        error = await talk.hear("error")
        server.handler.failure = None
        await talk.say(**{**ASK, "id": "message-00000002"})
        await talk.hear("accepted")

    number = error["message"].rstrip(".").rsplit(" ", 1)[-1]
    assert "secret" not in error["message"]
    assert error["id"] == ASK["id"]
    assert any(number in record.getMessage() and record.exc_info for record in caplog.records)


async def test_a_message_that_becomes_no_request_is_refused_in_the_applications_words(server: Any) -> None:
    server.handler.turned_away = "The database does not answer. Try again in a minute."
    async with server.socket() as talk:
        await talk.say(**ASK)
        error = await talk.hear("error")

    assert (error["id"], error["message"]) == (ASK["id"], server.handler.turned_away)


async def test_stop_delivers_what_is_pending_and_says_goodbye(start: Any) -> None:
    server = await start()
    async with server.socket() as talk:
        await talk.say(**ASK)
        await talk.hear("accepted")
        asked = await server.handler.arrived.get()
        await server.handler.show(asked, state=State.DONE, text="just in time")
        await server.adapter.stop()

        assert (await talk.hear("view"))["view"]["text"] == "just in time"
        goodbye = await talk.ws.receive(timeout=10)
        assert (goodbye.type, goodbye.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.GOING_AWAY)


async def test_frames_and_bars_are_shown_with_addresses_that_work(server: Any, stills: list[Path]) -> None:
    async with server.socket() as talk, server.http() as http:
        await talk.say(**ASK)
        await talk.hear("accepted")
        asked = await server.handler.arrived.get()
        asked.view = replace(asked.view, bar=Bar(3, 30, "frames", 12.0))
        await server.handler.show(asked, stills=tuple(Still(str(path), 0.5) for path in stills))
        view = (await talk.hear("view"))["view"]
        async with http.get(view["stills"][0]["url"]) as picture:
            data = await picture.read()

    assert view["bar"] == {"step": 3, "total": 30, "label": "frames", "eta_s": 12.0}
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert data == stills[0].read_bytes()


async def test_a_socket_that_never_says_hello_is_closed(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_module, "LOOK_S", 0.05)
    async with server.socket(conversation=None) as silent, server.socket() as talk:
        assert (await silent.ws.receive(timeout=10)).type is aiohttp.WSMsgType.CLOSE
        await talk.say(**ASK)
        assert (await talk.hear("accepted"))["id"] == ASK["id"]


async def test_a_socket_ends_with_its_session(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_module, "LOOK_S", 0.05)
    server = await start(token="a long random string")
    async with server.http() as http:
        async with http.post("/api/login", json={"token": "a long random string"}) as answer:
            session = answer.cookies["gpt4video_session"].value
        async with http.ws_connect("/api/socket") as ws:
            await ws.send_json({"type": "hello", "conversation": CONVERSATION})
            assert (await ws.receive_json(timeout=10))["type"] == "history"
            await server.adapter._door._sessions.end(session)
            assert (await ws.receive(timeout=10)).type is aiohttp.WSMsgType.CLOSE


async def test_each_window_waits_in_the_queue_for_itself_and_is_one_author_with_the_others(server: Any) -> None:
    for number in range(SEATS + 3):
        async with server.socket(f"conversation-{number:04}") as talk:
            for again in range(2):
                await talk.say(type="ask", id=f"message-{number:06}-{again}", text="what happens?")
                await talk.hear("accepted")
    authors = [call.author for call in server.handler.calls]
    assert {author.id for author in authors} == {"local"}
    seats = [author.seat for author in authors]
    assert seats[::2] == seats[1::2]
    assert len(set(seats)) == SEATS + 1
    assert len(set(seats[: 2 * SEATS])) == SEATS
