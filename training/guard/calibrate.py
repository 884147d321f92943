"""Turns what the heads say into scores: how much of each head, and which score means even odds.

Fitted to texts that the heads had not seen (see `train`), each source counting alike. A category that would stop too
many harmless texts at its default threshold is shifted until it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from engine.types import Category

CATEGORIES = tuple(Category)
# The thresholds of bot/config: what scores are made to fit.
THRESHOLDS = {
    Category.HARASSMENT: 0.8,
    Category.HATE: 0.7,
    Category.ILLICIT: 0.7,
    Category.SELF_HARM: 0.6,
    Category.SEXUAL: 0.6,
    Category.SEXUAL_MINORS: 0.5,
    Category.VIOLENCE: 0.7,
    Category.VIOLENCE_GRAPHIC: 0.6,
}
# How much of the heads A, B, C and of rudeness may be taken, at least and at most. A mixture that is free to choose
# leans on n-grams, which know the wordings of our own lines best.
BOUNDS = ((0.05, 0.4), (0.15, 0.6), (0.3, 1.0))
RUDENESS = {Category.HARASSMENT: (0.12, 0.5), Category.HATE: (0.04, 0.3)}
MOST_OF_A_SOURCE = 600
# What head D says counts within these bounds, in every category: it knows our own lines best.
INTENT = (-5.0, 1.5)
MOST_STOPPED = 0.003  # share of harmless texts over the threshold of one category
LEAST_CHANCE = 1e-4


@dataclass
class Mixture:
    """Shares (8, 4) of the heads' logits and that of rudeness, and offsets (8)."""

    shares: Any
    offsets: Any

    def logits(self, heads: Any, rude: Any, intent: Any) -> Any:
        """(N, 8) from (3, N, 8), (N) and (N)."""
        chance = np.clip(rude, LEAST_CHANCE, 1 - LEAST_CHANCE)
        rudeness = np.broadcast_to(np.log(chance / (1 - chance))[:, None], heads[0].shape)
        mixed = np.einsum("hnc,ch->nc", np.stack([*heads, rudeness]), self.shares)
        return mixed + np.clip(intent, *INTENT)[:, None] + self.offsets


def fit(heads: Any, rude: Any, intent: Any, labels: Any, sources: Any, harmless: Any) -> Mixture:
    """The mixture for texts with these labels; `harmless` marks those that must not be stopped."""
    _, places, counts = np.unique(sources, return_inverse=True, return_counts=True)
    weights = np.minimum(1.0, MOST_OF_A_SOURCE / counts[places])
    found = Mixture(np.zeros((len(CATEGORIES), 4)), np.zeros(len(CATEGORIES)))
    chance = np.clip(rude, LEAST_CHANCE, 1 - LEAST_CHANCE)
    rudeness = np.log(chance / (1 - chance))
    for at, category in enumerate(CATEGORIES):
        known = labels[:, at] >= 0
        features = np.stack([*(head[known, at] for head in heads), rudeness[known]], 1)
        bounds = [*BOUNDS, RUDENESS.get(category, (0.0, 0.0)), (None, None)]
        numbers = _logistic(features, labels[known, at].astype(float), weights[known], bounds)
        found.shares[at], found.offsets[at] = numbers[:4], numbers[4]
    logits = found.logits(heads, rude, intent)[harmless]
    for at, category in enumerate(CATEGORIES):
        limit = np.log(THRESHOLDS[category] / (1 - THRESHOLDS[category]))
        found.offsets[at] -= max(0.0, float(np.quantile(logits[:, at], 1 - MOST_STOPPED)) - limit)
    return found


def _logistic(features: Any, wanted: Any, weights: Any, bounds: list[Any]) -> Any:
    """Logistic regression with bounds for its numbers, the offset last."""

    def loss(numbers: Any) -> tuple[float, Any]:
        logits = features @ numbers[:-1] + numbers[-1]
        lost = np.logaddexp(0, logits) - wanted * logits
        slope = (1 / (1 + np.exp(-np.clip(logits, -60, 60))) - wanted) * weights
        return float(lost @ weights / weights.sum()), np.r_[features.T @ slope, slope.sum()] / weights.sum()

    start = [sum(bound) / 2 for bound in bounds[:-1]] + [0.0]
    return minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
