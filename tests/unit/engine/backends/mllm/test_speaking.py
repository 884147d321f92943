"""From token ids to text: whole characters, in any cutting, and a check point for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.backends.chat.thinking import Thoughts
from engine.backends.mllm.speaking import Decoder, Speaker
from tests.tiny.tokenizers import byte_level_bpe


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
