"""The workspaces that have installed an app, in SQL. Each function builds the work of one transaction for the store.

A row holds a token: it is in no log, no error and no repr.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store import schema
from bot.store.database import Work
from bot.store.records import InstallationRow

_table = schema.installations


def one(platform: str, community: str) -> Work[InstallationRow | None]:
    """Read an installation."""
    query = sa.select(_table).where(_at(platform, community))

    def work(connection: sa.Connection) -> InstallationRow | None:
        row = connection.execute(query).mappings().first()
        if row is None:
            return None
        return InstallationRow(**{**row, "scopes": tuple(row["scopes"].split(",")) if row["scopes"] else ()})

    return work


def communities(platform: str) -> Work[list[str]]:
    """Read who has an installation."""
    query = sa.select(_table.c.community).where(_table.c.platform == platform).order_by(_table.c.community)
    return lambda connection: list(connection.scalars(query))


def save(insert: Callable[..., Any], row: InstallationRow) -> Work[None]:
    """Insert or replace an installation. An older one never replaces a newer one."""
    values = asdict(row) | {"scopes": ",".join(row.scopes)}
    statement = insert(_table).values(values)
    key = ["platform", "community"]
    replaced = {name: statement.excluded[name] for name in values if name not in key}
    upsert = statement.on_conflict_do_update(
        index_elements=key, set_=replaced, where=_table.c.installed_at <= statement.excluded.installed_at
    )

    def work(connection: sa.Connection) -> None:
        connection.execute(upsert)

    return work


def delete(platform: str, community: str, until: datetime | None) -> Work[bool]:
    """Delete an installation, or only one that is not newer than `until`."""
    statement = sa.delete(_table).where(_at(platform, community))
    if until is not None:
        statement = statement.where(_table.c.installed_at <= until)
    return lambda connection: connection.execute(statement).rowcount > 0


def _at(platform: str, community: str) -> sa.ColumnElement[bool]:
    return sa.and_(_table.c.platform == platform, _table.c.community == community)
