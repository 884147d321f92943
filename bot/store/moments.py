"""Points in time that outlive the process, in SQL: each function builds the work of one transaction for the store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store import schema
from bot.store.database import Work

KNOWN = "known"  # when the clock was last known to be right

_table = schema.moments


def read(name: str) -> Work[datetime | None]:
    """Read one; None when it was never written."""
    query = sa.select(_table.c.at).where(_table.c.name == name)

    def work(connection: sa.Connection) -> datetime | None:
        at: datetime | None = connection.scalar(query)
        return at

    return work


def write(insert: Callable[..., Any], name: str, at: datetime) -> Work[None]:
    """Insert or replace one."""
    statement = insert(_table).values(name=name, at=at)
    upsert = statement.on_conflict_do_update(index_elements=["name"], set_={"at": at})

    def work(connection: sa.Connection) -> None:
        connection.execute(upsert)

    return work
