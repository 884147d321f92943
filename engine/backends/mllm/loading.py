"""From a folder with a model's files to a model that can chat, with its processor; every reason why not is a sentence.

Weights come from safetensors files only, nothing is fetched, and no code of the model's own runs unless it is allowed
by name. It knows no question and no clip.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.backends import accelerator
from engine.backends.mllm.options import Options
from engine.errors import BadRequest, MissingExtra
from engine.hub import locate

if TYPE_CHECKING:
    import torch

    from engine.types import HubSettings, ModelChoice

_ADAPTER = "adapter_model.safetensors"


@dataclass(slots=True)
class Loaded:
    """A model on its device, in evaluation mode, and what turns conversations into its inputs."""

    model: Any
    processor: Any

    @property
    def tokenizer(self) -> Any:
        return self.processor.tokenizer

    @property
    def config(self) -> Any:
        return self.model.config

    @property
    def template(self) -> str:
        return template_of(self.processor)


def load(choice: ModelChoice, hub: HubSettings, options: Options, on: torch.device) -> Loaded:
    """Raises `MissingModel` when files are not here, `BadRequest` when they are no chat model that sees, or need what
    is not allowed, and `MissingExtra` when a package is not installed."""
    accelerator.prepare()
    folder = locate(choice.model, choice.revision, hub)
    allowed = choice.model in hub.remote_code
    with _explained(choice.model, folder):
        _check(folder, choice.model, allowed)
        processor = _processor(folder, allowed)
        if not template_of(processor):
            raise BadRequest(
                f"{choice.model} has no chat template, so it cannot be asked anything: it is a base model. "
                "Choose its instruct or chat version.",
                model=choice.model,
            )
        model = _model(folder, options, on, allowed)
    if choice.lora:
        model = _with_adapter(model, choice, hub)
    model.eval()
    model.requires_grad_(False)
    return Loaded(model, processor)


def template_of(processor: Any) -> str:
    """The Jinja source of the chat template, empty when there is none."""
    found = getattr(processor, "chat_template", None) or getattr(
        getattr(processor, "tokenizer", None), "chat_template", None
    )
    if isinstance(found, dict):
        found = found.get("default", "")
    return found or ""


def _check(folder: Path, name: str, allowed: bool) -> None:
    """That this is a model of the kind that we can talk to, before gigabytes are read."""
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=allowed)
    own = "AutoModelForImageTextToText" in (getattr(config, "auto_map", None) or {})
    if type(config) not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING and not own:
        raise BadRequest(
            f"{name} is a model of type {config.model_type}, which does not look at pictures or videos and chat about "
            "them. Choose one for image-text-to-text, or a preset.",
            model=name,
            type=config.model_type,
        )
    if not any(folder.glob("*.safetensors")):
        raise BadRequest(
            f"{name} has no weights as safetensors. Other formats can carry code, so they are not loaded; choose a "
            "model or revision with safetensors.",
            model=name,
        )


def _processor(folder: Path, allowed: bool) -> Any:
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(folder, local_files_only=True, trust_remote_code=allowed)
    videos = getattr(processor, "video_processor", None)
    if videos is not None and getattr(videos, "cap_pixels_per_frame", True) is None:
        # As the family's reference implementation does; the library asks everybody to choose.
        videos.cap_pixels_per_frame = True
    return processor


def _model(folder: Path, options: Options, on: torch.device, allowed: bool) -> Any:
    import torch
    from transformers import AutoModelForImageTextToText

    arguments: dict[str, Any] = {"dtype": accelerator.dtype(on)}
    if options.dtype:
        arguments["dtype"] = getattr(torch, options.dtype)
    if options.attention:
        arguments["attn_implementation"] = options.attention
    if options.quantize:
        arguments["quantization_config"] = _quantization(options.quantize, arguments["dtype"])
    model, info = AutoModelForImageTextToText.from_pretrained(
        folder,
        output_loading_info=True,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=allowed,
        device_map={"": on},  # straight there: a second copy in main memory would double what loading needs
        **arguments,
    )
    if missing := sorted(info["missing_keys"]):
        # The library would fill them with random numbers.
        raise ValueError(f"{len(missing)} of its weights are not in the files, {missing[0]} among them")
    return model


def _quantization(bits: str, dtype: torch.dtype) -> Any:
    from importlib.util import find_spec

    from transformers import BitsAndBytesConfig

    if find_spec("bitsandbytes") is None:
        raise MissingExtra(
            "Quantising a model while it is loaded needs the package bitsandbytes. "
            "Run: pip install bitsandbytes, or choose a model that is stored quantised."
        )
    if bits == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)


def _with_adapter(model: Any, choice: ModelChoice, hub: HubSettings) -> Any:
    """The model with a LoRA in its weights: beside them it would cost two more products for each layer and token."""
    if accelerator.missing("peft"):
        raise MissingExtra(accelerator.SENTENCE)
    folder = locate(choice.lora, "", hub)
    if not (folder / _ADAPTER).is_file():
        raise BadRequest(
            f"The adapter {choice.lora} has no {_ADAPTER}. Other formats can carry code, so they are not loaded; "
            "save it as safetensors.",
            lora=choice.lora,
        )
    try:
        adapted = _adapted(model, folder)
        return adapted if getattr(model, "is_quantized", False) else adapted.merge_and_unload(safe_merge=True)
    except (ValueError, RuntimeError, OSError, KeyError) as error:
        if accelerator.is_out_of_memory(error):
            raise
        raise BadRequest(
            f"The adapter {choice.lora} does not fit {choice.model}: {_first_line(error)}. Choose the adapter that was "
            "trained for this model.",
            lora=choice.lora,
            model=choice.model,
        ) from error


def _adapted(model: Any, folder: Path) -> Any:
    """The model with the adapter beside its weights. Raises `ValueError` when parts of either find no partner, which
    the library would pass over."""
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors import safe_open

    with warnings.catch_warnings():
        # PEFT asks the library for something by a name that the library is about to drop.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        warnings.filterwarnings("ignore", "Found missing adapter keys", UserWarning)
        adapted = PeftModel.from_pretrained(model, folder, local_files_only=True)
    with safe_open(folder / _ADAPTER, "pt") as file:
        stored = set(file.keys())
    if alone := sorted(stored ^ set(get_peft_model_state_dict(adapted))):
        raise ValueError(f"{len(alone)} of its parts have no place there, {alone[0]} among them")
    return adapted


@contextmanager
def _explained(name: str, folder: Path) -> Iterator[None]:
    """Turns what the library raises into sentences for an operator."""
    from safetensors import SafetensorError

    try:
        yield
    except (ValueError, OSError, KeyError, ImportError, AttributeError, SafetensorError) as error:
        words = str(error)
        if isinstance(error, ImportError):
            raise MissingExtra(f"{name} cannot be loaded: {_first_line(error)}", model=name) from error
        if "trust_remote_code" in words:
            raise BadRequest(
                f"{name} brings Python code of its own, which does not run here unless an operator allows it. When you "
                f"have read that code and trust it, add “{name}” to remote_code in the configuration.",
                model=name,
            ) from error
        raise BadRequest(
            f"{name} cannot be loaded from {folder}: {_first_line(error)}. Fetch it again, or choose another model.",
            model=name,
        ) from error


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
