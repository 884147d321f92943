"""The assistant with a scripted engine, a real SQLite store, and a message that remembers how it looked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from adapters.base import Author, GenerateCommand, Message, Place, View
from bot.answering import Answering, AnswerSettings
from bot.assistant import Assistant, Permissions
from bot.desk import Desk
from bot.files import Shelf
from bot.making import GenerationDefaults, Making
from bot.safety import Action, Limit, Safety
from bot.store import Store
from engine.types import Category
from tests.fakes.engine import ScriptedEngine

ANN = Author("ann", "Ann")
ADMIN = Author("root", "Root", is_admin=True)
ROOM = Place(platform="test", community="guild", channel="general", upload_limit=1000)


class Posted:
    """A small attachment."""

    content_type = "video/mp4"

    def __init__(self, name: str = "bikes.mp4", data: bytes = b"clip") -> None:
        self.name, self.size, self._data = name, len(data), data

    async def read(self) -> AsyncIterator[bytes]:
        yield self._data


class Slip:
    """A reply that keeps every view it was shown."""

    def __init__(self, ref: str = "slip") -> None:
        self.ref = ref
        self.views: list[View] = []
        self.broken: Exception | None = None
        self.refused = asyncio.Event()
        self._changed = asyncio.Condition()

    async def show(self, view: View) -> None:
        if self.broken is not None:
            self.refused.set()
            raise self.broken
        async with self._changed:
            self.views.append(view)
            self._changed.notify_all()

    async def until(self, wanted: Callable[[View], bool]) -> View:
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(lambda: any(wanted(view) for view in self.views))
        return next(view for view in self.views if wanted(view))

    async def end(self) -> View:
        return await self.until(lambda view: view.state.final)


@dataclass
class House:
    """Everything around one assistant."""

    folder: Path
    store: Store
    engine: ScriptedEngine = field(default_factory=ScriptedEngine)
    permissions: Permissions = field(default_factory=Permissions)
    action: Action = Action.BLOCK
    numbers: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.shelf = Shelf(self.folder / "clips", self.folder / "videos", max_bytes=1000)
        self.shelf.prepare()
        self.open()

    def open(self) -> None:
        """Build the assistant anew, as a restart does."""
        limits = {category: Limit(0.7, self.action) for category in Category}
        engine: Any = self.engine
        self.safety = Safety(engine, self.store, limits)
        self.desk = Desk(self.store, self.safety, self.shelf)
        making = Making(engine, self.shelf, GenerationDefaults())
        self.assistant = Assistant(
            store=self.store,
            safety=self.safety,
            shelf=self.shelf,
            answering=Answering(engine, self.store, self.shelf, making, AnswerSettings()),
            making=making,
            permissions=self.permissions,
        )

    async def ask(
        self,
        text: str,
        *files: Posted,
        author: Author = ANN,
        place: Place = ROOM,
        event: str = "",
        slip: Slip | None = None,
    ) -> Slip:
        slip = slip or Slip()
        event = event or f"event-{next(self.numbers)}"
        await self.assistant.message(Message(event, author, place, text, files), slip)
        return slip

    async def generate(self, prompt: str, *, author: Author = ANN, place: Place = ROOM, **options: Any) -> Slip:
        slip = Slip()
        command = GenerateCommand(f"event-{next(self.numbers)}", author, place, prompt, **options)
        await self.assistant.generate(command, slip)
        return slip

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file() and "bot.db" not in path.name)
