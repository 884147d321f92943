"""The adapter: logs in, stays connected, and says in a sentence why it can't. Knows no chats."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.base import AdapterError, AdminDesk, Author, Case, DeliveryError, Handler, Reply
from adapters.discord.attachments import FileHosts
from adapters.discord.client import BotClient, Cards
from adapters.discord.errors import DiscordError, IntentsRefused, TokenRefused, Unreachable
from adapters.shared.ending import Ending

log = logging.getLogger(__name__)

API_BASE = "https://discord.com/api/v10"
READY_TIMEOUT_S = 90.0
_TOKEN_REFUSED = 4004
_INTENTS_REFUSED = (4013, 4014)


class DiscordAdapter:
    """Implements `adapters.base.Adapter`.

    Another `api_base` or `gateway` than Discord's own serves Discord-compatible servers. discord.py keeps these two
    for the whole process, so two such adapters can't run in one process at the same time.
    """

    name = "discord"

    def __init__(
        self,
        *,
        token: str,
        state_dir: Path,
        desk: AdminDesk,
        api_base: str = API_BASE,
        gateway: str | None = None,
        message_content: bool = False,
    ) -> None:
        """`message_content` asks for that privileged intent, which the bot does not need: see `BotClient`."""
        self._token = token
        self._desk = desk
        self._state_dir = state_dir
        self._api_base = api_base.rstrip("/")
        self._gateway = gateway
        self._message_content = message_content
        self._client: BotClient | None = None
        self._connection: asyncio.Task[None] | None = None
        self._ending = Ending()
        self._roots = contextlib.ExitStack()

    async def start(self, handler: Handler) -> None:
        """Log in and return once ready.

        Raises `TokenRefused`, `IntentsRefused` or `Unreachable`, each with a sentence for the operator.
        """
        if self._client is not None:
            raise RuntimeError("the adapter has been started already")
        elsewhere = self._api_base != API_BASE
        self._roots.enter_context(_roots(self._api_base, keep_gateway=elsewhere or self._gateway is not None))
        self._client = BotClient(
            handler,
            self._desk,
            state_dir=self._state_dir,
            hosts=FileHosts(self._api_base if elsewhere else None),
            gateway=self._gateway,
            keep_gateway=elsewhere or self._gateway is not None,
            message_content=self._message_content,
        )
        try:
            await self._log_in(self._client)
        except BaseException:
            await self.stop()
            raise

    def trouble(self) -> str:
        """Why nothing is heard from Discord now; empty while all is well."""
        return str(self._ending.why or "")

    async def ended(self) -> AdapterError:
        """Wait until Discord has refused the bot for good. Returns why."""
        return await self._ending.wait()

    async def stop(self) -> None:
        """Take no more messages, deliver what is on its way, disconnect. Harmless when nothing was started."""
        client, self._client = self._client, None
        if client is not None:
            await client.leave()
        if self._connection is not None:
            self._connection.cancel()  # discord.py would go on trying a gateway that it never reached
            await asyncio.gather(self._connection, return_exceptions=True)
            self._connection = None
        self._roots.close()

    async def restore(self, ref: str) -> Reply | None:
        """Find the message of an unfinished request again; None when it is gone."""
        return await self._client.restore(ref) if self._client is not None else None

    async def post_case(self, channel: str, case: Case) -> str:
        """Post a case's card for the moderators. Returns the card's ref. Raises `DeliveryError`."""
        return await self._cards().post(channel, case)

    async def redraw_case(self, case: Case) -> None:
        """Make the card at `case.ref` look like the case. Raises `DeliveryError`."""
        await self._cards().redraw(case)

    async def remove(self, ref: str) -> None:
        """Delete the messages of a reply; those that are gone already are fine. Raises `DeliveryError`."""
        if self._client is None:
            raise DeliveryError("Discord is not connected, so nothing was deleted there.")
        await self._client.remove(ref)

    async def tell(self, author: Author, text: str) -> bool:
        """Say something to one person alone. False when they cannot be reached."""
        return self._client is not None and await self._client.tell(author, text)

    def _cards(self) -> Cards:
        if self._client is None:
            raise DeliveryError("Discord is not connected, so the card was not drawn.")
        return self._client.cards

    async def _log_in(self, client: BotClient) -> None:
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                await client.login(self._token)
                self._connection = asyncio.create_task(client.connect(), name="discord connection")
                ready = asyncio.create_task(client.wait_until_ready())
                try:
                    await asyncio.wait({self._connection, ready}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    ready.cancel()
                if self._connection.done():
                    await self._connection
                    raise Unreachable("it closed the connection")
        except Exception as error:
            raise _as_sentence(error) from error
        self._connection.add_done_callback(_say_why_it_ended)


@contextlib.contextmanager
def _roots(api_base: str, *, keep_gateway: bool) -> Iterator[None]:
    """Point discord.py at an API root for a while; it knows only one for the whole process."""
    old_base, old_gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE = api_base
    try:
        yield
    finally:
        Route.BASE = old_base
        if keep_gateway:
            DiscordWebSocket.DEFAULT_GATEWAY = old_gateway


def _as_sentence(error: Exception) -> DiscordError:
    """The typed error for what discord.py raised while it logged in or connected."""
    if isinstance(error, DiscordError):
        return error
    if isinstance(error, discord.LoginFailure):
        return TokenRefused()
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return IntentsRefused()
    if isinstance(error, discord.ConnectionClosed):
        if error.code == _TOKEN_REFUSED:
            return TokenRefused()
        if error.code in _INTENTS_REFUSED:
            return IntentsRefused()
        return Unreachable(f"it closed the connection with code {error.code}")
    if isinstance(error, TimeoutError):
        return Unreachable("it did not answer in time")
    if isinstance(error, discord.GatewayNotFound):
        return Unreachable("it names no gateway")
    if isinstance(error, discord.HTTPException):
        return Unreachable(f"it answered with HTTP {error.status}")
    if isinstance(error, aiohttp.ClientError | OSError):
        return Unreachable("no connection")
    return Unreachable(f"what answers there is not Discord: {type(error).__name__}")


def _say_why_it_ended(connection: asyncio.Task[None]) -> None:
    """A connection that discord.py gives up on later has nobody to tell but the log."""
    if not connection.cancelled() and (error := connection.exception()) is not None:
        log.error(
            "the connection to Discord has ended: %s", _as_sentence(error) if isinstance(error, Exception) else error
        )
