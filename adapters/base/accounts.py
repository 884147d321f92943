"""What somebody has used, and what is kept of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Measure(StrEnum):
    """What a quota counts."""

    ASKS = "asks"
    VIDEOS = "videos"
    GPU_SECONDS = "gpu_seconds"


class Window(StrEnum):
    """The stretch of time, ending now, over which a quota counts."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True)
class Usage:
    """What somebody has used up in a window. `amount` None: no limit. `frees_at`: when something becomes free again."""

    measure: Measure
    window: Window
    used: float
    amount: float | None
    frees_at: datetime | None = None


@dataclass(frozen=True)
class Holdings:
    """What is kept of one person: counts, and the bytes of their files."""

    questions: int = 0
    videos: int = 0
    clips: int = 0
    file_bytes: int = 0
    conversations: int = 0
