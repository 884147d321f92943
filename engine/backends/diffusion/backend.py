"""The gallery as a generation backend: finds and loads a model, maps a job to what it can do, and keeps within memory.

What families need is in `families`, how pipelines are loaded in `loading`; this file knows the order of things.
"""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from engine.backends import accelerator
from engine.backends.base import Footprint
from engine.backends.diffusion import memory
from engine.backends.diffusion.calling import arguments
from engine.backends.diffusion.checkpoint import Checkpoint, examine, family_in, lora_file
from engine.backends.diffusion.families import Family, family_named
from engine.backends.diffusion.options import Options
from engine.backends.diffusion.shape import Shape, check, picks, shape_for
from engine.errors import BadRequest, EngineError, MissingExtra, MissingModel
from engine.types import Generate, ModelCard, ModelChoice, Rendered, Role, RuntimeConfig

if TYPE_CHECKING:
    import torch

    from engine.backends.base import Image, JobContext
    from engine.media import ClipReader

# What this backend imports besides the company of all large models. Wan's pipelines clean prompts with ftfy.
MODULES = ("diffusers", "peft", "ftfy", "av", "numpy", "PIL")
_OPTIONS = (
    "cache", "compile", "guidance", "guidance_2", "lora_scale", "motion_adapter", "negative_prompt", "pipeline", "size",
    "steps",
)  # fmt: skip
_MAX_SEED = 2**63 - 1


class Diffusion:
    """Renders with a diffusers pipeline; its class comes from the model's own `model_index.json`.

    Options of a choice: `steps`, `guidance`, `guidance_2`, `size` ("832x480": what the model is made to render, before
    it is scaled to what was asked for), `negative_prompt` (added to every one), `motion_adapter` (AnimateDiff: the
    adapter that moves a Stable Diffusion model), `lora_scale`, `pipeline` (the class, for the card of a model that is
    not here yet), and two that trade time for something:

    `compile` (true, or the name of a torch.compile backend) makes a step on a GPU faster and the first job, and the
    first of each new size, minutes slower: it pays for a bot that makes many videos of one size.
    `cache` ("first-block" or "pyramid") skips work that hardly changes from step to step: it pays with 30 steps and
    more, and softens details.

    There are no previews: a picture of a half-done clip takes a pass of the decoder, mostly as long as a step.
    """

    def __init__(self, choice: ModelChoice, config: RuntimeConfig) -> None:
        self._choice = choice
        self._config = config
        self._options = Options(choice.options, _OPTIONS)
        self._checkpoint: Checkpoint | None = None
        self._parts: Mapping[str, int] = {}  # bytes by component, as they are loaded
        self._loaded: _Loaded | None = None
        self._floor: memory.Placement | None = None  # what a lack of memory taught
        self._peak = 0  # bytes, the most that a job took

    @classmethod
    def build(cls, choice: ModelChoice, config: RuntimeConfig) -> Self:
        """Raises `BadRequest` for an option that there is not."""
        return cls(choice, config)

    def __repr__(self) -> str:
        loaded = self._loaded
        state = "not loaded" if loaded is None else f"{loaded.placement.rung.value} on {loaded.device}"
        return f"<Diffusion {self._choice.key}: {state}>"

    # --- what it is ---

    def card(self) -> ModelCard:
        """Describe the model without importing torch: from its files when they are here, else from what is known."""
        pin = _pin_of(self._choice.model)
        missing = accelerator.missing(*MODULES)
        family = family_named(self._choice.model, self._options.text("pipeline"))
        try:
            family = family_in(self._locate(self._choice.model, self._choice.revision)) or family
            if adapter := self._options.text("motion_adapter"):
                self._locate(adapter)
        except MissingModel as error:
            missing = missing or error.message
        return ModelCard(
            role=Role.GENERATION,
            backend=self._choice.key,
            name=self._name(),
            licence=pin.licence if pin else "",
            download_bytes=pin.download_bytes if pin else 0,
            missing=missing,
            model=self._choice.model,
            revision=self._choice.revision or (pin.revision if pin else ""),
            animates=family is not None and family.animates,
        )

    def footprint(self) -> Footprint:
        """Measured where there was something to measure; from the headers of the weight files before."""
        if self._loaded is not None:
            needed = memory.demand(self._loaded.placement, self._parts, self._usual_work())
            return Footprint(self._loaded.weights, self._peak or needed.peak)
        try:
            self._examine()
        except EngineError:
            pin = _pin_of(self._choice.model)
            return Footprint(pin.memory_bytes if pin else 0)
        device = accelerator.device(self._config.device)
        return memory.demand(self._placement(device), self._parts, self._usual_work())

    def _name(self) -> str:
        pin = _pin_of(self._choice.model)
        return pin.name if pin else self._choice.model.rstrip("/").rpartition("/")[2] or "diffusers"

    # --- loading ---

    def load(self) -> None:
        """Load the model to where it fits. Raises `MissingExtra`, `MissingModel`, or `BadRequest` for what can't be
        played here. A device that turns out to be too full is met with thriftier placements, down to the last."""
        if self._loaded is not None:
            return
        if missing := accelerator.missing(*MODULES):
            raise MissingExtra(missing)
        self._examine()
        device = accelerator.device(self._config.device)
        placement = self._placement(device)
        while True:
            try:
                self._loaded = self._load_to(device, placement)
                return
            except Exception as error:
                lower = memory.below(placement, device.type)
                if lower is None or not accelerator.is_out_of_memory(error):
                    raise
                traceback.clear_frames(error.__traceback__)
                placement = self._floor = lower
            accelerator.free(device)

    def unload(self) -> None:
        """Give all of the device's memory back."""
        self._floor = None
        self._drop()

    def relieve(self) -> bool:
        """Go one step down from all-on-the-device: decode in tiles, then keep weights in main memory, in ever smaller
        pieces. The next load after `unload()` begins at the top again."""
        if self._loaded is None:
            return False
        device, placement = self._loaded.device, self._loaded.placement
        lower = memory.below(placement, device.type)
        if lower is None:
            return False
        self._floor = lower
        if lower.rung is placement.rung:
            self._loaded.placement = lower
        else:  # hooks of one way of offloading don't come off cleanly enough for another
            self._drop()
            self.load()
        return True

    def _drop(self) -> None:
        if self._loaded is None:
            return
        device, self._loaded = self._loaded.device, None
        accelerator.free(device)

    def _load_to(self, device: torch.device, placement: memory.Placement) -> _Loaded:
        from engine.backends.diffusion import loading

        checkpoint, options = self._examine(), self._options
        own_code = self._choice.model in self._config.hub.remote_code
        pipe = loading.open_pipeline(checkpoint, accelerator.dtype(device), own_code=own_code)
        if self._choice.lora:
            loading.put_on_lora(pipe, lora_file(self._find_lora()), options.number("lora_scale", 1.0))
        if checkpoint.family.guidance_through == "guider" and "guidance" in options:
            loading.set_guidance(pipe, options.number("guidance", checkpoint.family.guidance))
        loaded = _Loaded(pipe, device, placement)
        if way := options.text("cache"):
            loading.cache_steps(pipe, checkpoint.family, way, lambda: loaded.active.current_timestep)
        if placement.rung is memory.Rung.RESIDENT:
            loaded.weights = accelerator.weights_of(memory.modules(pipe))
        memory.place(pipe, placement.rung, device)
        compiler = options.switch_or_text("compile", "inductor")
        if compiler and placement.rung in (memory.Rung.RESIDENT, memory.Rung.MODEL):
            loading.compile_blocks(pipe, compiler)
            loaded.compiled = True
        return loaded

    def _examine(self) -> Checkpoint:
        if self._checkpoint is None:
            folder = self._locate(self._choice.model, self._choice.revision)
            adapter = self._options.text("motion_adapter")
            checkpoint = examine(folder, self._locate(adapter) if adapter else None)
            dtype = accelerator.dtype(accelerator.device(self._config.device))
            self._parts = {
                part: numbers * (4 if part in checkpoint.family.full else dtype.itemsize)
                for part, numbers in checkpoint.numbers().items()
            }
            self._checkpoint = checkpoint
        return self._checkpoint

    def _locate(self, model: str, revision: str = "") -> Path:
        from engine.hub import locate

        return locate(model, revision, self._config.hub)

    def _find_lora(self) -> Path:
        file = Path(self._choice.lora).expanduser()
        return file if file.is_file() else self._locate(self._choice.lora)

    def _placement(self, device: torch.device) -> memory.Placement:
        budget = memory.budget_of(device, self._config.memory_bytes)
        return self._floor or memory.choose(self._parts, self._usual_work(), budget, device.type)

    def _usual_work(self) -> int:
        """Bytes for a job of the length and size that the model was made for."""
        family = self._examine().family
        width, height = self._sizes(family)[0]
        return width * height * family.usual * family.working_bytes

    def _sizes(self, family: Family) -> tuple[tuple[int, int], ...]:
        size = self._options.size("size")
        return (size,) if size else family.sizes

    # --- rendering ---

    def render(self, job: Generate, context: JobContext) -> Rendered:
        """Render `job` into an MP4 at `job.out`; one step of the progress is one denoising step.

        The size is what was asked for (even sides), the length as near to it as the family can. Raises `BadRequest` for
        what this model can't do, `JobFailed` when it makes no picture, a `MediaError` for a picture to begin with that
        can't be read, and whatever `context.checkpoint()` raises; then no file is left behind and the memory is free.
        """
        check(job.width, job.height, job.seconds)
        self._refuse(job)
        self.load()
        context.checkpoint()
        seed = secrets.randbits(31) if job.seed is None else job.seed
        with self._beginning(job, context) as begin:
            return self._make(job, seed, begin, context)

    def _refuse(self, job: Generate) -> None:
        family = self._examine().family
        if job.image and job.extends:
            raise BadRequest("A video can begin with a picture or continue another one, not both. Choose one of them.")
        if (job.image or job.extends) and not family.animates:
            raise BadRequest(
                f"The model {self._name()} makes videos from words only: it can't begin with a picture or continue a "
                "video. Leave the picture out, or choose another model."
            )
        if family.needs_picture and not (job.image or job.extends):
            raise BadRequest(
                f"The model {self._name()} brings pictures to life and needs one to begin with. Send a picture along, "
                "or choose another model."
            )

    @contextmanager
    def _beginning(self, job: Generate, context: JobContext) -> Iterator[_Beginning]:
        """The picture that a clip begins with, and the clip that it continues, open for reading."""
        if not (job.image or job.extends):
            yield _Beginning()
            return
        from engine.media import open_clip

        with open_clip(Path(job.extends or job.image), context.limits, checkpoint=context.checkpoint) as clip:
            moment = context.limits.max_duration_s if job.extends else 0.0  # beyond its end is its last picture
            picture = clip.frames_at([moment])[0].image
            yield _Beginning(picture, clip if job.extends else None)

    def _make(self, job: Generate, seed: int, begin: _Beginning, context: JobContext) -> Rendered:
        from engine.backends.diffusion.output import write_clip

        family = self._examine().family
        width, height, fps = job.width, job.height, family.fps
        if begin.before is not None:
            info = begin.before.info
            width, height, fps = info.width, info.height, info.fps or family.fps  # a picture has no rate
        wanted = max(1, round(job.seconds * family.fps)) + (begin.before is not None)
        shape = shape_for(family, self._sizes(family), width, height, wanted)
        frames = self._denoise(arguments(family, self._options, job, shape), shape, seed, begin.picture, context)
        shown = picks(shape, family.fps, fps, continues=begin.before is not None)
        even = (width - width % 2, height - height % 2)
        video = write_clip(frames, shown, job.out, even, fps, context, begin.before)
        return Rendered(
            path=job.out, seed=seed, width=video.width, height=video.height, frames=video.frames, fps=fps,
            model=self._name(),
        )  # fmt: skip

    def _denoise(
        self, called: dict[str, Any], shape: Shape, seed: int, picture: Image | None, context: JobContext
    ) -> Any:
        """Run the pipeline. Returns pictures, (F, H, W, 3) float 0–1. What goes wrong leaves nothing on the device."""
        import torch

        from engine.backends.diffusion.output import as_picture
        from engine.backends.diffusion.watch import watched

        loaded = self._ready()
        pipe = loaded.active = self._pipe_for(picture is not None)
        if picture is not None:
            called["image"] = as_picture(picture, shape.width, shape.height)
        # New for each job, and the processor's: the same seed makes the same clip, whatever ran before.
        called["generator"] = torch.Generator("cpu").manual_seed(seed & _MAX_SEED)
        self._choose_tiles(pipe.vae, shape)
        try:
            with self._measured(loaded.device), watched(pipe, context, inside=not loaded.compiled):
                return pipe(**called).frames[0]
        except BaseException as error:
            # The traceback holds the pipeline's locals, and with them the latents, until whoever catches it is done.
            traceback.clear_frames(error.__traceback__)
            if loaded.device.type != "cpu":
                accelerator.free(loaded.device)
            raise
        finally:
            loaded.pipe.maybe_free_model_hooks()

    def _choose_tiles(self, vae: Any, shape: Shape) -> None:
        loaded = self._ready()
        work = shape.volume * self._examine().family.working_bytes
        budget = memory.budget_of(loaded.device, self._config.memory_bytes, own=loaded.weights)
        memory.tile(vae, memory.calls_for_tiles(loaded.placement, self._parts, work, budget))

    def _ready(self) -> _Loaded:
        if self._loaded is None:
            raise RuntimeError("load() comes before rendering")
        return self._loaded

    def _pipe_for(self, picture: bool) -> Any:
        from engine.backends.diffusion.loading import animator_of

        loaded = self._ready()
        if not picture:
            return loaded.pipe
        if loaded.animator is None:
            loaded.animator = animator_of(loaded.pipe, self._examine().family)
        return loaded.animator

    @contextmanager
    def _measured(self, device: torch.device) -> Iterator[None]:
        """Learn what a job takes on top of the weights, where the device counts it."""
        if device.type != "cuda":
            yield
            return
        import torch

        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        try:
            yield
        finally:
            self._peak = max(self._peak, torch.cuda.max_memory_allocated(device) - before)


@dataclass(slots=True)
class _Loaded:
    """A model in memory. `animator` is the pipeline over the same weights that begins with a picture, once it was
    needed; `active` the one that works, or worked last."""

    pipe: Any
    device: torch.device
    placement: memory.Placement
    weights: int = 0  # bytes that stay on the device between jobs
    compiled: bool = False
    animator: Any = None
    active: Any = None


@dataclass(frozen=True, slots=True)
class _Beginning:
    picture: Image | None = None
    before: ClipReader | None = None


def _pin_of(model: str) -> Any:
    from engine.presets import pin_of

    return pin_of(model)
