"""Which class fills a role under which backend name. A new model family is one file and one line here.

Names are resolved lazily: reading this table imports no model library.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from engine.backends.base import Backend
from engine.errors import BadRequest, EngineUnavailable
from engine.types import ModelCard, ModelChoice, Role, RuntimeConfig

BACKENDS: Mapping[Role, Mapping[str, str]] = MappingProxyType(
    {
        Role.UNDERSTANDING: {"lite": "engine.backends.lite.understanding:LiteUnderstanding"},
        Role.GENERATION: {"storyboard": "engine.backends.lite.storyboard:Storyboard"},
        Role.TEXT_GUARD: {"profanity": "engine.backends.lite.guards:ProfanityTextGuard"},
        Role.FRAME_GUARD: {"opennsfw": "engine.backends.lite.guards:OpenNsfwFrameGuard"},
    }
)

_PURPOSES: Mapping[Role, str] = MappingProxyType(
    {
        Role.UNDERSTANDING: "answering questions about videos",
        Role.GENERATION: "making videos",
        Role.TEXT_GUARD: "checking texts",
        Role.FRAME_GUARD: "checking pictures",
    }
)


def backend_names(role: Role) -> tuple[str, ...]:
    """The names that a configuration may use for a role, besides `package.module:Class` of a plug-in."""
    return tuple(BACKENDS[role])


def create_backend(role: Role, choice: ModelChoice) -> Any:
    """Construct, but do not load, the backend of a role. Raises `BadRequest` for a name that leads nowhere."""
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
    return backend_class(choice.model) if choice.model else backend_class()


def model_cards(config: RuntimeConfig) -> tuple[ModelCard, ...]:
    """Describe what the configuration asks for, one card a role, without loading any model.

    Raises `BadRequest` for an unknown backend. What has to be installed is said by `ModelCard.missing`.
    """
    cards = []
    for role, choice in config.models.items():
        backend: Backend = create_backend(role, choice)
        cards.append(backend.card())
    return tuple(cards)


def no_model(role: Role) -> EngineUnavailable:
    """The error for a job whose role nobody fills."""
    return EngineUnavailable(f"No model for {_PURPOSES[role]} is set up here. An operator can add one.")


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
