"""What there is on the made-up Slack: teams, people, channels, posts, files, views. Knows neither HTTP nor sockets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

ALL_SCOPES = frozenset(
    [
        "app_mentions:read",
        "assistant:write",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "mpim:history",
        "mpim:read",
        "reactions:read",
        "reactions:write",
        "team:read",
        "usergroups:read",
        "users:read",
    ]
)


class Thing:
    """Something with an id. Things know each other in circles, so they show little of themselves."""

    def __repr__(self) -> str:
        shown = ("id", "ts", "name", "text")
        return f"{type(self).__name__}({', '.join(repr(getattr(self, key)) for key in shown if hasattr(self, key))})"


@dataclass(eq=False, repr=False)
class User(Thing):
    """A person. `dnd` people hear nobody: no direct message can be opened with them."""

    id: str
    name: str
    team: Team
    admin: bool = False
    owner: bool = False
    bot: bool = False
    guest: bool = False
    dnd: bool = False
    gone: bool = False


@dataclass(eq=False, repr=False)
class Group(Thing):
    """A user group."""

    id: str
    handle: str
    users: list[User] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class Team(Thing):
    """A workspace with the app in it. `scopes` are what its bot token is good for."""

    id: str
    name: str
    token: str
    app_id: str
    bot: User = field(init=False)
    bot_id: str = ""
    enterprise: str = ""
    installed: bool = True
    scopes: set[str] = field(default_factory=lambda: set(ALL_SCOPES))
    channels: list[Channel] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class Channel(Thing):
    """A place to post in. `kind` is "channel", "group", "im" or "mpim", as in `channel_type`."""

    id: str
    name: str
    team: Team
    kind: str = "channel"
    members: list[User] = field(default_factory=list)
    archived: bool = False
    shared: bool = False  # with another organisation: Slack Connect
    posts: dict[str, Post] = field(default_factory=dict)  # by ts
    statuses: list[tuple[str, str]] = field(default_factory=list)  # (thread, text) of assistant.threads.setStatus
    titles: dict[str, str] = field(default_factory=dict)  # by thread
    prompts: dict[str, list[dict[str, str]]] = field(default_factory=dict)  # by thread

    @property
    def private(self) -> bool:
        return self.kind in ("im", "mpim")


@dataclass(eq=False, repr=False)
class File(Thing):
    """An uploaded file. `stub`: events show it as Slack Connect does, by its id alone."""

    id: str
    name: str
    user: User
    data: bytes = b""
    mimetype: str = "application/octet-stream"
    title: str = ""
    stub: bool = False
    uploaded: bool = False
    completed: bool = False
    deleted: bool = False
    shares: list[Post] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class Post(Thing):
    """A message. `history` keeps every text that it showed, oldest first; `visible_to` is for ephemeral ones."""

    ts: str
    channel: Channel
    user: User
    text: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str = ""
    files: list[File] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    visible_to: User | None = None
    streaming: bool = False
    streamed: bool = False
    edited_ts: str = ""
    deleted: bool = False
    broadcast: bool = False
    begins_assistant: bool = False  # what Slack puts at the top of an assistant's thread, in the bot's name
    reactions: dict[str, list[User]] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)

    @property
    def by_bot(self) -> bool:
        return self.user.bot

    @property
    def ephemeral(self) -> bool:
        return self.visible_to is not None

    @property
    def shown(self) -> str:
        """All words on it: text, blocks and the names of its files."""
        return "\n".join([self.text, *words(self.blocks), *(file.name for file in self.files)])


@dataclass(eq=False, repr=False)
class View(Thing):
    """A modal or an App Home as somebody sees it. `body` is what the app sent, `parent` the one below in the stack."""

    id: str
    team: Team
    user: User
    body: dict[str, Any]
    hash: str
    parent: View | None = None
    errors: dict[str, str] = field(default_factory=dict)
    closed: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return self.body.get("blocks") or []

    @property
    def shown(self) -> str:
        """All words on it."""
        heads = [self.body[part]["text"] for part in ("title", "submit", "close") if self.body.get(part)]
        return "\n".join([*heads, *words(self.blocks)])


def words(value: Any) -> Iterator[str]:
    """All texts in blocks, in order."""
    if isinstance(value, list):
        for each in value:
            yield from words(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key in ("text", "alt_text", "initial_value") and isinstance(each, str):
                yield each
            else:
                yield from words(each)


class World:
    """Everything that exists. Ids are unlike each other, and time stamps grow."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._micros = count(100)
        self.teams: dict[str, Team] = {}
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.views: dict[str, View] = {}
        self.stacks: dict[str, list[View]] = {}  # open modals by user id, the topmost last
        self.homes: dict[str, View] = {}  # by user id

    def new_id(self, letter: str) -> str:
        return f"{letter}0TEST{next(self._numbers):05}"

    def new_ts(self) -> str:
        return f"{int(time.time())}.{next(self._micros):06}"

    def team(self, name: str) -> Team:
        number = next(self._numbers)
        team = Team(f"T0TEST{number:05}", name, f"xoxb-{number}-test-token", "A0TESTAPP")
        team.bot_id = self.new_id("B")
        team.bot = self.user(team, "gpt4video", bot=True)
        self.teams[team.id] = team
        return team

    def user(self, team: Team, name: str, **options: bool) -> User:
        user = User(self.new_id("U"), name, team, **options)
        self.users[user.id] = user
        return user

    def channel(self, team: Team, name: str, *, kind: str = "channel") -> Channel:
        letter = "D" if kind == "im" else "C"
        channel = Channel(self.new_id(letter), name, team, kind)
        self.channels[channel.id] = channel
        team.channels.append(channel)
        return channel

    def dm(self, user: User) -> Channel:
        """The direct messages between somebody and the bot."""
        for channel in user.team.channels:
            if channel.kind == "im" and user in channel.members:
                return channel
        channel = self.channel(user.team, f"dm-{user.name}", kind="im")
        channel.members += [user, user.team.bot]
        return channel

    def post(self, channel: Channel, user: User, text: str = "", **more: Any) -> Post:
        post = Post(self.new_ts(), channel, user, text, **more)
        post.history.append(text)
        channel.posts[post.ts] = post
        return post

    def file(self, user: User, name: str, data: bytes = b"", mimetype: str = "application/octet-stream") -> File:
        file = File(self.new_id("F"), name, user, data, mimetype, title=name)
        self.files[file.id] = file
        return file
