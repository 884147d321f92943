"""The models' files on the command line, with a hub on the loopback: listed, fetched, stopped, fetched on, removed."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.presets import PINS, PRESETS
from tests.fakes.hub_server import HubServer
from tests.fakes.hub_server.world import Trouble
from tests.harness import CONSOLE, Cli, environment
from tests.tiny.guards import make_image_classifier

WEIGHTS = bytes(4 << 20)
SMALL = {"config.json": b"{}", "model.safetensors": b"weights"}


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        server.add("org/vlm", {**SMALL, "model.safetensors": WEIGHTS})
        yield server


@pytest.fixture
def configured(tmp_path: Path, hub: HubServer) -> Path:
    """Lite, but with a model of that hub for questions."""
    (tmp_path / "config.toml").write_text(f'[models]\nunderstanding = "org/vlm"\nhub = "{hub.url}"\n')
    return tmp_path


def test_the_models_of_a_preset_are_fetched_listed_and_removed(gpt4video: Cli, hub: HubServer, tmp_path: Path) -> None:
    wanted = {choice.model for choices in PRESETS["cpu"].values() for choice in choices if choice.model}
    for model in wanted:
        hub.add(model, SMALL, commit=PINS[model].revision)
    at = {"GPT4VIDEO_MODELS__HUB": hub.url, "GPT4VIDEO_MODELS__DEVICE": "cpu"}

    def listed() -> dict[str, str]:
        rows = json.loads(gpt4video("models", "list", "--preset", "cpu", "--json", **at).stdout)["models"]
        return {row["model"]: row["files"] for row in rows if row["model"]}

    shown = gpt4video("models", "list", "--preset", "cpu", **at).stdout
    assert "HuggingFaceTB/SmolVLM2-500M-Video-Instruct" in shown
    assert "3.0 GB to fetch: gpt4video models pull --preset cpu" in shown

    pulled = gpt4video("models", "pull", "--preset", "cpu", **at)
    assert pulled.returncode == 0, pulled.stderr
    assert all(f"{model} is here" in pulled.stdout for model in wanted)
    assert listed() == dict.fromkeys(wanted, "here")
    assert "Also on this machine: Falconsai/nsfw_image_detection (9 bytes)" in gpt4video("models", "list").stdout
    removed = gpt4video("models", "rm", *wanted, **at)
    assert removed.returncode == 0
    assert removed.stdout.splitlines()[-1] == f"{len(wanted) * 9} bytes freed."
    assert listed() == dict.fromkeys(wanted, "missing")
    assert "There is no model" in gpt4video("models", "rm", "openai/whisper-tiny", **at).stderr
    assert gpt4video("models", "pull").stdout == "Everything is here.\n"  # of lite, which needs nothing


def test_ctrl_c_keeps_what_has_arrived(gpt4video: Cli, configured: Path, hub: HubServer) -> None:
    trouble = hub.trouble["model.safetensors"] = Trouble(hold_after=3 << 20)
    env = environment(configured / "data")
    with subprocess.Popen(
        [CONSOLE, "models", "pull"], cwd=configured, env=env, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert trouble.reached.wait(60)
        for line in process.stderr:
            if "60 %" in line:
                break
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "What has arrived is kept" in said
    trouble.go_on.set()
    again = gpt4video("models", "pull")
    assert again.returncode == 0, again.stderr
    assert hub.asked("model.safetensors")[-1].start > 2 << 20


def test_offline_a_missing_model_is_told_with_the_command_that_fetches_it(
    gpt4video: Cli, configured: Path, hub: HubServer
) -> None:
    result = gpt4video("moderate", "a text", GPT4VIDEO_MODELS__OFFLINE="true")
    assert result.returncode == 4
    assert "Not on this machine: org/vlm." in result.stderr
    assert "gpt4video models pull org/vlm" in result.stderr
    assert hub.requests == []


def test_a_gated_model_is_explained(gpt4video: Cli, configured: Path, hub: HubServer) -> None:
    hub.add("org/gated", SMALL, gated=True, readers=("hf_mine",))
    result = gpt4video("models", "pull", "org/gated", HF_TOKEN="")
    assert result.returncode == 4
    assert f"Accept it at {hub.url}/org/gated" in result.stderr
    assert gpt4video("models", "pull", "org/gated", HF_TOKEN="hf_mine").returncode == 0


def test_an_unknown_preset_names_those_that_exist(gpt4video: Cli) -> None:
    result = gpt4video("models", "list", "--preset", "12gb")
    assert result.returncode == 2
    assert "auto, lite, cpu, 8gb, 16gb, 24gb, 80gb" in result.stderr


def test_doctor_says_what_is_missing_what_fits_and_what_to_do(gpt4video: Cli, configured: Path, hub: HubServer) -> None:
    text = (configured / "config.toml").read_text() + 'frame_guard = "google/shieldgemma-2-4b-it"\nmemory_gb = 2\n'
    (configured / "config.toml").write_text(text)
    result = gpt4video("doctor", HF_TOKEN="", GPT4VIDEO_MODELS__DEVICE="cpu")
    assert result.returncode == 4
    assert "2 of 2 are not here yet: 8.6 GB or more" in result.stdout
    assert "gpt4video models pull" in result.stdout
    assert "shieldgemma-2-4b-it cannot fit" in result.stdout
    assert f"Accept it at {hub.url}/google/shieldgemma-2-4b-it" in result.stdout
    assert hub.requests == []


def test_a_check_fetches_the_model_that_does_it(gpt4video: Cli, hub: HubServer, tmp_path: Path, bikes: Path) -> None:
    """From the hub to the verdict: real files of a tiny model, fetched on first use and loaded by the real code."""
    folder = make_image_classifier(tmp_path / "vit", taught=False)
    hub.add("org/tiny", {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()})
    labels = '{ "label.normal" = "", "label.nsfw" = "sexual" }'
    guard = f'{{ backend = "image-classifier", model = "org/tiny", options = {labels} }}'
    (tmp_path / "config.toml").write_text(f'[models]\nframe_guard = {guard}\nhub = "{hub.url}"\n')
    result = gpt4video("moderate", "--file", bikes, "--json")
    assert "Fetching org/tiny" in result.stderr
    assert json.loads(result.stdout)["coverage"]["frames"] == ["sexual"], result.stderr
