"""What a pipeline is called with: a job, the operator's options and the family's facts in one set of arguments."""

from __future__ import annotations

from typing import Any

from engine.backends.diffusion.families import TRUE_CFG, Family
from engine.backends.diffusion.options import Options
from engine.backends.diffusion.shape import Shape
from engine.types import Generate


def arguments(family: Family, options: Options, job: Generate, shape: Shape) -> dict[str, Any]:
    """Keyword arguments for the family's pipelines, without the generator and the picture to begin with.

    Raises `BadRequest` for an option of the wrong kind.
    """
    negative = ", ".join(text for text in (job.negative_prompt, options.text("negative_prompt")) if text)
    called: dict[str, Any] = {
        "prompt": job.prompt,
        "num_frames": shape.frames,
        "num_inference_steps": options.count("steps", family.steps),
        "output_type": "np",
        **family.more,
    }
    if negative:
        called["negative_prompt"] = negative
        if family.negative == "true_cfg":
            called["true_cfg_scale"] = TRUE_CFG
    if family.guidance_through == "call":
        called["guidance_scale"] = options.number("guidance", family.guidance)
    if family.guidance_2 is not None:
        called["guidance_scale_2"] = options.number("guidance_2", family.guidance_2)
    if family.takes_size:
        called |= {"width": shape.width, "height": shape.height}
    if family.takes_rate:
        called["frame_rate"] = family.fps
    return called
