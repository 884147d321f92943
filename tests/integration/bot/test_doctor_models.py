"""What `gpt4video doctor` says of the device and of models that are not here. It fetches and starts nothing then."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from bot import doctor, models
from bot.config import load_config
from engine.device import Device
from engine.presets import GIB, choose

CARD = Device(kind="cuda", name="NVIDIA Test", memory_bytes=round(7.6 * GIB), free_bytes=7 * GIB)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GPT4VIDEO_BOT__DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(doctor, "build_engine", lambda *_, **__: pytest.fail("the models were started"))
    monkeypatch.setattr(models, "pull", lambda *_, **__: pytest.fail("a model was fetched"))


async def told(tmp_path: Path, text: str, device: Device, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(models, "detect", lambda _: device)
    config = tmp_path / "config.toml"
    config.write_text(f"[models]\n{text}")
    out = io.StringIO()
    doctor.render(await doctor.examine(config), Console(file=out, width=400))
    return out.getvalue()


async def test_auto_is_told_with_its_reason_and_how_the_models_share_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await told(tmp_path, 'preset = "auto"', CARD, monkeypatch)
    assert "✓ device  NVIDIA Test, 7.6 GB of memory" in said
    assert "✓ preset  auto is 8gb here. NVIDIA Test has 7.6 GiB for models." in said
    assert "Qwen3.5-2B and Whisper base take turns; Wan2.1-1.3B works in parts, which is slower" in said
    assert "✗ models  6 of 6 are not here yet: 36.0 GB" in said
    assert "→ Fetch them with: gpt4video models pull" in said


def test_who_has_the_lite_models_is_told_what_fits_and_the_command_for_it(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[models]\nfolder = "{tmp_path}"\n')
    config = load_config(file, {})

    def preset(device: Device) -> str:
        return doctor._device(config, device, choose(device))[1].says

    said = preset(Device(memory_bytes=16 * GIB))
    assert said.startswith("lite; here runs also the preset cpu: 2.8 GB to fetch, about 5 min at 10 MB/s; Apache-2.0")
    assert said.endswith("Change to it: gpt4video models use cpu")
    assert "pip install" in preset(Device(memory_bytes=16 * GIB, packages=False))
    assert preset(Device(memory_bytes=2 * GIB)) == "lite"


async def test_what_cannot_fit_is_named_with_the_preset_that_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await told(tmp_path, 'preset = "80gb"', CARD, monkeypatch)
    assert "✓ preset  80gb; auto would be 8gb" in said
    assert "cannot fit on NVIDIA Test" in said
    assert 'models.preset = "8gb" fits here' in said


async def test_a_gpu_that_cannot_be_used_is_told_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Device(
        memory_bytes=16 * GIB, reason="No GPU answered within 90 s. Its driver may hang: restart the machine."
    )
    said = await told(tmp_path, 'preset = "auto"', lost, monkeypatch)
    assert "Its driver may hang: restart the machine." in said
    assert "auto is cpu here." in said


async def test_a_gated_model_and_too_little_room_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_free", lambda _: 5 * 10**9)
    text = 'preset = "cpu"\nframe_guard = "google/shieldgemma-2-4b-it"'
    said = await told(tmp_path, text, CARD, monkeypatch)
    assert "Accept it at https://huggingface.co/google/shieldgemma-2-4b-it" in said
    assert "✗ room  only 5.0 GB free for 11.2 GB of models" in said
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    assert "✗ licence" not in await told(tmp_path, text, CARD, monkeypatch)


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = await told(tmp_path, 'understanding = "./gone"', CARD, monkeypatch)
    assert f"✗ models  there is no folder {tmp_path / 'gone'}" in said


async def test_packages_that_are_missing_are_told_beside_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.backends.accelerator.find_spec", lambda _: None)
    said = await told(tmp_path, 'preset = "cpu"', Device(packages=False, memory_bytes=16 * GIB), monkeypatch)
    assert "✗ models  their packages are not all installed" in said
    assert "make run PRESET=auto" in said
    assert "→ Fetch them with: gpt4video models pull" in said


async def test_one_model_takes_turns_and_works_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = Device(kind="cuda", name="NVIDIA Test", memory_bytes=round(23.5 * GIB))
    said = await told(tmp_path, 'preset = "24gb"', card, monkeypatch)
    assert "Whisper large-v3-turbo takes turns; Wan2.2-5B works in parts" in said
