"""A clock that jumps with retention on: nothing is deleted on its word, and that is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.retention import Retention
from bot.timekeeping import CONFIRM, Timekeeping, doubt, trust
from tests.fakes.house import ROOM, House


class Clocks:
    """The clock of the day, which somebody may set, and the steady one, which nobody can."""

    def __init__(self) -> None:
        self.wrong = timedelta(0)
        self.passed = timedelta(0)
        self.start = datetime.now(UTC)

    def day(self) -> datetime:
        return self.start + self.passed + self.wrong

    def steady(self) -> float:
        return self.passed.total_seconds()


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


def cleaner(house: House, clocks: Clocks) -> tuple[Retention, Timekeeping]:
    """As a start makes them."""
    timekeeping = Timekeeping(house.store, steady=clocks.steady)
    tidy = Retention(
        house.store, house.assistant.keeping, house.access, ["test"], timekeeping=timekeeping, clock=clocks.day
    )
    return tidy, timekeeping


@pytest.fixture
async def kept(house: House) -> House:
    """A house with one answer, which is kept for 30 days."""
    await house.store.set_setting("test", "guild", "retention_days", 30, by="root")
    await (await house.ask("What happens?")).end()
    await house.assistant.drain(1)
    return house


async def left(house: House) -> int:
    return len(await house.assistant.history(ROOM))


async def test_a_clock_that_jumps_ahead_while_the_bot_runs_deletes_nothing_and_says_so(
    kept: House, clocks: Clocks, caplog: pytest.LogCaptureFixture
) -> None:
    tidy, timekeeping = cleaner(kept, clocks)
    assert await tidy.clean() == 0
    clocks.wrong = timedelta(days=40)
    assert await tidy.clean() == 0
    assert await left(kept) == 1
    assert "40 days ahead" in timekeeping.why
    assert CONFIRM in caplog.text
    clocks.wrong = timedelta(0)
    assert await tidy.clean() == 0
    assert timekeeping.why == ""


async def test_a_clock_that_is_ahead_at_the_next_start_deletes_nothing_until_somebody_says_that_it_is_right(
    kept: House, clocks: Clocks
) -> None:
    await cleaner(kept, clocks)[0].clean()
    clocks.wrong = timedelta(days=40)
    tidy, timekeeping = cleaner(kept, clocks)
    assert await tidy.clean() == 0
    assert "40 days ahead" in timekeeping.why == await doubt(kept.store, clocks.day())
    await trust(kept.store, clocks.day())
    clocks.passed += timedelta(hours=1)
    assert await tidy.clean() == 1
    assert await left(kept) == 0


async def test_a_jump_never_becomes_the_last_known_time_by_itself(kept: House, clocks: Clocks) -> None:
    await cleaner(kept, clocks)[0].clean()
    clocks.wrong = timedelta(days=40)
    for _ in range(5):  # restarts do not help either
        tidy, _ = cleaner(kept, clocks)
        for _ in range(5):
            clocks.passed += timedelta(hours=1)
            assert await tidy.clean() == 0
    assert await left(kept) == 1


async def test_time_that_really_passes_deletes_what_is_old_however_seldom_it_is_looked_at(
    kept: House, clocks: Clocks
) -> None:
    tidy, timekeeping = cleaner(kept, clocks)
    await tidy.clean()
    clocks.passed += timedelta(days=31)  # a machine that slept, too: the steady clock counts that
    assert await tidy.clean() == 1
    assert timekeeping.why == ""


async def test_many_small_steps_of_a_clock_that_is_set_right_are_no_jump(kept: House, clocks: Clocks) -> None:
    tidy, timekeeping = cleaner(kept, clocks)
    for _ in range(20):
        clocks.wrong += timedelta(minutes=30)
        await tidy.clean()
        assert timekeeping.why == ""


async def test_a_clock_that_jumps_back_is_said_and_deletes_nothing(kept: House, clocks: Clocks) -> None:
    tidy, timekeeping = cleaner(kept, clocks)
    await tidy.clean()
    clocks.wrong = timedelta(days=-3)
    assert await tidy.clean() == 0
    assert "3 days behind" in timekeeping.why
    clocks.wrong = timedelta(0)
    await tidy.clean()
    assert timekeeping.why == ""


async def test_while_the_clock_is_doubted_no_record_goes_either(kept: House, clocks: Clocks) -> None:
    await cleaner(kept, clocks)[0].clean()
    clocks.wrong = timedelta(days=400)
    tidy, _ = cleaner(kept, clocks)
    await tidy.clean()
    again = await kept.ask("What happens?", event="event-1")  # known from before, so it is no new request
    assert again.views == []


async def test_a_bot_that_rested_for_weeks_trusts_its_clock_once_a_platforms_clock_agrees(
    kept: House, clocks: Clocks
) -> None:
    await cleaner(kept, clocks)[0].clean()
    clocks.passed += timedelta(days=31)
    tidy, timekeeping = cleaner(kept, clocks)
    assert await tidy.clean() == 0
    timekeeping.witness(clocks.day() - timedelta(minutes=2))
    clocks.passed += timedelta(hours=1)
    assert await tidy.clean() == 1
    assert timekeeping.why == ""


async def test_a_platforms_clock_does_not_vouch_for_one_that_is_ahead_of_it(kept: House, clocks: Clocks) -> None:
    await cleaner(kept, clocks)[0].clean()
    clocks.wrong = timedelta(days=40)
    tidy, timekeeping = cleaner(kept, clocks)
    timekeeping.witness(clocks.day() - clocks.wrong)
    assert await tidy.clean() == 0
    assert "40 days ahead" in timekeeping.why


async def test_what_people_post_is_such_a_witness(kept: House) -> None:
    seen: list[datetime] = []
    kept.assistant._witness = seen.append
    now = datetime.now(UTC)
    await kept.ask("And now?", posted_at=now)
    assert seen == [now]
