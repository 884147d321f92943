"""A small Discord on the loopback: the HTTP API, the gateway and the CDN behind one port, and a script to drive them.

Tests say what people do (`say`, `command`, `press`), what goes wrong (`fail_next`, `hold`, `outage`, `close`), and read
what happened: `calls` (every HTTP request), `messages` (what people see now), `violations` (what Discord's own OpenAPI
document, or its reference, does not allow) and `unserved` (routes that are not here). Nothing here sleeps; `until`
waits for something to be so.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Self, TypeVar

from aiohttp import web

from tests.fakes.discord_server import limits, wire
from tests.fakes.discord_server.bell import Bell
from tests.fakes.discord_server.door import Door
from tests.fakes.discord_server.gateway import Gateway, Session
from tests.fakes.discord_server.interactions import Interactions
from tests.fakes.discord_server.posting import Posting, guess_type
from tests.fakes.discord_server.rest import Rest
from tests.fakes.discord_server.trouble import Trouble
from tests.fakes.discord_server.world import DM, TEXT, Channel, Guild, Interaction, Post, User, World, now
from tests.fakes.openapi import OpenApi

T = TypeVar("T")

API, CDN = "/api/v10", "/attachments/{channel_id}/{file_id}/{name}"
TOKEN = "made-up.token.of-a-test"

GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 0, 1 << 9, 1 << 12, 1 << 15

CHAT_INPUT, MESSAGE_MENU = 1, 3
CHANNEL_MENU = 8
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
STRING, INTEGER, BOOLEAN, NUMBER, ATTACHMENT = 3, 4, 5, 10, 11

Clip = tuple[str, bytes]  # a file's name and its bytes


class DiscordServer(Trouble):
    """Discord, as far as one bot can see it. `spec` is asked about every request; None checks the reference only.

    `door` lets requests in; another one than the usual may be stricter with them.
    """

    def __init__(self, *, token: str = TOKEN, spec: OpenApi | None = None, door: type[Door] = Door) -> None:
        self.token, self._bell = token, Bell()
        self.world, self.cdn = World(), wire.Cdn()
        self.owner, self.bot = self.world.user("Olga"), self.world.user("gpt4video", bot=True)
        self.posting = Posting(self.world, self.bot, self._announce)
        self.rest = Rest(self.world, self.bot, self.owner, self.cdn, self.posting)
        self.rest.unarchived = lambda thread: self._tell_guild("THREAD_UPDATE", wire.channel(thread))
        self.gateway = Gateway(token, self._bell, self._greet)
        self.rest.shards = lambda: self.gateway.shards
        self.door = door(token, spec, self._bell)
        self.calls, self.violations, self.unserved = self.door.calls, self.door.violations, self.door.unserved
        self.fail_next, self.hold, self.calls_to = self.door.fail_next, self.door.hold, self.door.calls_to
        self._runner: web.AppRunner | None = None

    # --- its life ---------------------------------------------------------------------------------------------------

    async def start(self) -> Self:
        app = web.Application(client_max_size=200 << 20)
        interactions = Interactions(self.world, self.bot, self.cdn, self.posting)
        self.door.serve(app, API, self.rest.routes())
        self.door.serve(app, API, interactions.routes(), open_to_all=True)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get(CDN, self._download)
        app.router.add_route("*", "/{path:.*}", self.door.refuse)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.cdn.base = f"http://{host}:{port}"
        self.rest.gateway_url = f"ws://{host}:{port}/gateway"
        return self

    async def stop(self) -> None:
        self.gateway.open.set()
        self.door.open_gates()
        for connection in list(self.gateway.connections):
            connection.transport.abort()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def api_base(self) -> str:
        return self.cdn.base + API

    @property
    def gateway_url(self) -> str:
        return self.rest.gateway_url

    async def until(self, wanted: Callable[[], T], what: str, timeout: float = 15) -> T:
        """The first true value of `wanted`; `AssertionError` with `what` when it stays false."""
        return await self._bell.until(wanted, what, timeout)

    # --- what people do ---------------------------------------------------------------------------------------------

    def user(self, name: str) -> User:
        return self.world.user(name)

    def guild(
        self,
        name: str,
        *,
        owner: User | None = None,
        tier: int = 0,
        added_by: User | None = None,
        joined: datetime | None = None,
        again: Guild | None = None,
    ) -> Guild:
        """A guild that the bot is in, or is added to now if it is connected; `again` is one that it left."""
        guild = Guild(
            again.id if again else self.world.snowflake(),
            name,
            owner or self.owner,
            premium_tier=tier,
            added_by=added_by,
        )
        self.world.guilds[guild.id] = guild
        sessions = self._sessions(GUILDS)
        if joined is not None or sessions:
            guild.joined = (joined or now()).isoformat()
        for session in sessions:
            # Without `unavailable` it is a guild that the bot joins, and not one that came back.
            session.dispatch("GUILD_CREATE", {**wire.guild(guild, self.bot), "unavailable": None})
        return guild

    def leave(self, guild: Guild) -> None:
        """Somebody removes the bot from a guild."""
        del self.world.guilds[guild.id]
        for channel in guild.channels:
            del self.world.channels[channel.id]
        self._tell_guild("GUILD_DELETE", {"id": guild.id})

    def lose(self, guild: Guild) -> None:
        """A guild is unavailable for a while, which is Discord's own trouble."""
        self._tell_guild("GUILD_DELETE", {"id": guild.id, "unavailable": True})

    def find_again(self, guild: Guild) -> None:
        """The outage of a guild is over."""
        self._tell_guild("GUILD_CREATE", wire.guild(guild, self.bot))

    def channel(self, guild: Guild, name: str, *, kind: int = TEXT, nsfw: bool = False) -> Channel:
        channel = self.world.channel(name, guild=guild, kind=kind, nsfw=nsfw)
        self._tell_guild("CHANNEL_CREATE", wire.channel(channel))
        return channel

    def deny(self, channel: Channel, permissions: int) -> None:
        """Take permissions from everyone in a channel, the bot included."""
        channel.denied |= permissions
        self._tell_guild("CHANNEL_UPDATE", wire.channel(channel))

    def archive(self, thread: Channel, *, lock: bool = False) -> None:
        """Close a thread; the next message opens it again, unless it is locked."""
        thread.archived, thread.locked = True, lock
        self._tell_guild("THREAD_UPDATE", wire.channel(thread))

    def thread(self, parent: Channel, name: str, *, kind: int = 11) -> Channel:
        channel = self.world.channel(name, guild=parent.guild, parent=parent, kind=kind)
        self._tell_guild("THREAD_CREATE", wire.channel(channel))
        return channel

    def forum_post(self, author: User, forum: Channel, title: str, text: str) -> Post:
        """Somebody opens a post in a forum and mentions the bot in it: a thread and a message with the same id."""
        thread = self.thread(forum, title)
        post = self.world.post(thread, author, f"<@{self.bot.id}> {text}", mentions=[self.bot])
        del thread.posts[post.id]
        post.id = thread.id
        thread.posts[post.id] = post
        thread.last = forum.last = post.id
        self._announce("MESSAGE_CREATE", post)
        return post

    def dm(self, user: User) -> Channel:
        return self.world.dm(user)

    def remove(self, channel: Channel) -> None:
        """Delete a channel and what was said in it."""
        del self.world.channels[channel.id]
        if channel.guild is not None:
            channel.guild.channels.remove(channel)
        self._tell_guild("CHANNEL_DELETE", wire.channel(channel))

    def say(
        self,
        author: User,
        channel: Channel,
        text: str = "",
        *,
        attachments: Sequence[Clip] = (),
        mention: bool = False,
        reply_to: Post | None = None,
        forward: Post | None = None,
    ) -> Post:
        """Somebody posts. `mention` puts a mention of the bot before the text; a reply pings whom it answers."""
        mentions = [self.bot] if mention or (reply_to is not None and reply_to.author is self.bot) else []
        post = self.world.post(
            channel,
            author,
            f"<@{self.bot.id}> {text}".rstrip() if mention else text,
            mentions=mentions,
            files=[self.world.file(name, data, guess_type(name)) for name, data in attachments],
            reply_to=reply_to,
            reply_to_id=reply_to.id if reply_to else "",
            forwarded=forward,
        )
        self._announce("MESSAGE_CREATE", post)
        return post

    def redeliver(self, post: Post) -> None:
        """Send the same MESSAGE_CREATE once more."""
        self._announce("MESSAGE_CREATE", post)

    def change(self, post: Post, text: str, *, mentioning: bool = False) -> None:
        """The author of a message edits it; with `mentioning` the bot is mentioned from now on."""
        if mentioning:
            post.mentions = [*post.mentions, self.bot]
        mention = (
            f"<@{self.bot.id}> " if mentioning or (self.bot in post.mentions and post.content.startswith("<@")) else ""
        )
        post.content, post.edited = mention + text, now()
        self._announce("MESSAGE_UPDATE", post)

    def look_up_links(self, post: Post) -> None:
        """Discord shows what a message links to, which is announced like an edit and is none."""
        post.embeds = [{"type": "link", "url": "https://example.org/"}]
        self._announce("MESSAGE_UPDATE", post)

    def purge(self, channel: Channel, posts: Sequence[Post]) -> None:
        """A moderator deletes many messages at once."""
        for post in posts:
            del channel.posts[post.id]
        scope = {} if channel.guild is None else {"guild_id": channel.guild.id}
        ids = [post.id for post in posts]
        for session in self._sessions(GUILD_MESSAGES):
            session.dispatch("MESSAGE_DELETE_BULK", {"ids": ids, "channel_id": channel.id, **scope})

    def retract(self, post: Post) -> None:
        """The author of a message deletes it."""
        self.posting.delete(post)

    def command(
        self,
        user: User,
        channel: Channel,
        name: str,
        options: dict[str, str | int | float | bool | Clip] | None = None,
        *,
        target: Post | None = None,
    ) -> Interaction:
        """Use a registered slash command, or with `target` a command of a message's context menu."""
        kind = MESSAGE_MENU if target else CHAT_INPUT
        known = [each for each in self.world.commands if (each["name"], each["type"]) == (name, kind)]
        assert known, f"the bot has registered no command {name!r}"
        data: dict[str, Any] = {"id": known[0]["id"], "name": name, "type": kind, "options": [], "resolved": {}}
        for option, value in (options or {}).items():
            if isinstance(value, tuple):
                file = self.world.file(value[0], value[1], guess_type(value[0]))
                shown = wire.attachment(file, channel.id, self.cdn)
                data["resolved"].setdefault("attachments", {})[file.id] = shown
                data["options"].append({"name": option, "type": ATTACHMENT, "value": file.id})
            else:
                types = {str: STRING, bool: BOOLEAN, int: INTEGER, float: NUMBER}
                declared = {each["name"]: each["type"] for each in known[0].get("options") or ()}
                data["options"].append(
                    {"name": option, "type": declared.get(option, types[type(value)]), "value": value}
                )
        if target is not None:
            data["target_id"] = target.id
            data["resolved"]["messages"] = {target.id: wire.message(target, self.cdn)}
        return self.interact(user, channel, COMMAND, data)

    def press(self, user: User, post: Post, custom_id: str, values: Sequence[str] | None = None) -> Interaction:
        """Press a button of a message, or choose `values` in one of its menus."""
        pressed = {each["custom_id"]: each["type"] for each in limits.controls(post.components)}
        assert custom_id in pressed, f"there is no {custom_id!r} on the message"
        data: dict[str, Any] = {"custom_id": custom_id, "component_type": pressed[custom_id]}
        if values is not None:
            data |= {"values": list(values), "resolved": self._resolved(pressed[custom_id], post.channel, values)}
        return self.interact(user, post.channel, COMPONENT, data, message=post)

    def _resolved(self, kind: int, place: Channel, values: Sequence[str]) -> dict[str, Any]:
        """What Discord sends along with what was chosen in a menu of channels."""
        if kind != CHANNEL_MENU or place.guild is None:
            return {}
        found = [channel for channel in place.guild.channels if channel.id in values]
        return {"channels": {channel.id: wire.channel(channel) | {"permissions": "0"} for channel in found}}

    def submit(self, user: User, opened: Interaction, values: dict[str, str]) -> Interaction:
        """Send off the modal that an interaction opened, with `values` by the inputs' custom ids."""
        assert opened.callback is not None, "no modal was opened"
        modal = opened.callback["data"]
        components = filled_in(modal["components"], values)
        data = {"custom_id": modal["custom_id"], "components": components}
        return self.interact(user, opened.channel, MODAL_SUBMIT, data, message=opened.message)

    def interact(
        self, user: User, channel: Channel, kind: int, data: dict[str, Any], message: Post | None = None
    ) -> Interaction:
        """Deliver any interaction. What the bot answers is kept in the one returned."""
        asked = Interaction(
            self.world.snowflake(), secrets.token_urlsafe(16), user, channel, kind, data, message=message
        )
        self.world.interactions[asked.token] = asked
        for session in self.gateway.sessions.values():
            session.dispatch("INTERACTION_CREATE", wire.interaction(asked, self.bot, self.cdn))
        return asked

    # --- what happened ----------------------------------------------------------------------------------------------

    def messages(self, channel: Channel, *, viewer: User | None = None) -> list[Post]:
        """What people see in a channel now, oldest first; of ephemeral messages only the viewer's own."""
        shown = [post for post in channel.posts.values() if not post.ephemeral or self._is_for(post, viewer)]
        return sorted(shown, key=lambda post: int(post.id))

    def answers(self, channel: Channel, *, viewer: User | None = None) -> list[Post]:
        """The bot's messages among them."""
        return [post for post in self.messages(channel, viewer=viewer) if post.author is self.bot]

    # --- inside -----------------------------------------------------------------------------------------------------

    @staticmethod
    def _is_for(post: Post, viewer: User | None) -> bool:
        return viewer is not None and post.interaction is not None and post.interaction.user is viewer

    def _sessions(self, intent: int) -> list[Session]:
        return [session for session in self.gateway.sessions.values() if session.intents & intent]

    def _tell_guild(self, event: str, data: dict[str, Any]) -> None:
        for session in self._sessions(GUILDS):
            session.dispatch(event, data)

    def _greet(self, session: Session, identify: dict[str, Any]) -> None:
        self.rest.reads_content = bool(session.intents & MESSAGE_CONTENT)
        guilds = [guild for guild in self.world.guilds.values() if session.serves(guild.id)]
        ready = {
            "v": 10,
            "user": wire.user(self.bot),
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.gateway_url,
            "shard": identify.get("shard", [0, 1]),
            "application": {"id": self.bot.id, "flags": 0},
        }
        session.dispatch("READY", ready)
        if session.intents & GUILDS:
            for guild in guilds:
                session.dispatch("GUILD_CREATE", wire.guild(guild, self.bot))

    def _announce(self, event: str, post: Post) -> None:
        place = post.channel.guild
        scope = {} if place is None else {"guild_id": place.id}
        for session in self._sessions(DIRECT_MESSAGES if post.channel.kind == DM else GUILD_MESSAGES):
            if not session.serves(place.id if place is not None else None):
                continue
            if event == "MESSAGE_DELETE":
                session.dispatch(event, {"id": post.id, "channel_id": post.channel.id, **scope})
                continue
            readable = self.posting.readable(post, bool(session.intents & MESSAGE_CONTENT))
            data = {**wire.message(post, self.cdn, readable=readable), **scope}
            if place is not None:
                data["member"] = wire.member(post.author, place, whole=False)
            session.dispatch(event, data)
        self._bell.ring()

    async def _download(self, request: web.Request) -> web.StreamResponse:
        file = self.world.files.get(request.match_info["file_id"])
        if file is None or request.query.get("ex") != f"{self.cdn.generation:x}":
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=file.data, content_type=file.content_type)


def filled_in(components: Sequence[dict[str, Any]], values: dict[str, str]) -> list[dict[str, Any]]:
    """A modal's components as they come back: each input with its value and nothing of how it looked."""
    filled = []
    for component in components:
        shown: dict[str, Any] = {"type": component["type"], "id": component.get("id", 0)}
        if "custom_id" in component:
            given = values.get(component["custom_id"], component.get("value") or "")
            shown |= {"custom_id": component["custom_id"], "value": given}
        if "components" in component:
            shown["components"] = filled_in(component["components"], values)
        if "component" in component:
            shown["component"] = filled_in([component["component"]], values)[0]
        filled.append(shown)
    return filled
