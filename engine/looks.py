"""Which frames of a clip are looked at when it is checked: evenly spread ones, and those that show something new.

It knows how pictures differ and what decoding costs, and nothing of what guards look for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.media import ClipReader, SampledFrame

    Thumbs = NDArray[np.float32]  # (pictures, cells, 3), 0 to 255

_MAX_SIDE = 1024  # pixels; no guard's input is larger, and 4K frames are 28 MB each
_GRID = (48, 27)  # cells of a thumbnail: columns, rows

# Of 255, as the mean over the cells. From one picture to the next, motion changes less and a cut changes more; over a
# longer time (a dissolve, a pan) it takes a larger change until there is something new to see. Unlike the detection of
# shots for answers, flashes count: one frame is enough to show something.
_ABRUPT = 12.0
_GRADUAL = 28.0
# Of 255, in the cell that differs most: compression and grain differ less between frames of a still picture.
_SAME = 8.0

_SCAN_FPS = 30.0
_SCAN_SIDE = 96
# Watched from end to end up to this much to decode, which is 16 s of 1080p and 145 s of 640×360 (at 30/s) and takes a
# processor one to three seconds. Of longer clips only the key frames are watched: encoders put one at most cuts.
_SCAN_PIXELS = 1.0e9
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

    Costs, however long the clip is, at most the decoding of `_SCAN_PIXELS` or `_KEY_FRAMES` more than the spread
    frames themselves. Raises what the reader raises (`MediaError`).
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
    times, candidates = _changes(_watched(clip, len(frames)))
    chosen = _thumbs(frame.image for frame in frames)
    if not times:
        return []
    distance = _differences(candidates, chosen).min(axis=1)
    picked: list[int] = []
    while len(picked) < min(_NEWS_FOR_EACH * len(frames), _MOST_NEWS):
        newest = int(distance.argmax())  # what is least like all that is looked at already
        if distance[newest] <= _ABRUPT:
            break
        picked.append(newest)
        distance = np.minimum(distance, _differences(candidates, candidates[newest : newest + 1])[:, 0])
    return [times[index] for index in sorted(picked)]


def _watched(clip: ClipReader, spread: int) -> Iterable[SampledFrame]:
    info = clip.info
    if info.width * info.height * max(info.fps, 1.0) * info.duration_s <= _SCAN_PIXELS:
        return clip.scan(max_fps=_SCAN_FPS, max_side=_SCAN_SIDE)
    keys = list(clip.key_frames(max_side=_SCAN_SIDE, limit=_KEY_FRAMES))
    if len(keys) < spread:  # then the spread frames took as much decoding as watching it from end to end
        return clip.scan(max_fps=_SCAN_FPS, max_side=_SCAN_SIDE)
    return keys


def _changes(pictures: Iterable[SampledFrame]) -> tuple[list[float], Thumbs]:
    """The times and thumbnails of the pictures that follow a cut or differ much from the last such one."""
    times: list[float] = []
    kept: list[Thumbs] = []
    before: Thumbs | None = None
    for picture in pictures:
        thumb = _thumb(picture.image)
        if before is None or np.abs(thumb - before).mean() > _ABRUPT or np.abs(thumb - kept[-1]).mean() > _GRADUAL:
            times.append(picture.time_s)
            kept.append(thumb)
        before = thumb
    return times, np.array(kept, dtype=np.float32)


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


def _thumb(image: NDArray[np.uint8]) -> Thumbs:
    from PIL import Image

    small = Image.fromarray(image).resize(_GRID, Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32).reshape(-1, 3)
