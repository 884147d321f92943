"""Rules and the audit in SQL: each function builds the work of one transaction for the store to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store import schema
from bot.store.database import Work
from bot.store.records import AuditRow, NewDecision, RuleRow

_audit, _policies = schema.audit, schema.policies
_KEY = ("platform", "community", "channel", "category")


def rules(platform: str, community: str, channel: str) -> Work[list[RuleRow]]:
    """Read the overrides of everyone, of the community and of the place, in this order."""
    scopes = list(
        dict.fromkeys([("", "", ""), (platform, "", ""), (platform, community, ""), (platform, community, channel)])
    )
    query = sa.select(*(_policies.c[name] for name in RuleRow.__dataclass_fields__)).where(
        sa.or_(*(_matches(("platform", "community", "channel"), scope) for scope in scopes))
    )

    def work(connection: sa.Connection) -> list[RuleRow]:
        found = [RuleRow(*row) for row in connection.execute(query)]
        return sorted(found, key=lambda row: (scopes.index((row.platform, row.community, row.channel)), row.category))

    return work


def set_rule(insert: Callable[..., Any], rule: RuleRow, by: str, now: datetime) -> Work[None]:
    """Insert or replace an override, and write down what it was."""
    key = (rule.platform, rule.community, rule.channel, rule.category)
    values = {"threshold": rule.threshold, "action": rule.action}
    upsert = (
        insert(_policies)
        .values(asdict(rule) | {"changed_at": now})
        .on_conflict_do_update(index_elements=list(_KEY), set_=values | {"changed_at": now})
    )

    def work(connection: sa.Connection) -> None:
        before = _held(connection, key)
        connection.execute(upsert)
        connection.execute(_change(key, by, now, before, values))

    return work


def reset_rule(key: tuple[str, str, str, str], by: str, now: datetime) -> Work[bool]:
    """Delete an override, and write down what it was."""

    def work(connection: sa.Connection) -> bool:
        before = _held(connection, key)
        if before is None:
            return False
        connection.execute(sa.delete(_policies).where(_matches(_KEY, key)))
        connection.execute(_change(key, by, now, before, None))
        return True

    return work


def record(decisions: Sequence[NewDecision], now: datetime) -> Work[None]:
    """Append decisions."""
    rows = []
    for decision in decisions:
        row = asdict(decision)
        row["check_point"] = row.pop("where")
        rows.append(row | {"kind": "decision", "at": now, "details": {}})

    def work(connection: sa.Connection) -> None:
        connection.execute(sa.insert(_audit), rows)

    return work


def select(filters: Mapping[str, str], before: int | None, limit: int, *, scored: bool = False) -> Work[list[AuditRow]]:
    """Read the newest rows that match every filter that is not empty."""
    query = sa.select(_audit).where(*(_audit.c[name] == value for name, value in filters.items() if value))
    if before is not None:
        query = query.where(_audit.c.id < before)
    if scored:
        query = query.where(_audit.c.kind == "decision", _audit.c.score.is_not(None))
    query = query.order_by(_audit.c.id.desc()).limit(limit)

    def work(connection: sa.Connection) -> list[AuditRow]:
        return [_row_in(row) for row in connection.execute(query).mappings()]

    return work


def _held(connection: sa.Connection, key: tuple[str, ...]) -> dict[str, Any] | None:
    """The override's values, locked against a change at the same time (on SQLite every write already is)."""
    if connection.dialect.name == "postgresql":  # the table, because a row that is not there yet cannot be locked
        connection.execute(sa.text("LOCK TABLE policies IN SHARE ROW EXCLUSIVE MODE"))
    query = sa.select(_policies.c.threshold, _policies.c.action).where(_matches(_KEY, key))
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def _change(
    key: tuple[str, str, str, str], by: str, now: datetime, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> sa.Insert:
    platform, community, channel, category = key
    return sa.insert(_audit).values(
        at=now,
        kind="change",
        request="",
        platform=platform,
        community=community,
        channel=channel,
        conversation="",
        author=by,
        check_point="",
        category=category,
        score=None,
        threshold=after["threshold"] if after else None,
        action=after["action"] if after else "",
        time_s=None,
        excerpt="",
        guard="",
        details={"from": before, "to": after},
    )


def _matches(names: Sequence[str], values: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(_policies.c[name] == value for name, value in zip(names, values, strict=True)))


def _row_in(row: Mapping[Any, Any]) -> AuditRow:
    fields = dict(row)
    fields["where"] = fields.pop("check_point")
    return AuditRow(**fields)
