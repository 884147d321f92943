"""Time words are read and resolved against a clip."""

import pytest

from engine.backends.lite.understanding.planner.ask import Ask, of_part
from engine.backends.lite.understanding.planner.wording import Wording
from engine.backends.lite.understanding.questions import slots
from engine.backends.watching.scope import Scope, clip_number, split_scope


class Clip:
    """As much of an analysed clip as a part is looked up in."""

    moving = True

    def __init__(self, facts):
        self._facts, self.info, self.whole = facts, facts.info, facts.whole

    def facts(self, motion=False):
        return self._facts


@pytest.fixture
def part(facts):
    clip = Clip(facts())
    return lambda text: of_part(Ask(slots.read(text), clip, [clip], Wording("en")))


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
        ("what happens in the first second", 0.0, 1.0),
        ("what happens at 00:00:04.500?", 4.0, 5.0),
        ("what moves in the last 10 %", 9.0, 10.0),
        ("what is at 50 percent", 4.8, 5.2),
        ("what is in frame 101", 3.5, 4.5),
        ("what is in the 101st frame", 3.5, 4.5),
        ("how long is it", 0.0, 10.0),
        ("which shot is the longest", 0.0, 10.0),
        ("something in the middle of the picture", 0.0, 10.0),
    ],
)
def test_a_part_is_read_from_the_words(text, start, end, part):
    span = part(text).span
    assert (span.start_s, span.end_s) == pytest.approx((start, end))


@pytest.mark.parametrize("text", ["what is at 0:12?", "and after 1:00?", "in shot 7", "in frame 999"])
def test_a_part_that_does_not_exist_is_named(text, part):
    assert part(text).outside


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
        ("does it last at least 5 seconds", ("least", 5.0)),
        ("are there more than two cuts", ("over", 2.0)),
        ("is it 60 fps", ("same", 60.0)),
        ("is more than half of it red", ("over", 50.0)),
        ("is it long?", None),
    ],
)
def test_a_limit_is_read(text, limit):
    found = slots.read(text).limit
    assert (found and (found.way, found.value)) == limit


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("does the text say CLOSED?", ("CLOSED",)),
        ("does it say OPEN 24 HOURS", ("OPEN 24 HOURS",)),
        ('does the sign read "for sale"?', ("for sale",)),
        ("does it say hello somewhere?", ("hello",)),
        ("what does the text say?", ()),
        ("is it HD?", ()),
    ],
)
def test_words_to_look_for_are_read(text, quotes):
    assert slots.read(text).quotes == quotes


def test_details_of_a_question_are_read():
    found = slots.read("does anything red move to the left or up in the second clip?")
    assert found.ways == ("left", "up")
    assert found.colours == ("red",)
    assert found.clip == 2
    assert found.yes_no
    assert slots.read("does it go from left to right?").ways == ("right",)
    assert slots.read("which shot is the darkest?").extreme == ("brightness", -1)


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
