"""Tiny text-to-video checkpoints: the real classes of each family with random weights, saved as a hub repository is.

It knows no backend and no test. A checkpoint is under 1 MB (HunyuanVideo 1.5, whose class has a layer of fixed width:
18 MB), is built in a fraction of a second once diffusers is imported, and makes small pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.tiny.tokenizers import fast_tokenizer

_TEXT_WIDTH = 32
_LATENTS = 4


def make_zeroscope(folder: Path) -> Path:
    """`TextToVideoSDPipeline`: the paper's own family."""
    from diffusers import DDIMScheduler, TextToVideoSDPipeline, UNet3DConditionModel

    _seed()
    unet = UNet3DConditionModel(
        block_out_channels=(8, 8),
        layers_per_block=1,
        sample_size=8,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        cross_attention_dim=_TEXT_WIDTH,
        attention_head_dim=4,
        norm_num_groups=2,
    )
    return _save(
        TextToVideoSDPipeline,
        folder,
        unet=unet,
        vae=_picture_vae(),
        scheduler=DDIMScheduler(**_DDIM),
        text_encoder=_clip(),
        tokenizer=_clip_tokenizer(),
    )


def make_stable_diffusion(folder: Path) -> Path:
    """`StableDiffusionPipeline`, a picture model: what AnimateDiff moves."""
    from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel

    _seed()
    unet = UNet2DConditionModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        sample_size=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=_TEXT_WIDTH,
        norm_num_groups=2,
    )
    return _save(
        StableDiffusionPipeline,
        folder,
        unet=unet,
        vae=_picture_vae(),
        scheduler=DDIMScheduler(**_DDIM),
        text_encoder=_clip(),
        tokenizer=_clip_tokenizer(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def make_motion_adapter(folder: Path) -> Path:
    """The `MotionAdapter` that fits `make_stable_diffusion`."""
    from diffusers import MotionAdapter

    _seed()
    MotionAdapter(
        block_out_channels=(8, 16), motion_layers_per_block=1, motion_norm_num_groups=2, motion_num_attention_heads=4
    ).save_pretrained(folder)
    return folder


def make_animatediff(folder: Path) -> Path:
    """`AnimateDiffPipeline` in one folder, as diffusers saves it."""
    import tempfile

    from diffusers import AnimateDiffPipeline, DDIMScheduler, MotionAdapter, StableDiffusionPipeline

    with tempfile.TemporaryDirectory() as parts:
        base = StableDiffusionPipeline.from_pretrained(make_stable_diffusion(Path(parts, "base")))
        adapter = MotionAdapter.from_pretrained(make_motion_adapter(Path(parts, "adapter")))
        return _save(
            AnimateDiffPipeline,
            folder,
            vae=base.vae,
            text_encoder=base.text_encoder,
            tokenizer=base.tokenizer,
            unet=base.unet,
            motion_adapter=adapter,
            scheduler=DDIMScheduler(**_DDIM),
        )


def make_cogvideox(folder: Path, *, image_to_video: bool = False) -> Path:
    """`CogVideoXPipeline`, or `CogVideoXImageToVideoPipeline`."""
    from diffusers import (
        AutoencoderKLCogVideoX,
        CogVideoXDDIMScheduler,
        CogVideoXImageToVideoPipeline,
        CogVideoXPipeline,
        CogVideoXTransformer3DModel,
    )

    _seed()
    transformer = CogVideoXTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=2 * _LATENTS if image_to_video else _LATENTS,
        out_channels=_LATENTS,
        time_embed_dim=2,
        text_embed_dim=_TEXT_WIDTH,
        num_layers=2,
        sample_width=8,
        sample_height=6,
        sample_frames=9,
        max_text_seq_length=16,
        use_rotary_positional_embeddings=True,
    )
    vae = AutoencoderKLCogVideoX(
        down_block_types=("CogVideoXDownBlock3D",) * 4,
        up_block_types=("CogVideoXUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        latent_channels=_LATENTS,
        layers_per_block=1,
        norm_num_groups=2,
        sample_height=48,
        sample_width=64,
    )
    return _save(
        CogVideoXImageToVideoPipeline if image_to_video else CogVideoXPipeline,
        folder,
        tokenizer=_t5_tokenizer(length=16),
        text_encoder=_t5(),
        vae=vae,
        transformer=transformer,
        scheduler=CogVideoXDDIMScheduler(),
    )


def make_ltx(folder: Path, *, conditions: bool = False) -> Path:
    """`LTXPipeline` (0.9), or `LTXConditionPipeline` (0.9.5 and later)."""
    from diffusers import (
        AutoencoderKLLTXVideo,
        FlowMatchEulerDiscreteScheduler,
        LTXConditionPipeline,
        LTXPipeline,
        LTXVideoTransformer3DModel,
    )

    _seed()
    transformer = LTXVideoTransformer3DModel(
        in_channels=8,
        out_channels=8,
        num_attention_heads=2,
        attention_head_dim=8,
        cross_attention_dim=16,
        num_layers=2,
        caption_channels=_TEXT_WIDTH,
    )
    vae = AutoencoderKLLTXVideo(
        latent_channels=8,
        block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1, 1),
        timestep_conditioning=conditions,
        decoder_causal=False,
    )
    return _save(
        LTXConditionPipeline if conditions else LTXPipeline,
        folder,
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        text_encoder=_t5(),
        tokenizer=_t5_tokenizer(length=64),
        transformer=transformer,
    )


def make_wan(folder: Path, **facts: Any) -> Path:
    """`WanPipeline` as in Wan 2.1: one expert. `facts` are further arguments of the pipeline."""
    from diffusers import FlowMatchEulerDiscreteScheduler, WanPipeline

    _seed()
    return _save(
        WanPipeline,
        folder,
        **{
            "tokenizer": _t5_tokenizer(length=64),
            "text_encoder": _umt5(),
            "vae": _wan_vae(),
            "scheduler": FlowMatchEulerDiscreteScheduler(shift=3.0),
            "transformer": _wan_transformer(),
            "transformer_2": None,
            **facts,
        },
    )


def make_wan_two_experts(folder: Path) -> Path:
    """`WanPipeline` as in Wan 2.2 A14B: one expert for the noisy steps, one for the others."""
    _seed(1)
    second = _wan_transformer()
    return make_wan(folder, transformer_2=second, boundary_ratio=0.875)


def make_wan_animates(folder: Path) -> Path:
    """`WanPipeline` as in Wan 2.2 TI2V-5B: one checkpoint that takes a picture, too."""
    return make_wan(folder, expand_timesteps=True)


def make_wan_image_to_video(folder: Path) -> Path:
    """`WanImageToVideoPipeline` as in Wan 2.1 I2V: it sees the picture through CLIP as well."""
    from diffusers import FlowMatchEulerDiscreteScheduler, WanImageToVideoPipeline
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

    _seed()
    eyes = CLIPVisionConfig(
        hidden_size=4, projection_dim=4, num_hidden_layers=2, num_attention_heads=2, image_size=32,
        intermediate_size=16, patch_size=8,
    )  # fmt: skip
    return _save(
        WanImageToVideoPipeline,
        folder,
        tokenizer=_t5_tokenizer(length=64),
        text_encoder=_umt5(),
        vae=_wan_vae(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        transformer=_wan_transformer(in_channels=2 * 16 + 4, image_dim=4, added_kv_proj_dim=24),
        transformer_2=None,
        image_encoder=CLIPVisionModelWithProjection(eyes),
        image_processor=CLIPImageProcessor(size=32, crop_size=32),
    )


def make_hunyuan(folder: Path) -> Path:
    """`HunyuanVideoPipeline`."""
    from diffusers import (
        AutoencoderKLHunyuanVideo,
        FlowMatchEulerDiscreteScheduler,
        HunyuanVideoPipeline,
        HunyuanVideoTransformer3DModel,
    )
    from diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video import DEFAULT_PROMPT_TEMPLATE
    from transformers import LlamaConfig, LlamaModel

    _seed()
    # The prompt begins where the pipeline looks for it only when the words before it are tokens, not letters.
    frame = DEFAULT_PROMPT_TEMPLATE["template"].format("")
    tokenizer = fast_tokenizer(("<s>", "</s>", *frame.split(" ")), eos="</s>", model_max_length=512)
    transformer = HunyuanVideoTransformer3DModel(
        in_channels=_LATENTS,
        out_channels=_LATENTS,
        num_attention_heads=2,
        attention_head_dim=10,
        num_layers=1,
        num_single_layers=1,
        num_refiner_layers=1,
        patch_size=2,
        text_embed_dim=_TEXT_WIDTH,
        pooled_projection_dim=_TEXT_WIDTH,
        rope_axes_dim=(2, 4, 4),
    )
    vae = AutoencoderKLHunyuanVideo(
        latent_channels=_LATENTS,
        block_out_channels=(8, 8, 8, 8),
        layers_per_block=1,
        norm_num_groups=4,
        mid_block_add_attention=True,
    )
    llama = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=_TEXT_WIDTH, intermediate_size=37, num_hidden_layers=3,
        num_attention_heads=4, num_key_value_heads=4, pad_token_id=1, bos_token_id=0, eos_token_id=1,
    )  # fmt: skip
    return _save(
        HunyuanVideoPipeline,
        folder,
        text_encoder=LlamaModel(llama),
        tokenizer=tokenizer,
        transformer=transformer,
        vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder_2=_clip(),
        tokenizer_2=_clip_tokenizer(),
    )


def make_hunyuan15(folder: Path) -> Path:
    """`HunyuanVideo15Pipeline`: it has no callback, and its guidance is a component."""
    from diffusers import (
        AutoencoderKLHunyuanVideo15,
        ClassifierFreeGuidance,
        FlowMatchEulerDiscreteScheduler,
        HunyuanVideo15Pipeline,
        HunyuanVideo15Transformer3DModel,
    )
    from transformers import ByT5Tokenizer, Qwen2_5_VLTextConfig, Qwen2_5_VLTextModel

    _seed()
    tokenizer = fast_tokenizer(
        ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
        eos="<|im_end|>",
        pad_token="<|endoftext|>",
        model_max_length=2048,
        # The pipeline looks for the prompt behind as many tokens as its own system prompt has in the real vocabulary.
        chat_template="{{ '<|im_start|>' * 108 }}{{ messages[-1]['content'] }}<|im_end|>",
    )
    qwen = Qwen2_5_VLTextConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=3, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=2048,
        rope_parameters={"type": "default", "rope_type": "default", "rope_theta": 1e6, "mrope_section": [1, 1, 2]},
    )  # fmt: skip
    transformer = HunyuanVideo15Transformer3DModel(
        in_channels=9,
        out_channels=_LATENTS,
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=1,
        num_refiner_layers=1,
        text_embed_dim=16,
        text_embed_2_dim=_TEXT_WIDTH,
        image_embed_dim=12,
        rope_axes_dim=(2, 2, 4),
        target_size=64,
        task_type="t2v",
    )
    vae = AutoencoderKLHunyuanVideo15(latent_channels=_LATENTS, block_out_channels=(8, 8, 8, 8, 8), layers_per_block=1)
    return _save(
        HunyuanVideo15Pipeline,
        folder,
        text_encoder=Qwen2_5_VLTextModel(qwen),
        tokenizer=tokenizer,
        transformer=transformer,
        vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=5.0),
        text_encoder_2=_t5(),
        tokenizer_2=ByT5Tokenizer(),
        guider=ClassifierFreeGuidance(guidance_scale=6.0),
    )


def make_lora(folder: Path, checkpoint: Path, *, strength: float = 1.0) -> Path:
    """An adapter for the attention of a checkpoint's transformer, in the layout that `load_lora_weights` reads."""
    import torch
    from diffusers import DiffusionPipeline
    from safetensors.torch import save_file

    pipe = DiffusionPipeline.from_pretrained(checkpoint)
    weights = {}
    torch.manual_seed(3)
    for name, module in pipe.transformer.named_modules():
        if name.endswith(("to_q", "to_v")):
            weights[f"transformer.{name}.lora_A.weight"] = torch.randn(4, module.in_features) * strength
            weights[f"transformer.{name}.lora_B.weight"] = torch.randn(module.out_features, 4) * strength
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "pytorch_lora_weights.safetensors")
    return folder


# Six architectures of text-to-video, and what else a checkpoint can be.
TEXT_TO_VIDEO: dict[str, Callable[[Path], Path]] = {
    "zeroscope": make_zeroscope,
    "animatediff": make_animatediff,
    "cogvideox": make_cogvideox,
    "ltx": make_ltx,
    "wan": make_wan,
    "wan-two-experts": make_wan_two_experts,
    "hunyuan": make_hunyuan,
    "hunyuan15": make_hunyuan15,
}
IMAGE_TO_VIDEO: dict[str, Callable[[Path], Path]] = {
    "ltx": make_ltx,
    "ltx-condition": lambda folder: make_ltx(folder, conditions=True),
    "wan-ti2v": make_wan_animates,
    "wan-i2v": make_wan_image_to_video,
    "cogvideox-i2v": lambda folder: make_cogvideox(folder, image_to_video=True),
}
PARTS: dict[str, Callable[[Path], Path]] = {
    "stable-diffusion": make_stable_diffusion,
    "motion-adapter": make_motion_adapter,
}

_DDIM: dict[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "linear",
    "clip_sample": False,
    "steps_offset": 1,
}


def _seed(value: int = 0) -> None:
    import torch

    torch.manual_seed(value)


def _save(pipeline: Any, folder: Path, **components: Any) -> Path:
    pipeline(**components).save_pretrained(folder, safe_serialization=True)
    return folder


def _clip_tokenizer() -> Any:
    return fast_tokenizer(("<|startoftext|>", "<|endoftext|>"), eos="<|endoftext|>", model_max_length=77)


def _t5_tokenizer(*, length: int) -> Any:
    return fast_tokenizer(("<pad>", "</s>"), eos="</s>", pad_token="<pad>", model_max_length=length)


def _clip() -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=384, hidden_size=_TEXT_WIDTH, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4,
            projection_dim=_TEXT_WIDTH, bos_token_id=0, eos_token_id=1, pad_token_id=1,
        )
    )  # fmt: skip


def _t5() -> Any:
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(
        T5Config(vocab_size=384, d_model=_TEXT_WIDTH, d_kv=8, d_ff=37, num_layers=2, num_heads=4, pad_token_id=0)
    )


def _umt5() -> Any:
    from transformers import UMT5Config, UMT5EncoderModel

    return UMT5EncoderModel(
        UMT5Config(vocab_size=384, d_model=_TEXT_WIDTH, d_kv=8, d_ff=37, num_layers=2, num_heads=4, pad_token_id=0)
    )


def _picture_vae() -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=_LATENTS,
        norm_num_groups=2,
        sample_size=32,
    )


def _wan_vae() -> Any:
    from diffusers import AutoencoderKLWan

    return AutoencoderKLWan(
        base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
    )


def _wan_transformer(**facts: Any) -> Any:
    from diffusers import WanTransformer3DModel

    return WanTransformer3DModel(
        **{
            "patch_size": (1, 2, 2),
            "num_attention_heads": 2,
            "attention_head_dim": 12,
            "in_channels": 16,
            "out_channels": 16,
            "text_dim": _TEXT_WIDTH,
            "freq_dim": 64,
            "ffn_dim": 32,
            "num_layers": 2,
            "cross_attn_norm": True,
            "qk_norm": "rms_norm_across_heads",
            "rope_max_seq_len": 32,
            **facts,
        }
    )
