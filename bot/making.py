"""Words in, a checked video out: the second half of the walk in docs/architecture.md. `/generate` enters here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from adapters.base import MadeVideo, QueueSpot, State
from bot.errand import Errand
from bot.errors import BadInput, Blocked
from bot.files import Shelf
from bot.safety import Where
from bot.store import StoredClip
from bot.words import listing, shorten
from engine import Engine
from engine.errors import JobFailed
from engine.types import Clip, Generate, ModelCard, Progress, Queued, Rendered, Started, Transcode, Transcoded

RETRYING = "The model broke down while I was working; I'm trying once more."


@dataclass(frozen=True)
class GenerationDefaults:
    """Lengths in seconds, sizes in pixels; what is asked for beyond the maxima is refused with a sentence."""

    seconds: float = 3.0
    max_seconds: float = 10.0
    width: int = 640
    height: int = 360
    max_width: int = 1280
    max_height: int = 1280


@dataclass(frozen=True)
class Wish:
    """A video that somebody, or the model, asks for. None means the configured default.

    `extends` is an earlier request whose video shall be continued, up to `seconds` together with it; without that file,
    or with a model that cannot continue videos, all of it is rendered. `described` says that the prompt tells already
    what a clip to make a video like shows.
    """

    prompt: str
    avoid: str = ""
    seed: int | None = None
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    model: str = ""  # the `backend` of one of the engine's generation models
    extends: str = ""
    described: bool = False


SMALLEST = 64  # pixels a side; below, nothing can be recognised
SHORTEST_S = 0.5


class Making:
    """Renders wishes through the engine and checks both the words and the frames."""

    def __init__(
        self, engine: Engine, shelf: Shelf, defaults: GenerationDefaults, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._shelf = shelf
        self._defaults = defaults
        self._clock = clock

    @property
    def defaults(self) -> GenerationDefaults:
        return self._defaults

    def check(self, wish: Wish) -> None:
        """Raise `BadInput` with a sentence for what cannot be made, whatever the words are."""
        limits = self._defaults
        seconds, width, height = self._sizes(wish)
        if not SHORTEST_S <= seconds <= limits.max_seconds:
            raise BadInput(f"I make videos of {SHORTEST_S:g} to {limits.max_seconds:g} seconds, not {seconds:g}.")
        if not (SMALLEST <= width <= limits.max_width and SMALLEST <= height <= limits.max_height):
            raise BadInput(
                f"I make videos from {SMALLEST}×{SMALLEST} to {limits.max_width}×{limits.max_height} pixels, "
                f"not {width}×{height}."
            )
        if wish.seed is not None and not 0 <= wish.seed < 2**31:
            raise BadInput("A seed is a whole number from 0 to 2147483647.")
        names = [card.backend for card in self._engine.generation_models]
        if wish.model and names and wish.model not in names:
            raise BadInput(f"I have no video model called {wish.model!r}. I have {listing(names)}.")

    async def animates(self, errand: Errand, wish: Wish) -> bool:
        """Whether the model that will make it can begin with a picture."""
        card = self._card(wish, await self._preferred(errand))
        return card is not None and card.animates

    def fit(self, wish: Wish, out: Path, *, preferred: str = "") -> Generate:
        """Fill a wish with the defaults. Raises `BadInput` with a sentence for what cannot be made.

        `preferred` is the model that this place prefers; while that one is not loaded, the first one is taken. Which
        sizes a model can really make is its own matter.
        """
        prompt = " ".join(wish.prompt.split())
        if not prompt:
            raise BadInput("Say in a few words what the video should show.")
        self.check(wish)
        seconds, width, height = self._sizes(wish)
        card = self._card(wish, preferred)
        return Generate(
            prompt=prompt,
            out=str(out),
            negative_prompt=wish.avoid,
            seed=wish.seed,
            seconds=seconds,
            width=width,
            height=height,
            model=wish.model or (preferred if card is not None and card.backend == preferred else ""),
        )

    def _card(self, wish: Wish, preferred: str) -> ModelCard | None:
        """The model that makes it: the named one, else the place's, else the first one."""
        by_name = {card.backend: card for card in reversed(self._engine.generation_models)}
        first = next(iter(self._engine.generation_models), None)
        return by_name.get(wish.model or preferred, first)

    async def _preferred(self, errand: Errand) -> str:
        return (await errand.access.settings(errand.place.platform, errand.place.community)).model

    def _sizes(self, wish: Wish) -> tuple[float, int, int]:
        """Seconds, width and height."""
        limits = self._defaults
        return (
            limits.seconds if wish.seconds is None else wish.seconds,
            limits.width if wish.width is None else wish.width,
            limits.height if wish.height is None else wish.height,
        )

    async def make(
        self,
        errand: Errand,
        wish: Wish,
        index: int = 0,
        *,
        picture: StoredClip | None = None,
        earlier: MadeVideo | None = None,
    ) -> MadeVideo:
        """Check the prompt, render, check the frames, fit the file to its destination, and show it.

        With a model that animates, the video continues the `earlier` one, or begins with the `picture`, which may also
        be a clip; other models go by the words alone. Both have been checked before.

        Raises `Blocked` when either check blocks, `BadInput` for an impossible wish, `EngineError` for the rest.
        """
        preferred = await self._preferred(errand)
        job = self.fit(wish, self._shelf.video(errand.id, index), preferred=preferred)
        card = self._card(wish, preferred)
        if card is not None and card.animates:
            job = self._beginning(job, picture, earlier)
        await errand.check(text=f"{job.prompt}\n{job.negative_prompt}".strip(), text_at=Where.PROMPT)
        try:
            rendered = await self._render(errand, job)
            errand.stage.update(status="Checking the video …", bar=None)
            await errand.check(clips=[Clip(path=rendered.path, name="video")], clips_at=Where.VIDEO)
            path = await self._fit_to_destination(errand, rendered.path)
        except BaseException as error:
            await self._shelf.remove([job.out, _fitted(job.out)])
            if isinstance(error, Blocked):
                raise Blocked(f"{error} Your quota was not charged for it.", by_score=error.by_score) from error
            raise
        errand.served()
        length = rendered.frames / rendered.fps
        begins = shorten(picture.name, 60) if picture is not None and job.image else ""
        new = f" (the last {length - earlier.seconds:.3g} s are new)" if earlier is not None and job.extends else ""
        errand.footers.append(
            f"{rendered.model} · {length:.3g} s{new} · {rendered.width}×{rendered.height} · seed {rendered.seed}"
            + (f" · begins with {begins}" if begins else "")
        )
        made = MadeVideo(
            path=path,
            prompt=job.prompt,
            seed=rendered.seed,
            width=rendered.width,
            height=rendered.height,
            seconds=length,
            frames=rendered.frames,
            fps=rendered.fps,
            model=rendered.model,
            begins=begins,
        )
        view = errand.stage.view
        errand.stage.update(videos=(*view.videos, made), model=view.model or rendered.model, status="", bar=None)
        return made

    def _beginning(self, job: Generate, picture: StoredClip | None, earlier: MadeVideo | None) -> Generate:
        """The job with what its video begins with. A video that is continued keeps its size, and `seconds` is added."""
        if earlier is not None:
            added = job.seconds - earlier.seconds
            if added >= SHORTEST_S:
                return msgspec.structs.replace(
                    job, extends=earlier.path, seconds=added, width=earlier.width, height=earlier.height
                )
        return msgspec.structs.replace(job, image=picture.path) if picture is not None else job

    async def _render(self, errand: Errand, job: Generate) -> Rendered:
        ticket = self._engine.submit(job, request=errand.id, user=errand.user, community=errand.community)
        stage, since = errand.stage, self._clock()
        async with aclosing(ticket.__aiter__()) as events:
            async for event in events:
                match event:
                    case Queued():
                        stage.update(state=State.WAITING, queue=QueueSpot(event.position, event.eta_s), status="")
                    case Started():
                        since = self._clock()
                        errand.model_began()
                        status = RETRYING if event.attempt > 1 else "Making the video …"
                        stage.update(state=State.WORKING, queue=None, bar=None, status=status)
                    case Progress():
                        stage.progress(event.step, event.total, event.label, since)
                    case Rendered():
                        errand.model_ended(event.seconds)
                        return event
        raise JobFailed("The video was not finished. Try again, and tell the operator if it goes on.")

    async def _fit_to_destination(self, errand: Errand, path: str) -> str:
        size = (await asyncio.to_thread(Path(path).stat)).st_size
        if size <= errand.place.upload_limit:
            return path
        errand.stage.update(status="Making the file small enough for this place …")
        fitted = _fitted(path)
        result = await self._engine.run(
            Transcode(source=path, out=fitted, max_bytes=errand.place.upload_limit),
            request=errand.id,
            user=errand.user,
            community=errand.community,
            system=True,
        )
        if not isinstance(result, Transcoded):
            raise JobFailed("The video could not be made smaller. Ask for a shorter one.")
        await asyncio.to_thread(Path(fitted).replace, path)
        return path


def _fitted(path: str) -> str:
    """Where a video lies while it is made smaller."""
    return str(Path(path).with_suffix(".fit.mp4"))
