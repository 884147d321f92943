"""Whether one more fits under a ceiling, and when it will: a pure function over what was reserved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store import Ceiling, UsageRow
from bot.store.usage import overdrawn

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = 3600.0


def ago(seconds: float, measure: str = "asks", cost: float = 0.0) -> UsageRow:
    return UsageRow("r", measure, NOW - timedelta(seconds=seconds), cost)


def test_as_many_fit_as_the_ceiling_says() -> None:
    ceiling = Ceiling("asks", HOUR, 3)
    assert overdrawn(ceiling, [ago(30), ago(20)], NOW) is None
    found = overdrawn(ceiling, [ago(30), ago(20), ago(10)], NOW)
    assert found is not None
    assert (found.ceiling, found.used) == (ceiling, 3)


def test_one_more_fits_when_the_oldest_that_is_too_much_leaves_the_window() -> None:
    rows = [ago(300), ago(200), ago(100)]
    for amount, oldest in ((3, 300), (2, 200), (1, 100)):
        found = overdrawn(Ceiling("asks", HOUR, amount), rows, NOW)
        assert found is not None
        assert found.frees_at == NOW + timedelta(seconds=HOUR - oldest)


def test_a_reservation_counts_until_the_very_moment_at_which_it_is_as_old_as_the_window() -> None:
    ceiling = Ceiling("asks", HOUR, 1)
    assert overdrawn(ceiling, [ago(HOUR)], NOW) is None
    assert overdrawn(ceiling, [ago(HOUR - 0.001)], NOW) is not None


def test_a_ceiling_of_nothing_never_frees_and_one_under_one_neither() -> None:
    for amount in (0, 0.5):
        found = overdrawn(Ceiling("asks", HOUR, amount), [], NOW)
        assert found is not None
        assert (found.used, found.frees_at) == (0, None)
    found = overdrawn(Ceiling("gpu_seconds", HOUR, 0), [], NOW)
    assert found is not None
    assert found.frees_at is None


def test_other_measures_do_not_count_except_towards_gpu_seconds() -> None:
    rows = [ago(20, "videos", 50.0), ago(10, "asks", 10.0)]
    assert overdrawn(Ceiling("videos", HOUR, 2), rows, NOW) is None
    assert overdrawn(Ceiling("gpu_seconds", HOUR, 60.5), rows, NOW) is None
    found = overdrawn(Ceiling("gpu_seconds", HOUR, 60), rows, NOW)
    assert found is not None
    assert (found.used, found.frees_at) == (60, NOW + timedelta(seconds=HOUR - 20))


def test_gpu_seconds_free_when_less_than_the_ceiling_is_left_in_the_window() -> None:
    rows = [ago(300, cost=5), ago(200, cost=100), ago(100, cost=20)]
    found = overdrawn(Ceiling("gpu_seconds", HOUR, 20), rows, NOW)
    assert found is not None
    assert found.frees_at == NOW + timedelta(seconds=HOUR - 100)
    found = overdrawn(Ceiling("gpu_seconds", HOUR, 121), rows, NOW)
    assert found is not None
    assert found.frees_at == NOW + timedelta(seconds=HOUR - 300)


def test_a_reservation_from_a_clock_that_is_ahead_counts() -> None:
    assert overdrawn(Ceiling("asks", HOUR, 1), [ago(-30)], NOW) is not None


@given(
    rows=st.lists(st.tuples(st.floats(0, 2 * HOUR), st.sampled_from(["asks", "videos"]), st.floats(0, 100))),
    measure=st.sampled_from(["asks", "videos", "gpu_seconds"]),
    amount=st.floats(0, 200),
)
def test_at_the_moment_that_is_promised_one_more_fits_and_just_before_it_does_not(
    rows: list[tuple[float, str, float]], measure: str, amount: float
) -> None:
    stored = sorted((ago(*row) for row in rows), key=lambda row: row.at)
    ceiling = Ceiling(measure, HOUR, amount)
    found = overdrawn(ceiling, stored, NOW)
    if found is None:
        return
    if found.frees_at is None:
        assert overdrawn(ceiling, [], NOW) is not None
        return
    assert found.frees_at > NOW
    assert overdrawn(ceiling, stored, found.frees_at) is None
    assert overdrawn(ceiling, stored, found.frees_at - timedelta(microseconds=1)) is not None


@pytest.mark.parametrize("measure", ["asks", "videos", "gpu_seconds"])
def test_nothing_used_fits_under_any_ceiling_of_one(measure: str) -> None:
    assert overdrawn(Ceiling(measure, HOUR, 1), [], NOW) is None
