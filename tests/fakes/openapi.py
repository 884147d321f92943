"""Checks requests against an OpenAPI 3.1 document: the path, the query's names and the body. Knows no server.

Bodies are JSON, or forms whose `payload_json` field carries the JSON beside the files.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

DISCORD = Path(__file__).resolve().parents[3] / "shared" / "specs" / "discord-openapi.json"

JSON = "application/json"
FORM = "multipart/form-data"


@dataclass(frozen=True)
class Violation:
    """One thing in a request that the document does not allow. `where` is a JSON path into the body, or empty."""

    method: str
    path: str
    where: str
    message: str

    def __str__(self) -> str:
        place = f" at {self.where}" if self.where else ""
        return f"{self.method} {self.path}{place}: {self.message}"


class OpenApi:
    """An OpenAPI document that can be asked whether a request is allowed."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = accept_integer_snowflakes(document)
        self._templates = [(path, path.strip("/").split("/")) for path in self._document["paths"]]
        self._validators: dict[tuple[str, str, str], Draft202012Validator] = {}

    def template(self, path: str) -> str | None:
        """The path template that a concrete path belongs to; literal segments win over parameters."""
        segments = path.strip("/").split("/")
        fitting = [
            (sum(not is_parameter(part) for part in parts), template)
            for template, parts in self._templates
            if len(parts) == len(segments)
            and all(is_parameter(part) or part == segment for part, segment in zip(parts, segments, strict=True))
        ]
        return max(fitting)[1] if fitting else None

    def check(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Collection[str] = (),
        files: Collection[str] = (),
        form: bool = False,
    ) -> list[Violation]:
        """Everything that is wrong with a request; empty when it is allowed.

        `body` is the parsed JSON (of `payload_json` for a form), None where nothing was sent; `files` are the names of
        a form's file fields; `query` the names in the query string.
        """
        template = self.template(path)
        operation = self._document["paths"].get(template, {}).get(method.lower())
        if template is None or operation is None:
            return [Violation(method, path, "", "the API has no such route")]
        found = [*self._check_parameters(template, operation, path, query), *self._check_body(operation, body, form)]
        if not found and body is not None:
            whole = {**body, **dict.fromkeys(files, "")} if isinstance(body, dict) else body
            validator = self._validator(template, method.lower(), FORM if form else JSON)
            found = [
                (error.json_path, shorten(error.message))
                for error in (best_match([error]) for error in validator.iter_errors(whole))
            ]
        found += [(name, "not a file field that the API reads") for name in files if not is_file_field(name)]
        return [Violation(method, path, where, message) for where, message in found]

    def _check_parameters(
        self, template: str, operation: Mapping[str, Any], path: str, query: Collection[str]
    ) -> Iterator[tuple[str, str]]:
        known = [*self._document["paths"][template].get("parameters", ()), *operation.get("parameters", ())]
        values = dict(zip(template.strip("/").split("/"), path.strip("/").split("/"), strict=True))
        for parameter in known:
            if parameter["in"] == "path":
                value = values["{" + parameter["name"] + "}"]
                for error in self._compile(parameter["schema"]).iter_errors(value):
                    yield "", f"path parameter {parameter['name']}: {shorten(error.message)}"
        names = {parameter["name"] for parameter in known if parameter["in"] == "query"}
        for name in set(query) - names:
            yield "", f"no query parameter is called {name}"

    def _check_body(self, operation: Mapping[str, Any], body: object, form: bool) -> Iterator[tuple[str, str]]:
        described = operation.get("requestBody")
        if described is None:
            if body is not None:
                yield "", "this route takes no body"
        elif body is None:
            if described.get("required"):
                yield "", "this route needs a body"
        elif (FORM if form else JSON) not in described["content"]:
            yield "", f"this route does not take {FORM if form else JSON}"

    def _validator(self, template: str, method: str, media: str) -> Draft202012Validator:
        key = (template, method, media)
        if key not in self._validators:
            operation = self._document["paths"][template][method]
            self._validators[key] = self._compile(operation["requestBody"]["content"][media]["schema"])
        return self._validators[key]

    def _compile(self, schema: Mapping[str, Any]) -> Draft202012Validator:
        # `components` rides along because the document's `$ref`s start at its root.
        return Draft202012Validator({"allOf": [schema], "components": self._document["components"]})


@cache
def discord_api() -> OpenApi | None:
    """Discord's own document, read once; None where this checkout has no copy of it."""
    return OpenApi(json.loads(DISCORD.read_text())) if DISCORD.exists() else None


def accept_integer_snowflakes(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the one rule relaxed that Discord itself does not apply to requests.

    The document says that an id is a string. The API takes integers as well, and discord.py relies on that in
    `attachments[].id`, `message_reference` and `recipient_id`. A negative number is still refused.
    """
    relaxed = copy.deepcopy(dict(document))
    snowflake = relaxed.get("components", {}).get("schemas", {}).get("SnowflakeType")
    if snowflake is not None:
        snowflake.update(type=["string", "integer"], minimum=0)
    return relaxed


def is_parameter(segment: str) -> bool:
    return segment.startswith("{")


def is_file_field(name: str) -> bool:
    return name.startswith("files[") and name.endswith("]") and name[6:-1].isdigit()


def shorten(message: str, limit: int = 300) -> str:
    return message if len(message) <= limit else f"{message[: limit - 1]}…"
