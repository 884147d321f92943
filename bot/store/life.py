"""The life of a request in SQL: each function builds the work of one transaction for the store to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store import schema
from bot.store.database import Work, one_at_a_time
from bot.store.records import NewRequest, NewTurn, Request, RequestState, StoredClip, StoredTurn
from bot.store.rows import chunks, clips_out, request_in, turn_in, turn_out

_requests, _deliveries, _turns = schema.requests, schema.deliveries, schema.turns
# Constants in SQL, not parameters: only so do the planners see that the partial indexes fit.
is_open = _requests.c.finished_at.is_(None)
_columns = sa.select(_requests, _deliveries.c.view, _deliveries.c.delivered_at)
_of_request = _deliveries.c.request == _requests.c.id
_all = _columns.select_from(_requests.outerjoin(_deliveries, _of_request))
_waiting = _columns.select_from(_deliveries.join(_requests, _of_request)).where(_deliveries.c.delivered_at.is_(None))


# --- changes -------------------------------------------------------------------------------------------------------


def accept(insert: Callable[..., Any], new: NewRequest, id: str, now: datetime) -> Work[bool]:
    """Insert a request, its conversation and its event; False when the event was seen before."""
    event = {"platform": new.platform, "event_id": new.event_id}
    names = {"platform": new.platform, "community": new.community, "channel": new.channel, "thread": new.thread}
    row = {field: getattr(new, field) for field in NewRequest.__dataclass_fields__} | {
        "id": id,
        "params": dict(new.params),
        "clips": [],
        "state": RequestState.ACCEPTED,
        "attempts": 0,
        "created_at": now,
    }
    remember = insert(schema.events_seen).values(event | {"seen_at": now}).on_conflict_do_nothing()
    touch = (
        insert(schema.conversations)
        .values(names | {"key": new.conversation, "created_at": now, "active_at": now})
        .on_conflict_do_update(index_elements=["key"], set_={"active_at": now})
    )

    def work(connection: sa.Connection) -> bool:
        one_at_a_time(connection, new.conversation)
        if connection.execute(remember).rowcount == 0:
            # Ours after all, when the connection was lost between our COMMIT and its acknowledgement.
            return connection.scalar(sa.select(_requests.c.seq).where(_requests.c.id == id)) is not None
        connection.execute(touch)
        connection.execute(sa.insert(_requests).values(row))
        return True

    return work


def attach(request_id: str, clips: Sequence[StoredClip]) -> Work[bool]:
    """Replace a request's clips."""
    update = sa.update(_requests).where(_requests.c.id == request_id).values(clips=clips_out(clips))
    return lambda connection: connection.execute(update).rowcount == 1


def claim(request_id: str) -> Work[int | None]:
    """Count an attempt, unless the request has ended."""
    update = (
        sa.update(_requests)
        .where(_requests.c.id == request_id, is_open)
        .values(state=RequestState.RUNNING, attempts=_requests.c.attempts + 1)
        .returning(_requests.c.attempts)
    )

    def work(connection: sa.Connection) -> int | None:
        attempts: int | None = connection.scalar(update)
        return attempts

    return work


def lay_down(request_id: str) -> Work[None]:
    """Take back the last attempt, unless the request has ended."""
    attempts = _requests.c.attempts
    update = (
        sa.update(_requests)
        .where(_requests.c.id == request_id, is_open, attempts > 0)
        .values(attempts=attempts - 1, state=sa.case((attempts > 1, RequestState.RUNNING), else_=RequestState.ACCEPTED))
    )

    def work(connection: sa.Connection) -> None:
        connection.execute(update)

    return work


def finish(
    request_id: str, state: RequestState, view: Mapping[str, Any], turns: Sequence[NewTurn], now: datetime
) -> Work[bool]:
    """End a request that has not ended, with its view and its turns."""
    final = dict(view)
    update = (
        sa.update(_requests)
        .where(_requests.c.id == request_id, is_open)
        .values(state=state, finished_at=now)
        .returning(_requests.c.conversation)
    )
    tries = 0

    def work(connection: sa.Connection) -> bool:
        nonlocal tries
        tries += 1
        conversation = connection.scalar(update)
        if conversation is None:
            # Ours after all, when the connection was lost between our COMMIT and its acknowledgement.
            return tries > 1 and _ended_as(connection, request_id, state, now)
        connection.execute(
            sa.insert(_deliveries).values(request=request_id, view=final, ready_at=now, delivered_at=None)
        )
        if turns:
            connection.execute(sa.insert(_turns), [turn_out(turn, request_id, conversation, now) for turn in turns])
        return True

    return work


def delivered(request_id: str, now: datetime) -> Work[None]:
    """Note when the final view reached its place, once."""
    update = (
        sa.update(_deliveries)
        .where(_deliveries.c.request == request_id, _deliveries.c.delivered_at.is_(None))
        .values(delivered_at=now)
    )

    def work(connection: sa.Connection) -> None:
        connection.execute(update)

    return work


def _ended_as(connection: sa.Connection, request_id: str, state: RequestState, at: datetime) -> bool:
    query = sa.select(_requests.c.state, _requests.c.finished_at).where(_requests.c.id == request_id)
    row = connection.execute(query).first()
    return row is not None and (row.state, row.finished_at) == (state, at)


# --- queries -------------------------------------------------------------------------------------------------------


def unfinished(platforms: Sequence[str] | None) -> Work[list[Request]]:
    """The open requests, oldest first."""
    return _read(_on(_all.where(is_open), platforms).order_by(_requests.c.seq))


def undelivered(platforms: Sequence[str] | None) -> Work[list[Request]]:
    """The ended requests that nobody has seen the end of, the longest waiting first."""
    return _read(_on(_waiting, platforms).order_by(_deliveries.c.ready_at, _deliveries.c.request))


def waiting(platform: str, author: str) -> Work[list[Request]]:
    """The open requests of an author, oldest first."""
    # As an expression, to which no index fits: the open requests of all are fewer than all that one has ever asked.
    mine = sa.and_(_requests.c.author_id.concat(sa.literal_column("''")) == author, _requests.c.platform == platform)
    return _read(_all.where(is_open, mine).order_by(_requests.c.seq))


def one(request_id: str) -> Work[list[Request]]:
    """The request of that id, if there is one."""
    return _read(_all.where(_requests.c.id == request_id))


def asked(platform: str, event_ids: Sequence[str]) -> Work[list[Request]]:
    """The requests that these events began, oldest first."""

    def work(connection: sa.Connection) -> list[Request]:
        rows: list[Mapping[Any, Any]] = []
        for some in chunks(list(dict.fromkeys(event_ids))):
            query = _all.where(_requests.c.platform == platform, _requests.c.event_id.in_(some))
            rows.extend(connection.execute(query).mappings())
        return [request_in(row) for row in sorted(rows, key=lambda row: int(row["seq"]))]

    return work


def history(conversation: str, limit: int) -> Work[list[Request]]:
    """The latest requests of a conversation, newest first."""
    mine = _all.where(_requests.c.conversation == conversation)
    return _read(mine.order_by(_requests.c.seq.desc()).limit(limit))


def turns(conversation: str, limit: int) -> Work[list[StoredTurn]]:
    """The latest turns of a conversation, newest first."""
    query = sa.select(_turns).where(_turns.c.conversation == conversation).order_by(_turns.c.id.desc()).limit(limit)

    def work(connection: sa.Connection) -> list[StoredTurn]:
        return [turn_in(row) for row in connection.execute(query).mappings()]

    return work


def turns_of(request_ids: Sequence[str]) -> Work[list[StoredTurn]]:
    """The turns of these requests, oldest first."""

    def work(connection: sa.Connection) -> list[StoredTurn]:
        rows: list[Mapping[Any, Any]] = []
        for some in chunks(list(dict.fromkeys(request_ids))):
            rows.extend(connection.execute(sa.select(_turns).where(_turns.c.request.in_(some))).mappings())
        return [turn_in(row) for row in sorted(rows, key=lambda row: int(row["id"]))]

    return work


def _read(query: sa.Select[Any]) -> Work[list[Request]]:
    def work(connection: sa.Connection) -> list[Request]:
        return [request_in(row) for row in connection.execute(query).mappings()]

    return work


def _on(query: sa.Select[Any], platforms: Sequence[str] | None) -> sa.Select[Any]:
    return query if platforms is None else query.where(_requests.c.platform.in_(platforms))
