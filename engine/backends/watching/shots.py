"""Where one shot ends and the next begins: hard cuts and fades, from small pictures in time order.

A cut changes the picture *everywhere* at once and for good. That tells it from something large that passes (it
changes a part), from a fast pan (its neighbours change as much) and from a flash (the old picture comes back).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from engine.backends.watching.span import Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Series = NDArray[np.float64]

THUMB = (48, 27)  # width, height: cells of 8 × 9 pixels
_CELLS = (3, 9, 6, 8)

_LEAST_CHANGE = 11.0  # of 255, in the median cell: below it, compression and grain
_STANDS_OUT = 2.5  # times what its neighbours change
_FLASH_S = 0.25
_EMPTY_SPREAD = 7.0  # a black or white picture has no more contrast than this
_FADE_S = 0.2
_DISSOLVE_S = (0.4, 0.7, 1.1)
_MIXED = 0.12  # of the difference between the two pictures: what a mixture of them may be off
_STANDS = 0.4  # of 255 from one look to the next


def thumb(image: Image) -> NDArray[np.float32]:
    """Shrink a (H, W, 3) picture to what is compared: (27, 48, 3) float32."""
    return cv2.resize(image, THUMB, interpolation=cv2.INTER_AREA).astype(np.float32)


def change(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """How much the median cell of the picture differs, 0 to 255."""
    return float(np.median(_cells(one, other)))


def _cells(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean difference of each cell of the picture."""
    difference: NDArray[np.float32] = cv2.absdiff(one, other).mean(axis=2).reshape(_CELLS).mean(axis=(1, 3)).ravel()
    return difference


@dataclass(frozen=True)
class Fade:
    """The picture goes to or comes from one empty colour."""

    span: Span
    way: Literal["in", "out"]
    colour: Literal["black", "white"]


def cuts(times: Series, thumbs: list[NDArray[np.float32]], sparse: bool = False) -> list[int]:
    """Indices of the first picture after every hard cut.

    With `sparse` the pictures are seconds apart, so that neighbours say nothing about motion: then a change has to be
    large by itself.
    """
    if len(thumbs) < 2:
        return []
    changes = np.concatenate([[0.0], np.median([_cells(a, b) for a, b in pairwise(thumbs)], axis=1)])
    if sparse:
        return [int(i) for i in np.nonzero(changes > 2.2 * _LEAST_CHANGE)[0]]
    found = []
    for index in np.nonzero(changes > _LEAST_CHANGE)[0]:
        near = np.abs(times - times[index]) < 0.3
        near[index] = False
        # Two neighbours may be as large: the other end of a very short shot, or a damaged picture.
        usual = np.sort(changes[near])[:-1] if near.sum() > 2 else changes[near]
        if len(usual) and changes[index] < _STANDS_OUT * float(np.quantile(usual, 0.9)):
            continue
        if not _is_flash(times, thumbs, int(index), float(changes[index])):
            found.append(int(index))
    return found


def _is_flash(times: Series, thumbs: list[NDArray[np.float32]], index: int, size: float) -> bool:
    """Whether the picture before comes back soon, or the picture after was there a moment ago."""
    after = np.nonzero((times > times[index]) & (times <= times[index] + _FLASH_S))[0]
    before = np.nonzero((times < times[index - 1]) & (times >= times[index - 1] - _FLASH_S))[0]
    returns = any(change(thumbs[index - 1], thumbs[j]) < 0.4 * size for j in after)
    was_there = any(change(thumbs[j], thumbs[index]) < 0.4 * size for j in before)
    return returns or was_there


def dissolves(times: Series, thumbs: list[NDArray[np.float32]], cut: Sequence[int]) -> list[Span]:
    """The cross-fades between two pictures: in their middle each picture is a mixture of the one before and after.

    `cut` are the indices of hard cuts, over which nothing dissolves. Camera moves mix no pictures.
    """
    if len(times) < 8:
        return []
    small = np.asarray([cv2.resize(each, (16, 9), interpolation=cv2.INTER_AREA) for each in thumbs], np.float32)
    moves = np.abs(np.diff(small, axis=0)).mean(axis=(1, 2, 3))
    found: list[Span] = []
    for length_s in _DISSOLVE_S:
        lasts = np.searchsorted(times, times + length_s)
        firsts = np.flatnonzero((lasts < len(times)) & (lasts - np.arange(len(times)) >= 4))
        far = np.abs(small[lasts[firsts]] - small[firsts]).mean(axis=(1, 2, 3)) > _LEAST_CHANGE
        for first, last in zip(firsts[far].tolist(), lasts[firsts[far]].tolist(), strict=True):
            whole = float(np.abs(small[last] - small[first]).mean())
            if float(moves[first:last].max()) > 0.5 * whole or any(first < at <= last for at in cut):
                continue
            if _dissolves(small, first, last):
                found.append(Span(float(times[first]), float(times[last])))
    return _united(found)


def _dissolves(small: NDArray[np.float32], first: int, last: int) -> bool:
    one, other = small[first], small[last]
    whole = np.abs(other - one).mean(axis=2)
    if float(np.median(whole)) < _LEAST_CHANGE or min(float(one.std()), float(other.std())) < _EMPTY_SPREAD:
        return False
    part = np.array([np.abs(small[at] - one).mean() for at in range(first + 1, last)]) / max(1e-6, float(whole.mean()))
    for at, mixed in zip(range(first + 1, last), part.tolist(), strict=True):
        miss = np.abs(small[at] - (one + min(mixed, 1.0) * (other - one))).mean()
        if miss > _MIXED * float(whole.mean()):
            return False
    return bool((part > 0.25).any() and (part < 0.75).any())


def _united(spans: list[Span]) -> list[Span]:
    """Overlapping spans as one."""
    united: list[Span] = []
    for span in sorted(spans, key=lambda each: each.start_s):
        if united and span.start_s <= united[-1].end_s:
            united[-1] = Span(united[-1].start_s, max(united[-1].end_s, span.end_s))
        else:
            united.append(span)
    return united


def fades(times: Series, thumbs: list[NDArray[np.float32]]) -> list[Fade]:
    """Fades from and to black and white, in time order."""
    levels = np.array([float(t.mean()) for t in thumbs])
    spreads = np.array([float(t.std()) for t in thumbs])
    found: list[Fade] = []
    for colour, empty in (("black", levels < 18), ("white", levels > 236)):
        distance = levels if colour == "black" else 255 - levels
        for first, last in _runs(empty & (spreads < _EMPTY_SPREAD)):
            start, end = _ramp(distance, first, -1), _ramp(distance, last, +1)
            # Almost empty is not yet empty: the fade goes on to where the colour stands still.
            while first < last and distance[first + 1] < distance[first] - _STANDS:
                first += 1
            while last > first and distance[last - 1] < distance[last] - _STANDS:
                last -= 1
            if times[first] - times[start] >= _FADE_S:
                found.append(Fade(Span(float(times[start]), float(times[first])), "out", colour))  # type: ignore[arg-type]
            if times[end] - times[last] >= _FADE_S:
                found.append(Fade(Span(float(times[last]), float(times[end])), "in", colour))  # type: ignore[arg-type]
    return sorted(found, key=lambda fade: fade.span.start_s)


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _ramp(distance: Series, index: int, step: int) -> int:
    """Walk away from an empty picture for as long as it gets steadily less empty."""
    at = index
    while 0 <= at + step < len(distance):
        rise = distance[at + step] - distance[at]
        if rise < _STANDS or rise > 60:
            break
        at += step
    return at
