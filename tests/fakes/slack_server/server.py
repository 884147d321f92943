"""A Slack of our own on the loopback: Web API, Socket Mode, signed HTTP requests, files, modals and the App Home.

`base_url` goes into `AsyncWebClient(base_url=…)`. People act through the methods of `People`; what they see is in
`Channel.posts`, `modal` and `home`. What breaks a documented limit of Slack is in `violations`, and methods that are
asked for and not served here are in `unserved`: a test should end with both empty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from aiohttp import web

from tests.fakes.discord_server.bell import Bell
from tests.fakes.slack_server import limits
from tests.fakes.slack_server.calls import Call, Gate
from tests.fakes.slack_server.chat import Chat
from tests.fakes.slack_server.delivery import Delivery
from tests.fakes.slack_server.dialogs import Dialogs
from tests.fakes.slack_server.door import Door, answer
from tests.fakes.slack_server.people import People
from tests.fakes.slack_server.reading import Accounts, Reading
from tests.fakes.slack_server.uploads import Uploads
from tests.fakes.slack_server.world import Channel, Group, Post, Team, User, World

T = TypeVar("T")
STREAMING = ("chat.startStream", "chat.appendStream", "chat.stopStream")


class SlackServer(People):
    """Serves while it is used as an async context manager. It begins with one team, `team`, and the app in it."""

    app_token = "xapp-1-test"
    signing_secret = "signing-test-secret"

    def __init__(self, *, streaming: bool = True) -> None:
        super().__init__()
        self._bell = Bell()
        self.url = ""
        self.base = lambda: self.url
        self.world = World()
        self.door = Door(self.world, self._bell)
        self.delivery = Delivery(self._bell, self.app_token, self.signing_secret)
        self.chat = Chat(self.world, self.door, self, self.base)
        self.dialogs = Dialogs(self.world, self.door, self._bell.ring)
        self.uploads = Uploads(self.world, self.chat, self._bell.ring)
        self.accounts = Accounts(self.world)
        for part in (self.chat, Reading(self.world, self.chat), self.dialogs, self.uploads, self.accounts):
            self.door.serve(part.methods())
        self.door.serve({"apps.connections.open": self.delivery.connections_open(self.base)})
        if not streaming:
            self.switch_off(*STREAMING)
        self.team = self.world.team("Riders")
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """Where the Web API is, with the slash at its end."""
        return f"{self.url}/api/"

    @property
    def bot_token(self) -> str:
        return self.team.token

    @property
    def bot(self) -> User:
        return self.team.bot

    async def __aenter__(self) -> SlackServer:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/api/{method}", self.door.endpoint)
        app.router.add_post("/upload/v1/{file_id}", self.uploads.receive)
        app.router.add_get("/files-pri/{address}/{rest:.+}", self.uploads.download)
        app.router.add_get("/link/", self.delivery.socket)
        app.router.add_post("/response/{token}", self._response)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.door.open_gates()
        await self.delivery.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # --- what there is ------------------------------------------------------------------------------------------------

    def user(self, name: str, *, team: Team | None = None, **options: bool) -> User:
        """A person. Options: `admin`, `owner`, `guest`, `dnd` (takes no direct messages)."""
        return self.world.user(team or self.team, name, **options)

    def channel(self, name: str, *members: User, kind: str = "channel", team: Team | None = None) -> Channel:
        """A channel with the bot in it, and with `members`, or else with everybody that there is now."""
        place = team or self.team
        channel = self.world.channel(place, name, kind=kind)
        people = members or [each for each in self.world.users.values() if each.team is place]
        channel.members += list(dict.fromkeys([place.bot, *people]))
        return channel

    def dm(self, user: User) -> Channel:
        return self.world.dm(user)

    def group(self, handle: str, *users: User) -> Group:
        group = Group(self.world.new_id("S"), handle, list(users))
        self.team.groups.append(group)
        return group

    # --- what happened ------------------------------------------------------------------------------------------------

    @property
    def violations(self) -> list[str]:
        return self.door.violations

    @property
    def unserved(self) -> list[str]:
        return self.door.unserved

    @property
    def calls(self) -> list[Call]:
        return self.door.calls

    def calls_to(self, method: str) -> list[Call]:
        return self.door.calls_to(method)

    def messages(self, channel: Channel, *, viewer: User | None = None, thread: str = "") -> list[Post]:
        """What people see in a channel now, oldest first; of ephemeral messages only the viewer's own."""
        shown = [each for each in channel.posts.values() if not each.ephemeral or each.visible_to is viewer]
        return [each for each in shown if not thread or thread in (each.ts, each.thread_ts)]

    def answers(self, channel: Channel, *, viewer: User | None = None, thread: str = "") -> list[Post]:
        """The bot's messages among them."""
        shown = self.messages(channel, viewer=viewer, thread=thread)
        return [each for each in shown if each.by_bot and not each.begins_assistant]

    def whispers(self, channel: Channel, user: User) -> list[Post]:
        """The ephemeral messages that somebody got in a channel."""
        return [each for each in channel.posts.values() if each.visible_to is user]

    def mentioned(self, channel: Channel) -> set[str]:
        """The ids of the people whom the bot's messages there mention, which tells them."""
        return {name for post in self.answers(channel) for name in limits.MENTION.findall(post.shown)}

    async def until(self, wanted: Callable[[], T], what: str, timeout: float = 15) -> T:
        """The first true value of `wanted`, looked at after every change. Fails with `what`."""
        return await self._bell.until(wanted, what, timeout)

    async def connected(self, sockets: int = 1) -> None:
        await self.until(lambda: len(self.delivery.sockets) >= sockets, f"{sockets} open sockets")

    async def settled(self) -> None:
        """Everything that the app was told is acknowledged."""
        await self.until(lambda: all(each.acks for each in self.delivery.envelopes), "acknowledgements")

    # --- what goes wrong ----------------------------------------------------------------------------------------------

    def fail_next(self, method: str, error: str = "", **options: object) -> None:
        """See `Door.fail_next`."""
        self.door.fail_next(method, error, **options)  # type: ignore[arg-type]

    def hold(self, method: str) -> Gate:
        """See `Door.hold`."""
        return self.door.hold(method)

    def switch_off(self, *methods: str) -> None:
        """These methods are unknown from now on."""
        self.door.off.update(methods)

    def expire_triggers(self) -> None:
        """More than three seconds have passed: no trigger id opens a view any more."""
        self.dialogs.triggers.clear()

    def expire_stream(self, post: Post) -> None:
        """Nothing was appended for a while, and Slack has closed the stream."""
        post.streaming = False
        self._bell.ring()

    def drop(self) -> None:
        """Cut every socket, without a word."""
        for socket in list(self.delivery.sockets):
            if socket.wire._req is not None and socket.wire._req.transport is not None:
                socket.wire._req.transport.abort()

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Send a disconnect frame over every socket: "warning", "refresh_requested", "link_disabled" or
        "too_many_websockets"."""
        for socket in list(self.delivery.sockets):
            await self.delivery.disconnect(reason, socket)

    async def switch_link(self, *, on: bool) -> None:
        """Switch Socket Mode off, or on again, on the app's page at Slack."""
        self.delivery.link_disabled = not on
        if not on:
            await self.refresh("link_disabled")

    async def _response(self, request: web.Request) -> web.StreamResponse:
        token = request.match_info["token"]
        known = self.response_urls.get(token)
        if known is None:
            return web.Response(status=404, text="expired_url")
        user, channel, post, left = known
        if not left:
            self.violations.append("response_url: used more than five times")
            return web.Response(status=404, text="used_url")
        self.response_urls[token] = (user, channel, post, left - 1)
        said = await request.json()
        self.violations.extend(f"response_url: {each}" for each in limits.check_message(said))
        self.answer(user, channel, post, said)
        self._bell.ring()
        return answer({"ok": True})
