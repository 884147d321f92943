"""Where a pipeline's parts live while it works: a ladder from fast to thrifty, and the arithmetic of choosing a rung.

Everything but `place` and `budget_of` is pure. It knows bytes and torch's devices, no family and no job.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from engine.backends.base import Footprint

if TYPE_CHECKING:
    import torch

# Judgements, on the safe side: what decoding in tiles leaves of a job's working memory, and how much of the largest
# part is on the device at once when it comes and goes layer by layer (the one that works, and the one that is fetched).
TILED_SHARE = 0.5
LAYERS_SHARE = 0.1
_ENCODERS = ("text_encoder", "image_encoder")  # done before the first step


class Rung(StrEnum):
    """How weights are kept, from fast to thrifty."""

    RESIDENT = "resident"  # all on the device
    MODEL = "model"  # one component at a time on the device, the others in main memory
    GROUP = "group"  # layers on the device just before they are needed, fetched ahead
    SEQUENTIAL = "sequential"  # layers one after the other, nothing ahead


@dataclass(frozen=True, slots=True)
class Placement:
    """A rung, and whether pictures are decoded in tiles, one after the other."""

    rung: Rung
    tiled: bool


def ladder(kind: str) -> tuple[Placement, ...]:
    """The placements on a kind of device, from fast to thrifty. Only a GPU with its own memory has where to offload."""
    all_here = (Placement(Rung.RESIDENT, False), Placement(Rung.RESIDENT, True))
    if kind != "cuda":
        return all_here
    return (*all_here, *(Placement(rung, True) for rung in (Rung.MODEL, Rung.GROUP, Rung.SEQUENTIAL)))


def demand(placement: Placement, parts: Mapping[str, int], working: int) -> Footprint:
    """What a placement takes of the device, given the bytes of each part and of a job's work."""
    working = round(working * TILED_SHARE) if placement.tiled else working
    encoder = max((size for name, size in parts.items() if name.startswith(_ENCODERS)), default=0)
    worker = max((size for name, size in parts.items() if not name.startswith(_ENCODERS)), default=0)
    match placement.rung:
        case Rung.RESIDENT:
            return Footprint(sum(parts.values()), working)
        case Rung.MODEL:
            return Footprint(0, max(encoder, worker + working))
        case _:
            return Footprint(0, round(max(encoder, worker) * LAYERS_SHARE) + working)


def choose(parts: Mapping[str, int], working: int, budget: int, kind: str) -> Placement:
    """The fastest placement whose demand is within `budget` bytes, or the thriftiest there is."""
    rungs = ladder(kind)
    for placement in rungs:
        needed = demand(placement, parts, working)
        if needed.weights + needed.peak <= budget:
            return placement
    return rungs[-1]


def below(placement: Placement, kind: str) -> Placement | None:
    """The next thriftier placement; None at the bottom."""
    rungs = ladder(kind)
    at = rungs.index(placement) + 1
    return rungs[at] if at < len(rungs) else None


def calls_for_tiles(placement: Placement, parts: Mapping[str, int], working: int, budget: int) -> bool:
    """Whether a job of this much work is to be decoded in tiles: where the placement says so, or nothing else fits."""
    needed = demand(placement, parts, working)
    return placement.tiled or needed.weights + needed.peak > budget


def budget_of(device: torch.device, limit: int, own: int = 0) -> int:
    """Bytes that a model may use: of a GPU what is free, and of the operator's limit what other models of this process
    leave, for they share it; else the limit, or main memory. `own` is what the model holds there already."""
    if device.type == "cuda":
        import torch

        held: int = torch.cuda.memory_allocated(device)
        free, _ = torch.cuda.mem_get_info(device)
        there: int = free + torch.cuda.memory_reserved(device)
        return min(there, limit or there) - held + own
    if limit:
        return limit
    from engine.device import inspect

    return inspect().memory_bytes


def place(pipe: Any, rung: Rung, device: torch.device) -> None:
    """Put a freshly loaded pipeline's parts where the rung says."""
    match rung:
        case Rung.RESIDENT:
            pipe.to(device)
        case Rung.MODEL:
            pipe.enable_model_cpu_offload(device=device)
        case Rung.GROUP:
            streams = device.type == "cuda"
            pipe.enable_group_offload(
                onload_device=device, offload_type="leaf_level", non_blocking=streams, use_stream=streams
            )
        case Rung.SEQUENTIAL:
            pipe.enable_sequential_cpu_offload(device=device)


def modules(pipe: Any) -> list[Any]:
    """The pipeline's parts that have weights."""
    import torch

    return [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]


def tile(vae: Any, on: bool) -> None:
    """Switch decoding in tiles, and picture by picture, on or off, where the decoder can."""
    for way in ("tiling", "slicing"):
        switch = getattr(vae, f"{'enable' if on else 'disable'}_{way}", None)
        if switch is not None:
            switch()
