"""The models of one inference process, by role, and what each kind of job does with them.

It knows no queue, no pipe and no policy: it scores, answers and renders, and says what it cannot do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from engine.backends.base import Footprint
from engine.echoes import Echoes
from engine.errors import BadRequest, JobFailed, MissingExtra
from engine.executors.wire import Loaded
from engine.extras import install
from engine.moderation import Guards
from engine.protocol import TagParser
from engine.registry import choices, create_backend, describe, no_model, unknown_model
from engine.residents import Loading, Residents
from engine.types import (
    Answered,
    Coverage,
    Event,
    FramesSeen,
    Generate,
    Inspect,
    Inspected,
    Job,
    MediaLimits,
    ModelChoice,
    Moderate,
    Rendered,
    Result,
    Role,
    RuntimeConfig,
    Scored,
    ScoreTexts,
    TextsScored,
    Token,
    Transcode,
    Transcoded,
    Transcribe,
    Transcribed,
    Understand,
    VideoWanted,
)

if TYPE_CHECKING:
    from types import ModuleType

_STILL_SIDE = 320  # pixels; people look at stills as thumbnails

_GUARDS = (Role.TEXT_GUARD, Role.FRAME_GUARD)

Emit = Callable[[Event], None]
Checkpoint = Callable[[], None]


class _Model:
    """A backend, how it was chosen, and how it describes itself."""

    def __init__(self, role: Role, choice: ModelChoice, backend: Any) -> None:
        self.key = f"{choice.key} ({role.value})"  # two roles may have models of the same name
        self.choice = choice
        self.backend = backend
        self.card = describe(backend, choice)


class Runtime:
    """Constructed cheaply, loaded once, then called from one thread.

    `run` is re-entrant in one respect: a `Moderate` or `Inspect` may run inside the checkpoint of another job.
    """

    def __init__(self, config: RuntimeConfig, *, alone: bool = False) -> None:
        """`alone` in its process, a runtime keeps the garbage collector away from what it has loaded."""
        self._config = config
        self._models: dict[Role, dict[str, _Model]] = {}  # by backend name, the default of a role first
        self._residents = Residents(config, alone=alone)
        self._guards = Guards((), ())

    def load(self, loading: Loading = lambda size: None) -> Loaded:
        """Bring up every configured model, in turns where the device has no room for all of them.

        `loading(bytes)` is told before each model that is loaded, now or later inside a job: until it is there, nothing
        can be heard. Raises `MissingExtra`, `MissingModel`, `BadRequest` or `OutOfMemory` with a sentence for the
        operator.
        """
        for role, choice in choices(self._config):
            model = _Model(role, choice, create_backend(role, choice, self._config))
            if missing := model.card.missing:
                raise MissingExtra(missing, role=role.value, backend=choice.backend)
            self._models.setdefault(role, {})[choice.key] = model
        self._residents.loading = loading
        self._load_all()
        self._guards = Guards(*([(guard.backend, guard.card) for guard in self._all(role)] for role in _GUARDS))
        if Role.FRAME_GUARD in self._models:  # it will need pictures: the first user should not wait for imports
            _media()
        self._residents.settle()
        cards = tuple(model.card for role in self._models for model in self._all(role))
        return Loaded(cards=cards, coverage=self.coverage)

    def _load_all(self) -> None:
        """The guards first, for they stay. What is loaded last leaves last: the first question finds its model there.

        When a guard looks through the model for questions, that one is as good as a guard.
        """
        judging = any(_looks_through_others(model) for role in _GUARDS for model in self._all(role))
        staying = (Role.UNDERSTANDING, *_GUARDS) if judging else _GUARDS
        order = dict.fromkeys((*staying, Role.SPEECH, Role.GENERATION, Role.UNDERSTANDING))
        models = [(role, model) for role in order for model in reversed(self._all(role))]
        for role, model in models:
            self._residents.add(model.key, model.backend, guard=role in staying)
        for _, model in models:
            if _looks_through_others(model):
                model.backend.attach(self._default)
            self._residents.load(model.key)
            model.card = describe(model.backend, model.choice)  # loaded, it may know more about itself

    @property
    def coverage(self) -> Coverage:
        return self._guards.coverage

    @property
    def footprints(self) -> dict[Role, Footprint]:
        """What the default model of each role takes of the device, where it takes any."""
        known = self._residents.footprints
        defaults = {role: next(iter(models.values())).key for role, models in self._models.items()}
        return {role: known[key] for role, key in defaults.items() if key in known}

    def run(self, job: Job, emit: Emit, checkpoint: Checkpoint) -> Result:
        """Do a job to its end. `checkpoint` is called between steps and raises `JobCancelled` to stop it.

        Raises the `EngineError`s that the job's kind promises, and whatever else a backend raises.
        """
        match job:
            case Understand():
                return self._understand(job, emit, checkpoint)
            case Generate():
                return self._generate(job, emit, checkpoint)
            case Moderate():
                return self._moderate(job, checkpoint)
            case ScoreTexts():
                scores, unread = self._guards.score_texts(job.texts, checkpoint)
                return TextsScored(scores=scores, unread=unread)
            case Inspect():
                return self._inspect(job, checkpoint)
            case Transcribe():
                return self._transcribe(job, emit, checkpoint)
            case Transcode():
                return self._transcode(job, checkpoint)

    def relieve(self, job: Job) -> bool:
        """A job ran out of memory: make room, and have its model work in a way that needs less. False when there is
        nothing to be done. What the job had made must not be referred to any more."""
        needed = _needed_by(job)
        return needed is not None and self._residents.relieve(self._model(*needed).key)

    def _understand(self, job: Understand, emit: Emit, checkpoint: Checkpoint) -> Answered:
        model = self._model(Role.UNDERSTANDING)
        if not job.turns or job.turns[-1].role != "user":
            raise BadRequest("There is no question to answer. Please ask one.")
        with self._residents.at_work(model.key, checkpoint):
            own = _OwnTime(checkpoint)
            context = _Context(self._config.limits, emit, own.checkpoint)
            if outside := getattr(model.backend, "outside", None):  # engine.backends.base.ReadsOthers
                context.echoes = Echoes(lambda: outside(job, context))
            pieces = model.backend.answer(job, context)
            with ExitStack() as stack:
                if close := getattr(pieces, "close", None):
                    stack.callback(close)
                for piece in pieces:
                    context.say(piece)
            context.end_of_answer()
        remark = (
            remarks() if (remarks := getattr(model.backend, "remark", None)) else ""
        )  # engine.backends.base.Remarks
        name = " · ".join(filter(None, (model.card.name, remark)))
        return Answered(model=name, seconds=own.seconds(), frames=context.frames, tokens=context.tokens)

    def _generate(self, job: Generate, emit: Emit, checkpoint: Checkpoint) -> Rendered:
        model = self._model(Role.GENERATION, job.model)
        if not job.prompt.strip():
            raise BadRequest("There is nothing to make a video of. Please describe it in a few words.")
        with self._residents.at_work(model.key, checkpoint):
            own = _OwnTime(checkpoint)
            rendered: Rendered = model.backend.render(job, _Context(self._config.limits, emit, own.checkpoint))
        if not Path(rendered.path).is_file():
            raise JobFailed("The video model finished without a video. Please try again.")
        return msgspec.structs.replace(rendered, seconds=own.seconds())

    def _moderate(self, job: Moderate, checkpoint: Checkpoint) -> Scored:
        started = time.monotonic()
        scores, frames = self._guards.score(job, self._config.limits, checkpoint)
        for role in _GUARDS:
            for guard in self._all(role):
                self._residents.measure(guard.key)
        return Scored(
            scores=scores,
            coverage=self.coverage,
            unread=self._guards.unread(job.text),
            frames=frames,
            seconds=time.monotonic() - started,
        )

    def _inspect(self, job: Inspect, checkpoint: Checkpoint) -> Inspected:
        media = _media()
        if job.stills_dir is None:
            return Inspected(info=media.probe(Path(job.clip.path), self._config.limits))
        with media.open_clip(Path(job.clip.path), self._config.limits, checkpoint=checkpoint) as clip:
            if job.times:
                frames = clip.frames_at(job.times, max_side=_STILL_SIDE)
            else:
                frames = clip.sample(job.stills, max_side=_STILL_SIDE)
            return Inspected(info=clip.info, frames=media.write_stills(frames, Path(job.stills_dir)))

    def _transcribe(self, job: Transcribe, emit: Emit, checkpoint: Checkpoint) -> Transcribed:
        model = self._model(Role.SPEECH)
        with self._residents.at_work(model.key, checkpoint):
            own = _OwnTime(checkpoint)
            context = _Context(self._config.limits, emit, own.checkpoint)
            heard: Transcribed = model.backend.transcribe(job.clip, context)
        return msgspec.structs.replace(heard, model=model.card.name, seconds=own.seconds())

    def _transcode(self, job: Transcode, checkpoint: Checkpoint) -> Transcoded:
        done: Transcoded = _media().transcode(Path(job.source), Path(job.out), job.max_bytes, checkpoint=checkpoint)
        return done

    def _model(self, role: Role, name: str = "") -> _Model:
        """The named model of a role, or its default."""
        if role not in self._models:
            raise no_model(role)
        known = self._models[role]
        if name and name not in known:
            raise unknown_model(name, known)
        return known[name or next(iter(known))]

    def _all(self, role: Role) -> tuple[_Model, ...]:
        return tuple(self._models.get(role, {}).values())

    def _default(self, role: Role) -> Any | None:
        return self._model(role).backend if role in self._models else None


def _looks_through_others(model: _Model) -> bool:
    return hasattr(model.backend, "attach")  # engine.backends.base.NeedsModels


def _needed_by(job: Job) -> tuple[Role, str] | None:
    """The role, and the name if one is given, of the model that does a job."""
    match job:
        case Understand():
            return Role.UNDERSTANDING, ""
        case Generate():
            return Role.GENERATION, job.model
        case Transcribe():
            return Role.SPEECH, ""
        case _:
            return None


class _OwnTime:
    """Measures a job from here on, without what other jobs take that run inside its checkpoints."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._began = time.monotonic()
        self._others_s = 0.0

    def checkpoint(self) -> None:
        began = time.monotonic()
        self._checkpoint()
        self._others_s += time.monotonic() - began

    def seconds(self) -> float:
        return time.monotonic() - self._began - self._others_s


class _Context:
    """What a running backend may do to the world (`engine.backends.base.JobContext`)."""

    def __init__(self, limits: MediaLimits, emit: Emit, checkpoint: Checkpoint) -> None:
        self.limits = limits
        self.checkpoint = checkpoint
        self.frames = 0
        self.tokens = 0
        self._emit = emit
        self._parser = TagParser()
        self.echoes: Echoes | None = None

    def say(self, piece: str) -> None:
        self.tokens += 1
        self._pass_on(self._parser.feed(piece))
        self.checkpoint()

    def end_of_answer(self) -> None:
        """No more pieces come: pass on what was held back."""
        self._pass_on(self._parser.finish())
        if self.echoes is not None:
            for event in self.echoes.finish():
                self._emit(event)

    def _pass_on(self, events: Iterable[Token | VideoWanted]) -> None:
        for event in self.echoes.sift(events) if self.echoes is not None else events:
            self._emit(event)

    def emit(self, event: Event) -> None:
        if isinstance(event, FramesSeen):
            self.frames += len(event.frames)
        self._emit(event)


def _media() -> ModuleType:
    try:
        import engine.media
    except ModuleNotFoundError as error:
        raise MissingExtra(f"Reading and writing videos needs the package “{error.name}”. {install('lite')}") from error
    return engine.media
