"""What all commands share: exit codes, options, and how an error becomes one sentence on stderr."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from bot.config import Config

DONE, BAD_INPUT, BLOCKED, ENGINE_FAILURE, INTERRUPTED = 0, 2, 3, 4, 130

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="A configuration file; config.example.toml explains every option.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def fail(sentence: str, code: int) -> NoReturn:
    """End with one sentence on stderr."""
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


def print_json(value: dict[str, Any]) -> None:
    """One JSON object on stdout, for scripts."""
    typer.echo(json.dumps(value, ensure_ascii=False))


@contextmanager
def told() -> Iterator[None]:
    """Turn what a command raises into a sentence and an exit code. What nobody expects is raised on."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except BaseExceptionGroup as group:
        first = _first(group)
        if _code(first) is None:
            raise
        fail(str(first), ENGINE_FAILURE)
    except typer.Exit:
        raise
    except Exception as error:
        if (code := _code(error)) is None:
            raise
        fail(str(error), code)


def _code(error: BaseException) -> int | None:
    """How a command ends with this error. Asked only then, because most of what is imported here takes its time."""
    from adapters.base import AdapterError
    from bot.errors import BotError
    from engine.errors import BadRequest, DownloadStopped, EngineError, MediaError

    if isinstance(error, DownloadStopped):
        return INTERRUPTED
    if isinstance(error, (BotError, MediaError, BadRequest)):
        return BAD_INPUT
    if isinstance(error, (EngineError, AdapterError, OSError)):
        return ENGINE_FAILURE
    from bot.store import StoreError

    return ENGINE_FAILURE if isinstance(error, StoreError) else None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def load(path: Path | None) -> Config:
    """The configuration."""
    from bot.chosen import applied
    from bot.config import ConfigError, load_config

    try:
        return applied(load_config(path))
    except ConfigError as error:
        fail(str(error), BAD_INPUT)
