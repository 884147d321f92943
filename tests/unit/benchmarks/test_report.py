"""The page of numbers, and the measures behind it."""

from __future__ import annotations

import asyncio
import time

import pytest

from benchmarks.crowd import most_within
from benchmarks.lag import TICK_S, Probe, percentile
from benchmarks.report import Row, table, with_section

PAGE = "# Page\n\nHead.\n\n### One\n\nold\n\n### Two\n\nkept\n"


def test_a_section_takes_the_place_of_the_one_with_its_title_and_touches_no_other() -> None:
    assert with_section(PAGE, "### One\n\nnew\n") == PAGE.replace("old", "new")


def test_a_new_section_comes_last() -> None:
    page = with_section(PAGE, table("Three", [Row("size", 2.0, "MiB", "≤ 3")], "A remark."))
    assert page.startswith(PAGE)
    assert page.endswith(
        "\n\n### Three\n\nA remark.\n\n| what | value | goal |\n|---|--:|---|\n| size | 2 MiB | ≤ 3 |\n"
    )


def test_the_first_section_stands_below_the_head() -> None:
    assert with_section("# Page\n", "### One\n") == "# Page\n\n### One\n"


def test_the_busiest_second_may_lie_anywhere() -> None:
    assert most_within([0.0, 0.9, 1.1, 1.8, 5.0], 1.0) == 3
    assert most_within([], 1.0) == 0


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([5.0, 1.0, 3.0, 2.0, 4.0], 0.5) == 3.0
    assert percentile([1.0, 2.0], 0.99) == 2.0


async def test_a_loop_that_is_held_up_is_late_for_every_tick_of_that_time() -> None:
    probe = Probe()
    await asyncio.sleep(0)
    time.sleep(20 * TICK_S)  # noqa: ASYNC251 - what a loop must not do
    await asyncio.sleep(0.001)
    late = probe.stop()
    assert len(late) >= 19
    assert max(late) == pytest.approx(19 * TICK_S, rel=0.5)
    assert percentile(late, 0.5) > 5 * TICK_S
    assert max(probe.busy_s) < 10 * TICK_S  # who only waits uses no processor


async def test_a_loop_that_works_is_seen_to_use_the_processor() -> None:
    probe = Probe()
    await asyncio.sleep(0)
    until = time.thread_time() + 10 * TICK_S
    while time.thread_time() < until:
        pass
    await asyncio.sleep(0.001)
    probe.stop()
    assert max(probe.busy_s) >= 10 * TICK_S
