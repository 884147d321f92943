"""ShieldGemma 2 with a tiny Gemma 3 and SigLIP, through the real processor."""

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
VIOLENT = {Category.VIOLENCE, Category.VIOLENCE_GRAPHIC}


@pytest.fixture
def guard(load: Load, shieldgemma: Path) -> Any:
    return load(Role.FRAME_GUARD, "shieldgemma", shieldgemma)


def test_a_picture_scores_high_in_the_policy_that_it_breaks_and_low_in_others(guard: Any) -> None:
    red, blue = guard.score([guards.colour_picture(True, 70), guards.colour_picture(False, 70)])
    assert set(red) == VIOLENT | {Category.SEXUAL, Category.ILLICIT}
    assert all(red[category] > 0.8 for category in VIOLENT)
    assert all(score < 0.2 for category, score in red.items() if category not in VIOLENT)
    assert max(blue.values()) < 0.2


def test_a_batch_of_pictures_of_all_sizes_scores_as_each_alone(guard: Any) -> None:
    assert guard.at_once == 1
    guard.at_once = 8  # as on a GPU
    pictures = [guards.colour_picture(at % 2 == 0, 20 * at, height=40 + 9 * at) for at in range(6)]
    assert guard.score(pictures) == [pytest.approx(guard.score([each])[0], abs=1e-4) for each in pictures]


def test_numbers_that_are_none_let_nothing_through(guard: Any) -> None:
    with torch.no_grad():
        guard._model.get_input_embeddings().weight[:] = math.nan
    with pytest.raises(GuardUnavailable, match="no usable score"):
        guard.score([guards.colour_picture(True)])


def test_a_model_with_policies_that_nobody_mapped_does_not_start(load: Load, checkpoints: Path) -> None:
    folder = guards.make_shieldgemma(checkpoints / "others", taught=False, policies=("sexual", "gambling"))
    with pytest.raises(BadRequest, match="knows the policies gambling, sexual"):
        load(Role.FRAME_GUARD, "shieldgemma", folder)
