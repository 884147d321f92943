"""A guard without a model of its own: it asks the model for questions whether a frame shows a harm.

It knows no threshold, and of the model only that it can say how likely it would answer yes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from engine.backends import accelerator
from engine.backends.guards.resident import finite
from engine.errors import BadRequest, GuardUnavailable
from engine.types import Category, ModelCard, ModelChoice, Role, RuntimeConfig

if TYPE_CHECKING:
    from engine.backends.base import Image

QUESTIONS: Mapping[Category, str] = MappingProxyType(
    {
        Category.VIOLENCE: "Does this picture show violence: people or animals being attacked, hit, shot at or hurt?",
        Category.VIOLENCE_GRAPHIC: "Does this picture show gore: much blood, severe wounds, torn bodies or a corpse?",
        Category.SELF_HARM: "Does this picture show somebody harming themselves, or wounds that they gave themselves?",
        Category.HATE: "Does this picture show hate symbols, or demean people for origin, faith, sex or disability?",
        Category.HARASSMENT: "Does this picture mock, humiliate or threaten a person?",
        Category.ILLICIT: "Does this picture show how to make weapons, explosives or drugs, or how to commit a crime?",
        Category.SEXUAL: "Does this picture show sexual acts, or nudity that is meant to arouse?",
    }
)
_DEFAULT = (Category.VIOLENCE, Category.VIOLENCE_GRAPHIC, Category.SELF_HARM)

_SIDE = 448  # pixels of the empty picture
_GREY = 128
_EMPTY = 0.02  # what an empty picture may score
_EDGE = 1e-6  # how near to 0 and 1 a probability may come: beyond, its logit says nothing


class Judge:
    """Scores frames by the loaded understanding model; the option `categories` says what it is asked about
    ("violence, violence/graphic, self-harm" without it; sexual/minors cannot be asked for, as ages cannot be told).

    A score is the probability that the model begins its answer with "yes", as against "no". That is no frequency that
    anybody measured: nobody trained the model to judge. What can be taken out is its habit of saying yes: where it says
    yes to an empty grey picture with more than 2 %, that much is taken off all of its answers to this question (as
    log-odds), so that "nothing to see" always scores low. Its thresholds need a look at the audit.
    """

    at_once = 8

    def __init__(self, choice: ModelChoice, config: RuntimeConfig) -> None:
        self._choice = choice
        self._device = config.device
        self._categories = _asked(choice)
        self._find: Callable[[Role], Any | None] = lambda role: None
        self._judging = "the model for questions"
        self._habits: dict[Category, float] = {}  # how much, in log-odds, the model is too ready to say yes

    @classmethod
    def build(cls, choice: ModelChoice, config: RuntimeConfig) -> Self:
        """Raises `BadRequest` for an option that means nothing here."""
        return cls(choice, config)

    def attach(self, find: Callable[[Role], Any | None]) -> None:
        """Say how the model for questions is found."""
        self._find = find

    def card(self) -> ModelCard:
        return ModelCard(
            role=Role.FRAME_GUARD,
            backend=self._choice.key,
            name=f"{self._judging} as judge",
            categories=self._categories,
        )

    def load(self) -> None:
        """Ask about an empty picture. Raises `BadRequest` when there is no model for questions, or none that can judge;
        the model has to be loaded already."""
        import numpy as np

        model = self._find(Role.UNDERSTANDING)
        if model is None:
            raise BadRequest(
                "The judge asks the model for questions, and there is none. Set one up, or take the judge out."
            )
        if not hasattr(model, "yes_probability"):
            raise BadRequest(
                f"The judge asks the model for questions, and “{model.card().name}” cannot say how sure it is. Use one "
                "with the backend transformers, or take the judge out."
            )
        self._judging = model.card().name
        if "torch" not in sys.modules or accelerator.device(self._device).type == "cpu":
            self.at_once = 1  # batches save nothing there, and nothing can be heard or cancelled before one is done
        grey = np.full((_SIDE, _SIDE, 3), _GREY, dtype=np.uint8)
        for category in self._categories:
            (yes,) = _answers(model, [grey], category)
            self._habits[category] = max(0.0, _logit(yes) - _logit(_EMPTY))

    def score(self, frames: Sequence[Image]) -> list[Mapping[Category, float]]:
        """One mapping a frame. Raises `GuardUnavailable` without a model, and for answers that are no probabilities."""
        model = self._find(Role.UNDERSTANDING)
        if model is None:
            raise GuardUnavailable("The model that checks pictures is not loaded. Please try again.")
        found: list[dict[Category, float]] = [{} for _ in frames]
        for category in self._categories:
            for scores, yes in zip(found, _answers(model, frames, category), strict=True):
                scores[category] = _without(self._habits[category], yes)
        return list(found)


def _asked(choice: ModelChoice) -> tuple[Category, ...]:
    for name in choice.options:
        if name != "categories":
            raise BadRequest(f"There is no option “{name}” for {choice.backend}. There is: categories.", option=name)
    given = str(choice.options.get("categories", "")).split(",")
    names = [name.strip() for name in given if name.strip()]
    for name in names:
        if name not in QUESTIONS:
            raise BadRequest(
                f"The judge has no question for “{name}”. It has some for: {', '.join(QUESTIONS)}.", option="categories"
            )
    return tuple(category for category in QUESTIONS if category in names) or _DEFAULT


def _answers(model: Any, frames: Sequence[Image], category: Category) -> list[float]:
    answers = finite(model.yes_probability(list(frames), QUESTIONS[category]), "judge")
    if len(answers) != len(frames) or not all(0 <= answer <= 1 for answer in answers):
        raise GuardUnavailable("The model that checks pictures gave no usable answer. Please try again.")
    return answers


def _without(habit: float, yes: float) -> float:
    return 1 / (1 + math.exp(habit - _logit(yes))) if habit else yes


def _logit(probability: float) -> float:
    inside = min(1 - _EDGE, max(_EDGE, probability))
    return math.log(inside / (1 - inside))
