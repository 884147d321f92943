"""What may be said of pictures, from scores that are made up: no model is opened."""

import numpy as np
import pytest

from engine.backends.lite.recognition.evidence import People, Seen
from engine.backends.lite.recognition.looking import Picture, evidence, flatness, look_at
from engine.backends.lite.recognition.networks import Face
from engine.backends.lite.recognition.words import vocabulary


def shares(**words: float) -> np.ndarray:
    """Classes that sum to these shares for these words ("big_cat" is "big cat"), the first class of each taking all."""
    scores = np.zeros(1000, np.float32)
    for word, share in words.items():
        scores[min(vocabulary()[word.replace("_", " ")].leaves)] += share
    return scores


def clip(*pictures: np.ndarray | None, **settings: object) -> Seen:
    return evidence([Picture(float(index), scores, **settings) for index, scores in enumerate(pictures)])  # type: ignore[arg-type]


def said(seen: Seen) -> list[tuple[str, bool]]:
    return [(thing.word, thing.sure) for thing in seen.things]


def test_what_is_seen_surely_is_said_with_its_times() -> None:
    nothing = shares()
    (thing,) = clip(shares(dog=0.9), shares(dog=0.8), nothing, nothing).things
    assert (thing.word, thing.sure, thing.times_s) == ("dog", True, (0.0, 1.0))
    assert thing.score == pytest.approx(0.85)


def test_the_breeds_of_a_dog_are_summed() -> None:
    breeds = np.zeros(1000, np.float32)
    breeds[151:161] = 0.07
    assert said(clip(breeds)) == [("dog", True)]


def test_one_picture_of_a_clip_alone_proves_nothing() -> None:
    nothing = shares()
    assert clip(shares(car=0.6), *[nothing] * 11).things == ()
    assert said(clip(shares(car=0.6))) == [("car", True)]  # a photograph has no second chance


def test_what_is_a_little_less_sure_is_said_with_perhaps() -> None:
    assert said(clip(shares(guitar=0.36))) == [("guitar", False)]
    assert said(clip(shares(guitar=0.3))) == []


def test_a_single_class_and_a_sum_of_hundreds_get_no_perhaps() -> None:
    assert said(clip(shares(zebra=0.7))) == []
    assert said(clip(shares(zebra=0.8))) == [("zebra", True)]
    animals = np.full(1000, 0.0, np.float32)
    animals[:397:4] = 0.0075
    assert said(clip(animals)) == []


def test_the_more_exact_word_is_said_if_it_is_as_sure() -> None:
    assert said(clip(shares(duck=0.9))) == [("duck", True)]
    # Half a duck and half a goose is a bird.
    assert said(clip(shares(duck=0.3, goose=0.3, swan=0.3))) == [("bird", True)]


def test_of_a_drawing_only_the_plainest_is_said() -> None:
    assert clip(shares(ball=0.8), flat=0.6).things == ()
    assert said(clip(shares(bicycle=0.9), flat=0.6)) == [("bicycle", True)]


def test_at_most_five_things_are_said() -> None:
    many = shares(car=0.5, cat=0.5, guitar=0.5, bicycle=0.5, boat=0.5, bus=0.5, cup=0.5, bear=0.5)
    assert len(clip(many).things) == 5


@pytest.mark.parametrize(
    ("person", "faces", "people"),
    [
        (0.4, (0.6, 0.9), People((0.0,), 2, 0.0, True)),
        (0.95, (), People((0.0,), 0, 0.0, True)),
        (0.85, (), People((0.0,), 0, 0.0, False)),
        (0.7, (), None),
        (0.05, (0.58,), None),  # a headlight
        (0.05, (0.9,), People((0.0,), 1, 0.0, True)),  # nothing but a face
    ],
)
def test_people_are_known_by_face_or_shape(person: float, faces: tuple[float, ...], people: People | None) -> None:
    assert evidence([Picture(0.0, None, person, faces)]).people == people


def test_in_a_clip_somebody_is_seen_well_at_least_once() -> None:
    weak = [Picture(float(index), None, 0.85) for index in range(6)]
    assert evidence(weak).people is None
    people = evidence([*weak, Picture(6.0, None, 0.95)]).people
    assert people is not None
    assert (people.sure, people.times_s) == (True, (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0))


def test_faces_are_counted_in_one_picture_never_over_several() -> None:
    people = evidence([Picture(0.0, None, 0.9, (0.8,)), Picture(2.0, None, 0.9, (0.8, 0.7, 0.6))]).people
    assert people is not None
    assert (people.most_faces, people.faces_at_s) == (3, 2.0)


def test_a_drawn_face_is_only_believed_with_a_body() -> None:
    drawn = {"flat": 0.6, "things": None}
    assert evidence([Picture(0.0, faces=(0.9,), person=0.2, **drawn)]).people is None
    assert evidence([Picture(0.0, faces=(0.9,), person=0.8, **drawn)]).people is not None


def test_without_pictures_nothing_is_said() -> None:
    assert evidence([]) == Seen()


def test_flat_colours_are_a_drawing_and_grain_is_none() -> None:
    flat = np.full((180, 320, 3), 200, np.uint8)
    flat[60:120, 100:200] = (200, 30, 30)
    grain = np.random.default_rng(1).integers(90, 130, (180, 320, 3), np.uint8)
    assert evidence([Picture(0.0, flat=flatness(flat))]).drawing
    assert not evidence([Picture(0.0, flat=flatness(grain))]).drawing


def test_what_may_be_a_photograph_of_the_sky_is_not_called_a_drawing() -> None:
    assert not clip(shares(parachute=0.9), flat=0.6).drawing
    assert clip(shares(parachute=0.9), flat=0.9).drawing


class Eyes:
    """Networks that see an animal or none, a body, and two faces."""

    def __init__(self, animal: float) -> None:
        self.animal = animal

    def things(self, image: np.ndarray) -> np.ndarray:
        return shares(dog=self.animal)

    def person(self, image: np.ndarray) -> float:
        return 0.85

    def faces(self, image: np.ndarray, least: float) -> list[Face]:
        return [Face(score, (0, 0, 1, 1)) for score in (0.9, 0.61) if score >= least]


@pytest.mark.parametrize("things", [True, False])
def test_a_doubtful_face_beside_an_animal_is_the_animals(things: bool) -> None:
    image = np.zeros((32, 32, 3), np.uint8)
    alone = look_at(Eyes(0.1), 0.0, image, things=things, people=True)  # type: ignore[arg-type]
    with_dog = look_at(Eyes(0.9), 0.0, image, things=things, people=True)  # type: ignore[arg-type]
    assert (alone.faces, with_dog.faces) == ((0.9, 0.61), (0.9,))
    assert (with_dog.things is not None) == things
