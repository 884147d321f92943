"""Engines with fake backends, started and stopped for each test, and ways to see what goes on inside."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from engine import Engine, EngineSettings, build_engine
from engine.types import Generate, ModelChoice, Role, RuntimeConfig, Token, Turn, Understand

PATIENCE_S = 20.0  # far beyond anything that works; a test that needs it fails


def fake(name: str, model: str = "") -> ModelChoice:
    return ModelChoice(backend=f"tests.fakes.engine_backends:{name}", model=model)


def config(model: str = "", gallery: Sequence[str] = (), **backends: str) -> RuntimeConfig:
    """`config(understanding="Answers")`: class names of the fakes, by role; `gallery` has more models for videos."""
    return RuntimeConfig(
        models={Role(role): fake(name, model) for role, name in backends.items()},
        more={Role.GENERATION: tuple(fake(name) for name in gallery)} if gallery else {},
    )


class Lab:
    """Builds engines, and stops them at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engines: list[Engine] = []

    def build(
        self,
        kind: Literal["process", "inline"] = "process",
        settings: EngineSettings | None = None,
        model: str = "",
        gallery: Sequence[str] = (),
        **backends: str,
    ) -> Engine:
        chosen = backends or {"understanding": "Answers", "generation": "Videos", "text_guard": "TextGuard"}
        engine = build_engine(config(model, gallery, **chosen), settings or EngineSettings(), executor=kind)
        self.engines.append(engine)
        return engine

    async def start(self, *args: Any, **kwargs: Any) -> Engine:
        engine = self.build(*args, **kwargs)
        async with asyncio.timeout(PATIENCE_S):
            await engine.start()
        return engine

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def open(self, name: str) -> None:
        """Let whoever waits for this file go on."""
        Path(self.path(name)).touch()

    async def seen(self, name: str) -> None:
        """Wait until a job has made this file."""
        await self.until(Path(self.path(name)).exists)

    @staticmethod
    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - another process makes it true
                await asyncio.sleep(0.002)

    def ask(self, *words: str) -> Understand:
        """A question that is a program for the fake; a word that ends with ":" and a name gets the name's full path."""
        return Understand(turns=(Turn(role="user", text=self.words(*words)),))

    def render(self, *words: str, out: str = "out.mp4", seconds: float = 0.5, model: str = "") -> Generate:
        """`model` is the class name of a fake."""
        backend = fake(model).backend if model else ""
        return Generate(prompt=self.words("step", *words), out=self.path(out), seconds=seconds, model=backend)

    def words(self, *words: str) -> str:
        def place(word: str) -> str:
            name, _, value = word.partition(":")
            files = ("touch", "wait", "hold", "log", "die-unless", "modules")
            return f"{name}:{self.path(value)}" if name in files else word

        return " ".join(place(word) for word in words)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    made = Lab(tmp_path)
    yield made
    for engine in made.engines:
        pid = engine.health().pid
        async with asyncio.timeout(PATIENCE_S):
            await engine.stop(grace_s=0.0)
        assert pid is None or not alive(pid)


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.fixture
def is_alive() -> Callable[[int], bool]:
    return alive


@pytest.fixture
def text_of() -> Callable[[list[Any]], str]:
    return lambda events: "".join(event.text for event in events if isinstance(event, Token))
