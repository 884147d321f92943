"""A question in, a checked answer out: the walk of docs/architecture.md from the input check to the last sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from adapters.base import Attachment, MadeVideo, QueueSpot, State, Still
from bot.conversation import context
from bot.errand import Errand
from bot.errors import BadInput, Blocked, NotPermitted
from bot.files import Shelf
from bot.making import RETRYING, Making, Wish
from bot.safety import Decision, Where
from bot.store import NewTurn, Store, StoredClip
from bot.streaming import SentenceGate
from bot.words import clock, listing, shorten
from engine import Engine, Ticket
from engine.errors import JobCancelled
from engine.types import (
    Answered,
    Clip,
    Frame,
    FramesSeen,
    Inspect,
    Inspected,
    Queued,
    Started,
    Token,
    Turn,
    Understand,
    VideoWanted,
)

DEFAULT_QUESTION = "What happens here?"
CHECKED_BEFORE = 600  # characters of already approved answer that a new sentence is judged together with


@dataclass(frozen=True)
class AnswerSettings:
    """`token_budget` bounds the conversation sent along; `max_turns` how far back it is read."""

    frames: int = 8
    clips_per_message: int = 4
    max_tokens: int = 512
    token_budget: int = 16_000
    max_turns: int = 40
    videos_per_answer: int = 1


class Answering:
    """Answers questions about clips, and hands the model's wishes for videos on to `Making`."""

    def __init__(self, engine: Engine, store: Store, shelf: Shelf, making: Making, settings: AnswerSettings) -> None:
        self._engine = engine
        self._store = store
        self._shelf = shelf
        self._making = making
        self._settings = settings

    async def fetch(self, errand: Errand, attachments: Sequence[Attachment]) -> tuple[StoredClip, ...]:
        """Bring the posted files onto disk. Raises `BadInput`, `AttachmentError` or `EngineError`."""
        most = self._settings.clips_per_message
        if len(attachments) > most:
            raise BadInput(f"That is {len(attachments)} files; I take up to {most} in one message.")
        clips = []
        for index, attachment in enumerate(attachments):
            errand.stage.update(status=f"Fetching {shorten(attachment.name, 60)} …")
            clips.append(await self._shelf.fetch(errand.id, index, attachment))
        if clips and not await self._store.attach(errand.id, clips):
            await self._shelf.drop(errand.id)
            raise JobCancelled("This conversation was forgotten meanwhile.")
        return tuple(clips)

    async def answer(self, errand: Errand, stored: Sequence[StoredClip], *, may_generate: bool) -> None:
        """Watch, check, answer. The errand ends with its text, videos, turns and footers filled in.

        Raises `Blocked`, `BadInput` or `EngineError`; what was shown before stays checked.
        """
        text = errand.request.text.strip()
        if not text and not stored:
            raise BadInput("Ask me something, or post a clip and ask about it.")
        question = text or DEFAULT_QUESTION
        clips = tuple(Clip(path=clip.path, name=clip.name) for clip in stored)
        await self._look(errand, clips)
        await errand.check(text=text, text_at=Where.QUESTION, clips=clips, clips_at=Where.CLIP)
        turns = await self._context(errand, Turn(role="user", text=question, clips=clips))
        errand.turns.append(NewTurn(role="user", text=question, clips=tuple(stored)))
        wishes = await _Listening(self._engine, errand, self._settings).run(
            Understand(
                turns=turns,
                frames=self._settings.frames,
                max_tokens=self._settings.max_tokens,
                stills_dir=str(self._shelf.stills(errand.id)),
            )
        )
        said = errand.stage.view.text
        try:
            await self._fulfil(errand, wishes[: self._settings.videos_per_answer], may_generate=may_generate)
        except (NotPermitted, BadInput) as error:
            errand.stage.update(notice=str(error))
        finally:
            errand.turns.append(remembered(said, errand.stage.view.videos))

    async def _look(self, errand: Errand, clips: Sequence[Clip]) -> None:
        """Probe every clip against the caps, and say what is being watched."""
        described: list[str] = []
        for clip in clips:
            errand.stage.update(status=f"Opening {shorten(clip.name, 60)} …")
            result = await self._engine.run(Inspect(clip=clip), request=errand.id, system=True)
            if isinstance(result, Inspected):
                length = "" if result.info.kind == "image" else f" ({clock(result.info.duration_s)})"
                described.append(f"{shorten(clip.name, 60)}{length}")
        errand.stage.update(status=f"Watching {listing(described)} …" if described else "Thinking …")

    async def _context(self, errand: Errand, question: Turn) -> tuple[Turn, ...]:
        earlier = await self._store.turns(errand.place.conversation, self._settings.max_turns)
        return await asyncio.to_thread(
            context,
            earlier,
            question,
            budget=self._settings.token_budget,
            frames_per_clip=self._settings.frames,
            exists=lambda path: Path(path).exists(),
        )

    async def _fulfil(self, errand: Errand, wishes: Sequence[str], *, may_generate: bool) -> None:
        """Make what the model asked for. What cannot be made is said; the answer itself stays."""
        if wishes and not may_generate:
            raise NotPermitted("I may chat with you here, but making videos is not allowed for you in this place.")
        for index, prompt in enumerate(wishes):
            await self._making.make(errand, Wish(prompt=prompt), index)


class _Listening:
    """One answer while it streams: shows approved sentences, collects wishes for videos.

    The verdicts of all sentences are folded into one per category, which is what the audit gets at the end.
    """

    def __init__(self, engine: Engine, errand: Errand, settings: AnswerSettings) -> None:
        self._engine = engine
        self._errand = errand
        self._settings = settings
        self._gate = SentenceGate()
        self._decision = Decision()
        self._wishes: list[str] = []

    async def run(self, job: Understand) -> list[str]:
        errand = self._errand
        ticket = self._engine.submit(job, request=errand.id, user=errand.user, community=errand.community)
        try:
            await self._follow(ticket)
            await self._release(self._gate.rest())
        except Blocked:
            errand.stage.update(text="")
            raise
        finally:
            await errand.record(self._decision, Where.ANSWER, errand.stage.view.text)
        errand.stage.update(text=errand.stage.view.text.strip())
        return self._wishes

    async def _follow(self, ticket: Ticket) -> None:
        errand, stage = self._errand, self._errand.stage
        watching = stage.view.status
        async with aclosing(ticket.__aiter__()) as events:
            async for event in events:
                match event:
                    case Queued():
                        stage.update(state=State.WAITING, queue=QueueSpot(event.position, event.eta_s))
                    case Started():
                        self._gate, self._wishes = SentenceGate(), []
                        status = RETRYING if event.attempt > 1 else watching
                        stage.update(state=State.WORKING, queue=None, text="", status=status)
                    case FramesSeen():
                        stage.update(stills=tuple(_still(frame) for frame in event.frames))
                    case Token():
                        await self._release(self._gate.feed(event.text))
                    case VideoWanted():
                        self._wishes.append(event.prompt)
                    case Answered():
                        errand.seconds += event.seconds
                        frames = f" · {event.frames} frames" if event.frames else ""
                        errand.footers.append(f"{event.model}{frames} · {event.seconds:.1f} s")
                        stage.update(model=event.model)

    async def _release(self, sentence: str) -> None:
        """Check a sentence in the light of what stands before it, then show it."""
        if not sentence:
            return
        errand = self._errand
        shown = errand.stage.view.text
        if sentence.strip():
            decision = await errand.safety.check(
                errand.policy,
                request=errand.id,
                text=shown[-CHECKED_BEFORE:] + sentence,
                text_at=Where.ANSWER,
            )
            self._decision += decision
            errand.judge(decision, Where.ANSWER)
        errand.stage.update(text=shown + sentence, status="")


def remembered(said: str, videos: Sequence[MadeVideo]) -> NewTurn:
    """The assistant's turn as a model will read it again: with the tags that asked for its videos."""
    tags = [f"<video>{video.prompt}</video>" for video in videos]
    clips = tuple(StoredClip(video.path, "made video") for video in videos)
    return NewTurn(role="assistant", text=" ".join(filter(None, [said, *tags])), clips=clips)


def _still(frame: Frame) -> Still:
    return Still(path=frame.path, time_s=frame.time_s, clip=frame.clip)
