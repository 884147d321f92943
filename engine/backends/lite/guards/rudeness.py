"""How likely a text is rude: the model of alt-profanity-check, without the packages that it was trained with.

The model (MIT; see NOTICE) is linear over single English words. `training/guard/rudeness.py` wrote its numbers down.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORD = re.compile(r"\b\w\w+\b")


class Rudeness:
    """The probability that a text is rude, as `profanity_check.predict_prob` says it for the whole of it."""

    def __init__(self) -> None:
        import numpy as np

        with (resources.files("engine.backends.lite.guards") / "rudeness.npz").open("rb") as file:
            stored = np.load(file)
            self._places = {word: place for place, word in enumerate(bytes(stored["words"]).decode().split("\n"))}
            self._rarity = stored["rarity"].astype(np.float64)
            self._weights = stored["weights"].astype(np.float64)  # (5, words): one for each fold of its calibration
            self._offsets = stored["offsets"]
            self._sigmoids = stored["sigmoids"]  # (5, 2): slope and offset

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """One number from 0 to 1 a text."""
        import numpy as np

        found = np.zeros(len(texts))
        for at, text in enumerate(texts):
            margins = self._margins(text)
            found[at] = np.mean(1 / (1 + np.exp(self._sigmoids[:, 0] * margins + self._sigmoids[:, 1])))
        return found

    def words(self, least: float) -> list[str]:
        """The words that are rude by themselves with at least this probability, rudest first."""
        import numpy as np

        margins = self._weights + self._offsets[:, None]  # one word alone has length 1
        chances = np.mean(1 / (1 + np.exp(self._sigmoids[:, :1] * margins + self._sigmoids[:, 1:])), axis=0)
        order = np.argsort(-chances)
        names = list(self._places)
        return [names[place] for place in order if chances[place] >= least]

    def _margins(self, text: str) -> Any:
        import numpy as np

        counts = Counter(word for word in _WORD.findall(text.lower()) if word in self._places)
        places = [self._places[word] for word in counts]
        values = np.fromiter(counts.values(), np.float64, len(counts)) * self._rarity[places]
        length = float(np.linalg.norm(values))
        if not length:
            return self._offsets
        return self._weights[:, places] @ (values / length) + self._offsets
