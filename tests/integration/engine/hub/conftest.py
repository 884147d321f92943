"""A hub on the loopback with one model, a folder for what is fetched, and a quick way to fetch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.hub import Held, Source, Store, pull
from engine.types import HubSettings
from tests.fakes.hub_server import HubServer

WEIGHTS = bytes(range(256)) * 16_384  # 4 MiB: several pieces
FILES = {
    "config.json": b'{"model_type": "tiny"}',
    "tokenizer.json": b"{}",
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"a pickle",
    "README.md": b"# A model",
}


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as hub:
        hub.add("org/model", FILES)
        yield hub


@pytest.fixture
def settings(tmp_path: Path) -> HubSettings:
    return HubSettings(folder=str(tmp_path / "models"))


@pytest.fixture
def store(settings: HubSettings) -> Store:
    return Store.of(settings)


@pytest.fixture
def source(server: HubServer) -> Source:
    return Source(endpoint=server.url, pause=lambda _: None)


@pytest.fixture
def fetch(settings: HubSettings, source: Source) -> Callable[..., Held]:
    return functools.partial(pull, hub=settings, source=source)
