"""Making a video again: from an earlier request and a change to the wish that is asked for now. Renders nothing."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from adapters.base import Change, MadeVideo, Place, RemakeCommand
from bot.clips import REUSED
from bot.errors import BadInput
from bot.making import GenerationDefaults, Wish
from bot.requests import view_of, within_reach
from bot.store import Request, Store

GONE = "I don't have that video any more: it was forgotten. Ask for it anew with a prompt."


@dataclass(frozen=True)
class Remade:
    """What to make now, and what its request has to know besides."""

    wish: Wish
    params: Mapping[str, Any]


class Remaking:
    """Finds out what somebody means with "again", "with other words" and "longer"."""

    def __init__(self, store: Store, defaults: GenerationDefaults) -> None:
        self._store = store
        self._defaults = defaults

    async def remade(self, command: RemakeCommand) -> Remade:
        """The new wish. Raises `BadInput` with a sentence when there is nothing to make again, or not so."""
        request = await self._store.request(command.request)
        if request is None or not within_reach(request, command.place):
            raise BadInput(GONE)
        wish = wish_of(request)
        if wish is None:
            raise BadInput("There is no video to make again. Ask for one with a prompt.")
        wish = self._changed(wish, command)
        made = view_of(request).videos
        if command.change is Change.LONGER and made and await _is_there(made[0]):
            return Remade(replace(wish, extends=request.id, described=True), {})
        clips = _clips(request, other_words=command.change is Change.VARY)
        return Remade(replace(wish, described=bool(made)), clips)

    async def earlier(self, wish: Wish, place: Place) -> MadeVideo | None:
        """The video that a wish continues; None when it continues none, or that one is gone or out of reach."""
        request = await self._store.request(wish.extends) if wish.extends else None
        if request is None or not within_reach(request, place):
            return None
        video = next(iter(view_of(request).videos), None)
        return video if video is not None and await _is_there(video) else None

    def _changed(self, wish: Wish, command: RemakeCommand) -> Wish:
        match command.change:
            case Change.AGAIN:
                return replace(wish, seed=another_seed(wish.seed))
            case Change.VARY:
                if not command.prompt.strip():
                    raise BadInput("Say in a few words what the video should show.")
                return replace(wish, prompt=command.prompt.strip())
            case Change.LONGER:
                return replace(wish, seconds=self._longer(wish.seconds), extends="")

    def _longer(self, seconds: float | None) -> float:
        now, most = self._defaults.seconds if seconds is None else seconds, self._defaults.max_seconds
        if now >= most:
            raise BadInput(f"It is as long as I make videos already: {most:g} seconds.")
        return min(2 * now, most)


def wish_of(request: Request) -> Wish | None:
    """What the first video of a request was made from; None when it has none and was not asked for one.

    The made video knows better than the request: which seed it got, and what a clip was described as.
    """
    asked = request.params.get("wish")
    wish = Wish(**asked) if asked else None
    for video in view_of(request).videos[:1]:
        wish = replace(wish or Wish(video.prompt), prompt=video.prompt, seed=video.seed)
    return wish


def new_wish(prompt: str, *, seed: int | None = None, **options: Any) -> dict[str, Any]:
    """A wish as a request stores it. Its seed is chosen now, so that whatever runs it again makes the same video."""
    return asdict(Wish(prompt, seed=another_seed() if seed is None else seed, **options))


def another_seed(than: int | None = None) -> int:
    seed = secrets.randbelow(2**31 - 1)
    return seed if seed != than else seed + 1


async def _is_there(video: MadeVideo) -> bool:
    return await asyncio.to_thread(Path(video.path).is_file)


def _clips(request: Request, *, other_words: bool) -> dict[str, Any]:
    """The clip that the video begins with; or the one to make a video like, while no video says in words what it
    shows and nobody else does."""
    made = view_of(request).videos
    begins = bool(made and made[0].begins)
    if not request.params.get("attachments") or not (begins or not (made or other_words)):
        return {}
    earlier = request.params.get(REUSED, request.id)
    return {"attachments": request.params["attachments"], REUSED: request.id if request.clips else earlier}
