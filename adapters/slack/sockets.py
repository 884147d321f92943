"""Socket Mode: holds websockets to Slack and hands what comes over them to Bolt. Knows no events.

Slack's own client closes the old socket before it opens the new one, tries a used address again for ever, and
acknowledges over whatever socket is current. Here a new socket is open before the old one is let go, and every
envelope is acknowledged where it came from. Where Slack does not want more sockets, the old one is closed first, and
new ones are asked for with growing pauses until one has lived for a while.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.errors import AppTokenRefused, SlackError, SocketModeOff, TooManySockets, Unreachable
from adapters.slack.tasks import Tasks
from adapters.slack.workspace import UNREACHED, Fault, code_of, fault_of, retry_after

log = logging.getLogger(__name__)

SOCKETS = 2  # so that there is one while the other is renewed; Slack allows ten
HEARTBEAT_S = 10.0
HELLO_S = 20.0
LINGER_S = 10.0  # how long a socket that is to be renewed may still bring and take something
MOST_LINGERING = 4  # with those in use and those being opened that stays below ten
SETTLED_S = 10.0  # a socket that has lived so long was a good one: after it the pauses begin anew
BACKOFF_S = (0.2, 1.0, 3.0, 10.0, 30.0, 60.0)
RENEWED = "refresh_requested"  # the one reason to leave for which Slack wants the next socket at once
_DISMISSALS: dict[str, Callable[[], SlackError]] = {
    "link_disabled": SocketModeOff,
    "too_many_websockets": TooManySockets,
}
_TOKEN = frozenset({"invalid_auth", "not_authed", "not_allowed_token_type", "missing_scope", "no_permission"})

Dispatch = Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]


class Dismissed(ConnectionError):
    """Slack wants a socket to be closed, and not to be replaced at once. Its text is Slack's reason."""


class SocketMode:
    """Keeps `count` sockets open until it is stopped, or until Slack has refused the token for good."""

    def __init__(
        self,
        *,
        app_token: str,
        client: AsyncWebClient,
        session: aiohttp.ClientSession,
        dispatch: Dispatch,
        count: int = SOCKETS,
        backoff_s: tuple[float, ...] = BACKOFF_S,
        on_back: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_back` is called when there is a socket again after there was none."""
        self._app_token = app_token
        self._client = client
        self._session = session
        self._dispatch = dispatch
        self._count = count
        self._backoff_s = backoff_s
        self._on_back = on_back
        self._keepers: list[asyncio.Task[None]] = []
        self._open: set[aiohttp.ClientWebSocketResponse] = set()
        self._heard: set[aiohttp.ClientWebSocketResponse] = set()  # those over which Slack hands things over now
        self._lingering: list[asyncio.Task[None]] = []  # the oldest first
        self._why: SlackError | None = None  # there is no socket
        self._work = Tasks()
        self._leaving = False

    async def start(self) -> None:
        """Open the first socket. Raises `AppTokenRefused` or `Unreachable`; later on it is tried until it works."""
        try:
            first = await self._connect()
        except UNREACHED as error:
            raise _as_sentence(error) from error
        sockets = [first, *[None] * (self._count - 1)]
        self._keepers = [
            asyncio.create_task(self._keep(socket), name=f"slack socket {number}")
            for number, socket in enumerate(sockets, start=1)
        ]

    @property
    def trouble(self) -> SlackError | None:
        """Why nothing is heard now; None while something is."""
        return None if self._heard else self._why

    async def ended(self) -> SlackError | None:
        """Wait until no socket will be opened any more. Returns why; None after a stop."""
        await asyncio.wait(self._keepers)
        return None if self._leaving else self._why

    async def stop(self, patience_s: float = 3.0) -> None:
        """Take nothing more, acknowledge what has come, close. Harmless to repeat."""
        self._leaving = True
        await self._work.drain(patience_s)
        waiting = [*self._keepers, *self._lingering]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.gather(*(socket.close() for socket in list(self._open)), return_exceptions=True)

    # --- sockets --------------------------------------------------------------------------------------------------

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        """Open one socket, and return once Slack has said hello. Raises `Dismissed` where it says goodbye instead."""
        answer = await self._client.apps_connections_open(app_token=self._app_token)
        socket = await self._session.ws_connect(str(answer["url"]), heartbeat=HEARTBEAT_S, max_msg_size=0)
        self._open.add(socket)
        try:
            hello = await socket.receive_json(timeout=HELLO_S)
            if hello.get("type") == "disconnect":
                raise Dismissed(str(hello.get("reason") or "no reason given"))
        except (TypeError, ValueError, TimeoutError) as error:
            await self._close(socket)
            raise ConnectionError("Slack said no hello") from error
        except BaseException:
            await self._close(socket)
            raise
        if hello.get("type") != "hello":
            self._take(socket, hello)
        return socket

    async def _keep(self, socket: aiohttp.ClientWebSocketResponse | None) -> None:
        """Read one socket after the other, until Slack refuses the token."""
        loop = asyncio.get_running_loop()
        failures = 0
        while not self._leaving:
            began, wait_s, dismissed = None, 0.0, False
            try:
                socket = socket or await self._connect()
                began = loop.time()
                await self._read(socket)
                why: object = "it has ended"
            except Exception as error:  # noqa: BLE001 - whatever it is, the bot has to hear again
                if self._give_up(error):
                    return
                why, wait_s, dismissed = code_of(error) or error, retry_after(error, 0.0), isinstance(error, Dismissed)
            socket = None
            if began is not None and loop.time() - began >= SETTLED_S:
                failures = 0
                if not dismissed:
                    continue
            delay = self._backoff_s[min(failures, len(self._backoff_s) - 1)] * random.uniform(0.75, 1.25)
            failures += 1
            delay = max(delay, wait_s)
            log.log(
                logging.INFO if self._heard else logging.WARNING,
                "a socket to Slack is lost, the next try is in %.1f s: %s",
                delay,
                why,
            )
            await asyncio.sleep(delay)

    def _give_up(self, error: Exception) -> bool:
        """Note why there is no socket. Returns whether no other try will help."""
        self._why = _as_sentence(error)
        if isinstance(self._why, AppTokenRefused):
            log.error("%s", self._why)
            return True
        return False

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Hand over what comes, until the socket ends or Slack wants it to be renewed. Raises `Dismissed`."""
        if not self._heard and self._why is not None:
            self._on_back()
        self._heard.add(socket)
        kept = False
        try:
            async for frame in socket:
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    continue
                said = _parse(frame.data)
                if said.get("type") == "disconnect" and said.get("reason") == RENEWED:
                    log.info("Slack renews a socket")
                    kept = True
                    self._let_go(socket)
                    return
                if said.get("type") == "disconnect" and said.get("reason") != "warning":
                    raise Dismissed(str(said.get("reason") or "no reason given"))
                self._take(socket, said)
        finally:
            self._heard.discard(socket)
            if not self._heard:
                self._why = Unreachable("no connection")
            if not kept:
                await self._close(socket)

    def _let_go(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """What is on its way over an old socket is still taken, beside the new one."""
        while len(self._lingering) >= MOST_LINGERING:
            self._lingering.pop(0).cancel()
        task = asyncio.create_task(self._linger(socket))
        self._lingering.append(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        if task in self._lingering:
            self._lingering.remove(task)

    async def _linger(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async with asyncio.timeout(LINGER_S):
                async for frame in socket:
                    if frame.type is aiohttp.WSMsgType.TEXT:
                        self._take(socket, _parse(frame.data))
        except TimeoutError:
            pass
        finally:
            await self._close(socket)

    async def _close(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._open.discard(socket)
        await socket.close()

    # --- envelopes ------------------------------------------------------------------------------------------------

    def _take(self, socket: aiohttp.ClientWebSocketResponse, said: dict[str, Any]) -> None:
        request = SocketModeRequest.from_dict(said)
        if request is None or self._leaving:  # what is not acknowledged comes again, to the next process
            return
        self._work.start(self._answer(socket, request), f"envelope {request.envelope_id}")

    async def _answer(self, socket: aiohttp.ClientWebSocketResponse, request: SocketModeRequest) -> None:
        handed = AsyncBoltRequest(mode="socket_mode", body=request.payload, headers=build_headers(request))
        answer = await self._dispatch(handed)
        if answer.status not in (200, 404):  # nobody listens to it: no reason to send it again
            log.warning("a %s of Slack's was answered with %s", request.type, answer.status)
            return
        said: dict[str, Any] = {"envelope_id": request.envelope_id}
        if answer.status == 200 and answer.body:
            kind = answer.headers.get("content-type", [""])[0]
            said["payload"] = json.loads(answer.body) if kind.startswith("application/json") else {"text": answer.body}
        try:
            await socket.send_json(said)
        except (ConnectionError, aiohttp.ClientError) as error:
            log.info("an acknowledgement was not sent, so it will come again: %s", error)


def _as_sentence(error: BaseException) -> SlackError:
    """The typed error for what kept a socket from being opened, or ended it."""
    if isinstance(error, SlackError):
        return error
    if code_of(error) in _TOKEN or fault_of(error) is Fault.SIGNED_OFF:
        return AppTokenRefused()
    if isinstance(error, Dismissed):
        return _DISMISSALS.get(str(error), lambda: Unreachable(str(error)))()
    if code_of(error) in _DISMISSALS:
        return _DISMISSALS[code_of(error)]()
    return Unreachable(code_of(error) or "no connection")


def _parse(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
