"""Word pieces: the same ids as the tokenizer that the encoder was trained with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.lite import wordpiece

tokenizers = pytest.importorskip("tokenizers")
ROOT = Path(__file__).parents[5]
ODD = [
    "",
    "   ",
    "don't STOP, it's 3.14€!",
    "naïve café Ångström İstanbul ΟΔΟΣ straße",
    "Wie geht’s? ¿Qué pasó? Ça va — très bien…",
    "東京タワー 서울 Привет мир שלום عربى ไทย",
    "zero\u200bwidth soft\u00adhyphen tab\tnew\nline \ufffd nul\x00 bell\x07",
    "family 👨‍👩‍👧 flags 🇩🇪 hearts ❤️",
    "a" * 99 + " " + "b" * 100 + " " + "c" * 101,
    "[CLS] is written, not meant",
    "$100 + 5% = <b> `code` ~x~ ^2 |",
]


@cache
def reference():
    vocabulary = {
        piece: number
        for number, piece in enumerate(
            (ROOT / "engine/backends/lite/data/wordpiece.txt").read_text("utf-8").rstrip("\n").split("\n")
        )
    }
    found = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocabulary, unk_token="[UNK]"))
    found.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    found.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    found.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 101), ("[SEP]", 102)]
    )
    return found


def long_enough(text):
    return wordpiece.ids(text, 100_000)


def test_thousands_of_written_lines_get_the_ids_of_the_tokenizers_package():
    files = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("bot/**/*.py")])
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    assert len(lines) > 4000

    expected = [found.ids for found in reference().encode_batch(lines)]

    assert [line for line, ids in zip(lines, expected, strict=True) if long_enough(line) != ids] == []


@pytest.mark.parametrize("text", ODD)
def test_odd_writing_gets_the_ids_of_the_tokenizers_package(text):
    assert long_enough(text) == reference().encode(text).ids


# Unicode has grown since the package's tables were made; these blocks have not.
@given(
    st.text(
        st.one_of(st.characters(max_codepoint=0x52F, categories=("L", "N", "P", "S", "Z")), st.sampled_from("日本🎈 "))
    )
)
def test_any_text_gets_the_ids_of_the_tokenizers_package(text):
    assert long_enough(text) == reference().encode(text).ids


def test_a_long_text_is_cut_and_still_ends_with_its_mark():
    cut = wordpiece.ids("word " * 1000, 256)

    assert (len(cut), cut[0], cut[-1]) == (256, wordpiece.CLS, wordpiece.SEP)
