"""The options of the models: which one fills which role, where their files come from, and what they run on.

It knows the names of backends and the table of presets, and loads none of them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from bot.config.parts import AnyPath, Secret, Section, Text, conflict
from engine.hub import is_folder, is_repository
from engine.presets import (
    AUTO,
    DEFAULT_BACKENDS,
    MODEL_OPTIONS,
    OWN_MODELS,
    PINS,
    PRESETS,
    REMOTE_MODELS,
    Roles,
    pin_of,
)
from engine.registry import backend_names
from engine.types import OPTIONAL_ROLES, ModelChoice, Role

OFF = "off"
_MAY_BE_FOLDERS = frozenset({"model", "lora", "options", *MODEL_OPTIONS})
_PLUGIN = re.compile(r"[\w.]+:\w+")
_SECRET_OPTION = re.compile(r"(^|_)(key|token|secret|password)$", re.IGNORECASE)
_DOES: Mapping[Role, str] = {
    Role.UNDERSTANDING: "answers questions",
    Role.GENERATION: "makes videos",
    Role.TEXT_GUARD: "checks texts",
    Role.FRAME_GUARD: "checks frames",
    Role.SPEECH: "hears what is said",
}


class Model(Section):
    """A model for a role, written out as a table."""

    backend: Text | None = None
    model: str = ""
    revision: Annotated[str, Field(pattern=r"^[\w./-]*$")] = ""
    lora: str = ""
    name: str = ""
    options: dict[str, str | int | float | bool] = Field(default_factory=dict)


def _written(value: Any) -> Any:
    """A text alone stands for a backend, or for a model when it looks like one."""
    if isinstance(value, str):
        return {"model": value} if is_folder(value) or ("/" in value and ":" not in value) else {"backend": value}
    if not isinstance(value, Mapping | Model):
        raise PydanticCustomError("string_type", "a text")
    return value


def _listed(value: Any) -> Any:
    """One model is a list of one."""
    return (value,) if isinstance(value, str | Mapping) else tuple(value) if isinstance(value, list) else value


One = Annotated[Model, BeforeValidator(_written)]
Several = Annotated[tuple[One, ...], Field(min_length=1), BeforeValidator(_listed)]
Repository = Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]


class Models(Section):
    preset: Literal["auto", "lite", "cpu", "8gb", "16gb", "24gb", "80gb"] = "lite"
    understanding: One | None = None
    generation: Several | None = None
    text_guard: Several | None = None
    frame_guard: Several | None = None
    speech: One | None = None
    offline: bool = False
    folder: AnyPath | None = None
    remote_code: tuple[Repository, ...] = ()
    device: Annotated[str, Field(pattern=r"^((cuda|cpu|mps|xpu)(:\d+)?)?$")] = ""
    memory_gb: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    hub: Annotated[str, Field(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")] | None = None
    hub_token: Secret | None = None
    hub_token_file: AnyPath | None = None
    openai_key: Secret | None = None
    openai_key_file: AnyPath | None = None

    @model_validator(mode="after")
    def _models_exist(self) -> Self:
        for role in Role:
            if (chosen := self._override(role)) is None:
                continue
            keys = [choice.key for choice in chosen]
            if again := next((key for key in keys if keys.count(key) > 1), ""):
                raise conflict(role.value, f'"{again}" stands here twice. Name each model once, or give one a name.')
        return self

    @model_validator(mode="after")
    def _addresses_hold_no_secret(self) -> Self:
        if "@" in (self.hub or ""):
            raise conflict(
                "hub", "no password in an address: it is printed. A token goes to GPT4VIDEO_MODELS__HUB_TOKEN."
            )
        return self

    @property
    def memory_bytes(self) -> int:
        """The most that models may take of the device; 0 for what it has."""
        return round(self.memory_gb * 1e9) if self.memory_gb is not None else 0

    def chosen(self) -> Roles:
        """What fills each role, the default first: the overrides where there are some, else the preset's.

        Raises `RuntimeError` for `auto`: somebody has to look at the device first (`bot.models.settle`).
        """
        if self.preset == AUTO:
            raise RuntimeError("The preset auto is not settled yet.")
        return self.filled(PRESETS[self.preset])

    def filled(self, preset: Roles) -> Roles:
        """A preset with the overrides in it. A role that is switched off is missing."""
        filled = {
            role: override if (override := self._override(role)) is not None else preset.get(role, ()) for role in Role
        }
        return {role: choices for role, choices in filled.items() if choices}

    def _override(self, role: Role) -> tuple[ModelChoice, ...] | None:
        given = getattr(self, role.value)
        if given is None:
            return None
        if role in OPTIONAL_ROLES and given == Model(backend=OFF):
            return ()
        return tuple(_choice(role, model) for model in (given if isinstance(given, tuple) else (given,)))


def anchored(value: Any, folder: Path) -> Any:
    """What a file says of a role, with its relative folders beginning at `folder`."""
    if isinstance(value, list):
        return [anchored(item, folder) for item in value]
    if isinstance(value, dict):
        return {key: anchored(item, folder) if key in _MAY_BE_FOLDERS else item for key, item in value.items()}
    is_relative = isinstance(value, str) and value.startswith(("./", "../"))
    return str((folder / value).absolute()) if is_relative else value


def _choice(role: Role, given: Model) -> ModelChoice:
    """What a role's entry means. Raises a conflict with a sentence for what means nothing."""
    _check_names(role, given)
    pin = pin_of(given.model)
    backend = given.backend or (pin.backend if pin else DEFAULT_BACKENDS.get(role, ""))
    _check_backend(role, backend, given.model)
    options = dict(pin.options) if pin and pin.backend == backend else {}
    return ModelChoice(
        backend=backend,
        model=_absolute(role, given.model),
        revision=given.revision or (pin.revision if pin else ""),
        lora=_absolute(role, given.lora),
        name=given.name,
        options={**options, **given.options, **_other_models(role, given)},
    )


def _check_backend(role: Role, backend: str, model: str) -> None:
    if _PLUGIN.fullmatch(backend):
        return
    known = backend_names(role)
    if not backend:
        raise conflict(
            role.value,
            f'nothing is known of "{model}". Say how to read it: '
            f'{{ backend = "…", model = "{model}" }}, with one of {", ".join(known)}.',
        )
    if backend not in known:
        raise conflict(role.value, _unknown(role, backend))
    if backend in OWN_MODELS and model:
        raise conflict(role.value, f'"{backend}" brings its own model. Take model out, or choose another backend.')
    if backend not in OWN_MODELS and not model:
        raise conflict(role.value, f'"{backend}" needs a model: {{ backend = "{backend}", model = "org/name" }}.')


def _unknown(role: Role, name: str) -> str:
    known = backend_names(role)
    models = {pin.model.rpartition("/")[2].lower(): pin.model for pin in PINS.values() if pin.role is role}
    near = difflib.get_close_matches(name.lower(), [*known, *models], n=1)
    hint = f' Did you mean "{models.get(near[0], near[0])}"?' if near else ""
    return (
        f'there is no such backend as "{name}"; known are {", ".join(known)}, "package.module:Class", or a model as '
        f"org/name.{hint}"
    )


def _other_models(role: Role, given: Model) -> dict[str, str]:
    """The options that name another model, with their folders from the root on."""
    return {option: _absolute(role, str(given.options[option])) for option in MODEL_OPTIONS if option in given.options}


def _check_names(role: Role, given: Model) -> None:
    from_hub = given.backend is None or (given.backend in backend_names(role) and given.backend not in REMOTE_MODELS)
    others = (str(given.options.get(option, "")) for option in MODEL_OPTIONS)
    for name in (given.model, given.lora, *others):
        if name and from_hub and not (is_folder(name) or is_repository(name)):
            raise conflict(role.value, f'"{name}" is no model: those are named org/name, or as a folder, ./name.')
    pin = pin_of(given.model)
    if pin is not None and pin.role is not role and given.backend is None:
        raise conflict(role.value, f'"{given.model}" {_DOES[pin.role]}. It belongs in models.{pin.role.value}.')
    if given.backend is None and not given.model:
        raise conflict(role.value, "a backend or a model is missing.")
    if secret := next((option for option in given.options if _SECRET_OPTION.search(option)), ""):
        raise conflict(
            role.value,
            f"options.{secret}: a secret does not belong here. Set GPT4VIDEO_MODELS__OPENAI_KEY, or openai_key_file.",
        )


def _absolute(role: Role, name: str) -> str:
    if not name or not is_folder(name):
        return name
    try:
        return str(Path(name).expanduser().absolute())
    except RuntimeError:  # ~nobody-of-that-name
        raise conflict(role.value, f'there is no such home folder as in "{name}".') from None
