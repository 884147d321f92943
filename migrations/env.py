"""Runs the migrations for Alembic, inside the transaction that `bot.store.migrate` has opened and locked."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import TypeDecorator

from bot.store.schema import metadata


def _plain_types(kind: str, item: Any, _autogenerate: object) -> str | Literal[False]:
    """Write our column types as what they are in the database: a migration must not change when the code does."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # true for SQLite too, because our connections begin their transactions themselves
    render_as_batch=True,  # SQLite alters a table by copying it
    render_item=_plain_types,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
