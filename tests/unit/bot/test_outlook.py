"""What is said beforehand of the models of a preset: what is here, what fits, what takes turns."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import load_config
from bot.outlook import Files, Fit, Outlook, outlook
from engine.device import Device
from engine.presets import GIB, choose
from engine.types import Role

GPUS = {"8gb": 7.6, "16gb": 15.6, "24gb": 23.5, "80gb": 79.2}  # GiB, as cards of these names report them


def gpu(gib: float, kind: str = "cuda") -> Device:
    return Device(kind=kind, name="A card", memory_bytes=round(gib * GIB))  # type: ignore[arg-type]


def seen(device: Device, text: str = "", folder: Path = Path("/nonexistent"), **env: str) -> Outlook:
    variables = {f"GPT4VIDEO_MODELS__{name.upper()}": value for name, value in env.items()}
    return outlook(load_config(None, {**variables, "GPT4VIDEO_MODELS__FOLDER": str(folder)}).runtime_config(), device)


@pytest.mark.parametrize(("name", "gib"), GPUS.items())
def test_a_preset_fits_the_memory_in_its_name(name: str, gib: float) -> None:
    found = seen(gpu(gib), preset=name)
    fits = {row.card.name: row.fit for row in found.rows}
    assert Fit.NO not in fits.values()
    assert not found.that(Fit.PARTS) or all(row.role is Role.GENERATION for row in found.rows if row.fit is Fit.PARTS)
    guards = [row.fit for row in found.rows if row.role in (Role.TEXT_GUARD, Role.FRAME_GUARD) and row.memory_bytes]
    assert set(guards) == {Fit.YES}


def test_the_preset_for_processors_fits_into_a_small_machine() -> None:
    found = seen(Device(memory_bytes=6 * GIB), preset="cpu")
    assert {row.fit for row in found.rows} == {Fit.YES, Fit.NONE}
    assert sum(row.download_bytes for row in found.rows) < 3 * 10**9


@pytest.mark.parametrize("gib", [20, 22, 40, 136])
def test_where_memory_is_shared_every_model_of_autos_preset_fits_whole(gib: float) -> None:
    """Nothing can be put aside there, so that taking turns is all that helps."""
    device = gpu(gib, "mps")
    found = seen(device, preset=choose(device).preset)
    assert {row.fit for row in found.rows} <= {Fit.YES, Fit.TURNS, Fit.NONE}


def test_what_is_too_large_is_named() -> None:
    found = seen(gpu(7.6), preset="80gb")
    assert found.that(Fit.NO)[0] == "Qwen3.6-27B"
    assert found.needed_bytes > found.usable_bytes


def test_the_operators_bound_counts_instead_of_the_devices_memory() -> None:
    found = seen(gpu(79.2), preset="24gb", memory_gb="8")
    assert "Qwen3.5-4B" in found.that(Fit.NO)


def test_what_is_not_here_is_missing_and_what_brings_its_files_is_not(tmp_path: Path) -> None:
    found = seen(gpu(8), folder=tmp_path, preset="8gb")
    assert {row.card.model for row in found.missing} == {row.card.model for row in found.rows if row.card.model}
    assert {row.backend for row in found.rows if row.files is Files.OWN} == {"storyboard", "opennsfw"}


def test_a_folder_counts_with_what_its_weights_weigh(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "model.safetensors").write_bytes(bytes(1000))
    row = seen(gpu(8), understanding=str(mine)).rows[0]
    assert (row.files, row.memory_bytes, row.fit) == (Files.HERE, 1000, Fit.YES)
    gone = seen(gpu(8), understanding=str(tmp_path / "gone")).rows[0]
    assert (gone.files, gone.fit) == (Files.MISSING, Fit.NONE)


def test_a_model_on_a_server_is_elsewhere() -> None:
    server = '{"backend": "openai", "model": "org/m", "options": {"base_url": "http://127.0.0.1:9/v1"}}'
    row = seen(gpu(8), understanding=server).rows[0]
    assert (row.files, row.fit, row.revision) == (Files.ELSEWHERE, Fit.NONE, "")
