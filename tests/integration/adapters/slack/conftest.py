"""The real adapter on a Slack of our own, and an application that does what the test tells it.

After every test the server is asked whether it got anything that Slack documents as wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Author, GenerateCommand, Message, RemakeCommand, Reply, State, View
from tests.fakes.handler import QuietDesk, QuietHandler
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, User

PATIENT_S = 15
CLIP = ("bikes.mp4", b"\0\0\0\x18ftypmp42")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "no_streaming: the workspace offers no native streaming")


@dataclass
class Asked:
    """A request that the adapter handed over, and the reply that the test feeds."""

    request: str
    what: Message | GenerateCommand | RemakeCommand
    reply: Reply

    async def shows(self, text: str = "", **more: Any) -> None:
        """Show an unfinished answer."""
        more.setdefault("state", State.WORKING)
        await self.reply.show(View(request=self.request, text=text, **{"can_cancel": True, **more}))

    async def ends(self, text: str = "", **more: Any) -> None:
        """Show the last view."""
        more.setdefault("state", State.DONE)
        await self.reply.show(View(request=self.request, text=text, **more))


class ScriptedHandler(QuietHandler):
    """Hands what it takes to the test, which answers it; fails, or lets something happen meanwhile, when told so."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Asked] = []
        self.askers: dict[str, str] = {}
        self.fail = False
        self.meanwhile: Callable[[], Awaitable[None]] | None = None  # happens while a question is being taken
        self.goodbye = asyncio.Event()  # a community was left
        self._fresh: asyncio.Queue[Asked] = asyncio.Queue()

    async def next(self) -> Asked:
        """The next request that was handed over and not yet taken from here."""
        async with asyncio.timeout(PATIENT_S):
            return await self._fresh.get()

    @property
    def waiting_for_test(self) -> int:
        """How many requests nobody has taken with `next` yet."""
        return self._fresh.qsize()

    def _hand_over(self, what: Message | GenerateCommand | RemakeCommand, reply: Reply) -> str:
        if self.fail:
            raise RuntimeError("scripted")
        asked = Asked(self._take(what.event_id, reply), what, reply)
        self.askers[asked.request] = what.author.id
        self.asked.append(asked)
        self._fresh.put_nowait(asked)
        return asked.request

    async def message(self, message: Message, reply: Reply) -> str:
        self.messages.append(message)
        if self.meanwhile is not None:
            await self.meanwhile()
        return self._hand_over(message, reply)

    async def generate(self, command: GenerateCommand, reply: Reply) -> str:
        self.commands.append(command)
        return self._hand_over(command, reply)

    async def remake(self, command: RemakeCommand, reply: Reply) -> str:
        self.remakes.append(command)
        return self._hand_over(command, reply)

    async def cancel(self, request: str, author: Author) -> bool:
        allowed = author.is_moderator or author.is_admin or self.askers.get(request) == author.id
        return allowed and await super().cancel(request, author)

    async def community_left(self, platform: str, community: str) -> None:
        await super().community_left(platform, community)
        self.goodbye.set()


@pytest.fixture
async def slack(request: pytest.FixtureRequest) -> AsyncIterator[SlackServer]:
    """A workspace with the app in it. The mark `no_streaming` takes native streaming away."""
    streaming = request.node.get_closest_marker("no_streaming") is None
    async with SlackServer(streaming=streaming) as slack:
        yield slack
    assert slack.violations == []
    assert slack.unserved == []


@pytest.fixture
def ann(slack: SlackServer) -> User:
    return slack.user("Ann")


@pytest.fixture
def bob(slack: SlackServer) -> User:
    return slack.user("Bob")


@pytest.fixture
def boss(slack: SlackServer) -> User:
    """An admin of the workspace."""
    return slack.user("Boss", admin=True)


@pytest.fixture
def clips(slack: SlackServer, ann: User, bob: User, boss: User) -> Channel:
    """A channel with everybody and the bot in it."""
    return slack.channel("clips")


@pytest.fixture
def handler() -> ScriptedHandler:
    return ScriptedHandler()


@pytest.fixture
def desk() -> QuietDesk:
    return QuietDesk()


Launch = Callable[..., Awaitable[Any]]


@pytest.fixture
async def launch(
    slack: SlackServer, handler: ScriptedHandler, desk: QuietDesk, tmp_path: Path
) -> AsyncIterator[Launch]:
    """Starts adapters in Socket Mode (other options by name), and stops those that a test leaves running."""
    from adapters.slack.adapter import SlackAdapter

    running: list[SlackAdapter] = []

    async def start(**options: Any) -> SlackAdapter:
        usual = {
            "desk": desk,
            "state_dir": tmp_path,
            "bot_token": slack.bot_token,
            "app_token": slack.app_token,
            "signing_secret": slack.signing_secret,
            "api_base": slack.base_url,
            "http": None,
            "installations": None,
        }
        adapter = SlackAdapter(**{**usual, **options})
        running.append(adapter)
        await adapter.start(handler)
        return adapter

    yield start
    for adapter in running:
        await adapter.stop()


@pytest.fixture
async def adapter(launch: Launch, slack: SlackServer, clips: Channel) -> Any:
    """The adapter, connected, in a workspace with the channel `clips`."""
    adapter = await launch()
    await slack.connected()
    return adapter
