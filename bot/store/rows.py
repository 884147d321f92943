"""Records in and out of rows, for every theme of the store."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from bot.store.records import AuditRow, CaseRow, NewRequest, NewTurn, Request, RequestState, StoredClip, StoredTurn

T = TypeVar("T")
CHUNK = 500  # how many ids go into one statement: drivers take some 32,000 parameters, planners like fewer


def new_id() -> str:
    """60 random bits as 12 characters that survive being read aloud."""
    return base64.b32encode(secrets.token_bytes(8)).decode().lower()[:12]


def chunks(values: Sequence[T]) -> Iterator[list[T]]:
    """The values, a statement's worth at a time."""
    rest = iter(values)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def paths_in(value: Any) -> list[str]:
    """Every string under a key "path", however deep: clips, stills and videos are all written that way."""
    if isinstance(value, Mapping):
        own = [value["path"]] if isinstance(value.get("path"), str) else []
        return own + [path for child in value.values() for path in paths_in(child)]
    if isinstance(value, list):
        return [path for child in value for path in paths_in(child)]
    return []


def clips_out(clips: Sequence[StoredClip]) -> list[dict[str, str]]:
    return [{"path": clip.path, "name": clip.name} for clip in clips]


def clips_in(value: Sequence[Mapping[str, str]]) -> tuple[StoredClip, ...]:
    return tuple(StoredClip(path=clip["path"], name=clip["name"]) for clip in value)


def turn_out(turn: NewTurn, request: str, conversation: str, at: datetime) -> dict[str, Any]:
    return {
        "conversation": conversation,
        "request": request,
        "role": turn.role,
        "text": turn.text,
        "clips": clips_out(turn.clips),
        "at": at,
    }


def turn_in(row: Mapping[Any, Any]) -> StoredTurn:
    return StoredTurn(
        role=row["role"], text=row["text"], clips=clips_in(row["clips"]), request=row["request"], at=row["at"]
    )


def request_in(row: Mapping[Any, Any]) -> Request:
    fields = {field: row[field] for field in NewRequest.__dataclass_fields__}
    return Request(
        **fields,
        id=row["id"],
        clips=clips_in(row["clips"]),
        state=RequestState(row["state"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
        view=row["view"],
        delivered=row["delivered_at"] is not None,
    )


def audit_in(row: Mapping[Any, Any]) -> AuditRow:
    fields = dict(row)
    fields["where"] = fields.pop("check_point")
    return AuditRow(**fields)


def case_in(row: Mapping[Any, Any]) -> CaseRow:
    return CaseRow(**{field: row[field] for field in CaseRow.__dataclass_fields__})
