"""What goes wrong between the bot and the made-up Discord's gateway, at a test's word. Knows no message."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from tests.fakes.discord_server import wire
from tests.fakes.discord_server.gateway import INVALID_SESSION, RECONNECT, Connection, Gateway


class Until(Protocol):
    async def __call__(self, wanted: Callable[[], Any], what: str, timeout: float = 15) -> Any: ...


class Trouble:
    """The part of `DiscordServer` that breaks things."""

    gateway: Gateway
    cdn: wire.Cdn
    until: Until

    def drop(self) -> None:
        """Cut every gateway socket, without a word."""
        for connection in list(self.gateway.connections):
            connection.transport.abort()

    @asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        """Cut every gateway socket, and let nobody back in before the block ends."""
        self.gateway.open.clear()
        self.drop()
        await self.until(lambda: not self.gateway.connections, "the sockets to be gone")
        try:
            yield
        finally:
            self.gateway.open.set()

    def stop_acks(self) -> None:
        """Leave the heartbeats of the sockets that are open now unanswered."""
        for connection in self.gateway.connections:
            connection.acks = False

    def go_dark(self) -> None:
        """Leave the sockets that are open now open, but let nothing through them any more: no ACK, no event."""
        for connection in self.gateway.connections:
            connection.dark = True

    async def close(self, code: int) -> None:
        """Close every gateway socket with a close code."""
        for connection in list(self.gateway.connections):
            await connection.close(code)

    def refuse_identify(self, code: int, times: int = 1) -> None:
        """Answer the next IDENTIFYs with a close code, 4014 for example."""
        self.gateway.refusals.extend([code] * times)

    def ask_to_reconnect(self) -> None:
        self._tell_sockets(RECONNECT, None)

    def invalidate(self, *, resumable: bool) -> None:
        """Send INVALID_SESSION to the open sockets."""
        if not resumable:
            self.forget_sessions()
        self._tell_sockets(INVALID_SESSION, resumable)

    def garble(self, text: str) -> None:
        """Send something over the open sockets that may be no payload at all."""
        for connection in list(self.gateway.connections):
            connection.push_text(text)

    def tell_event(self, event: str, data: object) -> None:
        """Send an event that Discord's documents may know nothing of."""
        for session in self.gateway.live:
            session.dispatch(event, data)

    def forget_sessions(self) -> None:
        """Nobody can resume any more."""
        self.gateway.sessions.clear()

    def expire_links(self) -> None:
        """Attachment addresses that were given out until now no longer work."""
        self.cdn.generation += 1

    def _tell_sockets(self, op: int, data: object) -> None:
        live: list[Connection] = list(self.gateway.connections)
        for connection in live:
            connection.tell(op, data)
