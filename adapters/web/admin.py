"""The safety page's REST: rules, what a change would do, the audit, trials. Decides nothing; asks the `AdminDesk`."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from adapters.base import AdminDesk, AttachmentError, AuditQuery, Author, Scope
from adapters.web.chat import COMMUNITY, MAX_TEXT
from adapters.web.door import Door
from adapters.web.errors import Problem
from adapters.web.protocol import ID_PATTERN
from adapters.web.uploads import Inbox

MAX_AUDIT_PAGE = 200


class RuleChange(msgspec.Struct, frozen=True):
    category: str
    threshold: float
    action: str
    channel: str = ""


class RuleReset(msgspec.Struct, frozen=True):
    category: str
    channel: str = ""


class TextTrial(msgspec.Struct, frozen=True):
    text: str
    channel: str = ""


class ClipTrial(msgspec.Struct, frozen=True):
    upload: str
    channel: str = ""


Body = TypeVar("Body", RuleChange, RuleReset, TextTrial, ClipTrial)


class AdminRoutes:
    """Everything under `/api/admin/`. Each call is refused for people who are not admins."""

    def __init__(self, desk: AdminDesk, door: Door, inbox: Inbox) -> None:
        self._desk = desk
        self._door = door
        self._inbox = inbox

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/admin/rules", self.rules),
            web.put("/api/admin/rules", self.set_rule),
            web.post("/api/admin/rules/reset", self.reset_rule),
            web.get("/api/admin/what-if", self.what_if),
            web.get("/api/admin/audit", self.audit),
            web.post("/api/admin/try/text", self.try_text),
            web.post("/api/admin/try/clip", self.try_clip),
        ]

    async def rules(self, request: web.Request) -> web.Response:
        self._admin(request)
        return _json({"rules": await self._desk.rules(_scope(request.query.get("channel", "")))})

    async def set_rule(self, request: web.Request) -> web.Response:
        author = self._admin(request)
        change = await _body(request, RuleChange)
        try:
            rules = await self._desk.set_rule(
                _scope(change.channel), author, change.category, change.threshold, change.action
            )
        except ValueError as error:
            raise Problem(400, "impossible_rule", str(error)) from error
        return _json({"rules": rules})

    async def reset_rule(self, request: web.Request) -> web.Response:
        author = self._admin(request)
        reset = await _body(request, RuleReset)
        try:
            rules = await self._desk.reset_rule(_scope(reset.channel), author, reset.category)
        except ValueError as error:
            raise Problem(400, "impossible_rule", str(error)) from error
        return _json({"rules": rules})

    async def what_if(self, request: web.Request) -> web.Response:
        self._admin(request)
        threshold = _number(request, "threshold")
        try:
            found = await self._desk.what_if(
                _scope(request.query.get("channel", "")), request.query.get("category", ""), threshold
            )
        except ValueError as error:
            raise Problem(400, "impossible_rule", str(error)) from error
        return _json(found)

    async def audit(self, request: web.Request) -> web.Response:
        self._admin(request)
        query = request.query
        limit = min(max(int(_number(request, "limit", 50)), 1), MAX_AUDIT_PAGE)
        scope = _scope(query.get("channel", ""))
        entries = await self._desk.audit(
            AuditQuery(
                platform=scope.platform,
                community=scope.community,
                channel=scope.channel,
                category=query.get("category", ""),
                action=query.get("action", ""),
                where=query.get("where", ""),
                before=int(_number(request, "before")) if query.get("before") else None,
                limit=limit,
            )
        )
        return _json({"entries": entries, "more": len(entries) == limit})

    async def try_text(self, request: web.Request) -> web.Response:
        self._admin(request)
        trial = await _body(request, TextTrial)
        if not trial.text.strip():
            raise Problem(400, "empty", "Write a text to try.")
        if len(trial.text) > MAX_TEXT:
            raise Problem(400, "too_long", f"I try texts of up to {MAX_TEXT:,} characters. Shorten it.")
        return _json(await self._desk.try_text(_scope(trial.channel), trial.text))

    async def try_clip(self, request: web.Request) -> web.Response:
        self._admin(request)
        trial = await _body(request, ClipTrial)
        try:
            return _json(await self._desk.try_clip(_scope(trial.channel), self._inbox.find(trial.upload)))
        except AttachmentError as error:
            raise Problem(422, "unreadable", str(error)) from error
        finally:
            self._inbox.discard(trial.upload)

    def _admin(self, request: web.Request) -> Author:
        author = self._door.author(request)
        if not author.is_admin:
            raise Problem(403, "not_admin", "Only admins may see and change the safety rules.")
        return author


def _scope(channel: str) -> Scope:
    """The whole page, or one conversation of it."""
    if channel and not re.fullmatch(ID_PATTERN, channel):
        raise Problem(400, "no_such_place", "There is no such conversation.")
    return Scope(platform="web", community=COMMUNITY, channel=channel)


def _number(request: web.Request, name: str, default: float | None = None) -> float:
    given = request.query.get(name)
    if given is None and default is not None:
        return default
    try:
        number = float(given or "")
    except ValueError:
        number = float("nan")
    if not -(2**53) < number < 2**53:
        raise Problem(400, "not_a_number", f"{name} has to be a number.")
    return number


async def _body(request: web.Request, kind: type[Body]) -> Body:
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.DecodeError as error:
        raise Problem(400, "not_understood", "The server did not understand the page. Reload it.") from error


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
