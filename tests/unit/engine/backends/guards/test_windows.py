"""Long texts in overlapping windows: nothing is left out, and what is said across a cut is read whole once."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest

from engine.backends.guards.windows import windows


def by_word(text: str, **options: Any) -> dict[str, Any]:
    return {"offset_mapping": [match.span() for match in re.finditer(r"\w+", text)]}


def test_a_short_text_is_one_window_as_it_is() -> None:
    assert windows("  one two ", by_word, 8) == ["  one two "]
    assert windows("…", by_word, 8) == ["…"]


@pytest.mark.parametrize("count", [9, 15, 16, 17, 100])
def test_every_word_and_every_pair_of_neighbours_is_in_some_window_of_at_most_the_size(count: int) -> None:
    words = [f"w{index}" for index in range(count)]
    cut = windows(" ".join(words), by_word, 8)
    assert all(len(piece.split()) <= 8 for piece in cut)
    pairs = {pair for piece in cut for pair in pairwise(piece.split())}
    assert pairs >= set(pairwise(words))
    assert len(cut) == -(-(count - 1) // 7)
