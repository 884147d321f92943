"""What a configuration's models will be like on this machine: which are here, and how they share the device's memory.

It adds up what is known beforehand and loads nothing; what was measured is the engine's to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bot.models import find, need_of
from engine.device import Device
from engine.hub import Held, is_folder
from engine.memory import Arrangement, Expected, arrangement, fits
from engine.presets import JUDGES, REMOTE_MODELS, WORK, memory_of, pin_of
from engine.registry import choices, model_cards
from engine.types import HubSettings, ModelCard, ModelChoice, Role, RuntimeConfig


class Files(StrEnum):
    """Where a model's files are."""

    OWN = "own"  # in an installed package, or there are none
    HERE = "here"
    MISSING = "missing"
    ELSEWHERE = "elsewhere"  # on a server


class Fit(StrEnum):
    """How a model gets its place on the device."""

    NONE = ""  # it needs none, or nothing is known of it
    YES = "yes"
    TURNS = "in turns"  # others leave for it
    PARTS = "in parts"  # it comes and goes in parts, which is slower
    NO = "no"


@dataclass(frozen=True, slots=True)
class Row:
    """A model, as `models list` and `doctor` show it."""

    role: Role
    backend: str
    card: ModelCard
    licence: str
    files: Files
    download_bytes: int
    memory_bytes: int
    revision: str
    gated: bool
    fit: Fit


@dataclass(frozen=True, slots=True)
class Outlook:
    """All models of a configuration, and the sums."""

    rows: tuple[Row, ...]
    needed_bytes: int
    usable_bytes: int

    @property
    def missing(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.files is Files.MISSING)

    def that(self, fit: Fit) -> list[str]:
        """The names of the models that get their place in this way."""
        return [row.card.name for row in self.rows if row.fit is fit]


def outlook(runtime: RuntimeConfig, device: Device) -> Outlook:
    """Look at every model of a configuration. Raises what `engine.registry.model_cards` raises."""
    chosen = choices(runtime)
    staying = _staying(runtime)
    known = ((number, _expected(number, *pair, runtime.hub, device, staying)) for number, pair in enumerate(chosen))
    expected = {number: each for number, each in known if each is not None}
    budget = min(runtime.memory_bytes or device.memory_bytes, device.memory_bytes)
    shares = arrangement(tuple(expected.values()), budget)
    rows = []
    for number, ((role, choice), card) in enumerate(zip(chosen, model_cards(runtime), strict=True)):
        pin = pin_of(choice.model)
        held = _held(role, choice, runtime.hub)
        model = expected.get(number)
        rows.append(
            Row(
                role=role,
                backend=choice.backend,
                card=card,
                licence=card.licence or (held.licence if held else ""),
                files=_files(role, choice, runtime.hub),
                download_bytes=pin.download_bytes if pin else card.download_bytes,
                memory_bytes=model.weights if model else 0,
                revision=held.commit if held else _revision(role, choice),
                gated=bool(pin and pin.gated),
                fit=_fit(model, shares, [*expected.values()], choice, device, budget) if model else Fit.NONE,
            )
        )
    return Outlook(tuple(rows), shares.needed, shares.usable)


def _staying(runtime: RuntimeConfig) -> tuple[Role, ...]:
    """The roles whose models never leave the device: guards, and the model that one of them looks through."""
    guards = (Role.TEXT_GUARD, Role.FRAME_GUARD)
    judging = any(choice.backend in JUDGES for role in guards for choice in runtime.choices(role))
    return (*guards, Role.UNDERSTANDING) if judging else guards


def _expected(
    number: int, role: Role, choice: ModelChoice, hub: HubSettings, device: Device, staying: tuple[Role, ...]
) -> Expected | None:
    weights = _weights(role, choice, hub, device)
    return Expected(str(number), weights, WORK[role], guard=role in staying) if weights else None


def _weights(role: Role, choice: ModelChoice, hub: HubSettings, device: Device) -> int:
    """Bytes on the device: what is known of the model, else what its files weigh, else 0."""
    if pin := pin_of(choice.model):
        return memory_of(pin, device)
    if choice.model and is_folder(choice.model):
        return sum(file.stat().st_size for file in Path(choice.model).rglob("*.safetensors"))
    if held := _held(role, choice, hub):
        return sum(file.size for file in held.files if file.path.endswith(".safetensors"))
    return 0


def _fit(
    model: Expected, shares: Arrangement, others: list[Expected], choice: ModelChoice, device: Device, budget: int
) -> Fit:
    if model.key in shares.together:
        return Fit.YES
    if model.key in shares.turns:
        return Fit.TURNS
    pin = pin_of(choice.model)
    if pin is None or pin.least_bytes == pin.memory_bytes or device.kind != "cuda":
        return Fit.NO
    part = Expected(model.key, pin.least_bytes, model.peak)
    return Fit.PARTS if fits([*(other for other in others if other.guard), part], budget, part) else Fit.NO


def _files(role: Role, choice: ModelChoice, hub: HubSettings) -> Files:
    if choice.backend in REMOTE_MODELS:
        return Files.ELSEWHERE
    if choice.model and is_folder(choice.model):
        return Files.HERE if Path(choice.model).is_dir() else Files.MISSING
    if need_of(role, choice) is None:
        return Files.OWN
    return Files.HERE if _held(role, choice, hub) else Files.MISSING


def _held(role: Role, choice: ModelChoice, hub: HubSettings) -> Held | None:
    need = need_of(role, choice)
    return find(need, hub) if need else None


def _revision(role: Role, choice: ModelChoice) -> str:
    """What would be asked for."""
    return choice.revision if need_of(role, choice) else ""
