"""What the storyboard shows, measured in pixels: the words must be true in the picture."""

from __future__ import annotations

from hashlib import sha256
from itertools import product

import numpy as np
import pytest

from engine.backends.lite.storyboard.colour import channels, resolve
from engine.backends.lite.storyboard.parse import parse
from engine.backends.lite.storyboard.scene import Hour, Scene, Setting, Weather
from engine.backends.lite.storyboard.stage import Stage


def digest(frames):
    return [sha256(frame.tobytes()).hexdigest() for frame in frames]


def test_a_bouncing_red_ball_goes_down_and_up_over_green(film):
    shot = film("a red ball bounces on green grass", frames=24)
    x, y = shot.centres().T

    assert np.ptp(y) > 0.3 * shot.height
    assert np.ptp(x) < 0.1 * shot.width
    assert (np.diff(y) > 1).any()
    assert (np.diff(y) < -1).any()
    ground = shot.frames[0][int(shot.height * 0.9)].reshape(-1, 3).mean(axis=0)
    assert ground[1] > ground[0]
    assert ground[1] > ground[2]


@pytest.mark.parametrize("thing", ["car drives", "ball rolls", "bus drives", "cube slides"])
@pytest.mark.parametrize(("word", "sign"), [("left", -1), ("to the right", 1)])
def test_what_goes_left_or_right_does_so_and_stays_in_view(film, thing, word, sign):
    shot = film(f"a red {thing} {word} in the snow", frames=7)
    x = shot.centres()[:, 0]

    assert (np.diff(x) * sign > 0).all()
    assert abs(x[-1] - x[0]) > 0.25 * shot.width


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_the_number_asked_for_is_the_number_drawn(film, count):
    word = {1: "a red ball", 2: "two red balls", 3: "three red balls", 4: "4 red balls"}[count]
    frame = film(f"{word} rolling slowly to the left in the snow", width=480, height=272, frames=1).frames[0]

    columns = film.red(frame).any(axis=0).astype(int)
    assert (np.diff(np.concatenate([[0], columns])) == 1).sum() == count


def test_a_red_balloon_rises_and_a_red_apple_falls(film):
    rising = film("a red balloon rises").centres()[:, 1]
    falling = film("a red apple falls").centres()[:, 1]

    assert rising[-1] < rising[0] - 25
    assert falling[8] > falling[0] + 25


def test_growing_grows_and_zooming_in_makes_larger(film):
    for prompt in ("a red heart grows", "a red cube, zoom in"):
        areas = film(prompt, frames=5).areas()
        assert areas[-1] > 1.3 * areas[0]
    assert film("a red cube, zoom out", frames=5).areas()[-1] < 0.8 * film("a red cube, zoom out", frames=5).areas()[0]


def test_the_camera_pans_against_the_picture(film):
    left, right = (film(f"a red cube, pan {side}").centres()[:, 0] for side in ("left", "right"))

    assert left[-1] > left[0] + 20
    assert right[-1] < right[0] - 20


def test_what_must_keep_still_keeps_still(film):
    still = film("a red car that is not moving").centres()

    assert np.ptp(still[:, 0]) < 2
    assert np.ptp(still[:, 1]) < 2


def test_night_is_darker_than_sunset_and_sunset_darker_than_day(film):
    light = [
        film(f"a house in a meadow {hour}", frames=1).frames[0].mean() for hour in ("by day", "at sunset", "at night")
    ]

    assert light[0] > light[1] > light[2]
    assert light[0] > 1.8 * light[2]


@pytest.mark.parametrize(
    "name", ["yellow", "green", "blue", "purple", "pink", "brown", "dark blue", "light green", "gray"]
)
def test_a_ball_has_the_colour_that_was_asked_for(film, name):
    frame = film(f"a {name} ball", frames=1, width=160, height=160).frames[0].astype(int)

    near = np.abs(frame - np.array(channels(resolve(name)))).max(axis=2) < 12
    assert near.sum() > 500


def test_the_negative_prompt_removes_a_subject_from_the_picture(film):
    with_ball = film("a red ball and a blue cube", frames=1)
    without = film("a red ball and a blue cube", negative="balls", frames=1)

    assert with_ball.areas()[0] > 200
    assert without.areas()[0] == 0


def test_banned_trees_do_not_grow_in_the_background(film):
    def trunks(frame):
        bark = np.array(channels("#7a5438"))
        return (np.abs(frame.astype(int) - bark).max(axis=2) < 10).sum()

    assert trunks(film("a meadow", frames=1, width=640, height=360).frames[0]) > 100
    assert trunks(film("a meadow", negative="trees", frames=1, width=640, height=360).frames[0]) == 0


@pytest.mark.parametrize("weather", ["rain", "snowfall", "confetti", "fog", "falling leaves", "fireworks"])
def test_weather_is_visible_and_moves(film, weather):
    calm = film("a quiet street", frames=2)
    wild = film(f"a quiet street, {weather}", frames=2)

    def change(shot):
        return np.abs(shot.frames[0].astype(int) - shot.frames[1]).mean()

    assert change(wild) > change(calm) + 0.1


def test_a_sign_shows_its_text(film):
    written = film("a sign that says 'OPEN'", frames=1, width=480, height=270).frames[0]
    other = film("a sign that says 'GO'", frames=1, width=480, height=270).frames[0]

    assert (written != other).any()
    assert (written[80:200, 120:360].min(axis=2) > 235).sum() > 400


def test_lettering_comes_in_word_by_word(film):
    shot = film("freedom is a state of mind", frames=4, width=480, height=270)
    bright = [(frame.min(axis=2) > 225).sum() for frame in shot.frames]

    assert bright[0] < bright[1] < bright[2]


@pytest.mark.parametrize(
    "prompt", ["three cats dance", "freedom", "rain in the city at night", "planets orbit the sun"]
)
def test_the_same_seed_gives_the_same_frames_and_another_seed_others(film, prompt):
    once, again, other = (digest(film(prompt, seed=seed, frames=3).frames) for seed in (5, 5, 6))

    assert once == again
    assert not set(once) & set(other)


def test_frames_do_not_depend_on_which_were_drawn_before():
    forwards = Stage(parse("a dog runs"), 160, 90, 2, 1)
    backwards = Stage(parse("a dog runs"), 160, 90, 2, 1)
    times = [0, 0.5, 1.0, 1.5]

    assert digest(forwards.frame(t) for t in times) == digest(backwards.frame(t) for t in reversed(times))[::-1]


@pytest.mark.parametrize(("width", "height"), [(64, 64), (65, 111), (1920, 64), (64, 640), (333, 187)])
def test_any_size_is_filled_to_its_edges(width, height):
    frame = Stage(parse("a red ball bounces on the beach, 'HI'"), width, height, 1, 2).frame(0.4)

    assert frame.shape == (height, width, 3)
    assert frame.dtype == np.uint8
    assert all(edge.max() > 0 for edge in (frame[0], frame[-1], frame[:, 0], frame[:, -1]))


def test_every_place_at_every_hour_and_in_every_weather_can_be_painted():
    for setting, hour in product(Setting, Hour):
        scene = Scene("", setting=setting, hour=hour, weather=frozenset(Weather))
        assert Stage(scene, 72, 64, 1, 1).frame(0.5).std() > 5


def test_no_two_places_look_the_same():
    looks = {Stage(Scene("", setting=setting), 72, 64, 1, 1).frame(0.5).tobytes() for setting in Setting}

    assert len(looks) == len(Setting)


@pytest.mark.parametrize(
    "prompt", ["你好 🎈", "🎈", "Привет мир", "a" * 3000, "word " * 500, "<svg> & \"quotes\" 'x<y&z'"]
)
def test_scripts_emoji_long_words_and_markup_do_not_break_the_picture(prompt):
    assert Stage(parse(prompt), 96, 64, 1, 1).frame(0.5).shape == (64, 96, 3)
