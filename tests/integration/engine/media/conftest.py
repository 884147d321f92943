"""Small clips of every odd kind, made once a session, and limits to read them with."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.types import MediaLimits
from tests.hostile import pictures, sound_frames, video


@pytest.fixture(scope="session")
def limits() -> MediaLimits:
    return MediaLimits(decode_timeout_s=20.0)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for clips that tests only read."""
    return tmp_path_factory.mktemp("clips")


Make = Callable[..., Path]


@pytest.fixture(scope="session")
def make(clips: Path) -> Make:
    """Encode pictures: make(name, images, codec=…, pix=…, times_ms=…, setup=…)."""

    def build(
        name: str,
        images: Any,
        *,
        codec: str = "libx264",
        form: str | None = None,
        pix: str = "yuv420p",
        rate: int = 10,
        gop: int = 10,
        times_ms: list[int] | None = None,
        setup: Callable[[Any], None] | None = None,
        sound_s: float = 0.0,
        options: dict[str, str] | None = None,
    ) -> Path:
        path = clips / name
        with av.open(str(path), "w", format=form) as out:
            stream: Any = out.add_stream(codec, rate=rate, options={"g": str(gop), **(options or {})})
            tone: Any = out.add_stream("aac", rate=8000, layout="mono") if sound_s else None
            for index, image in enumerate(images):
                if not index:
                    stream.height, stream.width = image.shape[:2]
                    stream.pix_fmt = pix
                    if times_ms:
                        stream.codec_context.time_base = Fraction(1, 1000)
                    if setup is not None:
                        setup(stream)
                frame = av.VideoFrame.from_ndarray(image, format="rgba" if image.shape[2] == 4 else "rgb24")
                if times_ms:
                    frame.pts, frame.time_base = times_ms[index], Fraction(1, 1000)
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
            if tone is not None:
                for piece in sound_frames(sound_s):
                    out.mux(tone.encode(piece))
                out.mux(tone.encode(None))
        return path

    return build


@pytest.fixture(scope="session")
def counting(make: Make) -> Path:
    """100 frames at 10 fps, key frames two seconds apart; the left half counts ones, the right half tens."""

    def images() -> Iterator[np.ndarray]:
        for n in range(100):
            image = np.empty((48, 64, 3), np.uint8)
            image[:, :32], image[:, 32:] = n % 10 * 25, n // 10 * 25
            yield image

    exact = {"qp": "0", "x264-params": "keyint=20:min-keyint=20:scenecut=0"}
    return make("counting.mp4", images(), options=exact)


@pytest.fixture(scope="session")
def stored(clips: Path) -> Callable[[str, bytes], Path]:
    """Write bytes into the clips folder."""

    def store(name: str, data: bytes) -> Path:
        path = clips / name
        path.write_bytes(data)
        return path

    return store


@pytest.fixture(scope="session")
def sticker(clips: Path) -> Path:
    """A GIF of five frames: a red square wanders over a transparent ground."""
    frames = []
    for index in range(5):
        frame = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
        ImageDraw.Draw(frame).rectangle((index * 10, 5, index * 10 + 9, 14), fill=(255, 0, 0, 255))
        frames.append(frame)
    path = clips / "sticker.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100, loop=0, disposal=2)
    return path


@pytest.fixture(scope="session")
def seeds() -> dict[str, bytes]:
    """Small honest files to damage."""
    buffer = io.BytesIO()
    frames = [Image.fromarray(image) for image in pictures(12, 64, 48)]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=100)
    return {
        "mp4": video(sound=True),
        "fragmented": video(options="movflags=+frag_keyframe+empty_moov"),
        "webm": video("webm", "libvpx-vp9"),
        "ts": video("mpegts"),
        "avi": video("avi", "mpeg4"),
        "gif": buffer.getvalue(),
    }
