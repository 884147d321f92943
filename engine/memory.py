"""Which models stay on the device together, and which has to leave for another: arithmetic over bytes.

Pure, and cheap to import: it knows no torch, loads nothing and measures nothing. The runtime feeds it what was
measured, `doctor` what is expected.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

# The part of a budget that stays empty. torch's allocator keeps memory in blocks of 2 to 20 MiB and hands none of them
# back in pieces, so that what lies between tensors of different sizes is taken and of no use; libraries have workspaces
# of their own besides, which it does not count.
RESERVE = 1 / 20


@dataclass(frozen=True, slots=True)
class Expected:
    """What a model takes, in bytes: `weights` while it is loaded, `peak` on top of that at most while it works.

    A `guard` never leaves, and also works between the steps of another model.
    """

    key: str
    weights: int
    peak: int = 0
    guard: bool = False


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How models share a budget: each key is in one of three groups, in the order they were asked about.

    `together` stay loaded all the time; `turns` are loaded when they are needed and leave for each other; `alone` do
    not fit even when all others that may leave have left, so that they depend on a way of working of their own that
    needs less (offloading). `needed` is what it would take to have all of them together, `usable` what there is.
    """

    together: tuple[str, ...]
    turns: tuple[str, ...]
    alone: tuple[str, ...]
    needed: int
    usable: int


def usable(budget: int) -> int:
    """The bytes of a budget that models may be planned to fill."""
    return budget - int(budget * RESERVE)


def needed(models: Iterable[Expected], running: Expected | None = None) -> int:
    """Bytes taken at most while all of `models` are loaded and `running` works, with a guard between its steps.

    Without `running`: whichever of them works.
    """
    loaded = tuple(models)
    guards = max((model.peak for model in loaded if model.guard), default=0)
    workers = loaded if running is None else (running,)
    return (
        sum(model.weights for model in loaded)
        + guards
        + max((each.peak for each in workers if not each.guard), default=0)
    )


def fits(models: Iterable[Expected], budget: int, running: Expected | None = None) -> bool:
    """Whether these models can be loaded at the same time, and `running` (or any of them) can work then."""
    return needed(models, running) <= usable(budget)


def arrangement(models: Sequence[Expected], budget: int) -> Arrangement:
    """Say beforehand how models will share `budget` bytes. Their keys must differ."""
    fixed = [model for model in models if model.guard]
    alone = {model.key for model in models if not fits({*fixed, model}, budget, model)}
    together = {model.key for model in _together(models, fixed, budget)} - alone
    return Arrangement(
        together=tuple(model.key for model in models if model.key in together),
        turns=tuple(model.key for model in models if model.key not in together | alone),
        alone=tuple(model.key for model in models if model.key in alone),
        needed=needed(models),
        usable=usable(budget),
    )


def _together(models: Sequence[Expected], fixed: Sequence[Expected], budget: int) -> Sequence[Expected]:
    """Those that never have to leave: all, or the fixed ones and what fits beside whichever of the others is there."""
    if fits(models, budget):
        return models
    kept = list(fixed)
    movable = [model for model in models if not model.guard]
    for model in movable:
        beside = [[other] for other in movable if other is not model and other not in kept]
        if all(fits([*kept, model, *other], budget) for other in beside or [[]]):
            kept.append(model)
    return kept


class Ledger:
    """What is loaded, what it takes, and when it was used last. Decides who leaves; does not make anybody leave.

    A model is added with what is expected of it; `record` replaces that by what was measured.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self._models: dict[str, Expected] = {}
        self._loaded: dict[str, None] = {}  # in the order of their last use, the least recent first

    def __getitem__(self, key: str) -> Expected:
        return self._models[key]

    @property
    def loaded(self) -> tuple[str, ...]:
        """The keys of what is loaded, the least recently used first."""
        return tuple(self._loaded)

    @property
    def taken(self) -> int:
        """Bytes that the weights of all loaded models take."""
        return sum(self._models[key].weights for key in self._loaded)

    def add(self, model: Expected) -> None:
        self._models[model.key] = model

    def record(self, key: str, *, weights: int, peak: int) -> None:
        """A model was measured."""
        self._models[key] = replace(self._models[key], weights=weights, peak=peak)

    def use(self, key: str) -> None:
        """A model is loaded, or was just loaded, and works now: it is the last that should leave."""
        self._loaded.pop(key, None)
        self._loaded[key] = None

    def drop(self, key: str) -> None:
        """A model was unloaded."""
        self._loaded.pop(key, None)

    def plan(self, key: str) -> tuple[str, ...]:
        """Which loaded models have to leave before `key` can be loaded, or go on, and work; the first to leave first.

        The least recently used leave first; none leaves that could stay; guards never do. When that is not enough,
        everybody who can leaves, and `key` has to see how it gets along.
        """
        model = self._models[key]
        staying = {each: self._models[each] for each in (*self._loaded, key)}
        leaving: list[str] = []
        for each in self.leavable(key):
            if fits(staying.values(), self.budget, model):
                break
            del staying[each]
            leaving.append(each)
        for each in reversed(leaving.copy()):
            if fits([*staying.values(), self._models[each]], self.budget, model):
                staying[each] = self._models[each]
                leaving.remove(each)
        return tuple(leaving)

    def leavable(self, key: str) -> tuple[str, ...]:
        """All that could leave for `key`, the least recently used first."""
        return tuple(each for each in self._loaded if each != key and not self._models[each].guard)
