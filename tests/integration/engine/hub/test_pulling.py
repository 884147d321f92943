"""Fetching a model from a hub on the loopback: all of it, the rest of it, and nothing that is not it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi, close_session, hf_hub_download

from engine.errors import (
    CorruptDownload,
    DownloadFailed,
    DownloadStopped,
    HubUnreachable,
    MissingExtra,
    MissingModel,
    UnsafeModel,
)
from engine.hub import Advance, Held, Source, Store, locate, pull
from engine.types import HubSettings
from tests.fakes.hub_server import HubServer
from tests.fakes.hub_server.world import Trouble
from tests.integration.engine.hub.conftest import FILES, WEIGHTS

Fetch = Callable[..., Held]


def test_a_fetched_model_is_found_whole_and_without_its_pickles(
    fetch: Fetch, settings: HubSettings, server: HubServer
) -> None:
    fetch("org/model")
    folder = locate("org/model", "", settings)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        name: FILES[name] for name in ("config.json", "tokenizer.json", "model.safetensors")
    }
    assert server.asked("pytorch_model.bin") == []


def test_what_is_here_is_not_asked_for_again(fetch: Fetch, server: HubServer) -> None:
    fetch("org/model")
    before = len(server.requests)
    fetch("org/model")
    assert len(server.requests) == before


def test_progress_grows_to_the_end_and_names_the_files(fetch: Fetch) -> None:
    seen: list[Advance] = []
    fetch("org/model", on_progress=seen.append)
    total = sum(len(FILES[name]) for name in ("config.json", "tokenizer.json", "model.safetensors"))
    assert [step.done for step in seen] == sorted(step.done for step in seen)
    assert {step.total for step in seen} == {total}
    assert (seen[-1].done, seen[-1].file, seen[-1].file_done) == (total, "model.safetensors", len(WEIGHTS))
    assert any(0 < step.file_done < step.file_total for step in seen)


def test_a_lost_connection_is_taken_up_where_it_was_lost(fetch: Fetch, server: HubServer, store: Store) -> None:
    server.trouble["model.safetensors"] = Trouble(cut_after=2_500_000)
    held = fetch("org/model")
    assert (store.snapshot("org/model", held.commit) / "model.safetensors").read_bytes() == WEIGHTS
    first, second = server.asked("model.safetensors")
    assert (first.start, second.start) == (0, 2_500_000)
    assert server.sent("model.safetensors") == len(WEIGHTS)


def test_a_stopped_download_goes_on_from_there_another_day(fetch: Fetch, server: HubServer, store: Store) -> None:
    half: list[Advance] = []
    with pytest.raises(DownloadStopped, match="kept"):
        fetch("org/model", on_progress=half.append, should_stop=lambda: bool(half) and half[-1].done > 2_000_000)
    with pytest.raises(MissingModel):
        locate("org/model", "", HubSettings(folder=str(store.folder)))
    kept = half[-1].file_done
    fetch("org/model")
    assert [request.start for request in server.asked("model.safetensors")] == [0, kept]
    assert server.asked("model.safetensors")[1].sent == len(WEIGHTS) - kept


def test_a_killed_download_goes_on_from_there(server: HubServer, settings: HubSettings, fetch: Fetch) -> None:
    trouble = server.trouble["model.safetensors"] = Trouble(hold_after=3 << 20)
    code = (
        "from engine.hub import Source, pull\nfrom engine.types import HubSettings\n"
        f"pull('org/model', hub=HubSettings(folder={settings.folder!r}), source=Source(endpoint={server.url!r}),"
        " on_progress=lambda step: print(step.file_done, flush=True))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    arrived = next(int(line) for line in process.stdout if int(line) >= 2 << 20)
    process.kill()
    process.communicate()
    trouble.go_on.set()
    fetch("org/model")
    assert server.asked("model.safetensors")[-1].start >= arrived - (1 << 20)


def test_a_hub_that_cannot_begin_in_the_middle_begins_again(fetch: Fetch, server: HubServer, store: Store) -> None:
    server.trouble["model.safetensors"] = Trouble(cut_after=2_000_000)
    real = server.takes

    def takes(name: str) -> Trouble | None:
        found = real(name)
        return Trouble(ignore_ranges=True) if found is None and name == "model.safetensors" else found

    server.takes = takes  # type: ignore[method-assign]
    held = fetch("org/model")
    assert (store.snapshot("org/model", held.commit) / "model.safetensors").read_bytes() == WEIGHTS


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_file_with_a_wrong_checksum_is_refused_and_deleted(
    fetch: Fetch, server: HubServer, store: Store, name: str
) -> None:
    wrong = bytes(len(FILES[name]))
    server.trouble[name] = Trouble(tampered=wrong)
    with pytest.raises(CorruptDownload, match=f"{name} of org/model arrived damaged.*deleted"):
        fetch("org/model")
    assert all(path.read_bytes() != wrong for path in store.blobs("org/model").iterdir())
    fetch("org/model")
    assert server.asked(name)[-1].start == 0


def test_more_bytes_than_announced_are_refused(fetch: Fetch, server: HubServer) -> None:
    server.trouble["model.safetensors"] = Trouble(tampered=WEIGHTS + b"more")
    with pytest.raises(CorruptDownload, match=r"more of model\.safetensors"):
        fetch("org/model")


def test_a_blob_that_has_rotted_is_fetched_anew(fetch: Fetch, server: HubServer, store: Store) -> None:
    held = fetch("org/model")
    blob = store.blobs("org/model") / next(file.blob for file in held.files if file.path == "model.safetensors")
    blob.write_bytes(b"cut")
    with pytest.raises(MissingModel):
        locate("org/model", "", HubSettings(folder=str(store.folder)))
    fetch("org/model")
    assert blob.read_bytes() == WEIGHTS


def test_parallel_pulls_of_one_model_fetch_it_once(fetch: Fetch, server: HubServer, store: Store) -> None:
    start = threading.Barrier(4)

    def work(_: int) -> Held:
        start.wait()
        return fetch("org/model")

    with ThreadPoolExecutor(4) as pool:
        held = set(pool.map(work, range(4)))
    assert len(held) == 1
    assert server.sent("model.safetensors") == len(WEIGHTS)
    assert not list(store.folder.rglob("*.incomplete"))


def test_a_waiting_pull_can_be_stopped(fetch: Fetch, server: HubServer) -> None:
    trouble = server.trouble["model.safetensors"] = Trouble(hold_after=1 << 20)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(fetch, "org/model")
        assert trouble.reached.wait(20)
        with pytest.raises(DownloadStopped):
            fetch("org/model", should_stop=lambda: True)
        trouble.go_on.set()
        first.result()


def test_a_pipeline_brings_its_components_and_no_second_copy(server: HubServer, fetch: Fetch, store: Store) -> None:
    index = json.dumps({"weight_map": {"a": "part-1.safetensors", "b": "part-2.safetensors"}}).encode()
    components = {"_class_name": "WanPipeline", "transformer": ["diffusers", "X"], "vae": ["diffusers", "Y"]}
    server.add(
        "org/pipeline",
        {
            "model_index.json": json.dumps({**components, "image_encoder": [None, None]}).encode(),
            "whole.safetensors": b"everything in one file",
            "transformer/config.json": b"{}",
            "transformer/diffusion_pytorch_model.safetensors.index.json": index,
            "transformer/part-1.safetensors": b"1",
            "transformer/part-2.safetensors": b"2",
            "vae/config.json": b"{}",
            "vae/diffusion_pytorch_model.safetensors": b"vae",
            "vae/diffusion_pytorch_model.fp16.safetensors": b"half",
            "vae/diffusion_pytorch_model.bin": b"pickle",
            "image_encoder/model.safetensors": b"unused",
            "examples/clip.json": b"{}",
        },
    )
    held = fetch("org/pipeline")
    assert {file.path for file in held.files} == {
        "model_index.json",
        "transformer/config.json",
        "transformer/diffusion_pytorch_model.safetensors.index.json",
        "transformer/part-1.safetensors",
        "transformer/part-2.safetensors",
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
    }
    half = fetch("org/pipeline", variant="fp16")
    assert "vae/diffusion_pytorch_model.fp16.safetensors" in {file.path for file in half.files}


def test_code_comes_along_only_for_models_that_the_operator_names(
    server: HubServer, source: Source, settings: HubSettings
) -> None:
    server.add("org/code", {"config.json": b"{}", "model.safetensors": b"w", "modeling_x.py": b"print('hello')"})
    plain = pull("org/code", hub=settings, source=source)
    assert {file.path for file in plain.files} == {"config.json", "model.safetensors"}
    allowed = HubSettings(folder=settings.folder, remote_code=("org/code",))
    assert "modeling_x.py" in {file.path for file in pull("org/code", hub=allowed, source=source).files}


def test_a_model_that_exists_only_as_a_pickle_is_refused(server: HubServer, fetch: Fetch) -> None:
    server.add("org/old", {"config.json": b"{}", "pytorch_model.bin": b"pickle"})
    with pytest.raises(UnsafeModel, match=r"org/old has weights only as pytorch_model.bin.*a revision of this one"):
        fetch("org/old")
    assert server.asked("pytorch_model.bin") == []


def test_names_that_lead_out_of_the_folder_are_not_written(server: HubServer, fetch: Fetch, store: Store) -> None:
    server.add("org/evil", {"config.json": b"{}", "model.safetensors": b"w", "../../../out.json": b"!"})
    held = fetch("org/evil")
    assert {file.path for file in held.files} == {"config.json", "model.safetensors"}
    assert not list(store.folder.parent.rglob("out.json"))


@pytest.mark.parametrize("commit", ["../../../../out", "abc", "b" * 40])
def test_another_commit_than_was_asked_for_is_refused(
    server: HubServer, fetch: Fetch, store: Store, commit: str
) -> None:
    """It would be a folder's name, and a pinned one stands for what somebody has looked at."""
    pinned = server.repositories["org/model"].branches["main"]
    server.lies["sha"] = commit
    with pytest.raises(CorruptDownload, match="nothing was fetched"):
        fetch("org/model", pinned)
    assert server.sent("model.safetensors") == 0
    assert not list(store.folder.parent.rglob("*.safetensors"))


@pytest.mark.parametrize(
    "lie",
    [
        {"siblings": "many"},
        {"siblings": [{"rfilename": None}]},
        {"siblings": [{"rfilename": "model.safetensors", "size": -5}]},
        {"siblings": [{"rfilename": "model.safetensors", "size": "much"}]},
        {"tags": [1]},
    ],
)
def test_what_makes_no_sense_is_a_sentence(server: HubServer, fetch: Fetch, lie: dict[str, Any]) -> None:
    server.lies.update(lie)
    with pytest.raises(CorruptDownload, match=r"not what a hub of models answers\. Check models\.hub"):
        fetch("org/model")


def test_a_page_that_asks_to_sign_in_is_no_hub(server: HubServer, fetch: Fetch) -> None:
    server.trouble["api"] = Trouble(tampered=b"<html>Welcome to our hotel</html>")
    with pytest.raises(CorruptDownload, match="sign in"):
        fetch("org/model")


def test_the_hubs_own_library_finds_what_was_fetched_and_the_other_way_round(
    server: HubServer, fetch: Fetch, store: Store
) -> None:
    """The two share a folder, so a fake that answers both is a fair one."""
    theirs = Path(
        hf_hub_download("org/model", "model.safetensors", endpoint=server.url, cache_dir=store.folder, token=False)
    )
    assert theirs.read_bytes() == WEIGHTS
    held = fetch("org/model")
    assert server.sent("model.safetensors") == len(WEIGHTS)  # checked, not fetched again
    assert store.snapshot("org/model", held.commit) == theirs.parent
    again = hf_hub_download(
        "org/model", "config.json", endpoint=server.url, cache_dir=store.folder, token=False, revision=held.commit
    )
    assert Path(again).read_bytes() == FILES["config.json"]
    info: Any = HfApi(endpoint=server.url, token=False).model_info("org/model", files_metadata=True)
    assert info.sha == held.commit


def test_a_busy_hub_is_asked_again(fetch: Fetch, server: HubServer) -> None:
    server.trouble["api"] = Trouble(status=503, times=2)
    server.trouble["model.safetensors"] = Trouble(status=429, times=3)
    fetch("org/model")
    assert len(server.asked("model.safetensors")) == 4


def test_a_hub_that_stays_down_is_given_up_with_a_sentence(fetch: Fetch, server: HubServer) -> None:
    server.trouble["api"] = Trouble(status=500, times=99)
    with pytest.raises(DownloadFailed, match=r"answers with error 500\. Try again"):
        fetch("org/model")


def test_without_a_network_the_sentence_says_what_to_check(settings: HubSettings, server: HubServer) -> None:
    closed = HubServer()
    closed._server.server_close()
    source = Source(endpoint=closed.url, pause=lambda _: None)
    with pytest.raises(HubUnreachable, match=r"cannot be reached.*Check the network and models.hub"):
        pull("org/model", hub=settings, source=source)


def test_offline_asks_nobody(settings: HubSettings, source: Source, server: HubServer) -> None:
    with pytest.raises(HubUnreachable, match=r"models\.offline"):
        pull("org/model", hub=settings, source=replace(source, offline=True))
    assert server.requests == []


def test_settings_of_the_network_that_cannot_be_used_are_told(
    fetch: Fetch, server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    close_session()
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/certificates.pem")
    with pytest.raises(HubUnreachable, match="SSL_CERT_FILE"):
        fetch("org/model")
    assert server.requests == []


def test_without_the_packages_the_sentence_says_how_to_get_them(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock's library is one of them, and has to be missed no earlier."""
    monkeypatch.setitem(sys.modules, "filelock", None)
    monkeypatch.setattr("engine.hub.source.find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match="make run PRESET=auto"):
        fetch("org/model")
