"""Tries a freshly loaded model with a picture of noise: can it go on from what it has computed, and what does it take?

It is the warm-up too: kernels are chosen and compiled here and not in somebody's first question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.backends.chat.conversation import ChatMessage
from engine.backends.chat.sampling import Watched
from engine.backends.mllm.generating import (
    beginning,
    forget_positions,
    new_cache,
    own_positions,
    placed,
    without_pictures,
)
from engine.backends.mllm.prefix import can_be_cut
from engine.types import Clip, ClipInfo

if TYPE_CHECKING:
    from engine.backends.mllm.loading import Loaded
    from engine.backends.mllm.prompt import Prompt, Prompter

LEAST_KEPT = 16 * 1024 * 1024  # bytes: some conversations with the smallest models
_QUESTION = "What is it? Please tell."
_SIDE_PX = 64
_LARGE = (640, 360, 8)  # pixels and frames of a usual question
_ANSWER = 8
# How far logits may be off when they are computed in two steps: rounding, never another position or a missing picture.
_EXACT, _EXACT_IN_HALF = 1e-3, 5e-2


@dataclass(frozen=True, slots=True)
class Probe:
    """`continues`: a prompt computed in two parts gives what it gives in one. `token_bytes`: what the cache takes for
    each token. `peak`: bytes beside the weights during a usual question, 0 where the device does not tell."""

    continues: bool
    token_bytes: int
    peak: int


def probe(loaded: Loaded, prompter: Prompter) -> Probe:
    """Asks about a small clip in one and in two parts, and, where memory can be measured, about a usual one."""
    import torch

    prompt = prompter.write([_message(_SIDE_PX, _SIDE_PX, 2)])
    with torch.inference_mode(), own_positions(loaded.model):
        inputs = placed(loaded.model, prompt.inputs)
        whole, cache = _logits(loaded, inputs)
        token_bytes = _token_bytes(cache)
        try:
            parted = _in_two_parts(loaded, prompt, inputs)
        except (ValueError, RuntimeError, TypeError, AttributeError, IndexError, NotImplementedError):
            parted = None  # this family cannot go on from a cache at all, or not from one that is made here
        peak = _peak(loaded, prompter)
    exact = _EXACT if whole.dtype == torch.float32 and loaded.model.dtype == torch.float32 else _EXACT_IN_HALF
    off = float((whole - parted).norm() / whole.norm()) if parted is not None else float("inf")
    return Probe(off < exact, token_bytes, peak)


def _in_two_parts(loaded: Loaded, prompt: Prompt, inputs: dict[str, Any]) -> Any:
    first = beginning(inputs, prompt.shared)
    _, cache = _logits(loaded, first, past_key_values=new_cache(loaded.model))
    return _logits(loaded, without_pictures(inputs), past_key_values=cache)[0]


def _logits(loaded: Loaded, inputs: dict[str, Any], **more: Any) -> tuple[Any, Any]:
    """The scores of the next token, and the cache behind them."""
    forget_positions(loaded.model)
    found = loaded.model.generate(
        **inputs, max_new_tokens=1, do_sample=False, output_logits=True, return_dict_in_generate=True, **more
    )
    return found.logits[0].float(), found.past_key_values


def _token_bytes(cache: Any) -> int:
    layers = [layer for layer in getattr(cache, "layers", ()) if can_be_cut(layer) and layer.is_initialized]
    return sum(
        (layer.keys.numel() + layer.values.numel()) * layer.keys.element_size() // layer.keys.shape[-2]
        for layer in layers
    )


def _peak(loaded: Loaded, prompter: Prompter) -> int:
    import torch

    on = loaded.model.device
    if on.type != "cuda":
        return 0
    inputs = placed(loaded.model, prompter.write([_message(*_LARGE)]).inputs)
    torch.cuda.reset_peak_memory_stats(on)
    held = torch.cuda.memory_allocated(on)
    forget_positions(loaded.model)
    loaded.model.generate(**inputs, max_new_tokens=_ANSWER, do_sample=False)
    return int(torch.cuda.max_memory_allocated(on) - held)


def _message(width: int, height: int, frames: int) -> ChatMessage:
    import numpy as np

    from engine.media import SampledFrame

    noise = np.random.default_rng(7).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)
    info = ClipInfo(
        kind="video",
        container="",
        codec="",
        width=width,
        height=height,
        duration_s=float(frames),
        fps=1.0,
        frames=frames,
        rotation=0,
        has_audio=False,
        hdr=False,
        alpha=False,
        size_bytes=0,
    )
    seen = tuple(SampledFrame(float(index), picture) for index, picture in enumerate(noise))
    return ChatMessage("user", (Watched(Clip(path=""), 1, info, seen), _QUESTION))
