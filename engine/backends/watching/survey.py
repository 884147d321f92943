"""A first, cheap look over a clip: where its shots begin, and which of its moments cost little to decode.

The cost is bounded: a short clip is watched from end to end, of a long one only key frames are. Needs OpenCV.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.backends.watching import shots
from engine.backends.watching.plan import shots_between
from engine.backends.watching.scope import Scope
from engine.backends.watching.span import Span

if TYPE_CHECKING:
    from engine.media import ClipReader
    from engine.types import ClipInfo

_SIDE = 96  # pixels: twice the width of what is compared
_RATE = 12.5  # pictures a second: dense enough to tell a cut from fast motion
_WATCHED_PIXELS = 1.5e8  # what is decoded in some half a second: 6 s of 720p, 25 s of 360p
_KEY_PIXELS = 3e7  # the same for key frames, each with a seek: 32 of 720p
_KEYS = (12, 48)
_EDGE_S = 20.0  # a first or last shot of a long clip is looked for within this


@dataclass(frozen=True)
class Survey:
    """`shots` cover the clip without gaps. `cheap` are moments of key frames, when not everything was decoded."""

    shots: tuple[Span, ...]
    cheap: tuple[float, ...] = ()


def survey(reader: ClipReader, scope: Scope, checkpoint: Callable[[], None]) -> Survey:
    """Find the shots of the clip behind `reader`; the one that `scope` names is looked for more closely.

    Raises what the reader raises (`MediaError`) and what `checkpoint` raises.
    """
    info = reader.info
    end_s = info.duration_s
    if info.kind == "image" or end_s <= 0:
        return Survey(shots=(Span(0.0, max(0.0, end_s)),))
    if end_s * _pixels_a_second(info) <= _WATCHED_PIXELS:
        return Survey(shots=shots_between(_cuts(reader, 0.0, end_s, checkpoint), end_s))
    most = max(_KEYS[0], min(_KEYS[1], int(_KEY_PIXELS / (info.width * info.height))))
    times, thumbs = [], []
    for frame in reader.key_frames(max_side=_SIDE, limit=most):
        checkpoint()
        times.append(frame.time_s)
        thumbs.append(shots.thumb(frame.image))
    starts = [times[index] for index in shots.cuts(np.array(times), thumbs, sparse=True)]
    if scope.kind == "shot" and scope.a in (-1, 1):
        starts = _closer(reader, starts, last=scope.a < 0, checkpoint=checkpoint)
    return Survey(shots=shots_between(starts, end_s), cheap=tuple(times))


def _closer(reader: ClipReader, starts: list[float], *, last: bool, checkpoint: Callable[[], None]) -> list[float]:
    """The cuts of a long clip, with those at its end or at its beginning from watching it there."""
    end_s = reader.info.duration_s
    watched_s = min(_EDGE_S, end_s, _WATCHED_PIXELS / _pixels_a_second(reader.info))
    if last:
        found = _cuts(reader, end_s - watched_s, end_s, checkpoint)
        return [start for start in starts if start < end_s - watched_s] + found
    found = _cuts(reader, 0.0, watched_s, checkpoint)
    return found + [start for start in starts if start >= watched_s]


def _cuts(reader: ClipReader, start_s: float, end_s: float, checkpoint: Callable[[], None]) -> list[float]:
    """The moments at which shots begin within a stretch that is watched from end to end."""
    times, thumbs = [], []
    for frame in reader.scan(max_fps=_RATE, max_side=_SIDE, start_s=start_s, end_s=end_s):
        checkpoint()
        times.append(frame.time_s)
        thumbs.append(shots.thumb(frame.image))
    moments = np.array(times)
    begun = [fade.span.start_s for fade in shots.fades(moments, thumbs) if fade.way == "in" and fade.span.start_s > 0.5]
    return sorted({*begun, *(times[index] for index in shots.cuts(moments, thumbs))})


def _pixels_a_second(info: ClipInfo) -> float:
    return info.width * info.height * max(info.fps, 1.0)
