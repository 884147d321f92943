"""What our backend for video models costs over calling its pipeline directly: steps a second, and the whole job.

Run `python -m benchmarks.generation`. The model is small, with random weights, and slow enough on a processor for a
step not to drown in noise.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.report import Row, table
from engine.backends.diffusion import Diffusion
from engine.backends.diffusion.loading import libraries
from engine.types import Event, Generate, MediaLimits, ModelChoice, Progress, Role, RuntimeConfig

STEPS = 12
WIDTH, HEIGHT, FRAMES, FPS = 128, 96, 9, 16.0
GUIDANCE = 5.0
PROMPT = "a red boat on a quiet lake"


@dataclass
class _Watched:
    """The context of a job that nobody else asks for; it remembers when steps were done."""

    limits: MediaLimits = field(default_factory=MediaLimits)
    done_at: list[float] = field(default_factory=list)
    checkpoints: int = 0

    def say(self, piece: str) -> None:
        self.checkpoint()

    def emit(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.done_at.append(time.perf_counter())

    def checkpoint(self) -> None:
        self.checkpoints += 1


@dataclass(frozen=True)
class _Run:
    """Seconds: of one step, and of the whole job on the clock and of the processor."""

    step_s: float
    job_s: float
    cpu_s: float


def rows(pairs: int = 7) -> list[Row]:
    """Measure; takes about a minute with the defaults."""
    libraries()
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two that wait for each other on a busy machine measure the machine
    try:
        return _measured(pairs)
    finally:
        torch.set_num_threads(threads)


def _measured(pairs: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        model = _model(Path(folder) / "model")
        return _compare(_ours(model, Path(folder)), _bare(model), pairs)


def _compare(ours: Callable[[], _Run], bare: Callable[[], _Run], pairs: int) -> list[Row]:
    ways = (bare, ours)
    for way in ways:
        way()  # the first call allocates
    taken = []
    for number in range(pairs):
        first, second = ways[number % 2], ways[1 - number % 2]
        found = {first: first(), second: second()}
        taken.append((found[bare], found[ours]))
    steps = [direct.step_s / own.step_s for direct, own in taken]
    return [
        Row("a step of the bare pipeline, median", statistics.median(direct.step_s for direct, _ in taken) * 1e3, "ms"),
        Row("steps a second over the bare pipeline's, median", statistics.median(steps), "×", "≥ 0.98"),
        Row("the same: spread of the pairs (noise of this machine)", max(steps) - min(steps), "×"),
        Row(
            "the same for a whole job, with the MP4 that only ours writes, median",
            statistics.median(direct.job_s / own.job_s for direct, own in taken),
            "×",
        ),
        Row(
            "the same in processor time",
            sum(direct.cpu_s for direct, _ in taken) / sum(own.cpu_s for _, own in taken),
            "×",
        ),
    ]


def _ours(model: Path, folder: Path) -> Callable[[], _Run]:
    choice = ModelChoice(
        backend="diffusers",
        model=str(model),
        options={"steps": STEPS, "guidance": GUIDANCE, "size": f"{WIDTH}x{HEIGHT}"},
    )
    backend = Diffusion.build(choice, RuntimeConfig(models={Role.GENERATION: choice}, device="cpu"))
    backend.load()
    job = Generate(
        prompt=PROMPT, out=str(folder / "made.mp4"), seed=1, seconds=FRAMES / FPS, width=WIDTH, height=HEIGHT
    )

    def run() -> _Run:
        context = _Watched()
        return _timed(lambda: backend.render(job, context), context.done_at)

    return run


def _bare(model: Path) -> Callable[[], _Run]:
    import torch
    from diffusers import DiffusionPipeline

    pipe = DiffusionPipeline.from_pretrained(model, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)

    def run() -> _Run:
        done_at: list[float] = []

        def on_step(pipe: Any, step: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
            done_at.append(time.perf_counter())
            return values

        called = {
            "prompt": PROMPT,
            "width": WIDTH,
            "height": HEIGHT,
            "num_frames": FRAMES,
            "num_inference_steps": STEPS,
            "guidance_scale": GUIDANCE,
            "generator": torch.Generator("cpu").manual_seed(1),
            "output_type": "np",
            "callback_on_step_end": on_step,
            "callback_on_step_end_tensor_inputs": [],
        }
        return _timed(lambda: pipe(**called), done_at)

    return run


def _timed(act: Callable[[], object], done_at: Sequence[float]) -> _Run:
    cpu, began = time.process_time(), time.perf_counter()
    act()
    job_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    assert len(done_at) == STEPS, done_at
    return _Run((done_at[-1] - done_at[0]) / (STEPS - 1), job_s, cpu_s)


def _model(folder: Path) -> Path:
    """Shaped as Wan 2.1, with a denoiser large enough to be worth measuring."""
    import torch
    from diffusers import WanTransformer3DModel

    from tests.tiny.video import make_wan

    torch.manual_seed(0)
    transformer = WanTransformer3DModel(
        num_attention_heads=4, attention_head_dim=48, text_dim=32, freq_dim=64, ffn_dim=768, num_layers=4,
        rope_max_seq_len=64,
    )  # fmt: skip
    return make_wan(folder, transformer=transformer)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generation", description=__doc__)
    parser.add_argument("--pairs", type=int, default=7, help="how often both ways are run, in turns")
    print(table("Making videos", rows(parser.parse_args(argv).pairs)))


if __name__ == "__main__":
    main()
