"""From a decoded frame to what a viewer sees: upright, square pixels, standard dynamic range, no transparency.

It knows frames and numbers, not files. Scaling happens in swscale, before anything is copied into numpy, so that a
large frame costs its own memory once and no more.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from numpy.typing import NDArray

RGB = NDArray[np.uint8]

_HDR_CURVES = (int(ColorTrc.SMPTE2084), int(ColorTrc.ARIB_STD_B67))
_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED and AVCOL_PRI_UNSPECIFIED
_BT2020_PRIMARIES = 9
_RGB_MATRIX = 0
_HD_HEIGHT = 720  # from here on, untagged video is BT.709 by convention; below it is BT.601
_MAX_SHAPE_RATIO = 16.0  # a pixel more oblong than this is a broken header, not anamorphic video

# ITU-R BT.2408: SDR white sits at 203 cd/m² in HDR; highlights up to the peak are rolled off above the knee.
_WHITE_NITS = 203.0
_PEAK_NITS = 1000.0
_KNEE = 0.5

# Without these two flags swscale darkens what it scales by one or two steps of 255. Unscaled pictures take its fast
# path, which is off by at most one and ten times faster.
_EXACT_AREA = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT

# Linear light, BT.2020 primaries to BT.709 primaries (ITU-R BT.2087, the inverse of its matrix M2).
_BT2020_TO_BT709 = np.array(
    [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]],
    dtype=np.float32,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How stored pictures become seen ones: stretched to square pixels, mirrored, then turned.

    It belongs to the track, not to the frame, and is read once.
    """

    shape: float  # width of a pixel over its height
    quarter_turns: int  # counterclockwise
    mirrored: bool  # left to right, before turning

    def square(self, width: int, height: int) -> tuple[int, int]:
        """A stored size with square pixels: widened or heightened, never shrunk."""
        if 1.0 < self.shape <= _MAX_SHAPE_RATIO:
            return max(1, round(width * self.shape)), height
        if 1.0 / _MAX_SHAPE_RATIO <= self.shape < 1.0:
            return width, max(1, round(height / self.shape))
        return width, height

    def seen(self, width: int, height: int) -> tuple[int, int]:
        """A stored size as a viewer sees it."""
        width, height = self.square(width, height)
        return (height, width) if self.quarter_turns % 2 else (width, height)


def layout_of(frame: VideoFrame, shape: float) -> Layout:
    """Read the display matrix (16.16 fixed point) that came with a frame."""
    # Looking at a frame's side data keeps its memory until the next garbage collection, because the two refer to each
    # other; so look only where there is a turn or a mirror to find.
    if not frame.rotation:
        return Layout(shape, 0, mirrored=False)
    side_data: Any = frame.side_data
    try:
        matrix = struct.unpack("<9i", bytes(side_data["DISPLAYMATRIX"])[:36])
    except (KeyError, struct.error):
        return Layout(shape, 0, mirrored=False)
    a, b, c, d = (value / 65536 for value in (matrix[0], matrix[1], matrix[3], matrix[4]))
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    # The matrix maps (x, y), y down, to (ax + cy, bx + dy): (a, b) is where the right-hand direction goes.
    turns = round(float(np.degrees(np.arctan2(-b, a))) / 90) % 4
    return Layout(shape, turns, mirrored)


def is_hdr(frame: VideoFrame) -> bool:
    return int(frame.color_trc) in _HDR_CURVES


def has_alpha(frame: VideoFrame) -> bool:
    return any(component.is_alpha for component in frame.format.components) or frame.format.name == "pal8"


def fit(width: int, height: int, max_side: int | None) -> tuple[int, int]:
    """Shrink (width, height) so that neither side is over `max_side`; never enlarge, never below one pixel."""
    longest = max(width, height)
    if max_side is None or longest <= max_side:
        return width, height
    return max(1, round(width * max_side / longest)), max(1, round(height * max_side / longest))


class Converter:
    """Turns one track's frames into pictures. It keeps swscale's tables between frames of one size.

    `width` and `height` are those of the first stored frame. A stream may change its size on the way, as video calls
    do: players show all of it in one window, and here all of it has one size.
    """

    def __init__(self, layout: Layout, width: int, height: int) -> None:
        self._layout = layout
        self._size = layout.square(width, height)
        self._swscale = VideoReformatter()

    def rgb(self, frame: VideoFrame, max_side: int | None) -> RGB:
        """The frame as (H, W, 3) uint8 RGB; `max_side` bounds the longer side in pixels."""
        width, height = fit(*self._size, max_side)
        if is_hdr(frame):
            image = _tone_map(self._scaled(frame, width, height, "rgb48le"), frame)
        elif has_alpha(frame):
            image = _over_white(self._scaled(frame, width, height, "rgba"))
        else:
            image = self._scaled(frame, width, height, "rgb24")
        if self._layout.mirrored:
            image = image[:, ::-1]
        return np.ascontiguousarray(np.rot90(image, self._layout.quarter_turns))

    def _scaled(self, frame: VideoFrame, width: int, height: int, name: str) -> NDArray[Any]:
        matrix = int(frame.colorspace)
        if matrix == _UNSPECIFIED:
            matrix = int(Colorspace.ITU709 if frame.height >= _HD_HEIGHT else Colorspace.ITU601)
        shrunk = width < frame.width or height < frame.height
        converted = self._swscale.reformat(
            frame,
            width=width,
            height=height,
            format=name,
            src_colorspace=None if matrix == _RGB_MATRIX else matrix,
            src_color_range=int(frame.color_range) or int(ColorRange.MPEG),
            dst_color_range=int(ColorRange.JPEG),
            interpolation=_EXACT_AREA if shrunk else Interpolation.BILINEAR,
            threads=1,
        )
        return converted.to_ndarray()


def _over_white(rgba: NDArray[Any]) -> RGB:
    """Compose on white: transparent stickers and diagrams are mostly drawn to be seen on a page, and black text on
    a transparent ground would vanish on black."""
    alpha = rgba[..., 3:].astype(np.uint16)
    over = rgba[..., :3].astype(np.uint16) * alpha + 255 * (255 - alpha)
    return ((over + 127) // 255).astype(np.uint8)


@lru_cache(maxsize=2)
def _to_linear(curve: int) -> NDArray[np.float32]:
    """Light relative to SDR white for 4,096 code values of a PQ (SMPTE ST 2084) or HLG (ARIB STD-B67) signal."""
    code = np.linspace(0.0, 1.0, 4096)
    if curve == int(ColorTrc.SMPTE2084):
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        power = code ** (1 / m2)
        nits = 10000.0 * (np.maximum(power - c1, 0.0) / (c2 - c3 * power)) ** (1 / m1)
    else:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
        # The display's system gamma of 1.2 at 1,000 cd/m² (ITU-R BT.2100), applied per channel: exact for greys.
        nits = _PEAK_NITS * scene**1.2
    return (nits / _WHITE_NITS).astype(np.float32)


@lru_cache(maxsize=1)
def _from_linear() -> RGB:
    """sRGB code values for 4,096 steps of linear light from 0 to SDR white, spaced by the square root of light."""
    light = np.linspace(0.0, 1.0, 4096) ** 2
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * encoded).astype(np.uint8)


def _tone_map(codes: NDArray[Any], frame: VideoFrame) -> RGB:
    """HDR to SDR: linear light, BT.709 primaries, highlights rolled off by the brightest channel (so hues stay)."""
    light = _to_linear(int(frame.color_trc))[codes >> 4]
    if int(frame.color_primaries) in (_BT2020_PRIMARIES, _UNSPECIFIED):
        light = np.maximum(light @ _BT2020_TO_BT709.T, 0.0)
    brightest = np.maximum(light.max(axis=2, keepdims=True), 1e-6)
    light = light * (_roll_off(brightest) / brightest)
    steps = np.sqrt(np.clip(light, 0.0, 1.0)) * 4095.0
    image: RGB = _from_linear()[np.round(steps).astype(np.uint16)]
    return image


def _roll_off(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Identity up to the knee; above it extended Reinhard on the excess: slope 1 at the knee, 1.0 at the peak."""
    scale = 1.0 - _KNEE
    excess = np.maximum(light - _KNEE, 0.0) / scale
    peak = (_PEAK_NITS / _WHITE_NITS - _KNEE) / scale
    rolled = _KNEE + scale * excess * (1.0 + excess / peak**2) / (1.0 + excess)
    return np.minimum(np.where(light <= _KNEE, light, rolled), 1.0)
