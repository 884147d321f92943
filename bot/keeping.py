"""What is kept of people and communities, and how it is deleted: records, files, and the cards that quote them.

What runs is ended first, so that nothing comes back after it was deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from adapters.base import Adapter, Author, DeliveryError, Holdings, Place
from bot.files import Shelf
from bot.requests import within_reach
from bot.running import Running
from bot.store import Forgotten, Request, Store
from bot.store.forgetting import covers

log = logging.getLogger(__name__)

REPLACED = "You have changed the question, so I answer it anew."
FORGOTTEN = "Cancelled, and forgotten."


class Keeping:
    """Counts and deletes. `adapters` are the platforms that run, by name; the mapping is filled when they do."""

    def __init__(self, store: Store, shelf: Shelf, running: Running, adapters: Mapping[str, Adapter]) -> None:
        self._store = store
        self._shelf = shelf
        self._running = running
        self._adapters = adapters

    async def erase(self, request: Request, notice: str = "Cancelled.", *, keep_card: str = "") -> bool:
        """End a request and delete all that is kept of it. False when it was gone already.

        The card `keep_card` stays, for whoever is about to redraw it.
        """
        await self._running.end(lambda each: each.id == request.id, notice)
        gone = await self._store.erase(request.id)
        await self._clear(request.platform, gone, keep_card)
        return bool(gone.requests)

    async def erase_for(self, request_id: str, author: Author, place: Place) -> bool:
        """`erase` for who asked, or for a moderator of the community; False when it is not theirs to do."""
        request = await self._store.request(request_id)
        if request is None or request.platform != place.platform:
            return False
        moderates = (author.is_moderator or author.is_admin) and within_reach(request, place)
        if author.id != request.author_id and not moderates:
            return False
        return await self.erase(request)

    async def replace(self, platform: str, event_id: str, author: Author) -> None:
        """Erase the earlier wording of a question. What somebody else asked is left alone."""
        earlier = await self._store.find(platform, event_id)
        if earlier is not None and earlier.author_id == author.id:
            await self.erase(earlier, REPLACED)

    async def forget(self, place: Place) -> None:
        """Delete a conversation."""
        await self._running.end(lambda each: each.conversation == place.conversation)
        await self._clear(place.platform, await self._store.forget(place.conversation))

    async def holdings(self, platform: str, author: Author, place: Place | None) -> Holdings:
        """What is kept of somebody: in one conversation, or on the whole platform."""
        kept = await self._store.kept(platform, author.id, place.conversation if place is not None else None)
        return Holdings(
            questions=kept.questions,
            videos=kept.videos,
            clips=kept.clips,
            file_bytes=await self._shelf.size(kept.paths),
            conversations=kept.conversations,
        )

    async def forget_author(self, platform: str, author: Author, place: Place | None) -> Holdings:
        """Delete that; returns what it was."""
        conversation = place.conversation if place is not None else None

        def theirs(request: Request) -> bool:
            mine = (request.platform, request.author_id) == (platform, author.id)
            return mine and (conversation is None or covers(conversation, request.conversation))

        await self._running.end(theirs, FORGOTTEN)
        held = await self.holdings(platform, author, place)
        await self._clear(platform, await self._store.forget_author(platform, author.id, conversation))
        return held

    async def forget_community(self, platform: str, community: str) -> None:
        """Delete everything of a community. The bot is no longer there, so its messages stay as they are."""
        await self._running.end(lambda each: (each.platform, each.community) == (platform, community))
        gone = await self._store.forget_community(platform, community)
        await self._delete_files(gone)

    async def prune(self, platform: str, community: str, before: datetime, limit: int) -> int:
        """Delete requests of a community that ended before, at most `limit`. Returns how many there were."""
        gone = await self._store.prune(platform, community, before, limit)
        await self._clear(platform, gone)
        return len(gone.requests)

    async def _clear(self, platform: str, gone: Forgotten, keep_card: str = "") -> None:
        await self._delete_files(gone)
        adapter = self._adapters.get(platform)
        if adapter is None:
            return
        for card in gone.cards:
            if card == keep_card:
                continue
            try:
                await adapter.remove(card)
            except DeliveryError as error:
                log.warning("the card of a deleted case could not be taken away: %s", error)

    async def _delete_files(self, gone: Forgotten) -> None:
        await self._shelf.remove(gone.paths)
        await self._shelf.drop(*gone.requests)
