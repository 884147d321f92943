"""Measured against what eyes see in real clips: the frames were looked at before these tests were written."""

import pytest

from engine.backends.lite.understanding.analyzer import ClipAnalyzer
from engine.backends.watching.span import Span
from engine.types import Clip, MediaLimits


@pytest.fixture(scope="module")
def measured():
    analyzer = ClipAnalyzer()

    def facts(path):
        with analyzer.analyse(Clip(path=str(path), name=path.name), MediaLimits(), lambda: None) as clip:
            return clip.facts(motion=True)

    return facts


def test_bikes_has_six_shots_cut_where_eyes_see_cuts(measured, bikes):
    facts = measured(bikes)
    assert [shot.span.start_s for shot in facts.shots] == pytest.approx([0, 1.20, 3.04, 5.48, 7.48, 9.68], abs=0.05)
    assert facts.info.duration_s == pytest.approx(10.0, abs=0.05)


# Shot 1: a white roof passes below, down the picture; 2: a man in a dark suit, then a taxi, both to the right;
# 3: a bus and a car to the left; 4: cars drive off to the right; 5: dark legs walk to the right and out.
@pytest.mark.parametrize(
    ("shot", "direction", "start_s", "end_s"),
    [
        (1, "down", 0.0, 1.2),
        (2, "right", 1.2, 3.04),
        (3, "left", 3.1, 4.4),
        (4, "right", 5.48, 7.2),
        (5, "right", 7.48, 8.6),
    ],
)
def test_the_most_conspicuous_thing_of_each_shot_goes_the_way_that_eyes_see(
    measured, bikes, shot, direction, start_s, end_s
):
    mover = measured(bikes).shots[shot - 1].movers[0]
    assert mover.direction == direction
    assert mover.span.start_s >= start_s - 0.1
    assert mover.span.end_s <= end_s + 0.1


def test_the_man_in_the_dark_suit_leaves_before_the_taxi_comes_in(measured, bikes):
    man, taxi = sorted(measured(bikes).shots[1].movers[:2], key=lambda mover: mover.span.start_s)
    assert (man.colour, man.direction, man.leaves) == ("black", "right", "right")
    assert man.span.end_s == pytest.approx(1.88, abs=0.15)
    assert (taxi.direction, taxi.enters) == ("right", "left")


def test_the_legs_of_shot_five_are_dark_and_leave_at_the_right(measured, bikes):
    legs = measured(bikes).shots[4].movers[0]
    assert (legs.colour, legs.leaves) == ("black", "right")
    assert legs.start[0] < 0.35 < 0.7 < legs.end[0]
    assert legs.span.end_s == pytest.approx(8.56, abs=0.15)


def test_nothing_moves_by_itself_in_the_last_shot(measured, bikes):
    assert measured(bikes).shots[5].movers == ()


def test_the_camera_of_bikes_moves_as_followed_by_hand(measured, bikes):
    # By template matching on the full-size frames: still; pictures up by 53 of 640 pixels; still; wall left by 6 %.
    cameras = [shot.camera for shot in measured(bikes).shots]
    assert abs(cameras[0].right) + abs(cameras[0].down) < 0.02
    assert cameras[2].down == pytest.approx(0.083, abs=0.03)
    assert abs(cameras[3].right) + abs(cameras[3].down) < 0.02
    assert cameras[4].right == pytest.approx(0.05, abs=0.03)
    assert cameras[5].right < -0.01


def test_bunny_is_one_shot_in_which_something_rises(measured, bunny):
    facts = measured(bunny)
    assert len(facts.shots) == 1
    rising = max(facts.movers_in(Span(0.5, 2.2)), key=lambda mover: mover.weight)
    assert rising.direction == "up"
    camera = facts.shots[0].camera
    assert (camera.right, camera.down) == pytest.approx((-0.023, -0.035), abs=0.012)


def test_carphone_is_one_shot_with_a_camera_at_rest(measured, carphone):
    facts = measured(carphone)
    assert len(facts.shots) == 1
    camera = facts.shots[0].camera
    assert abs(camera.right) + abs(camera.down) < 0.03
    assert facts.movers


def test_the_answers_about_bikes_are_true(talk, bikes):
    assert "10 seconds" in talk.ask("How long is this clip?", bikes)
    moves = talk.ask("what moves, and where to?")
    said = [sentence for sentence in moves.split("). ") if "moves" in sentence]
    ways = {"0:00": "downwards", "0:01.2": "to the right", "0:03.1": "to the left", "0:03.5": "to the left"}
    assert all(way in each for start, way in ways.items() for each in said if f"(from {start} to" in each)
    assert len(said) >= 4
    cuts = talk.ask("and how many shots?")
    assert "six shots" in cuts.lower()
    assert all(time in cuts for time in ("0:01.2", "0:03", "0:05.5", "0:07.5", "0:09.7"))
    assert "AXI" in talk.ask("what does the text say?")
    assert talk.ask("is there sound?").startswith("No")
    assert talk.ask("does anything move to the left?").startswith("Yes")
    assert talk.ask("does anything move to the left after 0:05?").startswith("No")
    assert "640 × 272" in talk.ask("what size is it?")
    assert "can't tell" in talk.ask("who is the man?")


def test_sound_of_bunny_is_found(talk, bunny):
    assert talk.ask("is there sound?", bunny).startswith("Yes")
    assert "green" in talk.ask("which colours are in it?")


def test_two_real_clips_are_compared(talk, bikes, bunny):
    talk.ask("", bikes)
    talk.ask("", bunny)
    assert "bikes.mp4 is longer" in talk.ask("which one is longer?")
    assert "bikes.mp4 is darker" in talk.ask("which is brighter?")
    assert "10 seconds" in talk.ask("how long is the first one?")
