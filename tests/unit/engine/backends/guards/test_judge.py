"""A judge that asks the model for questions: what it asks, how it takes out a habit of saying yes, when it can't."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from engine.backends.guards import Judge
from engine.backends.guards.judge import QUESTIONS
from engine.errors import BadRequest, GuardUnavailable
from engine.types import Category, ModelCard, ModelChoice, Role, RuntimeConfig

GREY = np.full((8, 8, 3), 128, np.uint8)
RED = np.full((8, 8, 3), (255, 0, 0), np.uint8)
VIOLENCE, GORE, SELF_HARM = Category.VIOLENCE, Category.VIOLENCE_GRAPHIC, Category.SELF_HARM


class Talker:
    """Answers with what `says` makes of a picture and a question."""

    def __init__(self, says: Callable[[Any, str], float]) -> None:
        self._says = says
        self.asked: list[tuple[int, str]] = []

    def card(self) -> ModelCard:
        return ModelCard(role=Role.UNDERSTANDING, backend="talker", name="Talker")

    def yes_probability(self, images: Sequence[Any], question: str) -> list[float]:
        self.asked.append((len(images), question))
        return [self._says(image, question) for image in images]


def is_red(image: Any) -> bool:
    return bool(image[0, 0, 0] > 200 > image[0, 0, 1] + 100)


def judge(model: Any, categories: str = "") -> Judge:
    options: dict[str, str | int | float | bool] = {"categories": categories} if categories else {}
    made = Judge.build(ModelChoice(backend="judge", options=options), RuntimeConfig(models={}))
    made.attach(lambda role: model if role is Role.UNDERSTANDING else None)
    made.load()
    return made


def test_every_frame_is_scored_in_every_category_that_is_asked_about() -> None:
    talker = Talker(lambda image, question: 0.9 if is_red(image) and question == QUESTIONS[GORE] else 0.01)
    first, second = judge(talker).score([GREY, RED])
    assert first == {VIOLENCE: 0.01, GORE: 0.01, SELF_HARM: 0.01}
    assert second == {VIOLENCE: 0.01, GORE: 0.9, SELF_HARM: 0.01}
    assert judge(talker).card().categories == tuple(first)


def test_only_what_the_option_names_is_asked() -> None:
    talker = Talker(lambda image, question: 0.0)
    made = judge(talker, "hate, violence")
    assert made.card().categories == (VIOLENCE, Category.HATE)
    made.score([RED])
    assert {question for _, question in talker.asked} == {QUESTIONS[VIOLENCE], QUESTIONS[Category.HATE]}


def test_a_habit_of_saying_yes_is_taken_out_and_asked_for_at_the_start() -> None:
    talker = Talker(lambda image, question: 0.95 if is_red(image) else 0.5)
    made = judge(talker, "violence")
    assert talker.asked == [(1, QUESTIONS[VIOLENCE])]
    scores = [each[VIOLENCE] for each in made.score([GREY, RED])]
    assert scores[0] == pytest.approx(0.02, abs=1e-6)
    assert math.log(scores[1] / (1 - scores[1])) == pytest.approx(math.log(19) + math.log(0.02 / 0.98), abs=1e-6)
    assert [count for count, _ in talker.asked] == [1, 2]


def test_a_model_that_says_no_to_an_empty_picture_is_believed_as_it_is() -> None:
    talker = Talker(lambda image, question: 0.97 if is_red(image) else 0.001)
    assert [each[VIOLENCE] for each in judge(talker, "violence").score([RED, GREY])] == [0.97, 0.001]


@pytest.mark.parametrize("answer", [math.nan, 1.5, -0.1])
def test_an_answer_that_is_no_probability_lets_nothing_through(answer: float) -> None:
    with pytest.raises(GuardUnavailable):
        judge(Talker(lambda image, question: answer if is_red(image) else 0.0)).score([RED])


def test_without_a_model_that_can_judge_it_does_not_start() -> None:
    class Mute:
        def card(self) -> ModelCard:
            return ModelCard(role=Role.UNDERSTANDING, backend="mute", name="Mute")

    with pytest.raises(BadRequest, match="“Mute” cannot say how sure it is"):
        judge(Mute())
    with pytest.raises(BadRequest, match="there is none"):
        judge(None)
