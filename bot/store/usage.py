"""What people use up, in SQL: each function builds the work of one transaction for the store to run."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.store import schema
from bot.store.database import Work, one_at_a_time
from bot.store.records import Ceiling, NewUsage, Overdrawn, UsageRow

GPU_SECONDS = "gpu_seconds"
_usage = schema.usage
_fields = tuple(_usage.c[name] for name in UsageRow.__dataclass_fields__)


def used(platform: str, community: str, author: str, since: datetime) -> Work[list[UsageRow]]:
    """Read what an author reserved at `since` or later, oldest first."""
    return lambda connection: _used(connection, platform, community, author, _usage.c.at >= since)


def reserve(new: NewUsage, ceilings: Sequence[Ceiling], now: datetime) -> Work[Overdrawn | None]:
    """Insert a reservation if it stays under every ceiling that it counts towards, one at a time per author."""
    concerned = [ceiling for ceiling in ceilings if ceiling.measure in (new.measure, GPU_SECONDS)]
    span = timedelta(seconds=max((ceiling.span_s for ceiling in concerned), default=0.0))
    known = sa.select(_usage.c.at).where(_usage.c.request == new.request, _usage.c.measure == new.measure)
    insert = sa.insert(_usage).values(asdict(new) | {"at": now, "gpu_seconds": 0.0})

    def work(connection: sa.Connection) -> Overdrawn | None:
        one_at_a_time(connection, "usage", new.platform, new.community, new.author)
        if connection.scalar(known) is not None:
            return None
        if concerned:
            rows = _used(connection, new.platform, new.community, new.author, _usage.c.at > now - span)
            over = [found for ceiling in concerned if (found := overdrawn(ceiling, rows, now))]
            if over:
                return max(over, key=_wait)
        connection.execute(insert)
        return None

    return work


def charge(request: str, measure: str, gpu_seconds: float) -> Work[None]:
    """Set what a reservation has cost."""
    update = sa.update(_usage).where(_usage.c.request == request, _usage.c.measure == measure)

    def work(connection: sa.Connection) -> None:
        connection.execute(update.values(gpu_seconds=gpu_seconds))

    return work


def release(request: str, measure: str | None) -> Work[None]:
    """Delete a reservation, or all of a request."""
    delete = sa.delete(_usage).where(_usage.c.request == request)
    if measure is not None:
        delete = delete.where(_usage.c.measure == measure)

    def work(connection: sa.Connection) -> None:
        connection.execute(delete)

    return work


def overdrawn(ceiling: Ceiling, rows: Sequence[UsageRow], now: datetime) -> Overdrawn | None:
    """Whether one more is too much for `ceiling`, given what was reserved, oldest first. Pure.

    A reservation leaves the window `span_s` after it was made, to the moment. A time in the future counts: another
    process' clock may be ahead.
    """
    span = timedelta(seconds=ceiling.span_s)
    if ceiling.measure == GPU_SECONDS:
        inside = [row for row in rows if row.at > now - span]
        costs = [row.gpu_seconds for row in inside]
    else:
        inside = [row for row in rows if row.at > now - span and row.measure == ceiling.measure]
        costs = [1.0] * len(inside)
    total = math.fsum(costs)
    if _fits(ceiling, total):
        return None
    # The first that has to leave, with all that are older, so that the rest leaves room for one more.
    last = bisect_left(range(len(inside)), True, key=lambda index: _fits(ceiling, math.fsum(costs[index + 1 :])))
    return Overdrawn(ceiling, total, inside[last].at + span if last < len(inside) else None)


def _fits(ceiling: Ceiling, total: float) -> bool:
    # What a request will cost is known only afterwards: it may start while anything is left.
    return total < ceiling.amount if ceiling.measure == GPU_SECONDS else total + 1 <= ceiling.amount


def _wait(found: Overdrawn) -> tuple[bool, float]:
    """Sorts the ceiling that keeps somebody waiting for longest last."""
    return (found.frees_at is None, found.frees_at.timestamp() if found.frees_at else 0.0)


def _used(
    connection: sa.Connection, platform: str, community: str, author: str, when: sa.ColumnElement[bool]
) -> list[UsageRow]:
    query = (
        sa.select(*_fields)
        .where(_usage.c.platform == platform, _usage.c.community == community, _usage.c.author == author, when)
        .order_by(_usage.c.at)
    )
    return [UsageRow(*row) for row in connection.execute(query)]
