"""The table of models and presets: complete, known to the registry, and within what the names promise."""

from __future__ import annotations

import re

import pytest

from engine.device import Device
from engine.presets import (
    DEFAULT_BACKENDS,
    GIB,
    OWN_MODELS,
    PINS,
    PRESET_NAMES,
    PRESETS,
    REMOTE_MODELS,
    Pin,
    choose,
    memory_of,
    pin_of,
)
from engine.registry import BACKENDS, backend_names
from engine.types import OPTIONAL_ROLES, Role

REQUIRED = set(Role) - OPTIONAL_ROLES
LARGE = [name for name in PRESETS if name != "lite"]
GPUS = {"8gb": 7.6, "16gb": 15.6, "24gb": 23.5, "80gb": 79.2}  # GiB, as cards of these names report them


def gpu(gib: float, kind: str = "cuda") -> Device:
    return Device(kind=kind, name="A card", memory_bytes=round(gib * GIB))  # type: ignore[arg-type]


@pytest.mark.parametrize("pin", PINS.values(), ids=lambda pin: pin.model)
def test_every_model_is_described_in_full(pin: Pin) -> None:
    assert pin.backend in backend_names(pin.role)
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", pin.model)
    assert re.fullmatch(r"([0-9a-f]{40})?", pin.revision)
    assert pin.name
    assert pin.licence
    assert pin.download_bytes > 10**7
    assert 0 < pin.least_bytes <= pin.memory_bytes
    assert pin_of(pin.model) is pin


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_fills_the_required_roles_with_models_that_are_pinned_to_a_commit(name: str) -> None:
    assert set(PRESETS[name]) >= REQUIRED
    for role, choices in PRESETS[name].items():
        assert choices
        for choice in choices:
            assert choice.backend in backend_names(role)
            assert bool(choice.model) != (choice.backend in OWN_MODELS)
            if choice.model:
                assert PINS[choice.model].role is role
                assert re.fullmatch(r"[0-9a-f]{40}", choice.revision)


def test_presets_need_no_account_anywhere() -> None:
    used = {choice.model for preset in PRESETS.values() for choices in preset.values() for choice in choices}
    assert not any(PINS[model].gated for model in used if model)


def test_a_larger_preset_answers_with_a_larger_model() -> None:
    sizes = [PINS[PRESETS[name][Role.UNDERSTANDING][0].model].memory_bytes for name in LARGE]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize(
    ("device", "preset"),
    [
        (Device(packages=False, memory_bytes=64 * GIB), "lite"),
        (Device(memory_bytes=64 * GIB), "cpu"),
        (Device(memory_bytes=4 * GIB), "lite"),
        (Device(), "cpu"),  # a system that does not say how much memory it has
        (gpu(3.9), "cpu"),
        *((gpu(gib), name) for name, gib in GPUS.items()),
        (gpu(11.8), "8gb"),
        (gpu(47.5), "24gb"),
        (gpu(139.8), "80gb"),
        (gpu(10.7, "mps"), "cpu"),
        (gpu(24, "mps"), "16gb"),
        (gpu(96, "mps"), "24gb"),
        (gpu(144, "mps"), "80gb"),
    ],
)
def test_auto_takes_the_largest_preset_that_the_device_has_room_for(device: Device, preset: str) -> None:
    chosen = choose(device)
    assert chosen.preset == preset
    assert chosen.why


def test_auto_keeps_to_the_memory_that_the_operator_allows() -> None:
    assert choose(gpu(79.2), memory_bytes=16 * GIB).preset == "16gb"
    assert choose(gpu(7.6), memory_bytes=80 * GIB).preset == "8gb"


def test_processors_hold_weights_in_twice_the_bytes() -> None:
    pin = PINS["Qwen/Qwen3.5-2B"]
    assert memory_of(pin, Device()) == 2 * memory_of(pin, gpu(24))


def test_every_backend_either_brings_its_model_or_is_told_one() -> None:
    names = {name for table in BACKENDS.values() for name in table}
    assert names >= OWN_MODELS | REMOTE_MODELS | set(DEFAULT_BACKENDS.values())
    assert not OWN_MODELS & REMOTE_MODELS
    assert set(PRESET_NAMES) == {"auto", *PRESETS}


def test_without_the_packages_auto_says_how_to_get_them() -> None:
    assert "make run PRESET=auto" in choose(Device(packages=False)).why
