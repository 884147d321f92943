"""The audit in SQL: each function builds the work of one transaction for the store to run, or a part of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store import schema
from bot.store.database import Work
from bot.store.records import AuditRow, NewDecision
from bot.store.rows import audit_in

_audit = schema.audit
_is_change = _audit.c.kind == sa.literal_column("'change'")  # a constant, so that the planners see the partial index


def record(decisions: Sequence[NewDecision], now: datetime) -> Work[None]:
    """Append decisions."""
    rows = []
    for decision in decisions:
        row = asdict(decision)
        row["check_point"] = row.pop("where")
        rows.append(row | {"kind": "decision", "at": now})

    tries = 0

    def work(connection: sa.Connection) -> None:
        nonlocal tries
        tries += 1
        if tries > 1 and _recorded(connection, decisions[0], now):
            return  # by us, when the connection was lost between our COMMIT and its acknowledgement
        connection.execute(sa.insert(_audit), rows)

    return work


def _recorded(connection: sa.Connection, decision: NewDecision, at: datetime) -> bool:
    mine = sa.and_(_audit.c.request == decision.request, _audit.c.check_point == decision.where, _audit.c.at == at)
    return connection.scalar(sa.select(_audit.c.id).where(mine).limit(1)) is not None


def change(by: str, now: datetime, details: Mapping[str, Any], **columns: Any) -> sa.Insert:
    """The statement that appends a change: `details` as `AuditRow` describes them, and the columns that apply."""
    empty = dict.fromkeys(
        ("request", "platform", "community", "channel", "conversation", "check_point", "category"), ""
    )
    nothing = {"score": None, "threshold": None, "action": "", "time_s": None, "excerpt": "", "guard": ""}
    row = empty | nothing | {"at": now, "kind": "change", "author": by, "details": dict(details)}
    return sa.insert(_audit).values(row | columns)


def select(filters: Mapping[str, str], before: int | None, limit: int, *, scored: bool = False) -> Work[list[AuditRow]]:
    """Read the newest rows that match every filter that is not empty."""
    query = sa.select(_audit)
    for name, value in filters.items():
        if value:
            query = query.where(_is_change if (name, value) == ("kind", "change") else _audit.c[name] == value)
    if before is not None:
        query = query.where(_audit.c.id < before)
    if scored:
        query = query.where(_audit.c.kind == "decision", _audit.c.score.is_not(None))
    query = query.order_by(_audit.c.id.desc()).limit(limit)

    def work(connection: sa.Connection) -> list[AuditRow]:
        return [audit_in(row) for row in connection.execute(query).mappings()]

    return work
