"""What the pool keeps in mind of one result that is wanted, and of one process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from engine.decoding.kept import Key
from engine.decoding.payer import Payer
from engine.decoding.wire import Decoded, Operation, Order
from engine.errors import EngineError


class Process(Protocol):
    folder: Path

    @property
    def pid(self) -> int: ...

    def send(self, order: Order, descriptor: int | None) -> None: ...

    def kill(self) -> None: ...

    async def gone(self) -> None: ...


Spawn = Callable[[Path, int, Callable[..., None], Callable[..., None]], Process]


class Wanted:
    """One result that somebody waits for; several may."""

    def __init__(
        self, key: Key, path: str, operation: Operation, payer: Payer, *, after_s: float, urgent: bool
    ) -> None:
        self.key = key
        self.path = path
        self.operation = operation
        self.payer = payer
        self.urgent = urgent
        self.after_s = after_s
        self.suspect = False
        self.waiters: list[asyncio.Future[Decoded]] = []

    @property
    def content(self) -> str:
        return self.key[0]

    def succeed(self, result: Decoded) -> None:
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(result)

    def fail(self, error: EngineError) -> None:
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_exception(type(error)(error.message, **error.details))


class Decoder:
    """A process, and what it is doing."""

    def __init__(self) -> None:
        self.process: Process
        self.ready = False
        self.work: Wanted | None = None
        self.number = 0
        self.began = 0.0
        self.overdue = False  # killed for the time it took
        self.dropped = False  # killed because nobody waits any more
        self.retired = False  # it does no more, and that is right
        self.slowed = False  # it has stepped back, for good
        self.timers: list[asyncio.TimerHandle] = []
        self.open: list[str] = []  # the contents that it has open, the latest last
