"""The adapter: logs in, stays connected, and says in a sentence why it can't. Knows no chats."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.base import AdapterError, AdminDesk, Author, Case, DeliveryError, Handler, Reply
from adapters.discord.attachments import FileHosts
from adapters.discord.client import BotClient, Cards
from adapters.discord.connection import Connection
from adapters.discord.reply import Anchor
from adapters.shared.ending import Ending

API_BASE = "https://discord.com/api/v10"
READY_TIMEOUT_S = 90.0
COMMANDS_S = 2.0  # how long a start waits for the commands to be registered, which goes on by itself


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
        hint: Callable[[], str] = str,
    ) -> None:
        """`message_content` asks for that privileged intent, which the bot does not need: see `BotClient`. `hint` is a
        sentence for who adds the bot to a server, or empty."""
        self._token = token
        self._desk = desk
        self._state_dir = state_dir
        self._api_base = api_base.rstrip("/")
        self._gateway = gateway
        self._message_content = message_content
        self._hint = hint
        self._client: BotClient | None = None
        self._line: Connection | None = None
        self._connection: asyncio.Task[None] | None = None  # keeps it
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
            hint=self._hint,
        )
        self._line = Connection(self._client, self._ending)
        try:
            self._connection = await self._line.open(self._token, READY_TIMEOUT_S)
            await self._client.commands_sent(COMMANDS_S)
        except BaseException:
            await self.stop()
            raise

    def trouble(self) -> str:
        """Why nothing is heard from Discord now; empty while all is well."""
        why = self._ending.why or (self._line.trouble if self._line is not None else None)
        return str(why or "")

    async def ended(self) -> AdapterError:
        """Wait until Discord has refused the bot for good. Returns why."""
        return await self._ending.wait()

    async def stop(self) -> None:
        """Take no more messages, deliver what is on its way, disconnect. Harmless when nothing was started."""
        client, self._client = self._client, None
        if client is not None:
            await client.leave()
        if self._connection is not None:
            self._connection.cancel()
            await asyncio.gather(self._connection, return_exceptions=True)
            self._connection = None
        self._roots.close()

    async def restore(self, ref: str) -> Reply | None:
        """Find the message of an unfinished request again; None when it is gone."""
        if self._client is not None:
            return await self._client.restore(ref)
        if Anchor.load(ref) is None:
            return None
        raise DeliveryError("Discord is not connected, so nothing can be looked up there.")

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
