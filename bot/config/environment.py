"""Reads GPT4VIDEO_… variables into the shape of the file: two underscores stand for a dot, in any case of letters."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsError
from pydantic_settings.sources.utils import parse_env_vars

from bot.config.errors import Problem
from bot.config.model import Config
from bot.config.tables import merged

PREFIX = "GPT4VIDEO_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"


def variable(path: tuple[str | int, ...]) -> str:
    """The variable that sets the option at `path`."""
    return PREFIX + "__".join(str(name).replace("-", "_").replace("/", "_").upper() for name in path)


def read_environment(env: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """The options that the environment sets, as nested tables of texts, and the variables that mean nothing.

    Variables without two underscores are left alone: they are not options (GPT4VIDEO_CONFIG is one).
    """
    ours = {name: value for name, value in env.items() if name.upper().startswith(PREFIX) and "__" in name}
    problems = [problem for name in ours if (problem := _misnamed(name))]
    values: dict[str, Any] = {}
    for name, value in ours.items():
        if _section(name) not in Config.model_fields:
            continue
        try:
            found = _Source({name: value})()
        except SettingsError:  # its cause quotes the value
            problems.append(Problem(name, "", 'must be JSON: a list is written ["violence", "hate"].'))
        else:
            values = merged(values, _canonical(Config, found))
    return values, problems


class _Source(EnvSettingsSource):
    """pydantic-settings' reader of nested variables, over a mapping that is handed in."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._given = env
        super().__init__(_settings(), case_sensitive=False, env_prefix=PREFIX, env_nested_delimiter="__")

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return parse_env_vars(self._given, case_sensitive=False)


@cache
def _settings() -> type[BaseSettings]:
    """`Config`'s fields as the kind of class that pydantic-settings reads for."""
    fields: dict[str, Any] = {name: (field.annotation, None) for name, field in Config.model_fields.items()}
    return create_model("_Settings", __base__=BaseSettings, **fields)


def _section(name: str) -> str:
    return name[len(PREFIX) :].split("__")[0].lower()


def _misnamed(name: str) -> Problem | None:
    section = _section(name)
    if section in Config.model_fields:
        return None
    near = difflib.get_close_matches(section, Config.model_fields, n=1)
    hint = f" Did you mean {PREFIX}{near[0].upper()}__…?" if near else ""
    return Problem(name, "", f"unknown section.{hint}")


def _canonical(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values under the names that a file uses: SELF_HARM is `self-harm`."""
    found = {}
    for name, value in values.items():
        field: FieldInfo | None = model.model_fields.get(name)
        inner = field.annotation if field else None
        if isinstance(value, Mapping) and isinstance(inner, type) and issubclass(inner, BaseModel):
            value = _canonical(inner, value)
        found[field.alias if field and field.alias else name] = value
    return found
