"""The table against the library: every pipeline that it names is there and takes what we would call it with."""

from __future__ import annotations

import inspect

import pytest

from engine.backends.diffusion.calling import arguments
from engine.backends.diffusion.families import FAMILIES, Family
from engine.backends.diffusion.loading import libraries
from engine.backends.diffusion.options import Options
from engine.backends.diffusion.shape import shape_for
from engine.types import Generate

JOB = Generate(prompt="a boat", out="made.mp4", negative_prompt="rain")
# A picture model's class stands for what a motion adapter makes of it.
PLAYED = {"StableDiffusionPipeline": "AnimateDiffPipeline"}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_pipelines_of_a_family_take_what_they_are_called_with(family: Family) -> None:
    called = arguments(family, Options({}, ()), JOB, shape_for(family, family.sizes, 640, 360, 40))
    for name in {PLAYED.get(name, name) for name in (*family.pipelines, family.animator) if name}:
        takes = inspect.signature(getattr(libraries(), name).__call__).parameters
        assert set(called) | {"generator"} <= set(takes)
        if name == family.animator or family.needs_picture:
            assert "image" in takes


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_animator_is_made_of_what_the_checkpoint_has(family: Family) -> None:
    if not family.animator:
        assert family.needs_picture or not family.animates
        return
    made_of = inspect.signature(getattr(libraries(), family.animator).__init__).parameters
    needed = {name for name, each in made_of.items() if each.default is each.empty} - {"self"}
    for name in family.pipelines:
        assert needed <= set(inspect.signature(getattr(libraries(), name).__init__).parameters)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_denoiser_has_the_caches_that_the_table_promises(family: Family) -> None:
    if not family.caches:
        return
    pipeline = getattr(libraries(), family.pipelines[0])
    kinds = pipeline._get_signature_types()["transformer"]
    assert any(hasattr(kind, "enable_cache") for kind in kinds)
