"""Tiny guards, built and trained once a session, and how to load one through the registry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.registry import create_backend
from engine.types import ModelChoice, Role
from tests.tiny import guards

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

Load = Callable[..., Any]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """So small models are slower on several."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guards")


@pytest.fixture(scope="session")
def taught_qwen3guard(checkpoints: Path) -> Path:
    return guards.make_qwen3guard(checkpoints / "qwen3guard", steps=90)


@pytest.fixture(scope="session")
def shieldgemma(checkpoints: Path) -> Path:
    return guards.make_shieldgemma(checkpoints / "shieldgemma")


@pytest.fixture(scope="session")
def image_classifier(checkpoints: Path) -> Path:
    return guards.make_image_classifier(checkpoints / "vit")


@pytest.fixture(scope="session")
def text_classifier(checkpoints: Path) -> Path:
    """Labels that exclude each other."""
    return guards.make_text_classifier(checkpoints / "bert", ("ok", "rude", "lewd"), markers=("", "insult", "naked"))


@pytest.fixture
def load() -> Load:
    """load(role, backend, folder, **options) → the loaded guard; a dot in an option's name is written as two
    underscores."""

    def build(role: Role, backend: str, folder: Path, **options: str | float) -> Any:
        given = {name.replace("__", "."): value for name, value in options.items()}
        guard = create_backend(role, ModelChoice(backend=backend, model=str(folder), options=given))
        guard.load()
        return guard

    return build
