"""Motion between two looks: the camera's first, then what still moves once the camera's share is taken away.

Knows pictures only, neither shots nor words. Lengths come out as fractions of the picture's width per second.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from . import colour

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.uint8]
    Plane = NDArray[np.float32]

# Something large that passes must not be taken for a moving camera. What stays put for real is strong evidence of a
# camera at rest, for a moving one takes everything along except captions and logos.
_REST_OVER_MODEL = 0.7
_FOLLOWS_PIXELS = 0.4
_NO_BETTER = 1.02  # times the remaining difference: the flow explains no more than rest does
_CELL = 8
_MIN_CELLS = 12


@dataclass(frozen=True)
class Region:
    """A part of the picture that moves in one direction. Box, centre and area are fractions of the picture."""

    box: tuple[float, float, float, float]  # left, top, right, bottom
    centre: tuple[float, float]
    area: float
    velocity: tuple[float, float]  # widths per second, right and down
    growth: float  # relative growth in size per second
    colour: str


@dataclass(frozen=True)
class Step:
    """What moved between two looks. `picture` is (right, down, log growth) of the whole picture per second, or None
    when too little of it could be followed. `moving` is the share of the picture that moves by itself."""

    start_s: float
    end_s: float
    picture: tuple[float, float, float] | None
    moving: float
    regions: tuple[Region, ...]


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep OpenCV to one thread: its flow depends on into how many stripes it cuts a picture, and facts must not."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


class Follower:
    """Computes one `Step` from two grey pictures of the same size."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def step(self, before: Image, after: Image, image: Image, start_s: float, end_s: float) -> Step:
        """`before` and `after` are (H, W) uint8; `image` is `before` in RGB, for the colour of what moves."""
        flow = np.asarray(self._flow.calc(before, after, np.zeros((*before.shape, 2), np.float32)), dtype=np.float32)
        width, seconds = before.shape[1], max(1e-3, end_s - start_s)
        explained = _smoothed(cv2.absdiff(before, _fetch(after, flow)))
        points, vectors = _cells(before, flow, dragged=_dragged(before, after, explained))
        matrix = _picture_motion(points, vectors)
        known = matrix is not None
        matrix = _AT_REST if matrix is None else matrix
        camera = _flow_of(matrix, flow.shape[:2])
        mask = _moving_mask(before, after, flow - camera, camera, explained)
        regions = tuple(_regions(mask, flow - camera, image, width * seconds)) if mask.any() else ()
        picture = None
        if known:
            centre = np.array([width / 2, before.shape[0] / 2, 1.0])
            shift = matrix @ centre - centre[:2]
            growth = float(np.log(max(1e-3, np.hypot(matrix[0, 0], matrix[1, 0]))))
            picture = (float(shift[0]) / width / seconds, float(shift[1]) / width / seconds, growth / seconds)
        return Step(start_s, end_s, picture, float(mask.mean()), regions)


_AT_REST = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def _dragged(before: Image, after: Image, explained: Plane) -> NDArray[np.bool_]:
    """Where the pixels stayed as they were, whatever the flow says: it is smooth, and moving neighbours drag it."""
    change = _smoothed(cv2.absdiff(before, after))
    return np.asarray(change <= _NO_BETTER * explained)


def _picture_motion(points: Plane, vectors: Plane) -> NDArray[np.float64] | None:
    """The (2, 3) similarity that most of the textured picture follows, or None when too little has texture."""
    if len(points) < _MIN_CELLS:
        return None
    rest = float((np.hypot(vectors[:, 0], vectors[:, 1]) < _FOLLOWS_PIXELS).mean())
    if rest > 0.6:
        return _AT_REST
    fitted: tuple[Any, Any] = cv2.estimateAffinePartial2D(
        points, points + vectors, method=cv2.RANSAC, ransacReprojThreshold=0.8, maxIters=300, confidence=0.99
    )
    matrix, inliers = fitted  # both None when nothing fits
    if matrix is None:
        return _AT_REST if rest > 0.25 else None
    misses = points @ matrix[:, :2].T + matrix[:, 2] - points - vectors
    follows = float((np.hypot(misses[:, 0], misses[:, 1]) < _FOLLOWS_PIXELS).mean())
    if rest > _REST_OVER_MODEL * follows:
        return _AT_REST
    return np.asarray(matrix, dtype=np.float64) if inliers.mean() > 0.3 else None


def _cells(before: Image, flow: Plane, dragged: NDArray[np.bool_]) -> tuple[Plane, Plane]:
    """The textured cells of a grid: their centres and their motion, both (N, 2) in pixels."""
    slope = np.abs(cv2.Sobel(before, cv2.CV_16S, 1, 0)) + np.abs(cv2.Sobel(before, cv2.CV_16S, 0, 1))
    height, width = (side // _CELL * _CELL for side in before.shape)
    cells = slope[:height, :width].reshape(height // _CELL, _CELL, width // _CELL, _CELL).max(axis=(1, 3))
    rows, columns = np.nonzero(cells > 40)
    xs, ys = columns * _CELL + _CELL // 2, rows * _CELL + _CELL // 2
    vectors = np.where(dragged[ys, xs][:, None], np.float32(0), flow[ys, xs].astype(np.float32))
    return np.stack([xs, ys], axis=1).astype(np.float32), vectors


def _flow_of(matrix: NDArray[np.float64], shape: tuple[int, ...]) -> Plane:
    """The (H, W, 2) flow of a (2, 3) matrix."""
    xs = np.arange(shape[1], dtype=np.float32)[None, :]
    ys = np.arange(shape[0], dtype=np.float32)[:, None]
    (a, b, c), (d, e, f) = matrix.astype(np.float32)
    return np.stack([(a - 1) * xs + b * ys + c, d * xs + (e - 1) * ys + f], axis=2)


def _moving_mask(before: Image, after: Image, residual: Plane, camera: Plane, explained: Plane) -> NDArray[np.bool_]:
    """Where the picture moves against the camera *and* that motion explains a real change of the pixels."""
    height, width = before.shape
    speed = cv2.magnitude(residual[..., 0], residual[..., 1])
    least = max(0.6, 0.002 * width + 0.12 * float(np.hypot(*camera[height // 2, width // 2])))
    fast = speed > least
    if not fast.any():
        return np.asarray(fast)
    unexplained = _smoothed(cv2.absdiff(before, _fetch(after, camera)))
    mask = fast & (unexplained > 4) & (explained < 0.85 * unexplained)
    # What is inside a moving thing moves too, even where it is too smooth to show it.
    size = max(3, width // 32) | 1
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray((opened > 0) & (speed > least / 2))


def _smoothed(difference: object) -> Plane:
    """The mean of a (H, W) difference around every pixel."""
    return np.asarray(cv2.blur(np.asarray(difference, dtype=np.float32), (7, 7)), dtype=np.float32)


def _fetch(picture: Image, flow: Plane) -> Image:
    """The (H, W) picture as it would have looked before `flow`."""
    height, width = picture.shape
    xs = flow[..., 0] + np.arange(width, dtype=np.float32)[None, :]
    ys = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(cv2.remap(picture, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _regions(mask: NDArray[np.bool_], residual: Plane, image: Image, unit: float) -> list[Region]:
    """Connected parts of the mask that go one of four ways, largest first."""
    height, width = mask.shape
    right, down = residual[..., 0], residual[..., 1]
    sideways = np.abs(right) >= np.abs(down)
    found: list[Region] = []
    for part in (sideways & (right > 0), sideways & (right <= 0), ~sideways & (down > 0), ~sideways & (down <= 0)):
        count, labels, stats, centres = cv2.connectedComponentsWithStats((mask & part).astype(np.uint8), connectivity=8)
        for label in range(1, count):
            left, top, wide, high, area = (int(v) for v in stats[label])
            if area < 0.002 * mask.size:
                continue
            inside = labels[top : top + high, left : left + wide] == label
            patch = residual[top : top + high, left : left + wide][inside]
            velocity = np.median(patch, axis=0) / unit
            found.append(
                Region(
                    box=(left / width, top / height, (left + wide) / width, (top + high) / height),
                    centre=(float(centres[label][0]) / width, float(centres[label][1]) / height),
                    area=area / mask.size,
                    velocity=(float(velocity[0]), float(velocity[1])),
                    growth=_growth(patch, inside, left, top) * width / unit,
                    colour=colour.dominant(image[top : top + high, left : left + wide][inside][:, None, :]),
                )
            )
    return sorted(found, key=lambda region: -region.area)[:8]


def _growth(patch: Plane, inside: NDArray[np.bool_], left: int, top: int) -> float:
    """The mean divergence of a patch's flow: above 0 when it swells."""
    ys, xs = np.nonzero(inside)
    slopes = []
    for axis, values in ((0, xs), (1, ys)):
        spread = float(np.var(values))
        if spread < 4.0:
            return 0.0
        slopes.append(float(np.mean((values - values.mean()) * (patch[:, axis] - patch[:, axis].mean()))) / spread)
    return sum(slopes) / 2
