"""What durability costs: the life of a request in the store, on SQLite and, with `--postgres URL`, on Postgres.

    python -m benchmarks.store [--rounds N] [--postgres postgresql://…] [--json]

The Postgres database is written to; give it one of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import count
from pathlib import Path

import sqlalchemy as sa

from benchmarks.report import Row, table
from bot.store import NewRequest, NewTurn, RequestState, Store, database, migrate, schema, utcnow

_numbers = count()


def rows(rounds: int = 300, postgres: str = "") -> list[Row]:
    """Measure everything. Takes some ten seconds with the default number of rounds."""
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        found += asyncio.run(_life(f"sqlite:///{Path(folder) / 'real.db'}", "SQLite", rounds, "≤ 5"))
        with _without_fsync():
            url = f"sqlite:///{Path(folder) / 'no-fsync.db'}"
            found += asyncio.run(_life(url, "SQLite without fsync", rounds, ""))
        if postgres:
            found += asyncio.run(_life(postgres, "Postgres", rounds, ""))
        found += asyncio.run(_growth(Path(folder), rounds))
    return found


async def _life(url: str, name: str, rounds: int, goal: str) -> list[Row]:
    """Accept, claim and finish with two turns, one request after the other."""
    store = Store(url)
    await store.open()
    try:
        first, whole = await _cycles(store, rounds)
        return [
            Row(f"{name}: accept + claim, p50", _ms(first, 50), "ms"),
            Row(f"{name}: accept + claim, p99", _ms(first, 99), "ms", "≤ 12"),
            Row(f"{name}: accept + claim + finish, p50", _ms(whole, 50), "ms", goal),
            Row(f"{name}: accept + claim + finish, p99", _ms(whole, 99), "ms"),
        ]
    finally:
        await store.close()


async def _growth(folder: Path, rounds: int) -> list[Row]:
    """What a long history and a long queue do to the same calls. Both databases in turns, so that both see one load."""
    urls = [f"sqlite:///{folder / name}" for name in ("small.db", "large.db")]
    for url in urls:
        await asyncio.to_thread(migrate, url)
    stores = [Store(url) for url in urls]
    reads: list[list[float]] = [[], []]
    cycles: list[list[float]] = [[], []]
    try:
        for store in stores:
            await _cycles(store, 20)
        await asyncio.to_thread(_fill, urls[1], 100_000)
        for _ in range(rounds):
            for index, store in enumerate(stores):
                reads[index] += await _reads(store, 1)
                cycles[index] += (await _cycles(store, 1))[1]
    finally:
        for store in stores:
            await store.close()
    turns = statistics.median(reads[1]) / statistics.median(reads[0])
    cycle = statistics.median(cycles[1]) / statistics.median(cycles[0])
    return [
        Row("SQLite: the latest 20 turns of 100,000, p50", _ms(reads[1], 50), "ms"),
        Row("SQLite: the latest 20 of 100,000 turns, over those of a few", turns, "×", "≤ 1.1"),
        Row("SQLite: accept + claim + finish with 100,000 open, over few", cycle, "×", "≤ 1.1"),
    ]


async def _cycles(store: Store, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds until claimed, and until finished, of each round."""
    claimed, finished = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        request = await store.accept(_new())
        assert request is not None
        await store.claim(request.id)
        claimed.append(time.perf_counter() - start)
        turns = [
            NewTurn(role="user", text="What happens here?"),
            NewTurn(role="assistant", text="Two people ride. " * 8),
        ]
        await store.finish(request.id, RequestState.DONE, {"text": turns[1].text, "footer": "lite · 2.1 s"}, turns)
        finished.append(time.perf_counter() - start)
    return claimed, finished


async def _reads(store: Store, rounds: int) -> list[float]:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        await store.turns("web/bench/long/", 20)
        times.append(time.perf_counter() - start)
    return times


def _fill(url: str, number: int) -> None:
    """Add `number` turns to one conversation and `number` open requests."""
    engine = database.sqlite_engine(database.parse_url(url))
    now = utcnow()
    with engine.begin() as connection:
        any_request = connection.scalar(sa.select(schema.requests.c.id).limit(1))
        turn = {"conversation": "web/bench/long/", "request": any_request, "role": "user", "text": "x" * 100}
        connection.execute(sa.insert(schema.turns), [turn | {"clips": [], "at": now} for _ in range(number)])
        request = asdict(_new()) | {"clips": [], "state": "accepted", "attempts": 0, "created_at": now}
        connection.execute(sa.insert(schema.requests), [request | {"id": f"open-{n}"} for n in range(number)])
    engine.dispose()


def _new() -> NewRequest:
    return NewRequest(
        event_id=f"bench-{time.time_ns()}-{next(_numbers)}",
        kind="ask",
        platform="web",
        community="bench",
        channel="long",
        thread="",
        conversation="web/bench/long/",
        author_id="u1",
        author_name="Ada",
        text="What happens here?",
    )


@contextmanager
def _without_fsync() -> Iterator[None]:
    before = database.SQLITE_SYNCHRONOUS_DURABLE
    database.SQLITE_SYNCHRONOUS_DURABLE = database.SQLITE_SYNCHRONOUS
    try:
        yield
    finally:
        database.SQLITE_SYNCHRONOUS_DURABLE = before


def _ms(seconds: Sequence[float], percentile: int) -> float:
    return statistics.quantiles(seconds, n=100)[percentile - 1] * 1000


def main(argv: Sequence[str] | None = None) -> int:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--postgres", default="", metavar="URL")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    found = rows(args.rounds, args.postgres)
    if args.json:
        print(json.dumps([asdict(row) for row in found], indent=2))
    else:
        print(table("The store", found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
