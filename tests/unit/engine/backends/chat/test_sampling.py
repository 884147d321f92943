"""Frames follow the shots and the questions' own time words, and cost no more for long clips."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.backends.chat.sampling import Viewer, Watched, show, subject, watch
from engine.errors import MediaError
from engine.types import Clip, FramesSeen, MediaLimits, Turn

SHOTS_OF_BIKES = ((0.0, 1.2), (1.2, 5.52), (5.52, 7.52), (7.52, 9.68), (9.68, 10.0))


def times(watched: Watched) -> list[float]:
    return [frame.time_s for frame in watched.frames]


def within(watched: Watched, start_s: float, end_s: float) -> int:
    return sum(start_s <= time_s < end_s for time_s in times(watched))


def user(text: str, *clips: Clip) -> Turn:
    return Turn(role="user", text=text, clips=clips)


def bot(text: str, *clips: Clip) -> Turn:
    return Turn(role="assistant", text=text, clips=clips)


# --- one clip ------------------------------------------------------------------------------------------------------


def test_a_clip_of_one_shot_is_seen_evenly(bunny: Clip, context: Any) -> None:
    [watched] = watch([bunny], "What happens?", frames=4, max_side=64, context=context)
    assert times(watched) == pytest.approx([0.66, 1.98, 3.3, 4.62], abs=0.05)
    assert watched.info.has_audio


def test_every_shot_is_seen(bikes: Clip, context: Any) -> None:
    [watched] = watch([bikes], "What happens?", frames=8, max_side=128, context=context)
    assert len(watched.frames) == 8
    assert all(within(watched, start, end) >= 1 for start, end in SHOTS_OF_BIKES)
    assert context.checkpoints > 0


def test_frames_are_as_large_as_asked_for_and_in_time_order(bikes: Clip, context: Any) -> None:
    [watched] = watch([bikes], "What happens?", frames=5, max_side=96, context=context)
    assert all(max(frame.image.shape[:2]) == 96 for frame in watched.frames)
    assert times(watched) == sorted(set(times(watched)))
    assert watched.info.duration_s == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("question", "start", "end"),
    [
        ("what happens at the end?", 8.0, 10.0),
        ("what is at 0:04?", 3.0, 6.0),
        ("and in the first two seconds?", 0.0, 2.0),
        ("what moves between 0:05 and 0:07", 5.0, 7.0),
        ("describe the second shot", 1.2, 5.52),
        ("Was passiert bei 0:04?", 3.0, 6.0),
    ],
)
def test_a_named_part_gets_most_of_the_frames(
    bikes: Clip, context: Any, question: str, start: float, end: float
) -> None:
    [watched] = watch([bikes], question, frames=8, max_side=64, context=context)
    assert len(watched.frames) == 8
    assert within(watched, start, end) >= 6
    assert within(watched, start, end) < 8


def test_a_part_that_the_clip_does_not_have_leaves_all_of_it(bikes: Clip, context: Any) -> None:
    [plain, beyond] = (
        watch([bikes], question, frames=6, max_side=64, context=context)[0] for question in ("what?", "what at 4:00?")
    )
    assert times(plain) == times(beyond)


def test_a_picture_is_one_frame(tmp_path: Path, context: Any) -> None:
    path = tmp_path / "dot.png"
    Image.new("RGB", (40, 30), "red").save(path)
    [watched] = watch([Clip(path=str(path))], "what is at the end?", frames=8, max_side=None, context=context)
    assert len(watched.frames) == 1
    assert watched.info.kind == "image"


def test_several_clips_are_numbered_and_each_gets_its_frames(bikes: Clip, small: Clip, context: Any) -> None:
    first, second = watch([bikes, small], "compare them", frames=4, max_side=64, context=context)
    assert (first.number, second.number) == (1, 2)
    assert len(first.frames) == len(second.frames) == 4


def test_time_words_count_for_the_clip_that_the_question_numbers(bikes: Clip, small: Clip, context: Any) -> None:
    question = "what happens at the end of the second video?"
    first, second = watch([bikes, small], question, frames=8, max_side=64, context=context)
    assert within(first, 8.0, 10.0) < 4
    assert within(second, 3.9, 5.0) >= 6


# --- long clips ----------------------------------------------------------------------------------------------------


def test_a_moment_of_a_long_clip_is_seen_closely(long_clip: Clip, context: Any) -> None:
    [watched] = watch([long_clip], "what happens at 1:20?", frames=8, max_side=64, context=context)
    assert within(watched, 79.0, 82.0) == 6
    assert max(times(watched)) > 200


def test_the_last_shot_of_a_long_clip_is_found_where_it_is(long_clip: Clip, context: Any) -> None:
    [watched] = watch([long_clip], "what is in the last shot?", frames=8, max_side=64, context=context)
    assert within(watched, 599.6, 600.0) >= 2


def test_ten_minutes_take_hardly_longer_than_ten_seconds(bikes: Clip, long_clip: Clip, context: Any) -> None:
    def took(clip: Clip, question: str) -> float:
        began = time.process_time()
        watch([clip], question, frames=8, max_side=128, context=context)
        return time.process_time() - began

    for question in ("what happens?", "what happens at 0:09?"):
        assert took(long_clip, question) < 2 * took(bikes, question) + 0.1


# --- conversations -------------------------------------------------------------------------------------------------


def look(viewer: Viewer, context: Any, *turns: Turn, frames: int = 8) -> list[list[Watched]]:
    return [list(seen) for seen in viewer.look(turns, frames=frames, max_side=64, context=context)]


def test_what_was_seen_stays_the_same_when_the_conversation_goes_on(bikes: Clip, context: Any) -> None:
    turns = (user("What is this?", bikes), bot("Bikes."), user("What happens at the end?"), bot("A jump."))
    before = look(Viewer(), context, *turns[:3])
    after = look(Viewer(), context, *turns, user("And at 0:04?"))
    assert [[times(watched) for watched in seen] for seen in after[:3]] == [
        [times(watched) for watched in seen] for seen in before
    ]


def test_a_follow_up_about_a_moment_brings_a_closer_look(bikes: Clip, context: Any) -> None:
    first, _, then = look(Viewer(), context, user("What is this?", bikes), bot("Bikes."), user("And at 0:04?"))
    assert not first[0].closer
    assert then[0].closer
    assert then[0].number == first[0].number == 1
    assert within(then[0], 3.0, 6.0) == len(then[0].frames) == 6


@pytest.mark.parametrize("question", ["And what colour is it?", "What is at 9:00?"])
def test_a_follow_up_about_all_of_a_clip_brings_nothing_new(bikes: Clip, context: Any, question: str) -> None:
    _, _, then = look(Viewer(), context, user("What is this?", bikes), bot("Bikes."), user(question))
    assert then == []


def test_what_was_seen_is_remembered(bikes: Clip, context: Any) -> None:
    viewer = Viewer()
    look(viewer, context, user("What is this?", bikes))
    before = context.checkpoints
    look(viewer, context, user("What is this?", bikes), bot("Bikes."), user("Which colour?"))
    assert context.checkpoints == before


def test_the_memory_is_bounded(bikes: Clip, small: Clip, context: Any) -> None:
    viewer = Viewer(capacity_bytes=1)
    look(viewer, context, user("What?", bikes))
    look(viewer, context, user("What?", small))
    before = context.checkpoints
    look(viewer, context, user("What?", bikes))
    assert context.checkpoints > before


def test_a_made_video_is_seen_with_the_next_question(bikes: Clip, small: Clip, context: Any) -> None:
    made = Clip(path=small.path, name="made video")
    turns = (user("Make a video.", bikes), bot("<video>a dawn</video>", made), user("What is in it?"))
    _, answer, then = look(Viewer(), context, *turns)
    assert answer == []
    assert (then[0].made, then[0].number, len(then[0].frames)) == (True, 2, 4)


def test_an_earlier_clip_that_is_gone_is_left_out(bikes: Clip, context: Any) -> None:
    gone = Clip(path="/nowhere/gone.mp4", name="gone.mp4")
    first, _, then = look(Viewer(), context, user("What?", gone), bot("Hm."), user("And this?", bikes))
    assert first == []
    assert len(then) == 1


def test_the_clip_in_question_must_not_be_gone(context: Any) -> None:
    gone = Clip(path="/nowhere/gone.mp4", name="gone.mp4")
    with pytest.raises(MediaError):
        look(Viewer(), context, user("What?", gone), bot("Hm."), user("And its colour?"))


def test_caps_on_clips_hold(bikes: Clip, context: Any) -> None:
    context.limits = MediaLimits(max_duration_s=5.0)
    with pytest.raises(MediaError):
        look(Viewer(), context, user("What?", bikes))


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("and now?", "dawn.mp4"),
        ("how long is the first video?", "bikes.mp4"),
        ("what colour has bikes.mp4?", "bikes.mp4"),
        ("and the other one?", "bikes.mp4"),
        ("is the last one longer?", "dawn.mp4"),
    ],
)
def test_the_clip_that_the_words_point_at_is_the_one_in_question(
    bikes: Clip, small: Clip, question: str, name: str
) -> None:
    paths = {clip.path: clip.name for clip in (bikes, small)}
    turns = (user("this", bikes), bot("Yes."), user("and this", small), bot("Yes."), user(question))
    assert [paths[path] for path in subject(turns)] == [name]


# --- stills --------------------------------------------------------------------------------------------------------


def test_people_see_what_the_model_saw(bikes: Clip, small: Clip, context: Any, tmp_path: Path) -> None:
    watched = watch([bikes, small], "what?", frames=3, max_side=64, context=context)
    show(watched, str(tmp_path), context)
    [event] = context.events
    assert isinstance(event, FramesSeen)
    assert [frame.clip for frame in event.frames] == [0, 0, 0, 1, 1, 1]
    assert [round(frame.time_s, 3) for frame in event.frames[:3]] == [round(time_s, 3) for time_s in times(watched[0])]
    assert all(Path(frame.path).is_file() for frame in event.frames)


def test_without_a_folder_nothing_is_written(bikes: Clip, context: Any) -> None:
    show(watch([bikes], "what?", frames=2, max_side=64, context=context), None, context)
    assert context.events == []
