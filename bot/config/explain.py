"""Turns what pydantic finds into sentences with a place: the file's line, or the variable's name. Never a secret."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.config.environment import variable
from bot.config.errors import Problem
from bot.config.lines import Path
from bot.config.model import Config
from bot.config.models import Model

SECRETS = (
    ("web", "token"),
    ("discord", "token"),
    ("slack", "bot_token"),
    ("slack", "app_token"),
    ("slack", "signing_secret"),
    ("slack", "client_secret"),
    ("database", "url"),
    ("models", "hub_token"),
    ("models", "openai_key"),
)

_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "a text in quotes",
    "path": "a text in quotes",
    "tuple": "a list",
    "model_attributes": "a table",
    "model": "a table",
    "dict": "a table",
}


@dataclass(frozen=True, slots=True)
class Found(Problem):
    """A problem that validation found. `conflict` says that it lies between options, not in one."""

    conflict: bool = False


@dataclass(frozen=True)
class Document:
    """A file's values and where they stand."""

    name: str = "environment"
    values: dict[str, Any] = field(default_factory=dict)
    lines: Mapping[Path, int] = field(default_factory=dict)

    def problem(self, path: Path, text: str, *, conflict: bool = False) -> Found:
        """A problem at a key, on its line, or on that of the nearest table around it."""
        line = next((self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), 0)
        return Found(self.name, dotted(path), text, line, conflict)


def dotted(path: Path) -> str:
    """A key path as a person would write it: `safety.rules."sexual/minors"`, `rule[2]`."""
    written = ""
    for name in path:
        if isinstance(name, int):
            written += f"[{name}]"
        else:
            bare = name.replace("-", "").replace("_", "").isalnum() and name.isascii()
            written += ("." if written else "") + (name if bare else json.dumps(name, ensure_ascii=False))
    return written


def explain(error: ValidationError, document: Document, given: Mapping[str, Any]) -> list[Found]:
    """One problem for each of pydantic's errors. `given` holds the options that came from the environment."""
    return [_explain(detail, document, given) for detail in error.errors(include_url=False)]


def _explain(detail: ErrorDetails, document: Document, given: Mapping[str, Any]) -> Found:
    path: Path = detail["loc"]
    context = detail.get("ctx", {})
    conflict = detail["type"] == "conflict"
    if conflict:
        path = (*path, context["key"])
    text = _unknown(path) if detail["type"] == "extra_forbidden" else _sentence(detail, path)
    if _get(given, path) is not None:
        return Found(variable(path), "", text, conflict=conflict)
    return document.problem(path, text, conflict=conflict)


def _sentence(detail: ErrorDetails, path: Path) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    value = "" if path[:2] in SECRETS else f", not {_shown(detail['input'])}"
    if kind == "conflict":
        return str(context["text"])
    if kind in ("literal_error", "enum"):
        return _one_of(path, detail["input"], str(context["expected"]))
    if kind == "greater_than":
        return f"must be more than {context['gt']:g}{value}."
    if kind == "greater_than_equal":
        return f"must be at least {context['ge']:g}{value}."
    if kind == "less_than_equal":
        return f"must be at most {context['le']:g}{value}."
    if kind == "multiple_of":
        return f"must be an even number{value}."
    if kind == "finite_number":
        return f"must be a finite number{value}."
    if kind in ("string_too_short", "too_short"):
        return "must not be empty."
    if kind == "missing":
        return "is missing."
    if kind == "string_pattern_mismatch":
        return f"is not written as it has to be{value}. config.example.toml shows how."
    expected = next((words for start, words in _TYPES.items() if kind.startswith(f"{start}_")), "")
    if expected == "a table":  # what stands there instead may be anything, a secret too
        return "must be a table."
    return f"must be {expected}{value}." if expected else f"{detail['msg']}."


def _one_of(path: Path, value: object, expected: str) -> str:
    names = expected.replace("'", '"').replace(" or ", ", ").split(", ")
    near = difflib.get_close_matches(str(value), [name.strip('"') for name in names], n=1)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    return f"must be one of {', '.join(names)}, not {_shown(value)}.{hint}"


def _unknown(path: Path) -> str:
    """Say which name was probably meant: a similar one beside it, or the same one elsewhere."""
    name = str(path[-1])
    beside = {key[-1]: key for key in _keys() if key[:-1] == path[:-1]}
    if path[0] == "models" and len(path) > 2:  # a model, written out as a table
        beside = {key: ("models", key) for key in Model.model_fields}
    near = difflib.get_close_matches(name, beside, n=1)
    if near:
        return f'unknown key. Did you mean "{near[0]}"?'
    elsewhere = [key for key in _keys() if key[-1] == name]
    return f'unknown key. Did you mean "{dotted(elsewhere[0])}"?' if elsewhere else "unknown key."


def _keys(model: type[BaseModel] = Config, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key path that a file may hold."""
    for name, info in model.model_fields.items():
        path = (*above, info.alias or name)
        yield path
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from _keys(info.annotation, path)


def _get(values: Mapping[str, Any], path: Path) -> Any:
    found: Any = values
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _shown(value: object) -> str:
    """A value as it stands in TOML, cut to a readable length."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"
