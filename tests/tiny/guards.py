"""Tiny guards: the real architectures and tokenizers, trained for a second or two so that their scores mean something.

The texts know a few marker words, the pictures know red from other colours; everything else is harmless to them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.backends import accelerator
from tests.tiny.tokenizers import byte_level_bpe, fast_tokenizer

FILLERS = ("the", "cat", "sat", "on", "warm", "mat", "and", "saw", "red", "house", "by", "some", "old", "town")
# Marker word → what the guard answers to a text with it.
ANSWERS: Mapping[str, tuple[str, str]] = {
    "": ("Safe", "None"),
    "stab": ("Unsafe", "Violent"),
    "naked": ("Unsafe", "Sexual Content or Sexual Acts"),
    "insult": ("Unsafe", "Unethical Acts"),
    "passport": ("Unsafe", "PII"),
    "rumour": ("Controversial", "Unethical Acts"),
}
_LABELS = (
    "Violent, Non-violent Illegal Acts, Sexual Content or Sexual Acts, PII, Suicide & Self-Harm, Unethical Acts, "
    "Politically Sensitive Topics, Copyright Violation, Jailbreak, None"
)
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>user\n<BEGIN TEXT> {{ message.content }} <END TEXT><|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_SPREAD = 0.1  # of the first weights: so small a model learns sooner from larger ones than the libraries begin with
POLICIES = ("dangerous", "sexual", "violence")
_CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def sentences(marker: str, count: int, seed: int = 0, least: int = 3, most: int = 12) -> list[str]:
    """Random harmless words, with the marker word somewhere among them."""
    chance = random.Random(f"{marker}{seed}")
    found = []
    for _ in range(count):
        words = chance.choices(FILLERS, k=chance.randint(least, most))
        words.insert(chance.randrange(len(words) + 1), marker) if marker else None
        found.append(" ".join(words))
    return found


def make_qwen3guard(folder: Path, *, steps: int = 0, merges: bool = True, template: str = _TEMPLATE) -> Path:
    """A Qwen3 that answers like Qwen3Guard-Gen: after about 90 steps by the markers, after none at random.

    Without `merges` its tokenizer spells everything in bytes, so that many labels begin with the same token.
    """
    accelerator.prepare()
    import torch
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(7)
    lines = [
        " ".join((*FILLERS, *ANSWERS)),
        "Safety: Safe\nSafety: Unsafe\nSafety: Controversial\nCategories: " + _LABELS,
    ]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=byte_level_bpe(_CHATML, lines=lines * 4, size=700 if merges else 0),
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=template,
        clean_up_tokenization_spaces=False,
    )
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=8192,
        initializer_range=_SPREAD,
        tie_word_embeddings=True,
        pad_token_id=0,
        eos_token_id=2,
    )
    model = Qwen3ForCausalLM(config)
    if steps:
        _teach_answers(model, tokenizer, steps)
    else:  # far from even, so that a wrong position or mask shows
        torch.nn.init.normal_(model.get_input_embeddings().weight, std=0.3)
    model.eval().save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return folder


def make_text_classifier(
    folder: Path, labels: Sequence[str], *, markers: Sequence[str] = (), multi_label: bool = False, positions: int = 64
) -> Path:
    """A BERT with these labels. With `markers` (one a label, "" for none) it is trained to see them."""
    accelerator.prepare()
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    torch.manual_seed(7)
    words = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *FILLERS, *(marker for marker in markers if marker))
    raw = Tokenizer(models.WordLevel({word: at for at, word in enumerate(dict.fromkeys(words))}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=positions,
    )
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=positions,
        initializer_range=_SPREAD,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        problem_type="multi_label_classification" if multi_label else "single_label_classification",
        **_named(labels),
    )
    model = BertForSequenceClassification(config)
    if markers:
        texts = [(text, at) for at, marker in enumerate(markers) for text in sentences(marker, 32)]
        inputs = tokenizer([text for text, _ in texts], padding=True, return_tensors="pt")
        _teach_labels(model, inputs, [at for _, at in texts], steps=60, multi_label=multi_label)
    model.eval().save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return folder


def make_image_classifier(folder: Path, labels: Sequence[str] = ("normal", "nsfw"), *, taught: bool = True) -> Path:
    """A ViT that gives red pictures its last label, and others its first."""
    accelerator.prepare()
    import torch
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    torch.manual_seed(7)
    config = ViTConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=32,
        patch_size=16,
        initializer_range=_SPREAD,
        **_named(labels),
    )
    model = ViTForImageClassification(config)
    processor = ViTImageProcessor(size={"height": 32, "width": 32})
    if taught:
        chance = random.Random(7)
        pictures = [colour_picture(red, chance.randrange(256)) for red in (True, False) for _ in range(16)]
        inputs = processor(pictures, return_tensors="pt")
        _teach_labels(model, inputs, [len(labels) - 1] * 16 + [0] * 16, steps=40)
    model.eval().save_pretrained(folder, safe_serialization=True)
    processor.save_pretrained(folder)
    return folder


def make_shieldgemma(folder: Path, *, taught: bool = True, policies: Sequence[str] = POLICIES) -> Path:
    """A ShieldGemma 2 that says Yes to red pictures when it is asked about violence, and else No."""
    accelerator.prepare()
    import torch
    from transformers import (
        Gemma3ImageProcessor,
        Gemma3TextConfig,
        ShieldGemma2Config,
        ShieldGemma2ForImageClassification,
        ShieldGemma2Processor,
        SiglipVisionConfig,
    )

    torch.manual_seed(7)
    special = (
        "<pad>",
        "<eos>",
        "<bos>",
        "<unk>",
        "<start_of_image>",
        "<end_of_image>",
        "<image_soft_token>",
        "Yes",
        "No",
    )
    tokenizer = fast_tokenizer(
        special,
        eos="<eos>",
        pad_token="<pad>",
        extra_special_tokens={
            "boi_token": "<start_of_image>",
            "eoi_token": "<end_of_image>",
            "image_token": "<image_soft_token>",
        },
    )
    ids = tokenizer.convert_tokens_to_ids
    config = ShieldGemma2Config(
        text_config=Gemma3TextConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=16,
            sliding_window=1024,
            initializer_range=_SPREAD,
            pad_token_id=0,
            eos_token_id=1,
            bos_token_id=2,
        ).to_dict(),
        vision_config=SiglipVisionConfig(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=2,
            image_size=32,
            patch_size=8,
            initializer_range=_SPREAD,
        ).to_dict(),
        mm_tokens_per_image=4,
        boi_token_index=ids("<start_of_image>"),
        eoi_token_index=ids("<end_of_image>"),
        image_token_index=ids("<image_soft_token>"),
        yes_token_index=ids("Yes"),
        no_token_index=ids("No"),
    )
    model = ShieldGemma2ForImageClassification(config)
    processor = ShieldGemma2Processor(
        Gemma3ImageProcessor(size={"height": 32, "width": 32}),
        tokenizer,
        chat_template="{% for message in messages %}{% for part in message.content %}"
        "{% if part.type == 'image' %}<start_of_image>{% else %}{{ part.text }}{% endif %}{% endfor %}{% endfor %}",
        image_seq_length=4,
        policy_definitions={name: f"No {name}." for name in policies},
    )
    if taught:
        _teach_policies(model, processor)
    model.eval().save_pretrained(folder, safe_serialization=True)
    processor.save_pretrained(folder)
    return folder


def colour_picture(red: bool, shade: int = 128, height: int = 72, width: int = 128) -> Any:
    """(height, width, 3) uint8 RGB in one colour: red, or anything between green and blue."""
    import numpy as np

    colour = (200 + shade // 5, shade // 5, shade // 6) if red else (shade // 4, shade, 255 - shade)
    return np.full((height, width, 3), colour, dtype=np.uint8)


def _named(labels: Sequence[str]) -> dict[str, Any]:
    return {"id2label": dict(enumerate(labels)), "label2id": {label: at for at, label in enumerate(labels)}}


def _teach_answers(model: Any, tokenizer: Any, steps: int) -> None:
    import torch

    rows = []
    for marker, (safety, category) in ANSWERS.items():
        for text in sentences(marker, 40):
            prompt = tokenizer.apply_chat_template(
                [{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True
            )
            asked = tokenizer(prompt, add_special_tokens=False).input_ids
            answer = tokenizer(f"Safety: {safety}\nCategories: {category}", add_special_tokens=False).input_ids
            rows.append((asked, [*answer, tokenizer.eos_token_id]))
    telling = (2, 6)  # in "Safety|:| Unsafe|\\n|Categories|:| Violent": all else is the same in every answer
    chance = random.Random(7)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    model.train()
    for _ in range(steps):
        batch = chance.sample(rows, 12)
        longest = max(len(asked) + len(answer) for asked, answer in batch)
        ids = torch.zeros(len(batch), longest, dtype=torch.long)
        labels = torch.full_like(ids, -100)
        for row, (asked, answer) in enumerate(batch):
            ids[row, : len(asked) + len(answer)] = torch.tensor([*asked, *answer])
            for place in telling:
                labels[row, len(asked) + place] = answer[place]
        optimizer.zero_grad()
        loss = model(input_ids=ids, attention_mask=(ids != 0).long(), labels=labels).loss
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2, f"the tiny guard has not learnt its answers: {loss.item():.2f}"


def _teach_labels(model: Any, inputs: Any, labels: Sequence[int], steps: int, multi_label: bool = False) -> None:
    import torch

    wanted = torch.tensor(labels)
    if multi_label:
        wanted = torch.nn.functional.one_hot(wanted, model.config.num_labels).float()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model(**inputs, labels=wanted).loss
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2, f"the tiny classifier has not learnt its labels: {loss.item():.2f}"


def _teach_policies(model: Any, processor: Any) -> None:
    import torch

    chance = random.Random(7)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    policies = list(processor.policy_definitions)
    reds = [True, False] * 3
    for _ in range(20):
        optimizer.zero_grad()
        total = 0.0
        for policy in policies:
            pictures = [colour_picture(red, chance.randrange(256)) for red in reds]
            inputs = processor(images=pictures, policies=[policy], return_tensors="pt")
            wanted = torch.tensor([0 if red and policy == "violence" else 1 for red in reds])
            loss = torch.nn.functional.cross_entropy(model(**inputs).logits, wanted)
            loss.backward()
            total += loss.item()
        optimizer.step()
    assert total / len(policies) < 0.2, f"the tiny ShieldGemma has not learnt its policies: {total / len(policies):.2f}"
