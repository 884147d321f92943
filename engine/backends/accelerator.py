"""What every backend on torch shares: the imports and their traps, the device, its number format and its memory.

It knows no model and no role. Only the inference process calls it; importing it imports no torch.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from engine.extras import install

if TYPE_CHECKING:
    import torch

PACKAGES = ("torch", "torchvision", "transformers", "accelerate", "safetensors")
SENTENCE = f"The packages of the large models are not installed. {install('lite', 'inference')}"

# What torch calls the two kinds of failure. Compared by name, so that nobody has to import torch to ask. Only the CUDA
# allocator has a class of its own for its failure; the others, and the libraries below torch, say it in words.
_OUT_OF_MEMORY = frozenset({"OutOfMemoryError"})
_OUT_OF_MEMORY_WORDS = (
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "MPS backend out of memory",
    "CUDA error: out of memory",
    "HIP error: out of memory",
    "STATUS_ALLOC_FAILED",
)
_DEVICE_LOST = frozenset({"AcceleratorError"})
_DEVICE_LOST_WORDS = ("CUDA error", "HIP error", "device-side assert")


def missing(*more: str) -> str:
    """The sentence for `ModelCard.missing`: empty when torch, transformers and the modules in `more` are installed."""
    return "" if all(find_spec(module) is not None for module in (*PACKAGES, *more)) else SENTENCE


@cache
def prepare() -> Any:
    """Import torch so that everything else of its company can be imported. Cheap when called again.

    Returns what has to be kept, which `cache` does. Beside a torch without CUDA the registry's torchvision, which is a
    build for CUDA, fails to import, and with it all of transformers' video processors, unless the two operators that it
    looks for are declared. Nobody here calls them.
    """
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if torch.version.cuda is not None or hasattr(torch.ops.torchvision, "nms"):
        return None
    library = torch.library.Library("torchvision", "FRAGMENT")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def device(name: str = "") -> torch.device:
    """The device of that name, else the best one here: a GPU of CUDA or ROCm, Apple's, the processor."""
    import torch

    if name:
        return torch.device(name)
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def dtype(on: torch.device) -> torch.dtype:
    """The number format to compute in there: bfloat16 where the GPU has it, else float16; float32 on processors."""
    import torch

    if on.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.float16 if on.type == "mps" else torch.float32


def weights_of(modules: Iterable[Any]) -> int:
    """Bytes of the parameters and buffers of these torch modules; what two of them share counts once."""
    held = {
        tensor.data_ptr(): tensor.numel() * tensor.element_size()
        for module in modules
        for tensor in (*module.parameters(), *module.buffers())
    }
    return sum(held.values())


def free(on: torch.device) -> None:
    """Give back to the device what nobody refers to any more."""
    import torch

    gc.collect()
    if on.type == "cuda":
        torch.cuda.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device, or the machine, had no memory left, which may have been told as another error since. The device
    itself is fine."""
    return any(map(_tells_no_memory, _causes(error))) and not is_device_lost(error)


def is_device_lost(error: BaseException) -> bool:
    """Whether the device's context is gone, so that only a new process can use it again. Looks at the causes too."""
    return any(map(_tells_device_lost, _causes(error)))


def _tells_no_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ in _OUT_OF_MEMORY:
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _OUT_OF_MEMORY_WORDS)


def _tells_device_lost(error: BaseException) -> bool:
    if not isinstance(error, RuntimeError) or _tells_no_memory(error):
        return False
    return type(error).__name__ in _DEVICE_LOST or any(words in str(error) for words in _DEVICE_LOST_WORDS)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it was raised from."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__
