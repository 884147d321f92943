"""Tiny checkpoints of every family, built once a session, and backends over them. The hub is off."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.backends.diffusion import Diffusion
from engine.types import Event, Generate, HubSettings, MediaLimits, ModelChoice, Progress, Role, RuntimeConfig

SIZE = "64x48"  # what the tiny models are made to render
STEPS = 3
Make = Callable[..., Diffusion]


class Job:
    """A `JobContext` that remembers what was emitted and runs an action at every checkpoint."""

    limits = MediaLimits()

    def __init__(self, at_checkpoint: Callable[[], None] = lambda: None) -> None:
        self.events: list[Event] = []
        self.checkpoints = 0
        self._at_checkpoint = at_checkpoint

    def say(self, piece: str) -> None:
        self.checkpoint()

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def checkpoint(self) -> None:
        self.checkpoints += 1
        self._at_checkpoint()

    @property
    def steps(self) -> list[tuple[int, int]]:
        return [(event.step, event.total) for event in self.events if isinstance(event, Progress)]


class Denoising:
    """Counts the calls of denoisers and remembers, weakly, what they returned."""

    CLASSES = ("WanTransformer3DModel", "LTXVideoTransformer3DModel", "CogVideoXTransformer3DModel",
               "HunyuanVideoTransformer3DModel", "HunyuanVideo15Transformer3DModel", "UNet3DConditionModel",
               "UNetMotionModel")  # fmt: skip

    def __init__(self) -> None:
        self.calls = 0
        self.modules: set[int] = set()
        self.returned: list[weakref.ref[Any]] = []
        self.on_call: Callable[[], None] = lambda: None

    def begin(self, module: Any, arguments: Any) -> None:
        if type(module).__name__ in self.CLASSES:
            self.on_call()

    def end(self, module: Any, arguments: Any, output: Any) -> None:
        if type(module).__name__ in self.CLASSES:
            self.calls += 1
            self.modules.add(id(module))
            tensor = output[0] if isinstance(output, tuple) else output.sample
            self.returned.append(weakref.ref(tensor))

    @property
    def alive(self) -> int:
        """How many of these exist now, without waiting for the garbage collector."""
        return sum(reference() is not None for reference in self.returned)


@pytest.fixture
def denoising() -> Iterator[Denoising]:
    from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

    seen = Denoising()
    handles = (register_module_forward_pre_hook(seen.begin), register_module_forward_hook(seen.end))
    yield seen
    for handle in handles:
        handle.remove()


@pytest.fixture(scope="module", autouse=True)
def _no_hub() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny checkpoint, by its name in `tests.tiny.video`."""
    from engine.backends.accelerator import prepare

    prepare()
    import torch

    from tests.tiny import video

    torch.set_num_threads(1)
    made: dict[str, Path] = {}
    makers = {**video.TEXT_TO_VIDEO, **video.IMAGE_TO_VIDEO, **video.PARTS}

    def folder(name: str) -> Path:
        if name not in made:
            made[name] = makers[name](tmp_path_factory.mktemp("tiny") / name)
        return made[name]

    return folder


@pytest.fixture(scope="session")
def make(tiny: Callable[[str], Path]) -> Make:
    """A backend over a tiny checkpoint. Backends that share all settings are shared."""
    made: dict[Any, Diffusion] = {}

    def build(
        name: str, *, lora: Path | str = "", memory_bytes: int = 0, fresh: bool = False, **options: Any
    ) -> Diffusion:
        key = (name, str(lora), memory_bytes, *sorted(options.items()))
        if fresh or key not in made:
            settings = {"steps": STEPS, **({} if "size" in options else {"size": SIZE}), **options}
            choice = ModelChoice(
                backend="diffusers", model=str(tiny(name)), lora=str(lora), options=settings, name=name
            )
            config = RuntimeConfig(
                models={Role.GENERATION: choice}, hub=HubSettings(), device="cpu", memory_bytes=memory_bytes
            )
            backend = Diffusion.build(choice, config)
            if fresh:
                return backend
            made[key] = backend
        return made[key]

    return build


@pytest.fixture
def wish(tmp_path: Path) -> Callable[..., Generate]:
    """A job of a quarter of a second, small, with a seed; each with a file of its own."""
    count = 0

    def job(**changes: Any) -> Generate:
        nonlocal count
        count += 1
        asked: dict[str, Any] = {
            "prompt": "a red boat on a lake",
            "out": str(tmp_path / f"made-{count}.mp4"),
            "seed": 7,
            "seconds": 0.25,
            "width": 64,
            "height": 48,
        }
        return Generate(**{**asked, **changes})

    return job


@pytest.fixture
def picture(tmp_path: Path) -> Callable[[tuple[int, int, int]], str]:
    """The path of a picture in one colour, with a white corner."""

    def paint(colour: tuple[int, int, int]) -> str:
        pixels = np.full((48, 64, 3), colour, np.uint8)
        pixels[:12, :16] = 255
        path = tmp_path / f"picture-{'-'.join(map(str, colour))}.png"
        Image.fromarray(pixels).save(path)
        return str(path)

    return paint
