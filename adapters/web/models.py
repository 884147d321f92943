"""The REST of what answers: what it is, what would fit, and changing it. Decides nothing; asks the `ModelDesk`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from adapters.base import Author, ModelDesk, ModelsNow, Refusal
from adapters.web.door import Door
from adapters.web.errors import Problem

_LONGEST = 2000  # characters of an address, a key or a name


class Use(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    preset: str = ""
    server: str = ""
    key: str = ""
    model: str = ""


class ModelRoutes:
    """Everything under `/api/admin/models`. Each call is refused for people who are not admins."""

    def __init__(self, desk: ModelDesk, door: Door) -> None:
        self._desk = desk
        self._door = door

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/admin/models", self.now),
            web.get("/api/admin/models/offer", self.offer),
            web.post("/api/admin/models/use", self.use),
            web.post("/api/admin/models/cancel", self.cancel),
        ]

    async def now(self, request: web.Request) -> web.Response:
        author = self._door.author(request)
        return _json(_told(lambda: self._desk.now(author)))

    async def offer(self, request: web.Request) -> web.Response:
        author = self._door.author(request)
        try:
            return _json(await self._desk.offer(author))
        except Refusal as refusal:
            raise _not_admin(refusal) from refusal

    async def use(self, request: web.Request) -> web.Response:
        author = self._door.author(request)
        try:
            wish = msgspec.json.decode(await request.read(), type=Use)
        except msgspec.DecodeError as error:
            raise Problem(400, "not_understood", "The server did not understand the page. Reload it.") from error
        if max(map(len, (wish.preset, wish.server, wish.key, wish.model))) > _LONGEST:
            raise Problem(400, "too_long", "That is too long for an address or a key.")
        return _json(_told(lambda: self._use(author, wish)))

    def _use(self, author: Author, wish: Use) -> ModelsNow:
        return self._desk.use(author, preset=wish.preset, server=wish.server, key=wish.key, model=wish.model)

    async def cancel(self, request: web.Request) -> web.Response:
        author = self._door.author(request)
        return _json(_told(lambda: self._desk.cancel(author)))


def _told(ask: Callable[[], ModelsNow]) -> ModelsNow:
    try:
        return ask()
    except Refusal as refusal:
        raise _not_admin(refusal) from refusal
    except ValueError as error:
        raise Problem(400, "impossible_models", str(error)) from error


def _not_admin(refusal: Refusal) -> Problem:
    return Problem(403, "not_admin", str(refusal))


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
