"""What is kept, and how it goes away, in SQL: each function builds the work of one transaction for the store to run.

Whoever deletes here locks requests first, then cases, the audit, and conversations, so that two of them wait for each
other and do not block each other. A conversation goes with its last request.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store import schema
from bot.store.database import Work, one_at_a_time
from bot.store.records import Forgotten, Kept
from bot.store.rows import chunks, paths_in

NOBODY = "forgotten"  # who the audit says asked, once they wanted to be forgotten
_EVERY = "/*"  # at the end of a conversation's key: all conversations of its channel
SOME = 5_000  # how many records a transaction prunes, so that others get their turn in between
_requests, _deliveries, _turns, _cases = schema.requests, schema.deliveries, schema.turns, schema.cases
_conversations, _audit = schema.conversations, schema.audit
# Constants in SQL, not parameters: only so do the planners see that the partial indexes fit.
_quotes = _audit.c.excerpt != sa.literal_column("''")
_has_ended = _requests.c.finished_at.is_not(None)


def covers(conversation: str, other: str) -> bool:
    """Whether `other` is that conversation, or one of those of its channel when it ends with `/*`."""
    if conversation.endswith(_EVERY):
        return other.startswith(conversation.removesuffix("*"))
    return other == conversation


# --- what is kept --------------------------------------------------------------------------------------------------


def kept(platform: str, author: str, conversation: str | None) -> Work[Kept]:
    """Count what is stored of an author: in what `conversation` covers, or everywhere on the platform."""
    query = sa.select(_requests.c.id, _requests.c.conversation, _requests.c.clips)
    query = query.where(_of_author(platform, author, conversation))

    def work(connection: sa.Connection) -> Kept:
        rows = connection.execute(query).all()
        ids = [row.id for row in rows]
        views = list(_views(connection, ids))
        posted = list(dict.fromkeys(path for row in rows for path in paths_in(row.clips)))
        written = [*views, *_said(connection, ids), *_snapshots(connection, ids)]
        return Kept(
            questions=len(rows),
            videos=sum(len(view.get("videos") or ()) for view in views),
            conversations=len({row.conversation for row in rows}),
            clips=len(posted),
            paths=tuple(dict.fromkeys([*posted, *(path for value in written for path in paths_in(value))])),
        )

    return work


def communities(platform: str) -> Work[list[str]]:
    """The communities with conversations (and so perhaps cases), or whose admins have chosen something."""
    tables = (_conversations, schema.settings, schema.quotas, schema.policies)
    named = (sa.select(table.c.community).where(table.c.platform == platform).distinct() for table in tables)

    def work(connection: sa.Connection) -> list[str]:
        return sorted(community for community in connection.scalars(sa.union(*named)) if community)

    return work


# --- what goes away ------------------------------------------------------------------------------------------------


def conversation(key: str) -> Work[Forgotten]:
    """Delete all of a conversation."""
    unquote = sa.update(_audit).where(_audit.c.conversation == key, _quotes).values(excerpt="")

    def work(connection: sa.Connection) -> Forgotten:
        one_at_a_time(connection, key)
        return _delete(connection, _requests.c.conversation == key, then=[unquote])

    return _remembering(work)


def request(request_id: str) -> Work[Forgotten]:
    """Delete one request, with all that belongs to it."""
    return _remembering(lambda connection: _delete(connection, _requests.c.id == request_id))


def author(platform: str, author: str, conversation: str | None) -> Work[Forgotten]:
    """Delete what an author asked, got and reported, and take their name off the audit's decisions."""
    reported = sa.and_(_cases.c.author_id == author, _cases.c.platform == platform)
    theirs = sa.and_(_audit.c.author == author, _audit.c.platform == platform, _audit.c.kind == "decision")
    if conversation is not None:
        there = sa.select(_requests.c.id).where(_within(_requests.c.conversation, conversation))
        reported = sa.and_(reported, _cases.c.request.in_(there))
        theirs = sa.and_(theirs, _within(_audit.c.conversation, conversation))
    unname = sa.update(_audit).where(theirs).values(author=NOBODY, excerpt="")
    mine = _of_author(platform, author, conversation)
    return _remembering(lambda connection: _delete(connection, mine, reported=reported, then=[unname]))


def community(platform: str, community: str) -> Work[Forgotten]:
    """Delete all of a community: conversations, what its admins chose, usage, cases, and its audit."""
    if not community:
        raise ValueError("Name the community to forget: an empty name stands for everyone's rules.")

    def of_it(table: sa.Table) -> sa.ColumnElement[bool]:
        return sa.and_(table.c.platform == platform, table.c.community == community)

    there = sa.select(_conversations.c.key).where(of_it(_conversations))
    tables = (schema.settings, schema.quotas, schema.policies, schema.usage, _audit)
    rest = [sa.delete(table).where(of_it(table)) for table in tables]
    return _remembering(lambda connection: _delete(connection, _requests.c.conversation.in_(there), then=rest))


def ended(platform: str, community: str, before: datetime, limit: int) -> Work[Forgotten]:
    """Delete the requests of a community that ended before, oldest first, at most `limit`."""
    old = sa.and_(_has_ended, _requests.c.finished_at < before)
    oldest = (
        sa.select(_requests.c.id)
        .where(_requests.c.community == community, _requests.c.platform == platform, old)
        .order_by(_requests.c.finished_at)
        .limit(limit)
    )

    def work(connection: sa.Connection) -> Forgotten:
        found = chunks(list(connection.scalars(oldest)))
        return _together([_delete(connection, sa.and_(_requests.c.id.in_(some), old)) for some in found])

    return _remembering(work)


def some_records(table: sa.Table, time: str, before: datetime) -> Work[int]:
    """Delete the oldest records of a table, at most `SOME`. Returns how many."""
    key = sa.tuple_(*table.primary_key.columns)
    oldest = sa.select(*table.primary_key.columns).where(table.c[time] < before).order_by(table.c[time]).limit(SOME)
    delete = sa.delete(table).where(key.in_(oldest))
    return lambda connection: connection.execute(delete).rowcount


# --- what they share -----------------------------------------------------------------------------------------------


def _of_author(platform: str, author: str, conversation: str | None) -> sa.ColumnElement[bool]:
    mine = sa.and_(_requests.c.author_id == author, _requests.c.platform == platform)
    return mine if conversation is None else sa.and_(mine, _within(_requests.c.conversation, conversation))


def _within(column: sa.ColumnElement[str], conversation: str) -> sa.ColumnElement[bool]:
    """As `covers`. The names of platforms may hold what LIKE takes for a mark, and SQLite's knows no case."""
    if conversation.endswith(_EVERY):
        channel = conversation.removesuffix("*")
        return sa.func.substr(column, 1, len(channel)) == channel
    return column == conversation


def _remembering(work: Work[Forgotten]) -> Work[Forgotten]:
    """The same, for a connection that is lost between our COMMIT and its acknowledgement.

    The second run finds nothing then; the files are known from the first. Where that was rolled back, both find them.
    """
    found: list[Forgotten] = []

    def again(connection: sa.Connection) -> Forgotten:
        found.append(work(connection))
        return _together(found)

    return again


def _together(parts: Sequence[Forgotten]) -> Forgotten:
    return Forgotten(
        requests=tuple(dict.fromkeys(id for part in parts for id in part.requests)),
        paths=tuple(dict.fromkeys(path for part in parts for path in part.paths)),
        cards=tuple(dict.fromkeys(card for part in parts for card in part.cards)),
    )


def _delete(
    connection: sa.Connection,
    which: sa.ColumnElement[bool],
    *,
    reported: sa.ColumnElement[bool] | None = None,
    then: Sequence[sa.Executable] = (),
) -> Forgotten:
    """Delete requests with their turns, views and cases, what the audit quotes of them, and emptied conversations.

    `reported` are cases to delete even where they are about other requests; `then` is done with them.
    """
    # Locked, to wait for those that end just now and to see their files.
    query = sa.select(_requests.c.id, _requests.c.conversation, _requests.c.clips).where(which)
    rows = connection.execute(query.order_by(_requests.c.seq).with_for_update()).all()
    ids = [row.id for row in rows]
    cases = _lock_cases(connection, ids, reported)
    about = set(ids)
    own = [case for case in cases if case.request in about]
    others = [case for case in cases if case.request not in about]
    written = [*(row.clips for row in rows), *_said(connection, ids), *_views(connection, ids)]
    paths = [path for value in [*written, *(case.snapshot for case in own)] for path in paths_in(value)]
    for seqs in chunks([case.seq for case in cases]):
        connection.execute(sa.delete(_cases).where(_cases.c.seq.in_(seqs)))
    for statement in then:
        connection.execute(statement)
    for some in chunks(ids):
        connection.execute(sa.update(_audit).where(_quotes, _audit.c.request.in_(some)).values(excerpt=""))
        connection.execute(sa.delete(_requests).where(_requests.c.id.in_(some)))  # the rest goes with them
    _delete_emptied(connection, sorted({row.conversation for row in rows}))
    paths += _unused(connection, others)
    return Forgotten(tuple(ids), tuple(dict.fromkeys(paths)), tuple(case.ref for case in cases if case.ref))


def _lock_cases(
    connection: sa.Connection, ids: Sequence[str], reported: sa.ColumnElement[bool] | None
) -> list[sa.Row[Any]]:
    """The cases about these requests and those that were `reported`, locked one after the other, oldest first."""
    wanted = [_cases.c.request.in_(some) for some in chunks(ids)] + ([] if reported is None else [reported])
    seqs = {seq for which in wanted for seq in connection.scalars(sa.select(_cases.c.seq).where(which))}
    found: list[sa.Row[Any]] = []
    for some in chunks(sorted(seqs)):
        query = sa.select(_cases).where(_cases.c.seq.in_(some)).order_by(_cases.c.seq).with_for_update()
        found += connection.execute(query)
    return found


def _delete_emptied(connection: sa.Connection, keys: Sequence[str]) -> None:
    """Delete those of the conversations that have no request left."""
    key, has_any = _conversations.c.key, sa.exists().where(_requests.c.conversation == _conversations.c.key)
    for some in chunks(keys):
        # First locked and only then looked at: a request that is being accepted just now must be seen.
        connection.execute(sa.select(key).where(key.in_(some)).order_by(key).with_for_update())
        connection.execute(sa.delete(_conversations).where(key.in_(some), ~has_any))


def _views(connection: sa.Connection, ids: Sequence[str]) -> Iterable[dict[str, Any]]:
    for some in chunks(ids):
        yield from connection.scalars(sa.select(_deliveries.c.view).where(_deliveries.c.request.in_(some)))


def _said(connection: sa.Connection, ids: Sequence[str]) -> Iterable[list[Any]]:
    for some in chunks(ids):
        yield from connection.scalars(sa.select(_turns.c.clips).where(_turns.c.request.in_(some)))


def _snapshots(connection: sa.Connection, ids: Sequence[str]) -> Iterable[dict[str, Any]]:
    for some in chunks(ids):
        yield from connection.scalars(sa.select(_cases.c.snapshot).where(_cases.c.request.in_(some)))


def _unused(connection: sa.Connection, cases: Sequence[sa.Row[Any]]) -> list[str]:
    """The files of deleted cases that neither the requests that they were about nor other cases use."""
    ids = list(dict.fromkeys(case.request for case in cases))
    used: set[str] = set()
    for some in chunks(ids):
        used.update(paths_in(list(connection.scalars(sa.select(_requests.c.clips).where(_requests.c.id.in_(some))))))
    for value in [*_said(connection, ids), *_views(connection, ids), *_snapshots(connection, ids)]:
        used.update(paths_in(value))
    return [path for case in cases for path in paths_in(case.snapshot) if path not in used]
