"""Watching a clip once, cheaply: every picture gets a quick look, some pairs of pictures are measured for motion.

Takes pictures from `engine.media` and gives `ClipFacts`; knows no question and no words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.backends.watching import shots
from engine.backends.watching.span import Span
from engine.types import ClipInfo

from ..facts import ClipFacts, Opening, Shot
from . import colour, reading
from .motion import Follower, Step, one_thread
from .tracks import camera_of, movers_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.media import ClipReader, SampledFrame

    Image = NDArray[np.uint8]

MAX_SIDE = 256
FULL_RATE = 25.0

# What is watched from end to end: at most this long, and at most this much to decode (a minute of 1080p at 30/s).
_COMPLETE_S = 120.0
_COMPLETE_PIXELS = 4.0e9
_MOTION_STEPS = 480
# A part of a longer clip that somebody asks about is watched from end to end within these.
_CLOSE_UP_S = 15.0
_CLOSE_UP_PIXELS = 1.5e9
_KEY_FRAMES = 64
_BURSTS = 8
_BURST_S = 1.2
_LOUDNESS_WINDOWS = 100

# A pair of pictures is measured as soon as it differs this much (of 255), or after this long: fast things blur away in
# long steps, slow ones hide in short ones.
_CHANGE = 5.0
_STEP_S = 0.12
_SPACING_S = 0.02
GLANCE_S = 0.22
_JUMP_S = 0.45
_SAME = 1.5  # of 255, in the cell that differs most: the colours are the same

Checkpoint = Callable[[], None]


@dataclass(frozen=True)
class Pair:
    """Two pictures between which motion can be measured: `before` in RGB, `after` in grey."""

    start_s: float
    end_s: float
    before: Image
    after: Image


@dataclass
class Watcher:
    """Collects what is seen of one clip. `spacing_s` is the least time from one pair to the next; None for no pairs."""

    spacing_s: float | None = None
    times: list[float] = field(default_factory=list)
    thumbs: list[NDArray[np.float32]] = field(default_factory=list)
    palette: list[NDArray[np.float64]] = field(default_factory=list)
    gists: list[Image] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    _anchor: tuple[float, Image, NDArray[np.float32]] | None = None

    def watch(self, time_s: float, image: Image, thumb: NDArray[np.float32] | None = None) -> None:
        """Look at one picture, (H, W, 3) uint8 RGB."""
        thumb = shots.thumb(image) if thumb is None else thumb
        same = bool(self.thumbs) and float(np.abs(thumb - self.thumbs[-1]).max()) < _SAME
        self.times.append(time_s)
        self.palette.append(self.palette[-1] if same else colour.shares(thumb.astype(np.uint8)))
        self.gists.append(self.gists[-1] if same else reading.gist(_grey(image)))
        self.thumbs.append(thumb)
        if self.spacing_s is not None:
            self._pair(time_s, image, thumb, self.spacing_s)

    def _pair(self, time_s: float, image: Image, thumb: NDArray[np.float32], spacing_s: float) -> None:
        if self._anchor is None:
            if not self.pairs or time_s - self.pairs[-1].start_s >= spacing_s:
                self._anchor = (time_s, image, thumb)
            return
        start_s, before, before_thumb = self._anchor
        if time_s - start_s < _STEP_S and float(np.abs(thumb - before_thumb).mean()) < _CHANGE:
            return
        self.pairs.append(Pair(start_s, time_s, before, _grey(image)))
        self._anchor = (time_s, image, thumb) if time_s - start_s >= spacing_s else None

    def pause(self) -> None:
        """The next picture does not follow the last one."""
        self._anchor = None


def _grey(image: Image) -> Image:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY), dtype=np.uint8)


@dataclass(frozen=True)
class Watched:
    """What `watch` collected. `complete` is False when only parts of a long clip were watched."""

    watcher: Watcher
    complete: bool

    @cached_property
    def fades(self) -> list[shots.Fade]:
        return shots.fades(self.times, self.watcher.thumbs) if self.complete else []

    @cached_property
    def times(self) -> NDArray[np.float64]:
        return np.array(self.watcher.times, dtype=np.float64)

    @cached_property
    def changes(self) -> list[tuple[float, Opening]]:
        """Where shots begin, but for the first, and how."""
        if len(self.times) < 2:
            return []
        cuts = shots.cuts(self.times, self.watcher.thumbs, sparse=not self.complete)
        mixed = shots.dissolves(self.times, self.watcher.thumbs, cuts) if self.complete else []
        found: list[tuple[float, Opening]] = [(float(self.times[at]), "cut") for at in cuts]
        found += [((span.start_s + span.end_s) / 2, "dissolve") for span in mixed]
        return found + [(f.span.start_s, "fade") for f in self.fades if f.way == "in" and f.span.start_s > 0.5]


def watch(reader: ClipReader, checkpoint: Checkpoint, motion: bool = True) -> Watched:
    """Look over the clip behind `reader`, with `motion` keeping the pictures that `follow` needs.

    Costs at most a bounded amount of decoding, however long the clip is. Raises what the reader raises (`MediaError`)
    and what `checkpoint` raises.
    """
    info = reader.info
    if info.kind == "image" or info.duration_s <= 0:
        watcher = Watcher()
        for frame in reader.sample(1, max_side=MAX_SIDE):
            watcher.watch(frame.time_s, frame.image)
    elif _is_short(info):
        watcher = Watcher(spacing_s=max(_SPACING_S, info.duration_s / _MOTION_STEPS) if motion else None)
        for frame in reader.scan(max_fps=FULL_RATE, max_side=MAX_SIDE):
            checkpoint()
            watcher.watch(frame.time_s, frame.image)
    else:
        return Watched(_watch_parts(reader, checkpoint, motion), complete=False)
    return Watched(watcher, complete=True)


def follow(watched: Watched, checkpoint: Checkpoint, spacing_s: float = 0.0) -> list[Step]:
    """The motion between the pictures of each pair, or of pairs that begin at least `spacing_s` apart.

    What lies farther apart than `_JUMP_S` says nothing of its way.
    """
    follower = Follower()
    steps: list[Step] = []
    with one_thread():
        for pair in watched.watcher.pairs:
            checkpoint()
            soon = bool(steps) and 0 <= pair.start_s - steps[-1].start_s < spacing_s
            if pair.end_s - pair.start_s <= _JUMP_S and not soon:
                steps.append(follower.step(_grey(pair.before), pair.after, pair.before, pair.start_s, pair.end_s))
    return steps


def loudness(reader: ClipReader) -> tuple[tuple[tuple[float, float], ...], float]:
    """((seconds, dBFS) for the middle of each window, the length of a window)."""
    info = reader.info
    windows = min(_LOUDNESS_WINDOWS, max(1, round(info.duration_s / 0.1)))
    window_s = info.duration_s / windows
    return tuple((float(t) + window_s / 2, float(v)) for t, v in reader.loudness(windows) or ()), window_s


def _is_short(info: ClipInfo) -> bool:
    pixels = info.width * info.height * max(info.fps, 1.0) * info.duration_s
    return info.duration_s <= _COMPLETE_S and pixels <= _COMPLETE_PIXELS


def _watch_parts(reader: ClipReader, checkpoint: Checkpoint, motion: bool) -> Watcher:
    """A long clip: key frames for how it looks, short bursts for how it moves."""
    duration_s = reader.info.duration_s
    seen: list[SampledFrame] = list(reader.key_frames(max_side=MAX_SIDE, limit=_KEY_FRAMES))
    if len(seen) < _BURSTS:
        seen = list(reader.sample(2 * _BURSTS, max_side=MAX_SIDE))
    alone = Watcher()
    for frame in seen:
        checkpoint()
        alone.watch(frame.time_s, frame.image)
    moving = Watcher(spacing_s=_BURSTS * _BURST_S / _MOTION_STEPS)
    for index in range(_BURSTS if motion else 0):
        middle_s = duration_s * (index + 0.5) / _BURSTS
        moving.pause()
        for frame in reader.scan(
            max_fps=12.5, max_side=MAX_SIDE, start_s=middle_s - _BURST_S / 2, end_s=middle_s + _BURST_S / 2
        ):
            checkpoint()
            moving.watch(frame.time_s, frame.image)
    alone.pairs = moving.pairs
    return alone


def can_close_up(info: ClipInfo, span: Span) -> bool:
    """Whether a part of a long clip is short enough to be watched from end to end."""
    pixels = info.width * info.height * max(info.fps, 1.0) * span.length_s
    return span.length_s <= _CLOSE_UP_S and pixels <= _CLOSE_UP_PIXELS


def close_up(reader: ClipReader, facts: ClipFacts, span: Span, checkpoint: Checkpoint) -> ClipFacts:
    """Watch a part of a long clip from end to end. The result knows nothing of the rest but the sound.

    Raises what the reader raises (`MediaError`) and what `checkpoint` raises.
    """
    watcher = Watcher(spacing_s=_SPACING_S)
    for frame in reader.scan(max_fps=FULL_RATE, max_side=MAX_SIDE, start_s=span.start_s, end_s=span.end_s):
        checkpoint()
        watcher.watch(frame.time_s, frame.image)
    if not watcher.times:
        return facts
    number = next((shot.number for shot in reversed(facts.shots) if shot.span.start_s <= span.start_s), 1)
    watched = Watched(watcher, complete=True)
    return conclude(watched, facts.info, follow(watched, checkpoint), part=span, first_number=number)


def conclude(
    watched: Watched,
    info: ClipInfo,
    steps: Sequence[Step] | None,
    part: Span | None = None,
    first_number: int = 1,
) -> ClipFacts:
    """Turn what was seen of a clip, or of a `part` of it, into facts: shots, then each shot's camera and movers.

    `steps` is None when nobody followed the motion yet.
    """
    watcher, complete = watched.watcher, watched.complete
    times, fades = watched.times, watched.fades
    end_s = part.end_s if part else max(info.duration_s, float(times[-1]) if len(times) else 0.0)
    starts: list[tuple[float, Opening]] = [(part.start_s if part else 0.0, "start")]
    starts += watched.changes if info.kind != "image" else []
    starts = _apart(sorted(starts))
    found = []
    for number, (start_s, opening) in enumerate(starts, start=1):
        span = Span(start_s, starts[number][0] if number < len(starts) else end_s)
        # A step over a cut compares two different scenes: its end lies at or behind the next shot's first picture.
        inside = [s for s in steps or () if s.start_s >= span.start_s - 1e-3 and s.end_s < span.end_s + 1e-3]
        if number < len(starts):
            inside = [s for s in inside if s.end_s < span.end_s - 1e-3]
        found.append(Shot(first_number + number - 1, span, opening, camera_of(inside, span), movers_of(inside, span)))
    crossing = {start_s for start_s, _ in starts[1:]}
    clean = [s for s in steps or () if not any(s.start_s < cut <= s.end_s for cut in crossing)]
    return ClipFacts(
        info=info,
        shots=tuple(found),
        times=times,
        brightness=np.array([_luma(thumb) for thumb in watcher.thumbs]),
        palette=np.array(watcher.palette).reshape(len(times), len(colour.NAMES)),
        gists=np.array(watcher.gists, dtype=np.uint8).reshape(len(times), *reading.GIST),
        motion_times=np.array([(s.start_s + s.end_s) / 2 for s in clean]),
        motion=np.array([s.moving for s in clean]),
        fades=tuple((fade.span, fade.way, fade.colour) for fade in fades),
        complete=complete,
        jumps=sum(pair.end_s - pair.start_s > _JUMP_S for pair in watcher.pairs) > 0.3 * len(watcher.pairs),
    )


def _luma(thumb: NDArray[np.float32]) -> float:
    """Mean brightness, 0 to 1 (Rec. 709 weights on the coded values, which are near to what eyes see)."""
    return float((thumb @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)).mean()) / 255.0


def _apart(starts: Sequence[tuple[float, Opening]]) -> list[tuple[float, Opening]]:
    """A fade and a cut at the same place are one change of shot."""
    kept: list[tuple[float, Opening]] = []
    for start in starts:
        if not kept or start[0] - kept[-1][0] > 0.15:
            kept.append(start)
    return kept
