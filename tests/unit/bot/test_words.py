"""Numbers in the words that people use."""

from __future__ import annotations

import pytest

from bot.words import clock, listing, shorten, size, span


@pytest.mark.parametrize(("seconds", "said"), [(7.4, "0:07"), (600, "10:00"), (3725, "1:02:05")])
def test_a_position_in_a_clip_reads_like_a_player_shows_it(seconds: float, said: str) -> None:
    assert clock(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "a second"), (4.2, "4 s"), (41, "40 s"), (200, "3 min"), (7200, "2.0 h")]
)
def test_a_wait_is_rounded_the_more_the_longer_it_is(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(("count", "said"), [(12, "12 bytes"), (14 << 20, "14 MB"), (3 * (1 << 29), "1.5 GB")])
def test_sizes_are_given_in_the_largest_unit_that_fits(count: int, said: str) -> None:
    assert size(count) == said


def test_a_listing_ends_with_and() -> None:
    assert listing(["a", "b", "c"]) == "a, b and c"


def test_shortening_keeps_one_line_within_the_limit() -> None:
    assert shorten("a  long\nline", 6) == "a lon…"
