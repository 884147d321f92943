"""Classifiers of texts and pictures with tiny BERTs and ViTs through the real pipelines."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import BadRequest, GuardUnavailable
from engine.types import Category, Role
from tests.tiny import guards

Load = Callable[..., Any]
HARASSMENT, HATE, SEXUAL = Category.HARASSMENT, Category.HATE, Category.SEXUAL
WORDS = {"label__ok": "", "label__rude": "harassment, hate", "label__lewd": "sexual"}
PICTURES = {"label__normal": "", "label__nsfw": "sexual"}
JIGSAW = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")


@pytest.fixture
def texts(load: Load, text_classifier: Path) -> Any:
    return load(Role.TEXT_GUARD, "text-classifier", text_classifier, **WORDS)


@pytest.fixture
def frames(load: Load, image_classifier: Path) -> Any:
    return load(Role.FRAME_GUARD, "image-classifier", image_classifier, **PICTURES)


def test_a_text_scores_high_in_the_categories_of_its_label_and_low_in_others(texts: Any) -> None:
    for scores in texts.score(guards.sentences("insult", 5, seed=99)):
        assert scores[HARASSMENT] == scores[HATE] > 0.8
        assert scores[SEXUAL] < 0.2
    for scores in texts.score(guards.sentences("", 5, seed=99)):
        assert max(scores.values()) < 0.2


def test_labels_that_exclude_each_other_share_one_probability(texts: Any) -> None:
    for scores in texts.score([*guards.sentences("naked", 3), *guards.sentences("", 3)]):
        assert 0 <= scores[HARASSMENT] + scores[SEXUAL] <= 1 + 1e-6


def test_labels_that_go_together_are_scored_each_by_itself(load: Load, checkpoints: Path) -> None:
    folder = guards.make_text_classifier(checkpoints / "jigsaw", JIGSAW, multi_label=True)
    options = {f"label__{label}": "harassment" for label in JIGSAW[1:]}
    guard = load(Role.TEXT_GUARD, "text-classifier", folder, label__toxic="hate", **options)
    (scores,) = guard.score(["the cat"])
    inputs = guard._pipeline.tokenizer("the cat", return_tensors="pt")
    raw = torch.sigmoid(guard._model(**inputs).logits[0]).tolist()
    assert scores == pytest.approx({HATE: raw[0], HARASSMENT: max(raw[1:])})


def test_a_batch_of_texts_scores_as_each_text_alone(load: Load, checkpoints: Path) -> None:
    folder = guards.make_text_classifier(checkpoints / "noise", ("ok", "rude", "lewd"))
    guard = load(Role.TEXT_GUARD, "text-classifier", folder, **WORDS)
    texts = ["red", *guards.sentences("", 5), *guards.sentences("", 2, least=20, most=40), ""]
    for together, text in zip(guard.score(texts), texts, strict=True):
        assert together == pytest.approx(guard.score([text])[0], abs=1e-5)


@pytest.mark.parametrize("place", [0, 60, 149, 300])
def test_a_harm_anywhere_in_a_text_longer_than_the_model_reads_is_found(texts: Any, place: int) -> None:
    words = guards.sentences("", 1, least=300, most=300)[0].split()
    words.insert(place, "insult")
    (scores,) = texts.score([" ".join(words)])
    assert scores[HARASSMENT] > 0.8


def test_a_picture_scores_by_what_it_shows_alone_and_in_a_batch(frames: Any) -> None:
    pictures = [guards.colour_picture(red, shade) for red in (True, False) for shade in (5, 90, 250)]
    together = frames.score(pictures)
    assert [scores[SEXUAL] > 0.9 for scores in together] == [True] * 3 + [False] * 3
    assert all(scores[SEXUAL] < 0.1 for scores in together[3:])
    assert together == [pytest.approx(frames.score([picture])[0], abs=1e-5) for picture in pictures]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({**PICTURES, "label__gore": "violence"}, "has no label “gore”. It has: “normal”, “nsfw”"),
        ({"label__nsfw": "sexual"}, "has the label “normal”, and nothing says what that means"),
        ({}, "Nothing says what the labels"),
    ],
)
def test_labels_and_mapping_must_be_the_same(
    load: Load, image_classifier: Path, options: dict[str, str], words: str
) -> None:
    with pytest.raises(BadRequest, match=words):
        load(Role.FRAME_GUARD, "image-classifier", image_classifier, **options)


def test_numbers_that_are_none_let_nothing_through(frames: Any, texts: Any) -> None:
    for guard, inputs in ((frames, [guards.colour_picture(True)]), (texts, ["the cat"])):
        with torch.no_grad():
            guard._model.classifier.bias[0] = math.nan
        with pytest.raises(GuardUnavailable, match="no usable score"):
            guard.score(inputs)


def test_they_come_and_go_and_say_what_they_take(frames: Any) -> None:
    picture = [guards.colour_picture(True)]
    before, weights = frames.score(picture), frames.footprint().weights
    frames.unload()
    with pytest.raises(GuardUnavailable, match="not ready"):
        frames.score(picture)
    frames.load()
    assert frames.score(picture) == before
    assert frames.footprint().weights == weights > 10_000


def test_a_model_of_another_kind_is_a_sentence_at_the_start(load: Load, text_classifier: Path) -> None:
    with pytest.raises(BadRequest, match="cannot be loaded as image-classifier"):
        load(
            Role.FRAME_GUARD,
            "image-classifier",
            text_classifier,
            label__ok="",
            label__rude="hate",
            label__lewd="sexual",
        )


def test_a_model_that_cannot_score_anything_is_a_sentence_at_the_start(load: Load, checkpoints: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = guards.make_image_classifier(checkpoints / "broken", taught=False)
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"][0] = math.nan
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BadRequest, match="was loaded, and cannot score anything"):
        load(Role.FRAME_GUARD, "image-classifier", folder, **PICTURES)
