"""What a reader gets, early, late or never."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from engine.errors import GuardUnavailable, JobCancelled
from engine.ticket import Ticket
from engine.types import Answered, Event, Failed, Progress, Queued, Started, Token, VideoWanted

ANSWERED = Answered(model="m", seconds=1.0)


class Caller:
    """Someone with a ticket, and how often it was cancelled."""

    def __init__(self) -> None:
        self.cancels = 0
        self.ticket = Ticket("r1", self._cancel)

    def _cancel(self) -> None:
        self.cancels += 1
        self.ticket.fail(JobCancelled("cancelled"))

    async def read(self) -> list[Event]:
        return [event async for event in self.ticket]


@pytest.fixture
def caller() -> Caller:
    return Caller()


def feed(caller: Caller, *events: Event) -> None:
    for event in events:
        caller.ticket.put(event)


async def test_events_come_in_order_and_end_with_the_result(caller: Caller) -> None:
    events = [Started(), Token(text="a"), VideoWanted(prompt="p"), Token(text="b"), ANSWERED]
    feed(caller, *events)
    assert await caller.read() == events
    assert caller.cancels == 0


async def test_a_failure_is_raised_as_its_typed_error(caller: Caller) -> None:
    feed(caller, Started(), Failed(code="guard_unavailable", message="No check.", details={"role": "text"}))
    with pytest.raises(GuardUnavailable, match=r"No check\.") as raised:
        await caller.read()
    assert raised.value.details == {"role": "text"}
    assert caller.cancels == 0


async def test_a_slow_reader_costs_bounded_memory_and_misses_no_text(caller: Caller) -> None:
    feed(caller, Started())
    for step in range(10_000):
        feed(caller, Token(text="x"), Progress(step=step, total=10_000), Queued(position=step + 1))
    feed(caller, ANSWERED)
    events = await caller.read()
    assert len(events) < 10
    assert "".join(event.text for event in events if isinstance(event, Token)) == "x" * 10_000
    assert Progress(step=9_999, total=10_000) in events


async def test_a_second_attempt_wipes_what_was_not_read_of_the_first(caller: Caller) -> None:
    feed(caller, Queued(position=1), Started(), Token(text="old"), VideoWanted(prompt="old"))
    feed(caller, Started(attempt=2), Token(text="new"), ANSWERED)
    assert await caller.read() == [Started(attempt=2), Token(text="new"), ANSWERED]


async def test_a_waiting_reader_is_woken_by_each_event(caller: Caller) -> None:
    reader = asyncio.create_task(caller.read())
    for event in (Started(), Token(text="a"), ANSWERED):
        await asyncio.sleep(0)
        feed(caller, event)
    assert await reader == [Started(), Token(text="a"), ANSWERED]


async def test_what_comes_after_the_end_is_ignored(caller: Caller) -> None:
    feed(caller, ANSWERED, Token(text="late"), Failed(code="cancelled", message="late"))
    assert await caller.read() == [ANSWERED]


async def test_cancelling_twice_is_cancelling_once(caller: Caller) -> None:
    caller.ticket.cancel()
    caller.ticket.cancel()
    assert caller.cancels == 1
    with pytest.raises(JobCancelled):
        await caller.read()


async def test_cancelling_after_the_end_does_nothing(caller: Caller) -> None:
    feed(caller, ANSWERED)
    caller.ticket.cancel()
    assert caller.cancels == 0
    assert await caller.ticket.result() == ANSWERED


async def test_leaving_early_cancels(caller: Caller) -> None:
    feed(caller, Started(), Token(text="a"))
    async with aclosing(aiter(caller.ticket)) as events:
        async for _ in events:
            break
    assert caller.cancels == 1


async def test_a_cancelled_reader_cancels_the_job(caller: Caller) -> None:
    reader = asyncio.create_task(caller.ticket.result())
    await asyncio.sleep(0)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert caller.cancels == 1
