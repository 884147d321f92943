"""The assistant with a scripted engine, a real store, and a platform of memory around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from adapters.base import Author, Change, GenerateCommand, Message, Place, RemakeCommand, Scope, Wants
from bot.access import Access, Defaults
from bot.answering import Answering, AnswerSettings
from bot.assistant import Assistant
from bot.cases import Cases
from bot.desk import Desk
from bot.files import Shelf
from bot.making import GenerationDefaults, Making
from bot.pauses import Pauses
from bot.safety import Action, Limit, Safety
from bot.store import Store
from engine.types import Category
from tests.fakes.engine import ScriptedEngine
from tests.fakes.platform import Platform, Posted, Slip

__all__ = ["ADMIN", "ANN", "BOB", "GUILD", "MODERATOR", "ROOM", "House", "Platform", "Posted", "Slip", "Ticking"]

ANN = Author("ann", "Ann")
BOB = Author("bob", "Bob")
ADMIN = Author("root", "Root", is_admin=True)
MODERATOR = Author("mo", "Mo", is_moderator=True)
ROOM = Place(platform="test", community="guild", channel="general", upload_limit=1000)
GUILD = Scope("test", "guild")


class Ticking:
    """A clock that moves when it is told to: a time of day for quotas, and for the assistant seconds, which move a
    little with every look at them."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    def __call__(self) -> float:
        self.now += timedelta(milliseconds=1)
        return self.now.timestamp()

    def day(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class House:
    """Everything around one assistant. `open()` builds it anew, as a restart does; `start()` goes on as one does."""

    folder: Path
    store: Store
    engine: ScriptedEngine = field(default_factory=ScriptedEngine)
    defaults: Defaults = field(default_factory=Defaults)
    answers: AnswerSettings = field(default_factory=AnswerSettings)
    generation: GenerationDefaults = field(default_factory=GenerationDefaults)
    action: Action = Action.BLOCK
    limits: dict[Category, Limit] = field(default_factory=dict)  # instead of 0.7 everywhere
    clock: Ticking = field(default_factory=Ticking)
    platform: Platform = field(default_factory=Platform)
    late: Pauses = field(default_factory=lambda: Pauses(0.01, 0.05))
    away: Pauses = field(default_factory=lambda: Pauses(0.01, 0.05))
    numbers: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.shelf = Shelf(self.folder / "clips", self.folder / "videos", max_bytes=1000)
        self.shelf.prepare()
        self.open()

    def open(self) -> None:
        """Build the assistant anew, as a restart does."""
        limits = {category: Limit(0.7, self.action) for category in Category} | self.limits
        engine: Any = self.engine
        self.safety = Safety(engine, self.store, limits)
        self.access = Access(self.store, self.defaults, clock=self.clock.day)
        making = Making(engine, self.shelf, self.generation)
        self.assistant = Assistant(
            store=self.store,
            engine=engine,
            safety=self.safety,
            shelf=self.shelf,
            access=self.access,
            answering=Answering(engine, self.store, self.shelf, making, self.answers),
            making=making,
            clock=self.clock,
            late=self.late,
            away=self.away,
        )
        self.cases: Cases = self.assistant.cases
        self.desk = Desk(
            self.store,
            self.safety,
            self.shelf,
            access=self.access,
            cases=self.cases,
            models=lambda: self.assistant.models(Wants.GENERATE),
        )

    async def start(self, platform: Platform | None = None) -> Platform:
        """Go on with what an earlier process left, on this platform."""
        self.platform = platform or self.platform
        await self.assistant.resume({"test": self.platform})
        await self.cases.drain(5)
        return self.platform

    async def ask(
        self,
        text: str,
        *files: Posted,
        author: Author = ANN,
        place: Place = ROOM,
        event: str = "",
        slip: Slip | None = None,
        **options: Any,
    ) -> Slip:
        slip = slip or Slip()
        event = event or f"event-{next(self.numbers)}"
        await self.assistant.message(Message(event, author, place, text, files, **options), slip)
        return slip

    async def generate(
        self, prompt: str, *files: Posted, author: Author = ANN, place: Place = ROOM, **options: Any
    ) -> Slip:
        slip = Slip()
        command = GenerateCommand(f"event-{next(self.numbers)}", author, place, prompt, attachments=files, **options)
        await self.assistant.generate(command, slip)
        return slip

    async def remake(
        self, request: str, change: Change, prompt: str = "", *, author: Author = ANN, place: Place = ROOM
    ) -> Slip:
        slip = Slip()
        command = RemakeCommand(f"event-{next(self.numbers)}", author, place, request, change, prompt)
        await self.assistant.remake(command, slip)
        return slip

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file() and "bot.db" not in path.name)

    def job(self, kind: type[Any], index: int = -1) -> Any:
        """One of the jobs that the engine was given, the latest by default."""
        return self.engine.of(kind)[index]
