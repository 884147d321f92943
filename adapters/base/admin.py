"""What admins and moderators see and change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from adapters.base.accounts import Measure, Window
from adapters.base.asking import Attachment, Author, ModelOption
from adapters.base.cases import Case, CaseState
from adapters.base.views import Chip

AGE_RESTRICTED = "age-restricted"  # the `channel` of the scope that holds in all age-restricted places of a community


@dataclass(frozen=True)
class Scope:
    """Whose rules: everyone's (`""`, `""`), a community's, its age-restricted places' (`channel` `AGE_RESTRICTED`), or
    one place's (`community`, `channel`). The narrower one wins.

    `age_restricted` says that the place is one where the community's profile for such places holds too.
    """

    platform: str = ""
    community: str = ""
    channel: str = ""
    age_restricted: bool = False


@dataclass(frozen=True)
class Rule:
    """One row of the safety table.

    `origin` says where the values come from: "default", "community", "age-restricted" or "place". `text` and `frames`
    say whether a loaded guard scores the category there at all.
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
    author: str = ""
    kind: str = ""  # "decision" or "change"
    before: int | None = None
    limit: int = 50


@dataclass(frozen=True)
class AuditEntry:
    """One decision, or one change of a rule, a setting or a quota (`kind` "decision" or "change").

    A change has who in `author`, and in `details` "what", "from" and "to".
    """

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
    unread: tuple[str, ...] = ()  # those of `not_covered` that are so only because no guard knows the text's language


@dataclass(frozen=True)
class Rooms:
    """Where the bot answers: everywhere, only in `channels`, or everywhere except there."""

    mode: Literal["all", "only", "except"] = "all"
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audience:
    """Who may: everyone, admins, nobody, or those with one of `roles` (and admins)."""

    who: Literal["everyone", "admins", "nobody", "roles"] = "everyone"
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What a community's admins decide. `own` are the names of the fields that they have set; the rest is the
    operator's default."""

    rooms: Rooms = Rooms()
    ask: Audience = Audience()
    generate: Audience = Audience()
    model: str = ""  # of the videos, the `name` of a `ModelOption`
    retention_days: int | None = None  # None: kept until somebody makes the bot forget
    moderator_channel: str = ""
    own: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Quota:
    """At most `amount` (None: no limit) of `measure` in any `window`.

    `subject` is "" for everyone, "role:ID" or "user:ID". A user's own quota wins over those of their roles, the most
    generous role over everyone's. `origin` is "default" or "community".
    """

    subject: str
    measure: Measure
    window: Window
    amount: float | None
    origin: str = "community"


class AdminDesk(Protocol):
    """What the application offers to admins and moderators, on every platform.

    Callers have asked the platform whether `author` is one; `Refusal` is raised all the same when `author` is not
    (changes need an admin; cases a moderator).
    """

    async def settings(self, scope: Scope) -> Settings: ...

    async def change(
        self, scope: Scope, author: Author, name: str, value: Rooms | Audience | str | int | None
    ) -> Settings:
        """Set one field of `Settings` and audit it. Raises `ValueError` with a sentence for impossible values."""

    async def reset(self, scope: Scope, author: Author, name: str) -> Settings:
        """Fall back to the operator's default for one field of `Settings`."""

    async def quotas(self, scope: Scope) -> Sequence[Quota]:
        """The defaults and the community's own, everyone's first."""

    async def set_quota(self, scope: Scope, author: Author, quota: Quota) -> Sequence[Quota]:
        """Set one limit and audit it. Raises `ValueError` with a sentence for impossible values."""

    async def reset_quota(
        self, scope: Scope, author: Author, subject: str, measure: Measure, window: Window
    ) -> Sequence[Quota]:
        """Drop one limit of the community."""

    def models(self) -> Sequence[ModelOption]:
        """The video models that the operator offers, the default one first."""

    async def cases(self, scope: Scope, *, open_only: bool = True, limit: int = 25) -> Sequence[Case]:
        """A community's cases, newest first."""

    async def rule_case(self, scope: Scope, author: Author, case: str, ruling: CaseState) -> Case:
        """Rule on a case, once. Raises `ValueError` with a sentence when it is closed, gone or not this community's."""

    async def rules(self, scope: Scope) -> Sequence[Rule]: ...

    async def set_rule(
        self, scope: Scope, author: Author, category: str, threshold: float, action: str
    ) -> Sequence[Rule]:
        """Change one rule and audit the change. Raises `ValueError` with a sentence for impossible values."""

    async def reset_rule(self, scope: Scope, author: Author, category: str) -> Sequence[Rule]:
        """Fall back to the next wider scope."""

    async def what_if(self, scope: Scope, category: str, threshold: float, action: str = "") -> WhatIf:
        """Replay the recorded decisions of a scope. `action` empty: that of the current rule."""

    async def audit(self, query: AuditQuery) -> Sequence[AuditEntry]: ...

    async def try_text(self, scope: Scope, text: str) -> Trial: ...

    async def try_clip(self, scope: Scope, attachment: Attachment) -> Trial:
        """Raises `AttachmentError` with a sentence when the file cannot be read."""
