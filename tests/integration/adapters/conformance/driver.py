"""What a platform has to offer so that the same scenarios can be played on it: people act, and look at what there is.

A driver knows its platform and no scenario. What a platform has not got by design stands in `lacks`, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from adapters.base import Adapter, AdminDesk, Handler
from adapters.shared.actions import Action

T = TypeVar("T")
Clip = tuple[str, bytes]

STRANGERS = "strangers"  # others who read along, or press what is not theirs
MENTIONS = "mentions"  # words that call somebody


@dataclass(frozen=True)
class Shown:
    """One message of the bot as it is seen now: its words, the names of its files, and what can be pressed under it.

    `native` is the platform's own thing.
    """

    text: str
    files: tuple[str, ...]
    actions: frozenset[Action]
    native: Any = None


class Driver(Protocol):
    """People are "ann", who asks, and "bob", who is a stranger to her questions and no moderator."""

    name: str
    lacks: Mapping[str, str]
    adapter: Adapter | None

    async def open(self) -> None:
        """Make the platform, with its people and a place to talk."""

    async def close(self) -> None:
        """Take the platform away, and say (by failing) what was done on it that it would not have taken."""

    async def start(self, handler: Handler, desk: AdminDesk, folder: Path) -> None:
        """Start an adapter; return once it hears what people do."""

    async def stop(self) -> None:
        """Stop that adapter. The platform, and what is shown on it, stays."""

    async def ask(self, text: str, *clips: Clip) -> Any:
        """Ann asks the bot in the place. Returns something for `redeliver`."""

    async def redeliver(self, asked: Any) -> None:
        """The platform hands the same event over once more."""

    async def generate(self, prompt: str) -> None:
        """Ann uses `/generate`."""

    async def press(self, action: Action, who: str = "ann") -> None:
        """Somebody presses the newest button of this kind that they see."""

    def shown(self) -> list[Shown]:
        """The bot's messages in the place as everybody there sees them, oldest first."""

    def whispered(self, to: str = "ann") -> str:
        """All that the bot said to one person so that nobody else can read it."""

    async def fetch(self, shown: Shown, file: str) -> tuple[bytes, str]:
        """A file of a message, as a person's client gets it, and the type that it is announced as."""

    def called(self) -> set[str]:
        """Whom the words of the bot's messages call."""

    async def kept(self) -> str:
        """What the bot says that it keeps of Ann in the place, or everything that it shows of it."""

    async def forget(self) -> None:
        """Ann has the bot delete that, and confirms it where she is asked. Returns once it is done."""

    async def until(self, wanted: Callable[[], T], what: str) -> T:
        """The first true value of `wanted`, looked at after every change of what is shown. Fails with `what`."""
