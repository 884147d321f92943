"""What each family of video models needs and can do: one table. It imports no model library and reads no file.

Numbers are those of the model cards and of diffusers' pipeline pages, read in 2026, unless a comment calls one a
judgement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

Size = tuple[int, int]  # width, height in pixels


@dataclass(frozen=True, kw_only=True)
class Family:
    """Facts about checkpoints of one kind.

    `pipelines` are the classes that a `model_index.json` names; `marks` are facts in that file, or in the denoiser's
    `config.json`, that tell this kind from others of the same class (`...` stands for any value but null).

    A clip has `step`·k + 1 frames and at most `most`; `usual` frames are what the model was made for. Sides are
    multiples of `multiple`. `sizes` are those that it was trained on, and with `exact` the only ones that it takes.

    `guidance` and `guidance_2` (for a second expert) are scales; where `guidance_through` is "guider" the scale belongs
    to a component instead of the call. `negative` says how a negative prompt gets in: "cfg" by the ordinary guidance,
    "true_cfg" by a second pass that is only made for it. `more` goes to every call as it is.

    `full` names the components that are kept in 32 bits on a GPU. `working_bytes` is what denoising and decoding take,
    a pixel and frame, besides the weights: an estimate, until a job has been measured. `caches` names the ways of
    caching between steps (`options.cache`) that work for the denoiser.

    `animator` is the class that makes a clip from a picture out of the same weights; a model that `needs_picture` can
    do nothing else.
    """

    name: str
    pipelines: tuple[str, ...]
    marks: Mapping[str, Any] = field(default_factory=dict)
    fps: float
    step: int
    most: int
    usual: int
    multiple: int
    sizes: tuple[Size, ...]
    exact: bool = False
    steps: int
    guidance: float
    guidance_2: float | None = None
    guidance_through: str = "call"
    negative: str = "cfg"
    takes_size: bool = True
    takes_rate: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)
    full: tuple[str, ...] = ()
    working_bytes: int
    caches: tuple[str, ...] = ()
    animator: str = ""
    needs_picture: bool = False

    @property
    def animates(self) -> bool:
        return self.needs_picture or bool(self.animator)

    def frames_for(self, wanted: int) -> int:
        """The smallest valid number of frames that is not below `wanted`, or the longest clip that there is."""
        valid = math.ceil((max(wanted, 1) - 1) / self.step) * self.step + 1
        return min(valid, (self.most - 1) // self.step * self.step + 1)

    def is_it(self, pipeline: str, facts: Mapping[str, Any]) -> bool:
        """Whether a checkpoint of this class, with these facts, is of this kind."""
        return pipeline in self.pipelines and all(_matches(facts.get(name), mark) for name, mark in self.marks.items())


def _matches(value: Any, mark: Any) -> bool:
    return value is not None if mark is ... else value == mark


_WAN: Mapping[str, Any] = MappingProxyType(
    {
        "fps": 16.0,
        "step": 4,
        "most": 81,
        "usual": 81,
        "multiple": 16,
        "sizes": ((832, 480), (480, 832), (1280, 720), (720, 1280)),
        "full": ("vae", "image_encoder"),
        "working_bytes": 160,
        "caches": ("first-block", "pyramid"),
    }
)
_LTX: Mapping[str, Any] = MappingProxyType(
    {
        "fps": 24.0,
        "step": 8,
        "most": 257,
        "usual": 121,
        "multiple": 32,
        "takes_rate": True,
        "more": {"decode_timestep": 0.05, "decode_noise_scale": 0.025},  # for decoders that denoise (0.9.1 and later)
        "working_bytes": 100,
        "caches": ("first-block", "pyramid"),
    }
)
_COGVIDEOX: Mapping[str, Any] = MappingProxyType(
    {
        "multiple": 16,
        "steps": 50,
        "guidance": 6.0,
        "working_bytes": 300,
        "caches": ("first-block", "pyramid"),
    }
)
_HUNYUAN: Mapping[str, Any] = MappingProxyType(
    {
        "fps": 24.0,
        "step": 4,
        "most": 129,
        "usual": 129,
        "multiple": 16,
        "sizes": ((960, 544), (544, 960), (1280, 720), (720, 1280)),
        "steps": 50,
        "negative": "true_cfg",
        "working_bytes": 250,
        "caches": ("first-block", "pyramid"),
    }
)
_HUNYUAN15: Mapping[str, Any] = MappingProxyType(
    {
        "fps": 24.0,
        "step": 4,
        "most": 121,
        "usual": 121,
        "multiple": 16,
        "steps": 50,
        "guidance": 6.0,
        "guidance_through": "guider",
        "working_bytes": 200,
    }
)
# The first one that fits a checkpoint counts: kinds with marks stand before those without.
FAMILIES: tuple[Family, ...] = (
    Family(
        name="Wan 2.2 TI2V",
        pipelines=("WanPipeline",),
        marks={"expand_timesteps": True},
        **{**_WAN, "fps": 24.0, "most": 121, "usual": 121, "multiple": 32, "sizes": ((1280, 704), (704, 1280))},
        steps=50,
        guidance=5.0,
        animator="WanImageToVideoPipeline",
    ),
    Family(
        name="Wan 2.2",
        pipelines=("WanPipeline",),
        marks={"boundary_ratio": ...},
        **_WAN,
        steps=40,
        guidance=4.0,
        guidance_2=3.0,
    ),
    Family(name="Wan 2.1", pipelines=("WanPipeline",), **_WAN, steps=50, guidance=5.0),
    Family(
        name="Wan 2.2 I2V",
        pipelines=("WanImageToVideoPipeline",),
        marks={"boundary_ratio": ...},
        **_WAN,
        steps=40,
        guidance=3.5,
        guidance_2=3.5,
        needs_picture=True,
    ),
    Family(
        name="Wan 2.1 I2V",
        pipelines=("WanImageToVideoPipeline",),
        **_WAN,
        steps=50,
        guidance=5.0,
        needs_picture=True,
    ),
    Family(
        name="LTX-Video",
        pipelines=("LTXPipeline",),
        **_LTX,
        sizes=((704, 480), (480, 704), (768, 512), (512, 768)),
        steps=50,
        guidance=3.0,
        animator="LTXImageToVideoPipeline",
    ),
    Family(
        name="LTX-Video 0.9.5",
        pipelines=("LTXConditionPipeline",),
        **_LTX,
        sizes=((832, 480), (480, 832), (1216, 704), (704, 1216)),
        steps=30,
        guidance=5.0,
        animator="LTXConditionPipeline",
    ),
    Family(
        name="LTX-2",
        pipelines=("LTX2Pipeline",),
        fps=24.0,
        step=8,
        most=257,
        usual=121,
        multiple=32,
        sizes=((768, 512), (512, 768), (1280, 704), (704, 1280)),
        steps=30,
        guidance=3.0,
        takes_rate=True,
        working_bytes=150,
        animator="LTX2ImageToVideoPipeline",
    ),
    Family(
        name="CogVideoX 1.5",
        pipelines=("CogVideoXPipeline",),
        marks={"patch_size_t": ...},
        **_COGVIDEOX,
        fps=16.0,
        step=16,
        most=161,
        usual=81,
        sizes=((1360, 768),),
        exact=True,
    ),
    Family(
        name="CogVideoX",
        pipelines=("CogVideoXPipeline",),
        **_COGVIDEOX,
        fps=8.0,
        step=8,
        most=49,
        usual=49,
        sizes=((720, 480),),
        exact=True,
    ),
    Family(
        name="CogVideoX 1.5 I2V",
        pipelines=("CogVideoXImageToVideoPipeline",),
        marks={"patch_size_t": ...},
        **_COGVIDEOX,
        fps=16.0,
        step=16,
        most=81,
        usual=81,
        sizes=((1360, 768), (768, 1360)),
        needs_picture=True,
    ),
    Family(
        name="CogVideoX I2V",
        pipelines=("CogVideoXImageToVideoPipeline",),
        **_COGVIDEOX,
        fps=8.0,
        step=8,
        most=49,
        usual=49,
        sizes=((720, 480),),  # its positions are learned: another size is an error
        exact=True,
        needs_picture=True,
    ),
    Family(
        name="HunyuanVideo",
        pipelines=("HunyuanVideoPipeline",),
        **_HUNYUAN,
        guidance=6.0,
    ),
    Family(
        name="HunyuanVideo I2V 33ch",
        pipelines=("HunyuanVideoImageToVideoPipeline",),
        marks={"image_condition_type": "latent_concat"},
        **_HUNYUAN,
        guidance=1.0,
        needs_picture=True,
    ),
    Family(
        name="HunyuanVideo I2V",
        pipelines=("HunyuanVideoImageToVideoPipeline",),
        **_HUNYUAN,
        guidance=6.0,
        needs_picture=True,
    ),
    Family(
        name="HunyuanVideo 1.5 720p",
        pipelines=("HunyuanVideo15Pipeline",),
        marks={"target_size": 960},
        **_HUNYUAN15,
        sizes=((1280, 720), (720, 1280)),
    ),
    Family(
        name="HunyuanVideo 1.5",
        pipelines=("HunyuanVideo15Pipeline",),
        **_HUNYUAN15,
        sizes=((848, 480), (480, 848)),
    ),
    Family(
        name="HunyuanVideo 1.5 I2V",
        pipelines=("HunyuanVideo15ImageToVideoPipeline",),
        **_HUNYUAN15,
        sizes=((848, 480), (480, 848)),
        takes_size=False,  # it works its size out from the picture's
        needs_picture=True,
    ),
    Family(
        name="AnimateDiff",
        pipelines=("AnimateDiffPipeline", "StableDiffusionPipeline"),
        fps=8.0,
        step=1,
        most=32,  # as far as the motion module's positions reach
        usual=16,
        multiple=64,
        sizes=((512, 512), (768, 512), (512, 768)),
        steps=25,
        guidance=7.5,
        working_bytes=1000,
    ),
    Family(
        name="ZeroScope",
        pipelines=("TextToVideoSDPipeline",),
        fps=8.0,
        step=1,
        most=36,  # trained on 24; a judgement how far it can be stretched
        usual=24,
        multiple=64,
        sizes=((576, 320), (320, 576)),
        steps=40,
        guidance=9.0,
        working_bytes=800,
    ),
)

# How far the second pass for a negative prompt pushes a model whose guidance is distilled: a judgement. Its makers
# trained it to need none, so the least that shows.
TRUE_CFG = 2.0


def family_of(pipeline: str, facts: Mapping[str, Any]) -> Family | None:
    """The kind of a checkpoint by its class and by the facts in its configuration files; None when it is not known."""
    return next((family for family in FAMILIES if family.is_it(pipeline, facts)), None)


# Repositories that can begin with a picture, for the cards of models that are not here yet.
_PUBLISHED: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "Wan-AI/Wan2.2-TI2V-5B-Diffusers": ("WanPipeline", {"expand_timesteps": True}),
        "Wan-AI/Wan2.2-I2V-A14B-Diffusers": ("WanImageToVideoPipeline", {"boundary_ratio": 0.9}),
        "Wan-AI/Wan2.1-I2V-14B-480P-Diffusers": ("WanImageToVideoPipeline", {}),
        "Lightricks/LTX-Video": ("LTXPipeline", {}),
        "Lightricks/LTX-2": ("LTX2Pipeline", {}),
        "zai-org/CogVideoX-5b-I2V": ("CogVideoXImageToVideoPipeline", {}),
    }
)


def family_named(model: str, pipeline: str) -> Family | None:
    """The kind of a model that nobody has fetched: of that class when one is named, else of a repository known here."""
    named, facts = _PUBLISHED.get(model, ("", {}))
    return family_of(pipeline or named, facts)


def known_pipelines() -> tuple[str, ...]:
    """The classes that can be played, sorted."""
    return tuple(sorted({name for family in FAMILIES for name in family.pipelines}))
