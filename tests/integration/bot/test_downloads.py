"""What people see while models are fetched: bars in a terminal, lines in a log."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from bot import models
from bot.cli.downloads import fetch, prepare
from bot.config import Config, load_config
from bot.outlook import Files, Fit, outlook
from engine.device import Device
from engine.errors import DownloadStopped, HubUnreachable
from engine.presets import GIB
from tests.fakes.hub_server import HubServer
from tests.fakes.hub_server.world import Trouble


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        server.add("org/vlm", {"config.json": b"{}", "model.safetensors": bytes(3 << 20)})
        server.add("org/video", {"config.json": b"{}", "model.safetensors": bytes(1 << 20)})
        yield server


@pytest.fixture
def config(hub: HubServer, tmp_path: Path) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(
        f'bot.data_dir = "data"\n[models]\nhub = "{hub.url}"\nunderstanding = "org/vlm"\ngeneration = "org/video"\n'
    )
    return load_config(file, {})


def test_a_log_gets_a_line_for_each_model_and_each_tenth(config: Config) -> None:
    out = io.StringIO()
    prepare(config, Console(file=out, width=80))
    lines = out.getvalue().splitlines()
    assert lines[0] == "Fetching org/vlm, 3.1 MB …"
    assert "Fetching org/video, 1.0 MB …" in lines
    assert lines.count("  50 % of org/vlm") == 1
    assert len(lines) < 25
    assert prepare(config, Console(file=out)) is config
    assert out.getvalue().splitlines() == lines  # the second time there is nothing to say


def test_a_terminal_gets_a_bar_for_the_file_and_one_for_everything(config: Config, hub: HubServer) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=160)
    held = fetch(config, models.missing(config.runtime_config()), console)
    assert [each.model for each in held] == ["org/vlm", "org/video"]
    assert "vlm  model.safetensors" in out.getvalue()
    assert "everything" in out.getvalue()


def test_what_was_fetched_is_shown_with_the_hubs_licence_and_its_commit(config: Config, hub: HubServer) -> None:
    prepare(config, Console(file=io.StringIO()))
    row = outlook(config.runtime_config(), Device(memory_bytes=8 * GIB)).rows[0]
    assert (row.files, row.licence) == (Files.HERE, "apache-2.0")
    assert row.revision == hub.repositories["org/vlm"].branches["main"]
    assert (row.memory_bytes, row.fit) == (3 << 20, Fit.YES)


def test_ctrl_c_ends_with_a_sentence_and_keeps_the_parts(
    config: Config, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "pull", interrupted)
    with pytest.raises(DownloadStopped, match="kept"):
        fetch(config, models.missing(config.runtime_config()), Console(file=io.StringIO()))


def test_what_is_missing_offline_is_told_before_anybody_is_asked(config: Config, hub: HubServer) -> None:
    offline = config.model_copy(update={"models": config.models.model_copy(update={"offline": True})})
    with pytest.raises(HubUnreachable, match=r"org/vlm, org/video.*gpt4video models pull org/vlm org/video"):
        prepare(offline, Console(file=io.StringIO()))
    assert hub.requests == []


def test_auto_is_settled_before_its_models_are_fetched(
    config: Config, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "detect", lambda _: Device(packages=False, memory_bytes=8 * GIB))
    auto = config.model_copy(update={"models": config.models.model_copy(update={"preset": "auto"})})
    hub.trouble["model.safetensors"] = Trouble(status=503, times=1)
    monkeypatch.setattr("time.sleep", lambda _: None)
    out = io.StringIO()
    prepared = prepare(auto, Console(file=out))
    assert out.getvalue().startswith(
        "The preset auto is lite here. The packages of the large models are not installed."
    )
    assert prepared.models.preset == "lite"
    assert models.missing(prepared.runtime_config()) == ()
