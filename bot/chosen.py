"""Which models were chosen with `models use`, kept in the data folder for the next start.

What a configuration says of models itself always counts more. The key of a server is in a file of its own.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import msgspec
from pydantic import SecretStr, ValidationError

from bot.config import Config
from bot.config.models import Model, Models
from bot.models import PASTED_KEY
from engine.presets import PRESETS
from engine.types import Role

log = logging.getLogger(__name__)

FILE, KEY_FILE = "models.json", "server.key"
_ROLES = tuple(role.value for role in Role)


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A model server that answers questions, as it was tried. `sees` is whether its model can look at pictures."""

    address: str
    model: str
    sees: bool = True


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A preset, and a server that answers in place of its model for questions."""

    preset: str
    server: Server | None = None


def applied(config: Config) -> Config:
    """The configuration with what was chosen for this data folder, unless it says itself which models it wants."""
    choice = None if config.models_are_set else read(config.state_dir)
    if choice is None:
        return config
    try:
        return with_choice(config, choice, key=_key(config.state_dir) if choice.server else "")
    except ValidationError as error:
        log.warning("the chosen models mean nothing to this version, so the usual ones are used: %s", error)
        return config


def with_choice(config: Config, choice: Choice, *, key: str = "") -> Config:
    """The configuration with these models alone. A server's `key`, if any, goes where configured ones are."""
    update: dict[str, object] = {"preset": choice.preset, **dict.fromkeys(_ROLES)}
    if choice.server is not None:
        server = choice.server
        options: dict[str, str | int | float | bool] = {"base_url": server.address, "api_key_env": PASTED_KEY}
        if not server.sees:
            options["pictures"] = False
        update["understanding"] = Model(backend="openai", model=server.model, options=options)
        update["openai_key"] = SecretStr(key) if key else None
    given = {name: getattr(config.models, name) for name in config.models.model_fields_set}
    models = Models.model_validate({**given, **update})
    return config.model_copy(update={"models": models})


def read(state_dir: Path) -> Choice | None:
    """What was chosen; None when nothing was, or when it cannot be read."""
    try:
        choice = msgspec.json.decode((state_dir / FILE).read_bytes(), type=Choice)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        log.warning("which models were chosen cannot be read, so the usual ones are used: %s", error)
        return None
    if choice.preset not in PRESETS:
        log.warning("there is no preset %s any more, so the usual models are used", choice.preset)
        return None
    return choice


def write(state_dir: Path, choice: Choice, *, key: str = "") -> None:
    """Keep a choice, whole or not at all. Raises `OSError`."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if key:
        _replace(state_dir / KEY_FILE, key.encode())
    _replace(state_dir / FILE, msgspec.json.encode(choice))
    if not key:
        (state_dir / KEY_FILE).unlink(missing_ok=True)


def _key(state_dir: Path) -> str:
    try:
        return (state_dir / KEY_FILE).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _replace(path: Path, content: bytes) -> None:
    half = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
