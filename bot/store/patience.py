"""How long a caller waits for a database that is away or has no room. Knows no table, and not which database it is.

Who reads settings for a button has three seconds and wants to hear at once that the database is away; a request that
was accepted has all the time that it takes. That is a property of the task that calls, not of the call, so it is set
once for a task, with `patient`, and holds for everything that this task does with the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from typing import TypeVar

from bot.store.database import Database, Work
from bot.store.errors import StoreError

T = TypeVar("T")


class Patience:
    """Waits between tries of a call. `pauses` are in seconds; when they end, so does the patience.

    `away` is told why a call has to wait, `back` that it got through after that.
    """

    def __init__(
        self,
        pauses: Iterable[float],
        *,
        away: Callable[[StoreError], Awaitable[None]] | None = None,
        back: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._pauses = pauses
        self._away = away
        self._back = back

    async def see_through(self, call: Callable[[], Awaitable[T]]) -> T:
        """What `call` returns once it gets through. Raises what will not pass, and what outlasts the pauses."""
        pauses, waited = iter(self._pauses), False
        while True:
            try:
                result = await call()
            except StoreError as error:
                pause = next(pauses, None) if error.passing else None
                if pause is None:
                    raise
                if not waited and self._away is not None:
                    await self._away(error)
                waited = True
                await asyncio.sleep(pause)
            else:
                if waited and self._back is not None:
                    await self._back()
                return result


_patience: ContextVar[Patience | None] = ContextVar("patience", default=None)


@contextmanager
def patient(patience: Patience) -> Iterator[None]:
    """Let everything that this task does with the store wait like that; tasks that it begins inherit it."""
    token = _patience.set(patience)
    try:
        yield
    finally:
        _patience.reset(token)


def impatient() -> Context:
    """A context for a task that has a patience of its own, or none."""
    context = copy_context()
    context.run(_patience.set, None)
    return context


class PatientDatabase:
    """A database whose calls wait as long as the task that makes them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.insert = database.insert

    def __repr__(self) -> str:
        return repr(self._database)

    async def read(self, work: Work[T]) -> T:
        return await self._call(lambda: self._database.read(work))

    async def write(self, work: Work[T], *, repeatable: bool = True, durable: bool = False) -> T:
        def write() -> Awaitable[T]:
            return self._database.write(work, repeatable=repeatable, durable=durable)

        return await self._call(write) if repeatable else await write()

    async def close(self) -> None:
        await self._database.close()

    async def _call(self, call: Callable[[], Awaitable[T]]) -> T:
        patience = _patience.get()
        return await call() if patience is None else await patience.see_through(call)
