"""What people ask for, and where: the way in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True)
class Author:
    """Who speaks.

    `is_admin` (may manage this community) and `is_moderator` (may remove other people's messages in this place) are
    the platform's words, not a policy; every admin is a moderator. `roles` are the ids of the platform's own roles or
    groups that they have there. `seat` is for a platform on which several people are one author: their place in the
    queue. Quotas and what is kept know the author only.
    """

    id: str
    name: str
    is_admin: bool = False
    is_moderator: bool = False
    roles: tuple[str, ...] = ()
    seat: str = ""


EVERY_THREAD = "*"
"""As a place's thread, where `Handler.holdings` and `forget_me` are asked: the channel with all its threads."""


@dataclass(frozen=True)
class Place:
    """Where something is said. `community` is the guild or workspace, `channel` the room within it.

    `upload_limit` is what the platform takes as one file there, in bytes.
    """

    platform: str
    community: str
    channel: str
    thread: str = ""
    private: bool = False
    age_restricted: bool = False
    upload_limit: int = 10 * 1024 * 1024

    @property
    def conversation(self) -> str:
        """The key under which the conversation's history lives."""
        return "/".join((self.platform, self.community, self.channel, self.thread))


class Attachment(Protocol):
    """A posted file that has not been read yet. Its name, type and size are claims, not facts."""

    name: str
    content_type: str
    size: int

    def read(self) -> AsyncIterator[bytes]:
        """Yield the bytes. Raises `AttachmentError`. The caller enforces the cap and stops early."""


@dataclass(frozen=True)
class Quoted:
    """One earlier message of a reply chain, by the platform's id of it. `mine` says that the bot wrote it."""

    event_id: str
    name: str
    text: str
    mine: bool = False


@dataclass(frozen=True)
class Message:
    """Somebody asks. `event_id` is the platform's own and makes redelivery harmless.

    `chain` is what this message replies to, oldest first, as far as the platform shows it. `replaces` is the event id
    of the earlier wording when this is an edited question: its request ends, and its turns are forgotten. `posted_at`
    is what the platform's own clock said, which does not go wrong with this machine's.
    """

    event_id: str
    author: Author
    place: Place
    text: str
    attachments: tuple[Attachment, ...] = ()
    chain: tuple[Quoted, ...] = ()
    replaces: str = ""
    posted_at: datetime | None = None


@dataclass(frozen=True)
class GenerateCommand:
    """`/generate`. What is None or empty is chosen by the settings. `attachments` are clips to make a video like."""

    event_id: str
    author: Author
    place: Place
    prompt: str
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    seed: int | None = None
    avoid: str = ""
    model: str = ""  # the `name` of a `ModelOption`
    attachments: tuple[Attachment, ...] = ()


class Change(StrEnum):
    """How a made video is made again."""

    AGAIN = "again"  # the same wish with a new seed
    VARY = "vary"  # the same seed with other words
    LONGER = "longer"  # the same wish and seed, twice as long


@dataclass(frozen=True)
class RemakeCommand:
    """Make a video of an earlier request again. `author` is who asks now; `prompt` is only read for `Change.VARY`."""

    event_id: str
    author: Author
    place: Place
    request: str
    change: Change
    prompt: str = ""


class Wants(StrEnum):
    """What a permission or a quota is about."""

    ASK = "ask"
    GENERATE = "generate"


@dataclass(frozen=True)
class ModelOption:
    """A model that can be chosen: `name` is what to hand over, `label` what people read."""

    name: str
    label: str
