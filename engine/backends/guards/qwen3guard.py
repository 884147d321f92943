"""Qwen3Guard-Gen: a language model that was trained to write whether a text is safe and what harm it is.

It is not left to write: the probabilities of what it could write are the scores. Knows no threshold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from engine.backends.guards.classifiers import worst
from engine.backends.guards.forced import Forced, Tokens, distinct
from engine.backends.guards.resident import SAMPLE_TEXTS, ResidentGuard, finite, weights_arguments
from engine.backends.guards.windows import windows
from engine.errors import BadRequest
from engine.types import Category, ModelChoice, Role, RuntimeConfig

if TYPE_CHECKING:
    import torch

# What the model writes, as its card shows it (QwenLM/Qwen3Guard on GitHub); the prompt is the tokenizer's own template.
_SAFETY, _CATEGORIES = "Safety:", "\nCategories:"
_SAFE, _UNSAFE, _CONTROVERSIAL = "Safe", "Unsafe", "Controversial"
_NONE = "None"

LABELS: Mapping[str, tuple[Category, ...]] = MappingProxyType(
    {
        "Violent": (Category.VIOLENCE,),
        "Non-violent Illegal Acts": (Category.ILLICIT,),
        "Sexual Content or Sexual Acts": (Category.SEXUAL,),
        "Suicide & Self-Harm": (Category.SELF_HARM,),
        # Discrimination, hate speech, insults and threats in one: it cannot be told which, so it counts as both.
        "Unethical Acts": (Category.HARASSMENT, Category.HATE),
        # Somebody's personal data is none of our categories, and neither are politics and copyright.
        "PII": (),
        "Politically Sensitive Topics": (),
        "Copyright Violation": (),
        # An attempt to talk a model out of its rules harms nobody; what comes of it is checked itself.
        "Jailbreak": (),
        _NONE: (),
    }
)

_WINDOW = 1024  # tokens; the model reads more, but a sentence in a long text weighs less
_DOUBT = 0.5  # what "Controversial" counts for, against "Unsafe"
# The template marks the end of the text by words. A text that holds them itself could end the check early.
_MARKS = ("<BEGIN ", "<END ")


class Qwen3Guard(ResidentGuard):
    """Scores a text as violence, illicit, sexual, self-harm, harassment and hate, in 119 languages.

    Not covered: sexual/minors and violence/graphic, which the model does not tell from sexual and violence.

    A score is the probability that the model calls the text unsafe, plus half of that for "controversial" (the option
    `controversial` sets another weight, 0 to 1), times how likely it would name this category as against the category
    that it would most likely name. It is trained to name one category only, so two harms in a text compete: measured
    against the strongest, both count. A text is read in windows of 1,024 tokens, and its worst window counts.
    """

    role = Role.TEXT_GUARD
    default_model = "Qwen/Qwen3Guard-Gen-0.6B"
    at_once = 8
    at_once_on_cpu = 1

    def __init__(self, choice: ModelChoice, config: RuntimeConfig) -> None:
        super().__init__(choice, config)
        self._doubt = _weight(choice)
        self._tokenizer: Any = None
        self._safety: Mapping[str, Tokens] = {}
        self._kinds: Mapping[str, Tokens] = {}
        self._to_kinds: Tokens = ()

    @property
    def categories(self) -> tuple[Category, ...]:
        return tuple(category for category in Category if any(category in mapped for mapped in LABELS.values()))

    def score(self, texts: Sequence[str]) -> list[Mapping[Category, float]]:
        """One mapping a text. Raises `GuardUnavailable` when not loaded, and for scores that are no numbers."""
        with self._at_work() as model:
            pieces = [windows(self._harmless(text), self._tokenizer, _WINDOW) for text in texts]
            flat = [piece for group in pieces for piece in group]
            scored: list[Mapping[Category, float]] = []
            for at in range(0, len(flat), self.at_once):
                scored += self._batch(model, flat[at : at + self.at_once])
        answers = iter(scored)
        return [worst([next(answers) for _ in group]) for group in pieces]

    @property
    def _sample(self) -> Sequence[str]:
        return SAMPLE_TEXTS

    def _batch(self, model: Any, texts: Sequence[str]) -> list[Mapping[Category, float]]:
        prompts = [self._prompt(text) + _SAFETY for text in texts]
        inputs = self._tokenizer(prompts, padding=True, add_special_tokens=False, return_tensors="pt").to(model.device)
        forced = Forced(model, inputs["input_ids"], inputs["attention_mask"])
        safety = forced.shares(forced.start, self._safety)
        kinds = forced.shares(forced.after(forced.start, self._to_kinds), self._kinds)
        harm = finite((safety[_UNSAFE] + self._doubt * safety[_CONTROVERSIAL]).tolist(), self.name)
        shares = {label: finite(share.tolist(), self.name) for label, share in kinds.items() if label != _NONE}
        return [
            _weighted(harm[row], {label: share[row] for label, share in shares.items()}) for row in range(len(texts))
        ]

    def _prompt(self, text: str) -> str:
        conversation = [{"role": "user", "content": text}]
        return str(self._tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True))

    def _harmless(self, text: str) -> str:
        """The text without what would be read as part of the prompt around it."""
        for mark in (*_MARKS, *self._tokenizer.get_added_vocab()):
            if len(mark) > 1:
                text = text.replace(mark, f"{mark[0]} {mark[1:]}")
        return text

    def _load(self, folder: Path, on: torch.device) -> Any:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, padding_side="left"
        )
        if not self._tokenizer.chat_template or not self._tokenizer.is_fast:
            raise BadRequest(
                f"{self._choice.model} has no chat template or no tokenizer.json: it is no Qwen3Guard-Gen."
            )
        self._safety = self._ways(_SAFETY, (_SAFE, _UNSAFE, _CONTROVERSIAL))
        self._to_kinds = self._tokens(_SAFETY, f" {_UNSAFE}{_CATEGORIES}")
        self._kinds = self._ways(f"{_SAFETY} {_UNSAFE}{_CATEGORIES}", LABELS)
        return AutoModelForCausalLM.from_pretrained(folder, **weights_arguments(on))

    def _ways(self, lead: str, labels: Sequence[str] | Mapping[str, Any]) -> Mapping[str, Tokens]:
        ways = {label: self._tokens(lead, f" {label}") for label in labels}
        if not distinct(ways):
            raise BadRequest(
                f"The tokenizer of {self._choice.model} cannot tell its labels apart. Choose another model."
            )
        return ways

    def _tokens(self, lead: str, text: str) -> Tokens:
        """The tokens of `text` as they follow `lead`."""
        before = self._tokenizer(lead, add_special_tokens=False)["input_ids"]
        whole = self._tokenizer(lead + text, add_special_tokens=False)["input_ids"]
        if whole[: len(before)] != before:
            raise BadRequest(f"The tokenizer of {self._choice.model} joins what has to be apart. Choose another model.")
        return tuple(whole[len(before) :])


def _weighted(harm: float, shares: Mapping[str, float]) -> dict[Category, float]:
    """`harm` for the label with the largest share, and as much less for the others as theirs are smaller."""
    strongest = max(shares.values())
    found: dict[Category, float] = {}
    for label, categories in LABELS.items():
        for category in categories:
            score = harm * shares[label] / strongest if strongest > 0 else harm
            found[category] = max(found.get(category, 0.0), score)
    return found


def _weight(choice: ModelChoice) -> float:
    for name in choice.options:
        if name != "controversial":
            raise BadRequest(f"There is no option “{name}” for {choice.backend}. There is: controversial.", option=name)
    weight = choice.options.get("controversial", _DOUBT)
    if isinstance(weight, str) or not 0 <= weight <= 1:
        raise BadRequest(f"The option controversial is a number from 0 to 1, not {weight!r}.", option="controversial")
    return float(weight)
