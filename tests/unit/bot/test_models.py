"""Which files a configuration needs, where they come from, and which preset auto becomes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot import models
from bot.config import Config, load_config
from bot.models import Need
from engine.device import Device
from engine.presets import GIB
from engine.types import Role

Load = Callable[..., Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(text: str = "", **env: str) -> Config:
        file = tmp_path / "config.toml"
        file.write_text(f'[bot]\ndata_dir = "data"\n[models]\n{text}')
        return load_config(file, env)

    return load


def test_a_lite_bot_needs_nothing_and_looks_for_no_device(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "detect", lambda _: pytest.fail("a device was looked for"))
    config = models.settle(load())
    assert models.needs(config.runtime_config()) == models.missing(config.runtime_config()) == ()


def test_auto_becomes_the_preset_of_the_device_once(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def detect(name: str) -> Device:
        asked.append(name)
        return Device(kind="cuda", name="A card", memory_bytes=24 * GIB)

    monkeypatch.setattr(models, "detect", detect)
    config = models.settle(load('preset = "auto"\ndevice = "cuda:1"\nunderstanding = "./mine"'))
    assert models.settle(config) is config
    assert (config.models.preset, asked) == ("24gb", ["cuda:1"])
    assert config.source is not None
    assert config.runtime_config().models[Role.UNDERSTANDING].model.endswith("/mine")


def test_models_adapters_and_parts_are_needed_and_folders_servers_and_plugins_are_not(load: Load) -> None:
    config = load(
        'understanding = { model = "org/vlm", revision = "v1", lora = "org/adapter" }\n'
        "generation = [\n"
        '{ model = "org/sd", options = { motion_adapter = "org/motion", variant = "fp16" } },\n'
        '"./mine", "a.b:C", "a/vlm",\n'
        "]\n"
        'speech = { model = "openai/whisper-tiny", revision = "main" }\n'
    )
    assert models.needs(config.runtime_config()) == (
        Need(Role.UNDERSTANDING, "org/vlm", "v1"),
        Need(Role.UNDERSTANDING, "org/adapter"),
        Need(Role.GENERATION, "org/sd", variant="fp16"),
        Need(Role.GENERATION, "org/motion"),
        Need(Role.GENERATION, "a/vlm"),
        Need(Role.SPEECH, "openai/whisper-tiny", "main"),
    )
    server = load(
        'understanding = { backend = "openai", model = "org/served", options = { base_url = "http://x/v1" } }'
    )
    assert models.needs(server.runtime_config()) == ()


def test_the_device_matters_to_models_that_are_loaded_here(load: Load) -> None:
    assert not models.are_loaded(load().runtime_config())
    assert models.are_loaded(load('understanding = "./mine"').runtime_config())
    assert models.are_loaded(load('preset = "cpu"').runtime_config())
    served = '{ backend = "openai", model = "org/served", options = { base_url = "http://x/v1" } }'
    assert not models.are_loaded(load(f"understanding = {served}").runtime_config())


def test_a_model_of_two_roles_is_fetched_once(load: Load) -> None:
    config = load('generation = ["org/a", { model = "org/a", name = "again" }]')
    assert [need.model for need in models.needs(config.runtime_config())] == ["org/a"]


def test_a_named_model_is_fetched_as_it_is_configured_or_as_it_is_named(load: Load) -> None:
    runtime = load('generation = { model = "org/a", revision = "v1", options = { variant = "fp16" } }').runtime_config()
    assert models.named(runtime, ["org/a", "org/a@v2", "org/b"]) == (
        Need(Role.GENERATION, "org/a", "v1", "fp16"),
        Need(Role.UNDERSTANDING, "org/a", "v2"),
        Need(Role.UNDERSTANDING, "org/b"),
    )


def test_the_hub_is_the_configured_one_then_the_environments_then_the_usual_one(load: Load) -> None:
    env = {"HF_ENDPOINT": "https://mirror.example.org/"}
    assert models.source_of(load(), {}).endpoint == "https://huggingface.co"
    assert models.source_of(load(), env).endpoint == "https://mirror.example.org"
    assert models.source_of(load('hub = "https://own.example.org"'), env).endpoint == "https://own.example.org"


def test_the_token_is_the_configured_one_then_the_environments(load: Load, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hf_file\n")
    env = {"HF_TOKEN": "hf_env"}
    assert models.source_of(load(), {}).token == ""
    assert models.source_of(load(), env).token == "hf_env"
    assert models.source_of(load('hub_token_file = "token"'), env).token == "hf_file"
    assert models.source_of(load(GPT4VIDEO_MODELS__HUB_TOKEN="hf_ours"), env).token == "hf_ours"


def test_a_servers_key_goes_to_child_processes_and_nowhere_else(load: Load) -> None:
    env: dict[str, str] = {}
    models.hand_over_key(load(), env)
    assert env == {}
    models.hand_over_key(load(GPT4VIDEO_MODELS__OPENAI_KEY="hunter2"), env)
    assert env == {"OPENAI_API_KEY": "hunter2"}
