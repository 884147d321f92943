"""Folders of models, read without a model library."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.backends.diffusion.checkpoint import examine, family_in, lora_file
from engine.errors import BadRequest, MissingModel


def safetensors(file: Path, **shapes: tuple[int, ...]) -> None:
    """A valid file of zeros in 32 bits."""
    header, end = {}, 0
    for name, shape in shapes.items():
        size = 4
        for side in shape:
            size *= side
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A Wan-like folder: two parts with weights, a tokenizer, an empty second expert."""
    index = {
        "_class_name": "WanPipeline",
        "transformer": ["diffusers", "WanTransformer3DModel"],
        "transformer_2": [None, None],
        "vae": ["diffusers", "AutoencoderKLWan"],
        "tokenizer": ["transformers", "T5TokenizerFast"],
        "boundary_ratio": None,
    }
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    for part in ("transformer", "vae", "tokenizer"):
        (tmp_path / part).mkdir()
    for part in ("transformer", "vae"):
        (tmp_path / part / "config.json").write_text("{}")
    safetensors(tmp_path / "transformer" / "diffusion_pytorch_model-00001-of-00002.safetensors", a=(10, 4))
    safetensors(tmp_path / "transformer" / "diffusion_pytorch_model-00002-of-00002.safetensors", b=(6,), c=())
    safetensors(tmp_path / "vae" / "diffusion_pytorch_model.safetensors", d=(2, 2, 2))
    return tmp_path


def change(model: Path, **entries: object) -> None:
    file = model / "model_index.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **entries}))


def test_weights_are_counted_from_the_headers_of_all_shards(model: Path) -> None:
    checkpoint = examine(model)
    assert checkpoint.numbers() == {"transformer": 40 + 6 + 1, "vae": 8}
    assert checkpoint.family.name == "Wan 2.1"
    assert checkpoint.variant == ""


def test_files_of_half_precision_beside_whole_ones_are_not_counted_twice(model: Path) -> None:
    safetensors(model / "vae" / "diffusion_pytorch_model.fp16.safetensors", d=(2, 2, 2))
    assert examine(model).numbers()["vae"] == 8
    assert examine(model).variant == ""


def test_the_family_comes_from_the_denoisers_own_configuration_too(model: Path) -> None:
    change(model, _class_name="CogVideoXPipeline")
    (model / "transformer" / "config.json").write_text(json.dumps({"patch_size_t": 2}))
    assert examine(model).family.name == "CogVideoX 1.5"


@pytest.mark.parametrize("content", [b"", b"\x01", b"\xff" * 20, (9).to_bytes(8, "little") + b"not json!"])
def test_a_damaged_header_is_told(model: Path, content: bytes) -> None:
    (model / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(content)
    with pytest.raises(MissingModel, match="damaged"):
        examine(model).numbers()


def test_a_file_that_ends_too_early_is_told(model: Path) -> None:
    file = model / "vae" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(MissingModel, match="ends too early"):
        examine(model).numbers()


@pytest.mark.parametrize("suffix", [".bin", ".pt", ".pth", ".ckpt", ".pkl"])
def test_pickled_weights_are_refused_and_count_nothing_beside_safe_ones(model: Path, suffix: str) -> None:
    (model / "vae" / f"model{suffix}").write_bytes(b"pickle")
    assert examine(model).numbers()["vae"] == 8
    (model / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(BadRequest, match="pickled"):
        examine(model)


def test_a_safety_checker_is_neither_needed_nor_read(model: Path) -> None:
    change(model, safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"])
    assert "safety_checker" not in examine(model).parts


def test_asking_for_the_family_never_raises(model: Path, tmp_path: Path) -> None:
    assert family_in(model) is not None
    assert family_in(tmp_path / "nowhere") is None
    change(model, _class_name=["own_pipeline", "OwnPipeline"])
    assert family_in(model) is None
    (model / "model_index.json").write_text("[]")
    assert family_in(model) is None


def test_the_one_lora_file_is_found(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no LoRA"):
        lora_file(tmp_path)
    one = tmp_path / "style.safetensors"
    one.touch()
    assert lora_file(tmp_path) == lora_file(one) == one
    (tmp_path / "other.safetensors").touch()
    with pytest.raises(BadRequest, match=r"several.*other.*style"):
        lora_file(tmp_path)
    usual = tmp_path / "pytorch_lora_weights.safetensors"
    usual.touch()
    assert lora_file(tmp_path) == usual
    pickled = tmp_path / "style.bin"
    pickled.touch()
    with pytest.raises(BadRequest, match="Pickled"):
        lora_file(pickled)
