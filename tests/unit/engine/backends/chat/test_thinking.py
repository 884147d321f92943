"""What a model thinks aloud is taken out of its answer, however the answer is cut up."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.chat.thinking import Thoughts


def said(*pieces: str) -> str:
    thoughts = Thoughts()
    return "".join(thoughts.feed(piece) for piece in pieces) + thoughts.finish()


@pytest.mark.parametrize(
    ("answer", "aloud"),
    [
        ("A bike.", "A bike."),
        ("<think>hm</think>\n\nA bike.", "A bike."),
        ("<think></think>A bike.", "A bike."),
        ("<Thinking>hm</Thinking>A bike.", "A bike."),
        ("◁think▷hm◁/think▷A bike.", "A bike."),
        ("A <think>or b</think>bike.", "A bike."),
        ("<think>one</think>A <think>two</think>bike.", "A bike."),
        ("</think>A bike.", "A bike."),
        ("<think>for ever", ""),
        ("A <thinker> is < 3 </th", "A <thinker> is < 3 </th"),
        ("  A bike. ", "A bike. "),
    ],
)
def test_thoughts_are_told_from_words(answer: str, aloud: str) -> None:
    assert said(answer) == aloud


def test_words_come_as_soon_as_they_cannot_be_a_mark() -> None:
    thoughts = Thoughts()
    assert thoughts.feed("A <") == "A "
    assert thoughts.feed("b>") == "<b>"


_SHARDS = st.sampled_from(["<", ">", "/", "think", "<think>", "</think>", "<thinking>", "◁", "◁/think▷", " ", "th"])


@given(shards=st.lists(_SHARDS, max_size=20), cuts=st.lists(st.integers(0, 120), max_size=10))
def test_the_cutting_makes_no_difference(shards: list[str], cuts: list[int]) -> None:
    answer = "".join(shards)
    edges = sorted({0, len(answer), *(min(cut, len(answer)) for cut in cuts)})
    assert said(*(answer[a:b] for a, b in pairwise(edges))) == said(answer) == said(*answer)
