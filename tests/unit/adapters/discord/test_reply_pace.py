"""Several answers in one channel share its pace: who is done goes first, and what changes nothing takes no turn."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from adapters.base import Author, QueueSpot, State, View
from adapters.discord import reply as module
from adapters.discord.pacing import Pace
from adapters.discord.reply import Anchor, DiscordReply
from adapters.shared.pacing import Timing
from tests.fakes.clock import Clock
from tests.unit.adapters.discord.test_reply import FakePost


class Room:
    """A channel with some answers in the making, each in a message of its own."""

    def __init__(self, answers: int) -> None:
        self.clock = Clock()
        timing, pace = Timing(self.clock.now, self.clock.sleep), Pace(self.clock.now, self.clock.sleep)
        self.posts = [FakePost(self.clock) for _ in range(answers)]  # type: ignore[arg-type]
        self.replies = [
            DiscordReply(post, Anchor("message", 7, Author("1", "ann"), [number]), timing=timing, pace=pace)
            for number, post in enumerate(self.posts, start=1)
        ]

    def show(self, number: int, state: State, text: str = "", **more: Any) -> asyncio.Task[None]:
        view = View(f"r{number}", state, text=text, **more)
        return asyncio.create_task(self.replies[number].show(view))

    async def settle(self) -> None:
        await asyncio.sleep(0)
        await self.clock.run(*(asyncio.create_task(reply.settled()) for reply in self.replies))

    def edits(self) -> list[tuple[float, str]]:
        """All edits in the channel: when, and which text."""
        return sorted(edit for post in self.posts for edit in post.edits)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Typing waits on the real clock; nobody waits for it here."""
    monkeypatch.setattr(module, "TYPING_EVERY_S", 0.0)
    monkeypatch.setattr(module, "QUEUE_LOOK_S", 0.0)


async def test_five_answers_in_one_channel_change_it_once_a_second_between_them() -> None:
    room = Room(5)
    for number in range(5):
        room.show(number, State.WORKING, f"text {number}")
    await room.settle()
    times = [at for at, _ in room.edits()]
    assert len(times) == 5
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(times))


async def test_a_finished_answer_goes_before_what_others_are_still_saying() -> None:
    room = Room(3)
    for number in range(2):
        room.show(number, State.WORKING, f"text {number}")
    ending = room.show(2, State.DONE, "the end")
    await room.settle()
    await ending
    assert [text for _, text in room.edits()] == ["text 0", "the end", "text 1"]


async def test_an_answer_that_streams_goes_before_places_in_the_queue() -> None:
    room = Room(3)
    for number in (0, 1):
        room.show(number, State.WAITING, queue=QueueSpot(number + 1))
    room.show(2, State.WORKING, "words")
    await room.settle()
    assert [text for _, text in room.edits()][1] == "words"


async def test_the_newest_text_is_shown_when_the_turn_comes() -> None:
    room = Room(2)
    room.show(0, State.WORKING, "first")
    room.show(1, State.WORKING, "old")
    await asyncio.sleep(0)
    room.show(1, State.WORKING, "new")
    await room.settle()
    assert [text for _, text in room.edits()] == ["first", "new"]


async def test_a_view_that_looks_like_what_is_shown_takes_no_turn() -> None:
    room = Room(2)
    room.show(0, State.WORKING, "same")
    await room.settle()
    room.show(0, State.WORKING, "same", seconds=3.0)
    room.show(1, State.WORKING, "other")
    await room.settle()
    (_, first), (at, second) = room.edits()
    assert (first, second) == ("same", "other")
    assert at - room.edits()[0][0] < 1.1


async def test_nobody_types_for_who_waits_in_the_queue_and_only_once_for_all_who_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = Room(3)
    room.show(0, State.WAITING, queue=QueueSpot(1))
    await room.settle()
    assert [post.typed for post in room.posts] == [0, 0, 0]
    monkeypatch.setattr(module, "TYPING_EVERY_S", 8.0)
    room.show(0, State.WORKING, "a")
    room.show(1, State.WORKING, "b")
    room.show(2, State.WORKING, "c")
    await room.settle()
    assert sum(post.typed for post in room.posts) == 1
    for reply in room.replies:
        reply.close()
