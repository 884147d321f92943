"""What the guards say about themselves before any file of theirs is here, and options that mean nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.backends.guards import classifiers
from engine.backends.guards.qwen3guard import LABELS
from engine.backends.guards.shieldgemma import POLICIES
from engine.errors import BadRequest, GuardUnavailable
from engine.registry import create_backend, describe, model_cards
from engine.types import Category, ModelCard, ModelChoice, Role, RuntimeConfig


def card(role: Role, backend: str, model: str = "", **options: str | float) -> ModelCard:
    choice = ModelChoice(backend=backend, model=model, options=options)
    return describe(create_backend(role, choice), choice)


def test_qwen3guard_knows_its_categories_without_its_files() -> None:
    found = card(Role.TEXT_GUARD, "qwen3guard")
    assert set(found.categories) == set(Category) - {Category.SEXUAL_MINORS, Category.VIOLENCE_GRAPHIC}
    assert (found.name, found.model, found.licence) == ("Qwen3Guard-Gen-0.6B", "Qwen/Qwen3Guard-Gen-0.6B", "Apache-2.0")
    assert found.revision
    assert found.download_bytes > 1e9


def test_the_model_card_says_which_labels_qwen3guard_has_and_each_is_mapped() -> None:
    published = (
        "Violent|Non-violent Illegal Acts|Sexual Content or Sexual Acts|PII|Suicide & Self-Harm|Unethical Acts|"
        "Politically Sensitive Topics|Copyright Violation|Jailbreak|None"
    )
    assert set(LABELS) == set(published.split("|"))


def test_shieldgemma_knows_its_categories_and_that_its_policies_are_all_mapped() -> None:
    found = card(Role.FRAME_GUARD, "shieldgemma")
    assert set(found.categories) == {
        Category.SEXUAL,
        Category.ILLICIT,
        Category.VIOLENCE,
        Category.VIOLENCE_GRAPHIC,
    }
    assert found.licence == "Gemma"
    assert all(POLICIES.values())


def test_an_unknown_classifier_takes_its_categories_from_its_options() -> None:
    found = card(Role.TEXT_GUARD, "text-classifier", "org/model", **{"label.a": "hate", "label.b": "illicit"})
    assert found.categories == (Category.HATE, Category.ILLICIT)
    assert found.backend == "model"


def test_a_picture_classifier_of_timm_says_which_package_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifiers, "find_spec", lambda name: None)
    assert "pip install timm" in card(Role.FRAME_GUARD, "image-classifier", "Marqo/nsfw-image-detection-384").missing
    monkeypatch.setattr(classifiers, "find_spec", lambda name: object())
    assert "timm" not in card(Role.FRAME_GUARD, "image-classifier", "Marqo/nsfw-image-detection-384").missing


@pytest.mark.parametrize(
    ("role", "backend", "options", "words"),
    [
        (Role.TEXT_GUARD, "qwen3guard", {"controversal": 1.0}, "no option “controversal”"),
        (Role.TEXT_GUARD, "qwen3guard", {"controversial": 1.5}, "from 0 to 1, not 1.5"),
        (Role.TEXT_GUARD, "qwen3guard", {"controversial": "much"}, "from 0 to 1, not 'much'"),
        (Role.FRAME_GUARD, "shieldgemma", {"policies": "violence"}, "has no options"),
        (Role.FRAME_GUARD, "judge", {"category": "violence"}, "no option “category”"),
        (Role.FRAME_GUARD, "judge", {"categories": "violence, sexual/minors"}, "no question for “sexual/minors”"),
    ],
)
def test_an_option_that_means_nothing_is_refused_at_once(
    role: Role, backend: str, options: dict[str, str | float], words: str
) -> None:
    with pytest.raises(BadRequest, match=words):
        card(role, backend, **options)


def test_a_guard_that_is_not_loaded_scores_nothing() -> None:
    pytest.importorskip("torch")
    guard = create_backend(Role.TEXT_GUARD, ModelChoice(backend="qwen3guard"))
    with pytest.raises(GuardUnavailable, match="not ready"):
        guard.score(["x"])


def test_cards_of_several_guards_of_a_role_are_told_apart() -> None:
    first, second = (
        ModelChoice(backend="qwen3guard"),
        ModelChoice(backend="text-classifier", model="unitary/toxic-bert"),
    )
    config = RuntimeConfig(models={Role.TEXT_GUARD: first}, more={Role.TEXT_GUARD: (second,)})
    assert [each.backend for each in model_cards(config)] == ["qwen3guard", "toxic-bert"]


def test_describing_guards_imports_no_model_library() -> None:
    code = (
        "import sys; from engine.registry import model_cards; from engine.types import *;"
        "t, f = (ModelChoice(backend='qwen3guard'),), tuple(map(lambda b: ModelChoice(backend=b), "
        "('image-classifier', 'shieldgemma', 'judge')));"
        "model_cards(RuntimeConfig(models={}, more={Role.TEXT_GUARD: t, Role.FRAME_GUARD: f}));"
        "heavy = {'torch', 'transformers', 'numpy', 'PIL'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
