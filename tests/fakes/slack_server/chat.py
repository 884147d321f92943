"""The methods that write, change, stream and take away messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from tests.fakes.slack_server import limits, wire
from tests.fakes.slack_server.calls import ApiError, Call
from tests.fakes.slack_server.door import Door, Method
from tests.fakes.slack_server.world import Channel, Post, User, World


class Echo(Protocol):
    """Tells apps what happened to a message."""

    def posted(self, post: Post) -> None: ...
    def changed(self, post: Post, before: dict[str, Any]) -> None: ...
    def deleted(self, post: Post) -> None: ...


class Chat:
    def __init__(self, world: World, door: Door, echo: Echo, base: Callable[[], str]) -> None:
        self.world, self.door, self.echo, self.base = world, door, echo, base

    def methods(self) -> dict[str, Method]:
        return {
            "chat.postMessage": self.post_message,
            "chat.postEphemeral": self.post_ephemeral,
            "chat.update": self.update,
            "chat.delete": self.delete,
            "chat.getPermalink": self.permalink,
            "chat.startStream": self.start_stream,
            "chat.appendStream": self.append_stream,
            "chat.stopStream": self.stop_stream,
            "reactions.add": self.react,
            "reactions.remove": self.unreact,
            "reactions.get": self.reactions,
        }

    # --- finding ------------------------------------------------------------------------------------------------------

    def channel(self, call: Call, *, writing: bool = True, people: bool = False) -> Channel:
        """The channel of a call. `people`: a user's id stands for the direct messages with them."""
        wanted = str(call["channel"] or call["channel_id"] or "")
        if people and wanted in self.world.users:
            user = self.world.users[wanted]
            if user.dnd or user.gone:
                raise ApiError("cannot_dm_bot" if user.bot else "messages_tab_disabled")
            return self.world.dm(user)
        channel = self.world.channels.get(wanted)
        bot = call.workspace.bot
        if (
            channel is None
            or channel.team is not call.team
            or (channel.kind != "channel" and bot not in channel.members)
        ):
            raise ApiError("channel_not_found")
        if writing and bot not in channel.members:
            raise ApiError("not_in_channel")
        if writing and channel.archived:
            raise ApiError("is_archived")
        return channel

    def own(self, call: Call, channel: Channel, name: str = "ts") -> Post:
        post = channel.posts.get(str(call[name]))
        if post is None or post.ephemeral:
            raise ApiError("message_not_found")
        return post

    def _thread(self, call: Call, channel: Channel) -> str:
        """The thread that a call names, as Slack keeps it. A reply's own ts begins no thread of its own."""
        ts = str(call["thread_ts"] or "")
        root = channel.posts.get(ts)
        if root is not None and root.thread_ts and root.thread_ts != root.ts:
            self.door.blame(call, f"thread_ts {ts} is that of a reply, not of its parent")
            return root.thread_ts
        return ts

    def _check(self, call: Call, *, streamed: bool = False) -> None:
        found = list(limits.check_message(call.args, streamed=streamed))
        for each in found:
            self.door.blame(call, each)
        blocks = [each for each in found if each.startswith("blocks") and "bare" not in each and "pings" not in each]
        if any("characters in all" in each for each in blocks):
            raise ApiError("msg_blocks_too_long")
        if blocks:
            raise ApiError("invalid_blocks", response_metadata={"messages": [f"[ERROR] {each}" for each in blocks]})
        if any(each.startswith("markdown_text beside") for each in found):
            raise ApiError("markdown_text_conflict")
        if len(call["markdown_text"] or "") > limits.MARKDOWN_MAX:
            raise ApiError("msg_too_long")

    # --- messages -----------------------------------------------------------------------------------------------------

    async def post_message(self, call: Call) -> dict[str, Any]:
        channel = self.channel(call, people=True)
        self._check(call)
        if not (call["text"] or call["blocks"] or call["attachments"] or call["markdown_text"]):
            raise ApiError("no_text")
        post = self.world.post(
            channel,
            call.workspace.bot,
            (call["text"] or call["markdown_text"] or "")[: limits.TEXT_MAX],
            blocks=call["blocks"] or [],
            thread_ts=self._thread(call, channel),
            metadata=call["metadata"],
            broadcast=bool(call["reply_broadcast"]) and str(call["reply_broadcast"]).lower() != "false",
        )
        self.echo.posted(post)
        return {"channel": channel.id, "ts": post.ts, "message": wire.post(post, self.base())}

    async def post_ephemeral(self, call: Call) -> dict[str, Any]:
        channel = self.channel(call)
        self._check(call)
        user = self.world.users.get(str(call["user"]))
        if user is None or user not in channel.members:
            raise ApiError("user_not_in_channel")
        if not (call["text"] or call["blocks"] or call["markdown_text"]):
            raise ApiError("no_text")
        post = self.whisper(channel, user, call.args, self._thread(call, channel))
        return {"message_ts": post.ts}

    def whisper(self, channel: Channel, user: User, said: dict[str, Any], thread_ts: str = "") -> Post:
        """A message from the bot for one person's eyes."""
        return self.world.post(
            channel,
            channel.team.bot,
            said.get("text") or said.get("markdown_text") or "",
            blocks=said.get("blocks") or [],
            thread_ts=thread_ts,
            visible_to=user,
        )

    async def update(self, call: Call) -> dict[str, Any]:
        channel = self.channel(call)
        post = self.own(call, channel)
        if post.user is not call.workspace.bot:
            raise ApiError("cant_update_message")
        if post.streaming:
            self.door.blame(call, "the message is still streaming")
            raise ApiError("streaming_state_conflict")
        self._check(call)
        before = wire.post(post, self.base())
        self.rewrite(post, call.args)
        self.echo.changed(post, before)
        shown = {key: value for key, value in wire.post(post, self.base()).items() if key != "ts"}
        return {"channel": channel.id, "ts": post.ts, "text": post.text, "message": shown}

    def rewrite(self, post: Post, said: dict[str, Any]) -> None:
        """Change a message. Text without blocks takes the blocks away; blocks alone leave the text as it is."""
        text = said.get("text") if said.get("text") is not None else said.get("markdown_text")
        if said.get("blocks") is not None:
            post.blocks = said["blocks"]
        elif text is not None:
            post.blocks = []
        if text is not None:
            post.text = text[: limits.TEXT_MAX]
            post.edited_ts = self.world.new_ts()
        if said.get("metadata") is not None:
            post.metadata = said["metadata"]
        post.history.append(post.text)

    async def delete(self, call: Call) -> dict[str, Any]:
        channel = self.channel(call)
        post = self.own(call, channel)
        if post.user is not call.workspace.bot:
            raise ApiError("cant_delete_message")
        self.remove(post)
        return {"channel": channel.id, "ts": post.ts}

    def remove(self, post: Post) -> None:
        post.deleted = True
        del post.channel.posts[post.ts]
        for file in post.files:
            file.shares = [share for share in file.shares if share is not post]
        self.echo.deleted(post)

    async def permalink(self, call: Call) -> dict[str, Any]:
        channel = self.channel(call, writing=False)
        post = self.own(call, channel, "message_ts")
        address = f"https://{channel.team.name.lower()}.slack.com/archives/{channel.id}/p{post.ts.replace('.', '')}"
        if post.thread_ts and post.thread_ts != post.ts:
            address += f"?thread_ts={post.thread_ts}&cid={channel.id}"
        return {"channel": channel.id, "permalink": address}

    # --- streams ------------------------------------------------------------------------------------------------------

    async def start_stream(self, call: Call) -> dict[str, Any]:
        channel = self.channel(call)
        self._check(call, streamed=True)
        if not call["thread_ts"]:
            self.door.blame(call, "no thread_ts: a stream answers a message")
            raise ApiError("invalid_arguments")
        if not channel.private:
            for name in ("user", "team"):
                if not call[f"recipient_{name}_id"]:
                    self.door.blame(call, f"no recipient_{name}_id in a channel")
                    raise ApiError(f"missing_recipient_{name}_id")
        post = self.world.post(
            channel,
            call.workspace.bot,
            _streamed(call),
            thread_ts=self._thread(call, channel),
            streaming=True,
            streamed=True,
        )
        return {"channel": channel.id, "ts": post.ts}

    async def append_stream(self, call: Call) -> dict[str, Any]:
        channel = self.channel(call)
        post = self._streaming(call, channel)
        self._check(call, streamed=True)
        more = _streamed(call)
        if not more and not call["chunks"]:
            raise ApiError("no_text")
        post.text += more
        post.history.append(post.text)
        return {"channel": channel.id, "ts": post.ts}

    async def stop_stream(self, call: Call) -> dict[str, Any]:
        channel = self.channel(call)
        post = self._streaming(call, channel)
        self._check(call, streamed=True)
        post.text += _streamed(call)
        post.blocks = call["blocks"] or []
        post.metadata = call["metadata"] or post.metadata
        post.streaming = False
        post.history.append(post.text)
        if len(post.text) > limits.TEXT_MAX:
            self.door.blame(call, f"a streamed message of {len(post.text)} characters")
        self.echo.posted(post)
        return {"channel": channel.id, "ts": post.ts, "message": wire.post(post, self.base())}

    def _streaming(self, call: Call, channel: Channel) -> Post:
        post = self.own(call, channel)
        if not post.streaming:
            stopped = any(
                each.method == "chat.stopStream" and each["ts"] == post.ts and each.answer and each.answer["ok"]
                for each in self.door.calls
            )
            if stopped and call.method == "chat.appendStream":
                self.door.blame(call, "append after stop")
            raise ApiError("message_not_in_streaming_state")
        return post

    # --- reactions ----------------------------------------------------------------------------------------------------

    async def react(self, call: Call) -> dict[str, Any]:
        people = self._reacted(call)
        if call.workspace.bot in people:
            raise ApiError("already_reacted")
        people.append(call.workspace.bot)
        return {}

    async def unreact(self, call: Call) -> dict[str, Any]:
        people = self._reacted(call)
        if call.workspace.bot not in people:
            raise ApiError("no_reaction")
        people.remove(call.workspace.bot)
        return {}

    async def reactions(self, call: Call) -> dict[str, Any]:
        post = self.own(call, self.channel(call, writing=False), "timestamp")
        shown = [{"name": name, "users": [each.id for each in people]} for name, people in post.reactions.items()]
        return {"type": "message", "message": {**wire.post(post, self.base()), "reactions": shown}}

    def _reacted(self, call: Call) -> list[User]:
        post = self.own(call, self.channel(call), "timestamp")
        return post.reactions.setdefault(str(call["name"]), [])


def _streamed(call: Call) -> str:
    """The words that a streaming call adds."""
    chunks = [each.get("text") or "" for each in call["chunks"] or () if each.get("type") == "markdown_text"]
    return (call["markdown_text"] or "") + "".join(chunks)
