"""What people do on the made-up Slack, and what the app is told about it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from mimetypes import guess_type
from typing import Any

from tests.fakes.slack_server import wire
from tests.fakes.slack_server.chat import Chat
from tests.fakes.slack_server.delivery import Delivery, Envelope
from tests.fakes.slack_server.dialogs import Dialogs, fill, initial, state
from tests.fakes.slack_server.limits import elements
from tests.fakes.slack_server.uploads import Uploads
from tests.fakes.slack_server.world import Channel, File, Post, Team, User, View, World

Clip = tuple[str, bytes]
SUBSCRIBED = [
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "assistant_thread_context_changed",
    "assistant_thread_started",
    "channel_archive",
    "channel_deleted",
    "member_left_channel",
    "message",
    "tokens_revoked",
]


class People:
    """Every deed returns what came of it: a `Post`, or the `Envelope` whose answer a test may await.

    `subscribed` are the events that the app has asked for.
    """

    world: World
    chat: Chat
    dialogs: Dialogs
    uploads: Uploads
    delivery: Delivery
    base: Callable[[], str]

    def __init__(self) -> None:
        self.subscribed = set(SUBSCRIBED)
        self.echoes = True  # the app hears of its own messages too, as on the real Slack
        self.response_urls: dict[str, tuple[User, Channel, Post | None, int]] = {}

    # --- telling the app ----------------------------------------------------------------------------------------------

    def event(self, team: Team, event: dict[str, Any]) -> Envelope | None:
        """Send an event as it stands. None when the app has not asked for such events."""
        if event["type"] not in self.subscribed:
            return None
        payload = {
            "token": "verification-token",
            "team_id": team.id,
            "context_team_id": team.id,
            "api_app_id": team.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": self.world.new_id("Ev"),
            "event_time": int(time.time()),
            "authorizations": [
                {
                    "enterprise_id": team.enterprise or None,
                    "team_id": team.id,
                    "user_id": team.bot.id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }
        return self.delivery.hand_over("events_api", payload)

    def envelopes(self, what: str) -> list[Envelope]:
        """What the app was told: by an event's type, an interaction's type or a command's name."""
        found = []
        for each in self.delivery.envelopes:
            payload = each.payload
            names = (payload.get("event", {}).get("type"), payload.get("type"), payload.get("command"))
            if what in names:
                found.append(each)
        return found

    def posted(self, post: Post) -> None:
        """Tell of a new message, and of a mention in it."""
        if post.ephemeral or (post.by_bot and not self.echoes) or post.channel.team.bot not in post.channel.members:
            return
        event = wire.event_post(post, self.base())
        self.event(post.channel.team, event)
        if f"<@{post.channel.team.bot.id}>" in post.text and not post.by_bot and post.channel.kind != "im":
            mention = {key: value for key, value in event.items() if key not in ("channel_type", "subtype")}
            self.event(post.channel.team, {**mention, "type": "app_mention"})
        for file in post.files:
            shared = {
                "file_id": file.id,
                "user_id": post.user.id,
                "file": {"id": file.id},
                "channel_id": post.channel.id,
            }
            self.event(post.channel.team, {"type": "file_shared", **shared, "event_ts": post.ts})

    def changed(self, post: Post, before: dict[str, Any]) -> None:
        if not post.ephemeral and (self.echoes or not post.by_bot):
            self._about(post, "message_changed", message=wire.post(post, self.base()), previous_message=before)

    def deleted(self, post: Post) -> None:
        if not post.ephemeral and (self.echoes or not post.by_bot):
            before = wire.post(post, self.base())
            self._about(post, "message_deleted", deleted_ts=post.ts, previous_message=before)

    def _about(self, post: Post, subtype: str, **more: Any) -> None:
        ts = self.world.new_ts()
        place = {"channel": post.channel.id, "channel_type": post.channel.kind}
        event = {"type": "message", "subtype": subtype, "hidden": True, "ts": ts, "event_ts": ts, **place, **more}
        self.event(post.channel.team, event)

    # --- talking ------------------------------------------------------------------------------------------------------

    def say(
        self,
        user: User,
        channel: Channel,
        text: str = "",
        *,
        mention: bool = False,
        thread: Post | str | None = None,
        files: Sequence[Clip | File] = (),
        markup: bool = False,
        broadcast: bool = False,
    ) -> Post:
        """Somebody posts, in a thread or not, with files or not. `mention` puts a mention of the bot before the text;
        with `markup` the text is taken as Slack transmits it, else it is escaped as Slack's client does."""
        shown = text if markup else text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        if mention:
            shown = f"<@{channel.team.bot.id}> {shown}".rstrip()
        root = "" if thread is None else thread if isinstance(thread, str) else thread.thread_ts or thread.ts
        posted = [each if isinstance(each, File) else self.file(user, *each) for each in files]
        post = self.world.post(channel, user, shown, thread_ts=root, files=posted, broadcast=broadcast)
        for file in posted:
            file.shares.append(post)
        self.posted(post)
        return post

    def file(self, user: User, name: str, data: bytes, mimetype: str = "", *, stub: bool = False) -> File:
        """A file of somebody's. A `stub` is shown by its id alone, as one from another organisation is."""
        file = self.world.file(user, name, data, mimetype or guess_type(name)[0] or "application/octet-stream")
        file.uploaded = file.completed = True
        file.stub = stub
        return file

    def edit(self, post: Post, text: str) -> None:
        """The author of a message changes it. A mention of the bot before the text stays."""
        at_bot = f"<@{post.channel.team.bot.id}> "
        before = wire.post(post, self.base())
        post.text = (at_bot if post.text.startswith(at_bot) and not text.startswith("<@") else "") + text
        post.edited_ts = self.world.new_ts()
        post.history.append(post.text)
        self.changed(post, before)

    def unfurl(self, post: Post) -> None:
        """Slack shows what a message links to, which is announced like an edit and is none."""
        before = wire.post(post, self.base())
        self._about(post, "message_changed", message={**before, "attachments": [{"id": 1}]}, previous_message=before)

    def retract(self, post: Post) -> None:
        """The author of a message deletes it. One that has replies leaves a stone behind: announced as a change."""
        replies = [each for each in post.channel.posts.values() if each.thread_ts == post.ts and each is not post]
        if not replies:
            self.chat.remove(post)
            return
        before = wire.post(post, self.base())
        post.text, post.files, post.blocks, post.deleted = "This message was deleted.", [], [], True
        stone = {**wire.post(post, self.base()), "subtype": "tombstone", "user": "USLACKBOT", "hidden": True}
        self._about(post, "message_changed", message=stone, previous_message=before)

    def join(self, user: User, channel: Channel) -> None:
        if user not in channel.members:
            channel.members.append(user)
        self.event(
            channel.team,
            {"type": "member_joined_channel", "user": user.id, "channel": channel.id, "team": channel.team.id},
        )

    def leave(self, user: User, channel: Channel) -> None:
        channel.members.remove(user)
        self.event(
            channel.team,
            {"type": "member_left_channel", "user": user.id, "channel": channel.id, "team": channel.team.id},
        )

    def archive(self, channel: Channel) -> None:
        channel.archived = True
        self.event(channel.team, {"type": "channel_archive", "channel": channel.id})

    def uninstall(self, team: Team) -> None:
        """An admin removes the app: its token is void at once."""
        team.installed = False
        self.event(team, {"type": "app_uninstalled"})
        self.event(team, {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [team.bot.id]}})

    # --- the assistant and the home -----------------------------------------------------------------------------------

    def open_assistant(self, user: User, context: Channel | None = None) -> str:
        """Somebody opens the assistant. Returns the thread's ts; say something there with `thread=` it."""
        channel = self.world.dm(user)
        ts = self.world.post(channel, user.team.bot, "New Assistant Thread", begins_assistant=True).ts
        self.event(user.team, {"type": "assistant_thread_started", **self._assistant(user, ts, context)})
        return ts

    def look_elsewhere(self, user: User, thread: str, context: Channel) -> None:
        """Somebody looks at another channel while the assistant is open."""
        self.event(user.team, {"type": "assistant_thread_context_changed", **self._assistant(user, thread, context)})

    def _assistant(self, user: User, ts: str, context: Channel | None) -> dict[str, Any]:
        seen = {} if context is None else {"channel_id": context.id, "team_id": user.team.id, "enterprise_id": None}
        thread = {"user_id": user.id, "context": seen, "channel_id": self.world.dm(user).id, "thread_ts": ts}
        return {"assistant_thread": thread, "event_ts": ts}

    def open_home(self, user: User, tab: str = "home") -> Envelope | None:
        home = self.world.homes.get(user.id)
        event: dict[str, Any] = {
            "type": "app_home_opened",
            "user": user.id,
            "channel": self.world.dm(user).id,
            "tab": tab,
        }
        if home is not None and tab == "home":
            event["view"] = wire.view(home)
        return self.event(user.team, {**event, "event_ts": self.world.new_ts()})

    # --- commands, shortcuts, buttons and forms -----------------------------------------------------------------------

    def command(self, user: User, channel: Channel, name: str, text: str = "") -> Envelope:
        """Type a slash command, "/generate" for example."""
        payload = {
            "token": "verification-token",
            "team_id": user.team.id,
            "team_domain": wire.team(user.team)["domain"],
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.kind == "im" else channel.name,
            "user_id": user.id,
            "user_name": user.name.lower(),
            "command": name,
            "text": text,
            "api_app_id": user.team.app_id,
            "is_enterprise_install": "false",
            "response_url": self._response_url(user, channel, None),
            "trigger_id": self.dialogs.trigger(user),
        }
        return self._respond(self.delivery.hand_over("slash_commands", payload), user, channel)

    def shortcut(self, user: User, callback_id: str, post: Post | None = None) -> Envelope:
        """Use a shortcut of a message, or with no message a global one."""
        payload = self._interaction(user, "shortcut" if post is None else "message_action")
        payload |= {"callback_id": callback_id, "action_ts": self.world.new_ts()}
        if post is None:
            return self.delivery.hand_over("interactive", payload)
        payload |= {
            "message": wire.post(post, self.base()),
            "message_ts": post.ts,
            "channel": {"id": post.channel.id, "name": post.channel.name},
            "response_url": self._response_url(user, post.channel, post),
        }
        return self.delivery.hand_over("interactive", payload)

    def press(
        self, user: User, where: Post | View, action: str, choose: Any = None, *, values: dict[str, Any] | None = None
    ) -> Envelope:
        """Press a button, or `choose` in a select: the one element whose action id, or value, or label is or contains
        `action`. `values` are what stands in the other inputs of a message or a view, by action id."""
        block, element = find(where.blocks, action)
        acted = {"action_id": element.get("action_id", ""), "block_id": block["block_id"], "type": element["type"]}
        if element["type"] == "button":
            acted |= {key: element[key] for key in ("text", "value", "url") if key in element}
        else:
            acted |= fill(element, choose)
        payload = self._interaction(user, "block_actions")
        payload["actions"] = [{**acted, "action_ts": self.world.new_ts()}]
        if isinstance(where, View):
            shown = {**wire.view(where), "state": {"values": loose_state(where.blocks, values or {}, acted)}}
            payload |= {"view": shown, "container": {"type": "view", "view_id": where.id}}
            return self.delivery.hand_over("interactive", payload)
        place = {"message_ts": where.ts, "channel_id": where.channel.id, "is_ephemeral": where.ephemeral}
        if where.thread_ts:
            place["thread_ts"] = where.thread_ts
        payload |= {
            "container": {"type": "message", **place},
            "channel": {"id": where.channel.id, "name": where.channel.name},
            "state": {"values": loose_state(where.blocks, values or {}, acted)},
            "response_url": self._response_url(user, where.channel, where),
        }
        if not where.ephemeral:
            payload["message"] = wire.post(where, self.base())
        return self.delivery.hand_over("interactive", payload)

    def submit(self, view: View, values: dict[str, Any] | None = None) -> Envelope:
        """Send off a modal with `values` by action id or block id. What the app answers happens to the view."""
        filled = state(view, values or {})
        payload = self._interaction(view.user, "view_submission")
        payload |= {"view": {**wire.view(view), "state": {"values": filled}}, "response_urls": []}
        envelope = self.delivery.hand_over("interactive", payload)

        async def wait() -> None:
            self.dialogs.answered(view, await envelope.acknowledged())

        self.delivery.start(wait())
        return envelope

    def dismiss(self, view: View, *, everything: bool = False) -> None:
        """Close a modal, which is told to the app only when the view asks for it."""
        for gone in self.dialogs.close(view.user, everything=everything):
            if gone.body.get("notify_on_close"):
                payload = self._interaction(view.user, "view_closed")
                payload |= {"view": wire.view(gone), "is_cleared": everything}
                self.delivery.hand_over("interactive", payload)

    def modal(self, user: User) -> View | None:
        """The modal that somebody sees now."""
        stack = self.world.stacks.get(user.id)
        return stack[-1] if stack else None

    def home(self, user: User) -> View | None:
        return self.world.homes.get(user.id)

    def _interaction(self, user: User, kind: str) -> dict[str, Any]:
        return {
            "type": kind,
            "user": wire.person(user),
            "team": wire.team(user.team),
            "enterprise": None,
            "is_enterprise_install": False,
            "api_app_id": user.team.app_id,
            "token": "verification-token",
            "trigger_id": self.dialogs.trigger(user),
        }

    def _response_url(self, user: User, channel: Channel, post: Post | None) -> str:
        token = secrets.token_hex(12)
        self.response_urls[token] = (user, channel, post, 5)
        return f"{self.base()}/response/{token}"

    def _respond(self, envelope: Envelope, user: User, channel: Channel) -> Envelope:
        """Show what the acknowledgement of a command says."""

        async def wait() -> None:
            answer = await envelope.acknowledged()
            said = {"text": answer} if isinstance(answer, str) else answer
            if said and (said.get("text") or said.get("blocks")):
                self.answer(user, channel, None, said)

        self.delivery.start(wait())
        return envelope

    def answer(self, user: User, channel: Channel, post: Post | None, said: dict[str, Any]) -> None:
        """Do what is posted to a response_url."""
        if said.get("delete_original") and post is not None:
            self.chat.remove(post) if not post.ephemeral else channel.posts.pop(post.ts, None)
        elif said.get("replace_original") and post is not None:
            self.chat.rewrite(post, said)
        elif said.get("response_type") == "in_channel":
            made = self.world.post(channel, channel.team.bot, said.get("text") or "", blocks=said.get("blocks") or [])
            made.thread_ts = str(said.get("thread_ts") or "")
            self.posted(made)
        else:
            self.chat.whisper(channel, user, said, str(said.get("thread_ts") or ""))


def find(blocks: list[dict[str, Any]], wanted: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The block and the element that `wanted` names: exactly, or else as a part, by action id, value or label."""
    there = []
    for number, block in enumerate(blocks):
        there += [({"block_id": f"b{number}", **block}, each) for each in elements(block)]

    def names(element: dict[str, Any]) -> list[str]:
        label = element.get("text") or {}
        return [element.get("action_id", ""), str(element.get("value", "")), label.get("text", "")]

    exact = [pair for pair in there if wanted in names(pair[1])]
    partly = [pair for pair in there if any(wanted in name for name in names(pair[1]))]
    found = exact or partly
    assert found, f"there is no {wanted!r} among {[names(element) for _, element in there]}"
    return found[0]


def loose_state(
    blocks: list[dict[str, Any]], values: dict[str, Any], acted: dict[str, Any]
) -> dict[str, dict[str, dict[str, Any]]]:
    """What stands in the inputs while somebody presses something. Nothing has to be filled in yet."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for number, block in enumerate(blocks):
        box = block.get("block_id") or f"b{number}"
        for element in elements(block):
            if element["type"] in ("button", "overflow"):
                continue
            name = element.get("action_id", "")
            filled = fill(element, values[name]) if name in values else initial(element)
            if (box, name) == (acted["block_id"], acted["action_id"]):
                filled = {key: value for key, value in acted.items() if key not in ("action_id", "block_id")}
            found.setdefault(box, {})[name] = filled
    return found
