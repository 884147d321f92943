"""What is loaded, what is refused and why, adapters, ways of keeping weights, and what makes steps cheaper."""

from __future__ import annotations

import functools
import json
import pickle
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.backends import accelerator
from engine.backends.base import Footprint
from engine.backends.diffusion import Diffusion, memory
from engine.errors import BadRequest, MissingModel
from engine.types import HubSettings, ModelChoice, Role, RuntimeConfig

from .conftest import SIZE, STEPS, Job, Make


def backend_for(folder: Path | str, *, remote_code: tuple[str, ...] = (), **options: Any) -> Diffusion:
    choice = ModelChoice(backend="diffusers", model=str(folder), options={"steps": STEPS, "size": SIZE, **options})
    config = RuntimeConfig(models={Role.GENERATION: choice}, hub=HubSettings(remote_code=remote_code), device="cpu")
    return Diffusion.build(choice, config)


@pytest.fixture
def copy(tiny, tmp_path: Path):
    def copied(name: str) -> Path:
        return shutil.copytree(tiny(name), tmp_path / "copy")

    return copied


# --- what is refused ---


def test_an_unknown_pipeline_is_named_with_those_that_are_known(copy) -> None:
    folder = copy("wan")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "_class_name": "FluxPipeline"}))
    with pytest.raises(BadRequest, match=r"is a FluxPipeline.*Known are: .*WanPipeline") as error:
        backend_for(folder).load()
    assert error.value.details["pipeline"] == "FluxPipeline"


def test_pickled_weights_are_refused_and_never_opened(copy, tmp_path: Path) -> None:
    folder = copy("wan")
    ran = tmp_path / "ran"

    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (ran,))

    (folder / "transformer" / "diffusion_pytorch_model.safetensors").unlink()
    (folder / "transformer" / "diffusion_pytorch_model.bin").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(BadRequest, match=r"pickled.*safetensors"):
        backend_for(folder).load()
    assert not ran.exists()


@pytest.mark.parametrize("harm", ["cut", "garbage", "gone", "no-folder", "no-index", "bad-index"])
def test_a_broken_checkpoint_is_told_from_a_whole_one(copy, harm: str) -> None:
    folder = copy("wan")
    weights = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    match harm:
        case "cut":
            weights.write_bytes(weights.read_bytes()[:-1000])
        case "garbage":
            weights.write_bytes(b"\xff" * 5000)
        case "gone":
            weights.unlink()
        case "no-folder":
            shutil.rmtree(folder / "vae")
        case "no-index":
            (folder / "model_index.json").unlink()
        case "bad-index":
            (folder / "model_index.json").write_text("{")
    with pytest.raises(MissingModel, match=r"etch (it|the model) again"):
        backend_for(folder).load()


def test_a_checkpoint_that_lacks_a_weight_is_refused(copy) -> None:
    from safetensors.torch import load_file, save_file

    folder = copy("wan")
    file = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    weights = load_file(file)
    del weights["blocks.1.attn1.to_q.weight"]
    save_file(weights, file)
    with pytest.raises(MissingModel, match="to_q"):
        backend_for(folder).load()


def test_a_model_that_is_nowhere_says_so_on_its_card_and_when_loaded() -> None:
    backend = backend_for("/nowhere/model")
    assert "/nowhere/model" in backend.card().missing
    with pytest.raises(MissingModel):
        backend.load()


def test_code_that_comes_with_a_model_needs_the_operators_leave(copy) -> None:
    folder = copy("wan")
    index = json.loads((folder / "model_index.json").read_text())
    index["transformer"] = ["own_model", "OwnTransformer"]
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "transformer" / "own_model.py").write_text("raise RuntimeError('the code ran')")
    with pytest.raises(BadRequest, match="remote_code"):
        backend_for(folder).load()
    with pytest.raises(MissingModel, match="the code ran"):
        backend_for(folder, remote_code=(str(folder),)).load()


@pytest.mark.parametrize(
    "options",
    [{"steps": 0}, {"steps": "many"}, {"guidance": "high"}, {"size": "large"}, {"negative_prompt": 3}, {"cache": "x"}],
)
def test_an_option_of_the_wrong_kind_is_named(tiny, wish, options: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match=next(iter(options))):
        backend_for(tiny("wan"), **options).render(wish(), Job())


def test_an_option_that_there_is_not_is_refused_with_those_that_there_are(tiny) -> None:
    with pytest.raises(BadRequest, match=r"“stepps”.*steps"):
        backend_for(tiny("wan"), stepps=3)


# --- what is told without loading ---


def test_a_card_knows_from_the_files_whether_a_model_can_begin_with_a_picture(tiny) -> None:
    told = {name: backend_for(tiny(name)).card().animates for name in ("wan", "wan-ti2v", "ltx", "hunyuan")}
    assert told == {"wan": False, "wan-ti2v": True, "ltx": True, "hunyuan": False}


def test_the_expected_footprint_is_that_of_the_loaded_model(tiny) -> None:
    backend = backend_for(tiny("cogvideox"))
    expected = backend.footprint()
    backend.load()
    assert backend.footprint().weights == expected.weights > 0
    assert backend.footprint().peak > 0


def test_unloading_frees_the_weights_and_loading_brings_them_back(tiny, wish) -> None:
    import gc
    import weakref

    from torch.nn.modules.module import register_module_forward_pre_hook

    backend, seen = backend_for(tiny("ltx")), []
    handle = register_module_forward_pre_hook(lambda module, arguments: seen.append(weakref.ref(module)))
    before, after = wish(seconds=0.2), wish(seconds=0.2)
    backend.render(before, Job())
    handle.remove()
    assert seen
    backend.unload()
    gc.collect()
    assert [module for module in seen if module() is not None] == []
    backend.render(after, Job())
    assert Path(before.out).read_bytes() == Path(after.out).read_bytes()


# --- adapters ---


def test_a_lora_adapter_changes_the_video_and_its_scale_counts(tiny, make: Make, wish, tmp_path: Path) -> None:
    from tests.tiny.video import make_lora

    lora = make_lora(tmp_path / "lora", tiny("wan"))
    without, on, off = wish(), wish(), wish()
    make("wan").render(without, Job())
    make("wan", lora=lora).render(on, Job())
    make("wan", lora=lora / "pytorch_lora_weights.safetensors", lora_scale=0.0).render(off, Job())
    assert Path(on.out).read_bytes() != Path(without.out).read_bytes()
    assert Path(off.out).read_bytes() == Path(without.out).read_bytes()


def test_a_lora_adapter_of_another_model_is_refused(tiny, make: Make, tmp_path: Path) -> None:
    from tests.tiny.video import make_lora

    with pytest.raises(BadRequest, match="LoRA"):
        make("wan", lora=make_lora(tmp_path / "lora", tiny("cogvideox")), fresh=True).load()


def test_a_pickled_lora_adapter_is_refused(make: Make, tmp_path: Path) -> None:
    (tmp_path / "pytorch_lora_weights.bin").write_bytes(pickle.dumps({}))
    with pytest.raises(BadRequest, match="Pickled"):
        make("wan", lora=tmp_path, fresh=True).load()


def test_a_model_without_adapters_says_so(tiny, make: Make, tmp_path: Path) -> None:
    from tests.tiny.video import make_lora

    with pytest.raises(BadRequest, match="takes no LoRA"):
        make("hunyuan15", lora=make_lora(tmp_path / "lora", tiny("wan")), fresh=True).load()


def test_a_motion_adapter_moves_a_picture_model(tiny, wish) -> None:
    backend = backend_for(tiny("stable-diffusion"), motion_adapter=str(tiny("motion-adapter")))
    job, context = wish(), Job()
    assert backend.card().missing == ""
    rendered = backend.render(job, context)
    assert (rendered.frames, rendered.fps) == (2, 8.0)
    assert context.steps[-1] == (STEPS, STEPS)


def test_a_picture_model_alone_asks_for_a_motion_adapter(tiny) -> None:
    with pytest.raises(BadRequest, match="motion_adapter"):
        backend_for(tiny("stable-diffusion")).load()


def test_a_motion_adapter_alone_asks_for_a_picture_model(tiny) -> None:
    with pytest.raises(BadRequest, match="Name a Stable Diffusion model"):
        backend_for(tiny("motion-adapter")).load()


def test_half_precision_files_are_found_by_their_names(tiny, copy, wish) -> None:
    folder = copy("ltx")
    for part in ("transformer", "vae", "text_encoder"):
        for file in (folder / part).glob("*.safetensors"):
            file.rename(file.with_name(file.name.replace(".safetensors", ".fp16.safetensors")))
    plain, renamed = wish(seconds=0.2), wish(seconds=0.2)
    backend_for(tiny("ltx")).render(plain, Job())
    backend_for(folder).render(renamed, Job())
    assert Path(plain.out).read_bytes() == Path(renamed.out).read_bytes()


# --- where weights live ---


@pytest.mark.parametrize("rung", [memory.Rung.MODEL, memory.Rung.GROUP])
@pytest.mark.parametrize("name", ["wan-ti2v", "zeroscope"])
def test_a_video_is_the_same_on_every_rung(
    tiny, wish, picture, monkeypatch: pytest.MonkeyPatch, rung: memory.Rung, name: str
) -> None:
    """From the processor to the processor: the real hooks, without a GPU. (Those of the last rung cannot do that.)"""
    animated = {"image": picture((200, 30, 30))} if name == "wan-ti2v" else {}
    here, there, again = (wish(seconds=0.1, **animated) for _ in range(3))
    backend_for(tiny(name)).render(here, Job())
    monkeypatch.setattr(memory, "choose", lambda *arguments: memory.Placement(rung, tiled=False))
    monkeypatch.setattr(memory, "ladder", lambda kind: tuple(memory.Placement(each, False) for each in memory.Rung))
    backend = backend_for(tiny(name))
    backend.render(there, Job())
    backend.render(again, Job())
    assert rung.value in repr(backend)
    assert Path(here.out).read_bytes() == Path(there.out).read_bytes() == Path(again.out).read_bytes()


def test_a_cancelled_job_leaves_offloaded_weights_in_main_memory(
    tiny, wish, picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.errors import JobCancelled

    from .test_cancelling import Cancelled

    monkeypatch.setattr(memory, "choose", lambda *arguments: memory.Placement(memory.Rung.MODEL, tiled=False))
    backend = backend_for(tiny("wan-ti2v"))
    before, after = wish(image=picture((1, 2, 3))), wish(image=picture((1, 2, 3)))
    backend.render(before, Job())
    with pytest.raises(JobCancelled):
        backend.render(wish(image=picture((1, 2, 3))), Cancelled(after_step=1))
    backend.render(after, Job())
    assert Path(before.out).read_bytes() == Path(after.out).read_bytes()
    assert backend.footprint().weights == 0


def test_a_lack_of_memory_on_the_processor_leads_to_tiles_and_then_to_nothing_else(make: Make, wish) -> None:
    backend = make("ltx", fresh=True)
    assert not backend.relieve()  # nothing is loaded
    backend.load()
    assert backend.relieve()
    assert not backend.relieve()
    assert backend.render(wish(), Job()).frames == 6


def test_pictures_are_decoded_in_tiles_when_the_budget_is_small(
    make: Make, wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched: list[bool] = []
    tile = memory.tile
    monkeypatch.setattr(memory, "tile", lambda vae, on: (switched.append(on), tile(vae, on)))
    make("ltx").render(wish(), Job())
    make("ltx", memory_bytes=1_000_000).render(wish(), Job())
    assert switched == [False, True]


class OutOfMemoryError(RuntimeError):
    """Named as torch's, which only a GPU raises."""


def test_a_device_that_is_too_full_is_met_step_by_step(tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    placed: list[memory.Rung] = []

    def place(pipe: Any, rung: memory.Rung, device: Any) -> None:
        placed.append(rung)
        if rung in (memory.Rung.RESIDENT, memory.Rung.MODEL):
            raise OutOfMemoryError("the device is full")

    monkeypatch.setattr(accelerator, "device", lambda name: torch.device("cuda"))
    monkeypatch.setattr(accelerator, "dtype", lambda device: torch.bfloat16)
    monkeypatch.setattr(accelerator, "free", lambda device: None)
    monkeypatch.setattr(memory, "budget_of", lambda device, limit: 1 << 40)
    monkeypatch.setattr(memory, "place", place)
    backend = backend_for(tiny("ltx"))
    backend.load()
    rungs = memory.Rung
    assert placed == [rungs.RESIDENT, rungs.RESIDENT, rungs.MODEL, rungs.GROUP]
    assert backend.relieve()
    assert placed[-1] is rungs.SEQUENTIAL
    assert not backend.relieve()
    assert backend.footprint().weights == 0
    backend.unload()
    placed.clear()
    backend.load()  # others left: it begins at the top again
    assert placed[0] is rungs.RESIDENT


def test_what_can_not_be_placed_at_all_is_the_devices_own_error(tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    def place(*arguments: Any) -> None:
        raise OutOfMemoryError("the device is full")

    monkeypatch.setattr(memory, "place", place)
    with pytest.raises(OutOfMemoryError):
        backend_for(tiny("ltx")).load()


def test_parts_that_need_it_stay_in_32_bits(tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(accelerator, "dtype", lambda device: torch.bfloat16)
    seen: dict[str, Any] = {}
    monkeypatch.setattr(
        memory, "place", lambda pipe, *_: seen.update({name: part.dtype for name, part in pipe.components.items()
                                                       if isinstance(part, torch.nn.Module)})
    )  # fmt: skip
    backend = backend_for(tiny("wan"))
    half = backend.footprint()
    backend.load()
    assert seen == {"text_encoder": torch.bfloat16, "transformer": torch.bfloat16, "vae": torch.float32}
    assert isinstance(half, Footprint)
    assert half.weights == pytest.approx(backend.footprint().weights, rel=0.1)


# --- what makes steps cheaper ---


def test_compiled_blocks_make_the_same_video(make: Make, wish) -> None:
    plain, compiled = wish(seconds=0.2), wish(seconds=0.2)
    make("ltx").render(plain, Job())
    make("ltx", compile="eager").render(compiled, Job())
    assert Path(plain.out).read_bytes() == Path(compiled.out).read_bytes()


def test_a_model_that_can_not_be_compiled_says_so(tiny) -> None:
    with pytest.raises(BadRequest, match="can't be compiled"):
        backend_for(tiny("zeroscope"), compile=True).load()


@pytest.mark.parametrize("way", ["first-block", "pyramid"])
@pytest.mark.parametrize("name", ["wan", "ltx", "hunyuan", "cogvideox"])
def test_a_cache_skips_work_and_still_makes_every_step(
    make: Make, wish, monkeypatch: pytest.MonkeyPatch, way: str, name: str
) -> None:
    import diffusers
    from torch.nn.modules.module import register_module_forward_hook

    # Random weights change much in every step; say that it is little.
    eager = functools.partial(diffusers.FirstBlockCacheConfig, threshold=1e6)
    monkeypatch.setattr(diffusers, "FirstBlockCacheConfig", eager)
    ran = {"plain": 0, "cached": 0}
    which = "plain"

    def count(module: Any, arguments: Any, output: Any) -> None:
        if type(module).__name__ == "Linear":
            ran[which] += 1

    handle = register_module_forward_hook(count)
    try:
        make(name, steps=8).render(wish(seconds=0.1), Job())
        which, context = "cached", Job()
        make(name, steps=8, cache=way).render(wish(seconds=0.1), context)
    finally:
        handle.remove()
    assert ran["cached"] < ran["plain"]
    assert context.steps[-1] == (8, 8)


def test_a_cache_that_a_family_has_not_is_refused_with_those_it_has(tiny) -> None:
    with pytest.raises(BadRequest, match=r"ZeroScope has no cache “pyramid”.*none"):
        backend_for(tiny("zeroscope"), cache="pyramid").load()


def test_describing_a_model_imports_no_model_library() -> None:
    import subprocess

    code = (
        "import sys\n"
        "from engine.registry import model_cards\n"
        "from engine.types import ModelChoice, Role, RuntimeConfig\n"
        "choice = ModelChoice(backend='diffusers', model='Wan-AI/Wan2.2-TI2V-5B-Diffusers')\n"
        "card = model_cards(RuntimeConfig(models={Role.GENERATION: choice}))[0]\n"
        "assert card.animates and card.missing, card\n"
        "print(sorted({'torch', 'diffusers', 'transformers', 'numpy', 'av'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
