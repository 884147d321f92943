"""The models that we know by name, and which of them fill the roles on a machine of which size.

It reads nothing and imports no model library: everything here is a fact with its source, or a judgement that says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from engine.backends.accelerator import SENTENCE
from engine.device import Device
from engine.types import ModelChoice, Role

GIB = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Pin:
    """What is known of a model before any of it is here.

    `download_bytes` is what a pull fetches; `memory_bytes` what its weights take on a GPU, in 16 bits a number unless
    its backend keeps more; `least_bytes` the part of that which has to be on a GPU at once when its backend keeps the
    rest in main memory. `revision` is empty where no commit could be named: then the first one fetched is kept.
    """

    role: Role
    backend: str
    model: str
    name: str
    licence: str
    download_bytes: int
    memory_bytes: int
    least_bytes: int = 0
    revision: str = ""
    gated: bool = False
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.least_bytes:
            object.__setattr__(self, "least_bytes", self.memory_bytes)

    def choice(self) -> ModelChoice:
        """How a configuration asks for it."""
        return ModelChoice(backend=self.backend, model=self.model, revision=self.revision, options=dict(self.options))


def _plain(role: Role, backend: str, model: str, revision: str, parameters: float, **more: Any) -> Pin:
    """A model in one piece, by its number of parameters; `stored` is how many bytes each of them takes on the hub."""
    return Pin(
        role=role,
        backend=backend,
        model=model,
        revision=revision,
        name=more.pop("name", model.partition("/")[2]),
        licence=more.pop("licence", "Apache-2.0"),
        download_bytes=round(parameters * more.pop("stored", 2)),
        memory_bytes=round(parameters * 2),
        **more,
    )


_mllm = partial(_plain, Role.UNDERSTANDING, "transformers")
_text_guard = partial(_plain, Role.TEXT_GUARD)
_frame_guard = partial(_plain, Role.FRAME_GUARD)
_ears = partial(_plain, Role.SPEECH, "whisper")
_pipeline = partial(Pin, role=Role.GENERATION, backend="diffusers")


def _by_layers(parameters: float) -> int:
    """Bytes of a pipeline's largest part that are on the device when its layers come and go: a tenth, to be safe."""
    return round(parameters * 2 / 10)


# Commits: the ones under which public code pins these repositories, each found in several places.
# Sizes: parameters times the bytes of a number, parameters from the model cards; where a public list of a repository's
# files gives its exact bytes, those.
_PINS = (
    # The smallest that was trained on clips.
    _mllm(
        "HuggingFaceTB/SmolVLM2-500M-Video-Instruct",
        "7b375e1b73b11138ff12fe22c8f2822d8fe03467",
        507.5e6,
        stored=4,
        name="SmolVLM2-500M",
    ),
    _mllm("HuggingFaceTB/SmolVLM2-2.2B-Instruct", "", 2.246e9, stored=4, name="SmolVLM2-2.2B"),
    _mllm("Qwen/Qwen3.5-0.8B", "2fc06364715b967f1860aea9cf38778875588b17", 0.873e9),
    _mllm("Qwen/Qwen3.5-2B", "15852e8c16360a2fea060d615a32b45270f8a8fc", 2.27e9),
    _mllm("Qwen/Qwen3.5-4B", "851bf6e806efd8d0a36b00ddf55e13ccb7b8cd0a", 4.66e9),
    _mllm("Qwen/Qwen3.5-9B", "c202236235762e1c871ad0ccb60c8ee5ba337b9a", 9.653e9),
    _mllm("Qwen/Qwen3.6-27B", "6a9e13bd6fc8f0983b9b99948120bc37f49c13e9", 27.78e9),
    _mllm("Qwen/Qwen3-VL-2B-Instruct", "", 2.13e9, name="Qwen3-VL-2B"),
    _mllm("Qwen/Qwen3-VL-4B-Instruct", "", 4.44e9, name="Qwen3-VL-4B"),
    _mllm("Qwen/Qwen3-VL-8B-Instruct", "", 8.77e9, name="Qwen3-VL-8B"),
    _mllm("Qwen/Qwen2.5-VL-7B-Instruct", "", 8.29e9, name="Qwen2.5-VL-7B"),
    _mllm("llava-hf/LLaVA-NeXT-Video-7B-hf", "", 7.06e9, name="LLaVA-NeXT-Video-7B", licence="Llama 2"),
    # The pipelines: denoiser, text encoder (UMT5-XXL, 5.68e9 parameters; T5-XXL, 4.76e9; CLIP ViT-H, 0.34e9), decoder.
    _pipeline(
        model="Wan-AI/Wan2.1-T2V-1.3B-Diffusers",
        revision="0fad780a534b6463e45facd96134c9f345acfa5b",
        name="Wan2.1-1.3B",
        licence="Apache-2.0",
        download_bytes=28_928_887_859,
        memory_bytes=round((1.42e9 + 5.68e9) * 2 + 0.127e9 * 4),
        least_bytes=_by_layers(5.68e9),
    ),
    _pipeline(
        model="Wan-AI/Wan2.2-TI2V-5B-Diffusers",
        revision="b8fff7315c768468a5333511427288870b2e9635",
        name="Wan2.2-5B",
        licence="Apache-2.0",
        download_bytes=round(5.0e9 * 4 + 5.68e9 * 2 + 0.705e9 * 4),
        memory_bytes=round((5.0e9 + 5.68e9) * 2 + 0.705e9 * 4),
        least_bytes=_by_layers(5.68e9),
    ),
    # Two denoisers, one for the noisy steps and one for the others, in 32 bits on the hub.
    _pipeline(
        model="Wan-AI/Wan2.2-T2V-A14B-Diffusers",
        revision="5be7df9619b54f4e2667b2755bc6a756675b5cd7",
        name="Wan2.2-A14B",
        licence="Apache-2.0",
        download_bytes=126_200_628_126,
        memory_bytes=round((2 * 14.29e9 + 5.68e9) * 2 + 0.127e9 * 4),
        least_bytes=_by_layers(14.29e9),
    ),
    _pipeline(
        model="zai-org/CogVideoX-2b",
        name="CogVideoX-2B",
        licence="Apache-2.0",
        download_bytes=round((1.69e9 + 4.76e9 + 0.216e9) * 2),
        memory_bytes=round((1.69e9 + 4.76e9 + 0.216e9) * 2),
        least_bytes=_by_layers(4.76e9),
    ),
    _pipeline(
        model="zai-org/CogVideoX-5b",
        name="CogVideoX-5B",
        licence="CogVideoX",
        download_bytes=round((5.57e9 + 4.76e9 + 0.216e9) * 2),
        memory_bytes=round((5.57e9 + 4.76e9 + 0.216e9) * 2),
        least_bytes=_by_layers(5.57e9),
    ),
    _pipeline(
        model="damo-vilab/text-to-video-ms-1.7b",
        name="ModelScope-1.7B",
        licence="CC-BY-NC-4.0",
        download_bytes=round(1.83e9 * 4),
        memory_bytes=round(1.83e9 * 2),
        least_bytes=_by_layers(1.41e9),
    ),
    _text_guard("qwen3guard", "Qwen/Qwen3Guard-Gen-0.6B", "fada3b2f655b89601929198343c94cd2f64d93cc", 0.752e9),
    _text_guard("qwen3guard", "Qwen/Qwen3Guard-Gen-4B", "6ec42827da0c1ff11e7a49dc269d2e810d27e108", 4.02e9),
    _text_guard("qwen3guard", "Qwen/Qwen3Guard-Gen-8B", "4505cb1a6f1864f21f8b27f7daf1b9a1aab6edbb", 8.19e9),
    _text_guard("text-classifier", "unitary/toxic-bert", "4d6c22e74ba2fdd26bc4f7238f50766b045a0d94", 109.5e6, stored=4),
    _frame_guard(
        "image-classifier",
        "Falconsai/nsfw_image_detection",
        "04367978d3474804ab1a00a9bd6548b741764069",
        85.8e6,
        stored=4,
    ),
    _frame_guard(
        "image-classifier",
        "Marqo/nsfw-image-detection-384",
        "0c26ec22111b83f106d72a55f611ec35962bcb65",
        5.6e6,
        stored=4,
    ),
    _frame_guard(
        "shieldgemma",
        "google/shieldgemma-2-4b-it",
        "eaf60452b5fc41a911338a022e628b0c15283897",
        4.3e9,
        licence="Gemma",
        gated=True,
    ),
    _ears("openai/whisper-tiny", "169d4a4341b33bc18d8881c4b69c2e104e1cc0af", 37.8e6, stored=4, name="Whisper tiny"),
    _ears("openai/whisper-base", "e37978b90ca9030d5170a5c07aadb050351a65bb", 72.6e6, stored=4, name="Whisper base"),
    _ears("openai/whisper-small", "973afd24965f72e36ca33b3055d56a652f456b4d", 241.7e6, stored=4, name="Whisper small"),
    _ears(
        "openai/whisper-large-v3-turbo",
        "41f01f3fe87f28c78e2fbf8b568835947dd65ed9",
        808.9e6,
        name="Whisper large-v3-turbo",
        licence="MIT",
    ),
)
# Backends that read a model from the hub or from a folder, where nothing else is said.
DEFAULT_BACKENDS: Mapping[Role, str] = MappingProxyType(
    {Role.UNDERSTANDING: "transformers", Role.GENERATION: "diffusers", Role.SPEECH: "whisper"}
)
# Backends that bring their own model, or use that of another role.
OWN_MODELS = frozenset({"lite", "storyboard", "profanity", "opennsfw", "judge"})
# Guards that look through the model for questions, which then stays as they do.
JUDGES = frozenset({"judge"})
# Options that name another model: the adapter that moves the pictures of an image model.
MODEL_OPTIONS = ("motion_adapter",)
# Backends whose model is somebody else's to have.
REMOTE_MODELS = frozenset({"openai"})
PINS: Mapping[str, Pin] = MappingProxyType({pin.model: pin for pin in _PINS})


def pin_of(model: str) -> Pin | None:
    """What is known of this repository of the hub; None for a folder or a repository that nobody wrote down here."""
    return PINS.get(model)


Roles = Mapping[Role, tuple[ModelChoice, ...]]


def _roles(**roles: tuple[str, ...]) -> Roles:
    """Fill roles with pinned models and, where there is no slash in the name, with backends that bring their own."""
    return MappingProxyType(
        {
            Role(role): tuple(PINS[name].choice() if "/" in name else ModelChoice(backend=name) for name in names)
            for role, names in roles.items()
        }
    )


# Which models are worth their size is a judgement. The lite guards stay beside the large ones: they cost nothing. A
# judge keeps the model for questions on the device for good, as if it were a guard.
PRESETS: Mapping[str, Roles] = MappingProxyType(
    {
        "lite": _roles(
            understanding=("lite",), generation=("storyboard",), text_guard=("lite",), frame_guard=("opennsfw",)
        ),
        # A video model takes hours for a clip on a processor, so videos stay drawn. Qwen3Guard would take seconds for
        # each sentence.
        "cpu": _roles(
            understanding=("HuggingFaceTB/SmolVLM2-500M-Video-Instruct",),
            generation=("storyboard",),
            text_guard=("unitary/toxic-bert", "lite"),
            frame_guard=("Falconsai/nsfw_image_detection", "opennsfw"),
            speech=("openai/whisper-tiny",),
        ),
        "8gb": _roles(
            understanding=("Qwen/Qwen3.5-2B",),
            generation=("Wan-AI/Wan2.1-T2V-1.3B-Diffusers", "storyboard"),
            text_guard=("Qwen/Qwen3Guard-Gen-0.6B", "unitary/toxic-bert"),
            frame_guard=("Falconsai/nsfw_image_detection", "opennsfw"),
            speech=("openai/whisper-base",),
        ),
        "16gb": _roles(
            understanding=("Qwen/Qwen3.5-4B",),
            generation=("Wan-AI/Wan2.1-T2V-1.3B-Diffusers", "storyboard"),
            text_guard=("Qwen/Qwen3Guard-Gen-0.6B", "unitary/toxic-bert"),
            frame_guard=("Falconsai/nsfw_image_detection", "opennsfw"),
            speech=("openai/whisper-small",),
        ),
        # From here on a judge looks for violence in frames, which nothing smaller does. Qwen3.5-9B would answer 1.5
        # points better (Video-MME 78.4 to 76.9), but leaves no room for videos, and a judge's model can't leave.
        "24gb": _roles(
            understanding=("Qwen/Qwen3.5-4B",),
            generation=("Wan-AI/Wan2.2-TI2V-5B-Diffusers", "storyboard"),
            text_guard=("Qwen/Qwen3Guard-Gen-0.6B", "unitary/toxic-bert"),
            frame_guard=("Falconsai/nsfw_image_detection", "judge", "opennsfw"),
            speech=("openai/whisper-large-v3-turbo",),
        ),
        "80gb": _roles(
            understanding=("Qwen/Qwen3.6-27B",),
            generation=("Wan-AI/Wan2.2-T2V-A14B-Diffusers", "Wan-AI/Wan2.2-TI2V-5B-Diffusers", "storyboard"),
            text_guard=("Qwen/Qwen3Guard-Gen-4B", "unitary/toxic-bert"),
            frame_guard=("Falconsai/nsfw_image_detection", "judge", "opennsfw"),
            speech=("openai/whisper-large-v3-turbo",),
        ),
    }
)
AUTO = "auto"
PRESET_NAMES = (AUTO, *PRESETS)

# Bytes that a model's work takes beside its weights: pictures, text and what is computed of them. A judgement, for
# plans before anything was measured; a video at 832x480, decoded in tiles, is the largest of them.
WORK: Mapping[Role, int] = MappingProxyType(
    {
        Role.UNDERSTANDING: 1 << 30,
        Role.GENERATION: 3 << 30,
        Role.TEXT_GUARD: 128 << 20,
        Role.FRAME_GUARD: 128 << 20,
        Role.SPEECH: 256 << 20,
    }
)

# What a preset's device has at least, in bytes. Cards report a little less than their name says: 7.6 GiB, 23.5 GiB.
_ENOUGH = (("80gb", 72 * GIB), ("24gb", 21.6 * GIB), ("16gb", 14.4 * GIB), ("8gb", 7.2 * GIB))
# Where the GPU's memory is the machine's there is nowhere to put parts aside: the largest model has to fit whole beside
# the guards, with some room to work in.
_ENOUGH_SHARED = (("80gb", 136 * GIB), ("24gb", 40 * GIB), ("16gb", 22 * GIB), ("8gb", 20 * GIB))
# Below this much main memory the small models and the rest of the machine get in each other's way.
_ENOUGH_FOR_PROCESSOR = 6 * GIB


@dataclass(frozen=True, slots=True)
class Chosen:
    """What `auto` stands for here, and why, in a sentence."""

    preset: str
    why: str


def choose(device: Device, memory_bytes: int = 0) -> Chosen:
    """The best preset for a device. `memory_bytes`, if not 0, is the most that models may take of it."""
    memory = min(device.memory_bytes, memory_bytes) if memory_bytes else device.memory_bytes
    about = f"{memory / GIB:.1f} GiB"
    if not device.packages:
        return Chosen("lite", SENTENCE)
    if device.is_gpu:
        for preset, enough in _ENOUGH if device.kind == "cuda" else _ENOUGH_SHARED:
            if memory >= enough:
                return Chosen(preset, f"{device.name} has {about} for models.")
        return Chosen("cpu", f"{device.name} has only {about} for models, so they are the small ones.")
    if memory and memory < _ENOUGH_FOR_PROCESSOR:
        return Chosen("lite", f"There is no GPU, and {about} of memory is too little for the small models.")
    return Chosen("cpu", device.reason or "There is no GPU.")


def memory_of(pin: Pin, device: Device) -> int:
    """Bytes that a model's weights take on this device: processors compute in 32 bits."""
    return pin.memory_bytes if device.is_gpu else 2 * pin.memory_bytes
