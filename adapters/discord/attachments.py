"""Posted files: which of them are clips, and how to read them from Discord's own file hosts and from nowhere else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import aiohttp
import discord

from adapters.base import AttachmentError
from adapters.shared.media import media_type

CDN_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})

_LINK = re.compile(r"https?://[^\s<>|]+")
_CHUNK = 64 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=30)

Refetch = Callable[[], Awaitable[str | None]]


class FileHosts:
    """The hosts that files may be read from: Discord's, and that of a configured API root on another server."""

    def __init__(self, api_base: str | None = None) -> None:
        """`api_base` is the root of a Discord-compatible server, or None for Discord itself."""
        self._origin: tuple[str, str] | None = None
        if api_base is not None:
            parts = urlsplit(api_base)
            self._origin = (parts.scheme, parts.netloc.lower())

    def allow(self, url: str) -> bool:
        """Whether `url` leads to one of the hosts: exactly that name, by https, on the usual port."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return False
        if self._origin is not None and (parts.scheme, parts.netloc.lower()) == self._origin:
            return True
        named = parts.username is not None or parts.password is not None
        return parts.scheme == "https" and not named and port in (None, 443) and parts.hostname in CDN_HOSTS


def take_links(text: str, hosts: FileHosts) -> tuple[str, list[str]]:
    """The text without links to clips on the allowed hosts, and those links. Every other link stays text."""
    found: list[str] = []

    def keep(match: re.Match[str]) -> str:
        url = match.group()
        if hosts.allow(url) and media_type(link_name(url), None):
            found.append(url)
            return ""
        return url

    return _LINK.sub(keep, text).replace("<>", "").strip(), found


def link_name(url: str) -> str:
    return PurePosixPath(unquote(urlsplit(url).path)).name


class DiscordFile:
    """A posted file. Implements `adapters.base.Attachment`; size 0 means that nobody said."""

    def __init__(
        self,
        url: str,
        *,
        name: str,
        content_type: str,
        size: int,
        hosts: FileHosts,
        session: Callable[[], aiohttp.ClientSession],
        refetch: Refetch | None = None,
    ) -> None:
        """`refetch` gives a freshly signed address once the old one has expired, or None when the file is gone."""
        self.name = name
        self.content_type = content_type
        self.size = size
        self._url = url
        self._hosts = hosts
        self._session = session
        self._refetch = refetch

    def __repr__(self) -> str:
        return f"DiscordFile({self.name!r}, {self.content_type!r}, {self.size})"

    async def read(self) -> AsyncIterator[bytes]:
        """Yield the bytes. Raises `AttachmentError`."""
        try:
            response = await self._open()
            try:
                async for chunk in response.content.iter_chunked(_CHUNK):
                    yield chunk
            finally:
                response.close()
        except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError, TimeoutError, asyncio.IncompleteReadError):
            raise AttachmentError(f"{self.name} broke off while I fetched it. Please try again.") from None
        except aiohttp.ClientError:
            raise AttachmentError(f"I could not fetch {self.name} from Discord. Please try again.") from None

    async def _open(self) -> aiohttp.ClientResponse:
        response = await self._get(self._url)
        if response.status in (403, 404) and self._refetch is not None:
            response.close()
            fresh = await self._refetch()
            if fresh is None:
                raise AttachmentError(f"{self.name} is no longer in its message. Please post it again.")
            response = await self._get(fresh)
        if response.status == 200:
            return response
        response.close()
        if response.status in (403, 404):
            raise AttachmentError(f"The link to {self.name} has expired. Please post the file itself.")
        raise AttachmentError(f"Discord did not hand out {self.name}. Please try again in a moment.")

    async def _get(self, url: str) -> aiohttp.ClientResponse:
        if not self._hosts.allow(url):
            raise AttachmentError(f"{self.name} is not on Discord's own file servers, so I did not fetch it.")
        return await self._session().get(url, allow_redirects=False, timeout=_TIMEOUT)


def signed_again(message: discord.Message | discord.PartialMessage, attachment_id: int) -> Refetch:
    """A way to get the address of an attachment anew: Discord signs it each time that the message is fetched."""

    async def refetch() -> str | None:
        try:
            fresh = await message.fetch()
        except discord.HTTPException:
            return None
        sources = [fresh.attachments, *(snapshot.attachments for snapshot in fresh.message_snapshots)]
        return next((item.url for source in sources for item in source if item.id == attachment_id), None)

    return refetch
