"""Turns a checked folder into a pipeline: its classes, number formats, adapters, and what makes it faster.

It knows diffusers and the family table, no job and no placement. Nothing here reaches a network.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.backends import accelerator
from engine.backends.diffusion.checkpoint import Checkpoint
from engine.backends.diffusion.families import Family
from engine.backends.diffusion.watch import denoisers
from engine.errors import BadRequest, MissingModel

if TYPE_CHECKING:
    import torch

_ADAPTER = "bot"
# The timesteps, of 1,000, between which attention changes little enough to be kept: pyramid attention's own range.
_STEADY = (100, 800)


def libraries() -> Any:
    """Import diffusers, quietly. Takes seconds the first time."""
    accelerator.prepare()
    import diffusers

    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    return diffusers


def open_pipeline(checkpoint: Checkpoint, dtype: torch.dtype, *, own_code: bool) -> Any:
    """Load the pipeline into main memory, in `dtype` but for what the family keeps in 32 bits.

    `own_code` allows Python code that lies in the folder. Raises `BadRequest` when it is needed and not allowed, and
    `MissingModel` when files are damaged or incomplete.
    """
    if checkpoint.own_code and not own_code:
        raise BadRequest(
            f"The model in {checkpoint.folder} brings Python code of its own ({', '.join(checkpoint.own_code)}). It is "
            "not run unless the operator allows it: add the model's name to models.remote_code after reading the code."
        )
    diffusers = libraries()
    try:
        return _from_pretrained(diffusers, checkpoint, dtype, own_code)
    except Exception as error:
        if accelerator.is_out_of_memory(error) or accelerator.is_device_lost(error):
            raise
        raise MissingModel(
            f"The model in {checkpoint.folder} can't be loaded: {_first_line(error)} Its files may be damaged. Remove "
            "it and fetch it again.",
            pipeline=checkpoint.pipeline,
        ) from error


def _from_pretrained(diffusers: Any, checkpoint: Checkpoint, dtype: torch.dtype, own_code: bool) -> Any:
    import torch

    how: dict[str, Any] = {
        "local_files_only": True,
        "use_safetensors": True,
        "dtype": {"default": dtype, **dict.fromkeys(checkpoint.family.full, torch.float32)},
        "trust_remote_code": own_code,
    }
    if checkpoint.variant:
        how["variant"] = checkpoint.variant
    if checkpoint.adapter is None:
        pipe = getattr(diffusers, checkpoint.pipeline).from_pretrained(str(checkpoint.folder), **how)
    else:
        pipe = _with_motion(diffusers, checkpoint, dtype, how)
    _refuse_gaps(pipe)
    return pipe


def _with_motion(diffusers: Any, checkpoint: Checkpoint, dtype: torch.dtype, how: dict[str, Any]) -> Any:
    """A picture model that a motion adapter moves. The schedule is the one that the adapters were trained with."""
    adapter = diffusers.MotionAdapter.from_pretrained(
        str(checkpoint.adapter), local_files_only=True, use_safetensors=True, torch_dtype=dtype
    )
    scheduler = diffusers.DDIMScheduler.from_pretrained(
        str(checkpoint.folder), subfolder="scheduler", beta_schedule="linear", clip_sample=False,
        timestep_spacing="linspace", steps_offset=1,
    )  # fmt: skip
    return diffusers.AnimateDiffPipeline.from_pretrained(
        str(checkpoint.folder), motion_adapter=adapter, scheduler=scheduler, **how
    )


def _refuse_gaps(pipe: Any) -> None:
    """A weight that no file holds stays on torch's meta device: fail now and not in the middle of a job."""
    import torch

    for name, part in pipe.components.items():
        if isinstance(part, torch.nn.Module):
            for weight, tensor in part.named_parameters():
                if tensor.is_meta:
                    raise ValueError(f"the weight {weight} of {name} is in none of its files.")


def put_on_lora(pipe: Any, file: Path, scale: float) -> None:
    """Load a LoRA adapter onto the pipeline. Raises `BadRequest` when it does not fit."""
    if not hasattr(pipe, "load_lora_weights"):
        raise BadRequest(f"A {type(pipe).__name__} takes no LoRA adapter. Take “lora” out of this model's settings.")
    before = _adapted(pipe)
    try:
        pipe.load_lora_weights(
            str(file.parent), weight_name=file.name, adapter_name=_ADAPTER, local_files_only=True, use_safetensors=True
        )
        pipe.set_adapters([_ADAPTER], [scale])
    except Exception as error:
        if accelerator.is_out_of_memory(error):
            raise
        raise BadRequest(
            f"The LoRA adapter {file} does not fit this model: {_first_line(error)} Choose one that was trained for it."
        ) from error
    if _adapted(pipe) == before:
        raise BadRequest(f"The LoRA adapter {file} changes nothing in this model. Choose one that was trained for it.")


def _adapted(pipe: Any) -> int:
    """How many layers carry an adapter."""
    parts = [*denoisers(pipe), getattr(pipe, "text_encoder", None)]
    return sum(hasattr(layer, "lora_A") and bool(layer.lora_A) for part in parts if part for layer in part.modules())


def animator_of(pipe: Any, family: Family) -> Any:
    """The pipeline that begins with a picture, over the same weights; it may be the very one.

    Not diffusers' `from_pipe`: that casts the shared weights to 32 bits.
    """
    if family.needs_picture or type(pipe).__name__ == family.animator:
        return pipe
    import inspect

    animator = getattr(libraries(), family.animator)
    takes = inspect.signature(animator.__init__).parameters
    shared = {name: part for name, part in pipe.components.items() if name in takes}
    settings = {name: value for name, value in pipe.config.items() if name in takes and name not in shared}
    return animator(**shared, **settings)


def set_guidance(pipe: Any, scale: float) -> None:
    """For families whose guidance is a component of the pipeline."""
    pipe.guider = pipe.guider.new(guidance_scale=scale)


def compile_blocks(pipe: Any, backend: str) -> None:
    """Compile the blocks that a denoiser repeats. Raises `BadRequest` for one that has none."""
    for network in denoisers(pipe):
        if not getattr(network, "_repeated_blocks", None):
            raise BadRequest(f"A {type(network).__name__} can't be compiled here. Take “compile” out of its options.")
        network.compile_repeated_blocks(backend=backend)


def cache_steps(pipe: Any, family: Family, way: str, timestep: Callable[[], Any]) -> None:
    """Let a denoiser reuse what hardly changes from step to step. `timestep` tells the one that is running.

    "first-block" skips the rest of a step when its first block changed little; "pyramid" keeps attention for a step.
    Raises `BadRequest` for a way that the family does not have.
    """
    if way not in family.caches:
        known = ", ".join(family.caches) or "none"
        raise BadRequest(f"{family.name} has no cache “{way}”. Ways that work with it: {known}.")
    diffusers = libraries()
    if way == "first-block":
        config = diffusers.FirstBlockCacheConfig()
    else:
        config = diffusers.PyramidAttentionBroadcastConfig(
            spatial_attention_block_skip_range=2,
            spatial_attention_timestep_skip_range=_STEADY,
            current_timestep_callback=timestep,
        )
    for network in denoisers(pipe):
        network.enable_cache(config)


def _first_line(error: BaseException) -> str:
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return line if line.endswith(".") else f"{line}."
