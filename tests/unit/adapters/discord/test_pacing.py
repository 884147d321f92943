"""The limits of Discord that the bot keeps by itself, on a clock that only moves when it is waited for."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.discord.pacing import REQUESTS_PER_S, SPREAD, Pace, hold_back
from adapters.shared.pacing import Haste
from tests.fakes.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(clock.now, clock.sleep)


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


async def test_a_channel_changes_a_little_less_often_than_discord_says(pace: Pace, clock: Clock) -> None:
    turned: list[float] = []

    async def turn() -> None:
        await pace.edit(1, lambda: Haste.NEWS, 1.0)
        turned.append(clock.time)

    await clock.run(*(asyncio.create_task(turn()) for _ in range(6)))
    assert turned[5] - turned[0] > 5.0
    assert turned[1] - turned[0] == pytest.approx(SPREAD, abs=0.05)


async def test_a_request_after_the_goodbye_is_one_that_did_not_get_through(pace: Pace, clock: Clock) -> None:
    async def closed() -> None:
        raise RuntimeError("Session is closed")

    async def broken() -> None:
        raise RuntimeError("something else")

    for request, error in ((closed, ConnectionError), (broken, RuntimeError)):
        http: Any = SimpleNamespace(request=request)
        hold_back(http, pace)
        with pytest.raises(error):
            await http.request()
