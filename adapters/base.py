"""The neutral chat types. Adapters turn their platform into these and render these natively.

An adapter knows no policy and no model. What it may ask of the application is written down here as two protocols,
`Handler` (everyone's messages) and `AdminDesk` (the safety page); `bot` implements them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


@dataclass(frozen=True)
class Author:
    """Who speaks. `is_admin` is the platform's word (may manage this community), not a policy."""

    id: str
    name: str
    is_admin: bool = False


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


class AdapterError(Exception):
    """A platform cannot be served: a taken port, a refused token. The message is a sentence for the operator."""


class AttachmentError(Exception):
    """A posted file could not be fetched. The message is a sentence for its author."""


class Attachment(Protocol):
    """A posted file that has not been read yet. Its name, type and size are claims, not facts."""

    name: str
    content_type: str
    size: int

    def read(self) -> AsyncIterator[bytes]:
        """Yield the bytes. Raises `AttachmentError`. The caller enforces the cap and stops early."""


@dataclass(frozen=True)
class Message:
    """Somebody asks. `event_id` is the platform's own and makes redelivery harmless."""

    event_id: str
    author: Author
    place: Place
    text: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class GenerateCommand:
    """`/generate`. What is None is chosen by the configuration."""

    event_id: str
    author: Author
    place: Place
    prompt: str
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    seed: int | None = None
    avoid: str = ""


class State(StrEnum):
    """What a reply is, as people see it."""

    WAITING = "waiting"  # in the queue
    WORKING = "working"  # being checked, watched, answered or rendered
    DONE = "done"
    BLOCKED = "blocked"  # a safety decision; `notice` says which
    CANCELLED = "cancelled"
    FAILED = "failed"  # `notice` says what happened and what to do next

    @property
    def final(self) -> bool:
        return self not in (State.WAITING, State.WORKING)


@dataclass(frozen=True)
class QueueSpot:
    """`position` 1 is next. `eta_s` is seconds until the start, measured, or None while nothing was measured yet."""

    position: int
    eta_s: float | None = None


@dataclass(frozen=True)
class Bar:
    """Progress: `step` of `total`; `eta_s` seconds left, None at first."""

    step: int
    total: int
    label: str = ""
    eta_s: float | None = None


@dataclass(frozen=True)
class Still:
    """A frame that the model looked at: a JPEG on this machine's disk, and its time in the clip."""

    path: str
    time_s: float
    clip: int = 0


@dataclass(frozen=True)
class MadeVideo:
    """A checked, finished MP4 on this machine's disk."""

    path: str
    prompt: str
    seed: int
    width: int
    height: int
    seconds: float
    frames: int = 0
    fps: float = 0.0
    model: str = ""


@dataclass(frozen=True)
class Chip:
    """One safety verdict, small enough to show: `category` scored `score` against `threshold`.

    `where` is "question", "clip", "answer", "prompt" or "video"; `action` is "allow", "warn" or "block".
    """

    category: str
    score: float
    threshold: float
    action: str
    where: str
    time_s: float | None = None


@dataclass(frozen=True)
class View:
    """What the one message of a request should look like right now. Views replace each other; the newest wins."""

    request: str
    state: State
    text: str = ""
    status: str = ""  # one line about what is going on: "Watching bikes.mp4 (0:10) …"
    notice: str = ""  # why it is blocked, failed or cancelled, and what to do next
    queue: QueueSpot | None = None
    bar: Bar | None = None
    stills: tuple[Still, ...] = ()
    videos: tuple[MadeVideo, ...] = ()
    chips: tuple[Chip, ...] = ()
    not_covered: tuple[str, ...] = ()  # categories that no guard scored
    footer: str = ""
    model: str = ""  # the model that answered, as the footer names it
    seconds: float | None = None  # spent by the models on this answer
    code: str = ""  # machine-readable reason of a blocked, failed or cancelled state, for operators and scripts
    can_cancel: bool = False


class Reply(Protocol):
    """The one message that a request lives in."""

    @property
    def ref(self) -> str:
        """Enough for the adapter to find the message again after a restart (`Adapter.restore`)."""

    async def show(self, view: View) -> None:
        """Make the message look like `view`. May coalesce; a view whose state is final is never dropped.

        Raises `DeliveryError` only for a final view that could not be delivered."""


class DeliveryError(Exception):
    """A final view did not reach its place."""


@dataclass(frozen=True)
class Exchange:
    """One question and its answer, for an adapter that has to redraw a conversation."""

    request: str
    author: Author
    text: str
    attachments: tuple[str, ...]  # names
    asked_at: datetime
    view: View


class Handler(Protocol):
    """What the application offers to every adapter. Each call returns as soon as the request is accepted."""

    async def message(self, message: Message, reply: Reply) -> str:
        """Take a question. Returns the request id. The reply is fed until its state is final."""

    async def generate(self, command: GenerateCommand, reply: Reply) -> str:
        """Take a `/generate`. Returns the request id."""

    async def cancel(self, request: str, author: Author) -> bool:
        """Cancel for the one who asked, or for an admin. False when there is nothing (left) to cancel."""

    async def history(self, place: Place, limit: int = 50) -> Sequence[Exchange]:
        """The latest exchanges of a conversation, oldest first. Unfinished ones carry their current view."""

    async def forget(self, place: Place) -> None:
        """Drop the conversation of this place: turns, clips and made videos."""


class Adapter(Protocol):
    """A platform."""

    name: str

    async def start(self, handler: Handler) -> None:
        """Connect and begin to hand over messages."""

    async def restore(self, ref: str) -> Reply | None:
        """Find the message of an unfinished request again; None when it is gone."""

    async def stop(self) -> None:
        """Take no more messages, deliver what is pending, disconnect."""


# --- the safety page -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scope:
    """Whose rules: everyone's (`""`, `""`), a community's, or one place's (`community`, `channel`)."""

    platform: str = ""
    community: str = ""
    channel: str = ""


@dataclass(frozen=True)
class Rule:
    """One row of the safety table.

    `origin` says where the values come from: "default", "community" or "place". `text` and `frames` say whether a
    loaded guard scores the category there at all.
    """

    category: str
    threshold: float
    action: str
    origin: str
    text: bool
    frames: bool


@dataclass(frozen=True)
class WhatIf:
    """What another threshold would have done to the recorded decisions of a scope."""

    decisions: int
    would_block: int  # were let through, would be stopped
    would_allow: int  # were stopped, would be let through


@dataclass(frozen=True)
class AuditQuery:
    """Filters of the audit; empty means any. `before` is an entry id, for paging."""

    platform: str = ""
    community: str = ""
    channel: str = ""
    category: str = ""
    action: str = ""
    where: str = ""
    before: int | None = None
    limit: int = 50


@dataclass(frozen=True)
class AuditEntry:
    """One decision, or one change of a rule (`kind` "decision" or "change")."""

    id: int
    at: datetime
    kind: str
    request: str
    place: str
    author: str
    where: str
    category: str
    score: float | None
    threshold: float | None
    action: str
    time_s: float | None
    excerpt: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """What the current rules would do to a text or a clip. Nothing of a trial is posted or remembered."""

    allowed: bool
    chips: tuple[Chip, ...]
    scores: Mapping[str, float]  # the highest per category
    not_covered: tuple[str, ...]
    seconds: float


class AdminDesk(Protocol):
    """What the application offers to admins, on every platform. Callers have checked that `author` is one."""

    async def rules(self, scope: Scope) -> Sequence[Rule]: ...

    async def set_rule(
        self, scope: Scope, author: Author, category: str, threshold: float, action: str
    ) -> Sequence[Rule]:
        """Change one rule and audit the change. Raises `ValueError` with a sentence for impossible values."""

    async def reset_rule(self, scope: Scope, author: Author, category: str) -> Sequence[Rule]:
        """Fall back to the next wider scope."""

    async def what_if(self, scope: Scope, category: str, threshold: float) -> WhatIf: ...

    async def audit(self, query: AuditQuery) -> Sequence[AuditEntry]: ...

    async def try_text(self, scope: Scope, text: str) -> Trial: ...

    async def try_clip(self, scope: Scope, attachment: Attachment) -> Trial:
        """Raises `AttachmentError` with a sentence when the file cannot be read."""
