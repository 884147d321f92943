"""Which files of a repository are needed to load its model: its weights as safetensors, once, and what describes them.

It knows names, and no network. Formats that are unpickled when they are loaded (.bin, .pt, .pth, .ckpt, .pkl …) are
never chosen, because a pickle may run any code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any

import msgspec

from engine.errors import CorruptDownload, UnsafeModel

# Only repositories of diffusers have it. It lists the folders that make up the pipeline.
PIPELINE = "model_index.json"
_WEIGHTS = ".safetensors"
_INDEX = ".safetensors.index"
_DESCRIPTIONS = frozenset({".json", ".txt", ".model", ".jinja", ".tiktoken"})
_TERMS = ("LICENSE", "LICENCE", "NOTICE", "USE_POLICY")
_TEMPLATES = "additional_chat_templates"  # a folder of chat templates beside the main one
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
# Pictures models bring a checker of their own along. Nobody loads it: our guards look at every frame.
_UNUSED = frozenset({"safety_checker"})
_LONGEST_LIST = 64 << 20  # bytes; the lists of the largest models have a hundredth of that
_LONGEST_NAME = 255  # bytes of a file's name, on every file system that is in use
# Where there is nothing but half the precision, it will do: GPUs compute in it anyway.
_HALVES = (".fp16", ".bf16")
# The names under which transformers, diffusers and PEFT look for weights.
_STEMS = ("model", "diffusion_pytorch_model", "adapter_model", "pytorch_lora_weights")


class RemoteFile(msgspec.Struct, frozen=True):
    """A file as the hub announces it. Large ones have a `sha256`; small ones only `blob`, the checksum of git."""

    path: Annotated[str, msgspec.Meta(min_length=1)]
    size: Annotated[int, msgspec.Meta(ge=0)]
    blob: str
    sha256: str = ""

    @property
    def checksum(self) -> str:
        """What its content is checked against, and the name under which it is kept."""
        return self.sha256 or self.blob


Read = Callable[[RemoteFile], bytes]


def select(
    files: Iterable[RemoteFile], read: Read, *, model: str = "This model", variant: str = "", code: bool = False
) -> list[RemoteFile]:
    """The needed files, smallest first.

    `read` gives the content of one of them; it is asked for the lists of parts only. `model` is what sentences call it.
    `variant` names the kind of weights (`fp16`) that is taken where a folder has it, `code` lets Python files come
    along. Raises `UnsafeModel` when weights, or those of one component, do not exist as safetensors, `CorruptDownload`
    when a list of parts is broken.
    """
    known = {file.path: file for file in files if _is_inside(file.path)}
    folders = _components(known[PIPELINE], read) if PIPELINE in known else ("",)
    weights: list[RemoteFile] = []
    for folder in folders:
        found = _weights(folder, known, read, variant)
        if not found and (pickles := _pickles(known, folder)):
            raise UnsafeModel(_pickled(model, pickles[0]))
        weights += found
    if not weights:
        raise UnsafeModel(f"{model} has its weights in no format that is read here. Choose one that has safetensors.")
    others = [file for file in known.values() if _describes(PurePosixPath(file.path), ("", *folders), code)]
    unique = {file.path: file for file in (*others, *weights)}
    return sorted(unique.values(), key=lambda file: (file.size, file.path))


def _components(index: RemoteFile, read: Read) -> tuple[str, ...]:
    """The folders named by entries like `"vae": ["diffusers", "AutoencoderKLWan"]`, less those that are null."""
    entries = _json(index, read)
    return tuple(
        name for name, value in entries.items() if isinstance(value, list) and all(value) and name not in _UNUSED
    )


def _weights(folder: str, known: Mapping[str, RemoteFile], read: Read, variant: str) -> list[RemoteFile]:
    """A folder's weights: in one file, or in parts with their list; of the variant, else of none."""
    for infix in dict.fromkeys((f".{variant}" if variant else "", "", *_HALVES)):
        for stem in _STEMS:
            if whole := known.get(_join(folder, f"{stem}{infix}{_WEIGHTS}")):
                return [whole]
            if index := known.get(_join(folder, f"{stem}{_INDEX}{infix}.json")):
                return [index, *_parts(folder, index, known, read)]
    # Adapters go by any name, in a repository of their own.
    return [] if folder else [file for file in known.values() if "/" not in file.path and file.path.endswith(_WEIGHTS)]


def _parts(folder: str, index: RemoteFile, known: Mapping[str, RemoteFile], read: Read) -> Iterator[RemoteFile]:
    parts = _json(index, read).get("weight_map")
    if not isinstance(parts, dict):
        raise _broken(index)
    for name in dict.fromkeys(map(str, parts.values())):
        if (part := known.get(_join(folder, name))) is None or not part.path.endswith(_WEIGHTS):
            raise CorruptDownload(f"The repository lists {name} in {index.path}, but does not have it.")
        yield part


def _describes(path: PurePosixPath, folders: tuple[str, ...], code: bool) -> bool:
    """Whether this is a configuration, a vocabulary, a template, the terms of use, or code that may come along."""
    folder = "" if len(path.parts) == 1 else str(path.parent)
    if path.name.upper().startswith(_TERMS):
        return folder == ""
    if folder == _TEMPLATES:
        return path.suffix == ".jinja"
    if folder not in folders or _INDEX in path.name:  # a list of parts comes with its parts, or misleads
        return False
    return path.suffix in _DESCRIPTIONS or (code and path.suffix == ".py")


def _is_inside(path: str) -> bool:
    """Whether a name that came from the network stays inside the folder it is written to, and can be written."""
    parts = path.split("/")
    return (
        path.isprintable()
        and "\\" not in path
        and not {"", ".", ".."} & set(parts)
        and all(len(part.encode()) <= _LONGEST_NAME for part in parts)
    )


def _pickles(known: Iterable[str], folder: str) -> list[str]:
    return sorted(path for path in known if path.endswith(_PICKLES) and path.rpartition("/")[0] == folder)


def _pickled(model: str, file: str) -> str:
    return (
        f"{model} has weights only as {file}, a format that may run a stranger's code when it is opened: it is not "
        "fetched. Choose a model, or a revision of this one, that has them as safetensors; or convert it and name the "
        "folder."
    )


def _json(file: RemoteFile, read: Read) -> dict[str, Any]:
    if file.size > _LONGEST_LIST:
        raise _broken(file)
    try:
        value = json.loads(read(file))
    except (ValueError, RecursionError):
        raise _broken(file) from None
    if not isinstance(value, dict):
        raise _broken(file)
    return value


def _broken(file: RemoteFile) -> CorruptDownload:
    return CorruptDownload(
        f"The repository's {file.path} is no list of what belongs to the model. Choose another model."
    )


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
