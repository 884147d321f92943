"""Growing pauses, and how long a task waits for a database."""

from __future__ import annotations

import asyncio
from itertools import islice

import pytest

from bot.pauses import Pauses
from bot.store import Patience, RecordRefused, StoreClosed, StoreError, StoreUnavailable
from bot.store.database import SQLITE_BUSY_MS


def test_pauses_double_up_to_the_longest_and_never_end() -> None:
    assert list(islice(Pauses(5, 300), 9)) == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_a_bounded_wait_ends_before_it_is_over() -> None:
    assert list(Pauses(1, 8).within(20)) == [1, 2, 4, 8]
    assert list(Pauses(1, 8).within(0.5)) == []


class Flaky:
    def __init__(self, *errors: StoreError) -> None:
        self.errors = list(errors)

    async def call(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "through"


async def test_a_patient_call_gets_through_and_tells_once_that_it_waits_and_that_it_is_over() -> None:
    heard: list[str] = []

    async def away(error: StoreError) -> None:
        heard.append(str(error))

    async def back() -> None:
        heard.append("back")

    flaky = Flaky(StoreUnavailable("down"), StoreUnavailable("still down"))
    assert await Patience(Pauses(0, 0), away=away, back=back).see_through(flaky.call) == "through"
    assert heard == ["down", "back"]
    assert await Patience(Pauses(0, 0), away=away, back=back).see_through(flaky.call) == "through"
    assert heard == ["down", "back"]


@pytest.mark.parametrize("error", [RecordRefused("a bug"), StoreClosed("stopping")])
async def test_what_will_not_pass_is_raised_at_once(error: StoreError) -> None:
    with pytest.raises(type(error)):
        await Patience(Pauses(0, 0)).see_through(Flaky(error).call)


async def test_what_outlasts_the_pauses_is_raised() -> None:
    flaky = Flaky(*(StoreUnavailable("down") for _ in range(9)))
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(Patience([0, 0]).see_through(flaky.call), 5)
    assert len(flaky.errors) == 6


def test_a_file_that_a_backup_locks_for_twenty_seconds_is_waited_for() -> None:
    assert SQLITE_BUSY_MS > 20_000
