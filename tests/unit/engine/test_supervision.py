"""Restart policy and watchdog, on a clock that the tests turn."""

from __future__ import annotations

import mmap
import os
import tempfile

import pytest

from engine.executors.inference_process import shared_memory
from engine.executors.restarts import RestartPolicy
from engine.executors.watchdog import Heart, Pulse, Watchdog, open_page, read_pulse


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def policy(clock: Clock) -> RestartPolicy:
    return RestartPolicy(clock, limit=3, window_s=600, cooldown_s=60)


def test_the_first_restart_is_immediate_and_the_next_ones_back_off(policy: RestartPolicy) -> None:
    assert [policy.died() for _ in range(3)] == [0.0, 0.25, 0.5]
    assert not policy.open


def test_too_many_deaths_open_the_breaker_until_a_probe_succeeds(policy: RestartPolicy) -> None:
    delays = [policy.died() for _ in range(4)]
    assert policy.open
    assert delays[-1] == 60
    policy.ready()
    assert not policy.open


def test_each_failed_probe_doubles_the_cool_down(policy: RestartPolicy) -> None:
    assert [policy.died() for _ in range(6)][3:] == [60, 120, 240]


def test_deaths_long_ago_are_forgotten(policy: RestartPolicy, clock: Clock) -> None:
    for _ in range(20):
        assert policy.died() == 0.0
        clock.now += 601
    assert not policy.open


def test_processes_share_a_page_where_no_folder_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: pytest.fail("there is no folder for that"))
    with shared_memory() as file:
        file.truncate(mmap.PAGESIZE)
        Heart(open_page(file.fileno())).beat("step")
        assert read_pulse(open_page(file.fileno())).beats == 1


def test_processes_share_a_page_where_memory_files_are_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "memfd_create", forbidden, raising=False)
    with shared_memory() as file:
        file.truncate(mmap.PAGESIZE)
        Heart(open_page(file.fileno())).beat("step")
        assert read_pulse(open_page(file.fileno())).beats == 1


@pytest.fixture
def page() -> mmap.mmap:
    return mmap.mmap(-1, mmap.PAGESIZE)


def test_the_pulse_counts_beats_and_averages_the_steps_of_a_phase(page: mmap.mmap, clock: Clock) -> None:
    heart = Heart(page, clock)
    for _ in range(3):
        heart.beat("generate")
        clock.now += 2
    assert read_pulse(page) == Pulse(beats=3, step_s=2.0)
    heart.beat("moderate")  # the time since the last step of another phase is nobody's step
    assert read_pulse(page) == Pulse(beats=4, step_s=0.0)


def test_an_announced_silence_is_told_and_says_nothing_about_steps(page: mmap.mmap, clock: Clock) -> None:
    heart = Heart(page, clock)
    heart.beat("load", 120.0)
    assert read_pulse(page) == Pulse(beats=1, step_s=0.0, silence_s=120.0)
    clock.now += 100
    heart.beat("load")
    assert read_pulse(page) == Pulse(beats=2, step_s=0.0, silence_s=0.0)


def test_an_announced_silence_is_granted_on_top(clock: Clock) -> None:
    watchdog = Watchdog(clock)
    pulse = Pulse(beats=1, step_s=0.1, silence_s=100.0)
    watchdog.silent_s(pulse, 60)
    clock.now += 160
    assert watchdog.silent_s(pulse, 60) is None
    clock.now += 1
    assert watchdog.silent_s(pulse, 60) == 161


def test_silence_is_a_hang_only_beyond_the_floor(clock: Clock) -> None:
    watchdog = Watchdog(clock)
    pulse = Pulse(beats=1, step_s=0.1)
    assert watchdog.silent_s(pulse, 60) is None
    clock.now += 60
    assert watchdog.silent_s(pulse, 60) is None
    clock.now += 1
    assert watchdog.silent_s(pulse, 60) == 61


def test_slow_steps_are_given_ten_times_their_average(clock: Clock) -> None:
    watchdog = Watchdog(clock)
    pulse = Pulse(beats=1, step_s=20)
    watchdog.silent_s(pulse, 60)
    clock.now += 199
    assert watchdog.silent_s(pulse, 60) is None
    clock.now += 2
    assert watchdog.silent_s(pulse, 60) == 201


def test_beats_and_rest_start_the_silence_anew(clock: Clock) -> None:
    watchdog = Watchdog(clock)
    watchdog.silent_s(Pulse(1, 0.0), 60)
    clock.now += 61
    assert watchdog.silent_s(Pulse(2, 0.0), 60) is None
    clock.now += 61
    watchdog.rest()
    assert watchdog.silent_s(Pulse(2, 0.0), 60) is None
