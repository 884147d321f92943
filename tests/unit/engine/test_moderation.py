"""Scoring texts and clips: several guards as one, batches that fail, and nothing let through without a score."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.errors import BadRequest, GuardUnavailable, JobCancelled, NoPicture
from engine.moderation import Guards
from engine.types import Category, Clip, Coverage, MediaLimits, ModelCard, Moderate, Role

HATE, SEXUAL, VIOLENCE = Category.HATE, Category.SEXUAL, Category.VIOLENCE
CALM: Mapping[Category, float] = {SEXUAL: 0.0, VIOLENCE: 0.0}

Script = list[Mapping[Category, float]] | Exception


class ScriptedGuard:
    """Answers each call with the next script: one mapping an input."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = iter(scripts)
        self.sizes: list[int] = []

    def score(self, inputs: Sequence[Any]) -> list[Mapping[Category, float]]:
        self.sizes.append(len(inputs))
        script = next(self._scripts)
        if isinstance(script, Exception):
            raise script
        return script


class Eyes:
    """Sees violence in as much as a picture is red, 0 to 1; fails as told."""

    def __init__(self, fails: Callable[[Sequence[Any]], Exception | None] = lambda images: None) -> None:
        self._fails = fails
        self.sizes: list[int] = []

    def score(self, images: Sequence[Any]) -> list[Mapping[Category, float]]:
        self.sizes.append(len(images))
        if error := self._fails(images):
            raise error
        return [{SEXUAL: 0.0, VIOLENCE: float(image[..., 0].mean()) / 255} for image in images]


def card(*categories: Category, name: str = "scripted", role: Role = Role.TEXT_GUARD) -> ModelCard:
    return ModelCard(role=role, backend="fake", name=name, categories=categories or (SEXUAL, VIOLENCE))


def guard(*scripts: Script) -> tuple[Any, ModelCard]:
    return ScriptedGuard(*scripts), card()


def nothing() -> None:
    pass


def moderate(guards: Guards, job: Moderate, checkpoint: Callable[[], None] = nothing) -> tuple[Any, int]:
    return guards.score(job, MediaLimits(), checkpoint)


def shades(count: int) -> list[Any]:
    """So many pictures, each clearly redder than the one before."""
    return [np.full((18, 32, 3), (round(255 * (index + 1) / count), 0, 0), np.uint8) for index in range(count)]


@pytest.fixture
def clips(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Clips that exist only here: path → their pictures, one a second, all of which are looked at."""
    pictures: dict[str, list[Any]] = {}

    @contextmanager
    def open_clip(path: Path, limits: MediaLimits, *, checkpoint: Any = None) -> Iterator[Any]:
        frames = [SimpleNamespace(time_s=float(at), image=image) for at, image in enumerate(pictures[str(path)])]
        yield SimpleNamespace(info=SimpleNamespace(kind="image"), sample=lambda count, max_side: frames)

    monkeypatch.setattr("engine.media.open_clip", open_clip)
    return pictures


C = Moderate(clips=(Clip(path="c"),))


def test_each_category_of_a_text_is_scored() -> None:
    scores, frames = moderate(Guards([guard([{SEXUAL: 0.2, VIOLENCE: 0.7}])], ()), Moderate(text="x"))
    assert [(each.category, each.score, each.source) for each in scores] == [
        (VIOLENCE, 0.7, "text"),
        (SEXUAL, 0.2, "text"),
    ]
    assert frames == 0


def test_the_highest_score_of_each_category_comes_first_then_every_frame_by_time(clips: dict[str, list[Any]]) -> None:
    clips["c"] = shades(3)
    frames = guard([{SEXUAL: 0.1, VIOLENCE: 0.5}, {SEXUAL: 0.9, VIOLENCE: 0.4}, {SEXUAL: 0.2, VIOLENCE: 0.3}])
    scores, count = moderate(Guards((), [frames]), C)
    assert count == 3
    assert [(each.category, each.score, each.time_s) for each in scores[:2]] == [
        (SEXUAL, 0.9, 1.0),
        (VIOLENCE, 0.5, 0.0),
    ]
    assert [each.time_s for each in scores[2:]] == [0.0, 1.0, 2.0, 2.0]
    assert {each.clip for each in scores} == {0}


class Reader(ScriptedGuard):
    """Reads only what is in lower case."""

    def unread(self, text: str) -> Sequence[Category]:
        return () if text.islower() else (SEXUAL, VIOLENCE)


def test_a_text_that_no_guard_can_read_is_said_to_be_unread() -> None:
    alone = Guards([(Reader(), card())], ())
    assert alone.unread("hello") == ()
    assert alone.unread("HELLO") == (SEXUAL, VIOLENCE)
    assert alone.unread("  ") == ()


def test_another_guard_that_reads_it_vouches_for_its_own_categories() -> None:
    both = Guards([(Reader(), card()), (ScriptedGuard(), card(VIOLENCE, HATE, name="other"))], ())
    assert both.unread("HELLO") == (SEXUAL,)


def test_many_texts_are_scored_together_in_their_order_and_empty_ones_score_nothing() -> None:
    many = Reader([{SEXUAL: 0.1, VIOLENCE: 0.2}, {SEXUAL: 0.3, VIOLENCE: 0.4}])
    scores, unread = Guards([(many, card())], ()).score_texts(["one", " ", "TWO"], nothing)
    assert scores == (
        {SEXUAL: 0.1, VIOLENCE: 0.2},
        {SEXUAL: 0.0, VIOLENCE: 0.0},
        {SEXUAL: 0.3, VIOLENCE: 0.4},
    )
    assert unread == ((), (), (SEXUAL, VIOLENCE))
    assert many.sizes == [2]


@pytest.mark.parametrize("job", [Moderate(text="x"), C])
def test_nothing_is_let_through_without_the_guard_for_it(job: Moderate, clips: dict[str, list[Any]]) -> None:
    clips["c"] = shades(1)
    with pytest.raises(GuardUnavailable):
        moderate(Guards((), ()), job)


@pytest.mark.parametrize(
    "script",
    [
        RuntimeError("boom"),
        MemoryError(),
        [{SEXUAL: 0.1}],
        [{SEXUAL: 0.1, VIOLENCE: math.nan}],
        [{SEXUAL: 0.1, VIOLENCE: 1.5}],
        [{SEXUAL: 0.1, VIOLENCE: None}],
        [],
        [{SEXUAL: 0.1, VIOLENCE: 0.1}] * 2,
    ],
)
def test_a_guard_that_fails_in_any_way_lets_nothing_through(script: Any) -> None:
    with pytest.raises(GuardUnavailable):
        moderate(Guards([guard(script)], ()), Moderate(text="x"))


def test_a_clip_without_frames_is_not_safe(clips: dict[str, list[Any]]) -> None:
    clips["c"] = []
    with pytest.raises(GuardUnavailable):
        moderate(Guards((), [guard()]), C)


def test_a_clip_of_which_no_frame_is_asked_for_is_not_safe(clips: dict[str, list[Any]]) -> None:
    clips["c"] = shades(1)
    with pytest.raises(BadRequest):
        moderate(Guards((), [guard()]), Moderate(clips=C.clips, frames=0))


def test_a_clip_that_cannot_be_read_says_so(clips: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise NoPicture("There is no picture in this file.")

    monkeypatch.setattr(sys.modules["engine.media"], "open_clip", refuse)
    with pytest.raises(NoPicture):
        moderate(Guards((), [guard()]), C)


# --- several guards ---


def test_two_guards_cover_what_either_can_score() -> None:
    guards = Guards([(ScriptedGuard(), card(SEXUAL)), (ScriptedGuard(), card(HATE, SEXUAL))], ())
    assert guards.coverage == Coverage(text=(SEXUAL, HATE))


def test_of_two_guards_the_higher_score_of_a_category_counts_and_names_its_guard() -> None:
    first = ScriptedGuard([{SEXUAL: 0.3, VIOLENCE: 0.6}]), card(name="first")
    second = ScriptedGuard([{SEXUAL: 0.4, HATE: 0.1}]), card(SEXUAL, HATE, name="second")
    scores, _ = moderate(Guards([first, second], ()), Moderate(text="x"))
    assert {each.category: (each.score, each.guard) for each in scores} == {
        SEXUAL: (0.4, "second"),
        VIOLENCE: (0.6, "first"),
        HATE: (0.1, "second"),
    }


def test_two_frame_guards_look_at_the_same_frames_and_each_frame_keeps_the_higher_score(
    clips: dict[str, list[Any]],
) -> None:
    clips["c"] = shades(2)
    first = ScriptedGuard([{SEXUAL: 0.1, VIOLENCE: 0.8}, {SEXUAL: 0.7, VIOLENCE: 0.2}]), card(name="first")
    second = ScriptedGuard([{SEXUAL: 0.3}, {SEXUAL: 0.6}]), card(SEXUAL, name="second")
    scores, frames = moderate(Guards((), [first, second]), C)
    assert (frames, len(scores)) == (2, 4)
    assert {(each.category, each.time_s): (each.score, each.guard) for each in scores} == {
        (SEXUAL, 0.0): (0.3, "second"),
        (VIOLENCE, 0.0): (0.8, "first"),
        (SEXUAL, 1.0): (0.7, "first"),
        (VIOLENCE, 1.0): (0.2, "first"),
    }


@pytest.mark.parametrize("broken", [0, 1])
def test_one_guard_that_fails_makes_the_check_fail_whatever_the_others_say(broken: int) -> None:
    guards = [guard([CALM]), guard([CALM])]
    guards[broken] = guard(RuntimeError("boom"))
    with pytest.raises(GuardUnavailable, match="at the text"):
        moderate(Guards(guards, ()), Moderate(text="x"))


# --- batches ---


def test_many_frames_are_scored_in_batches(clips: dict[str, list[Any]]) -> None:
    clips["c"] = shades(28) + [image[..., ::-1] for image in shades(12)]
    eyes = Eyes()
    _, count = moderate(Guards((), [(eyes, card())]), C)
    assert (count, eyes.sizes) == (40, [32, 8])


def test_a_guard_may_ask_for_smaller_batches(clips: dict[str, list[Any]]) -> None:
    clips["c"] = shades(7)
    eyes = Eyes()
    eyes.at_once = 3  # type: ignore[attr-defined]
    moderate(Guards((), [(eyes, card())]), C)
    assert eyes.sizes == [3, 3, 1]


def test_a_cancel_is_noticed_between_batches_and_is_no_failure_of_a_guard(clips: dict[str, list[Any]]) -> None:
    clips["c"] = shades(5)
    eyes = Eyes()
    eyes.at_once = 2  # type: ignore[attr-defined]

    def cancelled() -> None:
        if len(eyes.sizes) == 2:
            raise JobCancelled("Cancelled.")

    with pytest.raises(JobCancelled):
        moderate(Guards((), [(eyes, card())]), C, cancelled)
    assert eyes.sizes == [2, 2]


def test_out_of_memory_halves_the_batch_until_it_fits(clips: dict[str, list[Any]]) -> None:
    clips["c"] = shades(24)
    eyes = Eyes(lambda images: MemoryError() if len(images) > 6 else None)
    scores, count = moderate(Guards((), [(eyes, card())]), C)
    assert (count, eyes.sizes) == (24, [24, 12, 6, 6, 6, 6])
    assert len(scores) == 48


def test_memory_for_not_even_one_frame_lets_nothing_through(clips: dict[str, list[Any]]) -> None:
    clips["c"] = shades(2)
    with pytest.raises(GuardUnavailable, match="ran out of memory at 0:00"):
        moderate(Guards((), [(Eyes(lambda images: MemoryError()), card())]), C)


def test_the_one_frame_that_cannot_be_scored_is_named(clips: dict[str, list[Any]]) -> None:
    clips["b"], clips["c"] = shades(3), shades(25)

    def poison(images: Sequence[Any]) -> Exception | None:
        twentieth = round(255 * 20 / 25)
        return ValueError("boom") if any(image[0, 0, 0] == twentieth for image in images) else None

    eyes = Eyes(poison)
    with pytest.raises(GuardUnavailable, match="0:19 of clip 2") as caught:
        moderate(Guards((), [(eyes, card())]), Moderate(clips=(Clip(path="b"), Clip(path="c"))))
    assert caught.value.details == {"guard": "scripted", "place": "0:19 of clip 2"}
    assert eyes.sizes[-1] == 1
    assert len(eyes.sizes) <= 10


def test_a_nan_in_a_batch_is_found_too(clips: dict[str, list[Any]]) -> None:
    clips["c"] = shades(2)
    nan = {SEXUAL: math.nan, VIOLENCE: 0.0}
    with pytest.raises(GuardUnavailable, match="0:01 of clip 1"):
        moderate(Guards((), [guard([CALM, nan], [CALM], [nan])]), C)


def test_a_lost_device_is_no_matter_of_one_frame(clips: dict[str, list[Any]]) -> None:
    clips["c"] = shades(4)
    eyes = Eyes(lambda images: RuntimeError("CUDA error: an illegal memory access was encountered"))
    with pytest.raises(RuntimeError, match="illegal"):
        moderate(Guards((), [(eyes, card())]), C)
    assert eyes.sizes == [4]


# --- near-duplicates ---


def test_near_duplicates_are_scored_once_and_share_the_score(clips: dict[str, list[Any]]) -> None:
    red, grey = np.full((90, 160, 3), (250, 10, 10), np.uint8), np.full((90, 160, 3), 40, np.uint8)
    grain = np.random.default_rng(1).integers(-3, 4, red.shape)
    clips["c"] = [red, grey, np.clip(red + grain, 0, 255).astype(np.uint8), grey, grey]
    eyes = Eyes()
    scores, count = moderate(Guards((), [(eyes, card())]), C)
    assert (count, eyes.sizes) == (5, [2])
    violent = {each.time_s: each.score for each in scores if each.category is VIOLENCE}
    assert violent[0.0] == violent[2.0] > 0.9
    assert violent[1.0] == violent[3.0] == violent[4.0] < 0.2


def test_a_picture_that_differs_in_one_small_place_is_no_duplicate(clips: dict[str, list[Any]]) -> None:
    plain = np.full((270, 480, 3), 90, np.uint8)
    marked = plain.copy()
    marked[100:112, 200:212] = (255, 0, 0)  # a thousandth of the picture
    clips["c"] = [plain, marked]
    eyes = Eyes()
    moderate(Guards((), [(eyes, card())]), C)
    assert eyes.sizes == [2]
