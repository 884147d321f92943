"""Which frames of a clip are looked at when it is checked: evenly spread ones, and those that show something new.

It knows how pictures differ and what decoding costs, and nothing of what guards look for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.media import ClipReader, Glimpse, SampledFrame

Thumb = NDArray[np.float32]  # (cells, 3), 0 to 255
Thumbs = NDArray[np.float32]  # (pictures, cells, 3)
P = TypeVar("P", SampledFrame, Glimpse, SampledFrame | Glimpse)
Change = tuple[P, Thumb, float]  # a picture, its thumbnail, how much it has to differ from what is looked at

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
# Watched from end to end up to this much to decode: 18 s of 720p, 72 s of 640×360 (at 30/s). Two cores take some 0.8 s
# for that. Of longer clips only the key frames are watched, for encoders put one at most cuts, unless there are so few
# of them that they tell little; what then is longer still can hide something between them.
_SCAN_PIXELS = 0.5e9
_SCAN_PIXELS_WITHOUT_KEYS = 1.0e9
_HELD_PIXELS = 50_000_000  # of decoded pictures that may turn out to be new: 75 MB; others are decoded once more
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
    if (elsewhere := getattr(clip, "looks", None)) is not None:  # better chosen where it is decoded
        found: Looks = elsewhere(count)
        return found
    info = clip.info
    if info.kind == "image" or (info.frames is not None and info.frames <= count):
        frames = clip.sample(count, max_side=_MAX_SIDE)
    elif (keys := _keys(clip, count)) is not None:
        frames = clip.sample(count, max_side=_MAX_SIDE)
        times = [frame.time_s for frame in _news(list(_changes(keys)), frames)]
        frames += clip.frames_at(times, max_side=_MAX_SIDE) if times else []
    else:
        frames = _watched(clip, count)
    frames = sorted({frame.time_s: frame for frame in reversed(frames)}.values(), key=lambda each: each.time_s)
    return Looks(tuple(frames), _twins(_thumbs(frame.image for frame in frames)))


def _keys(clip: ClipReader, spread: int) -> list[SampledFrame] | None:
    """The key frames of a clip that is too long to be watched; None for one that is to be watched from end to end."""
    info = clip.info
    to_decode = info.width * info.height * max(info.fps, 1.0) * info.duration_s
    if to_decode <= _SCAN_PIXELS:
        return None
    keys = list(clip.key_frames(max_side=_SCAN_SIDE, limit=_KEY_FRAMES))
    return keys if len(keys) >= spread or to_decode > _SCAN_PIXELS_WITHOUT_KEYS else None


def _watched(clip: ClipReader, count: int) -> list[SampledFrame]:
    """The spread frames and the new ones, in any order, from decoding the clip once."""
    moments = clip.moments(count)
    spread: list[SampledFrame] = []

    def passing() -> Iterator[Glimpse]:
        before: Glimpse | None = None
        for glimpse in clip.glimpses(max_fps=_SCAN_FPS, max_side=_SCAN_SIDE):
            while before is not None and len(spread) < count and glimpse.time_s > moments[len(spread)]:
                spread.append(before.closer(_MAX_SIDE))
            before = glimpse
            yield glimpse

    left = _HELD_PIXELS // (clip.info.width * clip.info.height)
    candidates: list[Change[SampledFrame | Glimpse]] = []
    for glimpse, thumb, needed in _changes(passing()):
        kept = glimpse if len(candidates) < left else SampledFrame(glimpse.time_s, glimpse.image)
        candidates.append((kept, thumb, needed))
    if len(spread) < count:  # the pictures end early: the last one stays for long, or the rest is damaged
        spread = clip.sample(count, max_side=_MAX_SIDE)
    news = _news(candidates, spread)
    again = [each.time_s for each in news if not isinstance(each, Glimpse)]
    return [
        *spread,
        *(each.closer(_MAX_SIDE) for each in news if isinstance(each, Glimpse)),
        *(clip.frames_at(again, max_side=_MAX_SIDE) if again else []),
    ]


def _news(candidates: Sequence[Change[P]], frames: Sequence[SampledFrame]) -> list[P]:
    """The pictures that none of `frames` shows, nor another of them."""
    if not candidates:
        return []
    found, thumbs, needed = zip(*candidates, strict=True)
    pictures = np.array(thumbs, dtype=np.float32)
    newness = _differences(pictures, _thumbs(frame.image for frame in frames)).min(axis=1) - needed
    picked: list[int] = []
    while len(picked) < min(_NEWS_FOR_EACH * len(frames), _MOST_NEWS):
        newest = int(newness.argmax())  # what is least like all that is looked at already
        if newness[newest] <= 0:
            break
        picked.append(newest)
        newness = np.minimum(newness, _differences(pictures, pictures[newest : newest + 1])[:, 0] - needed)
    return [found[index] for index in sorted(picked)]


def _changes(pictures: Iterable[P]) -> Iterator[Change[P]]:
    """The pictures that follow a cut or differ much from the last such one."""
    before: Thumb | None = None
    kept: Thumb | None = None
    usual: deque[float] = deque([0.0], maxlen=_FEW)
    for picture in pictures:
        thumb = _thumb(picture.image)
        change = float(np.abs(thumb - before).mean()) if before is not None else 0.0
        if change > max(_ABRUPT, _STANDS_OUT * max(usual)):
            yield picture, thumb, _ABRUPT
            kept = thumb
        elif kept is None or np.abs(thumb - kept).mean() > _GRADUAL:
            yield picture, thumb, _GRADUAL
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
