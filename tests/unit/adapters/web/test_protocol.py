"""The words on the websocket: what is understood, what is refused, and that no path leaves the server."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Author, Chip, Exchange, MadeVideo, QueueSpot, State, Still, View
from adapters.web.media import MediaShelf
from adapters.web.protocol import Ask, Cancel, Generate, Hello, History, Refused, decode, encode, wire_exchange

ID = "message-00000001"


def test_each_message_of_the_page_is_understood() -> None:
    assert decode(json.dumps({"type": "hello", "conversation": ID})) == Hello(conversation=ID)
    assert decode(json.dumps({"type": "ask", "id": ID, "text": "hi", "uploads": [ID]})) == Ask(
        id=ID, text="hi", uploads=(ID,)
    )
    assert decode(json.dumps({"type": "generate", "id": ID, "prompt": "p", "seconds": 3, "seed": 7})) == Generate(
        id=ID, prompt="p", seconds=3.0, seed=7
    )
    assert decode(json.dumps({"type": "cancel", "request": "7f3k"})) == Cancel(request="7f3k")


@pytest.mark.parametrize(
    "message",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"type": "shutdown"}',
        '{"type": "hello"}',
        '{"type": "hello", "conversation": "short"}',
        '{"type": "hello", "conversation": "../../../etc/passwd"}',
        '{"type": "ask", "id": "message-00000001", "text": 5}',
        '{"type": "ask", "id": "message-00000001", "text": "a", "uploads": ["../secret-secret-secret"]}',
        '{"type": "ask", "id": "message-00000001", "text": "a", "admin": true}',
        '{"type": "generate", "id": "message-00000001", "prompt": "p", "width": "wide"}',
        json.dumps({"type": "ask", "id": ID, "text": "a", "uploads": [ID] * 9}),
    ],
)
def test_anything_else_is_a_decode_error(message: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(message)


@given(st.text())
def test_no_text_at_all_brings_the_decoder_down(text: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(text)


def test_a_view_is_sent_whole_and_without_a_path() -> None:
    view = View(
        request="7f3k",
        state=State.DONE,
        text="Two people",
        queue=QueueSpot(2, 40.0),
        stills=(Still("/secret/still.jpg", 1.5, 1),),
        videos=(MadeVideo("/secret/made.mp4", "a ball", 7, 640, 360, 3.0),),
        chips=(Chip("violence", 0.1, 0.7, "allow", "clip", 1.5),),
        not_covered=("illicit",),
    )
    exchange = Exchange("7f3k", Author("local", "You"), "what?", ("bikes.mp4",), datetime.now(UTC), view)
    shelf = MediaShelf()

    text = encode(History(conversation=ID, exchanges=[wire_exchange(exchange, shelf.url)]))
    sent = json.loads(text)["exchanges"][0]

    assert "secret" not in text
    assert sent["question"] == {"text": "what?", "attachments": ["bikes.mp4"]}
    assert sent["view"]["state"] == "done"
    assert sent["view"]["queue"] == {"position": 2, "eta_s": 40.0}
    assert sent["view"]["stills"] == [{"url": shelf.url("/secret/still.jpg"), "time_s": 1.5, "clip": 1}]
    assert sent["view"]["videos"][0]["url"] == shelf.url("/secret/made.mp4")
    assert sent["view"]["chips"][0]["threshold"] == 0.7


def test_an_error_says_only_what_it_is_about() -> None:
    assert json.loads(encode(Refused(code="c", message="m", request="7f3k"))) == {
        "type": "error",
        "code": "c",
        "message": "m",
        "request": "7f3k",
    }


def test_an_address_is_stable_long_and_forgotten_last() -> None:
    shelf = MediaShelf(limit=2)
    first = shelf.url("/a.jpg")
    assert shelf.url("/a.jpg") == first
    assert len(first) > len("/media/") + 30

    shelf.url("/b.jpg")
    shelf.url("/c.jpg")

    assert shelf.url("/a.jpg") != first
