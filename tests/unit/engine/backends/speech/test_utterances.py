"""From tokens to what was said and when."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from engine.backends.speech.utterances import Heard, Stamps, ordered, read_window, without_loops
from engine.types import Utterance

STAMPS = Stamps(first=1000, step_s=0.02)


def at(seconds: float) -> int:
    return 1000 + round(seconds / 0.02)


def letters(tokens: Sequence[int]) -> str:
    return "".join(f" {chr(97 + token % 26)}" for token in tokens)


def read(*tokens: int, length_s: float = 30.0) -> Heard:
    return read_window(tokens, STAMPS, letters, length_s=length_s)


def said(heard: Heard) -> list[tuple[float, float, str]]:
    return [(round(each.start_s, 2), round(each.end_s, 2), each.text) for each in heard.utterances]


def test_text_between_two_stamps_is_said_in_between() -> None:
    heard = read(at(1.0), 0, 1, at(2.5))
    assert said(heard) == [(1.0, 2.5, "a b")]
    assert heard.until_s is None


def test_several_utterances_follow_each_other() -> None:
    heard = read(at(0), 0, at(2), at(3), 1, at(4))
    assert said(heard) == [(0, 2, "a"), (3, 4, "b")]
    assert heard.until_s is None


def test_two_stamps_at_the_end_say_from_where_to_hear_again() -> None:
    heard = read(at(0), 0, at(20), at(20))
    assert said(heard) == [(0, 20, "a")]
    assert heard.until_s == 20


def test_an_utterance_that_the_window_cuts_off_is_left_to_the_next_one() -> None:
    heard = read(at(0), 0, at(20), at(21), 1, 2)
    assert said(heard) == [(0, 20, "a")]
    assert heard.until_s == 21


def test_text_without_a_last_stamp_lasts_to_the_windows_end() -> None:
    assert said(read(at(3), 0, length_s=10.0)) == [(3, 10, "a")]
    assert said(read(0, length_s=10.0)) == [(0, 10, "a")]


def test_a_window_without_text_says_nothing() -> None:
    assert read(at(0), at(0.5)).utterances == ()
    assert read() == Heard(())


def test_times_that_run_backwards_or_beyond_the_window_are_put_right() -> None:
    heard = read(at(5), 0, at(2), at(1), 1, at(40), length_s=10.0)
    assert said(heard) == [(5, 5, "a"), (5, 10, "b")]


@given(st.lists(st.one_of(st.integers(0, 25), st.integers(1000, 2500)), max_size=60), st.floats(0.5, 30))
def test_whatever_the_tokens_are_times_ascend_within_the_window(tokens: list[int], length_s: float) -> None:
    heard = read(*tokens, length_s=length_s)
    before = 0.0
    for each in heard.utterances:
        assert before <= each.start_s <= each.end_s <= length_s
        assert each.text
        before = each.end_s
    assert heard.until_s is None or 0 <= heard.until_s <= length_s


def test_what_has_no_words_is_left_out() -> None:
    assert list(ordered([Utterance(start_s=0, end_s=1, text="")], 0.0, 2.0)) == []


def test_a_loop_is_left_after_two_turns_and_a_refrain_stays() -> None:
    def lines(*texts: str) -> list[Utterance]:
        return [Utterance(start_s=index, end_s=index + 1, text=text) for index, text in enumerate(texts)]

    assert [each.text for each in without_loops(lines("a", "a", "a", "a", "b", "a"))] == ["a", "a", "b", "a"]
    assert [each.text for each in without_loops(lines("a", "b", "a", "b"))] == ["a", "b", "a", "b"]
