"""Models of real size, with random weights, on a GPU: what they take against the ledger, and what the engine costs.

Run `python -m benchmarks.gpu >> docs/gpu.md` on a machine with a GPU; some 25 GB of disk are needed for a while.
`--toy` runs the same with tiny shapes on the processor: that shows that the script works, its numbers mean nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import large
from benchmarks.desk import Desk, Run, desk
from benchmarks.report import Row, table
from engine.backends import accelerator
from engine.backends.base import Footprint
from engine.types import (
    Clip,
    Generate,
    ModelChoice,
    Moderate,
    Rendered,
    Role,
    RuntimeConfig,
    Token,
    Turn,
    Understand,
)

GIB, MS = 1 << 30, 1e3
NO_GPU = "There is no GPU here that torch can use. Run this where there is one, or try the script out with --toy."
SENTENCE = "A sentence of an answer, which is checked before anybody sees it."


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is asked for. `size` is width and height in pixels, `seconds` a video's length; `checks` are made during one
    video, and `cancels` of an answer and of a video each."""

    shapes: large.Shapes
    tokens: int
    frames: int
    steps: int
    size: tuple[int, int]
    seconds: float
    checks: int
    cancels: int


REAL = Plan(shapes=large.REAL, tokens=256, frames=16, steps=20, size=(832, 480), seconds=5.0, checks=10, cancels=5)
TOY = Plan(shapes=large.TOY, tokens=12, frames=2, steps=4, size=(64, 48), seconds=0.3, checks=1, cancels=1)


class Bench:
    """All measures on one device, over checkpoints in one folder."""

    def __init__(self, folder: Path, plan: Plan, on: Any) -> None:
        self._folder = folder
        self._plan = plan
        self._on = on
        self._clip = self._film()
        self._footprints: dict[Role, Footprint] = {}
        self._prompt = "A red ball rolls over green grass in the evening light."

    def rows(self) -> list[Row]:
        found = [*self._chat(), *self._videos(), *self._turns()]
        accelerator.free(self._on)
        return found

    # --- questions ---

    def _chat(self) -> list[Row]:
        bare_first_s, bare_rate = self._bare_chat()
        with desk(self._config(Role.UNDERSTANDING)) as at:
            held = self._held()
            at.end(at.begin(self._ask("Warm up.")))
            self._reset_peak()
            run = at.end(at.begin(self._ask("What happens here?")))
            rows = self._memory("a chat model of 4B", at, Role.UNDERSTANDING, held)
            first = run.times(Token)[0]
            rate = (self._plan.tokens - 1) / (run.events[-1][0] - first)
            follow = at.end(at.begin(self._ask("And then?")))
            rows += [
                Row("tokens each second, over the bare library", rate / bare_rate, "", "≥ 0.98"),
                Row("tokens each second", rate, "1/s"),
                Row("time to the first token, with the clip read from disk", (first - run.begun) * MS, "ms"),
                Row("the same, bare library, frames at hand", bare_first_s * MS, "ms"),
                Row("the same for another question about the clip", (follow.times(Token)[0] - follow.begun) * MS, "ms"),
                Row("cancel of an answer, until it is over", self._cancel_answer(at) * MS, "ms"),
                Row("one token", MS / rate, "ms"),
            ]
        return rows

    def _bare_chat(self) -> tuple[float, float]:
        """Seconds to the first token, and tokens a second after it, of transformers alone."""
        import numpy as np
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor

        folder = self._checkpoint(Role.UNDERSTANDING)
        processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
        model = AutoModelForImageTextToText.from_pretrained(
            folder, local_files_only=True, dtype=accelerator.dtype(self._on), device_map={"": self._on}
        ).eval()
        width, height = self._plan.size
        frames = np.random.default_rng(7).integers(0, 256, (self._plan.frames, height, width, 3), dtype=np.uint8)
        asked = [{"role": "user", "content": [{"type": "video"}, {"type": "text", "text": "What happens here?"}]}]
        inputs = processor(
            text=[processor.apply_chat_template(asked, add_generation_prompt=True)],
            videos=[frames],
            video_metadata=[{"fps": 2.0, "total_num_frames": len(frames), "frames_indices": list(range(len(frames)))}],
            do_sample_frames=False,
            return_tensors="pt",
        ).to(self._on, accelerator.dtype(self._on))
        clock = _Clock()
        with torch.inference_mode():
            for _ in range(2):  # the first time warms up
                clock.restart()
                model.generate(**inputs, max_new_tokens=self._plan.tokens, do_sample=False, streamer=clock)
        del model, inputs
        accelerator.free(self._on)
        first, *_, last = clock.times[1:]  # the first of all is the prompt
        return first - clock.begun, (self._plan.tokens - 1) / (last - first)

    def _cancel_answer(self, at: Desk) -> float:
        def once() -> float:
            run = at.begin(self._ask("And now?"))
            at.wait(lambda: len(run.times(Token)) >= 4)
            asked = time.perf_counter()
            at.cancel(run)
            return at.end(run).events[-1][0] - asked

        return statistics.median(once() for _ in range(self._plan.cancels))

    # --- videos ---

    def _videos(self) -> list[Row]:
        bare = self._bare_render()
        with desk(self._config(Role.GENERATION)) as at:
            held = self._held()
            at.end(at.begin(self._render()))
            self._reset_peak()
            run = at.end(at.begin(self._render()))
            rows = self._memory("a video model of 1.3B with its text encoder", at, Role.GENERATION, held)
            (began, first), *_, (ended, last) = run.steps()
            step_s = (ended - began) / (last - first)
            rows += [
                Row("denoising steps each second, over the bare library", bare / step_s, "", "≥ 0.98"),
                Row("one denoising step", step_s * MS, "ms"),
                Row("cancel of a video, until it is over", self._cancel_render(at) * MS, "ms", "≤ one step + 10"),
                *self._checks_between_steps(at, run),
                *self._short_of_memory(at),
            ]
        return rows

    def _bare_render(self) -> float:
        """Seconds a denoising step of diffusers alone."""
        import torch
        from diffusers import AutoencoderKLWan, WanPipeline

        folder = self._checkpoint(Role.GENERATION)
        decoder = AutoencoderKLWan.from_pretrained(folder, subfolder="vae", dtype=torch.float32)
        pipe = WanPipeline.from_pretrained(folder, vae=decoder, dtype=accelerator.dtype(self._on)).to(self._on)
        pipe.set_progress_bar_config(disable=True)
        width, height = self._plan.size
        ticks: list[float] = []

        def tick(pipe: Any, step: int, at: Any, more: dict[str, Any]) -> dict[str, Any]:
            ticks.append(time.perf_counter())
            return more

        for _ in range(2):  # the first time warms up
            ticks.clear()
            pipe(
                prompt=self._prompt,
                width=width,
                height=height,
                num_frames=self._frames(),
                num_inference_steps=self._plan.steps,
                generator=torch.Generator("cpu").manual_seed(7),
                callback_on_step_end=tick,
                output_type="latent",
            )
        del pipe, decoder
        accelerator.free(self._on)
        return (ticks[-1] - ticks[0]) / (len(ticks) - 1)

    def _cancel_render(self, at: Desk) -> float:
        def once() -> float:
            run = at.begin(self._render())
            at.wait(lambda: bool(run.steps()))
            asked = time.perf_counter()
            at.cancel(run)
            return at.end(run).events[-1][0] - asked

        return statistics.median(once() for _ in range(self._plan.cancels))

    def _checks_between_steps(self, at: Desk, alone: Run) -> list[Row]:
        run = at.begin(self._render())
        at.wait(lambda: bool(run.steps()))
        waits = []
        while len(waits) < self._plan.checks and not run.ended:
            waits.append(at.end(at.begin(Moderate(text=SENTENCE))).seconds)
        at.end(run)
        return [
            Row("a check while a video is made, median wait", statistics.median(waits) * MS, "ms"),
            Row("the same, longest", max(waits) * MS, "ms"),
            Row("checks that were made meanwhile", len(waits), ""),
            Row("the video took, over one without checks", run.seconds / alone.seconds, ""),
        ]

    def _short_of_memory(self, at: Desk) -> list[Row]:
        with self._too_little_memory(at):
            short = at.begin(self._render())
            at.wait(lambda: short.ended)
        after = at.end(at.begin(self._render()))
        return [
            Row("attempts at a video that ran out of memory", short.attempts(), "", "2"),
            Row("videos of these that were made in the end", len(short.times(Rendered)), "", "1"),
            Row("that took", short.seconds, "s"),
            Row("attempts at the next one", after.attempts(), "", "1"),
        ]

    @contextmanager
    def _too_little_memory(self, at: Desk) -> Iterator[None]:
        """Three quarters of what a video takes besides the weights; without a GPU one step is refused instead."""
        import torch

        if self._on.type == "cuda":
            total = torch.cuda.mem_get_info(self._on)[1]
            torch.cuda.empty_cache()
            room = torch.cuda.memory_allocated(self._on) + at.runtime.footprints[Role.GENERATION].peak * 3 // 4
            torch.cuda.set_per_process_memory_fraction(room / total, self._on)
            try:
                yield
            finally:
                torch.cuda.set_per_process_memory_fraction(1.0, self._on)
            return

        def refuse() -> None:
            at.before_checkpoint = lambda: None
            raise torch.OutOfMemoryError("none left, as far as this benchmark is concerned")

        at.before_checkpoint = refuse
        yield

    # --- both ---

    def _turns(self) -> list[Row]:
        """On a device with room for one of the two large models."""
        budget = sum(footprint.weights for footprint in self._footprints.values())
        self._reset_peak()
        with desk(self._config(Role.UNDERSTANDING, Role.GENERATION, memory_bytes=budget)) as at:
            at.loads.clear()
            for job in (self._render(), self._ask("What happens here?")):
                at.end(at.begin(job))
            to_video_s, to_chat_s = at.loads[-2:]
        rows = [
            Row("unloading the chat model and loading the video model", to_video_s, "s"),
            Row("and back", to_chat_s, "s"),
        ]
        if self._on.type == "cuda":
            rows.append(
                Row("most memory meanwhile, over what both would take together", self._peak() / budget, "", "< 1")
            )
        return rows

    # --- what all need ---

    def _config(self, *roles: Role, memory_bytes: int = 0) -> RuntimeConfig:
        backends = {
            Role.UNDERSTANDING: ModelChoice(backend="transformers", options={"context": 4096}),
            Role.GENERATION: ModelChoice(
                backend="diffusers",
                options={"steps": self._plan.steps, "size": "{}x{}".format(*self._plan.size)},
            ),
            Role.TEXT_GUARD: ModelChoice(backend="qwen3guard"),
        }
        models = {
            role: msgspec.structs.replace(backends[role], model=str(self._checkpoint(role)))
            for role in (*roles, Role.TEXT_GUARD)
        }
        return RuntimeConfig(models=models, device=str(self._on), memory_bytes=memory_bytes)

    def _checkpoint(self, role: Role) -> Path:
        builders = {
            Role.UNDERSTANDING: large.chat_model,
            Role.GENERATION: large.video_model,
            Role.TEXT_GUARD: large.text_guard,
        }
        folder = self._folder / role.value
        if not folder.exists():
            _say(f"building the model for {role.value} …")
            builders[role](folder, self._plan.shapes, self._on)
            accelerator.free(self._on)
        return folder

    def _film(self) -> Clip:
        import numpy as np

        from engine.media import VideoWriter

        path = self._folder / "clip.mp4"
        width, height = self._plan.size
        noise = np.random.default_rng(7)
        with VideoWriter(str(path), width, height, 8.0) as film:
            for _ in range(8 * self._plan.frames // 2):
                film.write(noise.integers(0, 256, (height, width, 3), dtype=np.uint8))
        return Clip(path=str(path))

    def _ask(self, question: str) -> Understand:
        turn = Turn(role="user", text=question, clips=(self._clip,))
        return Understand(turns=(turn,), frames=self._plan.frames, max_tokens=self._plan.tokens)

    def _render(self) -> Generate:
        width, height = self._plan.size
        out = str(self._folder / "made.mp4")
        return Generate(prompt=self._prompt, out=out, seed=7, seconds=self._plan.seconds, width=width, height=height)

    def _frames(self) -> int:
        """Of a video, as Wan has them: 16 a second, 4k + 1."""
        return round(self._plan.seconds * 16) // 4 * 4 + 1

    def _memory(self, what: str, at: Desk, role: Role, held: int) -> list[Row]:
        """What the ledger says of a model, and what the device counted: `held` bytes when it was loaded."""
        self._footprints |= at.runtime.footprints
        footprint, guard = self._footprints[role], self._footprints[Role.TEXT_GUARD]
        rows = [Row(f"{what}: weights by the ledger", footprint.weights / GIB, "GiB")]
        if self._on.type == "cuda":
            counted = self._peak()
            planned = footprint.weights + guard.weights + footprint.peak
            rows += [
                Row("weights counted by the device, guard included", held / GIB, "GiB"),
                Row("most memory during a job, counted by the device", counted / GIB, "GiB"),
                Row("the same over what the ledger plans for it", counted / planned, "", "≤ 1"),
            ]
        return rows

    def _held(self) -> int:
        import torch

        return int(torch.cuda.memory_allocated(self._on)) if self._on.type == "cuda" else 0

    def _peak(self) -> int:
        import torch

        return int(torch.cuda.max_memory_allocated(self._on))

    def _reset_peak(self) -> None:
        import torch

        if self._on.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._on)


class _Clock:
    """A streamer that only looks at the time."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.begun, self.times = time.perf_counter(), list[float]()

    def put(self, value: Any) -> None:
        self.times.append(time.perf_counter())

    def end(self) -> None:
        pass


def measure(*, toy: bool = False) -> str:
    """A Markdown section with the device's name. Raises `RuntimeError` without a GPU, unless `toy`."""
    import torch

    if not toy and not torch.cuda.is_available():
        raise RuntimeError(NO_GPU)
    accelerator.prepare()
    from diffusers.utils.logging import disable_progress_bar

    disable_progress_bar()
    if toy:
        torch.set_num_threads(1)  # so small tensors are not worth a second one
    on = torch.device("cpu") if toy else accelerator.device()
    name = "the processor, with toy models: these numbers mean nothing" if toy else torch.cuda.get_device_name(on)
    with tempfile.TemporaryDirectory() as folder:
        rows = Bench(Path(folder), TOY if toy else REAL, on).rows()
    remark = (
        f"Random weights in the shapes of real models; torch {torch.__version__}. Checks run through a guard of 0.6B."
    )
    return table(f"Models of real size on {name}", rows, remark)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--toy", action="store_true", help="tiny shapes on the processor, to try the script out")
    try:
        print(measure(toy=parser.parse_args(argv).toy))
    except RuntimeError as error:
        if str(error) != NO_GPU:
            raise
        print(error, file=sys.stderr)
        return 1
    return 0


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
