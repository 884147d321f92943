"""Writes the model of alt-profanity-check as plain numbers: engine/backends/lite/guards/rudeness.npz.

    python -m training.guard.rudeness

Needs alt-profanity-check (extra `dev`). The product needs neither it nor scikit-learn, scipy and joblib.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

OUT = Path(__file__).parents[2] / "engine/backends/lite/guards/rudeness.npz"


def main() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from profanity_check import profanity_check as package
    places = package.vectorizer.vocabulary_
    words = sorted(places, key=lambda word: places[word])
    folds = package.model.calibrated_classifiers_
    np.savez_compressed(
        OUT,
        words=np.frombuffer("\n".join(words).encode(), np.uint8),
        rarity=package.vectorizer.idf_.astype(np.float32),
        weights=np.stack([fold.estimator.coef_[0] for fold in folds]).astype(np.float32),
        offsets=np.array([fold.estimator.intercept_[0] for fold in folds]),
        sigmoids=np.array([(fold.calibrators[0].a_, fold.calibrators[0].b_) for fold in folds]),
    )


if __name__ == "__main__":
    main()
