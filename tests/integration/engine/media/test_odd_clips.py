"""Turned, stretched, bright, see-through, uneven and still: each looks as a viewer would see it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from engine.errors import UnsupportedClip
from engine.media import open_clip, probe
from engine.types import MediaLimits

Make = Callable[..., Path]
COLOURS = {"red": (220, 20, 20), "green": (20, 180, 20), "blue": (20, 20, 200), "white": (240, 240, 240)}


def corners(image: np.ndarray) -> list[str]:
    """The names of the colours at the top left, top right, bottom left and bottom right."""
    height, width = image.shape[:2]
    found = []
    for y in (height // 4, 3 * height // 4):
        for x in (width // 4, 3 * width // 4):
            seen = image[y, x].astype(int)
            found.append(min(COLOURS, key=lambda name: int(np.abs(seen - COLOURS[name]).sum())))
    return found


def quarters(width: int = 64, height: int = 48) -> np.ndarray:
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2], image[: height // 2, width // 2 :] = COLOURS["red"], COLOURS["green"]
    image[height // 2 :, : width // 2], image[height // 2 :, width // 2 :] = COLOURS["blue"], COLOURS["white"]
    return image


@pytest.mark.parametrize(
    ("degrees", "mirrored", "size", "seen"),
    [
        (0, False, (64, 48), ["red", "green", "blue", "white"]),
        (90, False, (48, 64), ["green", "white", "red", "blue"]),
        (180, False, (64, 48), ["white", "blue", "green", "red"]),
        (-90, False, (48, 64), ["blue", "red", "white", "green"]),
        (0, True, (64, 48), ["green", "red", "white", "blue"]),
        (90, True, (48, 64), ["white", "green", "blue", "red"]),
    ],
)
def test_rotation_metadata_is_honoured(
    degrees: int, mirrored: bool, size: tuple[int, int], seen: list[str], make: Make, limits: MediaLimits
) -> None:
    path = make(
        f"turned{degrees}{mirrored}.mp4",
        [quarters()] * 5,
        setup=lambda stream: stream.set_display_rotation(degrees, hflip=mirrored),
    )
    with open_clip(path, limits) as reader:
        frame = reader.sample(1)[0]
        assert (reader.info.width, reader.info.height) == size
        assert frame.image.shape == (size[1], size[0], 3)
        assert corners(frame.image) == seen


def test_oblong_pixels_are_stretched_to_square_ones(make: Make, limits: MediaLimits) -> None:
    def anamorphic(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)

    with open_clip(make("wide.mp4", [quarters()] * 5, setup=anamorphic), limits) as reader:
        assert (reader.info.width, reader.info.height) == (128, 48)
        assert reader.sample(1)[0].image.shape == (48, 128, 3)
        assert reader.sample(1, max_side=32)[0].image.shape == (12, 32, 3)


def test_odd_sizes_are_kept(make: Make, limits: MediaLimits) -> None:
    path = make("odd.mkv", [quarters(63, 47)] * 3, codec="ffv1", pix="yuv444p")
    with open_clip(path, limits) as reader:
        assert (reader.info.width, reader.info.height) == (63, 47)
        assert reader.sample(1)[0].image.shape == (47, 63, 3)


def test_variable_frame_rates_keep_their_times(make: Make, limits: MediaLimits) -> None:
    times = [0, 100, 150, 1000, 1040, 3000]
    path = make("uneven.mp4", [np.full((48, 64, 3), 40 * n, np.uint8) for n in range(6)], times_ms=times, rate=20)
    with open_clip(path, limits) as reader:
        assert reader.info.duration_s == pytest.approx(3.1, abs=0.15)
        walked = list(reader.scan(max_fps=1000, max_side=64))
        assert [frame.time_s for frame in walked] == pytest.approx([time / 1000 for time in times], abs=0.001)
        found = reader.frames_at([0.999, 1.0, 0.149, 0.15, 2.9, 3.0])
    assert [round(float(frame.image.mean()) / 40) for frame in found] == [2, 3, 1, 2, 4, 5]


def test_colours_survive_in_standard_and_high_definition(make: Make, limits: MediaLimits) -> None:
    for name, size, matrix in (("sd", (64, 48), 5), ("hd", (1280, 720), 1)):

        def tagged(stream: Any, matrix: int = matrix) -> None:
            stream.codec_context.colorspace = matrix

        image = np.full((size[1], size[0], 3), (200, 30, 60), np.uint8)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p", dst_colorspace=matrix)
        path = make(f"colour-{name}.mkv", [], codec="ffv1")
        with av.open(str(path), "w") as out:
            stream: Any = out.add_stream("ffv1", rate=10)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            frame.colorspace = 2  # untagged, as most clips are: told by the height
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        with open_clip(path, limits) as reader:
            seen = reader.sample(1)[0].image[size[1] // 2, size[0] // 2].astype(int)
        assert np.abs(seen - (200, 30, 60)).max() <= 4, name


def hdr_clip(path: Path, curve: int, codes: list[float]) -> Path:
    """Grey bars of signal values 0 to 1 in 10-bit BT.2020, tagged with a transfer curve (16 PQ, 18 HLG)."""
    width, height = 64 * len(codes), 64
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p10le"
        for _ in range(2):
            frame = av.VideoFrame(width, height, "yuv420p10le")
            luma = np.repeat([round(64 + 876 * code) for code in codes], 64)[None].repeat(height, 0)
            chroma = np.full((height // 2, width // 2), 512)
            for plane, values in zip(frame.planes, (luma, chroma, chroma), strict=True):
                rows = np.zeros((values.shape[0], plane.line_size // 2), np.uint16)
                rows[:, : values.shape[1]] = values
                plane.update(rows.tobytes())
            frame.color_trc, frame.color_primaries, frame.colorspace, frame.color_range = curve, 9, 9, 1
            context = stream.codec_context
            context.color_trc, context.color_primaries, context.colorspace, context.color_range = curve, 9, 9, 1
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def pq(nits: float) -> float:
    """The PQ signal for a luminance (SMPTE ST 2084), written down independently of the reader's table."""
    power = (nits / 10000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def test_pq_is_mapped_so_that_sdr_white_stays_bright_and_highlights_stay_apart(
    clips: Path, limits: MediaLimits
) -> None:
    path = hdr_clip(clips / "pq.mkv", 16, [pq(nits) for nits in (0.005, 20, 50, 100, 203, 500, 1000)])
    with open_clip(path, limits) as reader:
        assert reader.info.hdr
        greys = [int(value) for value in reader.sample(1)[0].image[32, 32::64, 1]]
    assert greys[0] <= 2
    assert greys == sorted(set(greys)), "brighter stays brighter"
    # Below half of SDR white, light is kept: 50 of 203 cd/m² is 0.246, which sRGB writes as 135.
    assert greys[2] == pytest.approx(135, abs=2)
    assert 215 <= greys[4] <= 235
    assert greys[6] >= 253


def test_hlg_is_mapped_too(clips: Path, limits: MediaLimits) -> None:
    with open_clip(hdr_clip(clips / "hlg.mkv", 18, [0.0, 0.25, 0.5, 0.75, 1.0]), limits) as reader:
        assert reader.info.hdr
        greys = [int(value) for value in reader.sample(1)[0].image[32, 32::64, 1]]
    assert greys == sorted(set(greys))
    assert greys[0] <= 2
    assert 215 <= greys[3] <= 235  # 75 % HLG is SDR white (ITU-R BT.2408)
    assert greys[4] >= 253


def test_a_transparent_gif_lies_on_white(sticker: Path, limits: MediaLimits) -> None:
    with open_clip(sticker, limits) as reader:
        assert (reader.info.kind, reader.info.alpha, reader.info.frames) == ("animation", True, 5)
        frames = reader.sample(5)
    for index, frame in enumerate(frames):
        assert frame.image[40, 60].tolist() == [255, 255, 255]
        assert frame.image[10, index * 10 + 5].tolist() == [255, 0, 0]


def test_a_transparent_webm_lies_on_white(clips: Path, limits: MediaLimits) -> None:
    path = clips / "alpha.webm"
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libvpx-vp9", rate=10, options={"auto-alt-ref": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuva420p"
        image = np.zeros((48, 64, 4), np.uint8)
        image[:, 32:] = (20, 20, 200, 255)
        for _ in range(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgba").reformat(format="yuva420p")))
        out.mux(stream.encode(None))
    with open_clip(path, limits) as reader:
        assert reader.info.alpha
        image = reader.sample(1)[0].image
    assert image[24, 10].min() >= 250
    assert np.abs(image[24, 50].astype(int) - (20, 20, 200)).max() <= 12


@pytest.mark.parametrize(("form", "mode"), [("PNG", "RGB"), ("JPEG", "RGB"), ("WEBP", "RGB"), ("AVIF", "RGB")])
def test_a_picture_is_a_clip_of_one_frame(form: str, mode: str, clips: Path, limits: MediaLimits) -> None:
    path = clips / f"picture-{form}"
    Image.fromarray(quarters()).convert(mode).save(path, form, **({} if form == "PNG" else {"quality": 95}))
    with open_clip(path, limits) as reader:
        assert (reader.info.kind, reader.info.frames, reader.info.duration_s) == ("image", 1, 0.0)
        for frames in (reader.sample(8), reader.frames_at([3.0]), list(reader.scan(max_fps=5, max_side=64))):
            assert [frame.time_s for frame in frames] == [0.0]
            assert corners(frames[0].image) == ["red", "green", "blue", "white"]
        assert reader.loudness(3) is None


def test_a_phone_picture_is_turned_upright(clips: Path, limits: MediaLimits) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by 90 degrees to see it
    Image.fromarray(quarters()).save(clips / "phone.jpg", quality=95, exif=exif)
    with open_clip(clips / "phone.jpg", limits) as reader:
        assert (reader.info.width, reader.info.height) == (48, 64)
        assert corners(reader.sample(1)[0].image) == ["blue", "red", "white", "green"]


def test_a_second_picture_behind_a_jpeg_makes_no_animation(clips: Path, limits: MediaLimits) -> None:
    """Phones hide a gain map or the other eye there."""
    first, second = Image.fromarray(quarters()), Image.new("RGB", (64, 48))
    first.save(clips / "stereo.jpg", format="MPO", save_all=True, append_images=[second], quality=95)
    with open_clip(clips / "stereo.jpg", limits) as reader:
        assert (reader.info.kind, reader.info.frames) == ("image", 1)
        assert corners(reader.sample(4)[0].image) == ["red", "green", "blue", "white"]


def test_transparent_palette_and_sixteen_bit_pictures_are_read(clips: Path, limits: MediaLimits) -> None:
    ghost = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    ghost.save(clips / "ghost.png")
    deep = Image.fromarray(np.full((32, 32), 40_000, np.uint16))
    deep.save(clips / "deep.png")
    for name, value in (("ghost.png", 255), ("deep.png", 156)):
        with open_clip(clips / name, limits) as reader:
            assert reader.sample(1)[0].image.mean() == pytest.approx(value, abs=1), name


def test_an_animated_webp_has_its_frames(clips: Path, limits: MediaLimits) -> None:
    frames = [Image.new("RGB", (32, 32), (60 * index, 0, 0)) for index in range(4)]
    frames[0].save(clips / "moving.webp", save_all=True, append_images=frames[1:], duration=250, lossless=True)
    with open_clip(clips / "moving.webp", limits) as reader:
        assert (reader.info.kind, reader.info.frames, reader.info.duration_s) == ("animation", 4, 1.0)
        found = reader.frames_at([0.6, 0.0])
    assert [int(frame.image[0, 0, 0]) for frame in found] == [120, 0]


def test_a_bitmap_is_refused_with_advice(clips: Path, limits: MediaLimits) -> None:
    Image.fromarray(quarters()).save(clips / "old.bmp")
    with pytest.raises(UnsupportedClip, match="Send me a PNG or JPEG instead"):
        probe(clips / "old.bmp", limits)
