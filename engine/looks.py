"""Which frames of a clip are looked at when it is checked: evenly spread ones, and those that show something new.

It knows how pictures differ and what decoding costs, and nothing of what guards look for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.media import ClipReader, SampledFrame

    Thumb = NDArray[np.float32]  # (cells, 3), 0 to 255
    Thumbs = NDArray[np.float32]  # (pictures, cells, 3)

_MAX_SIDE = 1024  # pixels; no guard's input is larger, and 4K frames are 28 MB each
_GRID = (48, 27)  # cells of a thumbnail: columns, rows

# Of 255, as the mean over the cells. A cut changes this much and more than the motion around it does; over a longer
# time (a dissolve, a pan) it takes a larger change until there is something new to see. Unlike the detection of shots
# for answers, flashes count: one frame is enough to show something.
_ABRUPT = 12.0
_GRADUAL = 28.0
_STANDS_OUT = 2.5  # times the largest of the few changes before it
_FEW = 3
# Of 255, in the cell that differs most: compression and grain differ less between frames of a still picture.
_SAME = 8.0

_SCAN_FPS = 30.0
_SCAN_SIDE = 96
# Watched from end to end up to this much to decode: 16 s of 1080p, 145 s of 640×360 (at 30/s). Two cores take 2.5 s for
# that. Of longer clips only the key frames are watched, for encoders put one at most cuts, unless there are so few of
# them that they tell little; what then is longer still can hide something between them.
_SCAN_PIXELS = 1.0e9
_SCAN_PIXELS_WITHOUT_KEYS = 2.0e9
_KEY_FRAMES = 256
_NEWS_FOR_EACH = 2  # at most so many further frames for each of the evenly spread ones ...
_MOST_NEWS = 64  # ... and altogether


@dataclass(frozen=True)
class Looks:
    """The frames that are looked at, in time order. `like` has for each the index of the first frame that shows the
    same picture, which is its own unless it is a near-duplicate."""

    frames: tuple[SampledFrame, ...]
    like: tuple[int, ...]

    @property
    def distinct(self) -> tuple[int, ...]:
        """The indices of those that have to be scored."""
        return tuple(sorted(set(self.like)))


def choose(clip: ClipReader, count: int) -> Looks:
    """Up to `count` evenly spread frames, and up to twice as many that show something new between them.

    What finding these costs is bounded, however long the clip is. Raises what the reader raises (`MediaError`).
    """
    frames = clip.sample(count, max_side=_MAX_SIDE)
    if clip.info.kind != "image" and len(frames) != clip.info.frames:
        known = {frame.time_s for frame in frames}
        times = [time_s for time_s in _news(clip, frames) if time_s not in known]
        found = clip.frames_at(times, max_side=_MAX_SIDE) if times else []
        frames = sorted({frame.time_s: frame for frame in (*found, *frames)}.values(), key=lambda each: each.time_s)
    return Looks(tuple(frames), _twins(_thumbs(frame.image for frame in frames)))


def _news(clip: ClipReader, frames: Sequence[SampledFrame]) -> list[float]:
    """The times in seconds, in order, of pictures that none of `frames` shows."""
    candidates = list(_changes(_watched(clip, len(frames))))
    if not candidates:
        return []
    times, thumbs, needed = zip(*candidates, strict=True)
    pictures = np.array(thumbs, dtype=np.float32)
    newness = _differences(pictures, _thumbs(frame.image for frame in frames)).min(axis=1) - needed
    picked: list[int] = []
    while len(picked) < min(_NEWS_FOR_EACH * len(frames), _MOST_NEWS):
        newest = int(newness.argmax())  # what is least like all that is looked at already
        if newness[newest] <= 0:
            break
        picked.append(newest)
        newness = np.minimum(newness, _differences(pictures, pictures[newest : newest + 1])[:, 0] - needed)
    return [times[index] for index in sorted(picked)]


def _watched(clip: ClipReader, spread: int) -> Iterable[SampledFrame]:
    info = clip.info
    to_decode = info.width * info.height * max(info.fps, 1.0) * info.duration_s
    if to_decode > _SCAN_PIXELS:
        keys = list(clip.key_frames(max_side=_SCAN_SIDE, limit=_KEY_FRAMES))
        if len(keys) >= spread or to_decode > _SCAN_PIXELS_WITHOUT_KEYS:
            return keys
    return clip.scan(max_fps=_SCAN_FPS, max_side=_SCAN_SIDE)


def _changes(pictures: Iterable[SampledFrame]) -> Iterator[tuple[float, Thumb, float]]:
    """(time in seconds, thumbnail, how much it has to differ from what is looked at) of the pictures that follow a cut
    or differ much from the last such one."""
    before: Thumb | None = None
    kept: Thumb | None = None
    usual: deque[float] = deque([0.0], maxlen=_FEW)
    for picture in pictures:
        thumb = _thumb(picture.image)
        change = float(np.abs(thumb - before).mean()) if before is not None else 0.0
        if change > max(_ABRUPT, _STANDS_OUT * max(usual)):
            yield picture.time_s, thumb, _ABRUPT
            kept = thumb
        elif kept is None or np.abs(thumb - kept).mean() > _GRADUAL:
            yield picture.time_s, thumb, _GRADUAL
            kept = thumb
        usual.append(change)
        before = thumb


def _twins(thumbs: Thumbs) -> tuple[int, ...]:
    like: list[int] = []
    for index in range(len(thumbs)):
        earlier = sorted(set(like))
        worst = np.abs(thumbs[earlier] - thumbs[index]).max(axis=(1, 2)) if earlier else np.empty(0)
        same = np.flatnonzero(worst <= _SAME)
        like.append(earlier[int(same[0])] if len(same) else index)
    return tuple(like)


def _differences(some: Thumbs, others: Thumbs) -> NDArray[np.float64]:
    """The mean difference of each of `some` from each of `others`, 0 to 255: (some, others)."""
    return np.stack([np.abs(some - other).mean(axis=(1, 2)) for other in others], axis=1)


def _thumbs(images: Iterable[NDArray[np.uint8]]) -> Thumbs:
    return np.array([_thumb(image) for image in images], dtype=np.float32)


def _thumb(image: NDArray[np.uint8]) -> Thumb:
    from PIL import Image

    small = Image.fromarray(image).resize(_GRID, Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32).reshape(-1, 3)
