"""The migrations, on both databases: they make what the code expects, once, and say when they have to run."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from bot.store import (
    NewRequest,
    NewTurn,
    QuotaRow,
    Request,
    RequestState,
    RuleRow,
    SchemaOutdated,
    SchemaTooNew,
    Store,
    StoredClip,
    StoreUnavailable,
    migrate,
)
from bot.store import database as database_module
from bot.store.database import connect_database, parse_url
from bot.store.migrate import alembic_config
from bot.store.schema import metadata
from tests.integration.bot.store.making import HERE, accepted, decision_of, new_case, one_more

T = TypeVar("T")
New = Callable[..., NewRequest]


async def run(url: str, work: Callable[[sa.Connection], T]) -> T:
    database = connect_database(parse_url(url))
    try:
        return await database.write(work)
    finally:
        await database.close()


def differences(connection: sa.Connection) -> list[Any]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


def checks(connection: sa.Connection) -> set[str]:
    """The names of the CHECK constraints, which Alembic does not compare."""
    inspector = sa.inspect(connection)
    tables = [table for table in inspector.get_table_names() if table != "alembic_version"]
    return {str(check["name"]) for table in tables for check in inspector.get_check_constraints(table)}


async def test_models_and_migrations_agree(database_url: str) -> None:
    assert await run(database_url, differences) == []
    written = {
        c.name for table in metadata.tables.values() for c in table.constraints if isinstance(c, sa.CheckConstraint)
    }
    assert await run(database_url, checks) == written


async def test_a_difference_would_be_noticed(empty_url: str) -> None:
    await asyncio.to_thread(migrate, empty_url)
    await run(empty_url, lambda connection: connection.execute(sa.text("DROP INDEX ix_turns_conversation_id")))
    assert [difference[0] for difference in await run(empty_url, differences)] == ["add_index"]


async def test_opening_an_empty_database_migrates_it_without_blocking_the_loop(empty_url: str) -> None:
    store, ticks = Store(empty_url), 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await store.open()
    ticking.cancel()
    assert ticks > 5
    assert await store.unfinished() == []
    await store.open()  # and again: nothing to do
    await store.close()


async def test_without_migrating_an_old_schema_is_refused_with_the_command_that_mends_it(empty_url: str) -> None:
    if empty_url.startswith("sqlite"):
        Path(empty_url.removeprefix("sqlite:///")).parent.mkdir()
    store = Store(empty_url)
    with pytest.raises(SchemaOutdated, match=r"Run: gpt4video migrate$"):
        await store.open(migrate=False)
    with pytest.raises(SchemaOutdated, match=r"Run: gpt4video migrate$"):
        await store.unfinished()
    await asyncio.to_thread(migrate, empty_url)
    await store.open(migrate=False)
    await store.close()


@pytest.mark.parametrize("migrating", [True, False])
async def test_a_database_of_a_newer_version_is_left_alone(empty_url: str, migrating: bool) -> None:
    await asyncio.to_thread(migrate, empty_url)
    await run(
        empty_url, lambda connection: connection.execute(sa.text("UPDATE alembic_version SET version_num='9999'"))
    )
    store = Store(empty_url)
    with pytest.raises(SchemaTooNew, match="newer version"):
        await store.open(migrate=migrating)
    await store.close()


def test_processes_that_migrate_at_once_do_not_collide(empty_url: str) -> None:
    code = "import sys; from bot.store import migrate; print(1, flush=True); sys.stdin.read(); migrate(sys.argv[1])"
    command, pipe = [sys.executable, "-c", code, empty_url], subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) for _ in range(2)]
    for process in processes:  # everybody stands at the gate
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:  # and it opens
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert asyncio.run(run(empty_url, differences)) == []


def test_a_new_sqlite_file_that_somebody_else_writes_to_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite itself gives up at once here, however long it is told to wait."""
    with contextlib.closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waits: list[float] = []

        def wait(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 2:
                other.execute("COMMIT")

        monkeypatch.setattr(database_module, "time", SimpleNamespace(sleep=wait, monotonic=lambda: 0.0))
        migrate(f"sqlite:///{tmp_path / 'bot.db'}")
        assert len(waits) == 2


def test_a_new_sqlite_file_that_stays_locked_is_a_typed_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "SQLITE_BUSY_MS", 50)
    with contextlib.closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            migrate(f"sqlite:///{tmp_path / 'bot.db'}")


async def test_going_down_leaves_nothing_behind(empty_url: str) -> None:
    def down(connection: sa.Connection) -> list[str]:
        from alembic import command

        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        return sa.inspect(connection).get_table_names()

    await asyncio.to_thread(migrate, empty_url)
    assert await run(empty_url, down) == ["alembic_version"]


def test_a_failing_step_leaves_the_database_as_it_was(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import op

    def fail(*_args: object, **_options: object) -> None:
        raise RuntimeError("the power went out")

    monkeypatch.setattr(op, "create_index", fail)
    with pytest.raises(RuntimeError, match="power"):
        migrate(empty_url)
    monkeypatch.undo()
    assert asyncio.run(run(empty_url, lambda connection: sa.inspect(connection).get_table_names())) == []
    migrate(empty_url)


def test_the_next_migration_is_written_from_the_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from migrations.__main__ import main

    monkeypatch.setattr(metadata.tables["audit"].c.score, "nullable", False)
    assert main(["scores always"], folder=tmp_path) == 0
    (written,) = tmp_path.glob("0*_scores_always.py")
    assert "batch_op.alter_column('score'" in written.read_text()
    assert 'down_revision = "000' in written.read_text().replace("'", '"')


def test_the_writer_of_migrations_wants_to_know_what_changes(capsys: pytest.CaptureFixture[str]) -> None:
    from migrations.__main__ import main

    assert main([]) == 2
    assert "Say in a few words" in capsys.readouterr().err


def test_a_new_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path / 'new' / 'bot.db'}")
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    assert (tmp_path / "new" / "bot.db").stat().st_mode & 0o077 == 0


# --- a database that is in use -------------------------------------------------------------------------------------


def to(revision: str) -> Callable[[sa.Connection], None]:
    """Moves the database to a revision, up or down."""

    def work(connection: sa.Connection) -> None:
        from alembic import command

        config = alembic_config()
        config.attributes["connection"] = connection
        current = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one()
        (command.upgrade if current < revision else command.downgrade)(config, revision)

    return work


async def fill(store: Store, accept: Callable[..., NewRequest]) -> tuple[Request, ...]:
    """Requests, turns, a rule and decisions, as a bot of the first version leaves them."""
    ended, running = await accepted(store, accept(event_id="1")), await accepted(store, accept(event_id="2"))
    await store.claim(running.id)
    clip = StoredClip("/clips/1.mp4", "one.mp4")
    await store.attach(ended.id, [clip])
    await store.finish(ended.id, RequestState.DONE, {"text": "Yes."}, [NewTurn(role="user", text="?", clips=(clip,))])
    await store.record([decision_of(ended, excerpt="words")])
    await store.set_rule(RuleRow("web", "club", "", "hate", 0.5, "warn"), by="ada")
    found = [await store.request(id) for id in (ended.id, running.id)]
    return tuple(request for request in found if request)


async def seen(store: Store) -> list[Any]:
    """What all of that looks like from outside."""
    return [
        await store.history(HERE),
        await store.turns(HERE),
        await store.undelivered(),
        await store.unfinished(),
        await store.rules("web", "club", ""),
        await store.audit(),
    ]


async def test_a_database_of_the_first_version_keeps_all_of_its_data(empty_url: str, new: New) -> None:
    await asyncio.to_thread(migrate, empty_url)
    await run(empty_url, to("0001"))
    store = Store(empty_url)
    with pytest.raises(SchemaOutdated):
        await store.open(migrate=False)
    ended, running = await fill(store, new)
    before = await seen(store)

    await store.open()
    assert await seen(store) == before
    assert await run(empty_url, differences) == []
    assert [request.id for request in await store.waiting("web", "u1")] == [running.id]
    case, _ = await store.open_case(new_case(ended.id))
    assert (await store.forget_author("web", "u1")).requests == (ended.id, running.id)
    assert await store.case(case.id) is None
    await store.close()


async def test_going_back_to_the_first_version_keeps_its_data_and_coming_again_starts_the_rest_anew(
    empty_url: str, new: New
) -> None:
    store = Store(empty_url)
    await store.open()
    ended, _ = await fill(store, new)
    await store.set_setting("web", "club", "model", "large", by="ada")
    await store.set_quota(QuotaRow("web", "club", "", "asks", "day", 3), by="ada")
    await store.reserve(one_more(request=ended.id), [])
    await store.open_case(new_case(ended.id))
    before = await seen(store)

    await run(empty_url, to("0001"))
    assert await seen(store) == before
    tables = await run(empty_url, lambda connection: sa.inspect(connection).get_table_names())
    assert not {"settings", "quotas", "usage", "cases"} & set(tables)

    await store.open()
    assert await seen(store) == before
    assert await run(empty_url, differences) == []
    assert await store.settings("web", "club") == {}
    assert await store.quotas("web", "club") == []
    assert await store.cases("web", "club", open_only=False) == []
    await store.close()
