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
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import msgspec

from engine.backends.base import Footprint, JobContext
from engine.errors import MissingExtra
from engine.types import (
    Category,
    Clip,
    Generate,
    ModelCard,
    ModelChoice,
    Progress,
    Rendered,
    Role,
    RuntimeConfig,
    Transcribed,
    Understand,
    Utterance,
)


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


class OtherAnswers(Answers):
    def card(self) -> ModelCard:
        return msgspec.structs.replace(super().card(), name="other answers")


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


class SlowToLoad(SlowLoading):
    """Notes beside that file which process loads it."""

    def card(self) -> ModelCard:
        return msgspec.structs.replace(super().card(), name="slow to load")

    def load(self) -> None:
        note = Path(f"{self._gate}.note")
        note.write_text(str(os.getpid()))
        note.replace(f"{self._gate}.began")
        super().load()


# --- models that take memory: of a device that exists only in this process ---


class OutOfMemoryError(RuntimeError):
    """What torch raises is known by this name."""


class AcceleratorError(RuntimeError):
    """What torch raises once the device is of no use any more, likewise."""


class Device:
    """Counts bytes, and refuses what it has not got. `most` is the highest it ever held."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self.capacity = 0
        self.most = 0

    @property
    def taken(self) -> int:
        return sum(self.held.values())

    def take(self, name: str, size: int) -> None:
        if self.taken - self.held.get(name, 0) + size > self.capacity:
            raise OutOfMemoryError(f"tried to allocate {size} bytes; a secret from the prompt")
        self.held[name] = size
        self.most = max(self.most, self.taken)

    def give(self, name: str) -> None:
        self.held.pop(name, None)


DEVICE = Device()  # as large as the configuration's `memory_bytes`, for the models of the last one built


class Resident:
    """Takes `weights` bytes while loaded and `peak` while it works, as its options say; `expected` is what it says of
    its weights before. `journal` is a file: each thing that happens to the model is a line there. Loading waits for the
    file `gate`.

    A job's word `need:BYTES` takes that much; once relieved, the model makes do with a quarter, if it is `thrifty`.
    Words for what goes wrong: `oom`, `lost`. The option `fails` names what raises: "load", "unload".
    """

    role = Role.UNDERSTANDING
    categories: tuple[Category, ...] = ()

    def __init__(self, choice: ModelChoice, device: Device) -> None:
        options = choice.options
        self._device = device
        self._name = choice.key
        self._weights = int(options.get("weights", 0))
        self._expected = int(options.get("expected", self._weights))
        self._peak = int(options.get("peak", 0))
        self._journal = str(options.get("journal", ""))
        self._fails = str(options.get("fails", "")).split()
        self._gate = str(options.get("gate", ""))
        self._share = 1.0
        self._thrifty = bool(options.get("thrifty", False))
        self._loaded = False

    @classmethod
    def build(cls, choice: ModelChoice, config: RuntimeConfig) -> Self:
        DEVICE.capacity = config.memory_bytes
        return cls(choice, DEVICE)

    def card(self) -> ModelCard:
        return ModelCard(role=self.role, backend="fake", name=self._name, categories=self.categories)

    def load(self) -> None:
        self._note("load")
        if self._gate:
            for _ in run_words(f"hold:{self._gate}", None):
                pass
        self._device.take(self._name, self._weights)
        if "load" in self._fails:
            raise RuntimeError("weights are corrupt")
        self._loaded = True

    def unload(self) -> None:
        self._note("unload")
        self._loaded = False
        if "unload" in self._fails:
            raise RuntimeError("it will not go")
        self._device.give(self._name)

    def footprint(self) -> Footprint:
        return Footprint(self._weights if self._loaded else self._expected, self._peak)

    def relieve(self) -> bool:
        self._note("relieve")
        self._share = 0.25 if self._thrifty else 1.0
        return self._thrifty

    def work(self, text: str, context: JobContext | None) -> Iterator[str]:
        assert self._loaded, f"{self._name} works without being loaded"
        self._note("work")
        latents = f"{self._name}'s job"
        try:
            self._device.take(latents, self._peak)
            for word in text.split():
                match word.split(":"):
                    case ["need", size]:
                        self._device.take(latents, int(int(size) * self._share))
                        self._peak = max(self._peak, self._device.held[latents])
                    case ["oom"]:
                        raise OutOfMemoryError("a secret from the prompt")
                    case ["lost"]:
                        raise AcceleratorError("CUDA error: an illegal memory access was encountered")
                    case _:
                        yield from run_words(word, context)
                assert self._loaded, f"{self._name} was unloaded while it worked"
        finally:
            self._device.give(latents)

    def _note(self, what: str) -> None:
        if self._journal:
            with Path(self._journal).open("a") as file:
                file.write(f"{what} {self._name}\n")


class ResidentAnswers(Resident):
    def answer(self, job: Understand, context: JobContext) -> Iterator[str]:
        yield from self.work(job.turns[-1].text, context)


class ResidentVideos(Resident):
    role = Role.GENERATION

    def render(self, job: Generate, context: JobContext) -> Rendered:
        for _ in self.work(job.prompt, context):
            pass
        Path(job.out).write_bytes(b"video")
        return Rendered(path=job.out, seed=0, width=64, height=64, frames=1, fps=1.0, model=self._name)


class ResidentSpeech(Resident):
    """Hears the clip's name."""

    role = Role.SPEECH

    def transcribe(self, clip: Clip, context: JobContext) -> Transcribed:
        text = "".join(self.work(clip.name, context))
        return Transcribed(utterances=(Utterance(start_s=0.0, end_s=1.0, text=text),))


class ResidentGuard(Resident):
    role = Role.TEXT_GUARD
    categories = (Category.HARASSMENT,)

    def score(self, texts: Sequence[str]) -> list[Mapping[Category, float]]:
        for text in texts:
            for _ in self.work(text, None):
                pass
        return [{Category.HARASSMENT: 0.1} for _ in texts]


class JudgingGuard(ResidentGuard):
    """Looks through the model for questions, which must be there whenever it is asked."""

    def attach(self, find: Callable[[Role], Any | None]) -> None:
        self._note("attach")
        self._model = find(Role.UNDERSTANDING)

    def score(self, texts: Sequence[str]) -> list[Mapping[Category, float]]:
        assert self._model is not None
        for _ in self._model.work("say:checked", None):
            pass
        return super().score(texts)
