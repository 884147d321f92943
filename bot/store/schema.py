"""The tables. Constraints hold what must always be true; every index is there for a query of the store.

This is what the code expects; `migrations/` is the only way a database gets there, and a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table
from sqlalchemy.engine import Dialect

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(sa.TypeDecorator[datetime]):
    """Aware UTC on both sides. SQLite has no time zones, so there the zone is taken off and put back."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("only aware times are stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class People(sa.TypeDecorator[str]):
    """Text that people wrote. Postgres refuses NUL and neither database takes half a surrogate pair, so both become
    the replacement character instead of losing the whole message."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return (
            value.replace("\x00", "\N{REPLACEMENT CHARACTER}")
            .encode("utf-16", "surrogatepass")
            .decode("utf-16", "replace")
        )


# SQLite only gives an integer key its own counter when it is called INTEGER.
_Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")

metadata = sa.MetaData(naming_convention=NAMING)


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, People, nullable=False, **options)


# An event is taken once. That this is a table of its own lets a request be forgotten and its event stay known.
events_seen = Table(
    "events_seen",
    metadata,
    _text("platform", primary_key=True),
    _text("event_id", primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False),
    Index(None, "seen_at"),
)

conversations = Table(
    "conversations",
    metadata,
    _text("key", primary_key=True),
    _text("platform"),
    _text("community"),
    _text("channel"),
    _text("thread"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("active_at", UtcDateTime, nullable=False),
    Index(None, "platform", "community"),
)

requests = Table(
    "requests",
    metadata,
    Column("seq", _Serial, primary_key=True),
    _text("id"),
    _text("event_id"),
    _text("kind"),
    _text("platform"),
    _text("community"),
    _text("channel"),
    _text("thread"),
    Column("conversation", People, ForeignKey("conversations.key", ondelete="CASCADE"), nullable=False),
    _text("author_id"),
    _text("author_name"),
    _text("text"),
    Column("params", sa.JSON, nullable=False),
    _text("reply_ref"),
    Column("clips", sa.JSON, nullable=False),
    _text("state"),
    Column("attempts", sa.Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    sa.UniqueConstraint("id"),
    CheckConstraint("kind IN ('ask', 'generate')", name="kind"),
    CheckConstraint("state IN ('accepted', 'running', 'done', 'blocked', 'cancelled', 'failed')", name="state"),
    CheckConstraint("(state IN ('accepted', 'running')) = (finished_at IS NULL)", name="finished_iff_ended"),
    CheckConstraint("attempts >= 0", name="attempts"),
    Index(None, "conversation", "seq"),
    # Not led by the platform: that would lure SQLite's planner away from the index of the open requests.
    Index(None, "event_id"),
    # Nor are these, for the same reason.
    Index(None, "author_id", "platform", "seq"),
)


def _partial(name: str, *columns: Column[Any], where: sa.ColumnElement[bool]) -> None:
    Index(name, *columns, sqlite_where=where, postgresql_where=where)


# Only the open requests, which stay few however long the history grows.
_partial("ix_requests_open", requests.c.seq, where=requests.c.finished_at.is_(None))
# Only the ended ones, so that accepting does not pay for pruning.
_partial(
    "ix_requests_ended",
    requests.c.community,
    requests.c.platform,
    requests.c.finished_at,
    where=requests.c.finished_at.is_not(None),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("request", People, ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True),
    Column("view", sa.JSON, nullable=False),
    Column("ready_at", UtcDateTime, nullable=False),
    Column("delivered_at", UtcDateTime),
)
_partial(
    "ix_deliveries_open",
    deliveries.c.ready_at,
    deliveries.c.request,
    where=deliveries.c.delivered_at.is_(None),
)

turns = Table(
    "turns",
    metadata,
    Column("id", _Serial, primary_key=True),
    # No foreign key: the request's is enough, and with this one an end would have to wait for whoever holds the
    # conversation's row, who may in turn wait for the request's.
    _text("conversation"),
    Column("request", People, ForeignKey("requests.id", ondelete="CASCADE"), nullable=False),
    _text("role"),
    _text("text"),
    Column("clips", sa.JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint("role IN ('user', 'assistant')", name="role"),
    Index(None, "conversation", "id"),
    Index(None, "request"),
)

policies = Table(
    "policies",
    metadata,
    _text("platform", primary_key=True),
    _text("community", primary_key=True),
    _text("channel", primary_key=True),
    _text("category", primary_key=True),
    Column("threshold", sa.Double, nullable=False),
    _text("action"),
    Column("changed_at", UtcDateTime, nullable=False),
    CheckConstraint("threshold >= 0 AND threshold <= 1", name="threshold"),
    CheckConstraint("action IN ('allow', 'warn', 'block')", name="action"),
)

# What the admins of a community have chosen; what is not here is the operator's default.
settings = Table(
    "settings",
    metadata,
    _text("platform", primary_key=True),
    _text("community", primary_key=True),
    _text("name", primary_key=True),
    Column("value", sa.JSON(none_as_null=False), nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

# Workspaces that have installed an app, each with a token of its own: not about anything that anybody said, so it is
# not a part of what forgetting a community deletes. The token is as it was given; see docs/slack.md.
installations = Table(
    "installations",
    metadata,
    _text("platform", primary_key=True),
    _text("community", primary_key=True),
    _text("name"),
    _text("token"),
    _text("bot_user"),
    _text("scopes"),  # separated by commas
    _text("installed_by"),
    Column("installed_at", UtcDateTime, nullable=False),
)

quotas = Table(
    "quotas",
    metadata,
    _text("platform", primary_key=True),
    _text("community", primary_key=True),
    _text("subject", primary_key=True),
    _text("measure", primary_key=True),
    _text("period", primary_key=True),  # `QuotaRow.window`, which is a reserved word in SQL
    Column("amount", sa.Double),  # NULL: no limit
    Column("changed_at", UtcDateTime, nullable=False),
    CheckConstraint("measure IN ('asks', 'videos', 'gpu_seconds')", name="measure"),
    CheckConstraint("period IN ('hour', 'day')", name="period"),
    CheckConstraint("amount >= 0 AND amount <= 1e9", name="amount"),  # Postgres takes NaN for more than anything
)

# What people have used up. No words are in it, so it outlives what it was used for: forgetting refills no quota.
usage = Table(
    "usage",
    metadata,
    _text("request", primary_key=True),
    _text("measure", primary_key=True),
    _text("platform"),
    _text("community"),
    _text("author"),
    Column("at", UtcDateTime, nullable=False),
    Column("gpu_seconds", sa.Double, nullable=False),
    CheckConstraint("measure IN ('asks', 'videos')", name="measure"),
    CheckConstraint("gpu_seconds >= 0 AND gpu_seconds <= 1e9", name="gpu_seconds"),
    Index(None, "platform", "community", "author", "at"),
    Index(None, "at"),
)

# A case is about a request that is there, and goes with it.
cases = Table(
    "cases",
    metadata,
    Column("seq", _Serial, primary_key=True),
    _text("id"),
    _text("kind"),
    Column("request", People, ForeignKey("requests.id", ondelete="CASCADE"), nullable=False),
    _text("platform"),
    _text("community"),
    _text("channel"),
    _text("thread"),
    _text("author_id"),
    _text("author_name"),
    _text("asker_id"),
    _text("asker_name"),
    _text("words"),
    Column("snapshot", sa.JSON, nullable=False),
    _text("state"),
    Column("at", UtcDateTime, nullable=False),
    _text("decided_by"),
    Column("decided_at", UtcDateTime),
    _text("outcome"),
    _text("ref"),
    sa.UniqueConstraint("id"),
    sa.UniqueConstraint("request", "kind", "author_id"),
    CheckConstraint("kind IN ('appeal', 'report')", name="kind"),
    CheckConstraint(
        "state = 'open' OR (kind = 'appeal' AND state IN ('upheld', 'overturned'))"
        " OR (kind = 'report' AND state IN ('removed', 'kept'))",
        name="state",
    ),
    CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_iff_closed"),
    Index(None, "community", "platform", "seq"),  # not led by the platform, as above
    Index(None, "author_id", "platform"),
)
_undecided = cases.c.decided_at.is_(None)
_partial("ix_cases_open", cases.c.community, cases.c.platform, cases.c.seq, where=_undecided)
_partial("ix_cases_without_card", cases.c.seq, where=sa.and_(_undecided, cases.c.ref == sa.literal_column("''")))
_partial("ix_cases_unsettled", cases.c.seq, where=sa.and_(~_undecided, cases.c.outcome == sa.literal_column("''")))

# The audit outlives what it is about, so it refers to requests and conversations by value, not by foreign key.
audit = Table(
    "audit",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    _text("kind"),
    _text("request"),
    _text("platform"),
    _text("community"),
    _text("channel"),
    _text("conversation"),
    _text("author"),
    _text("check_point"),
    _text("category"),
    Column("score", sa.Double),
    Column("threshold", sa.Double),
    _text("action"),
    Column("time_s", sa.Double),
    _text("excerpt"),
    _text("guard"),
    Column("details", sa.JSON, nullable=False),
    CheckConstraint("kind IN ('decision', 'change')", name="kind"),
    CheckConstraint(
        "check_point IN ('', 'question', 'clip', 'speech', 'answer', 'prompt', 'video')", name="check_point"
    ),
    CheckConstraint("score >= 0 AND score <= 1", name="score"),
    CheckConstraint("threshold >= 0 AND threshold <= 1", name="threshold"),
    CheckConstraint("action IN ('', 'allow', 'warn', 'block')", name="action"),
    Index(None, "platform", "community", "id"),
    Index(None, "platform", "community", "channel", "id"),
    Index(None, "category", "id"),
    Index(None, "action", "id"),
    Index(None, "conversation"),
    Index(None, "author", "platform", "community", "id"),
    Index(None, "at"),
)
# Changes are few among decisions, and quotes few once they were pruned.
_partial(
    "ix_audit_changes",
    audit.c.platform,
    audit.c.community,
    audit.c.id,
    where=audit.c.kind == sa.literal_column("'change'"),
)
_partial("ix_audit_quoted", audit.c.request, where=audit.c.excerpt != sa.literal_column("''"))

# Points in time that outlive the process, by name.
moments = Table(
    "moments",
    metadata,
    _text("name", primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)
