"""What is loaded, what is refused with which sentence, and that memory comes back."""

from __future__ import annotations

import gc
import json
import shutil
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.backends.mllm import Mllm
from engine.errors import BadRequest, EngineUnavailable, MissingExtra, MissingModel
from engine.types import Clip, HubSettings, ModelChoice, Role, RuntimeConfig
from tests.tiny import mllm

from .conftest import Checkpoint, answer, ask, backend

every_family = pytest.mark.parametrize("family", list(mllm.FAMILIES))
Clips = dict[str, Clip]


def _copy(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to, dirs_exist_ok=True))


@every_family
def test_unloading_gives_all_memory_back_and_loading_again_works(
    family: str, checkpoint: Checkpoint, clips: Clips
) -> None:
    model = backend(checkpoint(family))
    model.load()
    first = answer(model, ask("What is it?", clips["one"]))
    assert model._served is not None
    core = model._served.loaded.model
    held = [weakref.ref(core), *(weakref.ref(tensor) for tensor in (*core.parameters(), *core.buffers()))]
    held += [weakref.ref(layer) for kept in model._served.prefixes._kept.values() for layer in kept.layers]  # type: ignore[union-attr]
    del core

    model.unload()

    gc.collect()
    assert [ref() for ref in held if ref() is not None] == []
    with pytest.raises(EngineUnavailable):
        answer(model, ask("What is it?", clips["one"]))
    model.load()
    assert answer(model, ask("What is it?", clips["one"])).pieces == first.pieces


def test_what_a_model_takes_is_expected_before_and_measured_after_loading(checkpoint: Checkpoint) -> None:
    model = backend(checkpoint("qwen3_vl"), reuse_conversations=0)
    files = sum(file.stat().st_size for file in checkpoint("qwen3_vl").glob("*.safetensors"))
    assert model.footprint().weights == files

    model.load()

    found = model.footprint()
    assert found.weights == pytest.approx(files, rel=0.05)
    assert found.peak > 0


def test_each_relief_asks_for_less_until_there_is_none(loaded: Any, checkpoint: Checkpoint, clips: Clips) -> None:
    model = backend(checkpoint("qwen3_vl"), frame_side=64)
    model.load()
    assert model._served is not None

    sizes = []
    for _ in range(3):
        from .conftest import Recorder

        prompt = model._prompt(model._served, ask("What is it?", clips["one"], frames=8), Recorder())
        sizes.append(len(prompt.ids))
        more = model.relieve()

    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3
    assert not more


def test_the_card_says_what_it_is_without_loading_anything() -> None:
    choice = ModelChoice(backend="transformers", model="Qwen/Qwen3.5-2B")

    card = Mllm.build(choice, RuntimeConfig(models={Role.UNDERSTANDING: choice})).card()

    assert card.name == "Qwen3.5-2B"
    assert card.licence == "Apache-2.0"
    assert card.download_bytes > 1e9
    assert card.revision
    assert not card.missing


# --- refused ---------------------------------------------------------------------------------------------------------


def test_a_model_that_is_not_here_says_how_to_fetch_it(tmp_path: Path) -> None:
    choice = ModelChoice(backend="transformers", model="Qwen/Qwen3.5-2B")
    hub = HubSettings(folder=str(tmp_path))

    with pytest.raises(MissingModel, match=r"gpt4video models pull Qwen/Qwen3\.5-2B"):
        Mllm.build(choice, RuntimeConfig(models={Role.UNDERSTANDING: choice}, hub=hub, device="cpu")).load()


def test_a_model_that_does_not_see_is_refused(tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel

    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(**sizes)).save_pretrained(tmp_path)

    with pytest.raises(BadRequest, match="type bert, which does not look at pictures"):
        backend(tmp_path).load()


def test_a_model_without_a_chat_template_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = _copy(checkpoint("qwen2_5_vl"), tmp_path)
    (folder / "chat_template.jinja").unlink()

    with pytest.raises(BadRequest, match="no chat template"):
        backend(folder).load()


def test_a_template_without_a_place_for_pictures_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = _copy(checkpoint("qwen2_5_vl"), tmp_path)
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}{% for part in m.content %}{{ part.text }}{% endfor %}{% endfor %}"
    )

    with pytest.raises(BadRequest, match="no place for pictures"):
        backend(folder).load()


def test_a_template_that_cannot_be_filled_in_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = _copy(checkpoint("qwen2_5_vl"), tmp_path)
    (folder / "chat_template.jinja").write_text("{% for m in messages %}{{ m.nothing.at.all }}{% endfor %}")

    with pytest.raises(BadRequest, match="fails at its first question"):
        backend(folder).load()


def test_pickled_weights_are_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = _copy(checkpoint("qwen2_5_vl"), tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    with pytest.raises(BadRequest, match="no weights as safetensors"):
        backend(folder).load()


def test_damaged_weights_are_a_sentence(checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = _copy(checkpoint("qwen2_5_vl"), tmp_path)
    (folder / "model.safetensors").write_bytes(b"nothing")

    with pytest.raises(BadRequest, match="cannot be loaded from"):
        backend(folder).load()


def test_weights_that_are_missing_are_not_made_up(checkpoint: Checkpoint, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = _copy(checkpoint("qwen2_5_vl"), tmp_path)
    weights = load_file(folder / "model.safetensors")
    weights.pop(next(name for name in weights if "down_proj" in name))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(BadRequest, match="1 of its weights are not in the files"):
        backend(folder).load()


@pytest.fixture
def with_code(checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model whose repository brings its own code; the code leaves a file when it runs."""
    from safetensors.torch import save_file
    from transformers import AutoModelForImageTextToText

    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    folder = _copy(checkpoint("qwen2_5_vl"), tmp_path / "with_code")
    model = AutoModelForImageTextToText.from_pretrained(folder, local_files_only=True)
    # Under the names of the class: only for types that it knows does the library translate older ones.
    save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "tiny_own",
        "auto_map": {"AutoConfig": "own.OwnConfig", "AutoModelForImageTextToText": "own.OwnModel"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text(
        "from pathlib import Path\n"
        "from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration\n"
        f"Path({str(tmp_path / 'it_ran')!r}).touch()\n"
        "class OwnConfig(Qwen2_5_VLConfig):\n    model_type = 'tiny_own'\n"
        "class OwnModel(Qwen2_5_VLForConditionalGeneration):\n    config_class = OwnConfig\n"
    )
    return folder


def test_code_of_a_models_own_does_not_run_unless_it_is_named(with_code: Path, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"add “.*with_code” to remote_code"):
        backend(with_code).load()

    assert not (tmp_path / "it_ran").exists()


def test_code_of_a_models_own_runs_when_it_is_named(with_code: Path, tmp_path: Path, clips: Clips) -> None:
    choice = ModelChoice(backend="transformers", model=str(with_code))
    hub = HubSettings(remote_code=(str(with_code),))
    model = Mllm.build(choice, RuntimeConfig(models={Role.UNDERSTANDING: choice}, hub=hub, device="cpu"))

    model.load()

    assert (tmp_path / "it_ran").exists()
    assert answer(model, ask("What is it?", clips["one"])).text


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"frame_sid": 64}, "no option “frame_sid”. The nearest one is “frame_side”"),
        ({"context": "many"}, "cannot be used"),
        ({"quantize": "3bit"}, "Use 8bit or 4bit"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_at_once(options: dict[str, Any], says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        backend(Path("/nowhere"), **options)


def test_quantising_without_its_package_says_what_to_install(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "bitsandbytes", None)

    with pytest.raises(MissingExtra, match="pip install bitsandbytes"):
        backend(checkpoint("qwen2_5_vl"), quantize="4bit").load()


def test_a_choice_without_a_model_is_refused() -> None:
    choice = ModelChoice(backend="transformers")

    with pytest.raises(BadRequest, match="needs a model"):
        Mllm.build(choice, RuntimeConfig(models={Role.UNDERSTANDING: choice}))


def test_the_number_format_and_the_attention_can_be_chosen(checkpoint: Checkpoint, clips: Clips) -> None:
    model = backend(checkpoint("qwen3_vl"), dtype="bfloat16", attention="eager")
    model.load()

    assert model._served is not None
    assert str(model._served.loaded.model.dtype) == "torch.bfloat16"
    assert model._served.loaded.config._attn_implementation == "eager"
    assert answer(model, ask("What is it?", clips["one"])).text


# --- adapters --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def adapter(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    return lambda family: mllm.make_lora(checkpoint(family), tmp_path_factory.mktemp(f"{family}-lora"))


@every_family
def test_an_adapter_changes_the_answers_and_without_it_they_are_the_models_own(
    family: str, adapter: Callable[[str], Path], checkpoint: Checkpoint, clips: Clips
) -> None:
    bare, adapted = backend(checkpoint(family)), backend(checkpoint(family), lora=adapter(family))
    for model in (bare, adapted):
        model.load()
    job = ask("What is it?", clips["one"])
    own = answer(bare, job).pieces

    assert answer(adapted, job).pieces != own

    adapted.unload()
    again = backend(checkpoint(family))
    again.load()
    assert answer(again, job).pieces == own


def test_an_adapter_for_another_model_is_refused(adapter: Callable[[str], Path], checkpoint: Checkpoint) -> None:
    with pytest.raises(BadRequest, match="does not fit"):
        backend(checkpoint("qwen2_5_vl"), lora=adapter("llava_next_video")).load()


def test_a_pickled_adapter_is_refused(adapter: Callable[[str], Path], checkpoint: Checkpoint, tmp_path: Path) -> None:
    folder = _copy(adapter("qwen2_5_vl"), tmp_path)
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")

    with pytest.raises(BadRequest, match=r"no adapter_model\.safetensors"):
        backend(checkpoint("qwen2_5_vl"), lora=folder).load()
