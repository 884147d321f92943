"""Which moments of a clip are worth a picture. Pure: it works on times and knows no file.

Without time words the pictures follow the shots; a part that a question names gets most of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from engine.backends.watching.span import Span

_DENSEST = 8.0  # pictures a second: closer ones show the same
_ELSEWHERE = 4  # of a named part's pictures one in so many shows the rest of the clip
_EXACT_S = 15.0  # in a longer part a picture may come from a little before or after
_SHORTEST_SHOT_S = 0.3  # below it a shot is a flash, and nobody asks for it


def moments(end_s: float, shots: Sequence[Span], count: int, part: Span | None = None) -> list[float]:
    """Up to `count` moments of a clip of `end_s` seconds, ascending. `part` is what a question names."""
    whole = Span(0.0, end_s)
    if part is None or not 0 < part.length_s < end_s:
        return spread(_within(whole, shots), count)
    near = close(part, count)
    before, after = Span(0.0, part.start_s), Span(part.end_s, end_s)
    rest = [*_within(before, shots), *_within(after, shots)]
    return sorted(spread(_within(part, shots), near) + spread(rest, count - near))


def close(part: Span, count: int) -> int:
    """How many of `count` pictures a named part gets."""
    return min(count - count // _ELSEWHERE, max(2, round(part.length_s * _DENSEST)))


def spread(stretches: Sequence[Span], count: int) -> list[float]:
    """`count` moments over stretches of a clip, ascending: each in the middle of what it stands for.

    Every stretch gets one while they last, and the longest get the rest. When there are more stretches than moments,
    a quarter of the moments still goes to the longest, so that a clip of one long and many short shots shows both.
    """
    if not stretches or count < 1:
        return []
    shares = [0] * len(stretches)
    first = count if len(stretches) <= count else count - count // _ELSEWHERE
    given = min(first, len(stretches))
    for index in range(given):
        shares[int((index + 0.5) * len(stretches) / given)] = 1
    for _ in range(count - given):
        longest = max(range(len(stretches)), key=lambda index: stretches[index].length_s / (shares[index] + 1))
        shares[longest] += 1
    return [
        stretch.start_s + (number + 0.5) * stretch.length_s / share
        for stretch, share in zip(stretches, shares, strict=True)
        for number in range(share)
    ]


def settle(times: Sequence[float], cheap: Sequence[float], part: Span | None = None) -> list[float]:
    """Move each moment to the nearest of the `cheap` ones, at most half of the way to its neighbours.

    What lies in a short named `part` stays where it is: there the moment itself is asked for.
    """
    exact = part if part is not None and part.length_s <= _EXACT_S else None
    settled = []
    for index, moment in enumerate(times):
        low = (times[index - 1] + moment) / 2 if index else 0.0
        high = (moment + times[index + 1]) / 2 if index + 1 < len(times) else float("inf")
        near = [key for key in cheap if low < key <= high]
        stays = not near or (exact is not None and exact.start_s <= moment <= exact.end_s)
        settled.append(moment if stays else min(near, key=lambda key: abs(key - moment)))
    return settled


def shots_between(starts: Sequence[float], end_s: float) -> tuple[Span, ...]:
    """The shots of a clip from the moments at which they begin; the first one begins the clip."""
    edges = [0.0, *sorted(start for start in starts if 0.0 < start < end_s), end_s]
    return tuple(Span(start, end) for start, end in pairwise(edges))


def _within(span: Span, shots: Sequence[Span]) -> list[Span]:
    """`span`, cut up where shots change. Too short pieces go to the one before, or to the one behind at the front."""
    if span.length_s <= 0:
        return []
    edges = [span.start_s]
    for shot in shots:
        if shot.start_s - edges[-1] >= _SHORTEST_SHOT_S and span.end_s - shot.start_s >= _SHORTEST_SHOT_S:
            edges.append(shot.start_s)
    return [Span(start, end) for start, end in pairwise([*edges, span.end_s])]
