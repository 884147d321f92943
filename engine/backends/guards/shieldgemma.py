"""ShieldGemma 2: a vision-language model that was trained to say whether a picture breaks a written policy.

Knows no threshold; the policies are the ones that it was trained on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from engine.backends import accelerator
from engine.backends.guards.resident import ResidentGuard, finite, sample_frames, weights_arguments
from engine.errors import BadRequest
from engine.types import Category, ModelChoice, Role, RuntimeConfig

if TYPE_CHECKING:
    import torch

    from engine.backends.base import Image

POLICIES: Mapping[str, tuple[Category, ...]] = MappingProxyType(
    {
        "sexual": (Category.SEXUAL,),
        # Weapons, explosives, terrorism, and instructions for suicide among them, which is too little to call self-harm
        # covered.
        "dangerous": (Category.ILLICIT,),
        # Shocking or gratuitous violence, and gore: both of ours.
        "violence": (Category.VIOLENCE, Category.VIOLENCE_GRAPHIC),
    }
)
_YES = 0  # the column of "Yes, it breaks the policy" in the model's output


class ShieldGemma(ResidentGuard):
    """Scores frames as sexual, illicit, violence and violence/graphic.

    A score is the probability of "Yes" as against "No" to the question whether the picture breaks the policy, which is
    what the model was trained on and how its authors evaluate it. Violence that shocks nobody, as in a boxing match,
    breaks no policy of its.
    """

    role = Role.FRAME_GUARD
    default_model = "google/shieldgemma-2-4b-it"
    at_once = 8
    at_once_on_cpu = 1

    def __init__(self, choice: ModelChoice, config: RuntimeConfig) -> None:
        super().__init__(choice, config)
        if choice.options:
            raise BadRequest(f"{choice.backend} has no options. Take out {', '.join(choice.options)}.")
        self._processor: Any = None

    @property
    def categories(self) -> tuple[Category, ...]:
        return tuple(category for category in Category if any(category in mapped for mapped in POLICIES.values()))

    def score(self, frames: Sequence[Image]) -> list[Mapping[Category, float]]:
        """One mapping a frame. Raises `GuardUnavailable` when not loaded, and for scores that are no numbers."""
        from PIL import Image as Pillow

        pictures = [Pillow.fromarray(frame) for frame in frames]
        found: list[dict[Category, float]] = [{} for _ in frames]
        with self._at_work() as model:
            for policy, categories in POLICIES.items():
                for at in range(0, len(pictures), self.at_once):
                    for row, score in enumerate(self._ask(model, pictures[at : at + self.at_once], policy), start=at):
                        found[row].update(dict.fromkeys(categories, score))
        return list(found)

    @property
    def _sample(self) -> Sequence[Image]:
        return sample_frames()

    def _ask(self, model: Any, pictures: Sequence[Any], policy: str) -> list[float]:
        # One policy at a time: then all prompts are of one length, and nothing is padded.
        inputs = self._processor(images=list(pictures), policies=[policy], return_tensors="pt")
        answer = model(**inputs.to(model.device, model.dtype), logits_to_keep=1)
        return finite(answer.probabilities[:, _YES].float().tolist(), self.name)

    def _load(self, folder: Path, on: torch.device) -> Any:
        import torch
        from transformers import AutoProcessor, ShieldGemma2ForImageClassification

        self._processor = AutoProcessor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        policies = getattr(self._processor, "policy_definitions", {})
        if set(policies) != set(POLICIES):
            raise BadRequest(
                f"{self._choice.model} knows the policies {', '.join(policies) or 'of no kind'}, and only for "
                f"{', '.join(POLICIES)} it is known what they mean. Choose another model.",
                model=self._choice.model,
            )
        dtype = accelerator.dtype(on)
        # Gemma's activations do not fit into float16, which ends in NaN.
        wide = torch.float32 if dtype == torch.float16 else dtype
        return ShieldGemma2ForImageClassification.from_pretrained(folder, **weights_arguments(on, wide))
