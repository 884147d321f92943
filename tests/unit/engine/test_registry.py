"""Backends by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine import backend_names, model_cards
from engine.errors import BadRequest
from engine.registry import create_backend
from engine.types import ModelChoice, Role, RuntimeConfig
from tests.fakes.engine_backends import Answers, DiesOnceLoading


def test_an_unknown_name_is_answered_with_the_nearest_right_one() -> None:
    with pytest.raises(BadRequest, match=r"“storybored”.*nearest name is “storyboard”"):
        create_backend(Role.GENERATION, ModelChoice(backend="storybored"))


@pytest.mark.parametrize("name", ["no.such.module:Class", "tests.fakes.engine_backends:NoSuchClass"])
def test_a_plug_in_that_cannot_be_imported_is_named(name: str) -> None:
    with pytest.raises(BadRequest, match="cannot be imported"):
        create_backend(Role.GENERATION, ModelChoice(backend=name))


def test_a_plug_in_is_named_by_module_and_class() -> None:
    choice = ModelChoice(backend="tests.fakes.engine_backends:Answers")
    assert type(create_backend(Role.UNDERSTANDING, choice)).__qualname__ == Answers.__qualname__


def test_a_backend_gets_its_model_when_one_is_chosen() -> None:
    choice = ModelChoice(backend="tests.fakes.engine_backends:DiesOnceLoading", model="a-model")
    assert vars(create_backend(Role.UNDERSTANDING, choice)) == vars(DiesOnceLoading("a-model"))


def test_every_role_has_a_backend() -> None:
    assert all(backend_names(role) for role in Role)


def test_cards_describe_without_loading() -> None:
    config = RuntimeConfig(models={Role.UNDERSTANDING: ModelChoice(backend="tests.fakes.engine_backends:Unloadable")})
    (card,) = model_cards(config)
    assert card.name == "fake answers"


def test_several_models_for_videos_are_described_by_the_names_they_are_asked_for() -> None:
    names = ["storyboard", "tests.fakes.engine_backends:Videos"]
    config = RuntimeConfig(
        models={
            Role.GENERATION: ModelChoice(backend=names[0]),
            Role.UNDERSTANDING: ModelChoice(backend="lite"),
        },
        more={Role.GENERATION: (ModelChoice(backend=names[1]),)},
    )
    cards = model_cards(config)
    assert [card.backend for card in cards if card.role is Role.GENERATION] == names
    assert [card.backend for card in cards if card.role is Role.UNDERSTANDING] == ["lite"]


def test_two_models_of_one_name_could_not_be_told_apart() -> None:
    one = ModelChoice(backend="storyboard")
    with pytest.raises(ValueError, match="same name"):
        RuntimeConfig(models={Role.GENERATION: one}, more={Role.GENERATION: (one,)})


def test_importing_the_engine_loads_no_model_library() -> None:
    check = (
        "import engine, engine.types, sys; print([m for m in ('numpy','av','PIL','cv2','torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
