"""Tiny checkpoints of five architectures that understand videos: the real classes and processors, random weights.

Their answers are noise, and the same noise each time. `make_talker` writes one whose weights say a given sentence.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.backends import accelerator
from tests.tiny.tokenizers import fast_tokenizer, spelled

_HEAD = 16
CONTEXT = 4096  # tokens; pass another one to see how a question is fitted into it

_CHATML_END = "<|im_end|>"
_QWEN_SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    _CHATML_END,
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
_CHATML = """{%- for message in messages -%}
<|im_start|>{{ message.role }}
{% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content -%}
{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>
{%- elif part.type == 'video' %}{{ video }}{% else %}{{ part.text }}{% endif -%}
{% endfor %}{% endif %}<|im_end|>
{% endfor -%}
{% if add_generation_prompt %}<|im_start|>assistant
{{ thought }}{% endif %}"""
_VISION = "{%- set video = '<|vision_start|><|video_pad|><|vision_end|>' -%}{%- set thought = '' -%}"
# As the family does: the model thinks unless it is told not to, and then its thoughts are said to be over.
_THINKS = (
    "{%- set video = '<|vision_start|><|video_pad|><|vision_end|>' -%}"
    "{%- set thought = '<think>\\n\\n</think>\\n\\n'"
    " if enable_thinking is defined and enable_thinking is false else '<think>\\n' -%}"
)
_TURNS = """{% for message in messages %}{{ message.role | capitalize }}: {% for part in message.content -%}
{% if part.type == 'image' %}<image>{% elif part.type == 'video' %}<video>{% else %}{{ part.text }}{% endif -%}
{% endfor %}<end_of_utterance>
{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"""
_GEMMA = """{{ bos_token }}{% for message in messages %}
{%- if message.role == 'system' %}{{ raise_exception('There is no system role.') }}{% endif -%}
<start_of_turn>{{ 'model' if message.role == 'assistant' else message.role }}
{% for part in message.content -%}
{% if part.type == 'image' %}<start_of_image>{% elif part.type == 'text' %}{{ part.text }}{% endif -%}
{% endfor %}<end_of_turn>
{% endfor %}{% if add_generation_prompt %}<start_of_turn>model
{% endif %}"""
# Pictures first, then videos, then texts, as this family has it.
_LLAVA = """{% for message in messages %}{% if message.role != 'system' %}{{ message.role.upper() }}: {% endif -%}
{% for part in message.content if part.type == 'image' %}<image>
{% endfor %}{% for part in message.content if part.type == 'video' %}<video>
{% endfor %}{% for part in message.content if part.type == 'text' %}{{ part.text }}
{% endfor %}{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}"""


def make_smolvlm(folder: Path, *, context: int = CONTEXT, pieces: Sequence[str] = (), talks: bool = False) -> Path:
    """SmolVLM: every frame becomes four tokens with a time stamp in words before them."""
    accelerator.prepare()
    from transformers import (
        SmolVLMConfig,
        SmolVLMForConditionalGeneration,
        SmolVLMImageProcessor,
        SmolVLMProcessor,
        SmolVLMVideoProcessor,
    )

    special = ("<|endoftext|>", "<|im_start|>", "<end_of_utterance>", "<fake_token_around_image>", "<image>")
    rows = tuple(f"<row_{row}_col_{column}>" for row in (1, 2) for column in (1, 2))
    tokenizer = fast_tokenizer((*special, "<global-img>", *rows), eos="<end_of_utterance>", pieces=pieces)
    size, largest = {"longest_edge": 64}, {"longest_edge": 32}
    processor = SmolVLMProcessor(
        SmolVLMImageProcessor(size=size, max_image_size=largest),
        tokenizer,
        SmolVLMVideoProcessor(size=size, max_image_size=largest, num_frames=8, fps=1),
        image_seq_len=4,
        chat_template=_TURNS,
    )
    vision = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = SmolVLMConfig(
        vision_config={**vision, "image_size": 32, "patch_size": 8},
        text_config={"model_type": "llama", **_text(tokenizer, context, talks), "rope_theta": 10000.0},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=0,
    )
    return _saved(folder, SmolVLMForConditionalGeneration, config, processor)


def make_qwen2_5_vl(folder: Path, *, context: int = CONTEXT, pieces: Sequence[str] = (), talks: bool = False) -> Path:
    """Qwen2.5-VL: rotary positions in three dimensions, of which time is one, and windows in its vision tower."""
    accelerator.prepare()
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor
    from transformers.models.qwen2_vl.image_processing_qwen2_vl import Qwen2VLImageProcessor
    from transformers.models.qwen2_vl.video_processing_qwen2_vl import Qwen2VLVideoProcessor

    tokenizer = fast_tokenizer(_QWEN_SPECIAL, eos=_CHATML_END, pad_token="<|endoftext|>", pieces=pieces)
    patches = {"patch_size": 8, "temporal_patch_size": 2, "merge_size": 2}
    frame = {"shortest_edge": 16 * 16, "longest_edge": 48 * 48}
    processor = Qwen2_5_VLProcessor(
        Qwen2VLImageProcessor(**patches, size=frame),
        tokenizer,
        Qwen2VLVideoProcessor(**patches, size=frame, cap_pixels_per_frame=False),
        chat_template=_VISION + _CHATML,
    )
    text = _text(tokenizer, context, talks)
    vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2, "fullatt_block_indexes": [1]}
    config = Qwen2_5_VLConfig(
        text_config={**text, "rope_parameters": _mrope()},
        vision_config={**vision, "patch_size": 8, "window_size": 32, "out_hidden_size": text["hidden_size"]},
        **_qwen_ids(tokenizer),
    )
    return _saved(folder, Qwen2_5_VLForConditionalGeneration, config, processor)


def make_qwen3_vl(folder: Path, *, context: int = CONTEXT, pieces: Sequence[str] = (), talks: bool = False) -> Path:
    """Qwen3-VL: time stamps in words, and features of the vision tower's lower layers in the language model's."""
    accelerator.prepare()
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    tokenizer, processor = _qwen3_processor(_VISION + _CHATML, pieces)
    text = _text(tokenizer, context, talks)
    config = Qwen3VLConfig(
        text_config={**text, "head_dim": _HEAD, "rope_parameters": _mrope()},
        vision_config={**_qwen3_vision(text), "deepstack_visual_indexes": [0]},
        **_qwen_ids(tokenizer),
    )
    return _saved(folder, Qwen3VLForConditionalGeneration, config, processor)


def make_qwen3_5(folder: Path, *, context: int = CONTEXT, pieces: Sequence[str] = (), talks: bool = False) -> Path:
    """Qwen3.5: layers of linear attention, whose state knows no way back, beside the usual ones."""
    accelerator.prepare()
    from transformers import Qwen3_5Config, Qwen3_5ForConditionalGeneration

    tokenizer, processor = _qwen3_processor(_THINKS + _CHATML, pieces)
    text = _text(tokenizer, context, talks)
    linear = {"linear_key_head_dim": 8, "linear_value_head_dim": 8}
    heads = {"linear_num_key_heads": 2, "linear_num_value_heads": 4}
    rope = {**_mrope(), "partial_rotary_factor": 1.0}
    layers = ["linear_attention", "full_attention"]
    config = Qwen3_5Config(
        text_config={**text, "head_dim": _HEAD, "rope_parameters": rope, "layer_types": layers, **linear, **heads},
        vision_config=_qwen3_vision(text),
        **_qwen_ids(tokenizer),
    )
    return _saved(folder, Qwen3_5ForConditionalGeneration, config, processor)


def make_llava_next_video(
    folder: Path, *, context: int = CONTEXT, pieces: Sequence[str] = (), talks: bool = False
) -> Path:
    """LLaVA-NeXT-Video: a CLIP tower, pooled frames, and a placeholder that is spelled like the tag of our protocol."""
    accelerator.prepare()
    from transformers import (
        LlavaNextImageProcessor,
        LlavaNextVideoConfig,
        LlavaNextVideoForConditionalGeneration,
        LlavaNextVideoProcessor,
    )
    from transformers.models.llava_next_video.video_processing_llava_next_video import LlavaNextVideoVideoProcessor

    tokenizer = fast_tokenizer(
        ("<unk>", "<s>", "</s>", "<video>", "<image>"), eos="</s>", bos_token="<s>", pad_token="<unk>", pieces=pieces
    )
    side = 32
    sizes: dict[str, Any] = {
        "size": {"shortest_edge": side},
        "crop_size": {"height": side, "width": side},
    }
    grid = [[side, 2 * side], [2 * side, side]]
    processor = LlavaNextVideoProcessor(
        LlavaNextVideoVideoProcessor(**sizes),
        LlavaNextImageProcessor(**sizes, image_grid_pinpoints=grid),
        tokenizer,
        chat_template=_LLAVA,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
    vision = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = LlavaNextVideoConfig(
        vision_config={
            "model_type": "clip_vision_model",
            **vision,
            "image_size": side,
            "patch_size": 8,
            "projection_dim": 32,
        },
        text_config={"model_type": "llama", **_text(tokenizer, context, talks)},
        image_grid_pinpoints=grid,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
        image_seq_length=16,
        video_seq_length=4,
    )
    return _saved(folder, LlavaNextVideoForConditionalGeneration, config, processor)


def make_gemma3(folder: Path, *, context: int = CONTEXT, pieces: Sequence[str] = (), talks: bool = False) -> Path:
    """Gemma 3: pictures only, no system role, and layers that see no further back than a window."""
    accelerator.prepare()
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3ImageProcessor, Gemma3Processor

    marks = {"boi_token": "<start_of_image>", "image_token": "<image_soft_token>", "eoi_token": "<end_of_image>"}
    tokenizer = fast_tokenizer(
        ("<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>", *marks.values()),
        eos="<eos>",
        bos_token="<bos>",
        pad_token="<pad>",
        extra_special_tokens=marks,
        pieces=pieces,
    )
    side, features = 32, 4
    processor = Gemma3Processor(
        Gemma3ImageProcessor(size={"height": side, "width": side}),
        tokenizer,
        chat_template=_GEMMA,
        image_seq_length=features,
    )
    vision = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    layers = {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 64}
    config = Gemma3Config(
        text_config={**_text(tokenizer, context, talks), **layers, "head_dim": _HEAD, "query_pre_attn_scalar": _HEAD},
        vision_config={**vision, "image_size": side, "patch_size": 8},
        mm_tokens_per_image=features,
        **{f"{name}_index": tokenizer.convert_tokens_to_ids(mark) for name, mark in marks.items()},
        tie_word_embeddings=False,
    )
    return _saved(folder, Gemma3ForConditionalGeneration, config, processor)


FAMILIES: Mapping[str, Callable[..., Path]] = MappingProxyType(
    {
        "smolvlm": make_smolvlm,
        "qwen2_5_vl": make_qwen2_5_vl,
        "qwen3_vl": make_qwen3_vl,
        "qwen3_5": make_qwen3_5,
        "llava_next_video": make_llava_next_video,
    }
)


# Families without videos: a clip's frames go in as pictures.
STILLS: Mapping[str, Callable[..., Path]] = MappingProxyType({"gemma3": make_gemma3})


def make_talker(folder: Path, answer: str, *, family: str = "qwen3_vl", context: int = CONTEXT) -> Path:
    """A checkpoint that answers every question with `answer`, word by word: `<video>` tags and thoughts included.

    Its weights do it, no code: each piece of the answer has a token of its own, embeddings are so large that layers,
    which stay random, only add noise to them, and the head leads from each token to the one after it, beginning with
    the last one of a prompt.
    """
    pieces = _pieces(answer)
    _teach(FAMILIES[family](folder, context=context, pieces=pieces, talks=True), pieces)
    return folder


def make_lora(model: Path, folder: Path, *, rank: int = 4) -> Path:
    """An adapter for a tiny checkpoint, as PEFT saves it, that changes what the model says."""
    accelerator.prepare()
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForImageTextToText

    bare = AutoModelForImageTextToText.from_pretrained(model, local_files_only=True)
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=["q_proj", "v_proj"])
    with torch.no_grad(), torch.random.fork_rng(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        torch.manual_seed(11)
        adapted = get_peft_model(bare, config)
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:  # zero at first, so that training begins with the bare model
                weight.normal_(0.0, 1.0)
    adapted.save_pretrained(folder)
    return folder


def _pieces(answer: str) -> list[str]:
    """The answer cut at blanks, and into longer pieces where one would occur twice: each leads to one next."""
    pieces: list[str] = []
    held = ""
    for word in re.findall(r"\s*\S+|\s+$", answer):
        held += word
        if held not in pieces:
            pieces.append(held)
            held = ""
    if held:  # the end of the answer is what the middle was already: it goes to the piece before it
        pieces[-1:] = [pieces[-1] + held]
    return pieces


def _teach(folder: Path, pieces: Sequence[str]) -> None:
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
    model = AutoModelForImageTextToText.from_pretrained(folder, local_files_only=True)
    tokenizer = processor.tokenizer
    said = [tokenizer.convert_tokens_to_ids(spelled(piece)) for piece in pieces]
    before = _last_of_prompts(processor)
    embeddings, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(7)
        directions = torch.nn.functional.normalize(torch.randn_like(embeddings), dim=1)
        speaking = [*before, *said]
        directions[speaking] = torch.nn.init.orthogonal_(torch.empty(len(speaking), embeddings.shape[1]))
        embeddings.copy_(directions * _LOUD)
        head.zero_()
        for now, following in zip(said, [*said[1:], tokenizer.eos_token_id], strict=True):
            head[following] = directions[now]
        head[said[0]] = directions[before].sum(0)
    model.save_pretrained(folder)


def _last_of_prompts(processor: Any) -> list[int]:
    """The tokens that a prompt of this family ends with: with and without a word about thinking."""
    asked = [{"role": "user", "content": [{"type": "text", "text": "?"}]}]
    prompts = [
        processor.apply_chat_template(asked, add_generation_prompt=True, **variables)
        for variables in ({}, {"enable_thinking": False})
    ]
    return sorted({processor.tokenizer(prompt)["input_ids"][-1] for prompt in prompts})


_LOUD = 1000.0  # embeddings over what the layers add


def _text(tokenizer: Any, context: int, talks: bool) -> dict[str, Any]:
    """The language model: wider where each piece of an answer needs a direction of its own."""
    hidden = 128 if talks else 64
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": hidden,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": hidden // _HEAD,
        "num_key_value_heads": 2,
        "max_position_embeddings": context,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "tie_word_embeddings": False,
    }


def _mrope() -> dict[str, Any]:
    sections = [_HEAD // 2 - 4, 2, 2]  # time, height, width: pairs of a head's dimensions
    return {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": sections, "mrope_interleaved": True}


def _qwen3_processor(template: str, pieces: Sequence[str]) -> tuple[Any, Any]:
    from transformers import Qwen3VLProcessor
    from transformers.models.qwen2_vl.image_processing_qwen2_vl import Qwen2VLImageProcessor
    from transformers.models.qwen3_vl.video_processing_qwen3_vl import Qwen3VLVideoProcessor

    tokenizer = fast_tokenizer(_QWEN_SPECIAL, eos=_CHATML_END, pad_token="<|endoftext|>", pieces=pieces)
    patches = {"patch_size": 8, "temporal_patch_size": 2, "merge_size": 2}
    processor = Qwen3VLProcessor(
        Qwen2VLImageProcessor(**patches, size={"shortest_edge": 16 * 16, "longest_edge": 48 * 48}),
        tokenizer,
        # This family's sizes count the pixels of all frames together.
        Qwen3VLVideoProcessor(
            **patches, size={"shortest_edge": 4 * 16 * 16, "longest_edge": 16 * 48 * 48}, cap_pixels_per_frame=False
        ),
        chat_template=template,
    )
    return tokenizer, processor


def _qwen3_vision(text: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_heads": 2,
        "patch_size": 8,
        "temporal_patch_size": 2,
        "num_position_embeddings": 36,
        "out_hidden_size": text["hidden_size"],
    }


def _qwen_ids(tokenizer: Any) -> dict[str, int]:
    names = {"image_token_id": "image_pad", "video_token_id": "video_pad"}
    names |= {"vision_start_token_id": "vision_start", "vision_end_token_id": "vision_end"}
    return {key: tokenizer.convert_tokens_to_ids(f"<|{name}|>") for key, name in names.items()}


def _saved(folder: Path, model_class: Any, config: Any, processor: Any) -> Path:
    import torch
    from transformers import GenerationConfig

    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = model_class(config)
        _enliven(model)
    model.generation_config = GenerationConfig(
        eos_token_id=processor.tokenizer.eos_token_id, pad_token_id=processor.tokenizer.pad_token_id, do_sample=False
    )
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _enliven(model: Any) -> None:
    """Draw the weights so large that every token depends on everything before it, pictures above all.

    Libraries begin with weights so small that a fresh model says the same whatever it sees: no test would notice a
    picture that got lost.
    """
    import torch

    with torch.no_grad():
        for module in model.modules():
            weight = getattr(module, "weight", None)
            if isinstance(module, torch.nn.Embedding):
                weight.normal_(0.0, 0.3)
            elif isinstance(weight, torch.nn.Parameter) and weight.ndim > 1:
                weight.normal_(0.0, 1.5 / math.sqrt(weight[0].numel()))
