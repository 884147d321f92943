"""What is stored, as small frozen records. They know nothing of SQL; times are aware UTC, ids are opaque strings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

Kind = Literal["ask", "generate"]
Speaker = Literal["user", "assistant"]
CheckPoint = Literal["question", "clip", "answer", "prompt", "video"]


class RequestState(StrEnum):
    """The life of a request. The first two are open; the others are ends, and an end is never left again."""

    ACCEPTED = "accepted"  # stored; nobody works on it yet
    RUNNING = "running"  # claimed at least once
    DONE = "done"
    BLOCKED = "blocked"  # stopped by a safety decision
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def terminal(self) -> bool:
        return self not in (RequestState.ACCEPTED, RequestState.RUNNING)


@dataclass(frozen=True, slots=True)
class StoredClip:
    """A file on this machine's disk and the name that people know it by."""

    path: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """What is known about a request when a platform hands it over."""

    event_id: str  # the platform's own; unique per platform
    kind: Kind
    platform: str
    community: str
    channel: str
    thread: str
    conversation: str  # the key of the history it belongs to
    author_id: str
    author_name: str
    text: str
    params: Mapping[str, Any] = field(default_factory=dict)  # of a generation; JSON values only
    reply_ref: str = ""  # how the adapter finds its message again after a restart


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(NewRequest):
    """A stored request. `view` is the final view, there once the request has ended."""

    id: str  # 12 characters, unguessable
    clips: tuple[StoredClip, ...] = ()
    state: RequestState = RequestState.ACCEPTED
    attempts: int = 0  # how often it was claimed
    created_at: datetime
    finished_at: datetime | None = None
    view: dict[str, Any] | None = None
    delivered: bool = False  # whether the final view has reached its place


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTurn:
    """One turn to append to a conversation when its request ends."""

    role: Speaker
    text: str
    clips: tuple[StoredClip, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTurn:
    """One turn of a conversation."""

    role: Speaker
    text: str
    clips: tuple[StoredClip, ...]
    request: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One override. Everyone's has three empty names, a community's an empty channel."""

    platform: str
    community: str
    channel: str
    category: str
    threshold: float  # 0 to 1
    action: str  # "allow", "warn" or "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDecision:
    """One safety decision, for the audit."""

    request: str
    platform: str
    community: str
    channel: str
    conversation: str
    author: str
    where: CheckPoint
    category: str
    score: float | None  # None: nobody could score it, and that decided
    threshold: float | None
    action: str
    time_s: float | None = None  # of the frame, in seconds from the clip's start
    excerpt: str = ""
    guard: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One line of the audit: a decision, or a change of a rule (`author` made it, `details` holds from and to)."""

    id: int
    at: datetime
    kind: Literal["decision", "change"]
    request: str
    platform: str
    community: str
    channel: str
    conversation: str
    author: str
    where: str
    category: str
    score: float | None
    threshold: float | None
    action: str
    time_s: float | None
    excerpt: str
    guard: str
    details: Mapping[str, Any] = field(default_factory=dict)
