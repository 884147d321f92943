"""Whoever waits is told where they stand when that is news, and not every tenth of a second."""

from __future__ import annotations

import pytest

from engine._entry import Entry
from engine._positions import PositionTeller
from engine.decoding import Payer
from engine.scheduler import CostModel
from engine.ticket import Ticket
from engine.types import Queued, Turn, Understand

PAYER = Payer(request="r", user="u", community="c")
QUESTION = Understand(turns=(Turn(role="user", text="?"),))


class Running(Entry):
    """A job that ends when the test says."""

    left = 0.0

    def left_s(self, costs: CostModel) -> float:
        return self.left


class Queue:
    """One job runs and others wait, each of them for 60 measured seconds."""

    def __init__(self, waiting: int) -> None:
        self.running = Running(0, QUESTION, "u", PAYER)
        self.waiting = [Entry(number, QUESTION, "u", PAYER) for number in range(1, waiting + 1)]
        for entry in self.waiting:
            entry.ticket = Ticket("r", lambda: None)
        costs = CostModel()
        costs.learn(self.running.key, 60.0)
        self.teller = PositionTeller(lambda: iter(self.waiting), lambda: [self.running], costs, 0.0)

    async def told(self, left_s: float) -> list[Queued | None]:
        """What everybody is told now, while the running job has that long to go."""
        before = [entry.told for entry in self.waiting]
        self.running.left = left_s
        await self.teller.tell()
        after = [entry.told for entry in self.waiting]
        return [new if new is not old else None for old, new in zip(before, after, strict=True)]


async def test_a_forecast_that_just_counts_down_is_no_news() -> None:
    queue = Queue(waiting=2)
    assert await queue.told(60.0) == [Queued(position=1, eta_s=60.0), Queued(position=2, eta_s=120.0)]
    assert await queue.told(59.0) == [None, None]
    assert await queue.told(54.1) == [None, None]
    assert await queue.told(54.0) == [Queued(position=1, eta_s=54.0), None]
    assert await queue.told(48.0) == [Queued(position=1, eta_s=48.0), Queued(position=2, eta_s=108.0)]


async def test_near_the_end_two_seconds_are_news_and_one_is_not() -> None:
    queue = Queue(waiting=1)
    assert await queue.told(5.0) == [Queued(position=1, eta_s=5.0)]
    assert await queue.told(4.0) == [None]
    assert await queue.told(3.0) == [Queued(position=1, eta_s=3.0)]


async def test_a_job_that_takes_longer_than_expected_is_news_too() -> None:
    queue = Queue(waiting=1)
    await queue.told(20.0)
    assert await queue.told(25.0) == [Queued(position=1, eta_s=25.0)]


async def test_another_place_in_the_queue_is_told_at_once() -> None:
    queue = Queue(waiting=2)
    await queue.told(60.0)
    del queue.waiting[0]
    assert await queue.told(60.0) == [Queued(position=1, eta_s=60.0)]


@pytest.mark.parametrize("known_first", [True, False])
async def test_a_forecast_that_comes_up_or_falls_away_is_news(known_first: bool) -> None:
    queue = Queue(waiting=1)
    keys = [queue.running.key, ("generate model", "never measured")]
    told = []
    for key in keys if known_first else reversed(keys):
        queue.running.key = key
        told += await queue.told(60.0)
    assert [each.eta_s for each in told if each is not None] == ([60.0, None] if known_first else [None, 60.0])
