"""Which commit a name means, how much room there is, and how models go."""

from __future__ import annotations

import errno
import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import presets
from engine.errors import DownloadFailed, DownloadStopped, EngineError, MissingModel, StorageFull
from engine.hub import Held, Store, locate
from engine.types import HubSettings
from tests.fakes.hub_server import HubServer
from tests.integration.engine.hub.conftest import FILES, WEIGHTS
from tests.integration.engine.media.test_writing import full_disk

Fetch = Callable[..., Held]
_Usage = namedtuple("_Usage", "total used free")


def test_the_first_commit_stays_until_an_update_is_asked_for(
    fetch: Fetch, server: HubServer, settings: HubSettings, store: Store
) -> None:
    first = fetch("org/model").commit
    second = server.add("org/model", {**FILES, "config.json": b'{"new": true}'})
    assert fetch("org/model").commit == first
    assert store.locked() == {"org/model": first}
    assert fetch("org/model", update=True).commit == second
    assert store.locked() == {"org/model": second}
    assert locate("org/model", "", settings).name == second
    assert server.sent("model.safetensors") == len(WEIGHTS)  # it has not changed


def test_the_noted_commit_is_what_a_second_machine_fetches(
    fetch: Fetch, server: HubServer, store: Store, settings: HubSettings
) -> None:
    first = fetch("org/model").commit
    server.add("org/model", {**FILES, "config.json": b'{"new": true}'})
    store.remove("org/model")
    assert fetch("org/model").commit == first


def test_the_operators_revision_wins_over_the_pinned_one(
    fetch: Fetch, server: HubServer, settings: HubSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = server.repositories["org/model"].branches["main"]
    new = server.add("org/model", {**FILES, "config.json": b'{"new": true}'})
    tag = server.add("org/model", FILES, branch="v1")
    pin = presets.Pin(
        role=presets.Role.UNDERSTANDING,
        backend="transformers",
        model="org/model",
        name="Model",
        licence="Apache-2.0",
        download_bytes=1,
        memory_bytes=1,
        revision=old,
    )
    monkeypatch.setattr("engine.presets.PINS", {"org/model": pin})
    assert fetch("org/model").commit == old
    assert fetch("org/model", new).commit == new
    assert fetch("org/model", "v1").commit == tag
    assert locate("org/model", "", settings).name == old
    assert locate("org/model", "v1", settings).name == tag


def test_a_damaged_lock_file_is_told_and_not_overwritten(fetch: Fetch, store: Store, settings: HubSettings) -> None:
    store.folder.mkdir(parents=True)
    (store.folder / "models.lock.json").write_text("{ broken")
    with pytest.raises(MissingModel, match=r"models\.lock\.json cannot be read"):
        fetch("org/model")
    assert (store.folder / "models.lock.json").read_text() == "{ broken"


def test_what_cannot_fit_is_refused_before_it_is_fetched(
    fetch: Fetch, server: HubServer, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(StorageFull, match=r"0\.5 GB are needed and 0\.0 GB are free.*models\.folder"):
        fetch("org/model")
    assert server.asked("model.safetensors") == []


def test_a_disk_that_fills_up_meanwhile_is_a_sentence_and_keeps_what_has_arrived(
    fetch: Fetch, server: HubServer, store: Store
) -> None:
    with full_disk(3 << 20), pytest.raises(StorageFull, match="Free some space"):
        fetch("org/model")
    fetch("org/model")
    assert server.asked("model.safetensors")[-1].start >= 2 << 20


def test_a_folder_that_may_not_be_written_is_told(fetch: Fetch, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DownloadFailed, match="cannot be written"):
        fetch("org/model")


def test_a_missing_model_names_the_command_that_fetches_it(settings: HubSettings) -> None:
    with pytest.raises(MissingModel, match="gpt4video models pull org/model"):
        locate("org/model", "", settings)


def test_a_folder_is_its_own_model(settings: HubSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    assert locate(str(mine), "", settings) == mine
    monkeypatch.chdir(tmp_path)
    assert locate("./mine", "", settings).samefile(mine)
    with pytest.raises(MissingModel, match="no folder"):
        locate("./other", "", settings)


def test_a_removed_model_frees_its_bytes_and_is_gone(fetch: Fetch, store: Store, settings: HubSettings) -> None:
    held = fetch("org/model")
    assert store.all() == [held]
    assert store.remove("org/model") == held.size
    assert store.all() == []
    assert store.remove("org/model") == 0
    with pytest.raises(MissingModel):
        locate("org/model", "", settings)


def test_half_a_model_counts_as_used_space_and_can_be_removed(fetch: Fetch, server: HubServer, store: Store) -> None:
    steps: list[int] = []
    with pytest.raises(DownloadStopped):
        fetch(
            "org/model",
            on_progress=lambda step: steps.append(step.done),
            should_stop=lambda: bool(steps) and steps[-1] > 1 << 20,
        )
    assert store.all() == []
    assert store.remove("org/model") > 1 << 20


def test_what_cannot_be_deleted_is_told(fetch: Fetch, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch("org/model")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(EngineError, match=r"cannot be deleted \(Read-only file system\)"):
        store.remove("org/model")


def test_what_a_link_leads_to_is_not_deleted(fetch: Fetch, store: Store, tmp_path: Path) -> None:
    fetch("org/model")
    mine = tmp_path / "mine"
    store.repository("org/model").rename(mine)
    store.repository("org/model").symlink_to(mine)
    assert store.remove("org/model") == 0
    assert store.models() == []
    assert list(mine.rglob("*.safetensors"))
