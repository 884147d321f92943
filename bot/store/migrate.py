"""Brings a database to the schema of this version, and says whether it is there. Alembic is imported only when used.

The scripts live in the `migrations` package, wherever that is installed; there is no alembic.ini.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import URL

import migrations
from bot.store.database import ensure_file, is_sqlite, parse_url, postgres_engine, sqlite_engine, typed_errors
from bot.store.errors import OUTDATED, TOO_NEW, SchemaOutdated, SchemaTooNew

if TYPE_CHECKING:
    from alembic.config import Config

# Any number that nothing else in the database uses as an advisory lock: "g4v" in ASCII.
POSTGRES_LOCK = 0x673476


def migrate(url: str) -> None:
    """Create or update the tables. Harmless when there is nothing to do or when several processes do it at once.

    Blocks, and may start an event loop of its own: call it in a thread from async code. Raises `StoreError`.
    """
    parsed = parse_url(url)
    with typed_errors():
        if is_sqlite(parsed):
            ensure_file(parsed)
            _migrate_sqlite(parsed)
        else:
            asyncio.run(_migrate_postgres(parsed))


def alembic_config() -> Config:
    """Alembic's configuration for our scripts."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    return config


def check_schema(connection: sa.Connection) -> None:
    """Raise `SchemaOutdated` or `SchemaTooNew` unless the tables are exactly those of this version."""
    current = _current(connection)
    known, head = _revisions()
    if current == head:
        return
    if current is not None and current not in known:
        raise SchemaTooNew(TOO_NEW)
    raise SchemaOutdated(OUTDATED)


def _migrate_sqlite(url: URL) -> None:
    engine = sqlite_engine(url)
    try:
        with engine.begin() as connection:  # IMMEDIATE: a second process waits here, then finds nothing to do
            _upgrade(connection)
    finally:
        engine.dispose()


async def _migrate_postgres(url: URL) -> None:
    engine = postgres_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(POSTGRES_LOCK)))
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command

    current = _current(connection)
    known, head = _revisions()
    if current == head:
        return
    if current is not None and current not in known:
        raise SchemaTooNew(TOO_NEW)
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _current(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _revisions() -> tuple[set[str], str | None]:
    """Every revision that this version knows, and the newest."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(alembic_config())
    return {script.revision for script in scripts.walk_revisions()}, scripts.get_current_head()
