"""The clips of a request: brought onto disk once, probed against the caps, and named while they are watched."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.base import Attachment
from bot.errand import Errand
from bot.errors import BadInput, Interrupted
from bot.files import Shelf
from bot.store import Store, StoredClip
from bot.words import clock, listing, shorten
from engine import Engine
from engine.errors import EngineError, JobCancelled
from engine.types import Clip, ClipInfo, Inspect, Inspected, Result

REUSED = "clips_of"  # the param that names the earlier request whose clips are used again


class Clips:
    """Gets and opens the clips of requests, at most `most` of them in one."""

    def __init__(self, engine: Engine, store: Store, shelf: Shelf, *, most: int) -> None:
        self._engine = engine
        self._store = store
        self._shelf = shelf
        self._most = most

    async def bring(self, errand: Errand, attachments: Sequence[Attachment]) -> tuple[StoredClip, ...]:
        """The clips of a request: those that are here already, those of a request that it repeats, or the posted ones.

        Raises `BadInput`, `Interrupted`, `AttachmentError` or `EngineError`.
        """
        request = errand.request
        if request.clips:
            return request.clips
        if request.params.get(REUSED):
            clips = await self._again(errand, request.params[REUSED])
        elif attachments:
            clips = await self._fetch(errand, attachments)
        elif request.params.get("attachments"):
            raise Interrupted("I was restarted before I had fetched your file. Please send it again.")
        else:
            return ()
        if clips and not await self._store.attach(errand.id, clips):
            await self._shelf.drop(errand.id)
            raise JobCancelled("This conversation was forgotten meanwhile.")
        return clips

    async def look(self, errand: Errand, clips: Sequence[Clip]) -> tuple[ClipInfo, ...]:
        """Probe every clip against the caps, and say what is being watched. Raises `EngineError`."""
        infos: list[ClipInfo] = []
        described: list[str] = []
        for clip in clips:
            errand.stage.update(status=f"Opening {shorten(clip.name, 60)} …")
            result = await self._inspect(errand, clip)
            if isinstance(result, Inspected):
                infos.append(result.info)
                length = "" if result.info.kind == "image" else f" ({clock(result.info.length_s)})"
                described.append(f"{shorten(clip.name, 60)}{length}")
        errand.stage.update(status=f"Watching {listing(described)} …" if described else "Thinking …")
        return tuple(infos)

    async def missing(self, errand: Errand, clips: Sequence[Clip], infos: Sequence[ClipInfo]) -> str:
        """What did not arrive of the clips that a question is about, for the footer of its answer; mostly nothing.

        `infos` are those of the question's own clips; the clips of an earlier turn are looked at again.
        """
        if not infos:
            posted = [clip for clip in clips if not self._shelf.made_here(clip.path)]
            infos = [info for clip in posted if (info := await self._looked_at(errand, clip)) is not None]
        arrived = [
            f"only {clock(info.length_s)} of {clock(info.declared_s)} arrived" for info in infos if info.declared_s
        ]
        return listing(arrived)

    async def _looked_at(self, errand: Errand, clip: Clip) -> ClipInfo | None:
        try:
            result = await self._inspect(errand, clip)
        except JobCancelled:
            raise
        except EngineError:
            return None  # whoever watches it will say so
        return result.info if isinstance(result, Inspected) else None

    async def _inspect(self, errand: Errand, clip: Clip) -> Result:
        return await self._engine.run(
            Inspect(clip=clip), request=errand.id, user=errand.user, community=errand.community, system=True
        )

    async def _fetch(self, errand: Errand, attachments: Sequence[Attachment]) -> tuple[StoredClip, ...]:
        if len(attachments) > self._most:
            raise BadInput(f"That is {len(attachments)} files; I take up to {self._most} in one message.")
        clips = []
        for index, attachment in enumerate(attachments):
            errand.stage.update(status=f"Fetching {shorten(attachment.name, 60)} …")
            clips.append(await self._shelf.fetch(errand.id, index, attachment))
        return tuple(clips)

    async def _again(self, errand: Errand, earlier: str) -> tuple[StoredClip, ...]:
        request = await self._store.request(earlier)
        try:
            clips = await self._shelf.adopt(errand.id, request.clips) if request is not None else ()
        except FileNotFoundError:
            clips = ()
        if not clips:
            raise BadInput("The clip of that request was deleted meanwhile. Please send it again.")
        return clips


def as_clips(stored: Sequence[StoredClip]) -> tuple[Clip, ...]:
    """Stored clips as the engine takes them."""
    return tuple(Clip(path=clip.path, name=clip.name) for clip in stored)
