"""What it costs the honest that posted files are read in processes of their own.

`python -m benchmarks decoding`. Two engines take turns: one whose clips come from decoding processes, and one whose
inference process opens them itself. Every round has new bytes, so that nothing is remembered.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import Row
from benchmarks.sampling import FRAMES, sample_clip
from engine import Engine, EngineSettings
from engine.backends.base import JobContext
from engine.decoding import DecodingPool
from engine.executors.process import ProcessExecutor
from engine.types import (
    Category,
    Clip,
    Inspect,
    ModelCard,
    ModelChoice,
    Moderate,
    Role,
    RuntimeConfig,
    Turn,
    Understand,
)

QUESTION = "What moves?"


class Sampler:
    """A model that looks at its frames and says nothing."""

    def card(self) -> ModelCard:
        return ModelCard(role=Role.UNDERSTANDING, backend="bench", name="sampler")

    def load(self) -> None:
        import engine.media  # noqa: F401 - the first clip should not wait for it

    def answer(self, job: Understand, context: JobContext) -> Iterator[str]:
        from engine.media import open_clip

        with open_clip(job.turns[-1].clips[0].path, context.limits, checkpoint=context.checkpoint) as reader:
            yield str(len(reader.sample(job.frames)))


class Blind:
    """A frame guard that costs nothing."""

    def card(self) -> ModelCard:
        return ModelCard(role=Role.FRAME_GUARD, backend="bench", name="blind", categories=(Category.SEXUAL,))

    def load(self) -> None:
        pass

    def score(self, images: Sequence[Any]) -> list[Mapping[Category, float]]:
        return [{Category.SEXUAL: 0.0} for _ in images]


def rows(rounds: int = 15) -> list[Row]:
    """Median seconds and ratios; the two ways take turns."""
    return asyncio.run(_rows(rounds))


async def _rows(rounds: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        copies = _Copies(sample_clip("bikes.mp4"), Path(folder))
        frames = await _compare(_config("benchmarks.decoding:Sampler"), _sample, copies, rounds)
        asked = await _compare(_config("lite"), _whole_question, copies, max(3, rounds // 3))
    return [
        *_told(f"reading {FRAMES} frames of bikes.mp4", frames),
        *_told("opening, checking and asking about bikes.mp4 (lite)", asked),
    ]


def _told(what: str, taken: list[tuple[float, float]]) -> list[Row]:
    apart = statistics.median(one for one, _ in taken)
    direct = statistics.median(other for _, other in taken)
    return [
        Row(f"{what}, in a decoding process", apart * 1000, "ms"),
        Row(f"{what}, in the inference process", direct * 1000, "ms"),
        Row("more by", statistics.median((one - other) * 1000 for one, other in taken), "ms", "≤ 20"),
        Row("ratio", statistics.median(one / other for one, other in taken), "", "≤ 1.05"),
    ]


async def _compare(
    config: RuntimeConfig, work: Callable[[Engine, Clip], Awaitable[None]], copies: _Copies, rounds: int
) -> list[tuple[float, float]]:
    """Seconds with decoding processes, and without, round by round."""
    settings = EngineSettings()
    pool = DecodingPool(settings.decoding, config.limits)
    apart = Engine(config, settings, ProcessExecutor(config, settings, pool), pool)
    direct = Engine(config, settings, ProcessExecutor(config, settings))
    engines = (apart, direct)
    try:
        for engine in engines:
            await engine.start()
            await work(engine, copies.new())
        taken = []
        for number in range(rounds):
            seconds = {}
            for engine in engines if number % 2 else reversed(engines):
                clip, began = copies.new(), time.perf_counter()
                await work(engine, clip)
                seconds[engine] = time.perf_counter() - began
            taken.append((seconds[apart], seconds[direct]))
        return taken
    finally:
        for engine in engines:
            await engine.stop(grace_s=0.0)


async def _sample(engine: Engine, clip: Clip) -> None:
    await engine.run(Understand(turns=(Turn(role="user", text="", clips=(clip,)),), frames=FRAMES), request=clip.path)


async def _whole_question(engine: Engine, clip: Clip) -> None:
    """What the bot does with a question about a clip."""
    await engine.run(Inspect(clip=clip), request=clip.path, system=True)
    await engine.run(Moderate(clips=(clip,)), request=clip.path, system=True)
    asked = Understand(turns=(Turn(role="user", text=QUESTION, clips=(clip,)),), frames=FRAMES)
    await engine.run(asked, request=clip.path)


def _config(understanding: str) -> RuntimeConfig:
    return RuntimeConfig(
        models={
            Role.UNDERSTANDING: ModelChoice(backend=understanding),
            Role.FRAME_GUARD: ModelChoice(backend="benchmarks.decoding:Blind"),
        }
    )


class _Copies:
    """The same pictures in other bytes, each time: a box that says nothing is added."""

    def __init__(self, source: Path, folder: Path) -> None:
        self._data = source.read_bytes()
        self._folder = folder
        self._number = 0

    def new(self) -> Clip:
        self._number += 1
        path = self._folder / f"{self._number}.mp4"
        path.write_bytes(self._data + (16).to_bytes(4, "big") + b"free" + self._number.to_bytes(8, "big"))
        return Clip(path=str(path))
