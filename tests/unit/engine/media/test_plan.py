"""How a byte budget becomes a size and a bit rate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BudgetTooSmall
from engine.media._transcode import plan
from engine.types import ClipInfo


def info(
    width: int = 1280, height: int = 720, seconds: float = 10.0, fps: float = 25.0, sound: bool = True
) -> ClipInfo:
    return ClipInfo(
        kind="video",
        container="mp4",
        codec="h264",
        width=width,
        height=height,
        duration_s=seconds,
        fps=fps,
        frames=None,
        rotation=0,
        has_audio=sound,
        hdr=False,
        alpha=False,
        size_bytes=50_000_000,
    )


def test_a_generous_budget_keeps_the_size_and_the_sound() -> None:
    chosen = plan(info(), 20_000_000)
    assert (chosen.width, chosen.height, chosen.audio_rate) == (1280, 720, 96_000)


def test_a_tight_budget_shrinks_the_picture_in_proportion() -> None:
    chosen = plan(info(), 300_000)
    assert 200 < chosen.width < 1280
    assert chosen.width / chosen.height == pytest.approx(16 / 9, rel=0.02)


def test_a_very_tight_budget_gives_up_the_sound_before_the_picture() -> None:
    assert plan(info(), 60_000).audio_rate < 96_000


def test_an_impossible_budget_is_refused_with_its_size() -> None:
    with pytest.raises(BudgetTooSmall, match="2 KB"):
        plan(info(seconds=60.0), 2048)


@given(
    width=st.integers(2, 4096),
    height=st.integers(2, 4096),
    seconds=st.floats(0.05, 3600),
    fps=st.floats(1, 240),
    budget=st.integers(1, 1 << 30),
)
def test_every_plan_is_encodable_and_within_its_budget(
    width: int, height: int, seconds: float, fps: float, budget: int
) -> None:
    try:
        chosen = plan(info(width, height, seconds, fps), budget)
    except BudgetTooSmall:
        return
    assert chosen.width % 2 == chosen.height % 2 == 0
    assert 2 <= chosen.width <= width + 1
    assert 2 <= chosen.height <= height + 1
    assert (chosen.video_rate + chosen.audio_rate) * seconds / 8 < budget
