"""Turns a model's raw output into scores that can be trusted, or refuses it. Knows no model."""

from __future__ import annotations

import math
from collections.abc import Iterable

from engine.errors import GuardUnavailable


def checked_scores(raw: Iterable[object], expected: int, guard: str) -> list[float]:
    """Return `expected` floats clamped to 0 to 1.

    Raises `GuardUnavailable` for another count, for what is no number and for NaN: a guard that cannot say how
    harmful something is must never be read as "harmless".
    """
    try:
        scores = [float(value) for value in raw]  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise GuardUnavailable(f"The safety check {guard} gave an answer that is no number.", guard=guard) from error
    if len(scores) != expected:
        raise GuardUnavailable(
            f"The safety check {guard} gave {len(scores)} scores for {expected} inputs.", guard=guard
        )
    if any(math.isnan(score) for score in scores):
        raise GuardUnavailable(f"The safety check {guard} gave no usable score.", guard=guard)
    return [min(1.0, max(0.0, score)) for score in scores]
