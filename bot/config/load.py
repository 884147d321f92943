"""Reads the file, the environment and the secret files into one checked `Config`, or says everything that is wrong.

A file's values must have the right type; an environment variable is text and is converted.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platformdirs import user_config_path
from pydantic import ValidationError

from bot.config.environment import CONFIG_VARIABLE, read_environment, variable
from bot.config.errors import ConfigError, Problem
from bot.config.explain import SECRETS, Document, explain
from bot.config.lines import key_lines
from bot.config.model import APP, Config, Rules
from bot.config.models import anchored
from bot.config.tables import merged
from engine.types import Role

_SECRET_FILES = {(section, key): f"{key}_file" for section, key in SECRETS}
_PATHS = (("bot", "data_dir"), ("models", "folder"), *((section, file) for (section, _), file in _SECRET_FILES.items()))
_PASSWORD_IN_URL = re.compile(r"://[^/@]*:[^/@]+@|[?&]password=", re.IGNORECASE)


def load_config(path: Path | None = None, env: Mapping[str, str] | None = None) -> Config:
    """Load the configuration.

    The file is `path`, else the one that GPT4VIDEO_CONFIG names, else ./config.toml, else config.toml in the user's
    configuration folder; without any the defaults hold. The environment wins over the file. Relative paths in the
    file start at the file's folder. Raises `ConfigError`.
    """
    env = os.environ if env is None else env
    source = _find(path, env)
    document = _read(source) if source else Document()
    given, problems = read_environment(env)
    values = merged(_defaults(), document.values, given)
    problems += _refused_secrets(document)
    problems += _read_secret_files(values, document, given)
    problems += _wrong_types(document)
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_in_order([*problems, *explain(error, document, given)])) from None
    if problems:
        raise ConfigError(_in_order(problems))
    config._source = source
    config._models_are_set = bool({"preset", *Role} & config.models.model_fields_set)
    return config


def _find(path: Path | None, env: Mapping[str, str]) -> Path | None:
    if path is not None:
        return path
    if named := env.get(CONFIG_VARIABLE):
        return Path(named)
    usual = (Path("config.toml"), user_config_path(APP, appauthor=False) / "config.toml")
    return next((candidate for candidate in usual if candidate.is_file()), None)


def _read(path: Path) -> Document:
    """Read a TOML file. Raises `ConfigError` when there is nothing to check in it."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        values = tomllib.loads(text)
    except OSError as error:
        raise ConfigError([Problem(str(path), "", f"The file cannot be read: {error.strerror}.")]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(path.name, "", "The file is not UTF-8 text.", line)]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_syntax(path, text, str(error))]) from None
    lines = key_lines(text)
    document = Document(name=path.name, values=values, lines=lines)
    for section, key in _PATHS:
        table = values.get(section)
        if isinstance(table, dict) and isinstance(table.get(key), str) and not table[key].startswith("~"):
            table[key] = str(path.parent.absolute() / table[key])
    if isinstance(models := values.get("models"), dict):
        for role in Role:
            if role.value in models:
                models[role.value] = anchored(models[role.value], path.parent)
    return document


def _syntax(path: Path, text: str, message: str) -> Problem:
    """tomllib's message, with the line where every other problem has it. It quotes no value."""
    where = re.search(r"\s*\(at line (\d+), column (\d+)\)", message)
    if where is None:
        return Problem(path.name, "", f"{message.split(' (at')[0]}.", text.count("\n") + 1)
    return Problem(path.name, "", f"{message[: where.start()]} (column {where[2]}).", int(where[1]))


def _defaults() -> dict[str, Any]:
    """The rules' defaults, under whose names a file may then change one half of a rule."""
    return {"safety": {"rules": Rules().model_dump(by_alias=True)}}


def _wrong_types(document: Document) -> list[Problem]:
    """Check the file alone and strictly: "8080" is no number there, and only the one true name of a key counts."""
    values = json.dumps(merged(_defaults(), document.values), default=str)
    try:
        Config.model_validate_json(values, strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        return [problem for problem in explain(error, document, {}) if not problem.conflict]
    return []


def _refused_secrets(document: Document) -> list[Problem]:
    problems: list[Problem] = []
    for section, key in SECRETS:
        table = document.values.get(section)
        value = table.get(key) if isinstance(table, dict) else None
        if value is None or (key == "url" and not _PASSWORD_IN_URL.search(str(value))):
            continue
        what = "a URL with a password in it" if key == "url" else "a secret"
        name = variable((section, key))
        text = f"{what} does not belong in this file. Set {name}, or name a file that holds it as {section}.{key}_file."
        problems.append(document.problem((section, key), text))
    return problems


def _read_secret_files(values: dict[str, Any], document: Document, given: Mapping[str, Any]) -> list[Problem]:
    """Put the content of each secret file where the secret belongs."""
    problems: list[Problem] = []
    for (section, key), file_key in _SECRET_FILES.items():
        table = values.get(section)
        if not isinstance(table, dict) or not isinstance(table.get(file_key), str):
            continue
        in_environment = file_key in given.get(section, {})
        source = Document(name=variable((section, file_key))) if in_environment else document
        where = () if in_environment else (section, file_key)
        if table.get(key):
            problems.append(source.problem(where, f"{section}.{key} is given as well. Keep one of the two."))
            continue
        try:
            secret = Path(table[file_key]).expanduser().read_text("utf-8").strip()
        except (OSError, ValueError, RuntimeError) as error:
            problems.append(source.problem(where, f"{table[file_key]} cannot be read: {_reason(error)}."))
            continue
        if secret:
            table[key] = secret
        else:
            problems.append(source.problem(where, f"{table[file_key]} is empty."))
    return problems


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "the system refuses"
    return "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "it is not a path"


def _in_order(problems: list[Problem]) -> list[Problem]:
    """Top to bottom through the file, then the environment; for each key what was found first."""
    first = {(problem.where, problem.line, problem.key): problem for problem in reversed(problems)}
    return sorted(first.values(), key=lambda problem: (problem.line == 0, problem.line, problem.where))
