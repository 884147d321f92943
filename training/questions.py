"""Learns `intents.npz` from `intents.toml`: `python -m training.questions [--check]`. Some 20 s on one core.

`--check` leaves each tenth out in turn and prints how often the rest gets it right, and what it mistakes.
"""

from __future__ import annotations

import argparse
import hashlib
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.backends.lite.understanding.questions import intent
from engine.backends.lite.understanding.questions.german import in_english

FOLDER = Path(intent.__file__).parent
Matrix = NDArray[np.float32]


def examples() -> tuple[list[str], list[str]]:
    """(texts, intents) of `intents.toml`."""
    table = tomllib.loads((FOLDER / "intents.toml").read_text(encoding="utf-8"))
    pairs = [(text, name) for name, by in table.items() for text in by["en"]]
    pairs += [(in_english(text), name) for name, by in table.items() for text in by["de"]]
    return [text for text, _ in pairs], [name for _, name in pairs]


def fit(
    inputs: Matrix, wanted: NDArray[np.int64], classes: int, *, rounds: int = 400, decay: float = 3e-4
) -> tuple[Matrix, Matrix]:
    """Weights and bias of a softmax regression, by Adam on all examples at once; every class weighs the same."""
    weights = np.zeros((inputs.shape[1] + 1, classes), np.float32)
    inputs = np.hstack([inputs, np.ones((len(inputs), 1), np.float32)])
    share = (1 / np.sqrt(np.bincount(wanted, minlength=classes)))[wanted].astype(np.float32)
    share /= share.sum()
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for turn in range(1, rounds + 1):
        logits = inputs @ weights
        logits -= logits.max(1, keepdims=True)
        chances = np.exp(logits)
        chances /= chances.sum(1, keepdims=True)
        chances[np.arange(len(wanted)), wanted] -= 1
        slope = inputs.T @ (chances * share[:, None]) + decay * weights
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * slope**2
        weights -= 0.05 * (mean / (1 - 0.9**turn)) / (np.sqrt(square / (1 - 0.99**turn)) + 1e-8)
    return weights[:-1], weights[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    texts, labels = examples()
    names = sorted(set(labels))
    wanted = np.array([names.index(label) for label in labels])
    inputs = intent.features(texts)
    if check:
        _check(inputs, wanted, names, texts)
        return
    weights, bias = fit(inputs, wanted, len(names))
    source = hashlib.sha256((FOLDER / "intents.toml").read_bytes()).hexdigest()
    np.savez_compressed(
        FOLDER / "intents.npz", names=names, weights=weights.astype(np.float16), bias=bias, source=source
    )


def _check(inputs: Matrix, wanted: NDArray[np.int64], names: list[str], texts: list[str]) -> None:
    folds = np.random.default_rng(1).permutation(len(wanted)) % 5
    right = np.zeros(len(wanted), bool)
    sure = np.zeros(len(wanted), np.float32)
    mistakes: Counter[tuple[str, str]] = Counter()
    for fold in range(5):
        left = folds == fold
        weights, bias = fit(inputs[~left], wanted[~left], len(names))
        logits = inputs[left] @ weights + bias
        chances = np.exp(logits - logits.max(1, keepdims=True))
        chances /= chances.sum(1, keepdims=True)
        sure[left] = chances.max(1)
        found = chances.argmax(1)
        right[left] = found == wanted[left]
        for at, guess in zip(np.flatnonzero(left), found, strict=True):
            if guess != wanted[at]:
                mistakes[(names[wanted[at]], names[guess])] += 1
                print(f"{texts[at]!r}: {names[wanted[at]]} as {names[guess]} {sure[at]:.2f}")
    print(f"{right.mean():.3f} right; of those at {intent.UNSURE} and more {right[sure >= intent.UNSURE].mean():.3f}")
    print(f"right and sure enough {(right & (sure >= intent.UNSURE)).mean():.3f}; {mistakes.most_common(12)}")


if __name__ == "__main__":
    main()
