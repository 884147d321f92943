"""What whoever runs the bot sees of its models, and how they change them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from adapters.base.asking import Author


@dataclass(frozen=True)
class ModelChange:
    """How far a change of models is. `busy` while it goes on; `done` and `total` are bytes; `says` is a sentence."""

    phase: str
    busy: bool
    preset: str = ""
    model: str = ""
    done: int = 0
    total: int = 0
    says: str = ""


@dataclass(frozen=True)
class ModelsNow:
    """What answers now. `lite` says that those are the models that need no download."""

    answering: str
    preset: str
    lite: bool
    presets: tuple[str, ...]
    change: ModelChange


@dataclass(frozen=True)
class ModelsOffer:
    """What would fit this machine: the preset, and its size, time and licence in words. `install` says what has to be
    installed first; else it is empty."""

    preset: str
    says: str
    why: str
    install: str = ""


class ModelDesk(Protocol):
    """For admins. Every method raises `Refusal` for others, and `ValueError` with a sentence for what cannot be."""

    def now(self, author: Author) -> ModelsNow: ...

    async def offer(self, author: Author) -> ModelsOffer:
        """What would fit this machine. The first call may take a minute."""

    def use(self, author: Author, *, preset: str = "", server: str = "", key: str = "", model: str = "") -> ModelsNow:
        """Begin to change to a preset, or to a model server."""

    def cancel(self, author: Author) -> ModelsNow:
        """Stop the change that goes on."""
