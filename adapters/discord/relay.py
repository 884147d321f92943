"""Between a reply and its messages: cuts an answer off, and keeps the nonces of its wordings apart. Sends nothing."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

import discord

from adapters.base import MadeVideo
from adapters.discord.posts import Post

NONCE_LENGTH = 25  # what Discord takes at most


class Relay:
    """A post that can be cut off: then nothing goes out through it any more.

    Nonces are made different for every wording of a question and after every deletion, because Discord would take a
    repeated one for the message that was deleted.
    """

    def __init__(self, post: Post, wording: str = "") -> None:
        self.first_then_private = post.first_then_private
        self._post = post
        self._wording = wording
        self._deleted = 0
        self._cut = False
        self._busy = asyncio.Lock()

    async def cut(self) -> None:
        """Let nothing out any more; returns once what is on its way has arrived."""
        self._cut = True
        async with self._busy:
            return

    async def edit(
        self,
        message: int,
        content: str,
        view: discord.ui.View | None,
        videos: Sequence[MadeVideo],
        *,
        spoiler: bool = False,
    ) -> None:
        async with self._busy:
            if not self._cut:
                await self._post.edit(message, content, view, videos, spoiler=spoiler)

    async def follow(
        self,
        after: int,
        content: str,
        nonce: str,
        videos: Sequence[MadeVideo] = (),
        *,
        view: discord.ui.View | None = None,
        spoiler: bool = False,
    ) -> int:
        async with self._busy:
            if self._cut:
                return after
            return await self._post.follow(after, content, self._own(nonce), videos, view=view, spoiler=spoiler)

    async def delete(self, message: int) -> None:
        async with self._busy:
            if not self._cut:
                self._deleted += 1
                await self._post.delete(message)

    async def typing(self) -> None:
        if not self._cut:
            await self._post.typing()

    async def tell(self, content: str, nonce: str, *, view: discord.ui.View | None = None) -> bool:
        async with self._busy:
            return self._cut or await self._post.tell(content, self._own(nonce), view=view)

    def _own(self, nonce: str) -> str:
        if not self._wording and not self._deleted:
            return nonce
        return short_digest(nonce, self._wording, str(self._deleted))


def short_digest(*words: str) -> str:
    """A nonce made of words, as long as Discord takes."""
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:NONCE_LENGTH]
