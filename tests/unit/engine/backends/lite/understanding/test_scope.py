"""Time words are read and resolved against a clip."""

import pytest

from engine.backends.lite.understanding.answering.ask import part_of
from engine.backends.watching.scope import Scope, clip_number, length_limit, split_scope


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("what is at 0:07?", 6.5, 7.5),
        ("what moves at 7s", 6.5, 7.5),
        ("what moves at 7 seconds", 6.5, 7.5),
        ("what moves in the first three seconds", 0.0, 3.0),
        ("first 2.5 secs please", 0.0, 2.5),
        ("and the last 2 s?", 8.0, 10.0),
        ("between 2 and 5 seconds", 2.0, 5.0),
        ("from 0:02 to 0:05", 2.0, 5.0),
        ("after 6 seconds", 6.0, 10.0),
        ("before 0:03", 0.0, 3.0),
        ("what happens at the end?", 8.0, 10.0),
        ("how is it at the beginning", 0.0, 2.0),
        ("in the middle", 4.0, 6.0),
        ("in the second half", 5.0, 10.0),
        ("in shot 2", 4.0, 10.0),
        ("in the last shot", 4.0, 10.0),
        ("the first scene", 0.0, 4.0),
        ("what moves after the first cut", 4.0, 10.0),
        ("what moves before the first cut", 0.0, 4.0),
        ("how long is it", 0.0, 10.0),
        ("which shot is the longest", 0.0, 10.0),
        ("something in the middle of the picture", 0.0, 10.0),
    ],
)
def test_a_part_is_read_from_the_words(text, start, end, facts):
    part = part_of(facts(), split_scope(text)[0])
    assert (part.span.start_s, part.span.end_s) == pytest.approx((start, end))


@pytest.mark.parametrize("text", ["what is at 0:12?", "and after 1:00?", "in shot 7"])
def test_a_part_that_does_not_exist_is_named(text, facts):
    assert part_of(facts(), split_scope(text)[0]).outside


def test_the_name_of_a_part_is_taken_out_of_the_question():
    scope, rest = split_scope("what moves in the last shot?")
    assert scope == Scope("shot", -1)
    assert "shot" not in rest


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("is it longer than 8 seconds?", ("over", 8.0)),
        ("shorter than a minute?", ("under", 60.0)),
        ("does it run more than half a minute", ("over", 30.0)),
        ("is it under ten seconds", ("under", 10.0)),
        ("is it long?", None),
    ],
)
def test_a_limit_is_read(text, limit):
    assert length_limit(text) == limit


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("the second one", 2),
        ("clip 2", 2),
        ("the first video", 1),
        ("and the last one?", -1),
        ("the second shot", None),
    ],
)
def test_clips_are_told_apart_by_number(text, number):
    assert clip_number(text) == number
