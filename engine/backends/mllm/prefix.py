"""What was computed for the latest conversations, kept for their next questions: keys, values and states by token.

A follow-up begins with the tokens of the question before; with the same pictures behind the same tokens, what the model
computed for them is the same, so it is not computed again, and the vision tower stays idle. Whether a model can go on
from there exactly is tried when it is loaded; here nothing is known of models but their caches.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

LEAST = 32  # tokens; a shorter beginning is computed as quickly as it is found


@dataclass(slots=True)
class Kept:
    """The cache of a conversation's first `length` tokens. `layers` are the library's cache layers.

    The first `asked` tokens end with a question; the rest is its answer, which a later prompt may spell otherwise.
    """

    ids: tuple[int, ...]
    asked: int
    pictures: tuple[bytes, ...]
    layers: list[Any]

    @property
    def length(self) -> int:
        return len(self.ids)

    @property
    def size(self) -> int:
        return sum(map(_bytes, self.layers))


class Prefixes:
    """The latest conversations, bounded in number and in bytes of the device's memory."""

    def __init__(self, limit_bytes: int, limit: int) -> None:
        self._limit_bytes = limit_bytes
        self._limit = limit
        self._kept: OrderedDict[tuple[int, ...], Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes held now."""
        return sum(kept.size for kept in self._kept.values())

    def take(self, ids: Sequence[int], pictures: Sequence[bytes], placeholders: Collection[int]) -> Kept | None:
        """The longest beginning of these tokens that is known; the caller goes on with it.

        It holds all of the conversation's pictures, and leaves at least the last token to compute. What goes on with a
        conversation takes it from here, and brings it back longer; what only begins like one gets a copy.
        """
        seen = max((index for index, each in enumerate(ids) if each in placeholders), default=-1) + 1
        best, best_length = None, 0
        for key, kept in self._kept.items():
            length = min(_common(kept.ids, ids), len(ids) - 1)
            if length < kept.length and not all(map(can_be_cut, kept.layers)):
                continue
            same = kept.pictures[: len(pictures)] == tuple(pictures)
            if same and length >= max(LEAST, seen) and length > best_length:
                best, best_length = key, length
        if best is None:
            return None
        goes_on = best_length >= self._kept[best].asked
        return cut(self._kept.pop(best) if goes_on else self._kept[best], best_length)

    def keep(self, kept: Kept) -> None:
        """Remember it, and forget what is over the limits, the longest unused first."""
        self._kept.pop(kept.ids, None)
        if kept.size <= self._limit_bytes:
            self._kept[kept.ids] = kept
        while len(self._kept) > self._limit or self.size > self._limit_bytes:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        self._kept.clear()


def can_be_cut(layer: Any) -> bool:
    """Whether a layer keeps each token by itself. States of linear attention and sliding windows do not: from them no
    token can be taken back."""
    from transformers.cache_utils import DynamicLayer

    return type(layer) is DynamicLayer


def cut(kept: Kept, length: int) -> Kept:
    """Its first `length` tokens. Layers that cannot be cut have to stand there already."""
    return Kept(
        kept.ids[:length], min(kept.asked, length), kept.pictures, [cut_layer(layer, length) for layer in kept.layers]
    )


def cut_layer(layer: Any, length: int) -> Any:
    """A layer with its first `length` tokens, in memory of its own, so that the rest can be given back."""
    if not can_be_cut(layer) or not layer.is_initialized or layer.keys.shape[-2] <= length:
        return layer
    shorter = copy.copy(layer)
    shorter.keys = layer.keys[..., :length, :].clone()
    shorter.values = layer.values[..., :length, :].clone()
    return shorter


def snapshot(cache: Any) -> list[Any | None]:
    """Copies of the layers that cannot be cut later, None for the others. The copies are small: states and windows."""
    return [None if can_be_cut(layer) else copy.deepcopy(layer) for layer in cache.layers]


def restored(cache: Any, states: Sequence[Any | None], length: int) -> list[Any]:
    """The layers as they were at `length` tokens, when `states` were taken."""
    return [
        cut_layer(layer, length) if state is None else state for layer, state in zip(cache.layers, states, strict=True)
    ]


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    for index, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if mine != theirs:
            return index
    return min(len(one), len(other))


def _bytes(layer: Any) -> int:
    """Of all tensors that a layer holds, also inside dictionaries, as those of linear attention are."""
    found = [*vars(layer).values()]
    nested = [value for held in found if isinstance(held, dict) for value in held.values()]
    return sum(each.numel() * each.element_size() for each in [*found, *nested] if hasattr(each, "element_size"))
