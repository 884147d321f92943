"""Which files of a repository are fetched: what a model needs, once, and nothing that could run."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import CorruptDownload, UnsafeModel
from engine.hub.selection import RemoteFile, select

FILES = {
    "config.json": b"{}",
    "model.safetensors": b"weights",
}


def chosen(files: dict[str, bytes], **how: object) -> set[str]:
    remote = [RemoteFile(path, len(content), "0" * 40) for path, content in files.items()]
    return {file.path for file in select(remote, lambda file: files[file.path], **how)}  # type: ignore[arg-type]


def index(*parts: str) -> bytes:
    return json.dumps({"metadata": {}, "weight_map": {f"tensor.{n}": part for n, part in enumerate(parts)}}).encode()


def test_vocabularies_templates_and_terms_come_along() -> None:
    files = dict.fromkeys(
        ("vocab.txt", "tokenizer.model", "chat_template.jinja", "merges.txt", "LICENSE", "USE_POLICY.md"), b""
    )
    more = {"additional_chat_templates/rag.jinja": b"", "README.md": b"", "figure.png": b"", "onnx/config.json": b""}
    assert chosen(FILES | files | more) == {*FILES, *files, "additional_chat_templates/rag.jinja"}


@pytest.mark.parametrize("suffix", [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack", ".onnx", ".gguf", ".py"])
def test_formats_that_may_run_code_and_others_that_nobody_reads_stay_there(suffix: str) -> None:
    assert chosen({**FILES, f"model{suffix}": b"", f"pytorch_model{suffix}": b""}) == set(FILES)


def test_parts_are_those_of_the_list_whatever_they_are_called() -> None:
    part = "model.safetensors-00001-of-00001.safetensors"
    files = {
        "config.json": b"{}",
        "model.safetensors.index.json": index(part, part),
        part: b"w",
        "old.safetensors": b"",
    }
    assert chosen(files) == {"config.json", "model.safetensors.index.json", part}


def test_weights_in_one_file_win_over_parts_and_the_list_of_parts_stays_there() -> None:
    files = {**FILES, "model.safetensors.index.json": index("part.safetensors"), "part.safetensors": b"w"}
    assert chosen(files) == set(FILES)


def test_other_kinds_of_the_same_weights_stay_there() -> None:
    more = ("model.fp16.safetensors", "model.fp32-00001-of-00002.safetensors", "consolidated.safetensors")
    assert chosen({**FILES, **dict.fromkeys(more, b"")}) == set(FILES)
    assert "model.fp16.safetensors" in chosen({**FILES, "model.fp16.safetensors": b""}, variant="fp16")


def test_weights_that_exist_in_half_precision_only_are_taken() -> None:
    assert chosen({"config.json": b"{}", "model.fp16.safetensors": b"w"}) == {"config.json", "model.fp16.safetensors"}


def test_an_adapter_is_taken_under_whatever_name() -> None:
    assert chosen({"adapter_config.json": b"{}", "adapter_model.safetensors": b"w"}) == {
        "adapter_config.json",
        "adapter_model.safetensors",
    }
    assert chosen({"my_style.safetensors": b"w"}) == {"my_style.safetensors"}


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"config.json": b"{}", "pytorch_model.bin": b""}, "only as pytorch_model.bin"),
        ({"config.json": b"{}", "model.gguf": b""}, "in no format that is read here"),
        ({"model_index.json": b'{"vae": ["diffusers", "X"]}', "vae/model.ckpt": b""}, "only as vae/model.ckpt"),
    ],
)
def test_a_model_without_safetensors_is_refused(files: dict[str, bytes], says: str) -> None:
    with pytest.raises(UnsafeModel, match=says):
        chosen(files)


@pytest.mark.parametrize(
    "content",
    [
        b"no json",
        b"[]",
        b"[" * 100_000,
        b'{"weight_map": 3}',
        b'{"weight_map": {"tensor": ["a"]}}',
        index("gone.safetensors"),
        index("a.bin"),
    ],
)
def test_a_broken_list_of_parts_is_told(content: bytes) -> None:
    with pytest.raises(CorruptDownload):
        chosen({"model.safetensors.index.json": content, "a.bin": b""})


def test_a_list_of_parts_that_is_as_large_as_a_model_is_not_fetched() -> None:
    vast = [RemoteFile("model.safetensors.index.json", 1 << 40, "0" * 40)]
    with pytest.raises(CorruptDownload):
        select(vast, lambda _: pytest.fail("it was fetched"))


def test_a_pipeline_with_one_component_as_a_pickle_is_refused_before_the_rest_is_fetched() -> None:
    index = json.dumps({"unet": ["diffusers", "X"], "vae": ["diffusers", "Y"]}).encode()
    files = {"model_index.json": index, "unet/model.safetensors": b"w", "vae/model.bin": b""}
    with pytest.raises(UnsafeModel, match=r"only as vae/model\.bin"):
        chosen(files)


def test_a_picture_models_own_checker_stays_there() -> None:
    index = json.dumps({"unet": ["diffusers", "X"], "safety_checker": ["stable_diffusion", "Y"]}).encode()
    files = {"model_index.json": index, "unet/model.safetensors": b"w"}
    assert chosen({**files, "safety_checker/model.bin": b"", "safety_checker/config.json": b"{}"}) == set(files)


@pytest.mark.parametrize("name", ["a\0.json", "\x1b[31m.json", f"{'x' * 300}.json"])
def test_names_that_no_disk_or_terminal_takes_stay_there(name: str) -> None:
    assert chosen({**FILES, name: b""}) == set(FILES)


names = st.lists(st.sampled_from(["a", "..", ".", "config.json", "model.safetensors", "x.py", "\\", ""]), max_size=4)


@given(st.lists(names, max_size=6))
def test_whatever_a_hub_lists_nothing_leaves_the_folder(paths: list[list[str]]) -> None:
    files = {"/".join(path): b"{}" for path in paths} | FILES
    for path in chosen(files):
        assert ".." not in path.split("/")
        assert not path.startswith("/")
        assert not path.endswith(".py")
