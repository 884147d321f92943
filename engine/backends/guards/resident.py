"""What all guards with weights of their own share: their files, their card, their place on the device.

It knows no model and no category; nothing here imports torch before something is loaded.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import msgspec

from engine.backends import accelerator
from engine.backends.base import Footprint
from engine.errors import BadRequest, GuardUnavailable, MissingExtra, MissingModel
from engine.hub import locate
from engine.presets import pin_of
from engine.types import Category, ModelCard, ModelChoice, Role, RuntimeConfig

if TYPE_CHECKING:
    import torch

    from engine.backends.base import Image

SAMPLE_TEXTS = ("Hello.", "What happens in this clip, and who is in it?")  # of two lengths, to see that they are padded
_EXPECTED_PEAK = 0.25  # of the weights, until it was measured: activations of a small batch


class ResidentGuard(ABC):
    """A guard whose model is loaded from safetensors files on this machine.

    `at_once` is how many inputs it takes together; `relieve` makes it fewer. On a processor it is `at_once_on_cpu`:
    there batches save nothing, and nothing can be heard or cancelled before one is done.
    """

    role: ClassVar[Role]
    default_model: ClassVar[str]
    at_once: int = 32
    at_once_on_cpu: ClassVar[int] = 8

    def __init__(self, choice: ModelChoice, config: RuntimeConfig) -> None:
        self._choice = choice if choice.model else msgspec.structs.replace(choice, model=self.default_model)
        self._config = config
        self._pin = pin_of(self._choice.model)
        self._model: Any = None
        self._on: torch.device | None = None
        self._weights = 0
        self._peak = 0
        self._has_scored = False

    @classmethod
    def build(cls, choice: ModelChoice, config: RuntimeConfig) -> Self:
        """Raises `BadRequest` for options that mean nothing here."""
        return cls(choice, config)

    @property
    @abstractmethod
    def categories(self) -> tuple[Category, ...]:
        """What is scored, known without the model's files."""

    @abstractmethod
    def _load(self, folder: Path, on: torch.device) -> Any:
        """The model, on its device. Raises `BadRequest` when the files are of another kind."""

    @abstractmethod
    def score(self, inputs: Sequence[Any]) -> list[Mapping[Category, float]]:
        """One mapping an input. Raises `GuardUnavailable` when not loaded, and for scores that are no numbers."""

    @property
    @abstractmethod
    def _sample(self) -> Sequence[Any]:
        """Some harmless inputs, to see whether anything can be scored."""

    @property
    def name(self) -> str:
        return self._pin.name if self._pin else self._choice.key

    def card(self) -> ModelCard:
        """Describe the guard without loading it."""
        return ModelCard(
            role=self.role,
            backend=self._choice.key,
            name=self.name,
            licence=self._pin.licence if self._pin else "",
            download_bytes=self._pin.download_bytes if self._pin else 0,
            categories=self.categories,
            missing=self._missing(),
            model=self._choice.model,
            revision=self._choice.revision or (self._pin.revision if self._pin else ""),
        )

    def load(self) -> None:
        """Read the model's files, and see that it scores. Nothing is fetched, and no code of the model's own runs.

        Raises `MissingExtra`, `MissingModel`, or `BadRequest` with what does not fit.
        """
        if self._model is not None:
            return
        if missing := self._missing():
            raise MissingExtra(missing, backend=self._choice.backend)
        accelerator.prepare()
        folder = self._folder()
        if not any(folder.glob("*.safetensors")):
            raise BadRequest(
                f"{self._choice.model} has no weights as safetensors. Other formats can carry code, so they are not "
                "loaded; choose a model or revision with safetensors.",
                model=self._choice.model,
            )
        self._on = accelerator.device(self._config.device)
        with self._explained():
            self._model = self._load(folder, self._on).eval().requires_grad_(False)
        self._weights = accelerator.weights_of([self._model])
        if self._on.type == "cpu":
            self.at_once = min(self.at_once, self.at_once_on_cpu)
        if not self._has_scored:
            self._try()

    def footprint(self) -> Footprint:
        """Bytes on the device: of the loaded model, else of its files."""
        weights = self._weights or self._expected()
        return Footprint(weights, self._peak or round(weights * _EXPECTED_PEAK))

    def unload(self) -> None:
        """Give back the device's memory."""
        on, self._model = self._on, None
        if on is not None:
            accelerator.free(on)

    def relieve(self) -> bool:
        """Take half as many inputs together. False when it is one already."""
        self.at_once, before = max(1, self.at_once // 2), self.at_once
        return self.at_once < before

    def _try(self) -> None:
        """Better that the start fails than every check after it. It also tells what working takes."""
        try:
            self.score(self._sample)
        except Exception as error:
            if accelerator.is_out_of_memory(error) or accelerator.is_device_lost(error):
                raise
            raise BadRequest(
                f"{self._choice.model} was loaded, and cannot score anything: {_words(error)}. Choose another model.",
                model=self._choice.model,
            ) from error
        self._has_scored = True

    @contextmanager
    def _at_work(self) -> Iterator[Any]:
        """The loaded model, watched while it works. Raises `GuardUnavailable` when it is not loaded."""
        import torch

        if self._model is None:
            raise GuardUnavailable(f"The safety check {self.name} is not ready yet. Please try again.", guard=self.name)
        # The pipelines draw a number for their loaders. A video between whose steps this check runs must not notice.
        with torch.inference_mode(), torch.random.fork_rng(devices=[]), self._measured():
            yield self._model

    @contextmanager
    def _measured(self) -> Iterator[None]:
        """Note the peak. Its counter is not reset: a check may run in the middle of something that is measured too."""
        import torch

        on = self._on
        if on is None or on.type != "cuda":
            yield
            return
        held, highest = torch.cuda.memory_allocated(on), torch.cuda.max_memory_allocated(on)
        yield
        if torch.cuda.max_memory_allocated(on) > highest:
            self._peak = max(self._peak, torch.cuda.max_memory_allocated(on) - held)

    def _missing(self) -> str:
        return accelerator.missing()

    def _folder(self) -> Path:
        return locate(self._choice.model, self._choice.revision, self._config.hub)

    def _expected(self) -> int:
        if self._pin:
            return self._pin.memory_bytes
        try:
            return sum(file.stat().st_size for file in self._folder().glob("*.safetensors"))
        except MissingModel:
            return 0

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turns what the library raises into a sentence for an operator."""
        try:
            yield
        except (ValueError, OSError, KeyError, ImportError, AttributeError, TypeError) as error:
            raise BadRequest(
                f"{self._choice.model} cannot be loaded as {self._choice.backend}: {_words(error)}. Fetch it again, or "
                "choose another model.",
                model=self._choice.model,
            ) from error


def sample_frames() -> list[Image]:
    """One empty picture."""
    import numpy as np

    return [np.full((360, 640, 3), 128, dtype=np.uint8)]


def finite(values: Iterable[float], guard: str) -> list[float]:
    """The same numbers. Raises `GuardUnavailable` for one that is none: it must never be read as "harmless"."""
    checked = [float(value) for value in values]
    if not all(map(math.isfinite, checked)):
        raise GuardUnavailable(f"The safety check {guard} gave no usable score.", guard=guard)
    return checked


def weights_arguments(on: torch.device, dtype: torch.dtype | None = None) -> dict[str, Any]:
    """How `from_pretrained` reads weights here: from these files only, straight to the device."""
    return {
        "local_files_only": True,
        "use_safetensors": True,
        "trust_remote_code": False,
        "dtype": dtype or accelerator.dtype(on),
        "device_map": {"": on},
    }


def _words(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
