"""A text guard from a scikit-learn model inside a wheel. Scores texts; knows no thresholds and no policy."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.backends.lite import extra
from engine.backends.lite.guards.checks import checked_scores
from engine.backends.lite.guards.disguise import tokens, undisguise
from engine.errors import GuardUnavailable
from engine.types import Category, ModelCard, Role

if TYPE_CHECKING:
    Predict = Callable[[list[str]], Any]

NAME = "alt-profanity-check"
MODULES = ("profanity_check", "sklearn", "joblib")

# The model weighs a word against the length of its text, so a slur in a long polite text disappears. Measured with
# insults hidden in 90 polite words: found at 0.9 in 100 % with windows of 8 words, 97 % with 12, 40 % with 24 and 0 %
# unsplit; of 200-word benign pages 1.3 % reach 0.9 with windows of 8 and 2 % with windows of 6.
WINDOW_WORDS = 8
STRIDE_WORDS = 4
# A masked word is read as a rude one only if the model is this sure of the rude word: 79 words of 15,442.
RUDE = 0.98


class ProfanityTextGuard:
    """Scores rude language as `harassment`.

    The model (alt-profanity-check, MIT: a linear model over single English words) was trained on texts labelled
    offensive or not, mostly insults and swearing. Of our categories that is harassment; it was not taught hate
    against groups, threats, self-harm or sexual content as such, so it declares none of them. It is a weak guard:
    AUPRC 0.74, AUC 0.84 and best F1 0.67 on a public set of 1,680 labelled texts.
    """

    def __init__(self) -> None:
        self._predict: Predict | None = None
        self._rude_words: tuple[str, ...] = ()

    def card(self) -> ModelCard:
        """Describe the guard without importing scikit-learn."""
        return ModelCard(
            role=Role.TEXT_GUARD,
            backend="profanity",
            name=NAME,
            licence="MIT",
            categories=(Category.HARASSMENT,),
            missing=extra.missing(*MODULES),
        )

    def load(self) -> None:
        """Import the model (about 1.5 s). Raises `MissingExtra` when its packages are absent."""
        if self._predict is not None:
            return
        extra.require(*MODULES)
        with warnings.catch_warnings():
            # scikit-learn and joblib warn about versions and machines; an operator can do nothing about either.
            warnings.simplefilter("ignore")
            from profanity_check import profanity_check as package

            vocabulary = sorted(package.vectorizer.vocabulary_)
            sure = zip(package.predict_prob(vocabulary), vocabulary, strict=True)
        self._rude_words = tuple(word for score, word in sorted(sure, reverse=True) if score >= RUDE)
        self._predict = package.predict_prob

    def score(self, texts: Sequence[str]) -> list[Mapping[Category, float]]:
        """Score each text by its worst window of words, as written and with disguises undone.

        A text without words scores 0. Raises `GuardUnavailable` when the guard is not loaded or its model fails or
        answers with something that is no score.
        """
        if self._predict is None:
            raise GuardUnavailable("The text safety check is not ready yet. Please try again.", guard=NAME)
        windows = [self._windows(text) for text in texts]
        scores = iter(self._probabilities([window for group in windows for window in group]))
        return [{Category.HARASSMENT: max((next(scores) for _ in group), default=0.0)} for group in windows]

    def _windows(self, text: str) -> list[str]:
        readings = dict.fromkeys(
            window for reading in (text, undisguise(text, self._rude_words)) for window in split_windows(reading)
        )
        return list(readings)

    def _probabilities(self, windows: list[str]) -> list[float]:
        if not windows:
            return []
        assert self._predict is not None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                raw = self._predict(windows)
        except Exception as error:  # whatever it is, the text is unscored: fail closed
            raise GuardUnavailable("The text safety check failed. Please try again.", guard=NAME) from error
        return checked_scores(raw, len(windows), NAME)


def split_windows(text: str) -> list[str]:
    """Cut `text` into overlapping windows of `WINDOW_WORDS` words; every word is in at least one of them."""
    words = tokens(text)
    if not words:
        return []
    starts = range(0, max(1, len(words) - WINDOW_WORDS + STRIDE_WORDS), STRIDE_WORDS)
    return [" ".join(words[start : start + WINDOW_WORDS]) for start in starts]
