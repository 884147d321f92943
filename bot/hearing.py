"""What is said in the clips of a conversation: written down by the speech model, checked, and kept beside its clip.

What could not be heard, or is not allowed here, or was not checked, never reaches the model that answers. It knows no
platform.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import aclosing

import msgspec

from adapters.base import QueueSpot, State
from bot.errand import Errand
from bot.files import Shelf, write_whole
from bot.safety import Decision, Where
from bot.words import shorten
from engine import Engine
from engine.errors import EngineError, JobCancelled
from engine.types import (
    Clip,
    ClipInfo,
    Inspect,
    Inspected,
    Progress,
    Queued,
    Role,
    Started,
    Transcribe,
    Transcribed,
    Turn,
    Utterance,
)

LONGEST_PIECE = 1000  # characters judged at once; guards dilute, or cut off, what stands in a long text
OVERLAP = 200  # characters, so that no sentence is judged only in two halves
MOST_CAUGHT_UP = 4  # clips of earlier turns that are heard for one question; the next one goes on

log = logging.getLogger(__name__)

Speech = tuple[Utterance, ...]


class Hearing:
    """Puts `Clip.speech` into clips, through the engine and the guards."""

    def __init__(self, engine: Engine, shelf: Shelf) -> None:
        self._engine = engine
        self._shelf = shelf

    async def hear(self, errand: Errand, clips: Sequence[Clip], infos: Sequence[ClipInfo]) -> tuple[Clip, ...]:
        """The clips of a question with what is said in them, checked; a clip whose sound could not be heard has None.

        Raises `Blocked` when what is said may not be answered here, and `EngineError` when it could not be scored.
        """
        heard = [await self._heard(errand, clip, info) for clip, info in zip(clips, infos, strict=True)]
        said = "\n".join(filter(None, map(words_of, heard)))
        if said:
            decision, worst = await self._judge(errand, said)
            await errand.judge(decision, Where.SPEECH, text=worst)
        for clip in heard:
            await self._remember(clip)
        return tuple(heard)

    async def catch_up(self, errand: Errand, turns: Sequence[Turn]) -> tuple[Turn, ...]:
        """A conversation with what is said in the clips of its earlier turns, where that was not known yet.

        Nobody asks about these again, so what is not allowed among it is left out and nothing is blocked. Raises
        `EngineError` when it could not be scored.
        """
        left = MOST_CAUGHT_UP
        found: list[Turn] = []
        for turn in reversed(turns[:-1]):
            clips = []
            for clip in turn.clips:
                if clip.speech is None and left:
                    left -= 1
                    clip = await self._caught_up(errand, clip)
                clips.append(clip)
            found.append(msgspec.structs.replace(turn, clips=tuple(clips)))
        return (*reversed(found), *turns[-1:])

    def known(self, path: str) -> Speech | None:
        """What was found to be said in a clip, and allowed; None when that was not found out. Reads the disk.

        Videos that were made here have no sound.
        """
        if self._shelf.made_here(path):
            return ()
        kept = self._shelf.transcript(path)
        try:
            return msgspec.json.decode(kept.read_bytes(), type=Speech) if kept is not None else None
        except (OSError, msgspec.MsgspecError):
            return None

    def remark(self, turns: Sequence[Turn]) -> str:
        """What the footer says about the sound of the clips that a question is about: its own, else the latest ones."""
        about = next((turn.clips for turn in reversed(turns) if turn.clips), ())
        if any(clip.speech for clip in about):
            return "speech heard"
        model = next((card for card in self._engine.cards if card.role is Role.UNDERSTANDING), None)
        hears_itself = model is not None and model.hears
        return "sound not heard" if any(clip.speech is None for clip in about) and not hears_itself else ""

    # --- one clip -----------------------------------------------------------------------------------------------

    async def _caught_up(self, errand: Errand, clip: Clip) -> Clip:
        try:
            looked = await self._engine.run(
                Inspect(clip=clip), request=errand.id, user=errand.user, community=errand.community, system=True
            )
        except JobCancelled:
            raise
        except EngineError as error:
            log.info("request %s: an earlier clip cannot be opened any more: %s", errand.id, error)
            return clip
        if not isinstance(looked, Inspected):
            return clip
        heard = await self._heard(errand, clip, looked.info)
        if said := words_of(heard):
            decision, _ = await self._judge(errand, said)
            if decision.blocked:
                return clip
        await self._remember(heard)
        return heard

    async def _heard(self, errand: Errand, clip: Clip, info: ClipInfo) -> Clip:
        """The clip with what is said in it, not yet checked."""
        speech: Speech | None = ()
        if info.has_audio:
            speech = await asyncio.to_thread(self.known, clip.path)
            if speech is None and any(card.role is Role.SPEECH for card in self._engine.cards):
                speech = await self._transcribe(errand, clip)
        return msgspec.structs.replace(clip, speech=speech)

    async def _transcribe(self, errand: Errand, clip: Clip) -> Speech | None:
        """Have it written down, and charge for that like for the answer. None when it fails: the answer goes on."""
        before = errand.stage.view.status
        try:
            return await self._follow(errand, clip)
        except JobCancelled:
            raise
        except EngineError as error:
            log.warning("request %s: a clip could not be listened to: %s", errand.id, error)
            errand.model_ended(0.0)
            return None
        finally:
            errand.stage.update(state=State.WORKING, queue=None, bar=None, status=before)

    async def _follow(self, errand: Errand, clip: Clip) -> Speech | None:
        stage, since = errand.stage, errand.clock()
        job = Transcribe(clip=clip)
        ticket = self._engine.submit(job, request=errand.id, user=errand.user, community=errand.community)
        async with aclosing(ticket.__aiter__()) as events:
            async for event in events:
                match event:
                    case Queued():
                        stage.update(state=State.WAITING, queue=QueueSpot(event.position, event.eta_s))
                    case Started():
                        since = errand.clock()
                        errand.model_began()
                        status = f"Listening to {shorten(clip.name, 60)} …"
                        stage.update(state=State.WORKING, queue=None, bar=None, status=status)
                    case Progress():
                        stage.progress(event.step, event.total, event.label, since)
                    case Transcribed():
                        errand.model_ended(event.seconds)
                        return event.utterances
        return None

    async def _judge(self, errand: Errand, said: str) -> tuple[Decision, str]:
        """Check what is said, piece by piece, and record it. The strictest verdicts, and the piece that they are about.

        All pieces are checked, whatever the first ones come to: what moderators waive is the highest score of all.
        """
        decision, worst = Decision(), ""
        for piece in pieces(said):
            found = await errand.decide(text=piece, text_at=Where.SPEECH)
            if not worst or _weight(found) > _weight(decision):
                worst = piece
            decision += found
        await errand.record(decision, Where.SPEECH, worst)
        return decision, worst

    async def _remember(self, clip: Clip) -> None:
        """Keep what is allowed, or that nothing is said, beside the clip, for the next question about it. What fails is
        found out again then."""
        kept = self._shelf.transcript(clip.path)
        if kept is None or clip.speech is None:
            return
        data = msgspec.json.encode(clip.speech)

        def write() -> None:  # in a thread that no cancel stops: a folder that was just deleted does not come back
            kept.parent.mkdir(exist_ok=True)
            write_whole(kept, data)

        try:
            await asyncio.to_thread(write)
        except OSError as error:
            log.warning("what is said in a clip could not be kept: %s", error)


def words_of(clip: Clip) -> str:
    """All that is said in a clip, in lines."""
    return "\n".join(each.text for each in clip.speech or ())


def pieces(text: str, longest: int = LONGEST_PIECE, overlap: int = OVERLAP) -> Iterator[str]:
    """A text in pieces of at most `longest` characters that end between words, each beginning `overlap` characters
    before the last one's end. A text without blanks is cut anywhere."""
    start = 0
    while len(text) - start > longest:
        latest = start + longest
        blank = max(text.rfind(mark, latest - longest // 2, latest) for mark in " \n")
        end = blank + 1 if blank >= 0 else latest
        yield text[start:end]
        start = end - overlap
    yield text[start:]


def _weight(decision: Decision) -> tuple[int, float]:
    worst = decision.worst
    return (worst.action.weight, worst.score - worst.threshold) if worst is not None else (-1, 0.0)
