"""A byte-level BPE tokenizer for tiny checkpoints: trained on a few lines on the spot, and yet a real one.

It knows no model: whoever builds one names the special tokens and, for a scripted answer, the pieces of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

# Enough for a few merges: words of questions become tokens, anything else is spelled in bytes.
_LINES = (
    "What happens in this clip? What is in this video? Who is it, where and when? Please describe the picture.",
    "You are an assistant that watches videos and answers questions about them in plain words.",
    "user assistant system User: Assistant: System: yes no Yes No",
)
VOCABULARY = 384


def byte_level_bpe(
    special: Sequence[str], *, lines: Iterable[str] = _LINES, size: int = VOCABULARY, pieces: Sequence[str] = ()
) -> Tokenizer:
    """A tokenizer with the given special tokens first (their ids count from 0).

    `pieces` are texts that get a token each though no merge leads to them: a model can say them, no text contains them.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[AddedToken(token, special=True, normalized=False) for token in special],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    return _with_pieces(tokenizer, special, pieces) if pieces else tokenizer


def fast_tokenizer(special: Sequence[str], *, eos: str, pieces: Sequence[str] = (), **kwargs: Any) -> Any:
    """The same as a `PreTrainedTokenizerFast`. `kwargs` go to it: `pad_token`, `chat_template`, …"""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=byte_level_bpe(special, pieces=pieces),
        eos_token=eos,
        clean_up_tokenization_spaces=False,
        **{"pad_token": eos, **kwargs},
    )


def spelled(text: str) -> str:
    """A text as the vocabulary writes it: one printable character a byte."""
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return "".join(part for part, _ in byte_level.pre_tokenize_str(text))


def _with_pieces(tokenizer: Tokenizer, special: Sequence[str], pieces: Sequence[str]) -> Tokenizer:
    import json

    state = json.loads(tokenizer.to_str())
    vocabulary = state["model"]["vocab"]
    for piece in pieces:
        vocabulary.setdefault(spelled(piece), len(vocabulary))
    return Tokenizer.from_str(json.dumps(state))
