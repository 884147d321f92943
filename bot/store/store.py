"""Requests and their conversations: every state a request goes through is one transaction here.

It speaks in the records of `bot.store.records`; it knows no platform, no model and no policy.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bot.store import audit, schema
from bot.store.database import connect_database, parse_url
from bot.store.migrate import check_schema, migrate
from bot.store.records import (
    AuditRow,
    NewDecision,
    NewRequest,
    NewTurn,
    Request,
    RequestState,
    RuleRow,
    StoredClip,
    StoredTurn,
)

_requests, _deliveries, _turns = schema.requests, schema.deliveries, schema.turns
# Constants in SQL, not parameters: only so do the planners see that the partial indexes fit.
_open = _requests.c.finished_at.is_(None)
_columns = sa.select(_requests, _deliveries.c.view, _deliveries.c.delivered_at)
_of_request = _deliveries.c.request == _requests.c.id
_all = _columns.select_from(_requests.outerjoin(_deliveries, _of_request))
_waiting = _columns.select_from(_deliveries.join(_requests, _of_request)).where(_deliveries.c.delivered_at.is_(None))


def utcnow() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


class Store:
    """Everything that outlives the process. `open()` it before use and `close()` it after; both are cheap to await.

    Methods raise a `StoreError` when the database does not do what it should.
    """

    def __init__(self, url: str, *, clock: Callable[[], datetime] = utcnow) -> None:
        self._url = url
        self._clock = clock
        self._db = connect_database(parse_url(url))
        self._insert = self._db.insert

    def __repr__(self) -> str:
        return f"<Store {self._db!r}>"

    async def open(self, *, migrate: bool = True) -> None:
        """Bring the schema up to date, or with `migrate=False` raise `SchemaOutdated` when it is not."""
        if migrate:
            await asyncio.to_thread(_migrate, self._url)
        await self._db.read(check_schema)

    async def close(self) -> None:
        """Let the writes under way end, then disconnect."""
        await self._db.close()

    # --- the life of a request -------------------------------------------------------------------------------------

    async def accept(self, new: NewRequest) -> Request | None:
        """Store a request, once: None when this (platform, event id) was seen before."""
        now, id = self._clock(), _new_id()
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
        remember = self._insert(schema.events_seen).values(event | {"seen_at": now}).on_conflict_do_nothing()
        touch = (
            self._insert(schema.conversations)
            .values(names | {"key": new.conversation, "created_at": now, "active_at": now})
            .on_conflict_do_update(index_elements=["key"], set_={"active_at": now})
        )

        def work(connection: sa.Connection) -> bool:
            _one_at_a_time(connection, new.conversation)
            if connection.execute(remember).rowcount == 0:
                # Ours after all, when the connection was lost between our COMMIT and its acknowledgement.
                return connection.scalar(sa.select(_requests.c.seq).where(_requests.c.id == id)) is not None
            connection.execute(touch)
            connection.execute(sa.insert(_requests).values(row))
            return True

        return _accepted(new, id, now) if await self._db.write(work, durable=True) else None

    async def attach(self, request_id: str, clips: Sequence[StoredClip]) -> bool:
        """Note the downloaded clips of a request. False when the request is gone (forgotten): delete the files."""
        update = sa.update(_requests).where(_requests.c.id == request_id).values(clips=_clips_out(clips))

        def work(connection: sa.Connection) -> bool:
            return connection.execute(update).rowcount == 1

        return await self._db.write(work)

    async def claim(self, request_id: str) -> int | None:
        """Begin to work on a request. Returns which attempt this is (1 first); None when it has ended or is gone."""
        update = (
            sa.update(_requests)
            .where(_requests.c.id == request_id, _open)
            .values(state=RequestState.RUNNING, attempts=_requests.c.attempts + 1)
            .returning(_requests.c.attempts)
        )

        def work(connection: sa.Connection) -> int | None:
            attempts: int | None = connection.scalar(update)
            return attempts

        return await self._db.write(work)

    async def finish(
        self, request_id: str, state: RequestState, view: Mapping[str, Any], turns: Sequence[NewTurn] = ()
    ) -> bool:
        """End a request: its state, its final view (to be delivered) and its turns, together or not at all.

        False when it had ended already or is gone: then nothing is changed, and nothing is to be delivered.
        `view` holds JSON values only.
        """
        if not state.terminal:
            raise ValueError(f"{state} is not an end")
        now, final = self._clock(), dict(view)
        update = (
            sa.update(_requests)
            .where(_requests.c.id == request_id, _open)
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
                rows = [_turn_out(turn, request_id, conversation, now) for turn in turns]
                connection.execute(sa.insert(_turns), rows)
            return True

        return await self._db.write(work)

    async def delivered(self, request_id: str) -> None:
        """Note that the final view has reached its place."""
        update = (
            sa.update(_deliveries)
            .where(_deliveries.c.request == request_id, _deliveries.c.delivered_at.is_(None))
            .values(delivered_at=self._clock())
        )

        def work(connection: sa.Connection) -> None:
            connection.execute(update)

        await self._db.write(work)

    async def unfinished(self, platforms: Sequence[str] | None = None) -> list[Request]:
        """The accepted and running requests, oldest first: what a start has to resume."""
        return await self._select(_on(_all.where(_open), platforms).order_by(_requests.c.seq))

    async def undelivered(self, platforms: Sequence[str] | None = None) -> list[Request]:
        """The ended requests whose final view has not reached its place, the longest waiting first."""
        return await self._select(_on(_waiting, platforms).order_by(_deliveries.c.ready_at, _deliveries.c.request))

    async def request(self, request_id: str) -> Request | None:
        """One request; None when there is none of that id."""
        found = await self._select(_all.where(_requests.c.id == request_id))
        return found[0] if found else None

    async def find(self, platform: str, event_id: str) -> Request | None:
        """The request of a platform's event; None when it was never seen, or was forgotten."""
        found = await self._select(_all.where(_requests.c.platform == platform, _requests.c.event_id == event_id))
        return found[0] if found else None

    # --- conversations ---------------------------------------------------------------------------------------------

    async def history(self, conversation: str, limit: int = 50) -> list[Request]:
        """The latest requests of a conversation, oldest first, open ones included."""
        latest = _all.where(_requests.c.conversation == conversation)
        found = await self._select(latest.order_by(_requests.c.seq.desc()).limit(limit))
        return found[::-1]

    async def turns(self, conversation: str, limit: int = 50) -> list[StoredTurn]:
        """The latest turns of a conversation, oldest first. Costs the same however long the conversation is."""
        latest = sa.select(_turns).where(_turns.c.conversation == conversation).order_by(_turns.c.id.desc())

        def work(connection: sa.Connection) -> list[StoredTurn]:
            return [_turn_in(row) for row in connection.execute(latest.limit(limit)).mappings()]

        return (await self._db.read(work))[::-1]

    async def forget(self, conversation: str) -> list[str]:
        """Delete a conversation's requests, turns and views. Returns the paths of their files, now to be deleted.

        What stays: the ids of events seen, so that a redelivery is not answered again, and the numbers of the
        audit, without the words that it quoted.
        """
        whole, mine = schema.conversations, _requests.c.conversation == conversation
        views = sa.select(_deliveries.c.view).join(_requests, _deliveries.c.request == _requests.c.id).where(mine)
        said = sa.select(_turns.c.clips).where(_turns.c.conversation == conversation)
        posted = sa.select(_requests.c.clips).where(mine)
        quoted = sa.update(schema.audit).where(schema.audit.c.conversation == conversation).values(excerpt="")

        def work(connection: sa.Connection) -> list[str]:
            _one_at_a_time(connection, conversation)
            # Wait for those that end just now, to see their files.
            connection.execute(sa.select(_requests.c.seq).where(mine).with_for_update())
            paths: dict[str, None] = {}
            for query in (posted, said, views):
                for value in connection.scalars(query):
                    paths.update(dict.fromkeys(_paths(value)))
            connection.execute(sa.delete(_requests).where(mine))
            connection.execute(sa.delete(whole).where(whole.c.key == conversation))
            connection.execute(quoted)
            return list(paths)

        # Not after a COMMIT: a second run would find nothing, and the files would never be deleted.
        return await self._db.write(work, repeatable=False, durable=True)

    # --- rules and the audit ---------------------------------------------------------------------------------------

    async def rules(self, platform: str, community: str, channel: str) -> list[RuleRow]:
        """Every override that applies to a place, widest scope first: everyone's, the community's, the place's."""
        return await self._db.read(audit.rules(platform, community, channel))

    async def set_rule(self, rule: RuleRow, *, by: str) -> None:
        """Set an override and audit the change (who, from, to) in the same transaction."""
        await self._db.write(audit.set_rule(self._insert, rule, by, self._clock()), repeatable=False)

    async def reset_rule(self, platform: str, community: str, channel: str, category: str, *, by: str) -> bool:
        """Drop an override and audit that. False when there was none."""
        work = audit.reset_rule((platform, community, channel, category), by, self._clock())
        return await self._db.write(work, repeatable=False)

    async def record(self, decisions: Sequence[NewDecision]) -> None:
        """Add decisions to the audit, all or none."""
        if decisions:
            await self._db.write(audit.record(decisions, self._clock()), repeatable=False)

    async def audit(
        self,
        *,
        platform: str = "",
        community: str = "",
        channel: str = "",
        category: str = "",
        action: str = "",
        where: str = "",
        before: int | None = None,
        limit: int = 50,
    ) -> list[AuditRow]:
        """The audit, newest first; an empty filter means any. `before` is the id to continue below."""
        filters = {
            "platform": platform,
            "community": community,
            "channel": channel,
            "category": category,
            "action": action,
            "check_point": where,
        }
        return await self._db.read(audit.select(filters, before, limit))

    async def decisions(
        self, *, platform: str = "", community: str = "", channel: str = "", category: str, limit: int = 200
    ) -> list[AuditRow]:
        """The latest decisions of a category that have a score, newest first: what a what-if is counted over."""
        filters = {"platform": platform, "community": community, "channel": channel, "category": category}
        return await self._db.read(audit.select(filters, None, limit, scored=True))

    async def _select(self, query: sa.Select[Any]) -> list[Request]:
        def work(connection: sa.Connection) -> list[Request]:
            return [_request_in(row) for row in connection.execute(query).mappings()]

        return await self._db.read(work)


_migrate = migrate


def _new_id() -> str:
    """60 random bits as 12 characters that survive being read aloud."""
    return base64.b32encode(secrets.token_bytes(8)).decode().lower()[:12]


def _accepted(new: NewRequest, id: str, now: datetime) -> Request:
    fields = {field: getattr(new, field) for field in NewRequest.__dataclass_fields__}
    return Request(**fields, id=id, created_at=now)


def _one_at_a_time(connection: sa.Connection, conversation: str) -> None:
    """Let accepting and forgetting in one conversation wait for each other, until the transaction ends.

    On SQLite every write does. Postgres' own row locks would do too, but there a row that is deleted and inserted again
    by several at once is a known way into deadlocks.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(
            sa.select(
                sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.literal(conversation, schema.People), 0))
            )
        )


def _ended_as(connection: sa.Connection, request_id: str, state: RequestState, at: datetime) -> bool:
    query = sa.select(_requests.c.state, _requests.c.finished_at).where(_requests.c.id == request_id)
    row = connection.execute(query).first()
    return row is not None and (row.state, row.finished_at) == (state, at)


def _on(query: sa.Select[Any], platforms: Sequence[str] | None) -> sa.Select[Any]:
    return query if platforms is None else query.where(_requests.c.platform.in_(platforms))


def _clips_out(clips: Sequence[StoredClip]) -> list[dict[str, str]]:
    return [{"path": clip.path, "name": clip.name} for clip in clips]


def _clips_in(value: Sequence[Mapping[str, str]]) -> tuple[StoredClip, ...]:
    return tuple(StoredClip(path=clip["path"], name=clip["name"]) for clip in value)


def _turn_out(turn: NewTurn, request: str, conversation: str, at: datetime) -> dict[str, Any]:
    return {
        "conversation": conversation,
        "request": request,
        "role": turn.role,
        "text": turn.text,
        "clips": _clips_out(turn.clips),
        "at": at,
    }


def _turn_in(row: Mapping[Any, Any]) -> StoredTurn:
    return StoredTurn(
        role=row["role"], text=row["text"], clips=_clips_in(row["clips"]), request=row["request"], at=row["at"]
    )


def _request_in(row: Mapping[Any, Any]) -> Request:
    fields = {field: row[field] for field in NewRequest.__dataclass_fields__}
    return Request(
        **fields,
        id=row["id"],
        clips=_clips_in(row["clips"]),
        state=RequestState(row["state"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
        view=row["view"],
        delivered=row["delivered_at"] is not None,
    )


def _paths(value: Any) -> list[str]:
    """Every string under a key "path", however deep: clips, stills and videos are all written that way."""
    if isinstance(value, Mapping):
        own = [value["path"]] if isinstance(value.get("path"), str) else []
        return own + [path for child in value.values() for path in _paths(child)]
    if isinstance(value, list):
        return [path for child in value for path in _paths(child)]
    return []
