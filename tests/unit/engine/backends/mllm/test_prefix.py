"""What is kept of conversations: found when it may be used, and never more of it than there is room for."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer, LinearAttentionLayer

from engine.backends.mllm.prefix import LEAST, Kept, Prefixes, can_be_cut, restored, snapshot

PICTURE, OTHER = b"picture", b"other"
MARK = 9  # the id that stands for pictures


def _layer(length: int) -> DynamicLayer:
    layer = DynamicLayer()
    layer.update(torch.arange(length * 2.0).view(1, 1, length, 2), torch.ones(1, 1, length, 2))
    return layer


def _kept(ids: list[int], pictures: tuple[bytes, ...] = (), asked: int = 0, layers: list[Any] | None = None) -> Kept:
    return Kept(tuple(ids), asked or len(ids), pictures, layers or [_layer(len(ids))])


QUESTION = [1, MARK, *range(100, 160)]


def test_a_follow_up_goes_on_with_all_that_it_shares() -> None:
    prefixes = Prefixes(10**6, 4)
    prefixes.keep(_kept([*QUESTION, 5, 6], (PICTURE,), asked=len(QUESTION)))

    found = prefixes.take([*QUESTION, 5, 7, 8], (PICTURE,), (MARK,))

    assert found is not None
    assert found.ids == (*QUESTION, 5)
    assert found.layers[0].get_seq_length() == len(QUESTION) + 1
    assert len(prefixes) == 0, "it comes back longer"


def test_what_only_begins_like_a_conversation_leaves_it_to_its_own_follow_up() -> None:
    prefixes = Prefixes(10**6, 4)
    prefixes.keep(_kept([*QUESTION, 5, 6], (PICTURE,), asked=len(QUESTION)))

    found = prefixes.take([*QUESTION[:50], 77, 78], (PICTURE,), (MARK,))

    assert found is not None
    assert found.length == 50
    assert len(prefixes) == 1
    again = prefixes.take([*QUESTION, 5, 6, 7], (PICTURE,), (MARK,))
    assert again is not None
    assert again.length == len(QUESTION) + 2


def test_at_least_one_token_is_left_to_compute() -> None:
    prefixes = Prefixes(10**6, 4)
    prefixes.keep(_kept(QUESTION, (PICTURE,)))

    found = prefixes.take(QUESTION, (PICTURE,), (MARK,))

    assert found is not None
    assert found.length == len(QUESTION) - 1


@pytest.mark.parametrize(
    ("ids", "pictures"),
    [
        (QUESTION, (OTHER,)),
        ([*QUESTION, MARK, 5], (PICTURE, OTHER)),
        ([2, *QUESTION], (PICTURE,)),
        ([*QUESTION[: LEAST - 1], 3, 4, 5], (PICTURE,)),
    ],
    ids=["another picture behind the same tokens", "a picture after the beginning", "another beginning", "too short"],
)
def test_what_cannot_be_used_is_not_found(ids: list[int], pictures: tuple[bytes, ...]) -> None:
    prefixes = Prefixes(10**6, 4)
    prefixes.keep(_kept(QUESTION, (PICTURE,)))

    assert prefixes.take([*ids, 8], pictures, (MARK,)) is None


def test_states_without_positions_are_used_whole_or_not_at_all() -> None:
    linear = LinearAttentionLayer()
    linear.update_conv_state(torch.ones(1, 2, 4))
    linear.update_recurrent_state(torch.ones(1, 2, 2))
    prefixes = Prefixes(10**6, 4)
    prefixes.keep(_kept(QUESTION, (PICTURE,), layers=[_layer(len(QUESTION)), linear]))

    assert prefixes.take([*QUESTION[:-1], 3, 4], (PICTURE,), (MARK,)) is None
    assert prefixes.take([*QUESTION, 3, 4], (PICTURE,), (MARK,)) is not None


def test_a_snapshot_is_the_state_before_more_was_said() -> None:
    cache = SimpleNamespace(layers=[_layer(3), LinearAttentionLayer(), DynamicSlidingWindowLayer(sliding_window=3)])
    linear, sliding = cache.layers[1:]
    linear.update_conv_state(torch.ones(1, 2, 4))
    linear.update_recurrent_state(torch.ones(1, 2, 2))
    sliding.update(torch.ones(1, 1, 3, 2), torch.ones(1, 1, 3, 2))
    before = copy.deepcopy(cache.layers)

    states = snapshot(cache)
    cache.layers[0].update(torch.zeros(1, 1, 1, 2), torch.zeros(1, 1, 1, 2))
    linear.update_recurrent_state(torch.zeros(1, 2, 2))
    sliding.update(torch.zeros(1, 1, 1, 2), torch.zeros(1, 1, 1, 2))

    full, recurrent, window = restored(cache, states, 3)
    assert torch.equal(full.keys, before[0].keys)
    assert torch.equal(recurrent.recurrent_states[0], before[1].recurrent_states[0])
    assert torch.equal(window.keys, before[2].keys)
    assert window.get_seq_length() == 3
    assert [can_be_cut(layer) for layer in cache.layers] == [True, False, False]


def test_the_longest_unused_goes_first() -> None:
    prefixes = Prefixes(10**6, 2)
    for start in (10, 11, 12):
        prefixes.keep(_kept([start, *range(200, 250)]))

    assert len(prefixes) == 2
    assert prefixes.take([10, *range(200, 250), 1], (), ()) is None
    assert prefixes.take([12, *range(200, 250), 1], (), ()) is not None


def test_bytes_are_bounded() -> None:
    one = _kept([1, *range(100, 200)])
    prefixes = Prefixes(one.size * 2, 9)

    for start in range(5):
        prefixes.keep(_kept([start, *range(100, 200)]))
    prefixes.keep(_kept(list(range(1000))))

    assert prefixes.size <= one.size * 2
    assert len(prefixes) == 2
