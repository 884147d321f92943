"""The hub and its feeds: order, newest wins, nothing final is lost, memory stays bounded."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from adapters.base import State, View
from adapters.web.hub import MAX_SETTLED_VIEWS, MAX_WAITING_MESSAGES, Feed, FeedOverflow, Hub, WebReply
from adapters.web.protocol import Accepted, Forgotten, Question, Refused

TALK = "conversation-0001"


class SlowSocket:
    """Takes a message only when the test opens the gate."""

    def __init__(self) -> None:
        self.gate = asyncio.Semaphore(0)
        self.sending = asyncio.Event()
        self.got: list[dict[str, Any]] = []

    async def send(self, text: str) -> None:
        self.sending.set()
        await self.gate.acquire()
        self.got.append(json.loads(text))

    def open(self) -> None:
        for _ in range(10_000):
            self.gate.release()


def view(text: str = "", request: str = "r1", state: State = State.WORKING) -> View:
    return View(request=request, state=state, text=text)


def url(path: str) -> str:
    return f"/media/{path}"


async def drained(feed: Feed) -> None:
    feed.close()
    await asyncio.wait_for(feed.pump(), 5)


async def test_a_slow_socket_gets_the_first_and_then_only_the_newest_view() -> None:
    socket = SlowSocket()
    feed = Feed(socket.send, url)
    pump = asyncio.create_task(feed.pump())
    feed.show(view("one"))
    await socket.sending.wait()

    for text in ("two", "three", "four"):
        feed.show(view(text))
    feed.show(view("four", state=State.DONE))
    feed.close()
    socket.open()
    await pump

    assert [(got["view"]["text"], got["view"]["state"]) for got in socket.got] == [("one", "working"), ("four", "done")]


async def test_requests_do_not_push_each_other_aside() -> None:
    socket = SlowSocket()
    socket.open()
    feed = Feed(socket.send, url)
    feed.show(view("a", "r1"))
    feed.show(view("b", "r2"))
    feed.show(view("c", "r1"))

    await drained(feed)

    assert [(got["request"], got["view"]["text"]) for got in socket.got] == [("r1", "c"), ("r2", "b")]


async def test_messages_keep_their_order_and_go_before_views() -> None:
    socket = SlowSocket()
    socket.open()
    feed = Feed(socket.send, url)
    feed.show(view("a"))
    feed.say(Refused(code="one", message="One."))
    feed.say(Forgotten(conversation=TALK))

    await drained(feed)

    assert [got["type"] for got in socket.got] == ["error", "forgotten", "view"]


async def test_a_held_feed_keeps_views_back_until_it_is_released() -> None:
    socket = SlowSocket()
    socket.open()
    feed = Feed(socket.send, url)
    feed.hold()
    feed.show(view("a"))
    pump = asyncio.create_task(feed.pump())
    feed.say(Refused(code="one", message="One."))
    await socket.sending.wait()
    assert [got["type"] for got in socket.got] == ["error"]

    feed.release()
    feed.close()
    await pump

    assert [got["type"] for got in socket.got] == ["error", "view"]


async def test_a_socket_that_is_never_read_is_given_up() -> None:
    feed = Feed(SlowSocket().send, url)
    for _ in range(MAX_WAITING_MESSAGES + 1):
        feed.say(Forgotten(conversation=TALK))

    with pytest.raises(FeedOverflow):
        await feed.pump()


async def test_the_newest_view_outlives_the_sockets() -> None:
    hub = Hub()
    reply = WebReply(hub, TALK, "message-00000001", opened=True)

    await reply.show(view("half"))
    assert hub.newest(TALK, "r1") == view("half")
    await reply.show(view("whole", state=State.DONE))

    assert hub.newest(TALK, "r1") == view("whole", state=State.DONE)


async def test_finished_views_are_not_kept_without_end() -> None:
    hub = Hub()
    for number in range(MAX_SETTLED_VIEWS + 1):
        hub.publish(TALK, view(request=f"r{number}", state=State.DONE))

    assert hub.newest(TALK, "r0") is None
    assert hub.newest(TALK, f"r{MAX_SETTLED_VIEWS}") is not None


async def test_a_reply_shows_nothing_before_its_request_is_announced() -> None:
    hub, socket = Hub(), SlowSocket()
    socket.open()
    feed = Feed(socket.send, url)
    hub.join(TALK, feed)
    reply = WebReply(hub, TALK, "message-00000001")

    await reply.show(view("early"))
    await reply.show(view("earlier than the answer"))
    reply.open(Accepted(conversation=TALK, id="message-00000001", request="r1", question=Question(text="?")))
    await drained(feed)

    assert [got["type"] for got in socket.got] == ["accepted", "view"]
    assert socket.got[1]["view"]["text"] == "earlier than the answer"


async def test_what_is_forgotten_is_not_remembered_and_not_sent() -> None:
    hub, socket = Hub(), SlowSocket()
    socket.open()
    feed = Feed(socket.send, url)
    hub.join(TALK, feed)
    hub.publish(TALK, view("a"))
    hub.publish("another-conversation", view("b"))

    hub.forget(TALK)
    await drained(feed)

    assert socket.got == []
    assert hub.newest(TALK, "r1") is None
    assert hub.newest("another-conversation", "r1") is not None
