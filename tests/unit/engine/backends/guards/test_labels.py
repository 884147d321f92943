"""What labels mean: every one of a model is mapped on purpose, and a mistake is a sentence at the start."""

from __future__ import annotations

import pytest

from engine.backends.guards import labels
from engine.errors import BadRequest
from engine.types import Category, ModelChoice

HARASSMENT, HATE, SEXUAL = Category.HARASSMENT, Category.HATE, Category.SEXUAL


def choice(model: str = "org/model", **options: str) -> ModelChoice:
    return ModelChoice(
        backend="text-classifier", model=model, options={k.replace("__", "."): v for k, v in options.items()}
    )


def test_options_map_a_label_to_one_category_to_several_or_to_none() -> None:
    found = labels.labels_of(choice(label__rude="harassment", label__bad="hate, sexual/minors", label__ok=""))
    assert found == {"rude": (HARASSMENT,), "bad": (HATE, Category.SEXUAL_MINORS), "ok": ()}
    assert labels.categories_of(found) == (HARASSMENT, HATE, Category.SEXUAL_MINORS)


def test_options_change_what_is_known_of_a_model_label_by_label() -> None:
    found = labels.labels_of(choice("unitary/toxic-bert", label__obscene="sexual"))
    assert found["obscene"] == (SEXUAL,)
    assert found["identity_hate"] == (HATE,)


@pytest.mark.parametrize("model", labels.KNOWN)
def test_every_known_model_is_a_guard_and_has_a_label_for_no_harm_or_labels_that_go_together(model: str) -> None:
    known = labels.KNOWN[model]
    assert labels.categories_of(labels.labels_of(choice(model)))
    assert known.activation == "sigmoid" or () in known.labels.values()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "Nothing says what the labels of org/model mean"),
        ({"label__ok": ""}, "Nothing says what the labels of org/model mean"),
        ({"label__rude": "harrassment"}, "label.rude: there is no category “harrassment”. The nearest is “harassment”"),
        ({"label__rude": "hate", "lable__x": "hate"}, "there is no option “lable.x”"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(options: dict[str, str], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        labels.labels_of(choice(**options))


def test_a_label_that_nobody_mapped_is_named_and_how_to_map_it() -> None:
    with pytest.raises(BadRequest, match=r'label “scam”.*"label\.scam" = "hate".*"label\.scam" = ""') as caught:
        labels.check({"ok": (), "rude": (HARASSMENT,)}, ["ok", "rude", "scam"], choice())
    assert caught.value.details["label"] == "scam"


def test_a_mapping_of_a_label_that_the_model_lacks_is_named() -> None:
    with pytest.raises(BadRequest, match=r"no label “toxick”\. It has: “toxic”, “ok”"):
        labels.check({"toxick": (HARASSMENT,), "toxic": (HARASSMENT,), "ok": ()}, ["toxic", "ok"], choice())


@pytest.mark.parametrize(
    ("options", "problem_type", "count", "activation"),
    [
        ({}, "multi_label_classification", 6, "sigmoid"),
        ({}, "single_label_classification", 6, "softmax"),
        ({}, None, 2, "softmax"),
        ({}, None, 1, "sigmoid"),
        ({"activation": "sigmoid"}, "single_label_classification", 6, "sigmoid"),
    ],
)
def test_labels_that_exclude_each_other_are_told_from_others(
    options: dict[str, str], problem_type: str | None, count: int, activation: str
) -> None:
    assert labels.activation_of(choice(**options), problem_type, count) == activation


def test_a_known_model_needs_no_configuration_to_tell() -> None:
    assert labels.activation_of(choice("unitary/toxic-bert"), None, 6) == "sigmoid"


def test_what_is_no_classifier_or_no_activation_is_refused() -> None:
    with pytest.raises(BadRequest, match="no classifier"):
        labels.activation_of(choice(), "regression", 1)
    with pytest.raises(BadRequest, match="activation is one of"):
        labels.activation_of(choice(activation="relu"), None, 2)


def test_probabilities_of_labels_that_exclude_each_other_add_up_in_a_category() -> None:
    mapped = {"OK": (), "H": (HATE,), "H2": (HATE,), "S": (SEXUAL,)}
    probabilities = {"OK": 0.2, "H": 0.35, "H2": 0.35, "S": 0.1}
    assert labels.scores(probabilities, mapped, "softmax") == {HATE: pytest.approx(0.7), SEXUAL: 0.1}
    assert labels.scores(probabilities, mapped, "sigmoid") == {HATE: 0.35, SEXUAL: 0.1}
