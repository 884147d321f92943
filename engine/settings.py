"""How the engine queues, restarts and watches, and how it says that it is. It must not know any model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from engine.decoding.settings import DecodingSettings
from engine.types import JobClass

_WATCHDOG_FLOORS: Mapping[JobClass, float] = MappingProxyType(
    {JobClass.MODERATION: 60.0, JobClass.UNDERSTANDING: 120.0, JobClass.GENERATION: 300.0}
)
_AGEING: Mapping[JobClass, float] = MappingProxyType(
    {JobClass.MODERATION: 0.0, JobClass.UNDERSTANDING: 10.0, JobClass.GENERATION: 30.0}
)


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """The front's knobs. Every `_s` is in seconds."""

    # Each model may take this long to load, and besides as long as a slow disk takes to read its bytes (50 MiB/s); then
    # the start counts as failed.
    start_timeout_s: float = 120.0
    # A cancelled job may go on this long before its process is killed.
    cancel_grace_s: float = 5.0
    # Admission: refuse when more estimated GPU-seconds than this are ahead of a new job.
    max_wait_s: float = 600.0
    # Admission: jobs of one user that are accepted and have not started yet.
    per_user_queue: int = 3
    # A class that was passed over for this long gets the next free slot.
    ageing_s: Mapping[JobClass, float] = field(default_factory=lambda: _AGEING)
    # Moderation jobs handed to the inference process at once; it runs them between the steps of other jobs.
    moderation_slots: int = 8
    # More deaths than this within the window open the breaker.
    max_restarts: int = 3
    restart_window_s: float = 600.0
    # The open breaker waits this long before it probes with a restart; doubled after each failed probe.
    breaker_cooldown_s: float = 60.0
    # Silence (no step, no token) shorter than this is never called a hang, whatever the average step takes.
    watchdog_floor_s: Mapping[JobClass, float] = field(default_factory=lambda: _WATCHDOG_FLOORS)
    # When other models take over, the old ones may go on this long with what they have; then the new ones do it again.
    handover_s: float = 60.0
    # Queue positions are told at most this often.
    position_interval_s: float = 0.5
    # Where it is kept what jobs took, for the forecasts after the next start. None: nowhere.
    times_file: Path | None = None
    # Where posted clips are read.
    decoding: DecodingSettings = field(default_factory=DecodingSettings)


@dataclass(frozen=True, kw_only=True)
class Health:
    """What an operator wants to know now. `reason` is a sentence when `ready` is false, else empty."""

    ready: bool
    pid: int | None
    restarts: int
    running: int
    queued: int
    breaker_open: bool
    reason: str = ""
