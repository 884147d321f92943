"""The inference side, driven by hand: reports go into a list."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import EngineError, from_event
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


class ScriptedRuntime:
    """Runs a function for each job; the `last` one also tells the worker to stop."""

    def __init__(self, script: Callable[[Job, Callable[[Event], None], Callable[[], None]], Result]) -> None:
        self.run = script

    def load(self, loading: Callable[[int], None]) -> Loaded:
        return Loaded()

    def relieve(self, job: Job) -> bool:
        return False


def serve(
    script: Callable[..., Result], *jobs: Job, also: Callable[[Worker], None] = lambda worker: None
) -> list[Happened]:
    """Run all jobs to their ends; they are numbered from 1."""
    reports: list[Report] = []
    open_runs = set(range(1, len(jobs) + 1))

    def send(report: Report) -> None:
        reports.append(report)
        if isinstance(report, Happened) and isinstance(report.event, Result | Failed):
            open_runs.discard(report.number)
            if not open_runs:
                worker.deliver(Stop())

    worker = Worker(ScriptedRuntime(script), send, lambda phase, silence_s: None, lambda: None)  # type: ignore[arg-type]
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


def test_nothing_of_the_question_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def run(job: Job, emit: Callable[[Event], None], checkpoint: Callable[[], None]) -> Result:
        return Scored(scores=(), coverage=Coverage())

    with caplog.at_level(logging.INFO):
        serve(run, QUESTION)
    assert "secret" not in caplog.text
