"""Answer text is released a sentence at a time, and none of it is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.streaming import LONGEST_HOLD, SentenceGate


def test_half_a_sentence_is_held_back() -> None:
    assert SentenceGate().feed("Two people ride past a str") == ""


def test_a_sentence_is_released_when_the_next_one_begins() -> None:
    gate = SentenceGate()
    gate.feed("Two people ride past. The sec")
    assert gate.rest() == "The sec"


def test_a_point_inside_a_number_does_not_end_a_sentence() -> None:
    assert SentenceGate().feed("It scored 0.83 at 0:07 in v1.2") == ""


def test_a_line_break_releases() -> None:
    assert SentenceGate().feed("- one\n- tw") == "- one\n"


def test_text_without_any_end_is_released_before_it_grows_for_ever() -> None:
    gate = SentenceGate()
    released = "".join(gate.feed("word ") for _ in range(LONGEST_HOLD))
    assert len(released) > LONGEST_HOLD


@given(st.text(alphabet='ab .!\n?"0', max_size=300), st.lists(st.integers(1, 7), max_size=80))
def test_whatever_the_chunks_the_text_comes_out_whole_and_in_order(text: str, sizes: list[int]) -> None:
    gate, position, out = SentenceGate(), 0, ""
    for size in [*sizes, len(text)]:
        out += gate.feed(text[position : position + size])
        position += size
    assert out + gate.rest() == text
