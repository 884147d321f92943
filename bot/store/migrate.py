"""Brings a database to the schema of this version, and says whether it is there. Alembic is imported only when used.

The scripts live in the `migrations` package, wherever that is installed; there is no alembic.ini.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

import migrations
from bot.store.database import create_engine, ensure_folder, parse_url
from bot.store.errors import OUTDATED, TOO_NEW, SchemaOutdated, SchemaTooNew, translate

if TYPE_CHECKING:
    from alembic.config import Config

# Any number that nothing else in the database uses as an advisory lock: "g4v" in ASCII.
POSTGRES_LOCK = 0x673476


def migrate(url: str) -> None:
    """Create or update the tables. Harmless when there is nothing to do or when several processes do it at once.

    Blocks, and starts an event loop of its own: call it in a thread from async code. Raises `StoreError`.
    """
    asyncio.run(_migrate(url))


def alembic_config() -> Config:
    """Alembic's configuration for our scripts."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    return config


async def check_schema(connection: AsyncConnection) -> None:
    """Raise `SchemaOutdated` or `SchemaTooNew` unless the tables are exactly those of this version."""
    current = await connection.run_sync(_current)
    known, head = await asyncio.to_thread(_revisions)
    if current == head:
        return
    if current is not None and current not in known:
        raise SchemaTooNew(TOO_NEW)
    raise SchemaOutdated(OUTDATED)


async def _migrate(text: str) -> None:
    url = parse_url(text)
    engine = create_engine(url, pool_size=1)
    try:
        ensure_folder(url)
        async with engine.begin() as connection:
            # SQLite's BEGIN IMMEDIATE is already a lock; a second process waits for it, then finds nothing to do.
            if connection.dialect.name == "postgresql":
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(POSTGRES_LOCK)))
            await connection.run_sync(_upgrade)
    except Exception as error:
        raise translate(error) or error from error
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
