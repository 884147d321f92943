"""The routes of the HTTP API that a bot of this kind uses, over the world. Knows no socket.

Each handler takes a `Call` and returns what the API answers with: JSON, or None for 204.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.fakes.discord_server import wire
from tests.fakes.discord_server.calls import ApiError, Call
from tests.fakes.discord_server.posting import Posting
from tests.fakes.discord_server.world import (
    ATTACH,
    READ_HISTORY,
    SEND,
    SEND_IN_THREADS,
    VIEW,
    VIEW_AUDIT_LOG,
    Channel,
    Post,
    User,
    World,
)

Handler = Callable[[Call], Awaitable[object]]

LATEST = 50


class Rest:
    """Everything that is asked for with the bot's token."""

    def __init__(self, world: World, bot: User, owner: User, cdn: wire.Cdn, posting: Posting) -> None:
        self._world, self._bot, self._owner, self._cdn, self._posting = world, bot, owner, cdn, posting
        self.gateway_url = ""
        self.reads_content = False  # of messages in guilds that are not meant for the bot
        self.flags = 0  # of the application: which privileged intents are switched on
        self.public = True
        self.endpoint: str | None = None  # where the application wants its interactions
        self.shards: Callable[[], int] = lambda: 1
        self.unarchived: Callable[[Channel], None] = lambda channel: None

    def routes(self) -> dict[str, Handler]:
        message = "/channels/{channel_id}/messages/{message_id}"
        commands = "/applications/{application_id}/commands"
        return {
            "GET /gateway": self.gateway,
            "GET /gateway/bot": self.gateway_bot,
            "GET /users/@me": self.me,
            "GET /users/{user_id}": self.user,
            "POST /users/@me/channels": self.open_dm,
            "GET /applications/@me": self.application,
            "GET /oauth2/applications/@me": self.application,
            f"GET {commands}": self.commands,
            f"PUT {commands}": self.put_commands,
            "GET /users/@me/guilds": self.own_guilds,
            "GET /guilds/{guild_id}": self.guild,
            "GET /guilds/{guild_id}/audit-logs": self.audit_log,
            "GET /guilds/{guild_id}/members/{user_id}": self.member,
            "GET /channels/{channel_id}": self.channel,
            "POST /channels/{channel_id}/typing": self.typing,
            "GET /channels/{channel_id}/messages": self.messages,
            "POST /channels/{channel_id}/messages": self.create,
            f"GET {message}": self.read,
            f"PATCH {message}": self.edit,
            f"DELETE {message}": self.delete,
            f"PUT {message}/reactions/{{emoji_name}}/@me": self.react,
        }

    async def gateway(self, _: Call) -> object:
        return {"url": self.gateway_url}

    async def gateway_bot(self, _: Call) -> object:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        return {"url": self.gateway_url, "shards": self.shards(), "session_start_limit": limit}

    async def me(self, _: Call) -> object:
        return wire.user(self._bot)

    async def user(self, call: Call) -> object:
        return wire.user(self._person(call.params["user_id"]))

    async def open_dm(self, call: Call) -> object:
        return wire.channel(self._world.dm(self._person(str(call.body.get("recipient_id")))))

    async def application(self, _: Call) -> object:
        shown = wire.application(self._bot, self._owner, flags=self.flags)
        return {**shown, "bot_public": self.public, "interactions_endpoint_url": self.endpoint}

    async def own_guilds(self, call: Call) -> object:
        guilds = sorted(self._world.guilds.values(), key=lambda guild: int(guild.id))
        after = [guild for guild in guilds if int(guild.id) > int(call.query.get("after", 0))]
        return [wire.own_guild(guild) for guild in after[: int(call.query.get("limit", 200))]]

    async def audit_log(self, call: Call) -> object:
        guild = self._guild(call)
        if not guild.permissions & VIEW_AUDIT_LOG:
            raise ApiError(403, 50013, "Missing Permissions")
        return wire.audit_log(guild, self._bot)

    async def commands(self, _: Call) -> object:
        return self._world.commands

    async def put_commands(self, call: Call) -> object:
        known = {(each["name"], each["type"]): each["id"] for each in self._world.commands}
        self._world.commands[:] = [self._command(asked, known) for asked in call.body or ()]
        return self._world.commands

    def _command(self, asked: dict[str, Any], known: dict[tuple[str, int], str]) -> dict[str, Any]:
        kind = asked.get("type") or 1
        permissions = asked.get("default_member_permissions")
        return {
            **asked,
            "id": known.get((asked["name"], kind)) or self._world.snowflake(),
            "application_id": self._bot.id,
            "type": kind,
            "description": asked.get("description") or "",
            "default_member_permissions": None if permissions is None else str(permissions),
            "version": self._world.snowflake(),
        }

    async def guild(self, call: Call) -> object:
        return wire.guild(self._guild(call), self._bot)

    async def member(self, call: Call) -> object:
        return wire.member(self._person(call.params["user_id"]), self._guild(call))

    async def channel(self, call: Call) -> object:
        return wire.channel(self._place(call))

    async def typing(self, call: Call) -> object:
        self._place(call).typing += 1

    async def messages(self, call: Call) -> object:
        self._need(self._place(call), VIEW | READ_HISTORY, 50001)
        posts = sorted(self._place(call).posts.values(), key=lambda post: int(post.id), reverse=True)
        if before := call.query.get("before"):
            posts = [post for post in posts if int(post.id) < int(before)]
        if after := call.query.get("after"):
            posts = [post for post in posts if int(post.id) > int(after)]
        shown = [post for post in posts if not post.ephemeral]
        return [self._shown(post) for post in shown[: int(call.query.get("limit", LATEST))]]

    async def create(self, call: Call) -> object:
        place = self._place(call)
        self._need(place, VIEW, 50001)
        self._need(place, SEND_IN_THREADS if place.parent else SEND, 50013)
        if call.files:
            self._need(place, ATTACH, 50013)
        if call.body.get("message_reference"):
            self._need(place, READ_HISTORY, 160002)
        if place.recipient is not None and place.recipient.hears_nobody:
            raise ApiError(403, 50007, "Cannot send messages to this user")
        if place.locked:
            raise ApiError(400, 160005, "Thread is locked")
        if place.archived:
            place.archived = False
            self.unarchived(place)
        return self._shown(self._posting.create(place, call.body, call.files))

    async def read(self, call: Call) -> object:
        self._need(self._place(call), VIEW | READ_HISTORY, 50001)
        return self._shown(self._post(call))

    async def edit(self, call: Call) -> object:
        post = self._own(call)
        self._need(post.channel, VIEW, 50001)
        if call.files:
            self._need(post.channel, ATTACH, 50013)
        if post.channel.archived:
            raise ApiError(400, 50083, "Tried to perform an operation on an archived thread")
        self._posting.edit(post, call.body, call.files)
        return self._shown(post)

    async def delete(self, call: Call) -> object:
        self._posting.delete(self._own(call))

    async def react(self, call: Call) -> object:
        self._post(call)

    def _shown(self, post: Post) -> dict[str, Any]:
        return wire.message(post, self._cdn, readable=self._posting.readable(post, self.reads_content))

    @staticmethod
    def _need(place: Channel, permissions: int, code: int) -> None:
        """Refuse what the bot may not do there."""
        if place.guild is None:
            return
        denied = place.denied | (place.parent.denied if place.parent else 0)
        if permissions & ~(place.guild.permissions & ~denied):
            raise ApiError(403, code, "Missing Access" if code == 50001 else "Missing Permissions")

    def _person(self, user_id: str) -> User:
        if user_id not in self._world.users:
            raise ApiError(404, 10013, "Unknown User")
        return self._world.users[user_id]

    def _guild(self, call: Call) -> Any:
        if call.params["guild_id"] not in self._world.guilds:
            raise ApiError(404, 10004, "Unknown Guild")
        return self._world.guilds[call.params["guild_id"]]

    def _place(self, call: Call) -> Channel:
        if call.params["channel_id"] not in self._world.channels:
            raise ApiError(404, 10003, "Unknown Channel")
        return self._world.channels[call.params["channel_id"]]

    def _post(self, call: Call) -> Post:
        post = self._place(call).posts.get(call.params["message_id"])
        if post is None or post.ephemeral:
            raise ApiError(404, 10008, "Unknown Message")
        return post

    def _own(self, call: Call) -> Post:
        post = self._post(call)
        if post.author is not self._bot:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        return post
