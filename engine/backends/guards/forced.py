"""How likely a language model is to go on in one of several given ways, read off without letting it write.

The prompts are computed once; everything forced on the model afterwards costs only its own tokens. Knows no guard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

Tokens = tuple[int, ...]


@dataclass(frozen=True)
class Place:
    """Where a batch of texts stands: how many tokens are behind, and the log-probabilities of what comes next
    (batch, vocabulary)."""

    length: int
    next: torch.Tensor


class Forced:
    """A causal model in the middle of a batch of texts. All texts go on with the same tokens.

    `ids` and `mask` are (batch, length), padded on the left.
    """

    def __init__(self, model: Any, ids: torch.Tensor, mask: torch.Tensor) -> None:
        self._model = model
        self._mask = mask
        self._cache: Any = None
        self.start = self._run(ids, 0)

    def after(self, place: Place, tokens: Tokens) -> Place:
        """The place behind these further tokens. What was forced behind `place` before is forgotten."""
        import torch

        if not tokens:
            return place
        if ahead := self._cache.get_seq_length() - place.length:
            self._cache.crop(-ahead)
        row = torch.tensor([tokens], device=self._mask.device)
        return self._run(row.expand(len(self._mask), -1), place.length)

    def shares(self, place: Place, ways: Mapping[str, Tokens]) -> dict[str, torch.Tensor]:
        """The probability of each way among all of them, (batch,) each; they add up to 1. No way may begin another."""
        import torch

        logs = self._logs(place, list(ways.values()))
        probabilities = torch.stack(logs).softmax(dim=0)
        return dict(zip(ways, probabilities, strict=True))

    def _logs(self, place: Place, ways: Sequence[Tokens]) -> list[torch.Tensor]:
        """The log-probability of each way, up to the token that tells it from all others."""
        logs: dict[Tokens, torch.Tensor] = {}
        for first in {way[0]: None for way in ways}:
            log = place.next[:, first]
            rivals = [way for way in ways if way[0] == first]
            if len(rivals) == 1:
                logs[rivals[0]] = log
                continue
            behind = self._logs(self.after(place, (first,)), [way[1:] for way in rivals])
            logs.update(zip(rivals, (log + rest for rest in behind), strict=True))
        return [logs[way] for way in ways]

    def _run(self, ids: torch.Tensor, behind: int) -> Place:
        import torch

        length = behind + ids.shape[1]
        grown = torch.ones(len(ids), length - self._mask.shape[1], dtype=self._mask.dtype, device=self._mask.device)
        mask = torch.cat([self._mask, grown], dim=1) if length > self._mask.shape[1] else self._mask
        positions = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, behind:]
        out = self._model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        self._cache = out.past_key_values
        return Place(length, out.logits[:, -1].float().log_softmax(dim=-1))


def distinct(ways: Mapping[str, Tokens]) -> bool:
    """Whether no way is empty or begins another one."""
    return all(
        way and not any(other is not way and other[: len(way)] == way for other in ways.values())
        for way in ways.values()
    )
