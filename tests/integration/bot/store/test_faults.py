"""What must survive: killed processes, restarted servers, locked files and full disks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.store import NewRequest, NewTurn, RequestState, StorageFull, Store, StoreError, StoreUnavailable
from bot.store import database as database_module

New = Callable[..., NewRequest]

_ACCEPT_AND_HANG = """
import asyncio, sys
from bot.store import NewRequest, Store

async def main():
    store = Store(sys.argv[1])
    await store.open()
    for n in range(3):
        request = await store.accept(NewRequest(
            event_id=f"e{n}", kind="ask", platform="web", community="", channel="", thread="",
            conversation="web///", author_id="u", author_name="U", text=f"question {n}"))
        if n:
            await store.claim(request.id)
        print(request.id, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_what_was_accepted_survives_a_sigkill_and_can_be_resumed(database_url: str) -> None:
    command = [sys.executable, "-c", _ACCEPT_AND_HANG, database_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ids = [process.stdout.readline().strip() for _ in range(3)]
        process.send_signal(signal.SIGKILL)  # at once: nothing was closed, flushed or checkpointed
        process.wait()

    async def resume() -> None:
        store = Store(database_url)
        await store.open()
        left = await store.unfinished()
        assert [request.id for request in left] == ids
        assert [request.state for request in left] == [RequestState.ACCEPTED] + [RequestState.RUNNING] * 2
        assert [await store.claim(id) for id in ids] == [1, 2, 2]
        assert all([await store.finish(id, RequestState.DONE, {}) for id in ids])
        assert await store.unfinished() == []
        await store.close()

    asyncio.run(resume())


# --- Postgres goes away --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_postgres_restart_between_two_calls_goes_unnoticed(store: Store, postgres, new: New) -> None:
    request = await store.accept(new())
    assert request is not None
    await asyncio.to_thread(restart, postgres)
    assert await store.claim(request.id) == 1
    await asyncio.to_thread(restart, postgres)
    assert [found.id for found in await store.unfinished()] == [request.id]
    await asyncio.to_thread(restart, postgres)
    assert await store.finish(request.id, RequestState.DONE, {})


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_while_postgres_is_down_calls_fail_typed_and_afterwards_they_work(
    store: Store, postgres, new: New
) -> None:
    request = await store.accept(new())
    assert request is not None
    await asyncio.to_thread(postgres.stop)
    try:
        with pytest.raises(StoreUnavailable):
            await store.claim(request.id)
        with pytest.raises(StoreUnavailable):
            await store.unfinished()
    finally:
        await asyncio.to_thread(postgres.start)
    assert await store.claim(request.id) == 1


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("after_commit", [False, True])
async def test_a_connection_lost_around_a_commit_neither_loses_nor_doubles_anything(
    store: Store, postgres, new: New, monkeypatch: pytest.MonkeyPatch, after_commit: bool
) -> None:
    """The worst moment: the COMMIT was sent, and nobody knows whether it has happened."""
    from sqlalchemy.ext.asyncio import AsyncTransaction

    commit, lose = AsyncTransaction.commit, True

    async def losing(self: AsyncTransaction) -> None:
        nonlocal lose
        if lose and after_commit:
            await commit(self)
        if lose:
            lose = False
            raise ConnectionResetError
        await commit(self)

    monkeypatch.setattr(AsyncTransaction, "commit", losing)
    request = await store.accept(new())
    assert request is not None
    assert [found.id for found in await store.unfinished()] == [request.id]

    lose = True
    assert await store.finish(request.id, RequestState.DONE, {"n": 1}, [NewTurn(role="user", text="once")])
    assert [turn.text for turn in await store.turns(request.conversation)] == ["once"]


def restart(server) -> None:
    server.stop()
    server.start()


# --- SQLite is locked or has no room -------------------------------------------------------------------------------

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def locked(database_url: str) -> Iterator[sqlite3.Connection]:
    """Another program that holds the write lock."""
    with contextlib.closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


@sqlite_only
async def test_a_writer_waits_for_the_lock_of_another_program(
    store: Store, locked: sqlite3.Connection, new: New
) -> None:
    accepting = asyncio.create_task(store.accept(new()))
    assert await store.unfinished() == []  # readers do not wait
    assert not accepting.done()
    locked.execute("COMMIT")
    assert await accepting


@sqlite_only
async def test_a_lock_that_is_never_released_is_a_typed_error_after_the_busy_timeout(
    store: Store, locked: sqlite3.Connection, new: New, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "SQLITE_BUSY_MS", 50)
    impatient = Store(store._url)
    with pytest.raises(StoreUnavailable, match="locked"):
        await impatient.accept(new(event_id="e"))
    locked.execute("ROLLBACK")
    assert await impatient.accept(new(event_id="e"))
    await impatient.close()


@sqlite_only
async def test_a_full_disk_is_a_typed_error_and_changes_nothing(store: Store, database_url: str, new: New) -> None:
    request = await store.accept(new())
    assert request is not None

    def limit(connection, _record) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(Engine, "connect", limit)
    try:
        cramped = Store(database_url)
        with pytest.raises(StorageFull, match="full"):
            await cramped.finish(request.id, RequestState.DONE, {"text": "x" * 100_000})
        assert [found.id for found in await cramped.unfinished()] == [request.id]
        await cramped.close()
    finally:
        event.remove(Engine, "connect", limit)
    assert await store.finish(request.id, RequestState.DONE, {"text": "x" * 100_000})


@sqlite_only
async def test_a_file_that_may_not_grow_is_reported_as_a_full_disk(store: Store, database_url: str, new: New) -> None:
    """What a quota does: the system refuses the write itself."""
    request = await store.accept(new())
    assert request is not None
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    size = Path(database_url.removeprefix("sqlite:///") + "-wal").stat().st_size
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8192, hard))
        with pytest.raises(StorageFull):
            await store.finish(request.id, RequestState.DONE, {"text": "x" * 100_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    assert await store.finish(request.id, RequestState.DONE, {"text": "x" * 100_000})


async def test_a_file_that_is_no_database_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "bot.db").write_text("this is a shopping list, " * 50)
    store = Store(f"sqlite:///{tmp_path / 'bot.db'}")
    with pytest.raises(StoreError, match="not a database"):
        await store.open()
    await store.close()


@pytest.mark.skipif(os.name != "posix", reason="needs /proc")
async def test_a_folder_that_cannot_be_made_is_a_typed_error() -> None:
    store = Store("sqlite:////proc/nowhere/bot.db")
    with pytest.raises(StoreUnavailable):
        await store.open()
    await store.close()


async def test_a_closed_store_says_so(database_url: str, new: New) -> None:
    store = Store(database_url)
    await store.open()
    await store.close()
    with pytest.raises(StoreUnavailable, match="stopping"):
        await store.accept(new())
    with pytest.raises(StoreUnavailable, match="stopping"):
        await store.unfinished()


async def test_closing_waits_for_the_writes_under_way(database_url: str, new: New) -> None:
    store = Store(database_url)
    await store.open()
    writes = [asyncio.create_task(store.accept(new())) for _ in range(5)]
    await asyncio.sleep(0)
    await store.close()
    assert all(await asyncio.gather(*writes))
    again = Store(database_url)
    assert len(await again.unfinished()) == 5
    await again.close()


# --- passwords -----------------------------------------------------------------------------------------------------


async def test_a_password_is_in_no_error_repr_or_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    store = Store(f"postgresql://ada:hunter2@/bot?host={tmp_path}&password=hunter2")
    assert "hunter2" not in repr(store)
    with pytest.raises(StoreUnavailable) as caught:
        await store.open()
    await store.close()
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "hunter2" not in told


@pytest.mark.parametrize("url", ["hunter2", "mysql://ada:hunter2@host/db", "postgresql://a:hunter2@host:port/db", ""])
def test_a_url_that_cannot_be_used_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store(url)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite+aiosqlite:///file:x?mode=memory&uri=true"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="file"):
        Store(url)


@sqlite_only
async def test_accepting_and_forgetting_wait_for_the_disk_and_the_rest_of_a_life_does_not(
    store: Store, database_url: str, new: New
) -> None:
    """An fsync cannot be seen from outside; which kind of commit each call makes can."""
    modes: list[int] = []

    def note(connection) -> None:
        modes.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())

    event.listen(Engine, "commit", note)
    try:
        request = await store.accept(new())
        assert request is not None
        await store.attach(request.id, [])
        await store.claim(request.id)
        await store.finish(request.id, RequestState.DONE, {})
        await store.delivered(request.id)
        await store.forget(request.conversation)
    finally:
        event.remove(Engine, "commit", note)
    normal, full = 1, 2
    assert modes == [full, normal, normal, normal, normal, full]
