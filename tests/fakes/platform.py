"""A platform of memory: messages that remember how they looked, cards of cases, and people to be told things."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from adapters.base import AdapterError, Author, Case, DeliveryError, View
from adapters.shared.ending import Ending


class Posted:
    """A small attachment."""

    content_type = "video/mp4"

    def __init__(self, name: str = "bikes.mp4", data: bytes = b"clip") -> None:
        self.name, self.size, self._data = name, len(data), data

    async def read(self) -> AsyncIterator[bytes]:
        yield self._data


class Slip:
    """A reply that keeps every view it was shown."""

    def __init__(self, ref: str = "slip") -> None:
        self.ref = ref
        self.views: list[View] = []
        self.broken: Exception | None = None
        self.refused = asyncio.Event()
        self._changed = asyncio.Condition()

    async def show(self, view: View) -> None:
        if self.broken is not None:
            self.refused.set()
            raise self.broken
        async with self._changed:
            self.views.append(view)
            self._changed.notify_all()

    async def until(self, wanted: Callable[[View], bool]) -> View:
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(lambda: any(wanted(view) for view in self.views))
        return next(view for view in self.views if wanted(view))

    async def end(self) -> View:
        return await self.until(lambda view: view.state.final)


class Platform:
    """An adapter that finds its messages again, posts cards and tells people things. `away` makes all of that fail."""

    name = "test"

    def __init__(self) -> None:
        self.slip: Slip | None = Slip()
        self.restored: list[str] = []
        self.cards: dict[str, list[Case]] = {}  # by ref: how each looked, the latest last
        self.channels: list[str] = []
        self.removed: list[str] = []
        self.told: list[tuple[str, str]] = []
        self.away = False
        self.reachable = True
        self.ending = Ending()

    async def start(self, handler: object) -> None: ...

    async def stop(self) -> None: ...

    def trouble(self) -> str:
        return str(self.ending.why or "")

    async def ended(self) -> AdapterError:
        return await self.ending.wait()

    async def restore(self, ref: str) -> Slip | None:
        self.restored.append(ref)
        return self.slip

    async def post_case(self, channel: str, case: Case) -> str:
        self._answer()
        self.channels.append(channel)
        ref = f"card-{len(self.cards) + 1}"
        self.cards[ref] = [case]
        return ref

    async def redraw_case(self, case: Case) -> None:
        self._answer()
        self.cards[case.ref].append(case)

    async def remove(self, ref: str) -> None:
        self._answer()
        self.removed.append(ref)

    async def tell(self, author: Author, text: str) -> bool:
        if self.reachable:
            self.told.append((author.id, text))
        return self.reachable

    def _answer(self) -> None:
        if self.away:
            raise DeliveryError("the platform is away")
