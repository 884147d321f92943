"""Scoring a text and the frames of clips with the loaded guards. Fail closed: no score, no result.

It sets no threshold and decides nothing.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.errors import BadRequest, GuardUnavailable, JobCancelled
from engine.types import Category, Clip, Coverage, MediaLimits, ModelCard, Moderate, Score

_FRAMES_AT_ONCE = 32
_ROUNDING = 1e-6

log = logging.getLogger(__name__)

Guard = tuple[Any, ModelCard]
Scores = list[Score]


class Guards:
    """The text guard and the frame guard, either of which may be absent."""

    def __init__(self, text: Guard | None, frames: Guard | None) -> None:
        self._text = text
        self._frames = frames

    @property
    def coverage(self) -> Coverage:
        """What these guards can score at all."""
        return Coverage(
            text=self._text[1].categories if self._text else (),
            frames=self._frames[1].categories if self._frames else (),
        )

    def score(
        self, job: Moderate, limits: MediaLimits, checkpoint: Callable[[], None]
    ) -> tuple[tuple[Score, ...], int]:
        """All scores and the number of frames looked at: first the highest of each category and source, strongest
        first, then the other frames' scores by clip and time.

        Raises `GuardUnavailable` when a guard that is needed is absent, fails, or leaves a category unscored;
        `MediaError` for a clip that cannot be read.
        """
        found: Scores = []
        if job.text.strip():
            guard, card = _required(self._text, "text")
            (scores,) = _ask(guard, card, [job.text])
            found += [Score(category=each, score=scores[each], guard=card.name, source="text") for each in scores]
        frames = 0
        for number, clip in enumerate(job.clips):
            scored, seen = self._score_clip(number, clip, job.frames, limits, checkpoint)
            found += scored
            frames += seen
        return _highest_first(found), frames

    def _score_clip(
        self, number: int, clip: Clip, count: int, limits: MediaLimits, checkpoint: Callable[[], None]
    ) -> tuple[Scores, int]:
        from engine.media import open_clip

        guard, card = _required(self._frames, "picture")
        if count < 1:
            raise BadRequest("At least one frame of a clip has to be checked.")
        found: Scores = []
        with open_clip(Path(clip.path), limits, checkpoint=checkpoint) as opened:
            samples = opened.sample(count)
        if not samples:
            raise GuardUnavailable("No frame of the clip could be checked, so it is not shown.")
        for at in range(0, len(samples), _FRAMES_AT_ONCE):
            checkpoint()
            batch = samples[at : at + _FRAMES_AT_ONCE]
            for sample, scores in zip(batch, _ask(guard, card, [each.image for each in batch]), strict=True):
                found += [
                    Score(
                        category=category,
                        score=score,
                        guard=card.name,
                        source="frame",
                        time_s=sample.time_s,
                        clip=number,
                    )
                    for category, score in scores.items()
                ]
        return found, len(samples)


def _required(guard: Guard | None, what: str) -> Guard:
    if guard is None:
        raise GuardUnavailable(f"No {what} check is set up here, so nothing can be let through. Ask an operator.")
    return guard


def _ask(guard: Any, card: ModelCard, inputs: Sequence[Any]) -> list[Mapping[Category, float]]:
    """Every category of the card, for every input, as a number from 0 to 1; or `GuardUnavailable`."""
    try:
        answers = [
            {category: _valid(answer[category]) for category in card.categories} for answer in guard.score(inputs)
        ]
    except JobCancelled:
        raise
    except Exception as error:
        log.exception("guard %s failed", card.name)
        raise GuardUnavailable("The safety check failed, so nothing is shown. Please try again.") from error
    if len(answers) != len(inputs):
        log.error("guard %s gave %d answers to %d inputs", card.name, len(answers), len(inputs))
        raise GuardUnavailable("The safety check was incomplete, so nothing is shown. Please try again.")
    return list(answers)


def _valid(score: float) -> float:
    value = float(score)
    if not -_ROUNDING <= value <= 1 + _ROUNDING:  # false for NaN
        raise ValueError(f"a score of {value} is not between 0 and 1")
    return min(1.0, max(0.0, value))


def _highest_first(scores: Iterable[Score]) -> tuple[Score, ...]:
    by_strength = sorted(scores, key=lambda score: -score.score)
    highest: dict[tuple[Category, str], Score] = {}
    for score in by_strength:
        highest.setdefault((score.category, score.source), score)
    top = {id(score) for score in highest.values()}
    rest = [score for score in by_strength if id(score) not in top]
    rest.sort(key=lambda score: (score.clip or 0, score.time_s if score.time_s is not None else -math.inf))
    return (*highest.values(), *rest)
