"""From token ids to text: whole characters, in any cutting, and nothing of what a model thinks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.mllm.speaking import Decoder, Speaker, Thoughts
from tests.tiny.tokenizers import byte_level_bpe

MARKS = ("<think>", "</think>", "<thi", "</", "<", "nk>", "◁think▷", "◁/think▷")


class _Tokenizer:
    """What the decoder asks of a tokenizer of the library's."""

    def __init__(self) -> None:
        self._inner = byte_level_bpe(["<|end|>"])

    def ids(self, text: str) -> list[int]:
        return self._inner.encode(text, add_special_tokens=False).ids

    def decode(self, ids: Sequence[int], **_: Any) -> str:
        return self._inner.decode(list(ids), skip_special_tokens=False)


TOKENIZER = _Tokenizer()


@given(st.text(max_size=40))
def test_decoded_pieces_are_the_text_and_never_half_a_character(text: str) -> None:
    decoder = Decoder(TOKENIZER, hidden=())

    pieces = [decoder.feed(token) for token in TOKENIZER.ids(text)]

    assert "".join(pieces) + decoder.finish() == text
    assert all("\ufffd" not in piece for piece in pieces) or "\ufffd" in text


def test_a_character_comes_with_its_last_byte() -> None:
    decoder = Decoder(TOKENIZER, hidden=())

    pieces = [decoder.feed(token) for token in TOKENIZER.ids("🎬")]

    assert pieces == [""] * (len(pieces) - 1) + ["🎬"]


def test_bytes_that_make_no_character_do_not_hold_back_the_rest() -> None:
    decoder = Decoder(TOKENIZER, hidden=())
    lone = TOKENIZER.ids("é")[1]

    said = [decoder.feed(lone) for _ in range(20)]

    assert "".join(said)


def test_hidden_tokens_are_not_text() -> None:
    decoder = Decoder(TOKENIZER, hidden=TOKENIZER.ids("<|end|>"))

    said = [decoder.feed(token) for token in TOKENIZER.ids("One<|end|>two")]

    assert "".join(said) == "Onetwo"


@given(st.lists(st.sampled_from((*MARKS, "a", " b", "\n")), max_size=14), st.data())
def test_thoughts_are_taken_out_however_the_text_is_cut(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cut, said, rest = Thoughts(), "", text
    while rest:
        size = data.draw(st.integers(1, 9))
        said += cut.feed(rest[:size])
        rest = rest[size:]

    assert said + cut.finish() == _outside_of_marks(text)


def _outside_of_marks(text: str) -> str:
    """With the whole text at hand this is easy: what stands between two marks counts unless the first one opens."""
    said, inside = "", False
    for part in re.split("(</?think>|◁/?think▷)", text):
        if re.fullmatch("</?think>|◁/?think▷", part):
            inside = "/" not in part
        elif not inside:
            said += part
    return said.lstrip()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("<think>\nIs it?\n</think>\n\nIt is.", "It is."),
        ("  Yes.", "Yes."),
        ("Yes <b>bold</b> and 1 < 2", "Yes <b>bold</b> and 1 < 2"),
        ("A <video>dog</video>", "A <video>dog</video>"),
        ("One. <think>hm</think>Two.", "One. Two."),
        ("<think>never done", ""),
        ("ends with <thi", "ends with <thi"),
    ],
)
def test_what_is_left_of_an_answer(raw: str, said: str) -> None:
    thoughts = Thoughts()

    assert thoughts.feed(raw) + thoughts.finish() == said


def test_a_thought_that_the_prompt_began_ends_in_the_answer() -> None:
    thoughts = Thoughts(inside=True)

    assert thoughts.feed("It may be red.</think> Red.") + thoughts.finish() == "Red."


class _Tensor:
    def __init__(self, ids: list[int]) -> None:
        self._ids = ids

    def flatten(self) -> _Tensor:
        return self

    def tolist(self) -> list[int]:
        return self._ids


def test_every_token_is_a_check_point_and_the_prompt_and_the_end_are_none() -> None:
    said: list[str] = []
    end = TOKENIZER.ids("<|end|>")
    speaker = Speaker(Decoder(TOKENIZER, hidden=end), Thoughts(), end, said.append)
    ids = TOKENIZER.ids("🎬 ok")

    speaker.put(_Tensor([1, 2, 3]))
    for token in [*ids, *end]:
        speaker.put(_Tensor([token]))
    speaker.end()

    assert len(said) == len(ids)
    assert "".join(said) == "🎬 ok"
