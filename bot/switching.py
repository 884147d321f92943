"""Changing the models of a running bot: fetch what is missing, try it, let it take over, and keep the choice.

One change at a time. Whatever goes wrong, the models that answer now go on. It knows no page and no terminal.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from dataclasses import replace
from enum import StrEnum
from typing import Protocol

import msgspec

from bot import chosen, models
from bot.chosen import Choice, Server
from bot.config import Config
from bot.errors import BadInput
from bot.models import Sum
from bot.outlook import outlook
from bot.words import listing, size, span
from engine.backends.accelerator import SENTENCE
from engine.device import Device, has_packages
from engine.errors import DownloadStopped, EngineError, MissingExtra
from engine.hub import Advance
from engine.presets import AUTO, OWN_MODELS, PRESET_NAMES, Chosen, choose
from engine.servers import Tried, try_server
from engine.settings import Health
from engine.types import ModelCard, Role, RuntimeConfig

log = logging.getLogger(__name__)

_USUAL_SPEED = 10_000_000  # bytes a second, for saying beforehand how long a download takes


class Phase(StrEnum):
    """Where a change of models is. The last three are its ends."""

    IDLE = "idle"
    TRYING = "trying"
    FETCHING = "fetching"
    LOADING = "loading"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


BUSY = frozenset({Phase.TRYING, Phase.FETCHING, Phase.LOADING})


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants: a preset, or a model server by its address, with its key and the name of its model."""

    preset: str = ""
    server: str = ""
    key: str = ""
    model: str = ""

    def __repr__(self) -> str:
        return f"Wish({self.preset or self.server})"  # never the key


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a change is. `done` and `total` are bytes of all that has to be fetched; `says` is a sentence."""

    phase: Phase = Phase.IDLE
    preset: str = ""
    model: str = ""
    done: int = 0
    total: int = 0
    says: str = ""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What would fit this machine. `install` is what has to be installed first, in a sentence; else empty."""

    preset: str
    why: str
    names: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    download_bytes: int = 0
    says: str = ""
    install: str = ""


class Switchable(Protocol):
    """What changes its models: an engine, or what stands in for one."""

    @property
    def cards(self) -> tuple[ModelCard, ...]: ...

    def health(self) -> Health: ...

    async def switch(self, config: RuntimeConfig, *, beside: bool = True) -> None:
        """Raises `EngineError` with the reason when the models do not load."""


class ModelSwitch:
    """Changes the models of one bot. `config` is what it was started with. `live` tells a bot that answers from a
    command that only prepares the next start."""

    def __init__(self, config: Config, engine: Switchable, *, live: bool = True) -> None:
        self._config = config
        self._engine = engine
        self._live = live
        self._task: asyncio.Task[None] | None = None
        self._stop = threading.Event()
        self._progress = Progress()
        self._changed = asyncio.Condition()
        self._offer: asyncio.Task[Offer] | None = None

    # --- what others ask ---

    @property
    def progress(self) -> Progress:
        return self._progress

    @property
    def preset(self) -> str:
        """The preset that answers now; with a server, the preset of everything else."""
        return self._config.models.preset

    @property
    def is_lite(self) -> bool:
        """Whether none of the models that answer now had to be fetched, or is on a server."""
        runtime = self._config.runtime_config()
        return all(
            not choice.model and choice.backend in OWN_MODELS for role in Role for choice in runtime.choices(role)
        )

    def hint(self) -> str:
        """A sentence for who has just met the bot; empty once it has other models than the lite ones."""
        if not self.is_lite:
            return ""
        return "I answer with my lite models so far. Whoever runs me can change that: `gpt4video models use auto`."

    def answering(self) -> str:
        """The names of the models that answer now, in the order of their roles."""
        return listing(list(dict.fromkeys(card.name for card in self._engine.cards)))

    async def offer(self) -> Offer:
        """The preset that fits this machine. The device is looked at once."""
        if self._offer is None or (self._offer.done() and self._offer.exception()):
            self._offer = asyncio.create_task(asyncio.to_thread(offered, self._config))
        return await asyncio.shield(self._offer)

    async def wait(self, after: Progress) -> Progress:
        """The progress, once it is another than `after`."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._progress != after)
        return self._progress

    def use(self, wish: Wish) -> None:
        """Begin. Raises `BadInput` for a wish that means nothing, or while another change goes on."""
        if self._task is not None and not self._task.done():
            raise BadInput("The models are being changed already. Wait until that is done, or stop it.")
        check(wish)
        self._stop = threading.Event()
        self._show(Progress(phase=Phase.TRYING if wish.server else Phase.FETCHING, preset=wish.preset))
        self._task = asyncio.create_task(self._run(wish), name="models")

    def cancel(self) -> None:
        """Stop the change; what was fetched is kept. Does nothing when none goes on."""
        self._stop.set()
        if self._task is not None and self._progress.phase in (Phase.LOADING, Phase.TRYING):
            self._task.cancel()

    async def close(self) -> None:
        """Stop, for the bot stops."""
        self.cancel()
        tasks = [task for task in (self._task, self._offer) if task is not None]
        for task in tasks:
            if task is self._offer:
                task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # --- one change ---

    async def _run(self, wish: Wish) -> None:
        try:
            config, choice, told = await self._settle(wish)
            await self._fetch(config)
            self._show(msgspec.structs.replace(self._progress, phase=Phase.LOADING, says="Loading and checking …"))
            await self._take_over(config)
            said = await asyncio.to_thread(self._keep, choice, wish.key)
        except (asyncio.CancelledError, DownloadStopped):
            kept = " What was fetched is kept." if self._progress.done else ""
            self._end(Phase.CANCELLED, f"Stopped.{kept} {self._goes_on()}")
        except EngineError as error:
            self._end(Phase.FAILED, f"{error} {self._goes_on()}")
        except Exception:
            log.exception("the models could not be changed")
            self._end(Phase.FAILED, f"Something went wrong; the log says what. {self._goes_on()}")
        else:
            when = "Now answering" if self._live else "From the next start on"
            self._end(Phase.DONE, " ".join(filter(None, (f"{when}: {self.answering()}.", told, said))))

    async def _settle(self, wish: Wish) -> tuple[Config, Choice, str]:
        """The configuration that is wished for, and what is worth saying of it."""
        if wish.server:
            tried = await asyncio.to_thread(try_server, wish.server, wish.key, wish.model)
            choice = Choice(preset=self.preset, server=server_of(tried))
            return chosen.with_choice(self._config, choice, key=wish.key), choice, tried.says
        preset = wish.preset
        if preset == AUTO:
            device, best = await asyncio.to_thread(models.examine, self._config)
            if not device.packages:
                raise MissingExtra(best.why)
            preset = best.preset
        choice = Choice(preset=preset)
        config = chosen.with_choice(self._config, choice)
        if models.are_loaded(config.runtime_config()) and not has_packages():
            raise MissingExtra(SENTENCE)  # before gigabytes are fetched that nothing can load
        return config, choice, ""

    async def _fetch(self, config: Config) -> None:
        missing = await asyncio.to_thread(models.missing, config.runtime_config())
        if not missing:
            return
        loop, sums = asyncio.get_running_loop(), Sum(missing)
        preset = config.models.preset

        def show(step: Advance) -> None:
            done, total = sums.add(step)
            news = Progress(phase=Phase.FETCHING, preset=preset, model=step.model, done=done, total=total)
            loop.call_soon_threadsafe(self._show, news)

        await asyncio.to_thread(models.fetch, config, missing, on_progress=show, should_stop=self._stop.is_set)

    async def _take_over(self, config: Config) -> None:
        runtime = config.runtime_config()
        if self._stop.is_set():
            raise DownloadStopped("Stopped.")
        before = os.environ.get(models.PASTED_KEY)
        models.hand_over_key(config)
        try:
            beside = await asyncio.to_thread(self._is_room_for_both, config)
            await self._engine.switch(runtime, beside=beside)
        except BaseException:
            _put_back(before)
            raise
        self._config = config

    def _is_room_for_both(self, config: Config) -> bool:
        """Whether the device holds the models that answer now and these at the same time."""
        ours, theirs = self._config.runtime_config(), config.runtime_config()
        if not (models.are_loaded(ours) and models.are_loaded(theirs)):
            return True
        device, _ = models.examine(config)
        now, then = outlook(ours, device), outlook(theirs, device)
        return now.needed_bytes + then.needed_bytes <= min(now.usable_bytes, then.usable_bytes)

    def _keep(self, choice: Choice, key: str) -> str:
        """Keep the choice for the next start. Returns what has to be said of that."""
        if self._config.models_are_set:
            return (
                "The configuration says which models to use, so the next start takes those: "
                "change it there to stay with these."
            )
        try:
            chosen.write(self._config.state_dir, choice, key=key if choice.server else "")
        except OSError as error:
            return f"This could not be kept for the next start: {error.strerror or error}."
        return ""

    def _goes_on(self) -> str:
        first = next((card.name for card in self._engine.cards), "")
        return f"Nothing has changed: {first} goes on." if first and self._engine.health().ready else ""

    def _end(self, phase: Phase, says: str) -> None:
        log.info("models: %s", says)
        self._show(Progress(phase=phase, preset=self.preset, says=says.strip()))

    def _show(self, progress: Progress) -> None:
        if progress.phase is Phase.FETCHING and self._progress.phase not in BUSY and progress.total:
            return  # news from a thread that are older than the end
        self._progress = progress
        task = asyncio.get_running_loop().create_task(self._tell())
        _TELLING.add(task)
        task.add_done_callback(_TELLING.discard)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


_TELLING: set[asyncio.Task[None]] = set()


def check(wish: Wish) -> None:
    """Raises `BadInput` with a sentence for a wish that means nothing."""
    if bool(wish.preset) == bool(wish.server):
        raise BadInput("Name a preset, or give the address of a model server.")
    if wish.preset and wish.preset not in PRESET_NAMES:
        raise BadInput(f"There is no preset {wish.preset!r}. There are {', '.join(PRESET_NAMES)}.")


def server_of(tried: Tried) -> Server:
    """What is kept of a server that answered."""
    return Server(address=tried.address, model=tried.model, sees=tried.sees)


def offered(config: Config) -> Offer:
    """What would fit this machine. Blocks for seconds."""
    return offer_of(config, *models.examine(config))


def offer_of(config: Config, device: Device, best: Chosen) -> Offer:
    """The same, once the device was looked at."""
    install = "" if device.packages else best.why
    if install:
        best = choose(replace(device, packages=True))
    other = chosen.with_choice(config, Choice(preset=best.preset))
    found = outlook(other.runtime_config(), device)
    total = sum(need.expected_bytes for need in models.missing(other.runtime_config()))
    rows = [row for row in found.rows if row.download_bytes]
    licences = tuple(dict.fromkeys(row.licence for row in rows if row.licence))
    offer = Offer(
        preset=best.preset,
        why=best.why,
        names=tuple(row.card.name for row in rows if row.role is not Role.FRAME_GUARD or len(rows) < 3),
        licences=licences,
        download_bytes=total,
        install=install,
    )
    return msgspec.structs.replace(offer, says=_offer_says(offer, best))


def _offer_says(offer: Offer, best: Chosen) -> str:
    if best.preset == "lite":
        return f"{best.why} The lite models are what fits here."
    time = f", about {span(offer.download_bytes / _USUAL_SPEED)} at 10 MB/s" if offer.download_bytes else ""
    amount = f"{size(offer.download_bytes)} to fetch" if offer.download_bytes else "all of it is here already"
    return f"preset {offer.preset}: {amount}{time}; {listing(list(offer.licences))}"


def _put_back(before: str | None) -> None:
    if before is None:
        os.environ.pop(models.PASTED_KEY, None)
    else:
        os.environ[models.PASTED_KEY] = before
