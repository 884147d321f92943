"""One streamed request to a model server, read in a thread of its own, so that whoever waits can stop at any moment.

It knows HTTP and server-sent events, and nothing of what is said in them. The key is in the headers and nowhere else.
"""

from __future__ import annotations

import asyncio
import queue
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from types import TracebackType
from typing import Self

import httpx2

POLL_S = 0.05  # how long a wait lasts before the next checkpoint
_CONNECT_S = 10.0
_WRITE_S = 60.0
_LONGEST_REFUSAL = 64 * 1024
# Bytes of an answer: 50,000 tokens, at the 300 or so bytes in which servers wrap each. What is longer never ends.
_LONGEST_ANSWER = 16 * 1024 * 1024
_LEAVING_S = 0.2  # for closing the connection; a name that is being looked up is left behind


@dataclass(frozen=True, slots=True)
class Call:
    """Where to send what. `direct` goes past any proxy."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    direct: bool = False


class Unreachable(Exception):
    """No connection came about, so that nothing was asked yet. The text says why, for the log."""


class BrokenOff(Exception):
    """The connection ended before the answer did. The text says how, for the log."""


class Late(Exception):
    """Nothing came in time."""


class TooLong(Exception):
    """The answer goes on beyond all reason."""


class Refused(Exception):
    """The server answered with something else than 200. `retry_after_s` is what it asks for, if anything."""

    def __init__(self, status: int, body: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body
        self.retry_after_s = retry_after_s


DONE = "[DONE]"  # what servers send as the last event
_END = None
_Item = str | BaseException | None


class Exchange:
    """A context manager that asks on entering; leaving it closes the connection, whatever state it is in."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._left = False
        self._thread = threading.Thread(target=self._run, name="model-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._left = True
            if self._loop is not None and self._task is not None:
                with suppress(RuntimeError):  # the loop has ended already
                    self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(_LEAVING_S)

    def next(self, checkpoint: Callable[[], None], until: float) -> str | None:
        """The data of the next event; None at the end of the answer.

        Waits until `until` on the monotonic clock, making checkpoints. Raises `Late`, `TooLong`, `Unreachable`,
        `Refused`, `BrokenOff` and what `checkpoint` raises.
        """
        while True:
            try:
                item = self._items.get(timeout=POLL_S)
            except queue.Empty:
                checkpoint()
                if time.monotonic() > until and self._items.empty():
                    raise Late from None
                continue
            if isinstance(item, BaseException):
                raise item
            return item

    def _run(self) -> None:
        try:
            asyncio.run(self._talk())
        except (asyncio.CancelledError, KeyboardInterrupt):
            self._items.put(BrokenOff("stopped"))
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError, ssl.SSLError) as error:
            self._items.put(Unreachable(_said(error)))
        except httpx2.HTTPError as error:
            self._items.put(BrokenOff(_said(error)))
        except Exception as error:  # noqa: BLE001 - it is raised again where the answer is awaited
            self._items.put(error)

    async def _talk(self) -> None:
        with self._lock:
            if self._left:
                return
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        call = self._call
        timeout = httpx2.Timeout(None, connect=_CONNECT_S, write=_WRITE_S)
        async with (
            httpx2.AsyncClient(timeout=timeout, trust_env=not call.direct, verify=_tls(call.url)) as client,
            client.stream("POST", call.url, headers=dict(call.headers), content=call.body) as response,
        ):
            if response.status_code != 200:
                self._items.put(await _refusal(response))
            elif "text/event-stream" in response.headers.get("content-type", ""):
                length = 0
                async for event in httpx2.EventSource(response):  # which bounds each event
                    length += 1 + len(event.data)
                    if length > _LONGEST_ANSWER:
                        raise TooLong
                    self._items.put(event.data)
            else:  # the whole answer at once, from a server that does not stream
                whole = await _body(response, _LONGEST_ANSWER)
                if len(whole) > _LONGEST_ANSWER:
                    raise TooLong
                self._items.put(whole.decode(errors="replace"))
                self._items.put(DONE)
        self._items.put(_END)


def get(url: str, headers: Mapping[str, str], *, direct: bool = False) -> str:
    """The body of a short answer. Raises `Unreachable`, `Refused` and `BrokenOff`."""
    try:
        with httpx2.stream(
            "GET", url, headers=dict(headers), timeout=_CONNECT_S, trust_env=not direct, verify=_tls(url)
        ) as response:
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > _LONGEST_ANSWER:
                    raise BrokenOff("it sends without end")
    except httpx2.TransportError as error:
        raise Unreachable(_said(error)) from error
    except httpx2.HTTPError as error:
        raise BrokenOff(_said(error)) from error
    text = body.decode(errors="replace")
    if response.status_code != 200:
        raise Refused(response.status_code, text[:_LONGEST_REFUSAL])
    return text


async def _refusal(response: httpx2.Response) -> Refused:
    body = await _body(response, _LONGEST_REFUSAL)
    wait_s = _seconds(response.headers.get("retry-after", ""))
    return Refused(response.status_code, body[:_LONGEST_REFUSAL].decode(errors="replace"), wait_s)


async def _body(response: httpx2.Response, longest: int) -> bytes:
    """All that a server sends, or somewhat more than `longest` bytes of it."""
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > longest:
            break
    return bytes(body)


def _seconds(retry_after: str) -> float | None:
    """What a Retry-After header asks for: seconds, or a date. None when it says nothing sensible."""
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _tls(url: str) -> ssl.SSLContext | bool:
    """How to check certificates; there are none without TLS, and no redirect is followed to where there are some."""
    return _certificates() if url.startswith("https:") else False


@cache
def _certificates() -> ssl.SSLContext:
    """Read from disk once: that takes longer than a handshake."""
    return httpx2.create_ssl_context()


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
