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
_LEAST = 0.002  # of the picture: the smallest region
_CHANGES = 12  # of 255: more than grain and compression
_SMALLEST = 16  # pixels: below, nothing can be followed
_CELL = 8
_MIN_CELLS = 12
_TEXTURED = 0.1  # of the cells, in three quarters of the picture: less may be a thing that moves on a plain ground
_THING = 0.5  # of a region: less is ground that something uncovers or hides
_SAME_GROUND = 9.0  # of 255: what differs less from the resting picture around it is ground that was just uncovered


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
        if min(before.shape) < _SMALLEST:
            return Step(start_s, end_s, None, float((cv2.absdiff(before, after) > 25).mean()), ())
        width, seconds = before.shape[1], max(1e-3, end_s - start_s)
        change = np.asarray(cv2.absdiff(before, after), dtype=np.uint8)
        changed = _smoothed(change)
        flow = np.zeros((*before.shape, 2), np.float32)
        if int(change.max()) > _CHANGES:  # where nothing changes there is nothing to follow
            flow = np.asarray(self._flow.calc(before, after, flow), dtype=np.float32)
        explained = _smoothed(cv2.absdiff(before, _fetch(after, flow)))
        # Pixels may have stayed as they were, whatever the flow says: it is smooth, and moving neighbours drag it.
        points, vectors = _cells(before, flow, dragged=changed <= _NO_BETTER * explained)
        matrix = _picture_motion(points, vectors, change)
        known = matrix is not None
        matrix = _AT_REST if matrix is None else matrix
        if matrix is not _AT_REST:
            camera = _flow_of(matrix, flow.shape[:2])
            flow -= camera
            changed = _smoothed(cv2.absdiff(before, _fetch(after, camera)))
        centre = np.array([width / 2, before.shape[0] / 2, 1.0])
        shift = matrix @ centre - centre[:2]
        mask = _moving_mask(flow, float(np.hypot(*shift)), changed, explained)
        regions = tuple(_regions(mask, flow, image, seconds)) if mask.any() else ()
        picture = None
        if known:
            growth = float(np.log(max(1e-3, np.hypot(matrix[0, 0], matrix[1, 0]))))
            picture = (float(shift[0]) / width / seconds, float(shift[1]) / width / seconds, growth / seconds)
        return Step(start_s, end_s, picture, float(mask.mean()), regions)


_AT_REST = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def _picture_motion(points: Plane, vectors: Plane, change: Image) -> NDArray[np.float64] | None:
    """The (2, 3) similarity that most of the textured picture follows, or None when too little has texture.

    `change` is how much each pixel, (H, W), differs between the two pictures.
    """
    if len(points) < _MIN_CELLS:
        return None
    height, width = change.shape
    if len({(x * 2 >= width, y * 2 >= height) for x, y in points.tolist()}) < 3 or (
        len(points) * _CELL**2 < _TEXTURED * height * width
    ):
        # A thing that moves on a plain ground tells nothing of the camera, but what rests far from it does.
        near = cv2.dilate((change > _CHANGES).astype(np.uint8), np.ones((6 * _CELL, 6 * _CELL), np.uint8))
        resting = near[points[:, 1].astype(int), points[:, 0].astype(int)] == 0
        return _AT_REST if int(resting.sum()) >= _MIN_CELLS else None
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


def _moving_mask(residual: Plane, camera: float, changed: Plane, explained: Plane) -> NDArray[np.bool_]:
    """Where the picture moves against the camera *and* that motion explains a real change of the pixels.

    `camera` is how far the camera moves the middle of the picture, in pixels; `changed` is what differs without
    `residual`, and `explained` what still differs with it.
    """
    width = residual.shape[1]
    speed = cv2.magnitude(residual[..., 0], residual[..., 1])
    least = max(0.6, 0.002 * width + 0.12 * camera)
    mask = (speed > least) & (changed > 4) & (explained < 0.85 * changed)
    if not mask.any():
        return np.asarray(mask)
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


def _regions(mask: NDArray[np.bool_], residual: Plane, image: Image, seconds: float) -> list[Region]:
    """Connected parts of the mask that go one of four ways, largest first.

    Left out are ground that a thing uncovers, and jumps larger than what jumps: their direction is anybody's guess.
    """
    height, width = mask.shape
    unit = width * seconds
    rest = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0
    right, down = residual[..., 0], residual[..., 1]
    ground = _plain(image[::4, ::4][rest[::4, ::4]], 0.5)
    sideways = np.abs(right) >= np.abs(down)
    found: list[Region] = []
    for part in (sideways & (right > 0), sideways & (right <= 0), ~sideways & (down > 0), ~sideways & (down <= 0)):
        if int((mask & part).sum()) < _LEAST * mask.size:
            continue
        count, labels, stats, centres = cv2.connectedComponentsWithStats((mask & part).astype(np.uint8), connectivity=8)
        for label in range(1, count):
            left, top, wide, high, area = (int(v) for v in stats[label])
            if area < _LEAST * mask.size:
                continue
            inside = labels[top : top + high, left : left + wide] == label
            patch = residual[top : top + high, left : left + wide][inside]
            shift = np.median(patch, axis=0)
            near = np.s_[max(0, top - 5) : top + high + 5, max(0, left - 5) : left + wide + 5]
            thing = _thing(labels[near] == label, rest[near], image[near], ground)
            if thing is None or abs(shift[0]) > wide or abs(shift[1]) > high:
                continue
            velocity = shift / unit
            found.append(
                Region(
                    box=(left / width, top / height, (left + wide) / width, (top + high) / height),
                    centre=(float(centres[label][0]) / width, float(centres[label][1]) / height),
                    area=area / mask.size,
                    velocity=(float(velocity[0]), float(velocity[1])),
                    growth=_growth(patch, inside, left, top) * width / unit,
                    colour=colour.dominant(image[near][thing][:, None, :]),
                )
            )
    return sorted(found, key=lambda region: -region.area)[:8]


def _thing(
    region: NDArray[np.bool_], rest: NDArray[np.bool_], image: Image, ground: Plane | None
) -> NDArray[np.bool_] | None:
    """The part of a (H, W) region that is not of the colour of the resting picture around it, where that is plain.

    None when that is next to nothing: then the region is ground that something uncovers or hides.
    """
    if ground is None:
        beside = cv2.dilate(region.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool) & rest
        ground = _plain(image[beside], 0.7) if beside.sum() >= 0.05 * region.sum() else None
    if ground is None:
        return region
    thing = region & (np.abs(image.astype(np.float32) - ground).max(axis=2) >= 2 * _SAME_GROUND)
    return thing if thing.sum() > _THING * region.sum() else None


def _plain(pixels: Image, share: float) -> Plane | None:
    """The colour of (N, 3) pixels when at least `share` of them have it."""
    if not len(pixels):
        return None
    middle = np.median(pixels, axis=0).astype(np.float32)
    alike = np.abs(pixels.astype(np.float32) - middle).max(axis=1) < _SAME_GROUND
    return middle if float(alike.mean()) >= share else None


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
