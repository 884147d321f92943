"""An engine that answers from a script, so that the application can be tested without a model or a process.

Scores follow the words: a text with "vile" in it scores 0.99 for harassment, a file with "nude" in its name 0.95 for
sexual. A file is a film, one that is called .png a picture. What a job does is given as a list of events; an
`asyncio.Event` among them is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from engine.errors import EngineError, GuardUnavailable, StorageFull
from engine.types import (
    Answered,
    Category,
    Clip,
    ClipInfo,
    Coverage,
    Event,
    Frame,
    Generate,
    Inspect,
    Inspected,
    Job,
    ModelCard,
    Moderate,
    Progress,
    Rendered,
    Result,
    Role,
    Score,
    Scored,
    Started,
    Token,
    Transcode,
    Transcoded,
    Transcribe,
    Transcribed,
    Understand,
    Utterance,
)

Script = Sequence[Event | asyncio.Event | Exception]
EARS = ModelCard(role=Role.SPEECH, backend="ears", name="Scripted ears")
ANSWERED = Answered(model="scripted", seconds=1.5, frames=8, tokens=3)


def says(*pieces: str) -> Script:
    return [Started(), *(Token(text=piece) for piece in pieces), ANSWERED]


def hears(*lines: str, seconds: float = 2.0) -> Script:
    utterances = tuple(Utterance(start_s=index, end_s=index + 1, text=line) for index, line in enumerate(lines))
    return [Started(), Transcribed(utterances=utterances, language="en", model="Scripted ears", seconds=seconds)]


class ScriptedTicket:
    def __init__(self, engine: ScriptedEngine, job: Job, script: Script) -> None:
        self._engine, self._job, self._script = engine, job, script
        self.cancelled = False

    async def __aiter__(self) -> AsyncGenerator[Event, None]:
        ended = False
        try:
            for item in self._script:
                if isinstance(item, asyncio.Event):
                    await item.wait()
                elif isinstance(item, Exception):
                    raise item
                else:
                    if isinstance(item, Rendered) and isinstance(self._job, Generate):
                        Path(self._job.out).write_bytes(b"v" * self._engine.video_bytes)
                        item = Rendered(
                            path=self._job.out,
                            seed=self._job.seed or 1,
                            width=self._job.width,
                            height=self._job.height,
                            frames=item.frames if item.frames > 1 else 72,
                            fps=24,
                            model="scripted",
                            seconds=item.seconds,
                        )
                    ended = isinstance(item, (Answered, Rendered, Transcribed))
                    yield item
        finally:
            if not ended:
                self._engine.cancelled.append(self._job)


class ScriptedEngine:
    """Stands where an `Engine` stands."""

    def __init__(self) -> None:
        self.answers: list[Script] = []
        self.videos: list[Script] = []
        self.speeches: list[Script] = []
        self.has_audio = False
        self.declared_s = 0.0  # of films that did not arrive whole
        self.jobs: list[Job] = []
        self.cancelled: list[Job] = []
        self.guards_work = True
        self.unsafe_video = False
        self.inspect_error: EngineError | None = None
        self.video_bytes = 100
        self.coverage = Coverage(text=(Category.HARASSMENT,), frames=(Category.SEXUAL,))
        self.stills_fail = False
        self.users: list[str] = []  # who each job was submitted for
        self.cards: tuple[ModelCard, ...] = (
            ModelCard(role=Role.UNDERSTANDING, backend="reader", name="Scripted reader"),
            ModelCard(role=Role.GENERATION, backend="painter", name="Scripted painter"),
            ModelCard(role=Role.GENERATION, backend="dreamer", name="Scripted dreamer"),
        )

    @property
    def generation_models(self) -> tuple[ModelCard, ...]:
        return tuple(card for card in self.cards if card.role is Role.GENERATION)

    def submit(
        self, job: Job, *, request: str, user: str = "", community: str = "", system: bool = False
    ) -> ScriptedTicket:
        self.jobs.append(job)
        self.users.append(user)
        if isinstance(job, Understand):
            return ScriptedTicket(self, job, self.answers.pop(0) if self.answers else says("All is well."))
        if isinstance(job, Transcribe):
            return ScriptedTicket(self, job, self.speeches.pop(0) if self.speeches else hears())
        rendered = Rendered(path="", seed=0, width=0, height=0, frames=1, fps=24, model="")
        default: Script = [Started(), Progress(step=1, total=2), rendered]
        return ScriptedTicket(self, job, self.videos.pop(0) if self.videos else default)

    async def run(self, job: Job, *, request: str, user: str = "", community: str = "", system: bool = False) -> Result:
        self.jobs.append(job)
        match job:
            case Moderate():
                return self._score(job)
            case Inspect():
                if self.inspect_error is not None:
                    raise self.inspect_error
                return Inspected(info=self._info(job.clip), frames=self._stills(job))
            case Transcode():
                Path(job.out).write_bytes(b"s" * job.max_bytes)
                return Transcoded(path=job.out, size_bytes=job.max_bytes, width=320, height=180)
            case _:
                raise AssertionError(f"{job} is not run but submitted")

    def _stills(self, job: Inspect) -> tuple[Frame, ...]:
        if job.stills_dir is None:
            return ()
        if self.stills_fail:
            raise StorageFull("There is no room left.")
        frames = [
            Frame(path=str(Path(job.stills_dir) / f"{index}.jpg"), time_s=time_s)
            for index, time_s in enumerate(job.times)
        ]
        for frame in frames:
            Path(frame.path).write_bytes(Path(job.clip.path).read_bytes())
        return tuple(frames)

    def _info(self, clip: Clip) -> ClipInfo:
        """A film, or by its name a picture; what the engine made itself is silent."""
        picture = clip.path.endswith(".png")
        sounds = self.has_audio and not picture and clip.name != "made video"
        kind: Literal["image", "video"] = "image" if picture else "video"
        return msgspec.structs.replace(_FILM, kind=kind, has_audio=sounds, declared_s=self.declared_s)

    def of(self, kind: type[Job]) -> list[Job]:
        return [job for job in self.jobs if isinstance(job, kind)]

    def _score(self, job: Moderate) -> Scored:
        if not self.guards_work:
            raise GuardUnavailable("The guard is ill.")
        scores = []
        if job.text:
            value = 0.99 if "vile" in job.text else 0.01
            scores.append(Score(category=Category.HARASSMENT, score=value, guard="script", source="text"))
        for index, clip in enumerate(job.clips):
            unsafe = "nude" in clip.path or (self.unsafe_video and clip.name == "video")
            scores.append(
                Score(
                    category=Category.SEXUAL,
                    score=0.95 if unsafe else 0.02,
                    guard="script",
                    source="frame",
                    time_s=7.2,
                    clip=index,
                )
            )
        return Scored(scores=tuple(scores), coverage=self.coverage, frames=len(job.clips))


_FILM = ClipInfo(
    kind="video",
    container="mp4",
    codec="h264",
    width=640,
    height=272,
    duration_s=10.0,
    fps=25.0,
    frames=250,
    rotation=0,
    has_audio=False,
    hdr=False,
    alpha=False,
    size_bytes=1000,
)
