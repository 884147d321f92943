"""What admins choose, in SQL: rules, settings and quotas. Every change is audited in its own transaction.

Each function builds the work of one transaction for the store to run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store import audit, schema
from bot.store.database import Work, lock_table
from bot.store.records import QuotaRow, RuleRow

_policies, _settings, _quotas = schema.policies, schema.settings, schema.quotas
Insert = Callable[..., Any]


# --- rules ---------------------------------------------------------------------------------------------------------


def rules(platform: str, community: str, channel: str) -> Work[list[RuleRow]]:
    """Read the overrides of everyone, of the community and of the place, in this order."""
    scopes = list(
        dict.fromkeys([("", "", ""), (platform, "", ""), (platform, community, ""), (platform, community, channel)])
    )
    names = ("platform", "community", "channel")
    query = sa.select(*(_policies.c[name] for name in RuleRow.__dataclass_fields__)).where(
        sa.or_(*(_matches(_policies, dict(zip(names, scope, strict=True))) for scope in scopes))
    )

    def work(connection: sa.Connection) -> list[RuleRow]:
        found = [RuleRow(*row) for row in connection.execute(query)]
        return sorted(found, key=lambda row: (scopes.index((row.platform, row.community, row.channel)), row.category))

    return work


def set_rule(insert: Insert, rule: RuleRow, by: str, now: datetime) -> Work[None]:
    """Insert or replace an override, and write down what it was."""
    values = {"threshold": rule.threshold, "action": rule.action}
    key = {name: value for name, value in asdict(rule).items() if name not in values}

    def work(connection: sa.Connection) -> None:
        before = _held(connection, _policies, key, values)
        connection.execute(_upsert(insert, _policies, key, values | {"changed_at": now}))
        connection.execute(audit.change(by, now, {"what": "rule", "from": before, "to": values}, **key, **values))

    return work


def reset_rule(key: Mapping[str, str], by: str, now: datetime) -> Work[bool]:
    """Delete an override, and write down what it was."""

    def work(connection: sa.Connection) -> bool:
        before = _held(connection, _policies, key, ("threshold", "action"))
        if before is None:
            return False
        connection.execute(sa.delete(_policies).where(_matches(_policies, key)))
        connection.execute(audit.change(by, now, {"what": "rule", "from": before, "to": None}, **key))
        return True

    return work


# --- settings ------------------------------------------------------------------------------------------------------


def settings(platform: str, community: str) -> Work[dict[str, Any]]:
    """Read a community's own settings."""
    query = sa.select(_settings.c.name, _settings.c.value).where(
        _matches(_settings, {"platform": platform, "community": community})
    )
    return lambda connection: {row.name: row.value for row in connection.execute(query)}


def set_setting(insert: Insert, key: Mapping[str, str], value: Any, by: str, now: datetime) -> Work[None]:
    """Insert or replace a setting, and write down what it was."""
    values = {"value": value}
    named = {"what": "setting", "name": key["name"]}

    def work(connection: sa.Connection) -> None:
        before = _held(connection, _settings, key, values)
        connection.execute(_upsert(insert, _settings, key, values | {"changed_at": now}))
        connection.execute(_own_change(by, now, key, named, before, values))

    return work


def reset_setting(key: Mapping[str, str], by: str, now: datetime) -> Work[bool]:
    """Delete a setting, and write down what it was."""
    return _reset(_settings, key, "value", {"what": "setting", "name": key["name"]}, by, now)


# --- quotas --------------------------------------------------------------------------------------------------------


def quotas(platform: str, community: str) -> Work[list[QuotaRow]]:
    """Read a community's own quotas, everyone's first."""
    query = sa.select(_quotas).where(_matches(_quotas, {"platform": platform, "community": community}))

    def work(connection: sa.Connection) -> list[QuotaRow]:
        found = [
            QuotaRow(row.platform, row.community, row.subject, row.measure, row.period, row.amount)
            for row in connection.execute(query)
        ]
        return sorted(found, key=lambda row: (row.subject, row.measure, row.window))

    return work


def set_quota(insert: Insert, quota: QuotaRow, by: str, now: datetime) -> Work[None]:
    """Insert or replace a quota, and write down what it was."""
    key = _quota_key(quota.platform, quota.community, quota.subject, quota.measure, quota.window)
    values = {"amount": quota.amount}

    def work(connection: sa.Connection) -> None:
        before = _held(connection, _quotas, key, values)
        connection.execute(_upsert(insert, _quotas, key, values | {"changed_at": now}))
        connection.execute(_own_change(by, now, key, _quota_named(key), before, values))

    return work


def reset_quota(
    platform: str, community: str, subject: str, measure: str, window: str, by: str, now: datetime
) -> Work[bool]:
    """Delete a quota, and write down what it was."""
    key = _quota_key(platform, community, subject, measure, window)
    return _reset(_quotas, key, "amount", _quota_named(key), by, now)


def _quota_key(platform: str, community: str, subject: str, measure: str, window: str) -> dict[str, str]:
    return {
        "platform": platform,
        "community": community,
        "subject": subject,
        "measure": measure,
        "period": window,
    }


def _quota_named(key: Mapping[str, str]) -> dict[str, str]:
    return {"what": "quota", "subject": key["subject"], "measure": key["measure"], "window": key["period"]}


# --- what they share -----------------------------------------------------------------------------------------------


def _held(
    connection: sa.Connection, table: sa.Table, key: Mapping[str, str], names: Mapping[str, Any] | tuple[str, ...]
) -> dict[str, Any] | None:
    """The row's values, locked against a change at the same time; the table, because what is not there cannot be."""
    lock_table(connection, table)
    query = sa.select(*(table.c[name] for name in names)).where(_matches(table, key))
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def _upsert(insert: Insert, table: sa.Table, key: Mapping[str, str], values: Mapping[str, Any]) -> Any:
    statement = insert(table).values({**key, **values})
    replaced = {name: statement.excluded[name] for name in values}
    return statement.on_conflict_do_update(index_elements=list(key), set_=replaced)


def _reset(
    table: sa.Table, key: Mapping[str, str], value: str, named: Mapping[str, str], by: str, now: datetime
) -> Work[bool]:
    def work(connection: sa.Connection) -> bool:
        before = _held(connection, table, key, (value,))
        if before is None:
            return False
        connection.execute(sa.delete(table).where(_matches(table, key)))
        connection.execute(_own_change(by, now, key, named, before, None))
        return True

    return work


def _own_change(
    by: str,
    now: datetime,
    key: Mapping[str, str],
    named: Mapping[str, str],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> sa.Insert:
    """A change of one value. That a value may itself be None is why the defaults are told apart."""
    details = {
        **named,
        "from": next(iter(before.values())) if before else None,
        "to": next(iter(after.values())) if after else None,
        "from_default": before is None,
        "to_default": after is None,
    }
    return audit.change(by, now, details, platform=key["platform"], community=key["community"])


def _matches(table: sa.Table, key: Mapping[str, str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == value for name, value in key.items()))
