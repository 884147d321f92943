"""What there is on the made-up Discord: people, guilds, channels and posts. Knows neither HTTP nor sockets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

EPOCH_MS = 1_420_070_400_000  # the first second of 2015, where Discord's ids begin

TEXT, DM, VOICE, ANNOUNCEMENT, PUBLIC_THREAD, STAGE, FORUM = 0, 1, 2, 5, 11, 13, 15

THREADS = (10, PUBLIC_THREAD, 12)  # of announcements, public, private

EPHEMERAL, LOADING = 1 << 6, 1 << 7

JOINED = "2024-01-01T00:00:00+00:00"  # when the bot came to a guild, unless a test says otherwise

VIEW, SEND, SEND_IN_THREADS, ATTACH, READ_HISTORY = 1 << 10, 1 << 11, 1 << 38, 1 << 15, 1 << 16
VIEW_AUDIT_LOG = 1 << 7

# View, send, send in threads, embed, attach, history, react, application commands.
MEMBER_PERMISSIONS = 1 << 10 | 1 << 11 | 1 << 38 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 6 | 1 << 31
ADMINISTRATOR = 1 << 3


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(eq=False)
class User:
    id: str
    name: str
    bot: bool = False
    hears_nobody: bool = False  # takes no direct messages


@dataclass(eq=False)
class Guild:
    id: str
    name: str
    owner: User
    permissions: int = MEMBER_PERMISSIONS  # of @everyone, so of the bot too
    channels: list[Channel] = field(default_factory=list)
    members: list[User] = field(default_factory=list)
    premium_tier: int = 0
    joined: str = JOINED  # by the bot
    added_by: User | None = None  # who added the bot, for the audit log


@dataclass(eq=False)
class Channel:
    """A place to post in. `parent` is a thread's channel, `recipient` the other side of a DM.

    `denied` are the permissions taken from everyone there; an `archived` thread opens by a message, a `locked` one not.
    """

    id: str
    name: str
    kind: int = TEXT
    guild: Guild | None = None
    nsfw: bool = False
    parent: Channel | None = None
    recipient: User | None = None
    posts: dict[str, Post] = field(default_factory=dict)
    nonces: dict[str, Post] = field(default_factory=dict)
    last: str = ""  # the id of the newest message that there ever was
    typing: int = 0  # how often the bot said that it is typing
    denied: int = 0
    archived: bool = False
    locked: bool = False


@dataclass(eq=False)
class File:
    """A posted file."""

    id: str
    name: str
    data: bytes
    content_type: str = "application/octet-stream"
    description: str | None = None


@dataclass(eq=False)
class Post:
    """A message. `history` keeps every content that it showed, oldest first."""

    id: str
    channel: Channel
    author: User
    content: str = ""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    mentions: list[User] = field(default_factory=list)
    reply_to: Post | None = None
    reply_to_id: str = ""  # stays when the message replied to is gone
    forwarded: Post | None = None
    flags: int = 0
    nonce: str | None = None
    created: datetime = field(default_factory=now)
    edited: datetime | None = None
    interaction: Interaction | None = None
    history: list[str] = field(default_factory=list)

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)


@dataclass(eq=False)
class Interaction:
    """Somebody used a command, a component or a modal. What the bot made of it is kept here."""

    id: str
    token: str
    user: User
    channel: Channel
    kind: int
    data: dict[str, Any]
    message: Post | None = None  # the one whose component was used
    callback: dict[str, Any] | None = None  # the first answer, as it was sent
    response: Post | None = None
    followups: list[Post] = field(default_factory=list)
    unknown: bool = False  # Discord no longer knows it: 10062
    expired: bool = False  # its token is used up: 50027


class World:
    """Everything, and the ids for it."""

    def __init__(self) -> None:
        self._counter = count(1)
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.users: dict[str, User] = {}
        self.files: dict[str, File] = {}
        self.interactions: dict[str, Interaction] = {}
        self.commands: list[dict[str, Any]] = []

    def snowflake(self) -> str:
        """A fresh id that carries the time, as Discord's do."""
        return str((int(time.time() * 1000) - EPOCH_MS) << 22 | next(self._counter))

    def user(self, name: str, *, bot: bool = False) -> User:
        user = User(self.snowflake(), name, bot)
        self.users[user.id] = user
        return user

    def channel(self, name: str, **facts: Any) -> Channel:
        channel = Channel(self.snowflake(), name, **facts)
        self.channels[channel.id] = channel
        if channel.guild is not None:
            channel.guild.channels.append(channel)
        return channel

    def dm(self, user: User) -> Channel:
        """The channel between the bot and somebody; always the same one."""
        for channel in self.channels.values():
            if channel.recipient is user:
                return channel
        return self.channel("", kind=DM, recipient=user)

    def file(self, name: str, data: bytes, content_type: str, description: str | None = None) -> File:
        file = File(self.snowflake(), name, data, content_type, description)
        self.files[file.id] = file
        return file

    def post(self, channel: Channel, author: User, content: str = "", **facts: Any) -> Post:
        post = Post(self.snowflake(), channel, author, content, **facts)
        post.history.append(content)
        channel.posts[post.id] = post
        channel.last = post.id
        return post

    def posts(self) -> Iterator[Post]:
        for channel in self.channels.values():
            yield from channel.posts.values()
