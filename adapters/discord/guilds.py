"""Joining and leaving communities: one hello to whoever added the bot, and nothing kept of those that removed it.

Knows guilds and the application; knows no messages.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import discord

from adapters.base import Author
from adapters.discord import notices
from adapters.discord.intake import PLATFORM
from adapters.shared.state import StateFile

if TYPE_CHECKING:
    from adapters.discord.client import BotClient

log = logging.getLogger(__name__)

STATE_FILE = "discord-guilds.json"
RECENT = timedelta(days=1)  # a guild that was joined while the bot was away is greeted within this time
AUDIT_LOOKUP = 20  # entries looked through for the one that added the bot
_NOT_A_MEMBER = frozenset({10004, 50001})  # Discord's own codes: a 403 alone may come from a wall before its API
_UNREACHED = (discord.HTTPException, aiohttp.ClientError, OSError)


class Guilds:
    """Remembers, over restarts, whose application the data belongs to and which guilds were greeted."""

    def __init__(self, client: BotClient, state_dir: Path, hint: Callable[[], str] = str) -> None:
        """`hint` is a further sentence of the hello, or empty."""
        self._client = client
        self._hint = hint
        self._file = StateFile(state_dir / STATE_FILE)
        self._application = ""
        self._greeted: set[str] = set()
        self._started = False
        self._reading = asyncio.Lock()
        self._read = False

    async def start(self) -> None:
        """Once connected: greet what is new, and purge what Discord says was left. Does nothing when called again."""
        if self._started:
            return
        self._started = True
        await self._load()
        mine = str(self._client.application_id or "")
        owned, self._application = self._application, self._application or mine
        for guild in list(self._client.guilds):
            if not guild.unavailable:
                await self._meet(guild)
        await self._save()
        if owned == mine:
            await self._purge()
        elif owned:
            log.warning(
                "what is kept of Discord belongs to application %s, and this is %s; nothing of communities that were "
                "left is deleted. Remove %s if it shall belong to this one.",
                owned,
                mine,
                self._file.path,
            )

    async def joined(self, guild: discord.Guild) -> None:
        """Discord says that the bot was added, or that a guild is there again."""
        if not self._started:  # then the start greets it
            return
        await self._load()
        if str(guild.id) not in self._greeted:
            await self._meet(guild)
            await self._save()

    async def left(self, guild: int) -> None:
        """The bot was removed; an outage is not that. Nothing of the guild is kept."""
        log.info("guild %s removed the bot; what is kept of it is deleted", guild)
        await self._load()
        self._greeted.discard(str(guild))
        await self._save()
        await self._forget(str(guild))

    # --- hello --------------------------------------------------------------------------------------------------

    async def _meet(self, guild: discord.Guild) -> None:
        """Say hello, once. It is noted before it is said: twice would be worse than never."""
        if str(guild.id) in self._greeted:
            return
        self._greeted.add(str(guild.id))
        since = guild.me.joined_at if guild.me is not None else None
        if since is None or discord.utils.utcnow() - since > RECENT:
            return
        await self._save()
        text = notices.HELLO.format(
            name=discord.utils.escape_markdown(guild.me.display_name), guild=discord.utils.escape_markdown(guild.name)
        )
        text = "\n".join(filter(None, (text, self._hint())))
        host = await self._added_by(guild) or guild.owner_id
        if host and await self._client.tell(Author(str(host), ""), text):
            log.info("said hello to the one who added the bot to guild %s", guild.id)

    async def _added_by(self, guild: discord.Guild) -> int:
        """Who added the bot, by the guild's own audit log; 0 where that may not be read or does not tell."""
        if not guild.me.guild_permissions.view_audit_log:
            return 0
        try:
            async for entry in guild.audit_logs(limit=AUDIT_LOOKUP, action=discord.AuditLogAction.bot_add):
                if entry.target is not None and entry.target.id == self._client.me():
                    return entry.user_id or 0
        except _UNREACHED as error:
            log.info("the audit log of guild %s can't be read: %s", guild.id, error)
        return 0

    # --- goodbye ------------------------------------------------------------------------------------------------

    async def _purge(self) -> None:
        """Forget the communities that removed the bot while it was away, but only if Discord itself says so."""
        try:
            known = await self._client.handler.communities(PLATFORM)
        except Exception:
            log.exception("the application did not say which communities it knows")
            return
        here = {str(guild.id) for guild in self._client.guilds}
        for community in _numbers(known):
            if community not in here and await self._was_left(int(community)):
                log.info("guild %s removed the bot while it was away; what is kept of it is deleted", community)
                await self._forget(community)

    async def _was_left(self, guild: int) -> bool:
        try:
            await self._client.fetch_guild(guild, with_counts=False)
        except _UNREACHED as error:
            if isinstance(error, discord.HTTPException) and error.code in _NOT_A_MEMBER:
                return True
            log.info("guild %s can't be looked up now, so it is kept: %s", guild, error)
        return False

    async def _forget(self, community: str) -> None:
        try:
            await self._client.handler.community_left(PLATFORM, community)
        except Exception:
            log.exception("guild %s could not be forgotten; that is tried again at the next start", community)

    # --- state --------------------------------------------------------------------------------------------------

    async def _load(self) -> None:
        """Read what an earlier process knew, once: whoever comes meanwhile waits, so that nothing is greeted twice."""
        async with self._reading:
            if not self._read:
                self._take(await self._file.load())
                self._read = True

    def _take(self, state: Any) -> None:
        try:
            self._application = str(state["application"]) if state else ""
            self._greeted = {str(guild) for guild in state["greeted"]} if state else set()
        except (KeyError, TypeError) as error:
            log.warning("%s holds something else than it should, it is made anew: %r", self._file.path, error)

    async def _save(self) -> None:
        await self._file.save(lambda: {"application": self._application, "greeted": sorted(self._greeted)})


def _numbers(communities: Iterable[str]) -> list[str]:
    """The guilds among what the application keeps; direct messages are no community."""
    return [community for community in communities if community.isdecimal()]
