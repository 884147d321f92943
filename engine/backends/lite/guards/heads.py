"""The heads of the text guard and their calibration: texts in, one logit a category out. Knows no threshold.

`training/guard/train.py` fitted and wrote the numbers; its report stands in docs/safety.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from engine.backends.lite import encoder
from engine.backends.lite.guards.features import weighed
from engine.backends.lite.guards.rudeness import Rudeness
from engine.types import Category

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Logits = NDArray[np.float64]  # (texts, categories)

CATEGORIES = tuple(Category)
_LEAST_CHANCE = 1e-4  # of rudeness: what the model is surer of says no more


class Heads:
    """A scores the mean vector of a text, B its n-grams, C looks at the tokens that concern a category; D tells what
    means harm from what speaks of it."""

    def __init__(self) -> None:
        """Read the weights (some 20 ms)."""
        import numpy as np

        with (resources.files("engine.backends.lite.guards") / "weights.npz").open("rb") as file:
            stored = dict(np.load(file))
        self._stored: dict[str, Any] = {
            name: value.astype(np.float32) if value.dtype == np.float16 else value for name, value in stored.items()
        }
        self._rudeness = Rudeness()
        self.margins: Logits = stored["margins"].astype(np.float64)
        self.words = [word for word in bytes(stored["words"]).decode().split("\n") if word]
        self.worth_hiding = [word for word in bytes(stored["worth_hiding"]).decode().split("\n") if word]
        rude = self._rudeness.words(0.98)
        self.worth_hiding = list(dict.fromkeys(rude + self.worth_hiding))

    def logits(self, texts: Sequence[str]) -> Logits:
        """Calibrated: 0 is even odds."""
        import numpy as np

        tokens = encoder.shared().tokens(texts)
        means = np.stack([each.mean(0) for each in tokens])
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        by_grams, intent = self._grams(texts)
        linear = means @ self._stored["linear"].T + self._stored["linear_offsets"]
        heads = np.stack([linear, by_grams, self._pool(tokens)])
        intent = np.clip(intent + means @ self._stored["intent"], *self._stored["intent_bounds"])
        chance = np.clip(self._rudeness.probabilities(texts), _LEAST_CHANCE, 1 - _LEAST_CHANCE)
        rudeness = np.broadcast_to(np.log(chance / (1 - chance))[:, None], heads[0].shape)
        mixed = np.einsum("hnc,ch->nc", np.stack([*heads, rudeness]), self._stored["shares"])
        return np.asarray(mixed + intent[:, None] + self._stored["offsets"], np.float64)

    def _grams(self, texts: Sequence[str]) -> tuple[Any, Any]:
        """What the n-grams say of each category, and of intent."""
        import numpy as np

        stored = self._stored
        found, intent = np.zeros((len(texts), len(CATEGORIES)), np.float32), np.zeros(len(texts), np.float32)
        for at, text in enumerate(texts):
            places, values = weighed(text, stored["rarity"])
            found[at] = values @ stored["grams"][places].astype(np.float32)
            intent[at] = values @ stored["intent_grams"][places].astype(np.float32)
        by_category = found * stored["grams_steps"] + stored["grams_offsets"]
        return by_category, intent * stored["intent_step"] + stored["intent_offset"]

    def _pool(self, tokens: Sequence[Any]) -> Any:
        import numpy as np

        stored = self._stored
        found = np.zeros((len(tokens), len(CATEGORIES)), np.float32)
        for at, text in enumerate(tokens):
            inner = _gelu(text @ stored["inner_weight"].T + stored["inner_bias"])
            attention = inner @ stored["attention_weight"].T + stored["attention_bias"]
            share = np.exp(attention - attention.max(0))
            share /= share.sum(0)
            value = inner @ stored["value_weight"].T + stored["value_bias"]
            mean = text.mean(0)
            mean /= np.linalg.norm(mean)
            found[at] = (share * value).sum(0) + stored["mean_weight"] @ mean + stored["mean_bias"]
        return found


def _gelu(x: Any) -> Any:
    import numpy as np

    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
