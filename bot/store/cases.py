"""Appeals and reports in SQL: each function builds the work of one transaction for the store to run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.store import audit, schema
from bot.store.database import Work
from bot.store.errors import GONE, RequestGone
from bot.store.records import CaseRow, NewCase
from bot.store.rows import case_in

OPEN = "open"
_ONE_EACH = ("request", "kind", "author_id")
_cases, _requests = schema.cases, schema.requests
# Constants in SQL, not parameters: only so do the planners see that the partial indexes fit.
_undecided = _cases.c.decided_at.is_(None)
_without_card = sa.and_(_undecided, _cases.c.ref == sa.literal_column("''"))
_unsettled = sa.and_(_cases.c.decided_at.is_not(None), _cases.c.outcome == sa.literal_column("''"))


def open_case(insert: Callable[..., Any], new: NewCase, id: str, now: datetime) -> Work[tuple[CaseRow, bool]]:
    """Insert a case unless its author has one of this kind about this request. Raises `RequestGone`."""
    row = {field: getattr(new, field) for field in NewCase.__dataclass_fields__} | {
        "snapshot": dict(new.snapshot),
        "id": id,
        "state": OPEN,
        "at": now,
        "decided_by": "",
        "outcome": "",
        "ref": "",
    }
    # Held, so that it cannot be forgotten before the case is there to be forgotten with it.
    about = sa.select(_requests.c.seq).where(_requests.c.id == new.request).with_for_update(read=True, key_share=True)
    same = sa.select(_cases).where(
        _cases.c.request == new.request, _cases.c.kind == new.kind, _cases.c.author_id == new.author_id
    )

    def work(connection: sa.Connection) -> tuple[CaseRow, bool]:
        if connection.scalar(about) is None:
            raise RequestGone(GONE)
        connection.execute(insert(_cases).values(row).on_conflict_do_nothing(index_elements=_ONE_EACH))
        stored = case_in(connection.execute(same).mappings().one())
        return stored, stored.id == id  # which also knows its own earlier success

    return work


def one(case_id: str) -> Work[CaseRow | None]:
    """The case of that id."""
    query = sa.select(_cases).where(_cases.c.id == case_id)

    def work(connection: sa.Connection) -> CaseRow | None:
        row = connection.execute(query).mappings().first()
        return None if row is None else case_in(row)

    return work


def of_community(platform: str, community: str, open_only: bool, limit: int) -> Work[list[CaseRow]]:
    """A community's cases, newest first."""
    query = sa.select(_cases).where(_cases.c.platform == platform, _cases.c.community == community)
    if open_only:
        query = query.where(_undecided)
    return _read(query.order_by(_cases.c.seq.desc()).limit(limit))


def without_card(platforms: Sequence[str]) -> Work[list[CaseRow]]:
    """The open cases that no moderator has been shown yet, oldest first."""
    return _read(sa.select(_cases).where(_without_card, _cases.c.platform.in_(platforms)).order_by(_cases.c.seq))


def unsettled(platforms: Sequence[str]) -> Work[list[CaseRow]]:
    """The closed cases of which nobody has noted what came of them, oldest first."""
    return _read(sa.select(_cases).where(_unsettled, _cases.c.platform.in_(platforms)).order_by(_cases.c.seq))


def rule(case_id: str, state: str, by: str, outcome: str, now: datetime) -> Work[CaseRow | None]:
    """Close an open case, and write down who did."""
    update = (
        sa.update(_cases)
        .where(_cases.c.id == case_id, _undecided)
        .values(state=state, decided_by=by, decided_at=now, outcome=outcome)
        .returning(*_cases.c)
    )
    ours = sa.select(_cases).where(
        _cases.c.id == case_id, _cases.c.state == state, _cases.c.decided_by == by, _cases.c.decided_at == now
    )
    tries = 0

    def work(connection: sa.Connection) -> CaseRow | None:
        nonlocal tries
        tries += 1
        row = connection.execute(update).mappings().first()
        if row is None:
            # Ours after all, when the connection was lost between our COMMIT and its acknowledgement.
            row = connection.execute(ours).mappings().first() if tries > 1 else None
            return None if row is None else case_in(row)
        ruled = case_in(row)
        details = {"what": "case", "case": ruled.id, "kind": ruled.kind, "from": OPEN, "to": state}
        place = {name: getattr(ruled, name) for name in ("request", "platform", "community", "channel")}
        connection.execute(audit.change(by, now, details, **place))
        return ruled

    return work


def note(case_id: str, **values: str) -> Work[bool]:
    """Set what is noted on a case."""
    update = sa.update(_cases).where(_cases.c.id == case_id).values(values)
    return lambda connection: connection.execute(update).rowcount == 1


def _read(query: sa.Select[Any]) -> Work[list[CaseRow]]:
    def work(connection: sa.Connection) -> list[CaseRow]:
        return [case_in(row) for row in connection.execute(query).mappings()]

    return work
