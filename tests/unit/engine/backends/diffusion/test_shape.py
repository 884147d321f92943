"""Wishes become the nearest that a family can do."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.diffusion.families import FAMILIES, Family, family_named, family_of, known_pipelines
from engine.backends.diffusion.options import Options
from engine.backends.diffusion.shape import Shape, check, parse_size, picks, shape_for, size_for
from engine.errors import BadRequest

by_name = {family.name: family for family in FAMILIES}
sides = st.integers(16, 4096)


@pytest.mark.parametrize(
    ("pipeline", "facts", "name"),
    [
        ("WanPipeline", {}, "Wan 2.1"),
        ("WanPipeline", {"boundary_ratio": None, "expand_timesteps": False}, "Wan 2.1"),
        ("WanPipeline", {"boundary_ratio": 0.875}, "Wan 2.2"),
        ("WanPipeline", {"expand_timesteps": True, "boundary_ratio": None}, "Wan 2.2 TI2V"),
        ("WanImageToVideoPipeline", {"boundary_ratio": 0.9}, "Wan 2.2 I2V"),
        ("CogVideoXPipeline", {"patch_size_t": None}, "CogVideoX"),
        ("CogVideoXPipeline", {"patch_size_t": 2}, "CogVideoX 1.5"),
        ("HunyuanVideo15Pipeline", {"target_size": 960}, "HunyuanVideo 1.5 720p"),
        ("HunyuanVideo15Pipeline", {"target_size": 640}, "HunyuanVideo 1.5"),
        ("TextToVideoSDPipeline", {}, "ZeroScope"),
        ("LTX2Pipeline", {}, "LTX-2"),
    ],
)
def test_a_checkpoint_is_known_by_its_class_and_its_facts(pipeline: str, facts: dict, name: str) -> None:
    family = family_of(pipeline, facts)
    assert family is not None
    assert family.name == name


def test_a_class_that_is_not_in_the_table_is_not_known() -> None:
    assert family_of("FluxPipeline", {}) is None
    assert "WanPipeline" in known_pipelines()


def test_a_model_that_is_not_here_is_known_by_its_name_or_by_the_class_that_is_told() -> None:
    assert family_named("Wan-AI/Wan2.2-TI2V-5B-Diffusers", "").animates
    assert family_named("somebody/something", "LTXPipeline").name == "LTX-Video"
    assert family_named("somebody/something", "") is None


@pytest.mark.parametrize(
    ("name", "wanted", "valid"),
    [
        ("Wan 2.1", 48, 49),
        ("Wan 2.1", 49, 49),
        ("Wan 2.1", 1, 1),
        ("Wan 2.1", 500, 81),
        ("LTX-Video", 72, 73),
        ("LTX-Video", 9999, 257),
        ("CogVideoX", 24, 25),
        ("CogVideoX", 500, 49),
        ("AnimateDiff", 24, 24),
        ("AnimateDiff", 40, 32),
    ],
)
def test_frame_counts_follow_the_familys_rule(name: str, wanted: int, valid: int) -> None:
    assert by_name[name].frames_for(wanted) == valid


@pytest.mark.parametrize(
    ("name", "asked", "made"),
    [
        ("Wan 2.1", (640, 360), (640, 368)),
        ("Wan 2.1", (1920, 1080), (1280, 720)),
        ("Wan 2.2 TI2V", (640, 360), (896, 512)),  # it has not learned small pictures
        ("LTX-Video", (640, 360), (640, 384)),
        ("CogVideoX", (360, 640), (720, 480)),
        ("HunyuanVideo", (720, 1280), (720, 1280)),
        ("ZeroScope", (640, 360), (576, 384)),
    ],
)
def test_sizes_are_the_nearest_that_the_family_knows(name: str, asked: tuple[int, int], made: tuple[int, int]) -> None:
    assert size_for(by_name[name], by_name[name].sizes, *asked) == made


@given(family=st.sampled_from(FAMILIES), width=sides, height=sides, wanted=st.integers(1, 5000))
def test_whatever_is_asked_for_the_family_can_do(family: Family, width: int, height: int, wanted: int) -> None:
    shape = shape_for(family, family.sizes, width, height, wanted)
    assert shape.width % family.multiple == shape.height % family.multiple == 0 or family.exact
    assert (shape.frames - 1) % family.step == 0
    assert 1 <= shape.keep <= shape.frames <= family.most
    assert shape.keep == min(wanted, shape.frames)
    if family.exact:
        assert (shape.width, shape.height) in family.sizes
    elif 0.5 <= width / height <= 2:
        cut = abs(math.log((shape.width / shape.height) / (width / height)))
        assert cut < 0.45  # what rounding to a multiple may cost, at the smallest sizes


@given(frames=st.integers(2, 300), made=st.sampled_from([8.0, 16.0, 24.0]), shown=st.floats(1, 120), data=st.data())
def test_a_continuation_leaves_out_the_old_clips_picture_and_keeps_time(
    frames: int, made: float, shown: float, data: st.DataObject
) -> None:
    keep = data.draw(st.integers(2, frames))
    chosen = picks(Shape(64, 48, frames, keep), made, shown, continues=True)
    assert 0 not in chosen
    assert chosen == sorted(chosen)
    assert max(chosen) < frames
    assert len(chosen) == max(1, int((keep - 1) / made * shown + 1e-6))
    assert all(abs(index / made - (at + 1) / shown) <= 1 / made + 1 / shown for at, index in enumerate(chosen))


def test_at_the_same_rate_every_new_picture_is_shown_once() -> None:
    assert picks(Shape(64, 48, 9, 9), 16.0, 16.0, continues=True) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert picks(Shape(64, 48, 9, 5), 16.0, 16.0, continues=False) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("wish", [(8, 64, 1.0), (64, 8, 1.0), (5000, 64, 1.0), (64, 64, 0.0), (64, 64, math.nan)])
def test_what_no_model_can_make_is_refused(wish: tuple[int, int, float]) -> None:
    with pytest.raises(BadRequest, match="can't be made"):
        check(*wish)


def test_a_size_is_written_as_width_and_height() -> None:
    assert parse_size("832x480") == parse_size("832 × 480") == (832, 480)
    for wrong in ("832", "x", "wide x high", "-1x4"):
        with pytest.raises(BadRequest, match="832x480"):
            parse_size(wrong)


def test_options_are_read_with_their_types() -> None:
    options = Options(
        {"steps": 4, "guidance": 2, "compile": True, "cache": "pyramid"}, ("steps", "guidance", "compile", "cache")
    )
    assert options.count("steps", 50) == 4
    assert options.number("guidance", 5.0) == 2.0
    assert options.switch_or_text("compile", "inductor") == "inductor"
    assert options.text("cache") == "pyramid"
    assert options.size("size") is None
    with pytest.raises(BadRequest, match="“guidance” is 2"):
        options.text("guidance")
