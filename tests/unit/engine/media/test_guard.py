"""The guard: deadlines by a clock that the test turns, cancels, and what FFmpeg gets to see of either."""

from __future__ import annotations

import io

import pytest

from engine.errors import DecodeTimeout, JobCancelled
from engine.media._guard import Guard, GuardedFile
from engine.types import MediaLimits

LIMITS = MediaLimits(decode_timeout_s=10.0)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_operation_over_its_time_is_stopped() -> None:
    clock = Clock()
    guard = Guard(LIMITS, clock=clock)
    with guard.operation():
        clock.now += 9.9
        guard.tick()
        clock.now += 0.2
        with pytest.raises(DecodeTimeout, match="longer than 10 s"):
            guard.tick()


def test_each_operation_has_the_whole_budget_even_after_one_ran_out() -> None:
    clock = Clock()
    guard = Guard(LIMITS, clock=clock)
    with guard.operation():
        clock.now += 11
        with pytest.raises(DecodeTimeout):
            guard.tick()
    with guard.operation():
        clock.now += 9
        guard.tick()


def test_time_that_the_caller_spends_on_a_frame_is_not_charged() -> None:
    clock = Clock()
    guard = Guard(LIMITS, clock=clock)
    with guard.operation():
        clock.now += 6
        with guard.paused():
            clock.now += 1000
        guard.tick()
        clock.now += 5
        with pytest.raises(DecodeTimeout):
            guard.tick()


def test_time_that_other_jobs_spend_inside_a_checkpoint_is_not_charged() -> None:
    clock = Clock()

    def checkpoint() -> None:
        clock.now += 1000

    guard = Guard(LIMITS, checkpoint, clock)
    with guard.operation():
        clock.now += 9
        guard.tick()
        clock.now += 2
        with pytest.raises(DecodeTimeout):
            guard.tick()


def test_nested_operations_share_one_budget() -> None:
    clock = Clock()
    guard = Guard(LIMITS, clock=clock)
    with guard.operation():
        clock.now += 6
        with guard.operation():
            clock.now += 6
            with pytest.raises(DecodeTimeout):
                guard.tick()


def test_a_cancel_inside_a_read_looks_like_the_end_of_the_file_and_is_raised_afterwards() -> None:
    def checkpoint() -> None:
        raise JobCancelled("Cancelled.")

    guard = Guard(LIMITS, checkpoint)
    file = GuardedFile(io.BytesIO(b"frames"), guard)
    with guard.operation():
        assert file.read(4) == b""
        with pytest.raises(JobCancelled):
            guard.raise_failure()
    with guard.operation(), pytest.raises(JobCancelled):
        guard.raise_failure()


def test_an_impossible_seek_is_an_error_code_and_not_an_exception() -> None:
    guard = Guard(LIMITS)
    assert GuardedFile(io.BytesIO(b"frames"), guard).seek(-5) == -1
