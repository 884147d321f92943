"""Where Web API calls come in: each is recorded, made to fail if a test says so, and handed on.

Knows no method's meaning beyond the token and the scope that it needs.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from aiohttp import web

from tests.fakes.discord_server.bell import Bell
from tests.fakes.slack_server.calls import ApiError, Call, Fault, Gate, receive
from tests.fakes.slack_server.world import World

Method = Callable[[Call], Awaitable[dict[str, Any]]]

# What a bot token needs for a method; those that are absent need none.
SCOPES = {
    "assistant.threads.setStatus": "assistant:write",
    "assistant.threads.setSuggestedPrompts": "assistant:write",
    "assistant.threads.setTitle": "assistant:write",
    "chat.appendStream": "chat:write",
    "chat.delete": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.startStream": "chat:write",
    "chat.stopStream": "chat:write",
    "chat.update": "chat:write",
    "conversations.history": "channels:history",
    "conversations.info": "channels:read",
    "conversations.list": "channels:read",
    "conversations.members": "channels:read",
    "conversations.open": "im:write",
    "conversations.replies": "channels:history",
    "files.completeUploadExternal": "files:write",
    "files.delete": "files:write",
    "files.getUploadURLExternal": "files:write",
    "files.info": "files:read",
    "reactions.add": "reactions:write",
    "reactions.get": "reactions:read",
    "reactions.remove": "reactions:write",
    "team.info": "team:read",
    "usergroups.list": "usergroups:read",
    "users.conversations": "channels:read",
    "users.info": "users:read",
    "users.list": "users:read",
}

# Those that need the app's own token, or none at all.
WITHOUT_BOT_TOKEN = ("apps.connections.open", "oauth.v2.access", "api.test")


WRITES = ("assistant.", "chat.", "files.complete", "files.getUpload", "reactions.", "conversations.open")


class Door:
    """Serves Web API methods by name."""

    def __init__(self, world: World, bell: Bell) -> None:
        self._world, self._bell = world, bell
        self.methods: dict[str, Method] = {}
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.unserved: list[str] = []
        self.off: set[str] = set()
        self._faults: list[Fault] = []
        self._gates: list[Gate] = []
        self._outage: Iterator[bool] | None = None

    def serve(self, methods: Mapping[str, Method]) -> None:
        self.methods |= methods

    def blame(self, call: Call, found: str) -> None:
        """Note that a call broke what Slack documents."""
        self.violations.append(f"{call.method}: {found}")

    def fail_next(
        self,
        method: str,
        error: str = "",
        *,
        status: int | None = None,
        times: int = 1,
        retry_after: float = 1,
        applied: bool = False,
        **more: Any,
    ) -> None:
        """Answer the next calls of a method with an error: `error` as Slack spells it ("ratelimited" is a 429 with
        Retry-After), or an HTTP `status`. Neither of them cuts the connection. `applied` does first what was asked."""
        self._faults.append(Fault(method, error, status, retry_after, times, applied, more))

    def break_writes(self, applied: Iterator[bool]) -> None:
        """Answer everything that changes something with 503 until `mend`; the iterator says each time whether what was
        asked is done all the same."""
        self._outage = applied

    def mend(self) -> None:
        """End what `break_writes` began."""
        self._outage = None

    def hold(self, method: str) -> Gate:
        """Keep the calls of a method waiting until the gate is opened. `gate.arrived` is set by the first one."""
        gate = Gate(method)
        self._gates.append(gate)
        return gate

    def open_gates(self) -> None:
        for gate in self._gates:
            gate.open()

    def calls_to(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    async def endpoint(self, request: web.Request) -> web.StreamResponse:
        call = await receive(request)
        call.team = next((team for team in self._world.teams.values() if team.token == call.token), None)
        self.calls.append(call)
        self._bell.ring()
        for gate in [gate for gate in self._gates if gate.method == call.method]:
            gate.arrived.set()
            await gate.opened.wait()
        fault = self._fault(call.method)
        if fault is None or fault.applied:
            call.answer, call.status = await self._do(call), 200
        if fault is not None:
            return self._fail(request, call, fault)
        self._bell.ring()
        scopes = {"X-OAuth-Scopes": ",".join(sorted(call.team.scopes))} if call.team else {}
        return answer(call.answer, headers=scopes)

    async def _do(self, call: Call) -> dict[str, Any]:
        try:
            if call.method in self.off:
                raise ApiError("unknown_method", req_method=call.method)
            if call.method not in self.methods:
                self.unserved.append(call.method)
                raise ApiError("unknown_method", req_method=call.method)
            if call.method not in WITHOUT_BOT_TOKEN:
                self._admit(call)
            return {"ok": True, **await self.methods[call.method](call)}
        except ApiError as error:
            return error.body

    def _admit(self, call: Call) -> None:
        if not call.token:
            raise ApiError("not_authed")
        if call.team is None:
            raise ApiError("invalid_auth")
        if not call.team.installed:
            raise ApiError("account_inactive")
        needed = SCOPES.get(call.method)
        if needed and needed not in call.team.scopes:
            raise ApiError("missing_scope", needed=needed, provided=",".join(sorted(call.team.scopes)))

    def _fault(self, method: str) -> Fault | None:
        if self._outage is not None and method.startswith(WRITES):
            return Fault(method, "", 503, 0.3, 1, next(self._outage), {})
        for fault in self._faults:
            if fault.method == method:
                fault.times -= 1
                if not fault.times:
                    self._faults.remove(fault)
                return fault
        return None

    def _fail(self, request: web.Request, call: Call, fault: Fault) -> web.StreamResponse:
        self._bell.ring()
        if not fault.error and fault.status is None:
            if request.transport is not None:
                request.transport.close()
            return web.Response(status=500)
        if fault.error == "ratelimited":
            headers = {"Retry-After": f"{fault.retry_after:g}"}
            call.answer, call.status = {"ok": False, "error": "ratelimited"}, 429
            return answer(call.answer, status=429, headers=headers)
        if fault.error:
            call.answer, call.status = {"ok": False, "error": fault.error, **fault.more}, fault.status or 200
            return answer(call.answer, status=call.status)
        call.status = fault.status or 500
        return web.Response(status=call.status, text="upstream connect error or disconnect/reset before headers")


def answer(data: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.StreamResponse:
    return web.Response(body=json.dumps(data).encode(), status=status, headers=headers, content_type="application/json")
