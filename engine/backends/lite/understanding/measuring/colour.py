"""Colours in plain words: every pixel gets one of a dozen names, and a picture is the shares of those names."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Series = NDArray[np.float64]

NAMES = (
    "black", "dark grey", "grey", "light grey", "white", "red", "orange", "brown", "beige",
    "yellow", "green", "cyan", "blue", "purple", "pink",
)  # fmt: skip

_INDEX = {name: index for index, name in enumerate(NAMES)}

# Upper bounds of hue in degrees, ascending; the name holds below its bound.
_HUES = ((12, "red"), (40, "orange"), (68, "yellow"), (165, "green"), (195, "cyan"), (262, "blue"), (295, "purple"),
         (340, "pink"), (361, "red"))  # fmt: skip


def name_indices(image: Image) -> NDArray[np.int64]:
    """Map (H, W, 3) uint8 RGB to (H, W) indices into `NAMES`."""
    hsv = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2HSV).astype(np.float64)
    hue, saturation, value = hsv[..., 0] * 2.0, hsv[..., 1] / 255.0, hsv[..., 2] / 255.0
    bounds = np.array([bound for bound, _ in _HUES], dtype=np.float64)
    by_hue = np.array([_INDEX[name] for _, name in _HUES])
    names = by_hue[np.digitize(hue, bounds)]

    warm = (hue >= 12) & (hue < 50)
    names[warm & (value < 0.62)] = _INDEX["brown"]
    names[warm & (saturation < 0.42) & (value >= 0.62)] = _INDEX["beige"]
    names[(hue >= 340) & (saturation < 0.45) & (value > 0.6)] = _INDEX["pink"]
    names[(hue < 12) & (saturation < 0.45) & (value > 0.6)] = _INDEX["pink"]
    names[((hue < 12) | (hue >= 340)) & (saturation < 0.5) & (value <= 0.6)] = _INDEX["brown"]

    # Eyes stop seeing a hue sooner in the dark and in weak tints: chroma, not saturation, decides what is grey.
    grey = (saturation * value < 0.105) | (saturation < 0.14)
    greys = np.array([_INDEX[n] for n in ("black", "dark grey", "grey", "light grey", "white")])
    names[grey] = greys[np.digitize(value, [0.16, 0.38, 0.62, 0.84])][grey]
    names[value < 0.12] = _INDEX["black"]
    return names


@cache
def _table() -> NDArray[np.uint8]:
    """The index of the name of every colour, six bits a channel: (64, 64, 64)."""
    levels = (np.arange(64) * 4 + 2).astype(np.uint8)
    every = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    return name_indices(every.reshape(64 * 64, 64, 3)).astype(np.uint8).reshape(64, 64, 64)


def shares(image: Image) -> Series:
    """The share of every name of `NAMES` in a picture; sums to 1."""
    red, green, blue = (image[..., channel].ravel() >> 2 for channel in range(3))
    counts = np.bincount(_table()[red, green, blue], minlength=len(NAMES))
    return np.asarray(counts / max(1, counts.sum()), dtype=np.float64)


def dominant(image: Image) -> str:
    """The most frequent name."""
    return NAMES[int(np.argmax(shares(image)))]
