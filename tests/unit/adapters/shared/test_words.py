"""Numbers and small lines are written as people write them."""

from __future__ import annotations

import pytest

from adapters.base import Bar, QueueSpot
from adapters.shared.words import (
    bar_line,
    clock,
    count,
    duration,
    file_name,
    listing,
    ordinal,
    queue_line,
    shorten,
    size,
)


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "about 1 s"), (40.4, "about 40 s"), (150, "about 2 min")])
def test_a_time_left_is_rounded(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd"), (113, "113th")]
)
def test_positions_are_counted_as_people_do(number: int, said: str) -> None:
    assert ordinal(number) == said


def test_the_queue_line_names_a_time_only_when_one_was_measured() -> None:
    assert queue_line(QueueSpot(2, 40)) == "2nd in line · about 40 s"
    assert queue_line(QueueSpot(1)) == "Next in line"


def test_a_made_video_is_named_after_its_prompt() -> None:
    assert file_name("A red ball, bouncing!") == "a-red-ball-bouncing.mp4"
    assert file_name("../../etc", 1) == "etc-2.mp4"
    assert file_name("赤いボール") == "video.mp4"


def test_words_are_listed_as_people_list_them() -> None:
    assert [listing([]), listing(["a"]), listing(["a", "b"]), listing(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


@pytest.mark.parametrize(
    ("number", "shown"), [(1, "1 kB"), (900_000, "900 kB"), (999_600, "1 MB"), (14_000_000, "14 MB")]
)
def test_sizes_have_the_unit_that_fits(number: int, shown: str) -> None:
    assert size(number) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (7.9, "0:07"), (67, "1:07"), (3723, "1:02:03")])
def test_times_in_a_clip_are_minutes_and_seconds(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_the_bar_fills_with_the_steps() -> None:
    assert bar_line(Bar(12, 30, eta_s=25)) == "▰▰▰▰▱▱▱▱▱▱  12/30 · about 25 s left"
    assert bar_line(Bar(0, 0)) == "▱▱▱▱▱▱▱▱▱▱  0/0"
    assert bar_line(Bar(9, 3)).startswith("▰" * 10)


def test_a_bar_says_what_its_numbers_count() -> None:
    assert bar_line(Bar(1, 2), "second half") == "▰▰▰▰▰▱▱▱▱▱  second half 1/2"


def test_one_is_not_several() -> None:
    assert [count(1, "video", "videos"), count(0, "video", "videos")] == ["1 video", "0 videos"]


def test_what_is_cut_says_so() -> None:
    assert shorten("a red ball\n bouncing", 9) == "a red ba…"
    assert shorten("a red\nball", 10) == "a red ball"
