"""One bot at a time on a database: the second is told who has it, and a death of any kind frees it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys

import pytest

from bot.store import AnotherBot, StoreUnavailable, lock, lock_of
from tests.postgres import PostgresServer

_HOLD = """
import asyncio, sys
from bot.store import lock_of

async def main():
    await lock_of(sys.argv[1]).acquire()
    print("held", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "GRACE_S", 0.0)
    monkeypatch.setattr(lock, "AGAIN_S", 0.01)
    monkeypatch.setattr(lock, "LOOK_EVERY_S", 0.05)


async def test_a_second_bot_is_refused_and_told_who_has_the_database(database_url: str) -> None:
    first, second = lock_of(database_url), lock_of(database_url)
    await first.acquire()
    with pytest.raises(AnotherBot, match=f"process {os.getpid()} on {socket.gethostname()[:30]}"):
        await second.acquire()
    await first.release()
    await second.acquire()
    await second.release()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_death_of_any_kind_frees_it(
    database_url: str, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", _HOLD, database_url]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    mine = lock_of(database_url)
    with pytest.raises(AnotherBot, match=str(process.pid)):
        await mine.acquire()
    process.send_signal(number)
    await process.wait()
    monkeypatch.setattr(lock, "GRACE_S", 3.0)  # a server notices soon, not at once
    await mine.acquire()
    await mine.release()


async def test_other_databases_are_free(database_url: str, empty_url: str) -> None:
    first, second = lock_of(database_url), lock_of(empty_url)
    await first.acquire()
    await second.acquire()
    await second.release()
    await first.release()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_it_is_taken_again_after_a_restart_of_the_server(database_url: str, postgres: PostgresServer) -> None:
    first, second = lock_of(database_url), lock_of(database_url)
    await first.acquire()
    losing = asyncio.create_task(first.lost())
    await asyncio.to_thread(postgres.stop)
    await asyncio.to_thread(postgres.start)
    async with asyncio.timeout(10):
        while True:
            try:
                await second.acquire()
            except AnotherBot:
                break
            await second.release()
            await asyncio.sleep(0.1)
    assert not losing.done()
    losing.cancel()
    await first.release()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_who_finds_it_taken_by_another_after_a_restart_of_the_server_says_so(
    database_url: str, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = lock_of(database_url), lock_of(database_url)
    await first.acquire()
    await asyncio.to_thread(postgres.stop)
    with pytest.raises(StoreUnavailable):
        await second.acquire()
    await asyncio.to_thread(postgres.start)
    await second.acquire()
    async with asyncio.timeout(10):
        assert isinstance(await first.lost(), AnotherBot)
    await second.release()
    await first.release()
