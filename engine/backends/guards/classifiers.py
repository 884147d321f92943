"""Guards that are plain classifiers of texts or pictures, through the library's pipelines.

What their labels mean is in `labels`; anything with a classification head can be used when its labels are mapped.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.backends.guards import labels
from engine.backends.guards.resident import SAMPLE_TEXTS, ResidentGuard, finite, sample_frames, weights_arguments
from engine.backends.guards.windows import SLACK, windows
from engine.errors import BadRequest
from engine.types import Category, ModelChoice, Role, RuntimeConfig

if TYPE_CHECKING:
    import torch

    from engine.backends.base import Image

_MOST_TOKENS = 512  # what classifiers of this kind are trained on; longer texts are read in windows


class _Classifier(ResidentGuard):
    """Scores are the model's own probabilities: the sigmoid of each label where labels can go together, the softmax
    over all where they exclude each other. They are as well calibrated as the model is."""

    def __init__(self, choice: ModelChoice, config: RuntimeConfig) -> None:
        super().__init__(choice, config)
        self._labels = labels.labels_of(self._choice)
        self._activation: labels.Activation = "softmax"
        self._pipeline: Any = None

    @property
    def categories(self) -> tuple[Category, ...]:
        return labels.categories_of(self._labels)

    def unload(self) -> None:
        self._pipeline = None
        super().unload()

    def _missing(self) -> str:
        known = labels.KNOWN.get(self._choice.model)
        absent = [module for module in (known.needs if known else ()) if find_spec(module) is None]
        if absent:
            return f"{self._choice.model} needs the package {absent[0]}. Run: pip install {absent[0]}"
        return super()._missing()

    def _load(self, folder: Path, on: torch.device) -> Any:
        from transformers import AutoConfig

        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        labels.check(self._labels, config.id2label.values(), self._choice)
        self._activation = labels.activation_of(self._choice, config.problem_type, config.num_labels)
        self._pipeline = self._make_pipeline(folder, on)
        return self._pipeline.model

    @abstractmethod
    def _make_pipeline(self, folder: Path, on: torch.device) -> Any: ...

    def _classified(self, inputs: Sequence[Any], **options: Any) -> list[Mapping[Category, float]]:
        with self._at_work():
            raw = self._pipeline(
                list(inputs),
                top_k=len(self._labels),
                function_to_apply=self._activation,
                batch_size=min(self.at_once, len(inputs)),
                **options,
            )
        return [self._scored(answer) for answer in raw]

    def _scored(self, answer: Iterable[Mapping[str, Any]]) -> Mapping[Category, float]:
        found = {each["label"]: float(each["score"]) for each in answer}
        finite(found.values(), self.name)
        return labels.scores(found, self._labels, self._activation)


class TextClassifier(_Classifier):
    """Scores texts with any classifier of texts whose labels are mapped; a text by its worst window."""

    role = Role.TEXT_GUARD
    default_model = "unitary/toxic-bert"

    def score(self, texts: Sequence[str]) -> list[Mapping[Category, float]]:
        """One mapping a text. Raises `GuardUnavailable` when not loaded, and for scores that are no numbers."""
        if not texts:
            return []
        with self._at_work():
            tokenizer = self._pipeline.tokenizer
        size = max(1, self._room() - SLACK)
        pieces = [windows(text, tokenizer, size) for text in texts]
        flat = [piece for group in pieces for piece in group]
        # Truncation never cuts anything here but protects the device: a position too many is a lost context on a GPU.
        scored = iter(self._classified(flat, truncation=True, max_length=self._room(special=True), padding=True))
        return [worst([next(scored) for _ in group]) for group in pieces]

    @property
    def _sample(self) -> Sequence[str]:
        return SAMPLE_TEXTS

    def _room(self, special: bool = False) -> int:
        """Tokens of text that fit into the model, or all tokens, with its special ones."""
        tokenizer, config = self._pipeline.tokenizer, self._model.config
        # RoBERTa's positions begin after the padding's; a model without limit says 0 or -1.
        shift = config.pad_token_id + 1 if "roberta" in config.model_type else 0
        positions = getattr(config, "max_position_embeddings", 0) - shift
        whole = min(_MOST_TOKENS, tokenizer.model_max_length, positions if positions > 0 else _MOST_TOKENS)
        return int(whole if special else whole - tokenizer.num_special_tokens_to_add())

    def _make_pipeline(self, folder: Path, on: torch.device) -> Any:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        if not tokenizer.is_fast:
            raise BadRequest(f"{self._choice.model} has no tokenizer.json, which is needed. Choose another model.")
        model = AutoModelForSequenceClassification.from_pretrained(folder, **weights_arguments(on))
        return pipeline("text-classification", model=model, tokenizer=tokenizer)


class ImageClassifier(_Classifier):
    """Scores frames with any classifier of pictures whose labels are mapped."""

    role = Role.FRAME_GUARD
    default_model = "Falconsai/nsfw_image_detection"

    def score(self, frames: Sequence[Image]) -> list[Mapping[Category, float]]:
        """One mapping a frame. Raises `GuardUnavailable` when not loaded, and for scores that are no numbers."""
        if not len(frames):
            return []
        from PIL import Image as Pillow

        return self._classified([Pillow.fromarray(frame) for frame in frames])

    @property
    def _sample(self) -> Sequence[Image]:
        return sample_frames()

    def _make_pipeline(self, folder: Path, on: torch.device) -> Any:
        from transformers import AutoImageProcessor, AutoModelForImageClassification, pipeline

        processor = AutoImageProcessor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model = AutoModelForImageClassification.from_pretrained(folder, **weights_arguments(on))
        return pipeline("image-classification", model=model, image_processor=processor)


def worst(scored: Sequence[Mapping[Category, float]]) -> dict[Category, float]:
    """The highest score of each category."""
    return {category: max(scores[category] for scores in scored) for category in scored[0]}
