"""A job context that keeps what it is told, and clips to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from benchmarks.sampling import repeated
from engine.backends.chat.sampling import Watched
from engine.media import SampledFrame, VideoWriter
from engine.types import Clip, ClipInfo, Event, MediaLimits, Utterance
from tests.harness import real_clip


@dataclass
class Context:
    """Keeps what is emitted and counts the checkpoints."""

    limits: MediaLimits = field(default_factory=MediaLimits)
    events: list[Event] = field(default_factory=list)
    checkpoints: int = 0

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def say(self, piece: str) -> None:
        self.checkpoint()

    def checkpoint(self) -> None:
        self.checkpoints += 1


@pytest.fixture
def context() -> Context:
    return Context()


@pytest.fixture(scope="session")
def bikes() -> Clip:
    """Ten seconds with cuts at 1.2, 5.5, 7.5 and 9.7; without sound."""
    return Clip(path=str(real_clip("bikes.mp4")), name="bikes.mp4")


@pytest.fixture(scope="session")
def bunny() -> Clip:
    """Five seconds in one shot, with sound. Large, so that looking at it takes a while."""
    return Clip(path=str(real_clip("bigbuckbunny.mp4")), name="bigbuckbunny.mp4")


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Five seconds of a picture that slowly brightens."""
    path = tmp_path_factory.mktemp("small") / "dawn.mp4"
    with VideoWriter(path, 64, 36, 10) as writer:
        for index in range(50):
            writer.write(np.full((36, 64, 3), 4 * index, np.uint8))
    return Clip(path=str(path), name="dawn.mp4")


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Ten minutes: the bikes sixty times over."""
    path = repeated(real_clip("bikes.mp4"), 60, tmp_path_factory.mktemp("long"))
    return Clip(path=str(path), name="long.mp4")


Seen = Callable[..., Watched]


@pytest.fixture
def seen() -> Seen:
    """Makes what a model sees, without any file: `frames` evenly spread over `seconds`."""

    def make(
        name: str = "a.mp4",
        number: int = 1,
        frames: int = 8,
        seconds: float = 8.0,
        *,
        sound: bool = False,
        speech: tuple[Utterance, ...] | None = None,
        kind: str = "video",
        **more: bool,
    ) -> Watched:
        info = ClipInfo(
            kind=kind, container="mp4", codec="h264", width=64, height=36, duration_s=seconds, fps=25.0, frames=None,
            rotation=0, has_audio=sound, hdr=False, alpha=False, size_bytes=1000,
        )  # type: ignore[arg-type]  # fmt: skip
        picture = np.zeros((36, 64, 3), np.uint8)
        shown = tuple(SampledFrame((index + 0.5) * seconds / frames, picture) for index in range(frames))
        clip = Clip(path=f"/clips/{name}", name=name, speech=speech)
        return Watched(clip, number, info, shown, **more)

    return make
