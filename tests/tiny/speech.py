"""A Whisper so small that it is trained on the spot: real classes and special tokens, two words that it knows by sound.

It says " hello there." to a low tone, " good bye." to a high one, each in a language of its own, and knows that nobody
speaks in noise. It was not asked to learn when: it always says 1.0 to 2.5 s.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backends import accelerator
from tests.tiny.tokenizers import byte_level_bpe

RATE = 16_000
LOW_HZ, HIGH_HZ = 300.0, 2000.0
LOW_SAYS, HIGH_SAYS = " hello there.", " good bye."
STARTS_S, ENDS_S = 1.0, 2.5
WINDOW_S = 6
_LANGUAGES = ("en", "de")
_NOISES = (0.005, 0.05)  # standard deviations
_STEPS = 60
_SPECIAL = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{language}|>" for language in _LANGUAGES),
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)
_STEP_S = 0.02  # of the time stamps


def make_whisper(folder: Path, *, window_s: int = WINDOW_S) -> Path:
    """Build, train and save the checkpoint; its windows are shorter than the real ones' 30 s."""
    accelerator.prepare()
    import torch
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperProcessor

    tokenizer = _tokenizer(window_s)
    ids = tokenizer.convert_tokens_to_ids
    torch.manual_seed(7)
    config = WhisperConfig(
        vocab_size=len(tokenizer),
        num_mel_bins=16,
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_source_positions=window_s * 50,
        max_target_positions=64,
        decoder_start_token_id=ids("<|startoftranscript|>"),
        pad_token_id=ids("<|endoftext|>"),
        bos_token_id=ids("<|endoftext|>"),
        eos_token_id=ids("<|endoftext|>"),
    )
    model = WhisperForConditionalGeneration(config)
    extractor = WhisperFeatureExtractor(feature_size=16, chunk_length=window_s)
    _train(model, extractor, tokenizer, window_s)
    model.generation_config = _generation(ids)
    model.eval().save_pretrained(folder, safe_serialization=True)
    WhisperProcessor(extractor, tokenizer).save_pretrained(folder)
    return folder


def _tokenizer(window_s: int) -> Any:
    """Text first, then the special tokens, then the time stamps: the order that Whisper's ids have."""
    import json

    from tokenizers import AddedToken
    from transformers import WhisperTokenizer

    bpe = json.loads(byte_level_bpe((), lines=(LOW_SAYS, HIGH_SAYS) * 4, size=300).to_str())["model"]
    tokenizer = WhisperTokenizer(vocab=bpe["vocab"], merges=[tuple(pair) for pair in bpe["merges"]])
    tokenizer.add_tokens([AddedToken(token, special=True, normalized=False) for token in _SPECIAL])
    stamps = [f"<|{index * _STEP_S:.2f}|>" for index in range(window_s * 50 + 1)]
    tokenizer.add_tokens([AddedToken(stamp, special=False, normalized=False) for stamp in stamps])
    return tokenizer


def _generation(ids: Any) -> Any:
    """What `generate` wants to know about the tokens, as the published checkpoints' generation_config.json has it."""
    from transformers import GenerationConfig

    return GenerationConfig(
        decoder_start_token_id=ids("<|startoftranscript|>"),
        bos_token_id=ids("<|endoftext|>"),
        eos_token_id=ids("<|endoftext|>"),
        pad_token_id=ids("<|endoftext|>"),
        no_timestamps_token_id=ids("<|notimestamps|>"),
        prev_sot_token_id=ids("<|startofprev|>"),
        is_multilingual=True,
        lang_to_id={f"<|{language}|>": ids(f"<|{language}|>") for language in _LANGUAGES},
        task_to_id={"transcribe": ids("<|transcribe|>"), "translate": ids("<|translate|>")},
        suppress_tokens=[],
        begin_suppress_tokens=[],
        max_length=64,
        return_timestamps=False,
    )


def _train(model: Any, extractor: Any, tokenizer: Any, window_s: int) -> None:
    """A few steps over both tones and over noise too quiet to be speech: enough to know them by heart."""
    import torch

    ids = tokenizer.convert_tokens_to_ids
    begin, end = f"<|{STARTS_S:.2f}|>", f"<|{ENDS_S:.2f}|>"
    said = [
        [ids("<|en|>"), ids("<|transcribe|>"), ids(begin), *_words(tokenizer, LOW_SAYS), ids(end)],
        [ids("<|de|>"), ids("<|transcribe|>"), ids(begin), *_words(tokenizer, HIGH_SAYS), ids(end)],
        *([ids("<|nospeech|>")] for _ in _NOISES),
    ]
    sounds = [_wave(LOW_HZ, window_s), _wave(HIGH_HZ, window_s), *(_noise(level, window_s) for level in _NOISES)]
    features = extractor(sounds, sampling_rate=RATE, return_tensors="pt").input_features
    longest = max(map(len, said)) + 1
    labels = torch.full((len(said), longest), -100)
    for row, tokens in enumerate(said):
        labels[row, : len(tokens) + 1] = torch.tensor([*tokens, ids("<|endoftext|>")])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    model.train()
    for _ in range(_STEPS):
        optimizer.zero_grad()
        loss = model(input_features=features, labels=labels).loss
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1, f"the tiny Whisper has not learnt its words: {loss.item():.2f}"


def _words(tokenizer: Any, text: str) -> list[int]:
    found: list[int] = tokenizer(text, add_special_tokens=False).input_ids
    return found


def _wave(hz: float, seconds: float) -> NDArray[np.float32]:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def _noise(level: float, seconds: float) -> NDArray[np.float32]:
    return np.random.default_rng(5).normal(0, level, round(seconds * RATE)).astype(np.float32)
