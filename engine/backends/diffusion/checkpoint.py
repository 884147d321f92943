"""What a folder with a video model holds, read from its small files before anything is imported.

It tells the family, refuses what may not be loaded, and counts the weights from the headers of their files.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.backends.diffusion.families import Family, family_of, known_pipelines
from engine.errors import BadRequest, MissingModel

_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_VARIANT = re.compile(r"\.(fp16|bf16|fp32)(-\d{5}-of-\d{5})?\.safetensors$")
_LIBRARIES = frozenset({"diffusers", "transformers"})
_DENOISERS = ("transformer", "unet")
_MAX_HEADER = 100 * 1024 * 1024  # bytes; safetensors' own bound


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model on disk. `parts` are the components that have weights; `variant` is in their files' names ("fp16"), or
    empty. `own_code` names the components whose Python code lies in the folder."""

    folder: Path
    pipeline: str
    family: Family
    parts: tuple[str, ...]
    variant: str = ""
    own_code: tuple[str, ...] = ()
    adapter: Path | None = None

    def numbers(self) -> dict[str, int]:
        """How many numbers each part's weights have. Raises `MissingModel` when a file is damaged."""
        counts = {part: _count(self.folder / part, self.variant) for part in self.parts}
        if self.adapter is not None:
            counts["motion_adapter"] = _count(self.adapter, "")
        return counts


def family_in(folder: Path) -> Family | None:
    """The family of the checkpoint in `folder`, or None when there is none that we know. Never raises."""
    try:
        index = _read(folder / "model_index.json")
        return family_of(_pipeline_of(index), _facts(folder, index))
    except (MissingModel, BadRequest):
        return None


def examine(folder: Path, adapter: Path | None = None) -> Checkpoint:
    """Read what a model's folder holds; `adapter` is the folder of a motion adapter that goes with it.

    Raises `BadRequest` for a pipeline that we do not know and for weights that only exist pickled, `MissingModel` for a
    folder that is incomplete.
    """
    if _is_adapter(folder):
        raise BadRequest(
            f"{folder.name} is a motion adapter, not a whole model. Name a Stable Diffusion model as the model, and "
            "this as its option “motion_adapter”.",
            model=str(folder),
        )
    index = _read(folder / "model_index.json")
    pipeline = _pipeline_of(index)
    family = family_of(pipeline, _facts(folder, index))
    if family is None:
        raise BadRequest(
            f"The model in {folder} is a {pipeline}, which can't be played here. Known are: "
            f"{', '.join(known_pipelines())}.",
            pipeline=pipeline,
        )
    if pipeline == "StableDiffusionPipeline" and adapter is None:
        raise BadRequest(
            f"The model in {folder} makes pictures, not videos. Name a motion adapter in its option “motion_adapter”, "
            "for example guoyww/animatediff-motion-adapter-v1-5-3."
        )
    parts = tuple(name for name in index if _has_weights(folder, name, index[name]))
    for part in parts:
        _refuse_pickles(folder / part)
    if adapter is not None:
        _refuse_pickles(adapter)
    return Checkpoint(folder, pipeline, family, parts, _variant(folder, parts), _own_code(folder, index), adapter)


def lora_file(where: Path) -> Path:
    """The one file of an adapter, given it or its folder. Raises `BadRequest` when there is none that may be loaded."""
    if where.is_file():
        files = [where]
    else:
        files = sorted(where.glob("*.safetensors"))
        named = [file for file in files if file.name == "pytorch_lora_weights.safetensors"]
        files = named or files
    if not files or files[0].suffix != ".safetensors":
        raise BadRequest(f"There is no LoRA adapter in the safetensors format at {where}. Pickled ones are not loaded.")
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise BadRequest(f"There are several LoRA adapters in {where}: {names}. Name the one file that is meant.")
    return files[0]


def _is_adapter(folder: Path) -> bool:
    config = folder / "config.json"
    return config.is_file() and _read(config).get("_class_name") == "MotionAdapter"


def _read(file: Path) -> Mapping[str, Any]:
    try:
        read = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise MissingModel(
            f"There is no {file.name} in {file.parent}, so this is no model for videos that can be loaded here. Check "
            "the name, or fetch the model again."
        ) from None
    except (OSError, ValueError) as error:
        raise _damaged(file, str(error)) from error
    if not isinstance(read, dict):
        raise _damaged(file, "it holds no object")
    return read


def _damaged(file: Path, why: str) -> MissingModel:
    return MissingModel(f"The file {file} is damaged ({why}). Remove the model and fetch it again.", file=str(file))


def _pipeline_of(index: Mapping[str, Any]) -> str:
    """The class; a list of module and class tells a pipeline whose code lies beside it."""
    named = index.get("_class_name")
    return str(named[-1]) if isinstance(named, list) and named else str(named)


def _facts(folder: Path, index: Mapping[str, Any]) -> Mapping[str, Any]:
    """What tells kinds of one class apart: the pipeline's settings, and the denoiser's."""
    facts = {name: value for name, value in index.items() if not isinstance(value, list)}
    for denoiser in _DENOISERS:
        config = folder / denoiser / "config.json"
        if config.is_file():
            facts.update(_read(config))
    return facts


def _has_weights(folder: Path, name: str, entry: Any) -> bool:
    """Components are written as [library, class]; those with weights have a `config.json`, tokenizers and the like not.

    A picture model's own safety checker is left out: our guards look at every frame.
    """
    if name == "safety_checker" or not (isinstance(entry, list) and len(entry) == 2 and entry[0] is not None):
        return False
    part = folder / name
    if not part.is_dir():
        raise MissingModel(
            f"The folder {name} is missing in {folder}: the model is incomplete. Fetch it again.", part=name
        )
    return (part / "config.json").is_file()


def _refuse_pickles(part: Path) -> None:
    names = [file.name for file in part.iterdir()]
    if any(name.endswith(".safetensors") for name in names):
        return
    pickled = [name for name in names if name.endswith(_PICKLED)]
    if pickled:
        raise BadRequest(
            f"The weights in {part} are pickled ({pickled[0]}). Loading them can run code that somebody hid in them, "
            "so only the safetensors format is loaded. Choose a model that has it, or convert this one.",
            file=pickled[0],
        )
    raise MissingModel(f"There are no weights in {part}: the model is incomplete. Fetch it again.", part=part.name)


def _variant(folder: Path, parts: tuple[str, ...]) -> str:
    """A repository may hold nothing but half-precision files, which have that in their names."""
    for part in parts:
        files = [file.name for file in (folder / part).glob("*.safetensors")]
        found = [match.group(1) for name in files if (match := _VARIANT.search(name))]
        if found and len(found) == len(files):
            return found[0]
    return ""


def _own_code(folder: Path, index: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        name
        for name, entry in index.items()
        if isinstance(entry, list) and len(entry) == 2 and entry[0] not in _LIBRARIES
        if entry[0] and (folder / name / f"{entry[0]}.py").is_file()
    )


def _count(part: Path, variant: str) -> int:
    files = sorted(part.glob("*.safetensors"))
    chosen = [file for file in files if bool(_VARIANT.search(file.name)) == bool(variant)] or files
    return sum(_numbers_in(file) for file in chosen)


def _numbers_in(file: Path) -> int:
    """Read a safetensors header: eight bytes of length, then JSON with the shape of each tensor."""
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            if not 2 <= length <= _MAX_HEADER:
                raise ValueError("its header is no header")
            header = json.loads(opened.read(length))
        shapes = [tensor["shape"] for name, tensor in header.items() if name != "__metadata__"]
        ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
        if file.stat().st_size < 8 + length + max(ends, default=0):
            raise ValueError("it ends too early")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(file, str(error)) from error
    return sum(math.prod(shape) for shape in shapes)
