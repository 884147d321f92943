"""Slack as seen over HTTP: signed requests to the bot's door, and a Web API that a test can script."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web

from adapters.slack.http import EVENTS_PATH, FORM, JSON, HttpDoor
from adapters.slack.installs import Installation

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


class Clock:
    """Seconds since 1970, moved by the test."""

    def __init__(self) -> None:
        self.now = 1_767_268_800.0

    def __call__(self) -> float:
        return self.now


def sign(body: bytes, stamp: int | str, secret: str = SECRET) -> dict[str, str]:
    """The headers of https://docs.slack.dev/authentication/verifying-requests-from-slack."""
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(stamp), "X-Slack-Signature": f"v0={digest}"}


def event(ts: str = "1.1", **fields: Any) -> dict[str, Any]:
    """A mention, as Slack wraps it."""
    inner = {"type": "app_mention", "user": "U2", "text": "<@U1> hello", "channel": "C1", "ts": ts}
    return {"type": "event_callback", "team_id": "T1", "event_id": f"Ev{ts}", "event_time": 1, "event": inner | fields}


@dataclass
class Slack:
    """What Slack sends: posts to the door, signed with the clock's time."""

    door: HttpDoor
    clock: Clock
    session: aiohttp.ClientSession

    async def send(
        self, payload: Any, *, headers: dict[str, str] | None = None, signed: bool = True, form: bool = False
    ) -> tuple[int, str]:
        body = urlencode(payload).encode() if form else json.dumps(payload).encode()
        given = {"Content-Type": FORM if form else f"{JSON}; charset=utf-8"}
        given |= sign(body, int(self.clock.now)) if signed else {}
        return await self.post(body, given | (headers or {}))

    async def post(self, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        async with self.session.post(self.door.url + EVENTS_PATH, data=body, headers=headers) as answer:
            return answer.status, await answer.text()


@dataclass
class Api:
    """A few methods of the Web API. `answers` holds the next answers of a method, the last one for good."""

    base: str = ""
    answers: dict[str, list[Any]] = field(default_factory=dict)
    scopes: str = ""
    calls: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)  # method, authorization, fields

    def says(self, method: str, *answers: Any) -> None:
        self.answers[method] = list(answers)

    def called(self, method: str) -> list[dict[str, str]]:
        return [fields for name, _, fields in self.calls if name == method]

    async def answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        fields = {name: str(value) for name, value in (await request.post()).items()}
        self.calls.append((method, request.headers.get("Authorization", ""), fields))
        queue = self.answers.get(method, [{"ok": False, "error": "unknown_method"}])
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, int):
            return web.Response(status=answer, text="<html>trouble</html>", content_type="text/html")
        return web.json_response(answer, headers={"x-oauth-scopes": self.scopes} if self.scopes else {})


class Kept:
    """Implements `Installations` in memory."""

    def __init__(self, *installations: Installation) -> None:
        self.rows = {installation.team: installation for installation in installations}
        self.broken = False

    async def find(self, team: str) -> Installation | None:
        return self.rows.get(team)

    async def teams(self) -> Sequence[str]:
        return sorted(self.rows)

    async def save(self, installation: Installation) -> None:
        if self.broken:
            raise RuntimeError("the disk is full")
        self.rows[installation.team] = installation

    async def delete(self, team: str, *, until: datetime | None = None) -> bool:
        row = self.rows.get(team)
        if row is None or (until is not None and row.installed_at > until):
            return False
        del self.rows[team]
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    api = Api()
    app = web.Application()
    app.add_routes([web.post("/api/{method}", api.answer), web.get("/api/{method}", api.answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api.base = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    yield api
    await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    # Cookies of 127.0.0.1 too, and no redirects: every step is looked at.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


Opened = Callable[..., Any]


@pytest.fixture
def opened(clock: Clock, session: aiohttp.ClientSession) -> Opened:
    """Opens a door that hands over to a function, or to a Bolt app."""

    @asynccontextmanager
    async def opened(dispatch: Any, **options: Any) -> AsyncIterator[Slack]:
        listener = options.pop("on_installed", None)
        door = HttpDoor(host="127.0.0.1", port=0, signing_secret=SECRET, clock=clock, **options)
        await door.start(dispatch, on_installed=listener)
        try:
            yield Slack(door, clock, session)
        finally:
            await door.stop()

    return opened
