"""Scoring a text and the frames of clips with the loaded guards. Fail closed: no score, no result.

It sets no threshold and decides nothing.
"""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.backends import accelerator
from engine.errors import BadRequest, GuardUnavailable, JobCancelled
from engine.types import Category, Clip, Coverage, MediaLimits, ModelCard, Moderate, Score

_AT_ONCE = 32  # inputs a guard is handed together; one that wants fewer says so by an attribute `at_once`
_ROUNDING = 1e-6

log = logging.getLogger(__name__)

Guard = tuple[Any, ModelCard]
Scores = list[Score]
Best = dict[Category, tuple[float, str]]  # the highest score of each category, and the guard that gave it
Checkpoint = Callable[[], None]


class Guards:
    """The text guards and the frame guards, with none of a kind if nobody loaded one.

    All guards of a kind look at everything: each category keeps its highest score, and when one guard fails, the whole
    check does.
    """

    def __init__(self, text: Sequence[Guard], frames: Sequence[Guard]) -> None:
        self._text = tuple(text)
        self._frames = tuple(frames)

    @property
    def coverage(self) -> Coverage:
        """What these guards can score at all."""
        return Coverage(text=_covered(self._text), frames=_covered(self._frames))

    def unread(self, text: str) -> tuple[Category, ...]:
        """The covered categories that no guard vouches for in `text`. A guard that does not say so reads everything."""
        read: set[Category] = set()
        for guard, card in self._text:
            unread = guard.unread(text) if text.strip() and hasattr(guard, "unread") else ()
            read.update(category for category in card.categories if category not in unread)
        return tuple(category for category in self.coverage.text if category not in read)

    def score(self, job: Moderate, limits: MediaLimits, checkpoint: Checkpoint) -> tuple[tuple[Score, ...], int]:
        """All scores and the number of frames looked at: first the highest of each category and source, strongest
        first, then the other frames' scores by clip and time.

        Raises `GuardUnavailable` when a guard that is needed is absent, fails, or leaves a category unscored;
        `MediaError` for a clip that cannot be read.
        """
        found: Scores = []
        if job.text.strip():
            (best,) = _ask_all(self._text, "text", [job.text], lambda index: "the text", checkpoint)
            found += [Score(category=each, score=best[each][0], guard=best[each][1], source="text") for each in best]
        frames = 0
        for number, clip in enumerate(job.clips):
            scored, seen = self._score_clip(number, clip, job.frames, limits, checkpoint)
            found += scored
            frames += seen
        return _highest_first(found), frames

    def score_texts(
        self, texts: Sequence[str], checkpoint: Checkpoint
    ) -> tuple[tuple[dict[Category, float], ...], tuple[tuple[Category, ...], ...]]:
        """The highest score of each category for every text, and what is unread in it. Empty texts score 0.

        Raises `GuardUnavailable` like `score`.
        """
        some = [text for text in texts if text.strip()]
        best = iter(_ask_all(self._text, "text", some, lambda index: f"text {index + 1}", checkpoint))
        scores = [
            {category: score for category, (score, _) in next(best).items()}
            if text.strip()
            else dict.fromkeys(self.coverage.text, 0.0)
            for text in texts
        ]
        return tuple(scores), tuple(self.unread(text) for text in texts)

    def _score_clip(
        self, number: int, clip: Clip, count: int, limits: MediaLimits, checkpoint: Checkpoint
    ) -> tuple[Scores, int]:
        from engine.looks import choose
        from engine.media import open_clip

        _required(self._frames, "picture")
        if count < 1:
            raise BadRequest("At least one frame of a clip has to be checked.")
        with open_clip(Path(clip.path), limits, checkpoint=checkpoint) as opened:
            looks = choose(opened, count)
        if not looks.frames:
            raise GuardUnavailable("No frame of the clip could be checked, so it is not shown.")
        times = [looks.frames[at].time_s for at in looks.distinct]
        images = [looks.frames[at].image for at in looks.distinct]
        answers = _ask_all(
            self._frames, "picture", images, lambda index: f"{_clock(times[index])} of clip {number + 1}", checkpoint
        )
        by_frame = dict(zip(looks.distinct, answers, strict=True))
        found = [
            Score(category=category, score=score, guard=name, source="frame", time_s=frame.time_s, clip=number)
            for frame, twin in zip(looks.frames, looks.like, strict=True)
            for category, (score, name) in by_frame[twin].items()
        ]
        return found, len(looks.frames)


def _covered(guards: Iterable[Guard]) -> tuple[Category, ...]:
    return tuple(dict.fromkeys(category for _, card in guards for category in card.categories))


def _required(guards: Sequence[Guard], what: str) -> Sequence[Guard]:
    if not guards:
        raise GuardUnavailable(f"No {what} check is set up here, so nothing can be let through. Ask an operator.")
    return guards


def _ask_all(
    guards: Sequence[Guard], what: str, inputs: Sequence[Any], place: Callable[[int], str], checkpoint: Checkpoint
) -> list[Best]:
    """What all guards together say to every input. `place` names an input, for the error that it may cause."""
    merged: list[Best] = [{} for _ in inputs]
    for guard, card in _required(guards, what):
        for best, scores in zip(merged, _ask(guard, card, inputs, place, checkpoint), strict=True):
            for category, score in scores.items():
                if category not in best or score > best[category][0]:
                    best[category] = score, card.name
    return merged


def _ask(
    guard: Any, card: ModelCard, inputs: Sequence[Any], place: Callable[[int], str], checkpoint: Checkpoint
) -> list[Mapping[Category, float]]:
    """Every category of the card, for every input, as a number from 0 to 1; or `GuardUnavailable`.

    What fails together is tried again in halves: too many inputs for the memory go through in smaller batches, and of
    several the one that cannot be scored gets its name said.
    """
    answers: list[Mapping[Category, float]] = []
    at_once = max(1, min(_AT_ONCE, getattr(guard, "at_once", _AT_ONCE)))
    while len(answers) < len(inputs):
        checkpoint()
        batch = inputs[len(answers) : len(answers) + at_once]
        try:
            answers += _checked(guard.score(batch), card, len(batch))
            continue
        except JobCancelled:
            raise
        except Exception as error:
            if accelerator.is_device_lost(error):
                raise  # only a new process can check anything again
            if len(batch) == 1:
                log.exception("guard %s failed at %s", card.name, place(len(answers)))
                raise _failed(error, card, place(len(answers))) from error
            log.warning("guard %s failed at %d inputs together: %r", card.name, len(batch), error)
            short_of_memory = accelerator.is_out_of_memory(error)
        at_once = len(batch) // 2
        if short_of_memory and "torch" in sys.modules:  # now that no traceback holds on to tensors
            accelerator.free(accelerator.device())
    return answers


def _checked(raw: Iterable[Mapping[Category, float]], card: ModelCard, count: int) -> list[Mapping[Category, float]]:
    answers = [{category: _valid(answer[category]) for category in card.categories} for answer in raw]
    if len(answers) != count:
        raise ValueError(f"{len(answers)} answers to {count} inputs")
    return list(answers)


def _failed(error: Exception, card: ModelCard, place: str) -> GuardUnavailable:
    why = "ran out of memory" if accelerator.is_out_of_memory(error) else "failed"
    return GuardUnavailable(
        f"The safety check {why} at {place}, so nothing is shown. Please try again.", guard=card.name, place=place
    )


def _valid(score: float) -> float:
    value = float(score)
    if not -_ROUNDING <= value <= 1 + _ROUNDING:  # false for NaN
        raise ValueError(f"a score of {value} is not between 0 and 1")
    return min(1.0, max(0.0, value))


def _clock(time_s: float) -> str:
    return f"{int(time_s) // 60}:{int(time_s) % 60:02d}"


def _highest_first(scores: Iterable[Score]) -> tuple[Score, ...]:
    by_strength = sorted(scores, key=lambda score: -score.score)
    highest: dict[tuple[Category, str], Score] = {}
    for score in by_strength:
        highest.setdefault((score.category, score.source), score)
    top = {id(score) for score in highest.values()}
    rest = [score for score in by_strength if id(score) not in top]
    rest.sort(key=lambda score: (score.clip or 0, score.time_s if score.time_s is not None else -math.inf))
    return (*highest.values(), *rest)
