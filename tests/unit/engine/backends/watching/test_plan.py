"""Which moments of a clip get a picture."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.watching.plan import close, moments, settle, shots_between, spread
from engine.backends.watching.span import Span

TEN = (Span(0.0, 10.0),)


def inside(times: list[float], span: Span) -> int:
    return sum(span.start_s <= time <= span.end_s for time in times)


def test_one_shot_gets_evenly_spread_moments() -> None:
    assert moments(10.0, TEN, 5) == pytest.approx([1, 3, 5, 7, 9])


def test_every_shot_gets_a_moment_and_long_ones_the_rest() -> None:
    shots = shots_between([1.0, 2.0, 9.0], 10.0)
    found = moments(10.0, shots, 8)
    assert [inside(found, shot) for shot in shots] == [1, 1, 5, 1]


def test_a_flash_is_no_shot() -> None:
    shots = shots_between([5.0, 5.1], 10.0)
    assert len(moments(10.0, shots, 2)) == 2
    assert inside(moments(10.0, shots, 2), Span(5.0, 5.1)) == 0


def test_of_too_many_shots_some_from_everywhere_are_seen_and_the_longest_fully() -> None:
    shots = shots_between([float(start) for start in range(60, 100, 2)], 100.0)
    found = moments(100.0, shots, 8)
    assert inside(found, Span(0.0, 60.0)) >= 2
    assert inside(found, Span(60.0, 80.0)) >= 2
    assert inside(found, Span(80.0, 100.0)) >= 2


def test_a_named_part_gets_most_moments_and_the_rest_a_few() -> None:
    part = Span(79.0, 82.0)
    found = moments(600.0, (Span(0.0, 600.0),), 8, part)
    assert inside(found, part) == 6
    assert len(found) == 8


def test_a_part_shorter_than_a_moment_gives_its_moments_to_the_rest() -> None:
    assert close(Span(9.7, 9.9), 8) == 2
    assert len(moments(10.0, TEN, 8, Span(9.7, 9.9))) == 8


def test_shots_within_a_named_part_are_followed() -> None:
    shots = shots_between([50.0, 52.0], 100.0)
    found = moments(100.0, shots, 4, Span(40.0, 60.0))
    assert inside(found, Span(50.0, 52.0)) == 1


def test_moments_move_to_cheap_ones_but_not_onto_each_other() -> None:
    assert settle([10.0, 30.0, 50.0], [1.0, 12.0, 33.0, 34.0]) == [12.0, 33.0, 50.0]


def test_in_a_short_named_part_nothing_moves() -> None:
    assert settle([10.0, 30.0], [12.0, 33.0], Span(29.0, 31.0)) == [12.0, 30.0]


_SPANS = st.lists(st.floats(0.01, 40.0), min_size=1, max_size=30)


@given(lengths=_SPANS, count=st.integers(1, 40), edges=st.tuples(st.floats(0, 1), st.floats(0, 1)), named=st.booleans())
def test_there_are_as_many_moments_as_asked_for_ascending_and_within(
    lengths: list[float], count: int, edges: tuple[float, float], named: bool
) -> None:
    starts = [sum(lengths[:index]) for index in range(1, len(lengths))]
    end_s = sum(lengths)
    part = Span(min(edges) * end_s, max(edges) * end_s) if named else None
    found = moments(end_s, shots_between(starts, end_s), count, part)
    assert len(found) == count
    assert all(0 <= time <= end_s + 1e-9 for time in found)
    assert all(one <= other + 1e-9 for one, other in pairwise(found))


@given(lengths=_SPANS, count=st.integers(1, 40))
def test_every_stretch_is_seen_while_moments_last(lengths: list[float], count: int) -> None:
    stretches = shots_between([sum(lengths[:index]) for index in range(1, len(lengths))], sum(lengths))
    found = spread(stretches, count)
    seen = sum(any(stretch.start_s < time < stretch.end_s for time in found) for stretch in stretches)
    assert seen == len(stretches) if len(stretches) <= count else seen >= count - count // 4 - 1
