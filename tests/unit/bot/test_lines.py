"""Lines in batches: in order, with their numbers, and none kept waiting for the next."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from bot.cli.lines import Lines


def test_batches_keep_the_order_and_the_numbers_of_lines_and_leave_empty_ones_out() -> None:
    lines = Lines(["a\n", "\n", "b\n", "c"])
    found = []
    while batch := lines.some(2):
        assert len(batch) <= 2
        found += batch
    assert found == [(1, "a\n"), (3, "b\n"), (4, "c")]


def test_a_line_that_is_there_does_not_wait_for_the_next_one() -> None:
    more = threading.Event()

    def slowly() -> Iterator[str]:
        yield "first"
        more.wait(10)
        yield "second"

    lines = Lines(slowly())
    assert lines.some(64) == [(1, "first")]
    more.set()
    assert lines.some(64) == [(2, "second")]
    assert lines.some(64) == []


def test_what_cannot_be_read_is_raised_to_who_asks() -> None:
    def broken() -> Iterator[str]:
        yield "first"
        raise OSError("the disk is gone")

    lines = Lines(broken())
    assert lines.some(1) == [(1, "first")]
    with pytest.raises(OSError, match="disk is gone"):
        lines.some(1)
