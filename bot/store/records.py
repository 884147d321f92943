"""What is stored, as small frozen records. They know nothing of SQL; times are aware UTC, ids are opaque strings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

Kind = Literal["ask", "generate"]
Speaker = Literal["user", "assistant"]
CheckPoint = Literal["question", "clip", "speech", "answer", "prompt", "video"]


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
    details: Mapping[str, Any] = field(default_factory=dict)  # what else mattered; JSON values only


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One line of the audit: a decision, or a change that `author` made.

    The `details` of a change say in "what" what kind of thing changed, and "from" and "to" what:

    - "rule" (its category is the row's): mappings of "threshold" and "action", None where there is no override;
    - "setting" ("name") and "quota" ("subject", "measure", "window"): the values. A quota's None is no limit. Where
      "from_default" or "to_default" is true, there is none of the community's own and the operator's default holds;
    - "case" ("case", its id, and "kind"): the states.
    """

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


# --- what admins choose --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """At most `amount` (None: no limit) of `measure` in any `window`."""

    platform: str
    community: str
    subject: str  # "" for everyone, "role:ID" or "user:ID"
    measure: str  # "asks", "videos" or "gpu_seconds"
    window: str  # "hour" or "day"
    amount: float | None


# --- what people use -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUsage:
    """What a request is about to use up, to be reserved before it runs."""

    request: str
    platform: str
    community: str
    author: str
    measure: str  # "asks" or "videos"


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What a request has used up. `gpu_seconds` is 0 until it was charged."""

    request: str
    measure: str
    at: datetime  # when it was reserved
    gpu_seconds: float


@dataclass(frozen=True, slots=True)
class Ceiling:
    """At most `amount` of `measure` within the last `span_s` seconds; GPU seconds are summed over both measures."""

    measure: str  # "asks", "videos" or "gpu_seconds"
    span_s: float
    amount: float


@dataclass(frozen=True, slots=True)
class Overdrawn:
    """Why a reservation does not fit, and when one more would as far as this ceiling goes; None: never."""

    ceiling: Ceiling
    used: float
    frees_at: datetime | None


# --- what moderators rule on ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """An appeal or a report. `snapshot` is kept as it is, JSON values only; files in it are under keys "path"."""

    kind: str  # "appeal" or "report"
    request: str
    platform: str
    community: str
    channel: str
    thread: str
    author_id: str  # who appealed or reported
    author_name: str
    asker_id: str  # whose request it is
    asker_name: str
    words: str  # what the author says about it
    snapshot: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow(NewCase):
    """A stored case: open until somebody rules, once."""

    id: str  # 12 characters, unguessable
    state: str  # "open"; an appeal "upheld" or "overturned", a report "removed" or "kept"
    at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    outcome: str = ""  # what happened after the ruling
    ref: str = ""  # how the adapter finds the case's card again; empty: it was not posted yet


# --- what is kept, and what is gone --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """What is stored of one author."""

    questions: int  # requests of either kind, open ones included
    videos: int  # that were made
    conversations: int
    clips: int  # that came with the questions
    paths: tuple[str, ...]  # of all their files


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted, and what is therefore to be deleted elsewhere."""

    requests: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()  # of files
    cards: tuple[str, ...] = ()  # the refs of the cases' cards


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationRow:
    """A workspace that has installed an app. The token is in no repr."""

    platform: str
    community: str
    name: str
    token: str = field(repr=False)
    bot_user: str
    scopes: tuple[str, ...]
    installed_by: str
    installed_at: datetime
