"""Which frames of real clips are checked: what is short is found, what repeats is scored once, the cost is bounded."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from engine import looks
from engine.media import open_clip
from engine.moderation import Guards
from engine.types import Category, Clip, MediaLimits, ModelCard, Moderate, Role, Score

FPS = 25
RED, GREEN, BLUE, GREY = (220, 20, 20), (30, 160, 40), (30, 60, 190), (110, 110, 110)
VIOLENCE = Category.VIOLENCE

Make = Callable[..., Clip]


class Red:
    """Sees violence in red pictures, and counts the pictures that it is shown."""

    def __init__(self) -> None:
        self.seen = 0

    def score(self, images: Sequence[Any]) -> list[Mapping[Category, float]]:
        self.seen += len(images)
        return [{VIOLENCE: float(np.clip((i[..., 0].mean() - i[..., 2].mean()) / 200, 0, 1))} for i in images]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """make((colour, seconds), …): a clip of shots with a striped ground, so that nothing is quite even."""
    numbers = itertools.count()

    def build(*shots: tuple[tuple[int, int, int], float], gop: int = 250) -> Clip:
        path = tmp_path / f"{next(numbers)}.mp4"
        with av.open(str(path), "w") as out:
            stream: Any = out.add_stream("libx264", rate=FPS, options={"g": str(gop), "preset": "ultrafast"})
            stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
            for colour, seconds in shots:
                image = np.full((180, 320, 3), colour, np.uint8)
                image[:, ::40] //= 2
                for _ in range(max(1, round(seconds * FPS))):
                    out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            out.mux(stream.encode(None))
        return Clip(path=str(path))

    return build


def check(clip: Clip, count: int) -> tuple[Red, list[Score], int]:
    eyes = Red()
    card = ModelCard(role=Role.FRAME_GUARD, backend="red", name="red", categories=(VIOLENCE,))
    scores, frames = Guards((), [(eyes, card)]).score(
        Moderate(clips=(clip,), frames=count), MediaLimits(), lambda: None
    )
    return eyes, list(scores), frames


@pytest.mark.parametrize("seconds", [0.5, 0.2, 1 / FPS])
def test_harm_in_one_short_shot_is_found_and_its_time_is_right(make: Make, seconds: float) -> None:
    eyes, scores, frames = check(make((BLUE, 4.3), (RED, seconds), (GREEN, 4.3)), 4)
    assert scores[0].score > 0.8
    assert scores[0].time_s is not None
    assert 4.3 <= scores[0].time_s < 4.3 + seconds + 0.5 / FPS
    assert (frames, eyes.seen) == (5, 3)
    assert sorted(score.score > 0.5 for score in scores) == [False] * 4 + [True]


def test_harm_that_comes_and_goes_slowly_is_found(make: Make) -> None:
    def mixed(share: float) -> tuple[int, int, int]:
        return tuple(round(b + share * (r - b)) for r, b in zip(RED, BLUE, strict=True))  # type: ignore[return-value]

    there = [(mixed(step / FPS), 1 / FPS) for step in range(FPS)]
    _, scores, _ = check(make((BLUE, 3), *there, *reversed(there), (BLUE, 3)), 2)
    assert scores[0].score > 0.6


def test_a_clip_in_which_nothing_changes_is_scored_once(make: Make) -> None:
    eyes, scores, frames = check(make((GREY, 6)), 10)
    assert (frames, eyes.seen, len(scores)) == (10, 1, 10)


def test_shots_that_come_again_add_nothing(make: Make) -> None:
    eyes, _, frames = check(make(*[(BLUE, 1), (GREEN, 1)] * 4), 8)
    assert (frames, eyes.seen) == (8, 2)


def test_of_many_new_pictures_the_most_different_are_looked_at_and_no_more_than_twice_the_asked(make: Make) -> None:
    chance = np.random.default_rng(3)
    colours = [tuple(int(part) for part in chance.integers(0, 200, 2)) for _ in range(60)]
    shots = [((20, green, blue), 0.2) for green, blue in colours]
    _, scores, frames = check(make(*shots[:31], (RED, 0.2), *shots[31:]), 5)
    assert frames == 15
    assert scores[0].score > 0.8


def test_pictures_that_are_not_kept_are_decoded_again_and_those_that_are_are_not(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = make((BLUE, 2.3), (RED, 0.2), (GREY, 2.3), (GREEN, 0.2), (BLUE, 2))
    with monkeypatch.context() as patch:
        patch.setattr("engine.media.ClipReader.sample", None)
        patch.setattr("engine.media.ClipReader.frames_at", None)
        with open_clip(clip.path, MediaLimits()) as opened:
            kept = looks.choose(opened, 3)
    monkeypatch.setattr(looks, "_HELD_PIXELS", 0)
    with open_clip(clip.path, MediaLimits()) as opened:
        again = looks.choose(opened, 3)
    assert [frame.time_s for frame in again.frames] == [frame.time_s for frame in kept.frames]
    for one, other in zip(kept.frames, again.frames, strict=True):
        assert np.array_equal(one.image, other.image)
        assert one.image.shape == (180, 320, 3)


def test_the_frames_of_a_watched_clip_are_spread_like_those_of_any_other(make: Make) -> None:
    clip = make(*[((20, 10 * step, 200), 0.4) for step in range(20)], gop=30)
    with open_clip(clip.path, MediaLimits()) as opened:
        spread = [frame.time_s for frame in opened.sample(7)]
        found = [frame.time_s for frame in looks.choose(opened, 7).frames]
    assert set(spread) <= set(found)


def test_a_clip_whose_last_picture_stands_still_is_looked_at_to_its_end(tmp_path: Path) -> None:
    shots = [Image.new("RGB", (64, 48), colour) for colour in (BLUE, GREEN, RED)]
    path = tmp_path / "slides.gif"
    shots[0].save(path, save_all=True, append_images=shots[1:], duration=[100, 100, 5000])
    _, scores, frames = check(Clip(path=str(path)), 2)
    assert frames == 3
    assert scores[0].score > 0.8


def test_of_a_long_clip_only_the_key_frames_are_watched_and_a_cut_has_one(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = make((BLUE, 4), (RED, 1), (GREEN, 4), (GREY, 4), gop=40)
    monkeypatch.setattr(looks, "_SCAN_PIXELS", 0)
    monkeypatch.setattr("engine.media.ClipReader.glimpses", None)
    _, scores, _ = check(clip, 2)
    assert scores[0].score > 0.8


def test_a_clip_with_hardly_any_key_frames_is_watched_whole_unless_it_is_too_long(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = make((BLUE, 4.3), (RED, 0.2), (GREEN, 4.3))
    monkeypatch.setattr(looks, "_SCAN_PIXELS", 0)
    monkeypatch.setattr("engine.media.ClipReader.key_frames", lambda self, **options: iter(()))
    assert check(clip, 3)[1][0].score > 0.8
    monkeypatch.setattr(looks, "_SCAN_PIXELS_WITHOUT_KEYS", 0)
    assert check(clip, 3)[2] == 3


def test_a_picture_is_one_frame(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), RED).save(tmp_path / "red.png")
    eyes, scores, frames = check(Clip(path=str(tmp_path / "red.png")), 10)
    assert (frames, eyes.seen) == (1, 1)
    assert scores[0].score > 0.8


def test_all_frames_of_a_clip_that_has_few_are_looked_at(make: Make) -> None:
    _, _, frames = check(make((BLUE, 0.2), (RED, 0.04)), 10)
    assert frames == 6


def test_frames_are_handed_over_no_larger_than_any_guard_needs(tmp_path: Path) -> None:
    Image.new("RGB", (2400, 1200), RED).save(tmp_path / "large.png")
    with open_clip(tmp_path / "large.png", MediaLimits()) as clip:
        (frame,) = looks.choose(clip, 4).frames
    assert frame.image.shape == (512, 1024, 3)
