"""The limits that the bot keeps by itself, on a clock that only moves when it is waited for."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.discord.pacing import REQUESTS_PER_S, SPREAD, Haste, Pace, hold_back


class Clock:
    """Whoever sleeps is woken in order of time once everybody sleeps."""

    def __init__(self) -> None:
        self.time = 100.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.time + seconds, next(self._numbers), woken))
        await woken

    async def run(self, *tasks: asyncio.Task[Any]) -> None:
        while True:
            for _ in range(5):
                await asyncio.sleep(0)
            if all(task.done() for task in tasks):
                return
            self.time, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(clock.now, clock.sleep)


Edit = Callable[..., asyncio.Task[None]]


@pytest.fixture
def edits() -> list[tuple[float, str]]:
    """When which edit got its turn, in seconds since the start."""
    return []


@pytest.fixture
def edit(pace: Pace, clock: Clock, edits: list[tuple[float, str]]) -> Edit:
    def start(name: str, haste: Haste = Haste.NEWS, channel: int = 1) -> asyncio.Task[None]:
        async def turn() -> None:
            await pace.edit(channel, lambda: haste, 1.0)
            edits.append((round(clock.time - 100.0, 2), name))

        return asyncio.create_task(turn())

    return start


async def test_no_second_ever_sees_more_requests_than_the_bot_allows_itself(pace: Pace, clock: Clock) -> None:
    sent: list[float] = []

    async def ask() -> None:
        await pace.request()
        sent.append(clock.time)

    await clock.run(*(asyncio.create_task(ask()) for _ in range(3 * REQUESTS_PER_S)))
    assert sent[:REQUESTS_PER_S] == [100.0] * REQUESTS_PER_S
    assert all(later - earlier >= 1.0 for earlier, later in zip(sent, sent[REQUESTS_PER_S:], strict=False))
    assert sent[-1] == 102.0


async def test_every_request_of_the_client_is_held_to_that(pace: Pace, clock: Clock) -> None:
    sent: list[tuple[float, str]] = []

    async def request(route: str, *, reason: str = "") -> str:
        sent.append((clock.time, route))
        return f"{route} {reason}"

    http: Any = SimpleNamespace(request=request)
    hold_back(http, pace)
    tasks = [asyncio.create_task(http.request(f"{number}", reason="why")) for number in range(REQUESTS_PER_S + 1)]
    await clock.run(*tasks)
    assert [task.result() for task in tasks[-2:]] == [f"{REQUESTS_PER_S - 1} why", f"{REQUESTS_PER_S} why"]
    assert sent[-2:] == [(100.0, f"{REQUESTS_PER_S - 1}"), (101.0, f"{REQUESTS_PER_S}")]


async def test_the_messages_of_a_channel_change_one_after_the_other(
    edit: Edit, clock: Clock, edits: list[tuple[float, str]]
) -> None:
    await clock.run(*(edit(name) for name in "abc"))
    assert [name for _, name in edits] == ["a", "b", "c"]
    assert [at for at, _ in edits] == pytest.approx([0.0, SPREAD, 2 * SPREAD], abs=0.05)


async def test_channels_do_not_wait_for_each_other(edit: Edit, clock: Clock, edits: list[tuple[float, str]]) -> None:
    await clock.run(*(edit(str(channel), channel=channel) for channel in range(20)))
    assert {at for at, _ in edits} == {0.0}


async def test_what_is_complete_goes_first_and_the_queue_last(
    edit: Edit, clock: Clock, edits: list[tuple[float, str]]
) -> None:
    await clock.run(edit("first"), edit("queue", Haste.QUEUE), edit("news"), edit("more news"), edit("end", Haste.END))
    assert [name for _, name in edits] == ["first", "end", "news", "more news", "queue"]


async def test_the_queue_is_not_put_off_for_ever(edit: Edit, clock: Clock, edits: list[tuple[float, str]]) -> None:
    tasks = [edit("first"), edit("queue", Haste.QUEUE)]
    for number in range(8):
        tasks.append(edit(f"news {number}"))
        await clock.run(tasks[-2] if number else tasks[0])
    await clock.run(*tasks)
    assert [name for _, name in edits].index("queue") < 8


async def test_what_becomes_complete_while_it_waits_goes_first(
    pace: Pace, edit: Edit, clock: Clock, edits: list[tuple[float, str]]
) -> None:
    haste = Haste.QUEUE

    async def turn() -> None:
        await pace.edit(1, lambda: haste, 1.0)
        edits.append((clock.time, "it"))

    await clock.run(edit("first"))
    tasks = [edit("news"), asyncio.create_task(turn()), edit("more news")]
    await asyncio.sleep(0)
    haste = Haste.END
    await clock.run(*tasks)
    assert [name for _, name in edits] == ["first", "it", "news", "more news"]


async def test_who_gives_up_holds_nobody_up(edit: Edit, clock: Clock, edits: list[tuple[float, str]]) -> None:
    tasks = [edit("first"), edit("gone", Haste.END), edit("last")]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await clock.run(*tasks)
    assert [name for _, name in edits] == ["first", "last"]
    assert edits[-1][0] == pytest.approx(SPREAD, abs=0.05)


def test_typing_is_said_once_for_all_who_wait_in_a_channel(pace: Pace, clock: Clock) -> None:
    assert [pace.may_type(channel, 8.0) for channel in (1, 1, 2)] == [True, False, True]
    clock.time += 8.0
    assert pace.may_type(1, 8.0)


def test_quiet_channels_are_forgotten(pace: Pace, clock: Clock) -> None:
    for channel in range(5000):
        clock.time += 1.0
        assert pace.may_type(channel, 8.0)
    assert len(pace._channels) <= 1000
