"""HTTP calls as they arrive, are recorded, and are made to fail by a test. Knows no route's meaning."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

MALFORMED = object()


class ApiError(Exception):
    """What the API answers instead of a result."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.body = status, {"code": code, "message": message}


@dataclass(frozen=True)
class Upload:
    """A file in a form."""

    field: str
    name: str
    data: bytes
    content_type: str


@dataclass(eq=False)
class Call:
    """One HTTP request. `at` is in seconds of a monotonic clock; `status` 0 until it is answered."""

    method: str
    route: str  # the template, "/channels/{channel_id}/messages"
    path: str
    params: dict[str, str]
    query: dict[str, str]
    authorization: str
    body: Any = None
    files: list[Upload] = field(default_factory=list)
    form: bool = False
    at: float = field(default_factory=time.monotonic)
    status: int = 0

    @property
    def name(self) -> str:
        return f"{self.method} {self.route}"


@dataclass(eq=False)
class Fault:
    """The next `times` calls of a route are answered like this. `applied` does first what was asked, as a gateway
    does that gives up on a server that was only slow. Without `status` the connection is cut instead."""

    route: str
    status: int | None
    body: object
    headers: dict[str, str]
    times: int
    applied: bool


@dataclass(eq=False)
class Gate:
    """Holds the calls of a route until it is opened."""

    route: str
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    def open(self) -> None:
        self.opened.set()


async def receive(request: web.Request, route: str, prefix: str) -> Call:
    """Read a request whole. A body that is no JSON becomes `MALFORMED`."""
    call = Call(
        method=request.method,
        route=route,
        path=request.path.removeprefix(prefix),
        params=dict(request.match_info),
        query=dict(request.query),
        authorization=request.headers.get("Authorization", ""),
    )
    if request.content_type == "multipart/form-data":
        call.form = True
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            data = bytes(await part.read())
            if part.name == "payload_json":
                call.body = parse(data)
            else:
                kind = part.headers.get("Content-Type", "application/octet-stream")
                call.files.append(Upload(part.name or "", part.filename or "", data, kind))
    elif data := await request.read():
        call.body = parse(data)
    return call


def parse(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return MALFORMED


def default_answer(status: int, retry_after: float) -> tuple[object, dict[str, str]]:
    """What Discord sends with a status. `Via` marks a 429 that comes from its API and not from the wall before it."""
    if status == 429:
        body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": False}
        return body, {"Retry-After": str(max(1, round(retry_after))), "Via": "1.1 google", "X-RateLimit-Scope": "user"}
    if status >= 500:
        return "upstream connect error or disconnect/reset before headers", {}
    codes = {401: (0, "401: Unauthorized"), 403: (50013, "Missing Permissions"), 404: (10008, "Unknown Message")}
    code, message = codes.get(status, (0, f"{status}: refused"))
    return {"code": code, "message": message}, {}
