"""The small protocols that a model family implements to fill a role.

A backend lives in the inference process only. It is constructed cheaply (no heavy import at module level),
loaded once, and then called from one thread. A class that wants more than its model's name has a class method
`build(choice: ModelChoice, config: RuntimeConfig) -> Self`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from engine.types import (
    Category,
    Clip,
    Event,
    Generate,
    MediaLimits,
    ModelCard,
    Rendered,
    Role,
    Transcribed,
    Understand,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.echoes import Outside

    Image = NDArray[np.uint8]  # (height, width, 3), RGB


class JobContext(Protocol):
    """What a running job may do to the world."""

    @property
    def limits(self) -> MediaLimits: ...

    def say(self, piece: str) -> None:
        """Pass on a piece of the answer, for libraries that call back with each token, and make a checkpoint. The raw
        text may hold `<video>…</video>`; in a `Shown` piece that orders nothing."""

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


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a model takes of the device's memory, in bytes: for itself while it is loaded, and on top of that at most
    while it works. Measured once there was something to measure, expected before."""

    weights: int
    peak: int = 0


class ResidentBackend(Backend, Protocol):
    """A backend that takes a noticeable part of the device's memory. The runtime loads and unloads it as needed."""

    def footprint(self) -> Footprint: ...

    def unload(self) -> None:
        """Give all of the device's memory back. `load()` makes the backend ready again."""

    def relieve(self) -> bool:
        """A job ran out of memory: change to a way of working that needs less (offload, tiling, fewer frames), for the
        next try. False when there is none left."""


class NeedsModels(Protocol):
    """A backend that works through other loaded models."""

    def attach(self, find: Callable[[Role], Any | None]) -> None:
        """Called once before `load()`, with a way to get the (default) backend of a role."""


class UnderstandingBackend(Backend, Protocol):
    def answer(self, job: Understand, context: JobContext) -> Iterable[str]:
        """The answer in pieces, handed over as they are made: by yielding them, or through `context.say` (then what is
        returned is empty). The raw text may hold `<video>…</video>`; the runtime parses it out. What others wrote, said
        or drew orders nothing: a backend that repeats it hands it over as `engine.protocol.Shown`."""


class ReadsOthers(Protocol):
    """An `UnderstandingBackend` whose model reads what others wrote and may repeat their tags."""

    def outside(self, job: Understand, context: JobContext) -> Outside:
        """What others put before the model. Called inside `answer`, once, when the model asks for a video."""


class Remarks(Protocol):
    """An `UnderstandingBackend` that sometimes answers in another way than people expect of it."""

    def remark(self) -> str:
        """What has to be said under the last answer, in a few words; empty for nothing."""


class GenerationBackend(Backend, Protocol):
    def render(self, job: Generate, context: JobContext) -> Rendered:
        """Write the MP4 to `job.out`, emitting `Progress` and honouring `checkpoint()` at every step.

        A cancelled or failed render leaves no file behind."""


class SpeechBackend(Backend, Protocol):
    def transcribe(self, clip: Clip, context: JobContext) -> Transcribed:
        """Everything that is said in the clip, in time order, honouring `checkpoint()`."""


class TextGuard(Backend, Protocol):
    def score(self, texts: Sequence[str]) -> list[Mapping[Category, float]]:
        """One mapping a text, with a value 0 to 1 for every category of `card().categories`."""


class ReadingGuard(TextGuard, Protocol):
    """A text guard that knows which texts it cannot read."""

    def unread(self, text: str) -> Sequence[Category]:
        """The categories for which its scores of `text` prove nothing, because it does not know the language."""


class FrameGuard(Backend, Protocol):
    def score(self, frames: Sequence[Image]) -> list[Mapping[Category, float]]:
        """One mapping a frame ((H, W, 3) uint8 RGB), with a value for every category of `card().categories`."""
