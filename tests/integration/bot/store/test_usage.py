"""What people use up, on both databases: reservations, their costs, and the last free place."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.store import Ceiling, Overdrawn, RecordRefused, Store, UsageRow
from tests.integration.bot.store.making import one_more

HOUR, DAY = 3600.0, 86_400.0
TWO_AN_HOUR = [Ceiling("asks", HOUR, 2)]


async def used(store: Store, author: str = "u1") -> list[tuple[str, str, float]]:
    rows = await store.usage("web", "club", author, store._clock() - timedelta(days=2))
    return [(row.request, row.measure, row.gpu_seconds) for row in rows]


async def test_what_fits_is_reserved_and_what_does_not_leaves_no_trace(store: Store, clock) -> None:
    start = clock.now
    assert await store.reserve(one_more(1), TWO_AN_HOUR) is None
    clock.advance(60)
    assert await store.reserve(one_more(2), TWO_AN_HOUR) is None
    clock.advance(60)
    over = await store.reserve(one_more(3), TWO_AN_HOUR)
    assert over == Overdrawn(TWO_AN_HOUR[0], 2, start + timedelta(seconds=HOUR))
    assert await store.usage("web", "club", "u1", start) == [
        UsageRow("r1", "asks", start, 0.0),
        UsageRow("r2", "asks", start + timedelta(seconds=60), 0.0),
    ]


async def test_at_the_promised_time_one_more_fits(store: Store, clock) -> None:
    for number in (1, 2):
        await store.reserve(one_more(number), TWO_AN_HOUR)
        clock.advance(60)
    over = await store.reserve(one_more(3), TWO_AN_HOUR)
    assert over is not None
    assert over.frees_at is not None
    clock.now = over.frees_at - timedelta(microseconds=1)
    assert await store.reserve(one_more(3), TWO_AN_HOUR) is not None
    clock.now = over.frees_at
    assert await store.reserve(one_more(3), TWO_AN_HOUR) is None
    assert await store.reserve(one_more(4), TWO_AN_HOUR) is not None


async def test_without_ceilings_everything_is_reserved(store: Store) -> None:
    for number in range(5):
        assert await store.reserve(one_more(number), []) is None
    assert len(await used(store)) == 5


async def test_a_resumed_request_keeps_its_reservation_whatever_the_ceilings_are_now(store: Store, clock) -> None:
    await store.reserve(one_more(1), TWO_AN_HOUR)
    await store.charge("r1", "asks", 3.5)
    clock.advance(60)
    assert await store.reserve(one_more(1), [Ceiling("asks", HOUR, 0)]) is None
    assert await store.usage("web", "club", "u1", clock.now - timedelta(hours=1)) == [
        UsageRow("r1", "asks", clock.now - timedelta(seconds=60), 3.5)
    ]


async def test_a_question_that_turns_into_a_video_reserves_both(store: Store) -> None:
    ceilings = [Ceiling("videos", DAY, 1), Ceiling("asks", DAY, 1)]
    assert await store.reserve(one_more(1), ceilings) is None
    assert await store.reserve(one_more(1, measure="videos"), ceilings) is None
    assert sorted(await used(store)) == [("r1", "asks", 0.0), ("r1", "videos", 0.0)]
    over = await store.reserve(one_more(2, measure="videos"), ceilings)
    assert over is not None
    assert over.ceiling.measure == "videos"


async def test_people_places_and_platforms_have_their_own_usage(store: Store) -> None:
    one = [Ceiling("asks", HOUR, 1)]
    assert await store.reserve(one_more(1), one) is None
    assert await store.reserve(one_more(2, author="u2"), one) is None
    assert await store.reserve(one_more(3, community="other"), one) is None
    assert await store.reserve(one_more(4, platform="slack"), one) is None
    assert await store.reserve(one_more(5), one) is not None


async def test_of_several_ceilings_in_the_way_the_one_that_lasts_longest_is_told(store: Store, clock) -> None:
    hour, day = Ceiling("asks", HOUR, 1), Ceiling("asks", DAY, 1)
    await store.reserve(one_more(1), [])
    for ceilings in ([hour, day], [day, hour]):
        over = await store.reserve(one_more(2), ceilings)
        assert over is not None
        assert (over.ceiling, over.frees_at) == (day, clock.now + timedelta(seconds=DAY))
    never = Ceiling("gpu_seconds", HOUR, 0)
    over = await store.reserve(one_more(2), [day, never, hour])
    assert over is not None
    assert (over.ceiling, over.frees_at) == (never, None)


async def test_gpu_seconds_stop_the_next_one_only_once_they_are_used_up(store: Store, clock) -> None:
    ceiling = [Ceiling("gpu_seconds", HOUR, 100)]
    assert await store.reserve(one_more(1), ceiling) is None
    await store.charge("r1", "asks", 99.9)
    assert await store.reserve(one_more(2, measure="videos"), ceiling) is None
    await store.charge("r2", "videos", 500.0)
    clock.advance(10)
    over = await store.reserve(one_more(3), ceiling)
    assert over is not None
    assert over.used == pytest.approx(599.9)
    assert over.frees_at == clock.now + timedelta(seconds=HOUR - 10)


async def test_charging_sets_and_does_not_add_and_without_a_reservation_does_nothing(store: Store) -> None:
    await store.reserve(one_more(1), [])
    for seconds in (4.0, 7.5):
        await store.charge("r1", "asks", seconds)
    await store.charge("r1", "videos", 9.0)
    await store.charge("nobody", "asks", 9.0)
    assert await used(store) == [("r1", "asks", 7.5)]


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
async def test_an_impossible_charge_is_refused(store: Store, seconds: float) -> None:
    await store.reserve(one_more(1), [])
    with pytest.raises(RecordRefused):
        await store.charge("r1", "asks", seconds)
    assert await used(store) == [("r1", "asks", 0.0)]


async def test_a_release_gives_the_place_back(store: Store) -> None:
    one = [Ceiling("asks", HOUR, 1)]
    await store.reserve(one_more(1), one)
    await store.reserve(one_more(1, measure="videos"), [])
    await store.release("r1", "videos")
    assert await used(store) == [("r1", "asks", 0.0)]
    await store.reserve(one_more(1, measure="videos"), [])
    await store.release("r1")
    assert await used(store) == []
    assert await store.reserve(one_more(2), one) is None


async def test_of_many_at_once_exactly_as_many_as_are_free_get_a_place(store: Store, database_url: str, clock) -> None:
    """From two stores, as from two processes: nothing but the database stands between them."""
    other, three = Store(database_url, clock=clock), [Ceiling("asks", HOUR, 3)]
    tries = [place.reserve(one_more(n + 100 * i), three) for i, place in enumerate((store, other)) for n in range(10)]
    results = await asyncio.gather(*tries)
    await other.close()
    assert results.count(None) == 3
    assert len(await used(store)) == 3


async def test_the_last_free_place_goes_to_one_of_two_again_and_again(store: Store, database_url: str, clock) -> None:
    other, one = Store(database_url, clock=clock), [Ceiling("asks", HOUR, 1)]
    for round in range(15):
        author = f"author {round}"
        both = (
            place.reserve(one_more(n, request=f"{round}-{n}", author=author), one)
            for n, place in enumerate((store, other))
        )
        assert sorted(result is None for result in await asyncio.gather(*both)) == [False, True]
        assert len(await used(store, author)) == 1
    await other.close()


async def test_the_same_request_at_once_is_reserved_once(store: Store, database_url: str, clock) -> None:
    other = Store(database_url, clock=clock)
    results = await asyncio.gather(*(place.reserve(one_more(1), TWO_AN_HOUR) for place in (store, other) * 5))
    await other.close()
    assert results == [None] * 10
    assert len(await used(store)) == 1
