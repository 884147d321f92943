"""The Home and the cards over the fake Slack and a quiet desk, and what people see and do there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp

from adapters.base import Author, Case, CaseKind, CaseState, Place
from adapters.slack.cards import CaseCards
from adapters.slack.home.room import Home, register_home
from adapters.slack.people import People
from adapters.slack.sockets import SocketMode
from adapters.slack.tasks import Tasks
from adapters.slack.workspace import Workspaces
from tests.fakes.handler import NOON
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_server.world import Channel, Post, User, View


@dataclass
class Service:
    """The bot's side: only what belongs to the Home, started and stopped as a process is."""

    slack: SlackServer
    desk: Any
    handler: Any
    state_dir: Path
    haste_s: float = 2.0
    hint: str = ""
    clock: list[float] = field(default_factory=lambda: [0.0])

    async def start(self) -> None:
        self.workspaces = Workspaces(api_base=self.slack.base_url, bot_token=self.slack.bot_token)
        await self.workspaces.start()
        self.tasks = Tasks()
        people = People(self.desk, self.state_dir, now=lambda: self.clock[0])
        self.cards = CaseCards(self.workspaces, self.handler.look_up)
        self.home = Home(
            desk=self.desk,
            handler=self.handler,
            workspaces=self.workspaces,
            people=people,
            cards=self.cards,
            tasks=self.tasks,
            haste_s=self.haste_s,
            hint=lambda: self.hint,
        )

        async def authorize(enterprise_id: str | None, team_id: str | None) -> Any:
            return await self.workspaces.authorize(enterprise_id, team_id)

        app = AsyncApp(
            client=self.workspaces.bare(),
            authorize=authorize,  # type: ignore[arg-type]
            request_verification_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )
        register_home(app, self.home, self.tasks)
        self.sockets = SocketMode(
            app_token=self.slack.app_token,
            client=self.workspaces.bare(),
            session=self.workspaces.session,
            dispatch=app.async_dispatch,
            count=1,
        )
        await self.sockets.start()

    async def stop(self) -> None:
        await self.sockets.stop()
        await self.tasks.drain(5)
        await self.workspaces.close()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def later(self, seconds: float) -> None:
        """What is remembered about people gets older."""
        self.clock[0] += seconds


@dataclass
class Office:
    """Somebody at their Home. `boss` is an admin of the workspace, `ann` is none."""

    slack: SlackServer
    service: Service
    desk: Any
    handler: Any
    ann: User
    bob: User
    boss: User
    clips: Channel
    mods: Channel

    @property
    def team(self) -> str:
        return self.slack.team.id

    @property
    def scope(self) -> tuple[str, str]:
        return ("slack", self.team)

    async def quiet(self) -> None:
        """Everything that the bot was told is done."""
        await self.slack.settled()
        while running := [*self.service.tasks._running, *self.slack.delivery._tasks]:
            await asyncio.wait(running)
        await self.slack.settled()

    async def open(self, user: User, page: str = "") -> View:
        """Open the Home, and go to a page by its button."""
        self.slack.open_home(user)
        await self.quiet()
        return await self.press(user, page) if page else self.home(user)

    def home(self, user: User) -> View:
        view = self.slack.home(user)
        assert view is not None, f"{user} has no Home"
        return view

    async def press(self, user: User, label: str, choose: Any = None, at: View | Post | None = None) -> View:
        """Press something on the Home (or elsewhere), and look at the Home afterwards."""
        self.slack.press(user, at or self.home(user), label, choose)
        await self.quiet()
        return self.home(user)

    async def form(self, user: User, label: str) -> View:
        """Press something that opens a form."""
        self.slack.press(user, self.home(user), label)
        await self.quiet()
        return self.top(user)

    def top(self, user: User) -> View:
        view = self.slack.modal(user)
        assert view is not None, f"{user} sees no form: {self.home(user).shown}"
        return view

    async def send(self, view: View, **values: Any) -> View:
        """Fill in a form and send it off."""
        envelope = self.slack.submit(view, values)
        await envelope.acknowledged()
        await self.quiet()
        return view

    def press_beside(self, user: User, words: str, label: str) -> Any:
        """Press the button that stands in the block with these words."""
        home = self.home(user)
        block = next(each for each in home.blocks if words in str(each) and "accessory" in each)
        assert label in str(block["accessory"])
        lone = View(home.id, home.team, home.user, {**home.body, "blocks": [block]}, home.hash)
        return self.slack.press(user, lone, block["accessory"]["action_id"])

    async def form_beside(self, user: User, words: str, label: str = "Change") -> View:
        self.press_beside(user, words, label)
        await self.quiet()
        return self.top(user)

    def case(self, id: str = "c1", kind: CaseKind = CaseKind.APPEAL, **more: Any) -> Case:
        """An open case about something that Ann asked for in `clips`."""
        ann = Author(self.ann.id, "Ann")
        place = Place("slack", self.team, self.clips.id, "1718.0001")
        return Case(
            **{
                "id": id,
                "kind": kind,
                "state": CaseState.OPEN,
                "request": f"r-{id}",
                "place": place,
                "author": ann,
                "asker": ann,
                "at": NOON,
                **more,
            }
        )

    async def card(self, case: Case) -> Post:
        """Post a card into the moderator channel, as the application does."""
        ref = await self.service.cards.post(self.mods.id, case)
        return self.mods.posts[ref.split("/")[2]]


@pytest.fixture
def mods(slack: SlackServer, boss: User, bob: User, ann: User) -> Channel:
    """A private channel with the admin and Bob in it."""
    return slack.channel("mods", boss, bob, kind="group")


Start = Callable[[], Awaitable[Service]]


@pytest.fixture
async def service(slack: SlackServer, desk: Any, handler: Any, tmp_path: Path) -> AsyncIterator[Service]:
    service = Service(slack, desk, handler, tmp_path)
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
def office(
    slack: SlackServer,
    service: Service,
    desk: Any,
    handler: Any,
    ann: User,
    bob: User,
    boss: User,
    clips: Channel,
    mods: Channel,
) -> Office:
    return Office(slack, service, desk, handler, ann, bob, boss, clips, mods)
