"""The small protocols that a model family implements to fill a role.

A backend lives in the inference process only. It is constructed cheaply (no heavy import at module level),
loaded once, and then called from one thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from engine.types import Category, Event, Generate, MediaLimits, ModelCard, Rendered, Understand

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]  # (height, width, 3), RGB


class JobContext(Protocol):
    """What a running job may do to the world."""

    @property
    def limits(self) -> MediaLimits: ...

    def emit(self, event: Event) -> None:
        """Send `FramesSeen` or `Progress` to whoever waits. Cheap: progress is coalesced on the way out."""

    def checkpoint(self) -> None:
        """Call between steps (at least every 100 ms of work). Raises `JobCancelled` when the job was cancelled;
        feeds the watchdog; lets waiting moderation run while a generation holds its place."""


class Backend(Protocol):
    """What all backends share."""

    def card(self) -> ModelCard:
        """Describe the backend without loading it; `card().missing` says what is not installed."""

    def load(self) -> None:
        """Make the backend ready. Raises `MissingExtra` when its packages are absent."""


class UnderstandingBackend(Backend, Protocol):
    def answer(self, job: Understand, context: JobContext) -> Iterator[str]:
        """Yield the answer in pieces. The raw text may hold `<video>…</video>`; the runtime parses it out."""


class GenerationBackend(Backend, Protocol):
    def render(self, job: Generate, context: JobContext) -> Rendered:
        """Write the MP4 to `job.out`, emitting `Progress` and honouring `checkpoint()` at every step.

        A cancelled or failed render leaves no file behind."""


class TextGuard(Backend, Protocol):
    def score(self, texts: Sequence[str]) -> list[Mapping[Category, float]]:
        """One mapping a text, with a value 0 to 1 for every category of `card().categories`."""


class FrameGuard(Backend, Protocol):
    def score(self, frames: Sequence[Image]) -> list[Mapping[Category, float]]:
        """One mapping a frame ((H, W, 3) uint8 RGB), with a value for every category of `card().categories`."""
