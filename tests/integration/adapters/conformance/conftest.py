"""One scene for every platform: the real application with a scripted engine and a real store, and people around it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Message, Reply
from adapters.discord import reply as discord_reply
from adapters.shared.actions import Action
from adapters.slack import reply as slack_reply
from bot.store import Store, migrate
from tests.fakes.engine import ScriptedEngine
from tests.fakes.house import House
from tests.integration.adapters.conformance.discord_driver import DiscordDriver
from tests.integration.adapters.conformance.driver import Driver, Shown
from tests.integration.adapters.conformance.slack_driver import SlackDriver
from tests.integration.adapters.conformance.web_driver import WebDriver

DRIVERS: dict[str, Callable[[], Driver]] = {
    "discord": DiscordDriver,
    "slack, streaming": lambda: SlackDriver(streaming=True),
    "slack, editing": lambda: SlackDriver(streaming=False),
    "web": WebDriver,
}


class Listening:
    """The application, with an ear at its door: `heard` are the messages that came in."""

    def __init__(self, assistant: Any) -> None:
        self._assistant = assistant
        self.heard: list[Message] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._assistant, name)

    async def message(self, message: Message, reply: Reply) -> str:
        self.heard.append(message)
        return await self._assistant.message(message, reply)  # type: ignore[no-any-return]


class Scene:
    """The bot on one platform."""

    def __init__(self, driver: Driver, folder: Path, store: Store) -> None:
        self.driver = driver
        self.folder = folder
        self.house = House(folder / "data", store)

    @property
    def engine(self) -> ScriptedEngine:
        return self.house.engine

    async def begin(self) -> None:
        """Start the process: the adapter, and then what an earlier process left."""
        self.handler = Listening(self.house.assistant)
        state = self.folder / "state"
        state.mkdir(exist_ok=True)
        await self.driver.start(self.handler, self.house.desk, state)  # type: ignore[arg-type]
        assert self.driver.adapter is not None
        await self.house.assistant.resume({self.driver.name: self.driver.adapter})

    async def end(self) -> None:
        """Stop the process, whatever is under way."""
        await self.house.assistant.drain(0)
        await self.driver.stop()

    async def restart(self, **changes: Any) -> None:
        """Another process over the same store. `changes` are fields of `House`."""
        await self.end()
        self.house.engine = ScriptedEngine()
        for name, value in changes.items():
            setattr(self.house, name, value)
        self.house.open()
        await self.begin()

    def without(self, what: str) -> bool:
        """Whether the platform has no such thing, by design and for a reason that it states."""
        return bool(self.driver.lacks.get(what))

    def needs(self, what: str) -> None:
        """End the scenario here, visibly, where the platform has no such thing by design."""
        if self.without(what):
            pytest.skip(f"{self.driver.name}: {self.driver.lacks[what]}")

    def text(self) -> str:
        """All words that everybody in the place sees of the bot."""
        return "\n".join(shown.text for shown in self.driver.shown())

    async def reads(self, words: str) -> None:
        await self.driver.until(lambda: words in self.text(), f"the words {words!r}")

    async def ends(self, words: str) -> None:
        """Somebody reads these words, and nothing is under way any more."""

        def ended() -> bool:
            return words in self.text() and not any(Action.CANCEL in shown.actions for shown in self.driver.shown())

        await self.driver.until(ended, f"an end with {words!r}")

    async def hears(self, words: str, who: str = "ann") -> None:
        """Somebody is told something that nobody else reads."""
        await self.driver.until(lambda: words in self.driver.whispered(who), f"a private {words!r}")

    async def sees(self, wanted: Callable[[Shown], object], what: str) -> Shown:
        def found() -> Shown | None:
            return next((shown for shown in self.driver.shown() if wanted(shown)), None)

        shown = await self.driver.until(found, what)
        assert shown is not None
        return shown


@pytest.fixture(params=DRIVERS)
async def driver(request: pytest.FixtureRequest) -> AsyncIterator[Driver]:
    driver = DRIVERS[request.param]()
    await driver.open()
    yield driver
    await driver.close()


@pytest.fixture
async def scene(driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """Edits follow each other ten times as fast as people see them."""
    for module in (discord_reply, slack_reply):
        monkeypatch.setattr(module, "EDIT_EVERY_S", 0.1)
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    migrate(url)
    store = Store(url)
    scene = Scene(driver, tmp_path, store)
    await scene.begin()
    try:
        yield scene
    finally:
        await scene.end()
        await store.close()
