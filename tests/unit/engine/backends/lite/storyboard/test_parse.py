"""What the storyboard understands of a prompt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.lite.storyboard.catalogue import SUBJECTS
from engine.backends.lite.storyboard.colour import NAMES, resolve
from engine.backends.lite.storyboard.parse import parse
from engine.backends.lite.storyboard.scene import Camera, Direction, Hour, Motion, Setting, Weather


def only(prompt, negative_prompt=""):
    (actor,) = parse(prompt, negative_prompt).actors
    return actor


def names(scene):
    return [actor.subject for actor in scene.actors]


def test_a_plain_sentence_gives_subject_colour_motion_and_place():
    scene = parse("a red ball bounces on green grass")

    (ball,) = scene.actors
    assert (ball.subject, ball.colours, ball.motion, ball.count) == ("ball", ("red",), Motion.BOUNCE, 1)
    assert (scene.setting, scene.ground) == (Setting.MEADOW, "green")


@pytest.mark.parametrize(
    ("prompt", "count"),
    [
        ("a ball", 1),
        ("balls", 3),
        ("three red balls", 3),
        ("7 balls", 7),
        ("a couple of balls", 2),
        ("a dozen balls", 12),
        ("1000 balls", 3),
        ("a red and a blue ball", 2),
    ],
)
def test_counts_are_read_from_words_digits_and_plurals(prompt, count):
    assert only(prompt).count == count


@pytest.mark.parametrize(
    ("prompt", "subject"),
    [
        ("two puppies", "dog"),
        ("wolves and mice", None),
        ("butterflies", "butterfly"),
        ("a hot air balloon", "hot air balloon"),
        ("a red balloon", "balloon"),
        ("women", "woman"),
        ("a race car", "car"),
        ("a fire engine", "fire truck"),
        ("an ice cream cone", "ice cream"),
    ],
)
def test_synonyms_plurals_and_phrases_name_the_same_thing(prompt, subject):
    assert names(parse(prompt)) == ([subject] if subject else [])


@pytest.mark.parametrize(
    ("prompt", "motion", "direction"),
    [
        ("a car drives left", Motion.DRIVE, Direction.LEFT),
        ("a car is driving to the right", Motion.DRIVE, Direction.RIGHT),
        ("a car drives in from the right", Motion.DRIVE, Direction.LEFT),
        ("a rolling ball", Motion.ROLL, None),
        ("a horse that galloped", Motion.RUN, None),
        ("a bird flew up", Motion.FLY, Direction.UP),
        ("a spinning star", Motion.SPIN, None),
        ("a man waves", Motion.WAVE, None),
        ("a car that is not moving", Motion.STILL, None),
        ("a cat sleeps", Motion.SLEEP, None),
    ],
)
def test_verbs_and_directions_are_read_in_their_forms(prompt, motion, direction):
    actor = only(prompt)

    assert (actor.motion, actor.direction) == (motion, direction)


def test_a_verb_after_two_subjects_moves_both():
    assert [actor.motion for actor in parse("a dog and a cat run").actors] == [Motion.RUN, Motion.RUN]


def test_each_colour_goes_to_its_own_noun():
    scene = parse("a blue cat beside a yellow house under a pink sky")

    assert [actor.colours for actor in scene.actors] == [("blue",), ("yellow",)]
    assert scene.sky == "pink"


def test_a_colour_said_afterwards_belongs_to_what_was_named():
    assert only("the car is dark green").colours == ("dark green",)


def test_orange_is_a_colour_before_a_noun_and_a_fruit_alone():
    assert (only("an orange cat").subject, only("an orange cat").colours) == ("cat", ("orange",))
    assert only("an orange").subject == "orange"


@pytest.mark.parametrize(
    "prompt",
    ["a dog in a park, no cats", "a dog without cats", "a dog but not a cat", "a dog, without any cats or birds"],
)
def test_what_is_negated_is_not_drawn(prompt):
    scene = parse(prompt)

    assert names(scene) == ["dog"]
    assert "cat" in scene.banned


def test_a_negative_prompt_bans_subjects_scenery_and_text():
    scene = parse("a dog, a cat and trees in the rain, 'HELLO'", "cats, trees, rain, text")

    assert names(scene) == ["dog"]
    assert {"cat", "tree", "rain", "text"} <= scene.banned
    assert scene.weather == frozenset()
    assert scene.captions == ()


@pytest.mark.parametrize(
    ("prompt", "setting", "hour"),
    [
        ("a boat on the sea at sunset", Setting.SEA, Hour.SUNSET),
        ("a city street at night", Setting.CITY, Hour.NIGHT),
        ("a fish underwater", Setting.UNDERWATER, Hour.DAY),
        ("a cactus in the desert at dawn", Setting.DESERT, Hour.DAWN),
        ("snow in the mountains", Setting.MOUNTAINS, Hour.DAY),
        ("an astronaut on the moon", Setting.MOON, Hour.DAY),
        ("a starry night", None, Hour.NIGHT),
        ("the sun sets", None, Hour.SUNSET),
    ],
)
def test_place_and_hour_are_found(prompt, setting, hour):
    scene = parse(prompt)

    assert (scene.setting, scene.hour) == (setting, hour)


def test_weather_and_camera_are_found():
    scene = parse("it is raining in a foggy forest, zoom out")

    assert scene.weather == {Weather.RAIN, Weather.FOG}
    assert scene.camera is Camera.ZOOM_OUT


def test_quoted_text_goes_on_the_sign_and_otherwise_becomes_a_caption():
    assert only("a sign that says 'OPEN 24h'").text == "OPEN 24h"
    assert parse('a cake, "Happy Birthday, Ann!"').captions == ("Happy Birthday, Ann!",)


def test_an_apostrophe_is_not_a_quote():
    assert parse("a dog's ball and a cat's ball").captions == ()


def test_somebody_can_ride_something():
    rider, horse = parse("an astronaut riding a horse to the left").actors

    assert rider.on == 1
    assert (horse.subject, horse.direction) == ("horse", Direction.LEFT)


def test_the_one_who_flies_a_kite_stays_on_the_ground():
    girl, kite = parse("a girl flies a kite").actors

    assert girl.motion is Motion.IDLE
    assert kite.motion is not Motion.IDLE


@pytest.mark.parametrize(
    "prompt", ["freedom is a state of mind", "Schrödingers Katze", "你好 🎈", "!!!", "colourless ideas"]
)
def test_words_that_cannot_be_drawn_become_lettering(prompt):
    scene = parse(prompt)

    assert scene.lettering
    assert scene.actors == ()


@given(st.text(max_size=200), st.text(max_size=60))
def test_no_prompt_breaks_the_parser(prompt, negative_prompt):
    scene = parse(prompt, negative_prompt)

    assert all(1 <= actor.count <= 12 for actor in scene.actors)


@given(
    st.lists(
        st.sampled_from(
            [
                *["a", "no", "two", "red", "big", "over", "on", "and", ",", "without", "left", "drives", "rides", "in"],
                *SUBJECTS,
            ]
        ),
        max_size=14,
    )
)
def test_no_mixture_of_known_words_breaks_the_references_between_actors(words):
    scene = parse(" ".join(words))

    for index, actor in enumerate(scene.actors):
        assert actor.subject not in scene.banned or "no" in words or "without" in words
        assert actor.on is None or (actor.on != index and 0 <= actor.on < len(scene.actors))
        assert actor.over is None or (actor.over != index and 0 <= actor.over < len(scene.actors))


def test_light_and_dark_shift_a_colour():
    def brightness(colour):
        return sum(int(colour[i : i + 2], 16) for i in (1, 3, 5))

    for name in set(NAMES) - {"white", "black"}:
        assert brightness(resolve(f"dark {name}")) < brightness(resolve(name)) < brightness(resolve(f"light {name}"))
