"""Backends that do exactly what a test says, in whatever process they run: they are told through job texts and files.

A text is a little program: words separated by blanks, run one after the other. `say:TEXT` yields TEXT, `step` makes a
checkpoint, `touch:PATH` creates a file, `log:PATH` appends a letter, `wait:PATH` steps until the file exists,
`hold:PATH` waits deaf to cancels, `stuck` hangs, `spin` hangs holding the interpreter lock, `raise:NAME` raises,
`die` kills the process, `die-unless:PATH` does so only while PATH is missing (and creates it), `crash` is a
segmentation fault, `modules:PATH` lists the imported modules.
"""

from __future__ import annotations

import builtins
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from engine.backends.base import JobContext
from engine.errors import MissingExtra
from engine.types import Category, Generate, ModelCard, Progress, Rendered, Role, Understand


def run_words(text: str, context: JobContext | None) -> Iterator[str]:
    for word in text.split():
        name, _, value = word.partition(":")
        match name:
            case "say":
                yield value
            case "step":
                _step(context)
            case "touch":
                Path(value).touch()
            case "log":
                with Path(value).open("a") as file:
                    file.write("x")
            case "wait":
                while not Path(value).exists():
                    _step(context)
                    time.sleep(0.001)
            case "hold":  # like `wait`, but deaf
                while not Path(value).exists():
                    time.sleep(0.001)
            case "modules":
                Path(value).write_text("\n".join(sys.modules))
            case "print":
                print(value, flush=True)
            case "stuck":
                while True:
                    time.sleep(60)
            case "spin":  # holds the interpreter lock for longer than anybody waits
                re.match(r"(a+)+$", "a" * 60 + "b")
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "die-unless":
                if not Path(value).exists():
                    Path(value).touch()
                    os.kill(os.getpid(), signal.SIGKILL)
            case "raise":
                raise getattr(builtins, value)("a secret from the prompt")


def _step(context: JobContext | None) -> None:
    if context is not None:
        context.checkpoint()


class Answers:
    """Understanding: runs the words of the last turn."""

    def card(self) -> ModelCard:
        return ModelCard(role=Role.UNDERSTANDING, backend="fake", name="fake answers")

    def load(self) -> None:
        pass

    def answer(self, job: Understand, context: JobContext) -> Iterator[str]:
        yield from run_words(job.turns[-1].text, context)


class Videos:
    """Generation: runs the words of the prompt, then `seconds * 10` steps, then writes the file."""

    def card(self) -> ModelCard:
        return ModelCard(role=Role.GENERATION, backend="fake", name="fake videos")

    def load(self) -> None:
        pass

    def render(self, job: Generate, context: JobContext) -> Rendered:
        for _ in run_words(job.prompt, context):
            pass
        total = round(job.seconds * 10)
        for step in range(1, total + 1):
            context.checkpoint()
            context.emit(Progress(step=step, total=total, label="steps"))
        Path(job.out).write_bytes(b"video")
        return Rendered(
            path=job.out, seed=job.seed or 0, width=job.width, height=job.height, frames=total, fps=10.0, model="fake"
        )


class OtherVideos(Videos):
    """A second model for videos, to be chosen by name."""

    def card(self) -> ModelCard:
        return ModelCard(role=Role.GENERATION, backend="fake", name="other videos")

    def render(self, job: Generate, context: JobContext) -> Rendered:
        return msgspec.structs.replace(super().render(job, context), model="other")


class VideosNotInstalled(Videos):
    def card(self) -> ModelCard:
        return msgspec.structs.replace(super().card(), missing="Install it with: pip install fake")


class TextGuard:
    """Scores the words `score:VALUE`, else 0.1, after running the others."""

    categories = (Category.HARASSMENT, Category.SEXUAL)

    def card(self) -> ModelCard:
        return ModelCard(role=Role.TEXT_GUARD, backend="fake", name="fake text guard", categories=self.categories)

    def load(self) -> None:
        pass

    def score(self, texts: Sequence[str]) -> list[Mapping[Category, float]]:
        return [self._score(text) for text in texts]

    def _score(self, text: str) -> Mapping[Category, float]:
        for _ in run_words(text, None):
            pass
        values = [float(word.removeprefix("score:")) for word in text.split() if word.startswith("score:")]
        return dict.fromkeys(self.categories, values[0] if values else 0.1)


class NotInstalled(Answers):
    def load(self) -> None:
        raise MissingExtra('The fake needs the package “fake”. Install it with: pip install "fake"')


class Unloadable(Answers):
    def load(self) -> None:
        raise RuntimeError("weights are corrupt")


class DiesOnceLoading(Answers):
    """`model` is a file: while it is missing, loading creates it and kills the process."""

    def __init__(self, model: str) -> None:
        self._marker = model

    def load(self) -> None:
        for _ in run_words(f"die-unless:{self._marker}", None):
            pass


class LoadsOnlyWith(Answers):
    """`model` is a file: while it is missing, loading kills the process."""

    def __init__(self, model: str) -> None:
        self._needed = model

    def load(self) -> None:
        if not Path(self._needed).exists():
            os.kill(os.getpid(), signal.SIGKILL)


class SlowLoading(Answers):
    """`model` is a file to wait for."""

    def __init__(self, model: str) -> None:
        self._gate = model

    def load(self) -> None:
        for _ in run_words(f"hold:{self._gate}", None):
            pass
