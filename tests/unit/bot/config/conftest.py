"""Loads a configuration from a text, far from the machine's own files and variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bot.config import Config, ConfigError, load_config

Load = Callable[..., Config]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg-config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg-data"))


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a TOML text with an environment."""

    def load(text: str = "", env: Mapping[str, str] | None = None) -> Config:
        file = tmp_path / "config.toml"
        file.write_text(text)
        return load_config(file, env or {})

    return load


@pytest.fixture
def problems(load: Load) -> Callable[..., list[str]]:
    """Loads what cannot be used, and gives the lines of the error."""

    def problems(text: str = "", env: Mapping[str, str] | None = None) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(text, env)
        return str(caught.value).splitlines()

    return problems
