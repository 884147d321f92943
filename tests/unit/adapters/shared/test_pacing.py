"""Turns in a channel, on a clock that only moves when it is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from adapters.shared.pacing import Haste, Turns
from tests.fakes.clock import Clock

SPREAD = 1.05


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def turns(clock: Clock) -> Turns:
    return Turns(clock.now, clock.sleep, spread=SPREAD)


Edit = Callable[..., asyncio.Task[None]]


@pytest.fixture
def edits() -> list[tuple[float, str]]:
    """When which edit got its turn, in seconds since the start."""
    return []


@pytest.fixture
def edit(turns: Turns, clock: Clock, edits: list[tuple[float, str]]) -> Edit:
    def start(name: str, haste: Haste = Haste.NEWS, channel: int = 1) -> asyncio.Task[None]:
        async def turn() -> None:
            await turns.edit(channel, lambda: haste, 1.0)
            edits.append((round(clock.time - 100.0, 2), name))

        return asyncio.create_task(turn())

    return start


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
    turns: Turns, edit: Edit, clock: Clock, edits: list[tuple[float, str]]
) -> None:
    haste = Haste.QUEUE

    async def turn() -> None:
        await turns.edit(1, lambda: haste, 1.0)
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


def test_typing_is_said_once_for_all_who_wait_in_a_channel(turns: Turns, clock: Clock) -> None:
    assert [turns.may_type(channel, 8.0) for channel in (1, 1, 2)] == [True, False, True]
    clock.time += 8.0
    assert turns.may_type(1, 8.0)


def test_quiet_channels_are_forgotten(turns: Turns, clock: Clock) -> None:
    for channel in range(5000):
        clock.time += 1.0
        assert turns.may_type(channel, 8.0)
    assert len(turns._channels) <= 1000
