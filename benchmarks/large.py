"""Checkpoints with random weights in the shapes of real models, built on the device: a benchmark needs no download.

What they say and show is noise; what they take and how long is what the real ones take.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.backends import accelerator
from tests.tiny.tokenizers import fast_tokenizer

_SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
_CHAT = """{%- for message in messages -%}
<|im_start|>{{ message.role }}
{% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content -%}
{% if part.type == 'text' %}{{ part.text }}{% else %}<|vision_start|><|{{ part.type }}_pad|><|vision_end|>{% endif -%}
{% endfor %}{% endif %}<|im_end|>
{% endfor -%}
{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """Arguments of the libraries' configurations. `patch` is a side in pixels, `frame` an area."""

    text: Mapping[str, Any]
    vision: Mapping[str, Any]
    rope: Mapping[str, Any]
    guard: Mapping[str, Any]
    encoder: Mapping[str, Any]
    decoder: Mapping[str, Any]
    denoiser: Mapping[str, Any]
    frame: tuple[int, int]


# Qwen3-VL-4B, Qwen3Guard-Gen-0.6B, and Wan 2.1 1.3B with its text encoder of 5.7 billion parameters.
REAL = Shapes(
    text={
        "vocab_size": 151_936,
        "hidden_size": 2560,
        "intermediate_size": 9728,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 262_144,
    },
    vision={
        "depth": 24,
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_heads": 16,
        "patch_size": 16,
        "num_position_embeddings": 2304,
        "deepstack_visual_indexes": [5, 11, 17],
    },
    rope={"rope_type": "default", "rope_theta": 5e6, "mrope_section": [24, 20, 20], "mrope_interleaved": True},
    guard={
        "vocab_size": 151_936,
        "hidden_size": 1024,
        "intermediate_size": 3072,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 128,
    },
    encoder={"vocab_size": 256_384, "d_model": 4096, "d_kv": 64, "d_ff": 10_240, "num_layers": 24, "num_heads": 64},
    decoder={"base_dim": 96, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2},
    denoiser={
        "num_attention_heads": 12,
        "attention_head_dim": 128,
        "ffn_dim": 8960,
        "num_layers": 30,
        "text_dim": 4096,
        "freq_dim": 256,
        "rope_max_seq_len": 1024,
    },
    frame=(64 * 64, 768 * 768),
)
TOY = Shapes(
    text={
        "vocab_size": 512,
        "hidden_size": 64,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 4096,
    },
    vision={
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_heads": 2,
        "patch_size": 8,
        "num_position_embeddings": 36,
        "deepstack_visual_indexes": [0],
    },
    rope={"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 2, 2], "mrope_interleaved": True},
    guard={
        "vocab_size": 512,
        "hidden_size": 64,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
    },
    encoder={"vocab_size": 512, "d_model": 32, "d_kv": 8, "d_ff": 37, "num_layers": 2, "num_heads": 4},
    decoder={"base_dim": 3, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1},
    denoiser={
        "num_attention_heads": 2,
        "attention_head_dim": 12,
        "ffn_dim": 32,
        "num_layers": 2,
        "text_dim": 32,
        "freq_dim": 64,
        "rope_max_seq_len": 32,
    },
    frame=(16 * 16, 48 * 48),
)


def chat_model(folder: Path, shapes: Shapes, on: Any) -> Path:
    """A Qwen3-VL that says letters and never ends by itself, so that every answer has as many tokens as it may have."""
    from transformers import GenerationConfig, Qwen3VLConfig, Qwen3VLForConditionalGeneration, Qwen3VLProcessor
    from transformers.models.qwen2_vl.image_processing_qwen2_vl import Qwen2VLImageProcessor
    from transformers.models.qwen3_vl.video_processing_qwen3_vl import Qwen3VLVideoProcessor

    tokenizer = fast_tokenizer(_SPECIAL, eos="<|im_end|>", pad_token="<|endoftext|>")
    patches = {"patch_size": shapes.vision["patch_size"], "temporal_patch_size": 2, "merge_size": 2}
    least, most = shapes.frame
    Qwen3VLProcessor(
        Qwen2VLImageProcessor(**patches, size={"shortest_edge": least, "longest_edge": most}),
        tokenizer,
        # This family's sizes count the pixels of all frames together.
        Qwen3VLVideoProcessor(
            **patches, size={"shortest_edge": 4 * least, "longest_edge": 16 * most}, cap_pixels_per_frame=False
        ),
        chat_template=_CHAT,
    ).save_pretrained(folder)
    ids = dict(zip(_SPECIAL, tokenizer.convert_tokens_to_ids(list(_SPECIAL)), strict=True))
    config = Qwen3VLConfig(
        text_config={**shapes.text, "rope_parameters": dict(shapes.rope), "tie_word_embeddings": True},
        vision_config={**shapes.vision, "temporal_patch_size": 2, "out_hidden_size": shapes.text["hidden_size"]},
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
    )
    with _built_on(on, accelerator.dtype(on)):
        model = Qwen3VLForConditionalGeneration(config)
        _speak_letters(model, tokenizer)
    model.generation_config = GenerationConfig(
        eos_token_id=ids["<|im_end|>"], pad_token_id=ids["<|endoftext|>"], do_sample=False
    )
    model.save_pretrained(folder)
    return folder


def text_guard(folder: Path, shapes: Shapes, on: Any) -> Path:
    """A Qwen3Guard whose opinion is random."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    tokenizer = fast_tokenizer(_SPECIAL[:3], eos="<|im_end|>", pad_token="<|endoftext|>", chat_template=_CHAT)
    tokenizer.save_pretrained(folder)
    config = Qwen3Config(
        **shapes.guard, max_position_embeddings=8192, tie_word_embeddings=True, pad_token_id=0, eos_token_id=2
    )
    with _built_on(on, accelerator.dtype(on)):
        Qwen3ForCausalLM(config).save_pretrained(folder)
    return folder


def video_model(folder: Path, shapes: Shapes, on: Any) -> Path:
    """A Wan 2.1. Its decoder keeps 32 bits, as that of the real one does."""
    import torch
    from diffusers import AutoencoderKLWan, FlowMatchEulerDiscreteScheduler, WanPipeline, WanTransformer3DModel
    from transformers import UMT5Config, UMT5EncoderModel

    with _built_on(on, accelerator.dtype(on)):
        encoder = UMT5EncoderModel(UMT5Config(**shapes.encoder, feed_forward_proj="gated-gelu", pad_token_id=0))
        denoiser = WanTransformer3DModel(
            **shapes.denoiser,
            patch_size=(1, 2, 2),
            in_channels=16,
            out_channels=16,
            cross_attn_norm=True,
            qk_norm="rms_norm_across_heads",
        )
    with _built_on(on, torch.float32):
        decoder = AutoencoderKLWan(**shapes.decoder, z_dim=16, temperal_downsample=[False, True, True])
    WanPipeline(
        tokenizer=fast_tokenizer(("<pad>", "</s>"), eos="</s>", pad_token="<pad>", model_max_length=512),
        text_encoder=encoder,
        vae=decoder,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        transformer=denoiser,
    ).save_pretrained(folder)
    return folder


@contextmanager
def _built_on(on: Any, dtype: Any) -> Iterator[None]:
    """Modules made inside are born there, in that format: drawing billions of numbers on a processor takes minutes."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.random.fork_rng(), torch.device(on):
            torch.manual_seed(7)
            yield
    finally:
        torch.set_default_dtype(before)


def _speak_letters(model: Any, tokenizer: Any) -> None:
    """Only plain letters have a say: the end, other scripts and half a character would each change what is counted."""
    import torch

    words = (tokenizer.decode([token]) for token in range(len(tokenizer)))
    letters = [token for token, word in enumerate(words) if word.isascii() and word.isalpha()]
    with torch.no_grad():
        head = model.get_output_embeddings().weight
        spoken = head[letters].clone()
        head.zero_()
        head[letters] = spoken
