"""The routes of the HTTP API that belong to an interaction: its callback, its answer and what follows. No bot token.

Each handler takes a `Call` and returns what the API answers with: JSON, or None for 204.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tests.fakes.discord_server import wire
from tests.fakes.discord_server.calls import ApiError, Call
from tests.fakes.discord_server.posting import Posting
from tests.fakes.discord_server.world import EPHEMERAL, LOADING, Interaction, Post, User, World

Handler = Callable[[Call], Awaitable[object]]

PONG, SAY, SAY_LATER, UPDATE_LATER, UPDATE, CHOICES, MODAL = 1, 4, 5, 6, 7, 8, 9


class Interactions:
    """Answers to interactions, as the bot gives them."""

    def __init__(self, world: World, bot: User, cdn: wire.Cdn, posting: Posting) -> None:
        self._world, self._bot, self._cdn, self._posting = world, bot, cdn, posting

    def routes(self) -> dict[str, Handler]:
        webhook = "/webhooks/{webhook_id}/{webhook_token}"
        return {
            "POST /interactions/{interaction_id}/{interaction_token}/callback": self.callback,
            f"POST {webhook}": self.follow_up,
            f"GET {webhook}/messages/{{message_id}}": self.read,
            f"PATCH {webhook}/messages/{{message_id}}": self.edit,
            f"DELETE {webhook}/messages/{{message_id}}": self.delete,
        }

    async def callback(self, call: Call) -> object:
        asked = self._world.interactions.get(call.params["interaction_token"])
        if asked is None or asked.unknown or asked.id != call.params["interaction_id"]:
            raise ApiError(404, 10062, "Unknown interaction")
        if asked.callback is not None:
            raise ApiError(400, 40060, "Interaction has already been acknowledged.")
        kind, data = call.body["type"], call.body.get("data") or {}
        if kind == SAY:
            asked.response = self._posting.create(asked.channel, data, call.files, interaction=asked)
        elif kind == SAY_LATER:
            flags = LOADING | (data.get("flags") or 0) & EPHEMERAL
            asked.response = self._posting.create(asked.channel, {"flags": flags}, interaction=asked)
        elif kind in (UPDATE, UPDATE_LATER):
            asked.response = asked.message
            if kind == UPDATE and asked.message is not None:
                self._posting.edit(asked.message, data, call.files)
        asked.callback = call.body
        return self._accepted(asked, kind) if call.query.get("with_response") else None

    def _accepted(self, asked: Interaction, kind: int) -> dict[str, Any]:
        shown: dict[str, Any] = {"interaction": {"id": asked.id, "type": asked.kind}}
        if asked.response is not None:
            shown["interaction"] |= {
                "response_message_id": asked.response.id,
                "response_message_loading": bool(asked.response.flags & LOADING),
                "response_message_ephemeral": asked.response.ephemeral,
            }
            if kind in (SAY, SAY_LATER, UPDATE):
                shown["resource"] = {"type": kind, "message": wire.message(asked.response, self._cdn)}
        return shown

    async def follow_up(self, call: Call) -> object:
        asked = self._asked(call)
        if asked.callback is None:
            raise ApiError(404, 10015, "Unknown Webhook")
        if asked.response is not None and asked.response.flags & LOADING:
            self._posting.edit(asked.response, call.body, call.files)
            return wire.message(asked.response, self._cdn)
        post = self._posting.create(asked.channel, call.body, call.files, interaction=asked)
        asked.followups.append(post)
        return wire.message(post, self._cdn)

    async def read(self, call: Call) -> object:
        return wire.message(self._post(call), self._cdn)

    async def edit(self, call: Call) -> object:
        post = self._post(call)
        self._posting.edit(post, call.body, call.files)
        return wire.message(post, self._cdn)

    async def delete(self, call: Call) -> object:
        self._posting.delete(self._post(call))

    def _asked(self, call: Call) -> Interaction:
        asked = self._world.interactions.get(call.params["webhook_token"])
        if asked is None or call.params["webhook_id"] != self._bot.id:
            raise ApiError(404, 10015, "Unknown Webhook")
        if asked.expired:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return asked

    def _post(self, call: Call) -> Post:
        asked = self._asked(call)
        wanted = call.params["message_id"]
        posts = [post for post in (asked.response, *asked.followups) if post is not None]
        for post in posts:
            there = post.channel.posts.get(post.id) is post
            if there and (post.id == wanted or (wanted == "@original" and post is asked.response)):
                return post
        raise ApiError(404, 10008, "Unknown Message")
