"""The understanding backend for servers with OpenAI's chat API: puts watching, telling and asking together."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Self

from engine.backends.chat.conversation import ChatMessage, fit, in_question
from engine.backends.chat.outside import Signs
from engine.backends.chat.sampling import Viewer, Views, Watched, show
from engine.backends.lite import extra
from engine.backends.openai import dialect, sentences
from engine.backends.openai.facts import REMARK, Facts
from engine.backends.openai.options import Options, read
from engine.errors import BadRequest, MissingExtra
from engine.types import ModelCard, ModelChoice, Role, RuntimeConfig, Understand

if TYPE_CHECKING:
    from engine.backends.base import JobContext
    from engine.backends.openai.asking import Manners
    from engine.echoes import Outside

_PACKAGES = ("cv2", "numpy", "av", "PIL")

# Guesses, corrected by what the server counts: three characters and a half make a token in most languages with blanks,
# and models of 2025-26 turn 28 × 28 pixels into one.
_CHARACTERS = 3.5
_PATCH = 28
_PER_PART = 8  # marks around a picture or a text
_CONTEXT = 8192  # tokens, when neither the operator nor the server says
_WHOLE_FRAMES = 32  # what servers look at of a clip that they get whole
_CONTAINERS: Mapping[str, str] = {"mp4": "video/mp4", "mov": "video/quicktime", "webm": "video/webm"}


class OpenAiUnderstanding:
    """`UnderstandingBackend` whose model runs on a server. Takes the server's only model when none is named."""

    def __init__(self, model: str, options: Options, *, can_generate: bool = True) -> None:
        self._model = model
        self._options = options
        self._can_generate = can_generate
        self._viewer = Viewer()
        self._signs = Signs()
        self._manners: Manners | None = None
        self._facts = Facts()
        self._remark = ""
        self._scale = 1.0  # tokens that the server counts, for each that we do

    @classmethod
    def build(cls, choice: ModelChoice, config: RuntimeConfig) -> Self:
        """Raises `BadRequest` for options that make no sense."""
        if choice.lora:
            raise BadRequest(sentences.NO_ADAPTER)
        return cls(choice.model, read(choice.options), can_generate=Role.GENERATION in config.models)

    @property
    def model(self) -> str:
        """Its name, as the server has it once it was loaded."""
        return self._model

    def card(self) -> ModelCard:
        missing = extra.missing(*_PACKAGES)
        if not missing and find_spec("httpx2") is None:
            missing = sentences.MISSING_EXTRA
        if not missing and not self._options.base_url:
            missing = sentences.NO_ADDRESS
        name = self._model or f"the model at {self._options.host}"
        return ModelCard(role=Role.UNDERSTANDING, backend="openai", name=name, model=self._model, missing=missing)

    def load(self) -> None:
        """Ask the server for its models. Raises `MissingExtra`, `ServerFailed` when it does not answer, and
        `BadRequest` when it has not the one that is asked for."""
        if missing := self.card().missing:
            raise MissingExtra(missing)
        from engine.backends.openai import wire
        from engine.backends.openai.asking import Manners

        options = self._options
        known: dict[str, int] = {}
        try:
            known = dialect.models(
                wire.get(f"{options.base_url}/models", options.authorization, direct=options.is_here)
            )
        except (wire.Unreachable, wire.BrokenOff) as error:
            raise sentences.silent_at_start(options, str(error)) from error
        except wire.Refused as refusal:
            if refusal.status in (401, 403) or refusal.status >= 500:
                raise sentences.refused_at_start(options, refusal) from refusal
        except ValueError:
            pass  # it answers, but lists nothing: then the model's name has to be right
        self._model = self._one_of(known)
        context_tokens = options.context_tokens or known.get(self._model, 0) or _CONTEXT
        self._manners = Manners(context_tokens=context_tokens)

    def answer(self, job: Understand, context: JobContext) -> Iterator[str]:
        """Yield the answer as the server streams it, without what the model thinks.

        Raises `MediaError` for a clip that cannot be used, `ServerFailed`, `ServerTimeout` and `Overloaded`, and what
        the context raises.
        """
        if self._manners is None:
            self.load()
        from engine.backends.openai.asking import Asking, Manners

        manners, options = self._manners or Manners(), self._options
        views = self._viewer.look(job.turns, frames=job.frames, max_side=options.max_side, context=context)
        seen: tuple[Watched, ...] | None = None
        counted = 0.0

        def body() -> bytes:
            nonlocal seen, counted
            blind = asking.blind or manners.blind or not options.pictures
            messages = fit(
                job.turns,
                views,
                budget=int((manners.context_tokens - job.max_tokens) / self._scale),
                text_tokens=_text_tokens,
                frame_tokens=lambda watched: (
                    _text_tokens(self._facts.of(watched, context)) if blind else self._frame_tokens(watched, views)
                ),
                can_generate=self._can_generate,
            )
            watched = in_question(messages, job.turns)
            asking.pictures = not blind and _has_pictures(messages)
            self._remark = ""
            if blind and _has_pictures(messages):
                messages = self._facts.told(messages, context)
                self._remark = REMARK
            parts = [part for message in messages for part in message.parts]
            counted = sum(
                _text_tokens(part) if isinstance(part, str) else self._frame_tokens(part, views) for part in parts
            )
            if seen is None:
                seen = watched
                show(seen, job.stills_dir, context)
            context.checkpoint()
            return dialect.request(
                messages,
                model=self._model,
                max_tokens=job.max_tokens,
                refused=manners.refused,
                extra=options.extra,
                whole=lambda watched: self._address(watched, views),
            )

        asking = Asking(options, manners, self._model, context.checkpoint)
        yield from asking.answer(body)
        if asking.prompt_tokens and counted:
            self._scale = min(4.0, max(0.25, asking.prompt_tokens / counted))

    def remark(self) -> str:
        """What has to be said under the last answer."""
        return self._remark

    def outside(self, job: Understand, context: JobContext) -> Outside:
        """What people, names, speech and pictures of this conversation put before the model."""
        return self._signs.outside(job.turns, self._viewer.latest, context.checkpoint)

    def _one_of(self, known: Mapping[str, int]) -> str:
        """The model's name as the server has it. Raises `BadRequest`."""
        wanted, host = self._model, self._options.host
        if not known and wanted:
            return wanted
        if not known:
            raise BadRequest(f"The model server at {host} does not list its models. Set model to the name of one.")
        if not wanted and len(known) == 1:
            return next(iter(known))
        if not wanted:
            raise BadRequest(
                f"The model server at {host} has several models: {_some(known)}. Set model to one of them."
            )
        for name in (wanted, f"{wanted}:latest"):
            if name in known:
                return name
        nearest = difflib.get_close_matches(wanted, known, n=1, cutoff=0.0)
        raise BadRequest(
            f"The model server at {host} has no model “{wanted}”. The nearest name is “{nearest[0]}”; "
            f"it has: {_some(known)}.",
            model=wanted,
            nearest=nearest[0],
        )

    def _frame_tokens(self, watched: Watched, views: Views) -> int:
        frames = _WHOLE_FRAMES if self._is_whole(watched, views) else len(watched.frames)
        height, width = map(int, watched.frames[0].image.shape[:2])
        return frames * (-(-width // _PATCH) * -(-height // _PATCH) + _PER_PART)

    def _is_whole(self, watched: Watched, views: Views) -> bool:
        """Whether a clip goes out as a file: not for a part of it, and not when there is no room for all its frames."""
        info = watched.info
        if self._options.video != "url" or watched.closer or info.kind != "video":
            return False
        if info.container not in _CONTAINERS or info.size_bytes > self._options.max_video_mb * 1024 * 1024:
            return False
        return any(known.frames is watched.frames for seen in views for known in seen)

    def _address(self, watched: Watched, views: Views) -> str:
        if not self._is_whole(watched, views):
            return ""
        return dialect.data_url(_CONTAINERS[watched.info.container], Path(watched.clip.path).read_bytes())


def _has_pictures(messages: Sequence[ChatMessage]) -> bool:
    return any(not isinstance(part, str) for message in messages for part in message.parts)


def _text_tokens(text: str) -> int:
    return _PER_PART + int(len(text) / _CHARACTERS)


def _some(names: Mapping[str, int]) -> str:
    listed = ", ".join(list(names)[:10])
    return f"{listed}, …" if len(names) > 10 else listed
