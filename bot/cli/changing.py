"""`gpt4video models use`: a running bot changes its models while the terminal shows how far it is; without one the
models are fetched, loaded once to see that they work, and kept for the next start."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

from bot import controls
from bot.cli.common import DONE, ENGINE_FAILURE, INTERRUPTED
from bot.config import Config
from bot.switching import BUSY, ModelSwitch, Phase, Progress, Wish
from engine import build_engine
from engine.settings import Health
from engine.types import ModelCard, RuntimeConfig

_CODES = {Phase.DONE: DONE, Phase.CANCELLED: INTERRUPTED}
_LINE_EVERY = 10  # percent


async def change(config: Config, wish: Wish) -> int:
    """Do it, here or in the bot that runs. Returns the exit code; the last sentence says what came of it."""
    console = Console(stderr=True, highlight=False)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)

    async def stopped() -> None:
        await stop.wait()

    running = await controls.ask(config.bot.data_dir, wish, stop=stopped)
    steps = running if running is not None else _alone(config, wish, stop)
    last = Progress()
    with _shown(console) as show:
        async for last in steps:
            show(last)
    console.print(last.says, markup=False, soft_wrap=True)
    return _CODES.get(last.phase, ENGINE_FAILURE)


async def _alone(config: Config, wish: Wish, stop: asyncio.Event) -> AsyncIterator[Progress]:
    """The same change where no bot runs."""
    switch = ModelSwitch(config, Rehearsal(), live=False)
    stopping = asyncio.create_task(_cancel_once(stop, switch))
    try:
        switch.use(wish)
        progress = switch.progress
        yield progress
        while progress.phase in BUSY:
            progress = await switch.wait(progress)
            yield progress
    finally:
        stopping.cancel()
        await switch.close()


class Rehearsal:
    """Loads models once, to see that they do."""

    def __init__(self) -> None:
        self._cards: tuple[ModelCard, ...] = ()

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        return self._cards

    def health(self) -> Health:
        """Nothing answers here."""
        return Health(ready=False, pid=None, restarts=0, running=0, queued=0, breaker_open=False)

    async def switch(self, config: RuntimeConfig, *, beside: bool = True) -> None:
        """Raises what `Engine.start` raises."""
        engine = build_engine(config)
        try:
            await engine.start()
            self._cards = engine.cards
        finally:
            await engine.stop(0.0)


async def _cancel_once(stop: asyncio.Event, switch: ModelSwitch) -> None:
    await stop.wait()
    switch.cancel()


class _shown:  # noqa: N801 - used like a function
    """Shows progress: bars for who watches, lines for a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: tuple[object, ...] = ()
        self._bars: Bars | None = None

    def __enter__(self) -> Callable[[Progress], None]:
        if not self._console.is_terminal:
            return self._line
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
        )
        self._bars.start()
        self._bar = self._bars.add_task("Beginning …", total=None)
        return self._draw

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def _draw(self, progress: Progress) -> None:
        assert self._bars is not None
        known = progress.total or None
        self._bars.update(self._bar, description=_label(progress), total=known, completed=progress.done)

    def _line(self, progress: Progress) -> None:
        percent = 100 * progress.done // max(progress.total, 1) // _LINE_EVERY * _LINE_EVERY
        news = (progress.phase, progress.model, percent)
        if progress.phase not in BUSY or news == self._said:
            return
        self._said = news
        amount = f", {percent} % of {decimal(progress.total)}" if progress.total else ""
        self._console.print(f"{_label(progress)}{amount}", markup=False, soft_wrap=True)


def _label(progress: Progress) -> str:
    match progress.phase:
        case Phase.TRYING:
            return "Trying the server …"
        case Phase.FETCHING:
            return f"Fetching {progress.model}" if progress.model else "Asking what is here …"
        case _:
            return "Loading and checking …"
