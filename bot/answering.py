"""A question in, a checked answer out: the walk of docs/architecture.md from the input check to the last sentence."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from adapters.base import Attachment, MadeVideo, QueueSpot, Quoted, State, Still, Wants
from bot.clips import Clips, as_clips
from bot.conversation import context
from bot.errand import Errand
from bot.errors import BadInput, Blocked, NotPermitted, OverQuota
from bot.files import Shelf
from bot.hearing import Hearing
from bot.making import RETRYING, Making, Wish
from bot.requests import chain_of, same_room
from bot.safety import Decision, Where
from bot.store import NewTurn, Store, StoredClip, StoredTurn
from bot.streaming import SentenceGate
from bot.words import shorten
from engine import Engine, Ticket
from engine.protocol import inert
from engine.types import (
    Answered,
    Frame,
    FramesSeen,
    Queued,
    Started,
    Token,
    Turn,
    Understand,
    VideoWanted,
)

DEFAULT_QUESTION = "What happens here?"
DESCRIBE = (
    "Describe what happens here in one sentence, as a prompt for a model that makes videos: the subject, what it does, "
    "the setting, the light and the style. Write only the prompt."
)
DESCRIPTION_TOKENS = 120
LONGEST_DESCRIPTION = 400  # characters; text encoders of video models read some 77 to 512 tokens
MOST_QUOTED = 20  # messages of a reply chain
LONGEST_QUOTE = 2000  # characters of one of them
QUOTED = re.compile(r"“[^”]+”|„[^“”]+[“”]|«[^»]+»|\"[^\"]+\"")
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
        self._clips = Clips(engine, store, shelf, most=settings.clips_per_message)
        self._hearing = Hearing(engine, shelf)

    async def answer(self, errand: Errand, attachments: Sequence[Attachment]) -> None:
        """Fetch, watch, listen, check, answer. The errand ends with its text, videos, turns and footers filled in.

        Raises `NotPermitted`, `OverQuota`, `Blocked`, `BadInput` or `EngineError`; what was shown before stays checked.
        """
        await errand.admit(Wants.ASK)
        stored = await self._clips.bring(errand, attachments)
        text = errand.request.text.strip()
        if not text and not stored:
            raise BadInput("Ask me something, or post a clip and ask about it.")
        question, clips = text or DEFAULT_QUESTION, as_clips(stored)
        infos = await self._clips.look(errand, clips)
        await errand.check(text=text, text_at=Where.QUESTION, clips=clips, clips_at=Where.CLIP)
        clips = await self._hearing.hear(errand, clips, infos)
        turns = await self._context(errand, Turn(role="user", text=question, clips=clips))
        errand.turns.append(NewTurn(role="user", text=question, clips=tuple(stored)))
        about = next((turn.clips for turn in reversed(turns) if turn.clips), ())
        remarks = filter(None, (await self._clips.missing(errand, about, infos), self._hearing.remark(turns)))
        watched = any(turn.clips for turn in turns)
        wishes = await _Answer(self._engine, errand, remark=" · ".join(remarks), watched=watched).run(
            Understand(
                turns=turns,
                frames=self._settings.frames,
                max_tokens=self._settings.max_tokens,
                stills_dir=str(self._shelf.stills(errand.id)),
            )
        )
        errand.served()
        said = errand.stage.view.text
        picture = stored[0] if [info.kind for info in infos] == ["image"] else None
        try:
            await self._fulfil(errand, wishes[: self._settings.videos_per_answer], picture)
        finally:
            errand.turns.append(remembered(said, errand.stage.view.videos))

    async def look_at(self, errand: Errand, attachments: Sequence[Attachment]) -> tuple[StoredClip, ...]:
        """The clips of a request for a video, opened and checked.

        Raises `Blocked` when one may not be used, `BadInput` or `EngineError`.
        """
        stored = await self._clips.bring(errand, attachments)
        clips = as_clips(stored)
        if clips:
            await self._clips.look(errand, clips)
            await errand.check(clips=clips, clips_at=Where.CLIP)
        return stored

    async def describe(self, errand: Errand, stored: Sequence[StoredClip]) -> str:
        """What checked clips show, as a prompt for a video like them. Shows nothing of the words.

        Raises `EngineError`.
        """
        return await _Answer(self._engine, errand).describe(
            Understand(
                turns=(Turn(role="user", text=DESCRIBE, clips=as_clips(stored)),),
                frames=self._settings.frames,
                max_tokens=DESCRIPTION_TOKENS,
                stills_dir=str(self._shelf.stills(errand.id)),
            )
        )

    async def _context(self, errand: Errand, question: Turn) -> tuple[Turn, ...]:
        """The stored conversation, then the reply chain, then the question, within the budget, and what is said in
        the clips of all of them."""
        chain, threaded = await self._chain(errand)
        stored = await self._store.turns(errand.place.conversation, self._settings.max_turns)
        turns = await asyncio.to_thread(
            context,
            [*(turn for turn in stored if turn.request not in threaded), *chain],
            question,
            budget=self._settings.token_budget,
            frames_per_clip=self._settings.frames,
            exists=lambda path: Path(path).exists(),
            speech=self._hearing.known,
        )
        return await self._hearing.catch_up(errand, turns)

    async def _chain(self, errand: Errand) -> tuple[list[NewTurn | StoredTurn], set[str]]:
        """The turns of what the question replies to, and whose they are. What no request knows is checked first."""
        quoted = chain_of(errand.request)[-MOST_QUOTED:]
        if not quoted:
            return [], set()
        asked = await self._store.asked(errand.place.platform, [each.event_id for each in quoted])
        known = {each.event_id: each for each in asked if same_room(each, errand.place)}
        turns = await self._store.turns_of([each.id for each in known.values()])
        chain = replied_to(quoted, {event: each.id for event, each in known.items()}, turns)
        strange = "\n".join(turn.text for turn in chain if isinstance(turn, NewTurn))
        await errand.check(text=strange, text_at=Where.QUESTION)
        return chain, {each.id for each in known.values()}

    async def _fulfil(self, errand: Errand, wishes: Sequence[str], picture: StoredClip | None) -> None:
        """Make what the model asked for. What cannot be made is said; the answer itself stays.

        Permission to chat is no permission to have videos made, so each is admitted for itself. Who posts one picture
        and gets a video with the answer has asked for it to come alive: the video begins with the picture, where its
        model can do that, and the footer says so.
        """
        for index, prompt in enumerate(wishes):
            try:
                await errand.admit(Wants.GENERATE, index)
                await self._making.make(errand, Wish(prompt=prompt), index, picture=picture)
            except (NotPermitted, OverQuota, BadInput) as error:
                errand.stage.update(notice=str(error))
                return


class _Answer:
    """One answer while it streams: shows approved sentences, collects wishes for videos. `remark` stands in its footer;
    `watched` says that it is about clips, so that what it quotes can be read there.

    The verdicts of all sentences are folded into one per category, which is what the audit gets at the end.
    """

    def __init__(self, engine: Engine, errand: Errand, *, remark: str = "", watched: bool = False) -> None:
        self._engine = engine
        self._errand = errand
        self._remark = remark
        self._watched = watched
        self._gate = SentenceGate()
        self._decision = Decision()
        self._judged = ""  # what was shown, or was about to be
        self._wishes: list[str] = []
        self._collected = ""  # what was not shown but is a prompt

    async def run(self, job: Understand) -> list[str]:
        """Show the answer as it comes. Returns the prompts of the videos that the model asks for."""
        errand = self._errand
        try:
            await self._follow(self._submit(job), self._release)
            await self._release(self._gate.rest())
        except Blocked:
            errand.stage.update(text="")
            raise
        finally:
            await errand.record(self._decision, Where.ANSWER, self._judged)
        errand.stage.update(text=errand.stage.view.text.strip())
        return self._wishes

    async def describe(self, job: Understand) -> str:
        """Collect the answer as one line instead of showing it: a prompt. Some models write it as a wish at once."""

        async def collect(sentence: str) -> None:
            self._collected += sentence

        await self._follow(self._submit(job), collect)
        return shorten(self._wishes[0] if self._wishes else self._collected + self._gate.rest(), LONGEST_DESCRIPTION)

    def _submit(self, job: Understand) -> Ticket:
        errand = self._errand
        return self._engine.submit(job, request=errand.id, user=errand.user, community=errand.community)

    async def _follow(self, ticket: Ticket, take: Callable[[str], Awaitable[None]]) -> None:
        errand, stage = self._errand, self._errand.stage
        watching = stage.view.status
        async with aclosing(ticket.__aiter__()) as events:
            async for event in events:
                match event:
                    case Queued():
                        stage.update(state=State.WAITING, queue=QueueSpot(event.position, event.eta_s))
                    case Started():
                        errand.model_began()
                        self._gate, self._wishes, self._collected = SentenceGate(), [], ""
                        status = RETRYING if event.attempt > 1 else watching
                        stage.update(state=State.WORKING, queue=None, text="", status=status)
                    case FramesSeen():
                        stage.update(stills=tuple(_still(frame) for frame in event.frames))
                    case Token():
                        await take(self._gate.feed(event.text))
                    case VideoWanted():
                        self._wishes.append(event.prompt)
                    case Answered():
                        errand.model_ended(event.seconds)
                        frames = f"{event.frames} {'frame' if event.frames == 1 else 'frames'}" if event.frames else ""
                        parts = filter(None, (event.model, frames, self._remark, f"{event.seconds:.1f} s"))
                        errand.footers.append(" · ".join(parts))
                        stage.update(model=event.model)

    async def _release(self, sentence: str) -> None:
        """Check a sentence in the light of what stands before it, then show it."""
        if not sentence:
            return
        errand = self._errand
        shown = errand.stage.view.text
        if sentence.strip():
            text = shown[-CHECKED_BEFORE:] + sentence
            decision = await errand.decide(text=text, text_at=Where.ANSWER)
            if self._watched:
                decision = await self._on_screen(sentence) or decision
            self._decision += decision
            self._judged = shown + sentence
            await errand.judge(decision, Where.ANSWER, text=text)
        errand.stage.update(text=shown + sentence, status="")

    async def _on_screen(self, sentence: str) -> Decision | None:
        """The decision about what a sentence quotes, when that is blocked: it stands in the clip, and the answer is not
        to blame. A guard may forgive who only speaks of something; what stands on the screen is said anyway."""
        quoted = "\n".join(match.strip('“”"„«»') for match in QUOTED.findall(sentence))
        if not quoted:
            return None
        errand = self._errand
        decision = await errand.decide(text=quoted, text_at=Where.SCREEN)
        return decision if decision.blocked else None


def remembered(said: str, videos: Sequence[MadeVideo]) -> NewTurn:
    """The assistant's turn as a model will read it again: with the tags that asked for its videos.

    A prompt that somebody wrote must not end its tag and go on in the assistant's name, and a tag that the answer
    only quoted must not look like one that it wrote.
    """
    tags = [f"<video>{video.prompt.replace('<', '‹')}</video>" for video in videos]
    clips = tuple(StoredClip(video.path, "made video") for video in videos)
    return NewTurn(role="assistant", text=" ".join(filter(None, [inert(said), *tags])), clips=clips)


def replied_to(
    quoted: Sequence[Quoted], known: Mapping[str, str], turns: Sequence[StoredTurn]
) -> list[NewTurn | StoredTurn]:
    """A reply chain as turns, oldest first. `known` are requests by their event, `turns` theirs.

    What belongs to a request is taken from its turns, which hold the answer too, so that the bot's messages right after
    it are left out. Everything else is quoted, shortened.
    """
    found: list[NewTurn | StoredTurn] = []
    answered = False
    for each in quoted:
        request = known.get(each.event_id)
        if request is not None:
            found += [turn for turn in turns if turn.request == request]
            answered = True
        elif not (each.mine and answered) and each.text.strip():
            answered = False
            text = each.text.strip()[:LONGEST_QUOTE]
            said = inert(text) if each.mine else f"{shorten(each.name, 60)} wrote: {text}"
            found.append(NewTurn(role="assistant" if each.mine else "user", text=said))
    return found


def _still(frame: Frame) -> Still:
    return Still(path=frame.path, time_s=frame.time_s, clip=frame.clip)
