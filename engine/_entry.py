"""The engine's own record of an accepted job, from its admission to its end."""

from __future__ import annotations

import asyncio
import time

from engine.decoding import Payer
from engine.executors.base import Executor
from engine.scheduler import CostModel, class_of, cost_key
from engine.ticket import Ticket
from engine.types import Job, Queued


class Entry:
    """One for each accepted job, thousands at a time: hence the slots."""

    __slots__ = (
        "attempts",
        "by_default",
        "cancelled",
        "deaths",
        "executor",
        "handed_at",
        "id",
        "job",
        "job_class",
        "key",
        "overtaken_s",
        "payer",
        "reading",
        "run",
        "serving",
        "started_at",
        "ticket",
        "told",
        "user",
        "waits",
        "yields",
    )

    def __init__(self, number: int, job: Job, user: str, payer: Payer) -> None:
        self.id = number
        self.job = job
        self.job_class = class_of(job)
        self.key = cost_key(job)
        self.user = user  # empty when no user answers for the job
        self.payer = payer  # of what is read for it
        self.ticket: Ticket
        self.reading: asyncio.Task[None] | None = None  # while nothing else happens than that its clips are read
        self.yields = 0  # how often it made way for others while a clip was read
        self.by_default = ""  # the model for videos that it got without asking for it
        self.run: int | None = None  # the executor's number while it has the job
        self.executor: Executor  # that has it, or had it last
        self.serving: asyncio.Task[None] | None = None  # passes on what comes of the current run
        self.handed_at = 0.0  # to the executor
        self.overtaken_s = 0.0  # what questions take that went before it since; infinite once none may any more
        self.started_at: float | None = None  # of the current run
        self.attempts = 0
        self.deaths = 0  # of the inference process, while this job ran in it
        self.waits = True  # accepted and never started
        self.cancelled = False
        self.told: Queued | None = None  # the last position its waiter was told

    def left_s(self, costs: CostModel) -> float:
        """Estimated GPU-seconds until its end, once it runs."""
        estimate_s = costs.estimate(self.key)
        if self.started_at is None:
            return estimate_s
        return max(0.0, estimate_s - (time.monotonic() - self.started_at))
