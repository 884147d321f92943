"""Fetching models in a terminal: a bar for the file and one for everything, or plain lines when nobody watches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from bot import models
from bot.config import Config
from bot.models import Need, Sum
from engine.errors import DownloadStopped, HubUnreachable
from engine.hub import Advance, Held
from engine.presets import AUTO

_LINE_EVERY = 10  # percent of a model


def prepare(config: Config, console: Console | None = None) -> Config:
    """Settle the preset and fetch what is missing. Raises what `bot.models.fetch` raises."""
    console = console or Console(stderr=True, highlight=False)
    if config.models.preset == AUTO:
        with _waiting(console, "Looking for a GPU …"):
            _, best = models.examine(config)
        config = models.settled(config, best)
        console.print(f"The preset auto is {best.preset} here. {best.why}", markup=False, soft_wrap=True)
    models.hand_over_key(config)
    wanted = models.missing(config.runtime_config())
    if wanted and config.models.offline:
        names = ", ".join(need.model for need in wanted)
        raise HubUnreachable(
            f"Not on this machine: {names}. Nothing is fetched, because models.offline is set. Unset it, or run this "
            f"where there is a network and copy {config.models_dir}: gpt4video models pull {' '.join(_named(wanted))}"
        )
    if wanted:
        fetch(config, wanted, console)
    return config


def fetch(config: Config, wanted: Sequence[Need], console: Console, *, update: bool = False) -> tuple[Held, ...]:
    """Fetch models with bars or lines. Raises what `bot.models.fetch` raises; Ctrl+C is `DownloadStopped`."""
    view = _Bars(console, wanted) if console.is_terminal else _Lines(console, wanted)
    try:
        with view.shown():
            return models.fetch(config, wanted, update=update, on_progress=view.show)
    except KeyboardInterrupt:
        raise DownloadStopped(
            "The download was stopped. What has arrived is kept: the next one goes on from there."
        ) from None


@contextmanager
def _waiting(console: Console, line: str) -> Iterator[None]:
    if not console.is_terminal:
        yield
        return
    with console.status(line):
        yield


def _named(wanted: Iterable[Need]) -> list[str]:
    return [f"{need.model}@{need.revision}" if need.revision and not need.pin else need.model for need in wanted]


class _Bars:
    def __init__(self, console: Console, wanted: Sequence[Need]) -> None:
        self._sum = Sum(wanted)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
        )
        self._file = self._progress.add_task("Asking the hub …", total=None)
        self._all = self._progress.add_task("everything", total=None)
        self._current = ("", "")

    @contextmanager
    def shown(self) -> Iterator[None]:
        with self._progress:
            yield

    def show(self, step: Advance) -> None:
        if (step.model, step.file) != self._current:
            self._current = step.model, step.file
            name = f"{step.model.rpartition('/')[2]}  {step.file.rpartition('/')[2]}"
            self._progress.reset(self._file, total=step.file_total, completed=step.file_done, description=name)
        self._progress.update(self._file, completed=step.file_done)
        done, total = self._sum.add(step)
        self._progress.update(self._all, completed=done, total=total)


class _Lines:
    def __init__(self, console: Console, wanted: Sequence[Need]) -> None:
        self._console = console
        self._told: dict[str, int] = {}  # percent, by model

    @contextmanager
    def shown(self) -> Iterator[None]:
        yield

    def show(self, step: Advance) -> None:
        percent = 100 * step.done // max(step.total, 1) // _LINE_EVERY * _LINE_EVERY
        if step.model not in self._told:
            self._say(f"Fetching {step.model}, {decimal(step.total)} …")
            self._told[step.model] = percent
        elif percent > self._told[step.model]:
            self._say(f"  {percent} % of {step.model}")
            self._told[step.model] = percent

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)
