"""The adapter: signs in, listens over sockets or over HTTP, and says in a sentence why it can't. Knows no chats."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from adapters.base import AdapterError, AdminDesk, Author, Case, DeliveryError, Handler, Reply
from adapters.shared.ending import Ending
from adapters.shared.marks import Marks
from adapters.shared.pacing import Timing
from adapters.shared.state import Notes
from adapters.slack.answers import Answers
from adapters.slack.blocks import section
from adapters.slack.cards import CaseCards
from adapters.slack.counter import NOTES_FILE, Counter, register_counter
from adapters.slack.errors import SlackSetupError, TokenRefused
from adapters.slack.home.room import Home, register_home
from adapters.slack.http import HttpDoor
from adapters.slack.installs import Departures, Installations
from adapters.slack.listeners import register_events
from adapters.slack.markup import sections
from adapters.slack.missed import HEARD_FILE, PER_SECOND, Missed
from adapters.slack.people import People
from adapters.slack.posts import write_to
from adapters.slack.questions import Questions
from adapters.slack.records import Anchor
from adapters.slack.sockets import BACKOFF_S, SOCKETS, SocketMode
from adapters.slack.tasks import Tasks
from adapters.slack.workspace import API_BASE, PLATFORM, Workspaces

log = logging.getLogger(__name__)

TOKEN_CHECK_S = 600.0
SETTLE_S = 10.0  # how long a stop waits for what is on its way


class SlackAdapter:
    """Implements `adapters.base.Adapter`, over HTTP with an `http` door, else in Socket Mode.

    Another `api_base` than Slack's own serves Slack-compatible servers.
    """

    name = PLATFORM

    def __init__(
        self,
        *,
        desk: AdminDesk,
        state_dir: Path,
        bot_token: str | None = None,
        app_token: str | None = None,
        signing_secret: str | None = None,
        api_base: str = API_BASE,
        http: HttpDoor | None = None,
        installations: Installations | None = None,
        timing: Timing | None = None,
        sockets: int = SOCKETS,
        backoff_s: tuple[float, ...] = BACKOFF_S,
        hint: Callable[[], str] = str,
    ) -> None:
        """`signing_secret` is checked by the door. `installations` are those of several workspaces; without them the
        `bot_token` says which one it is. `hint` is a sentence for admins who open the Home, or empty."""
        self._desk = desk
        self._hint = hint
        self._state_dir = state_dir
        self._app_token = app_token
        self._http = http
        self._installations = installations
        self._timing = timing or Timing()
        self._sockets = sockets
        self._backoff_s = backoff_s
        self._tasks = Tasks()
        self._ending = Ending()
        self._socket_mode: SocketMode | None = None
        self._watches: list[asyncio.Task[None]] = []
        self._answers: Answers | None = None
        self._app: AsyncApp | None = None
        self._cards: CaseCards | None = None
        self._marks: Marks | None = None
        self._missed: Missed | None = None
        self.workspaces = Workspaces(api_base=api_base, bot_token=bot_token, installations=installations)
        self.people = People(desk, state_dir)

    def __repr__(self) -> str:
        return f"SlackAdapter({self._http or 'Socket Mode'})"

    async def start(self, handler: Handler) -> None:
        """Connect, and begin to hand over what is heard.

        Raises `TokenRefused`, `AppTokenRefused`, `Unreachable` or `SlackSetupError`, each with a sentence for the
        operator.
        """
        if self._app is not None:
            raise RuntimeError("the adapter has been started already")
        if self._http is None and not self._app_token:
            raise SlackSetupError(
                "Socket Mode needs an app token. Make one on the app's page Basic Information, under App-Level Tokens, "
                "with the scope connections:write, and set GPT4VIDEO_SLACK__APP_TOKEN."
            )
        try:
            await self.workspaces.start()
            await self._listen(handler)
        except BaseException:
            await self.stop()
            raise

    async def _listen(self, handler: Handler) -> None:
        answers = Answers(handler, self.workspaces, state_dir=self._state_dir, timing=self._timing)
        questions = Questions(answers, self.people, self.workspaces, state_dir=self._state_dir)
        self._answers = answers
        cards = self._cards = CaseCards(self.workspaces, handler.look_up)

        async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
            return await self.workspaces.authorize(enterprise_id, team_id)  # Bolt goes by the names of the arguments

        # The door has checked the signatures; over a socket of ours nobody else comes in.
        app = self._app = AsyncApp(
            name="gpt4video",
            client=self.workspaces.bare(),
            authorize=authorize,  # type: ignore[arg-type]  # Bolt takes a None for "nobody"
            request_verification_enabled=False,
            ignoring_self_events_enabled=False,  # that somebody deletes an answer of the bot is one of them
            attaching_conversation_kwargs_enabled=False,
        )

        def departed(team: str) -> None:
            self.workspaces.drop(team)
            self.people.forget_team(team)
            questions.forget_team(team)
            home.forget_team(team)
            missed.forget_team(team)
            if self._installations is None:
                self._ending.come(TokenRefused())

        departures = Departures(handler, self._installations, departed)
        departures.register(app, self._tasks.start)
        marks = self._marks = Marks(self._state_dir / HEARD_FILE, per_second=PER_SECOND)
        await marks.load()
        missed = self._missed = Missed(questions, self.workspaces, marks, self._tasks)
        register_events(
            app, missed=missed, questions=questions, answers=answers, workspaces=self.workspaces, tasks=self._tasks
        )
        counter = Counter(answers, self.people, self._tasks, Notes(self._state_dir / NOTES_FILE))
        register_counter(app, counter)
        home = Home(
            desk=self._desk,
            handler=handler,
            workspaces=self.workspaces,
            people=self.people,
            cards=cards,
            tasks=self._tasks,
            hint=self._hint,
        )
        register_home(app, home, self._tasks)

        def back() -> None:
            missed.began()
            handler.reconnected(PLATFORM)
            missed.catch_up()

        missed.began()
        if self._http is not None:
            await self._http.start(app.async_dispatch, on_installed=self.workspaces.drop)
        else:
            self._socket_mode = SocketMode(
                app_token=self._app_token or "",
                client=self.workspaces.bare(),
                session=self.workspaces.session,
                dispatch=app.async_dispatch,
                count=self._sockets,
                backoff_s=self._backoff_s,
                on_back=back,
            )
            await self._socket_mode.start()
            watch = self._watch_sockets(self._socket_mode)
            self._watches.append(asyncio.create_task(watch, name="slack sockets"))
        self._watches.append(asyncio.create_task(self._watch_token(), name="slack token"))
        self._tasks.start(departures.sweep(self.workspaces.bare()), "slack departures")
        self._tasks.start(counter.resume(), "slack interactions of an earlier process")
        missed.catch_up(after=self._tasks.start(questions.resume(), "slack questions of an earlier process"))

    async def _watch_token(self) -> None:
        """Notice a token that was revoked, where Slack's word of it got lost."""
        while self._ending.why is None:
            await asyncio.sleep(TOKEN_CHECK_S)
            try:
                await self.workspaces.check()
            except TokenRefused as error:
                self._ending.come(error)

    async def _watch_sockets(self, sockets: SocketMode) -> None:
        if (why := await sockets.ended()) is not None:
            self._ending.come(why)

    async def stop(self) -> None:
        """Take no more messages, let what is on its way arrive, disconnect. Harmless when nothing was started."""
        if self._http is not None:
            await self._http.stop()
        for watch in self._watches:
            watch.cancel()
        if self._socket_mode is not None:
            await self._socket_mode.stop()
        if self._missed is not None:
            await self._missed.stop()
        await self._tasks.drain(SETTLE_S)
        if self._marks is not None:
            await self._marks.close()
        if self._answers is not None:
            await self._answers.settled(SETTLE_S)
        await self.workspaces.close()

    def trouble(self) -> str:
        """Why nothing is heard from Slack now; empty while all is well."""
        why = self._ending.why or (self._socket_mode.trouble if self._socket_mode is not None else None)
        return str(why or "")

    async def ended(self) -> AdapterError:
        """Wait until Slack has refused a token for good. Returns why."""
        return await self._ending.wait()

    async def restore(self, ref: str) -> Reply | None:
        """Find the message of an unfinished request again; None when it is gone."""
        if self._answers is not None:
            return await self._answers.restore(ref)
        if Anchor.load(ref) is None:
            return None
        raise DeliveryError("Slack is not connected, so nothing can be looked up there.")

    async def remove(self, ref: str) -> None:
        """Delete the messages of a reply, or a card; those that are gone already are fine. Raises `DeliveryError`."""
        if self._answers is None or self._cards is None:
            raise DeliveryError("Slack is not connected, so nothing was deleted there.")
        if not await self._cards.remove(ref):
            await self._answers.remove(ref)

    async def tell(self, author: Author, text: str) -> bool:
        """Say something to one person alone, in the workspace where they were last seen. False when that failed."""
        if self._answers is None:
            return False
        teams = await self.workspaces.teams()
        team = teams[0] if len(teams) == 1 else await self.people.team_of(author.id)
        workspace = await self.workspaces.get(team) if team else None
        if workspace is None:
            log.warning("user %s could not be told: their workspace is not known", author.id)
            return False
        pieces = sections(text)
        return await write_to(workspace, author.id, "\n".join(pieces), [section(piece) for piece in pieces[:4]])

    async def post_case(self, channel: str, case: Case) -> str:
        """Post a case's card for the moderators. Returns the card's ref. Raises `DeliveryError`."""
        return await self._connected_cards().post(channel, case)

    async def redraw_case(self, case: Case) -> None:
        """Make the card at `case.ref` look like the case. Raises `DeliveryError`."""
        await self._connected_cards().redraw(case)

    def _connected_cards(self) -> CaseCards:
        if self._cards is None:
            raise DeliveryError("Slack is not connected, so the card was not drawn.")
        return self._cards
