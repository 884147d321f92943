"""Stays connected: connects again whenever discord.py gives up, and ends once Discord has refused the bot for good.

Knows close codes and clients, no chats.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random

import aiohttp
import discord

from adapters.discord.client import BotClient
from adapters.discord.errors import (
    DiscordError,
    DiscordSetupError,
    IntentsRefused,
    MoreShardsWanted,
    TokenRefused,
    Unreachable,
    VersionRefused,
)
from adapters.shared.ending import Ending

log = logging.getLogger(__name__)

BACKOFF_S = (1.0, 5.0, 15.0, 60.0, 300.0)
SETTLED_S = 60.0  # a connection that has lived so long was a good one: after it the pauses begin anew
_TOKEN_REFUSED = 4004
_SHARDS_REFUSED = (4010, 4011)  # a shard that does not exist, and too few shards for so many guilds
_VERSION_REFUSED = 4012
_INTENTS_REFUSED = (4013, 4014)
_UNAUTHORIZED = 401


class Connection:
    """The connection of one client. What Discord refuses for good comes to `ending`."""

    def __init__(self, client: BotClient, ending: Ending) -> None:
        self._client = client
        self._ending = ending
        self._why: DiscordError | None = None  # discord.py has given up, and the next try is still to come

    async def open(self, token: str, patience_s: float) -> asyncio.Task[None]:
        """Log in, and return once ready. Raises `DiscordError`, after `patience_s` at the latest.

        What is returned keeps the connection until it is cancelled, or until Discord refuses the bot.
        """
        connecting: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(patience_s):
                await self._client.login(token)
                connecting = asyncio.create_task(self._client.connect(), name="discord connection")
                ready = asyncio.create_task(self._client.wait_until_ready())
                try:
                    await asyncio.wait({connecting, ready}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    ready.cancel()
                if connecting.done():
                    await connecting
                    raise Unreachable("it closed the connection")
        except Exception as error:
            await _cancel(connecting)
            raise as_sentence(error) from error
        except BaseException:
            await _cancel(connecting)
            raise
        return asyncio.create_task(self._keep(connecting), name="discord")

    @property
    def trouble(self) -> DiscordError | None:
        """Why nothing is heard now, or not everything; None while all is well."""
        return self._why or (Unreachable("no connection") if self._client.deaf else None)

    async def _keep(self, connecting: asyncio.Task[None]) -> None:
        """See to it that there is a connection, until Discord refuses the bot."""
        loop = asyncio.get_running_loop()
        began, failures = loop.time(), 0
        try:
            while True:
                error = await _end_of(connecting)
                if self._client.is_closed():  # by a stop
                    return
                if isinstance(error, DiscordSetupError):
                    log.error("the connection to Discord has ended: %s", error)
                    self._ending.come(error)
                    return
                failures = 0 if loop.time() - began >= SETTLED_S else failures
                delay = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)] * random.uniform(0.75, 1.25)
                failures += 1
                self._why = error
                log.error("the connection to Discord has ended, the next try is in %.0f s: %s", delay, error)
                await asyncio.sleep(delay)
                await self._client.renew(shards=isinstance(error, MoreShardsWanted))
                connecting, began = asyncio.create_task(self._client.connect(), name="discord connection"), loop.time()
                self._why = None
        finally:
            await _cancel(connecting)  # discord.py would go on trying a gateway that it never reached


async def _end_of(connecting: asyncio.Task[None]) -> DiscordError:
    try:
        await asyncio.shield(connecting)
    except Exception as error:
        if not isinstance(error, discord.ConnectionClosed | discord.PrivilegedIntentsRequired | DiscordError):
            log.exception("discord.py has given up the connection")
        return as_sentence(error)
    return Unreachable("it closed the connection")


async def _cancel(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


def as_sentence(error: BaseException) -> DiscordError:
    """The typed error for what discord.py raised while it logged in or connected."""
    if isinstance(error, DiscordError):
        return error
    if isinstance(error, discord.LoginFailure):
        return TokenRefused()
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return IntentsRefused()
    if isinstance(error, discord.ConnectionClosed):
        return _of_close_code(error.code)
    if isinstance(error, TimeoutError):
        return Unreachable("it did not answer in time")
    if isinstance(error, discord.GatewayNotFound):
        cause = error.__cause__
        return as_sentence(cause) if isinstance(cause, discord.HTTPException) else Unreachable("it names no gateway")
    if isinstance(error, discord.HTTPException):
        return TokenRefused() if error.status == _UNAUTHORIZED else Unreachable(f"it answered with HTTP {error.status}")
    if isinstance(error, aiohttp.ClientError | OSError):
        return Unreachable("no connection")
    return Unreachable(f"what answers there is not Discord: {type(error).__name__}")


def _of_close_code(code: int) -> DiscordError:
    if code == _TOKEN_REFUSED:
        return TokenRefused()
    if code in _INTENTS_REFUSED:
        return IntentsRefused(code)
    if code in _SHARDS_REFUSED:
        return MoreShardsWanted(code)
    if code == _VERSION_REFUSED:
        return VersionRefused()
    return Unreachable(f"it closed the connection with code {code}")
