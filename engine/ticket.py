"""What a caller holds while a job waits and runs: a stream of events, and a way to cancel.

Everything here lives on the event loop's thread. A slow reader costs bounded memory: text is merged, positions and
progress are replaced by the newest, results are kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from engine.errors import JobCancelled, from_event
from engine.types import TERMINAL, Event, Failed, Progress, Queued, Result, Started, Token


class EventStream:
    """The events of one job, oldest first, for one reader."""

    __slots__ = ("_ended", "_error", "_events", "_text", "_waiter")

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._text: list[str] = []  # the pieces of the last event, when that is a token
        self._error: Exception | None = None
        self._ended = False
        self._waiter: asyncio.Future[None] | None = None

    @property
    def ended(self) -> bool:
        """Whether the terminal event, or the error, has been put in."""
        return self._ended

    def put(self, event: Event) -> None:
        """Add an event. After the terminal one, everything is ignored."""
        if self._ended:
            return
        match event:
            case Token(text=text):
                if not self._text:
                    self._events.append(event)
                self._text.append(text)
            case Queued() | Progress():
                self._replace(event)
            case Started():
                # Whatever is still unread belongs to the wait, or to an attempt that counts no more.
                self._events = [event]
                self._text.clear()
            case _:
                self._close_text()
                self._events.append(event)
                self._ended = isinstance(event, TERMINAL)
        self._wake()

    def fail(self, error: Exception) -> None:
        """End the stream with `error`, which the reader gets after what is unread."""
        if not self._ended:
            self._close_text()
            self._error = error
            self._ended = True
            self._wake()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            if self._ended:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if len(self._events) == 1:
            self._close_text()
        return self._events.pop(0)

    def _replace(self, event: Event) -> None:
        for at, unread in enumerate(self._events):
            if type(unread) is type(event):
                self._events[at] = event
                return
        self._close_text()
        self._events.append(event)

    def _close_text(self) -> None:
        if self._text:
            self._events[-1] = Token(text="".join(self._text))
            self._text.clear()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Ticket:
    """An accepted job. Iterate it once: `Queued*`, `Started`, events, then the `Result`; a failure is raised.

    Leaving the iteration early (`break`, `aclose()`, a cancelled task) cancels the job.
    """

    __slots__ = ("_on_cancel", "_stream", "request")

    def __init__(self, request: str, on_cancel: Callable[[], None]) -> None:
        self.request = request
        self._on_cancel = on_cancel
        self._stream = EventStream()

    def __repr__(self) -> str:
        return f"<Ticket {self.request!r}{' ended' if self._stream.ended else ''}>"

    def cancel(self) -> None:
        """Stop the job wherever it is; the iteration then raises `JobCancelled`. Harmless when it has ended."""
        if not self._stream.ended:
            self._on_cancel()

    def put(self, event: Event) -> None:
        """For the engine."""
        self._stream.put(event)

    def fail(self, error: Exception) -> None:
        """For the engine."""
        self._stream.fail(error)

    async def __aiter__(self) -> AsyncGenerator[Event, None]:
        finished = False
        try:
            async for event in self._stream:
                if isinstance(event, Failed):
                    finished = True
                    raise from_event(event)
                finished = isinstance(event, TERMINAL)
                yield event
        finally:
            if not finished:
                self.cancel()

    async def result(self) -> Result:
        """Read to the end and return the result. Raises the typed error of a job that failed."""
        async for event in self:
            if isinstance(event, Result):
                return event
        raise JobCancelled("The job was cancelled.")
