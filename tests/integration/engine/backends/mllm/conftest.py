"""Tiny checkpoints, real clips, and a context that records: what every test of the backend needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from engine.backends.mllm import Mllm
from engine.errors import JobCancelled
from engine.media import VideoWriter
from engine.types import Clip, Event, HubSettings, MediaLimits, ModelChoice, Role, RuntimeConfig, Turn, Understand
from tests.tiny import mllm

torch.set_num_threads(1)

Checkpoint = Callable[..., Path]


@dataclass
class Recorder:
    """A job's context that keeps what is said, and does something at a given piece or check point."""

    limits: MediaLimits = field(default_factory=lambda: MediaLimits(decode_timeout_s=60.0))
    cancel_at: int | None = None  # the piece, counting from 1, at which the job is cancelled
    at_piece: Callable[[int], None] | None = None
    at_checkpoint: Callable[[], None] | None = None
    pieces: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def say(self, piece: str) -> None:
        self.pieces.append(piece)
        if self.at_piece is not None:
            self.at_piece(len(self.pieces))
        if len(self.pieces) == self.cancel_at:
            raise JobCancelled("Somebody cancelled this.")

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def checkpoint(self) -> None:
        if self.at_checkpoint is not None:
            self.at_checkpoint()


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be fetched."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """checkpoint(family, **options): the folder of a tiny checkpoint, built once a session."""
    built: dict[Any, Path] = {}

    def build(family: str, **options: Any) -> Path:
        key = (family, *sorted(options.items()))
        if key not in built:
            built[key] = {**mllm.FAMILIES, **mllm.STILLS}[family](tmp_path_factory.mktemp(family), **options)
        return built[key]

    return build


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Clip]:
    """Two videos of two seconds with moving squares, and a picture."""
    folder = tmp_path_factory.mktemp("clips")
    found = {}
    for name, seed in (("one", 1), ("two", 2)):
        path = folder / f"{name}.mp4"
        with VideoWriter(path, 64, 48, 10.0) as writer:
            for index in range(20):
                writer.write(_picture(seed, index))
        found[name] = Clip(path=str(path), name=f"{name}.mp4")
    Image.fromarray(_picture(3, 5)).save(folder / "still.png")
    found["still"] = Clip(path=str(folder / "still.png"), name="still.png")
    return found


def _picture(seed: int, index: int) -> np.ndarray:
    picture = np.random.default_rng(seed).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    picture[8:24, index : index + 16] = (250, 40, 30)
    return picture


def backend(folder: Path, *, lora: Path | None = None, **options: Any) -> Mllm:
    """A backend for a folder, not loaded yet."""
    choice = ModelChoice(backend="transformers", model=str(folder), lora=str(lora or ""), options=options)
    return Mllm.build(choice, RuntimeConfig(models={Role.UNDERSTANDING: choice}, hub=HubSettings(), device="cpu"))


@pytest.fixture(scope="session")
def loaded(checkpoint: Checkpoint) -> Callable[[str], Mllm]:
    """loaded(family): a loaded backend over its checkpoint, shared by the tests that leave it as it was."""
    ready: dict[str, Mllm] = {}

    def load(family: str) -> Mllm:
        if family not in ready:
            ready[family] = backend(checkpoint(family))
            ready[family].load()
        return ready[family]

    return load


def ask(text: str, *clips: Clip, before: tuple[Turn, ...] = (), frames: int = 4, max_tokens: int = 12) -> Understand:
    return Understand(turns=(*before, Turn(role="user", text=text, clips=clips)), frames=frames, max_tokens=max_tokens)


def answer(model: Mllm, job: Understand, **how: Any) -> Recorder:
    recorder = Recorder(**how)
    assert list(model.answer(job, recorder)) == []
    return recorder
