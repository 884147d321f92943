"""Pages of the audit: the entries older or newer than one. Knows the desk, no pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from adapters.base import AdminDesk, AuditEntry, AuditQuery

_SCAN = 200  # entries read at a time on the way to a newer page
_SCANS = 5


@dataclass(frozen=True)
class AuditPage:
    """Entries, the newest first, and whether there are newer and older ones."""

    entries: Sequence[AuditEntry]
    newer: bool
    older: bool


async def older(desk: AdminDesk, query: AuditQuery, before: int | None, size: int) -> AuditPage:
    """The `size` entries before one; the newest ones for None."""
    found = list(await desk.audit(replace(query, before=before, limit=size + 1)))
    return AuditPage(found[:size], newer=before is not None and bool(found), older=len(found) > size)


async def newer(desk: AdminDesk, query: AuditQuery, after: int, size: int) -> AuditPage:
    """The `size` entries that come right after one. Too far back, the newest page is a better place than none."""
    found: list[AuditEntry] = []
    before: int | None = None
    for _ in range(_SCANS):
        batch = list(await desk.audit(replace(query, before=before, limit=_SCAN)))
        fresh = [entry for entry in batch if entry.id > after]
        found += fresh
        if len(fresh) < len(batch) or len(batch) < _SCAN:
            break
        before = batch[-1].id
    else:
        found = found[:size]
    if len(found) <= size:
        return await older(desk, query, None, size)
    return AuditPage(found[-size:], newer=True, older=True)
