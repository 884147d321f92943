"""Hand-made facts and pictures for the lite understanding tests. No file is opened here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from engine.backends.lite.understanding.facts import Camera, ClipFacts, Mover, Shot
from engine.backends.lite.understanding.measuring.colour import NAMES
from engine.backends.watching.span import Span
from engine.types import ClipInfo, Event, MediaLimits


@dataclass
class Context:
    """A job context that keeps what is emitted and counts the checkpoints; raises at the one told to."""

    limits: MediaLimits = field(default_factory=MediaLimits)
    events: list[Event] = field(default_factory=list)
    checkpoints: int = 0
    raise_at: int = 0

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def checkpoint(self) -> None:
        self.checkpoints += 1
        if self.checkpoints == self.raise_at:
            raise KeyboardInterrupt


@pytest.fixture
def context() -> Context:
    return Context()


@pytest.fixture(scope="session")
def info() -> Callable[..., ClipInfo]:
    """Builds a `ClipInfo` of a ten-second clip; keywords change it."""

    def build(**changes: Any) -> ClipInfo:
        values: dict[str, Any] = {
            "kind": "video",
            "container": "mp4",
            "codec": "h264",
            "width": 640,
            "height": 360,
            "duration_s": 10.0,
            "fps": 25.0,
            "frames": 250,
            "rotation": 0,
            "has_audio": False,
            "hdr": False,
            "alpha": False,
            "size_bytes": 500_000,
        }
        return ClipInfo(**(values | changes))

    return build


@pytest.fixture(scope="session")
def mover() -> Callable[..., Mover]:
    """Builds a red mover to the right; keywords change it."""

    def build(**changes: Any) -> Mover:
        values: dict[str, Any] = {
            "span": Span(1.0, 3.0),
            "direction": "right",
            "start": (0.2, 0.5),
            "end": (0.8, 0.5),
            "place": (0.5, 0.5),
            "area": 0.08,
            "speed": 0.3,
            "growth": 0.0,
            "colour": "red",
        }
        return Mover(**(values | changes))

    return build


@pytest.fixture(scope="session")
def facts(info: Callable[..., ClipInfo], mover: Callable[..., Mover]) -> Callable[..., ClipFacts]:
    """Builds a ten-second clip of two shots: 4 s dark with a mover to the right, then 6 s bright with a pan left."""

    def build(**changes: Any) -> ClipFacts:
        times = np.arange(0, 10, 0.1)
        palette = np.zeros((100, len(NAMES)))
        palette[:40, NAMES.index("blue")] = 1.0
        palette[40:, NAMES.index("yellow")] = 1.0
        still, panning = Camera(seconds=4.0, known=True), Camera(right=-0.3, seconds=6.0, known=True)
        values: dict[str, Any] = {
            "info": info(),
            "shots": (
                Shot(1, Span(0.0, 4.0), "start", still, (mover(),)),
                Shot(2, Span(4.0, 10.0), "cut", panning),
            ),
            "times": times,
            "brightness": np.where(times < 4.0, 0.2, 0.7),
            "palette": palette,
            "gists": np.zeros((100, 9, 16), np.uint8),
            "motion_times": times,
            "motion": np.where((times > 1.0) & (times < 3.0), 0.2, 0.0),
        }
        return ClipFacts(**(values | changes))

    return build


@pytest.fixture(scope="session")
def texture() -> np.ndarray:
    """A (400, 640, 3) picture with detail at every scale, for cutting moving views out of it."""
    import cv2

    noise = np.random.default_rng(7)
    picture = np.zeros((400, 640), np.float32)
    for size in (8, 16, 40, 80):
        coarse = noise.random((400 // size + 2, 640 // size + 2)).astype(np.float32)
        picture += cv2.resize(coarse, (640, 400), interpolation=cv2.INTER_CUBIC)
    picture = (picture - picture.min()) / (picture.max() - picture.min())
    return np.repeat((40 + 160 * picture).astype(np.uint8)[..., None], 3, axis=2)
