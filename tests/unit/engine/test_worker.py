"""The inference side, driven by hand: reports go into a list."""

from __future__ import annotations

import errno
import gc
import logging
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import EngineError, GuardUnavailable, JobFailed, from_event
from engine.executors.wire import Cancel, Happened, Loaded, Report, Stop, Submit
from engine.executors.worker import Worker
from engine.scheduler import class_of
from engine.types import (
    Answered,
    Coverage,
    Event,
    Failed,
    Generate,
    Job,
    Moderate,
    Progress,
    Rendered,
    Result,
    Scored,
    Started,
    Turn,
    Understand,
)

QUESTION = Understand(turns=(Turn(role="user", text="a secret"),))
ANSWERED = Answered(model="m", seconds=0.0)


Script = Callable[[Job, Callable[[Event], None], Callable[[], None]], Result]


class ScriptedRuntime:
    """Runs a function for each job; `relieve` says whether there is a thriftier way."""

    def __init__(self, script: Script, relieve: Callable[[Job], bool]) -> None:
        self.run = script
        self.relieve = relieve

    def load(self, loading: Callable[[int], None]) -> Loaded:
        loading(100 << 20)
        return Loaded()


def serve(
    script: Script,
    *jobs: Job,
    also: Callable[[Worker], None] = lambda worker: None,
    relieve: Callable[[Job], bool] = lambda job: False,
    beat: Callable[[str, float], None] = lambda phase, silence_s: None,
    leave: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
    wait_for: range = range(0),
) -> list[Happened]:
    """Run all jobs to their ends, and those that are delivered meanwhile (`wait_for`); they are numbered from 1."""
    reports: list[Report] = []
    open_runs = {*range(1, len(jobs) + 1), *wait_for}

    def send(report: Report) -> None:
        reports.append(report)
        if isinstance(report, Happened) and isinstance(report.event, Result | Failed):
            open_runs.discard(report.number)
            if not open_runs:
                worker.deliver(Stop())

    worker = Worker(ScriptedRuntime(script, relieve), send, beat, leave, clock=clock)  # type: ignore[arg-type]
    for number, job in enumerate(jobs, start=1):
        worker.deliver(Submit(number=number, job=job, job_class=class_of(job), request=f"r{number}", attempt=1))
    also(worker)
    assert worker.serve()
    assert Loaded() in reports
    return [report for report in reports if isinstance(report, Happened)]


def test_progress_is_told_five_times_a_second_and_the_last_one_always() -> None:
    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        for step in range(1, 1000):
            emit(Progress(step=step, total=2000))
        return ANSWERED

    events = [report.event for report in serve(run, QUESTION)]
    assert events == [Started(), Progress(step=1, total=2000), Progress(step=999, total=2000), ANSWERED]


def test_the_more_urgent_class_runs_first_whatever_came_first() -> None:
    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        return ANSWERED

    reports = serve(run, Generate(prompt="p", out="o"), QUESTION, Moderate(text="t"))
    assert [report.number for report in reports if report.event == ANSWERED] == [3, 2, 1]


def test_an_endless_row_of_checks_is_no_reason_to_begin_nothing_else() -> None:
    now = 0.0

    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        nonlocal now
        now += 0.4 if isinstance(job, Moderate) else 0.1
        return ANSWERED

    checks = [Moderate(text="t")] * 12
    reports = serve(run, *checks, QUESTION, Generate(prompt="p", out="o"), clock=lambda: now)
    order = [report.number for report in reports if report.event == ANSWERED]
    assert order == [1, 2, 3, 13, 4, 5, 6, 14, 7, 8, 9, 10, 11, 12]


def test_checks_take_no_more_of_a_jobs_time_than_the_job_itself() -> None:
    now = 0.0

    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        nonlocal now
        if isinstance(job, Moderate):
            now += 1.0
            return ANSWERED
        while arriving:
            worker.deliver(arriving.pop())
            now += 0.25
            checkpoint()
        return ANSWERED

    def also(found: Worker) -> None:
        nonlocal worker
        worker = found

    worker: Worker
    check = Moderate(text="t")
    arriving = [
        Submit(number=number, job=check, job_class=class_of(check), request="m", attempt=1)
        for number in range(21, 1, -1)
    ]
    reports = serve(run, QUESTION, also=also, clock=lambda: now, wait_for=range(2, 22))
    order = [report.number for report in reports if report.event == ANSWERED]
    assert sorted(order) == list(range(1, 22))
    # Twenty steps of a quarter of a second each, and one second ahead.
    assert order.index(1) in (6, 7)


def test_moderation_runs_between_the_steps_of_another_job_and_only_one_deep() -> None:
    worker_of: list[Worker] = []
    depth = [0]

    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        depth[0] += 1
        assert depth[0] <= 2
        if isinstance(job, Generate):
            for number in (11, 12):
                worker_of[0].deliver(
                    Submit(number=number, job=Moderate(), job_class=class_of(Moderate()), request="m", attempt=1)
                )
        checkpoint()
        depth[0] -= 1
        return ANSWERED

    reports = serve(run, Generate(prompt="p", out="o"), also=worker_of.append)
    assert [(report.number, type(report.event)) for report in reports] == [
        (1, Started),
        (11, Started),
        (11, Answered),
        (12, Started),
        (12, Answered),
        (1, Answered),
    ]


def test_a_waiting_run_is_cancelled_without_being_begun() -> None:
    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        return ANSWERED

    reports = serve(run, QUESTION, QUESTION, also=lambda worker: worker.deliver(Cancel(number=2)))
    second = [report.event for report in reports if report.number == 2]
    assert [event.code for event in second if isinstance(event, Failed)] == ["cancelled"]
    assert Started() not in second


def test_a_late_cancel_hits_nobody() -> None:
    worker_of: list[Worker] = []

    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        worker_of[0].deliver(Cancel(number=1))  # in the first run: itself; in the second: long gone
        if job != QUESTION:
            checkpoint()
        return ANSWERED

    reports = serve(run, QUESTION, Generate(prompt="p", out="o"), also=worker_of.append)
    assert reports[-1] == Happened(number=2, event=ANSWERED)


def test_a_video_that_was_finished_after_its_cancel_is_removed(tmp_path: Path) -> None:
    worker_of: list[Worker] = []
    out = tmp_path / "v.mp4"

    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        out.write_bytes(b"video")
        worker_of[0].deliver(Cancel(number=1))
        return Rendered(path=str(out), seed=0, width=1, height=1, frames=1, fps=1.0, model="m")

    reports = serve(run, Generate(prompt="p", out=str(out)), also=worker_of.append)
    assert isinstance(reports[-1].event, Failed)
    assert not out.exists()


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (ValueError("a secret"), "job_failed"),
        (MemoryError(), "job_failed.memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "storage_full"),
        (OSError(errno.EACCES, "Permission denied"), "job_failed"),
    ],
)
def test_whatever_a_backend_raises_becomes_a_calm_sentence(
    raised: Exception, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        raise raised

    with caplog.at_level(logging.INFO):
        failed = serve(run, QUESTION)[-1].event
    assert isinstance(failed, Failed)
    assert failed.code == code
    assert isinstance(from_event(failed), EngineError)
    assert "secret" not in failed.message
    assert failed.message.endswith(".")
    assert "r1" in caplog.text


# --- memory and the device ---


class OutOfMemoryError(RuntimeError):
    pass


def test_a_job_that_ran_out_of_memory_begins_again_and_what_was_held_back_is_forgotten() -> None:
    tries = [0]

    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        tries[0] += 1
        emit(Progress(step=1, total=9))
        emit(Progress(step=2, total=9))  # held back
        if tries[0] == 1:
            raise OutOfMemoryError
        return ANSWERED

    events = [report.event for report in serve(run, QUESTION, relieve=lambda job: True)]
    assert events[:3] == [Started(), Progress(step=1, total=9), Started(attempt=2)]
    assert events[-1] == ANSWERED


def test_nothing_of_the_first_try_is_held_while_room_is_made() -> None:
    made: list[weakref.ref[Any]] = []

    class Latents:
        pass

    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        if made:
            return ANSWERED
        latents = Latents()
        made.append(weakref.ref(latents))
        try:
            raise OutOfMemoryError
        except OutOfMemoryError as error:
            raise JobFailed("The model had too little memory. Please try again.") from error

    alive: list[bool] = []

    def relieve(job: Job) -> bool:
        alive.append(made[0]() is not None)
        return True

    gc.disable()
    try:
        assert serve(run, QUESTION, relieve=relieve)[-1].event == ANSWERED
    finally:
        gc.enable()
    assert alive == [False]


def test_a_relief_that_fails_ends_the_job_as_the_want_of_memory_did(caplog: pytest.LogCaptureFixture) -> None:
    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        raise OutOfMemoryError

    def relieve(job: Job) -> bool:
        raise ValueError("stuck")

    failed = serve(run, QUESTION, relieve=relieve)[-1].event
    assert isinstance(failed, Failed)
    assert failed.code == "job_failed.memory"
    assert "no room could be made for request r1" in caplog.text


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_lost_device_is_left_at_once_whoever_noticed_it(wrapped: bool, caplog: pytest.LogCaptureFixture) -> None:
    class Left(BaseException):
        pass

    def leave() -> None:
        raise Left

    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        lost = RuntimeError("CUDA error: device-side assert triggered")
        if wrapped:
            raise GuardUnavailable("The safety check failed, so nothing is shown. Please try again.") from lost
        raise lost

    sent: list[Report] = []
    worker = Worker(ScriptedRuntime(run, lambda job: False), sent.append, lambda phase, silence_s: None, leave)  # type: ignore[arg-type]
    worker.deliver(Submit(number=1, job=QUESTION, job_class=class_of(QUESTION), request="r1", attempt=1))
    with pytest.raises(Left):
        worker.serve()
    assert not any(isinstance(report, Happened) and isinstance(report.event, Failed) for report in sent)
    assert "device is lost" in caplog.text
    assert "r1" in caplog.text


def test_a_device_that_is_lost_while_models_are_loaded_is_left_without_calling_the_models_broken() -> None:
    class Left(BaseException):
        pass

    class Lost(ScriptedRuntime):
        def load(self, loading: Callable[[int], None]) -> Loaded:
            raise RuntimeError("CUDA error: uncorrectable ECC error encountered")

    def leave() -> None:
        raise Left

    sent: list[Report] = []
    runtime = Lost(lambda job, emit, checkpoint: ANSWERED, lambda job: False)
    worker = Worker(runtime, sent.append, lambda phase, silence_s: None, leave)  # type: ignore[arg-type]
    with pytest.raises(Left):
        worker.serve()
    assert sent == []


def test_the_watchdog_is_told_how_long_a_loading_may_take() -> None:
    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        checkpoint()
        return ANSWERED

    beats: list[tuple[str, float]] = []
    serve(run, QUESTION, beat=lambda phase, silence_s: beats.append((phase, silence_s)))
    assert beats == [("load", 0.0), ("load", 2.0), ("understand", 0.0), ("understand", 0.0)]


def test_nothing_of_the_question_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        return Scored(scores=(), coverage=Coverage())

    with caplog.at_level(logging.INFO):
        serve(run, QUESTION)
    assert "secret" not in caplog.text
