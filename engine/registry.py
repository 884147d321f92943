"""Which class fills a role under which backend name. A new model family is one file and one line here.

Names are resolved lazily: reading this table imports no model library.
"""

from __future__ import annotations

import difflib
import importlib
import itertools
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from engine.backends.base import Backend
from engine.errors import BadRequest, EngineUnavailable, UnknownModel
from engine.types import ModelCard, ModelChoice, Role, RuntimeConfig

BACKENDS: Mapping[Role, Mapping[str, str]] = MappingProxyType(
    {
        Role.UNDERSTANDING: {
            "lite": "engine.backends.lite.understanding:LiteUnderstanding",
            "transformers": "engine.backends.mllm:Mllm",
            "openai": "engine.backends.openai:OpenAiUnderstanding",
        },
        Role.GENERATION: {
            "storyboard": "engine.backends.lite.storyboard:Storyboard",
            "diffusers": "engine.backends.diffusion:Diffusion",
        },
        Role.TEXT_GUARD: {
            "lite": "engine.backends.lite.guards:LiteTextGuard",
            "profanity": "engine.backends.lite.guards:LiteTextGuard",  # its name while it knew only rude words
            "qwen3guard": "engine.backends.guards:Qwen3Guard",
            "text-classifier": "engine.backends.guards:TextClassifier",
        },
        Role.FRAME_GUARD: {
            "opennsfw": "engine.backends.lite.guards:OpenNsfwFrameGuard",
            "image-classifier": "engine.backends.guards:ImageClassifier",
            "shieldgemma": "engine.backends.guards:ShieldGemma",
            "judge": "engine.backends.guards:Judge",
        },
        Role.SPEECH: {"whisper": "engine.backends.speech:Whisper"},
    }
)

_PURPOSES: Mapping[Role, str] = MappingProxyType(
    {
        Role.UNDERSTANDING: "answering questions about videos",
        Role.GENERATION: "making videos",
        Role.TEXT_GUARD: "checking texts",
        Role.FRAME_GUARD: "checking pictures",
        Role.SPEECH: "hearing what is said",
    }
)


def backend_names(role: Role) -> tuple[str, ...]:
    """The names that a configuration may use for a role, besides `package.module:Class` of a plug-in."""
    return tuple(BACKENDS[role])


def create_backend(role: Role, choice: ModelChoice, config: RuntimeConfig | None = None) -> Any:
    """Construct, but do not load, the backend of a role. Raises `BadRequest` for a name that leads nowhere.

    A class with a `build(choice, config)` gets all there is to know; another one its model's name, when there is one.
    """
    target = choice.backend if ":" in choice.backend else _known(role, choice.backend)
    module, _, name = target.partition(":")
    try:
        backend_class = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise BadRequest(
            f"The {_words(role)} backend “{choice.backend}” cannot be imported: {error}. "
            "A plug-in is named as package.module:Class.",
            role=role.value,
            backend=choice.backend,
        ) from error
    if hasattr(backend_class, "build"):
        return backend_class.build(choice, config or RuntimeConfig(models={role: choice}))
    return backend_class(choice.model) if choice.model else backend_class()


def describe(backend: Backend, choice: ModelChoice) -> ModelCard:
    """The backend's card under the name that it was chosen by, for a plug-in cannot know its own."""
    return msgspec.structs.replace(backend.card(), backend=choice.key)


def choices(config: RuntimeConfig) -> tuple[tuple[Role, ModelChoice], ...]:
    """All that the configuration asks for, role by role, the default of each role first."""
    roles = itertools.chain(config.models, config.more)
    return tuple((role, choice) for role in dict.fromkeys(roles) for choice in config.choices(role))


def model_cards(config: RuntimeConfig) -> tuple[ModelCard, ...]:
    """Describe what the configuration asks for, one card a model, without loading any.

    Raises `BadRequest` for an unknown backend. What has to be installed is said by `ModelCard.missing`.
    """
    return tuple(describe(create_backend(role, choice, config), choice) for role, choice in choices(config))


def no_model(role: Role) -> EngineUnavailable:
    """The error for a job whose role nobody fills."""
    return EngineUnavailable(f"No model for {_PURPOSES[role]} is set up here. An operator can add one.")


def unknown_model(name: str, known: Iterable[str]) -> UnknownModel:
    """The error for a video that is asked of a model which is not here."""
    names = ", ".join(known)
    return UnknownModel(
        f"There is no video model “{name}” here. Known are: {names}. Please choose one of these.",
        model=name,
        known=names,
    )


def _known(role: Role, name: str) -> str:
    known = BACKENDS[role]
    if name in known:
        return known[name]
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    raise BadRequest(
        f"There is no {_words(role)} backend “{name}”. The nearest name is “{nearest[0]}”; "
        f"known are: {', '.join(known)}.",
        role=role.value,
        backend=name,
        nearest=nearest[0],
    )


def _words(role: Role) -> str:
    return role.value.replace("_", " ")
