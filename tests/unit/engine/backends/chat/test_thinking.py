"""What a model thinks aloud is taken out of its answer, however the answer is cut up."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.chat.thinking import Thoughts, opens_thought


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
        ("A <b>bike</b> and 1 < 2", "A <b>bike</b> and 1 < 2"),
        ("A <video>bike</video>", "A <video>bike</video>"),
    ],
)
def test_thoughts_are_told_from_words(answer: str, aloud: str) -> None:
    assert said(answer) == aloud


def test_words_come_as_soon_as_they_cannot_be_a_mark() -> None:
    thoughts = Thoughts()
    assert thoughts.feed("A <") == "A "
    assert thoughts.feed("b>") == "<b>"


_SHARDS = st.sampled_from(
    ["<", ">", "/", "think", "<think>", "</think>", "<thinking>", "◁", "◁think▷", "◁/think▷", " ", "th", "</thi", "nk>"]
)


@given(shards=st.lists(_SHARDS, max_size=20), cuts=st.lists(st.integers(0, 120), max_size=10))
def test_the_cutting_makes_no_difference(shards: list[str], cuts: list[int]) -> None:
    answer = "".join(shards)
    edges = sorted({0, len(answer), *(min(cut, len(answer)) for cut in cuts)})
    assert said(*(answer[a:b] for a, b in pairwise(edges))) == _outside_of_marks(answer) == said(*answer)


_ALL_MARKS = "</?think>|</?thinking>|◁/?think▷"


def _outside_of_marks(text: str) -> str:
    """With the whole text at hand this is easy: what stands between two marks counts unless the first one opens."""
    aloud, inside = "", False
    for part in re.split(f"({_ALL_MARKS})", text):
        if re.fullmatch(_ALL_MARKS, part):
            inside = "/" not in part
        elif not inside:
            aloud += part
    return aloud.lstrip()


@pytest.mark.parametrize(
    ("prompt", "opens"),
    [
        ("<|im_start|>assistant\n<think>\n", True),
        ("◁think▷", True),
        ("<think>\n\n</think>\n\n", False),
        ("<|im_start|>assistant\n", False),
    ],
)
def test_a_thought_that_the_prompt_began_ends_in_the_answer(prompt: str, opens: bool) -> None:
    thoughts = Thoughts(inside=opens_thought(prompt))
    aloud = thoughts.feed("It may be red.</think> Red.") + thoughts.finish()
    assert aloud == ("Red." if opens else "It may be red. Red.")
