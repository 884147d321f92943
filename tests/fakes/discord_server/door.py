"""Where HTTP requests come in: each is recorded, checked, made to fail if a test says so, and handed on.

Knows no route's meaning.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping

from aiohttp import web

from tests.fakes.discord_server import limits
from tests.fakes.discord_server.bell import Bell
from tests.fakes.discord_server.calls import MALFORMED, ApiError, Call, Fault, Gate, default_answer, receive
from tests.fakes.openapi import OpenApi, Violation

Handler = Callable[[Call], Awaitable[object]]


class Door:
    """Serves routes that are handlers of a `Call`."""

    def __init__(self, token: str, spec: OpenApi | None, bell: Bell) -> None:
        self._token, self._spec, self._bell = token, spec, bell
        self.calls: list[Call] = []
        self.violations: list[Violation] = []
        self.unserved: list[str] = []
        self._faults: list[Fault] = []
        self._gates: list[Gate] = []
        self._outage: Iterator[bool] | None = None

    def serve(
        self, app: web.Application, prefix: str, routes: Mapping[str, Handler], *, open_to_all: bool = False
    ) -> None:
        """Add routes by "METHOD /template". Those `open_to_all` need no bot token."""
        for name, handler in routes.items():
            method, _, route = name.partition(" ")
            app.router.add_route(method, prefix + route, self._endpoint(prefix, route, handler, open_to_all))

    def fail_next(
        self,
        route: str,
        status: int | None,
        *,
        times: int = 1,
        body: object = None,
        headers: dict[str, str] | None = None,
        retry_after: float = 0.3,
        applied: bool = False,
    ) -> None:
        """Answer the next calls of a route ("PATCH /channels/{channel_id}/messages/{message_id}") with an error.

        `status` None cuts the connection instead. `applied` does first what was asked, and then answers so.
        """
        usual, more = default_answer(status or 0, retry_after)
        self._faults.append(
            Fault(route, status, usual if body is None else body, more if headers is None else headers, times, applied)
        )

    def break_writes(self, applied: Iterator[bool]) -> None:
        """Answer everything that changes something with 503 until `mend`; the iterator says each time whether what was
        asked is done all the same."""
        self._outage = applied

    def mend(self) -> None:
        """End what `break_writes` began."""
        self._outage = None

    def hold(self, route: str) -> Gate:
        """Keep the calls of a route waiting until the gate is opened. `gate.arrived` is set by the first one."""
        gate = Gate(route)
        self._gates.append(gate)
        return gate

    def open_gates(self) -> None:
        for gate in self._gates:
            gate.open()

    def calls_to(self, route: str) -> list[Call]:
        """The calls of "METHOD /template", oldest first."""
        return [call for call in self.calls if call.name == route]

    async def refuse(self, request: web.Request) -> web.StreamResponse:
        """What is asked for does not exist here."""
        self.unserved.append(f"{request.method} {request.path}")
        return answer({"code": 0, "message": "404: Not Found"}, status=404)

    def _endpoint(
        self, prefix: str, route: str, handler: Handler, open_to_all: bool
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            call = await receive(request, route, prefix)
            self.calls.append(call)
            violations = self._check(call)
            self.violations += violations
            self._bell.ring()
            for gate in [gate for gate in self._gates if gate.route == call.name]:
                gate.arrived.set()
                await gate.opened.wait()
            fault = self._fault(call.name)
            if fault is None or fault.applied:
                response = await self._do(call, handler, open_to_all, violations)
            if fault is not None:
                response = fail(request, fault)
            call.status = response.status
            self._bell.ring()
            return response

        return serve

    async def _do(
        self, call: Call, handler: Handler, open_to_all: bool, violations: list[Violation]
    ) -> web.StreamResponse:
        try:
            if not open_to_all and call.authorization != f"Bot {self._token}":
                raise ApiError(401, 0, "401: Unauthorized")
            if violations:
                raise ApiError(400, 50035, "Invalid Form Body: " + "; ".join(map(str, violations)))
            result = await handler(call)
        except ApiError as error:
            return answer(error.body, status=error.status)
        return web.Response(status=204) if result is None else answer(result)

    def _fault(self, name: str) -> Fault | None:
        if self._outage is not None and not name.startswith("GET "):
            usual, more = default_answer(503, 0.3)
            return Fault(name, 503, usual, more, 1, next(self._outage))
        for fault in self._faults:
            if fault.route == name:
                fault.times -= 1
                if not fault.times:
                    self._faults.remove(fault)
                return fault
        return None

    def _check(self, call: Call) -> list[Violation]:
        if call.body is MALFORMED:
            return [Violation(call.method, call.path, "", "the body is no JSON")]
        found: list[Violation] = []
        if self._spec is not None:
            files = [upload.field for upload in call.files]
            found = self._spec.check(
                call.method, call.path, call.body, query=list(call.query), files=files, form=call.form
            )
        message = call.body.get("data", call.body) if isinstance(call.body, dict) else None
        if not found and isinstance(message, dict):
            found = [Violation(call.method, call.path, "$", text) for text in limits.check_message(message)]
        return found


def answer(data: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.StreamResponse:
    """JSON as Discord sends it: without a charset, which clients compare."""
    return web.Response(body=json.dumps(data).encode(), status=status, headers=headers, content_type="application/json")


def fail(request: web.Request, fault: Fault) -> web.StreamResponse:
    if fault.status is None:
        if request.transport is not None:
            request.transport.close()
        return web.Response(status=500)
    if isinstance(fault.body, str):
        return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
    return answer(fault.body, status=fault.status, headers=fault.headers)
