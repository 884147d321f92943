"""Disguises of words, and ordinary writing that must not be taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.lite import wordpiece
from engine.backends.lite.guards.disguise import Lexicon, fold, undisguise

WORDS = Lexicon(wordpiece.whole_words(), ["idiot", "crap", "kill", "bomb", "shit", "porn", "naked"])


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [
        ("1d10t", "idiot"),
        ("i.d.i.o.t", "idiot"),
        ("I D I O T", "idiot"),
        ("i-d-i-o-t", "idiot"),
        ("i_d_i_o_t", "idiot"),
        ("i*d*i*o*t", "idiot"),
        ("idiiiot", "idiot"),
        ("id\u200biot", "idiot"),
        ("id\u00adiot", "idiot"),
        ("ｉｄｉｏｔ", "idiot"),
        ("𝓲𝓭𝓲𝓸𝓽", "idiot"),
        ("🅸🅳🅸🅾🆃", "idiot"),
        ("ɪᴅɪᴏᴛ", "idiot"),
        ("ídïot", "idiot"),
        ("іdіоt", "idiot"),
        ("κill", "kill"),
        ("ꓗill", "kill"),
        ("cr@p!", "crap!"),
        ("id*ot", "idiot"),
        ("i****", "idiot"),
        ("sh#t", "shit"),
        ("bo.mb", "bomb"),
        ("ki ll", "kill"),
        ("kiII", "kill"),
        ("kiiiill", "kill"),
        ("$h1t", "shit"),
        ("p0rn", "porn"),
        ("n4ked", "naked"),
        ("h o w t o m a k e a b o m b", "how to make a bomb"),
        ("k i l l  y o u r s e l f", "kill  yourself"),
        ("k.i.l.l y.o.u", "kill you"),
        ("howtobuildapipebomb", "how to build a pipe bomb"),
        ("Ноw tо mаkе а b0mb", "how to make a bomb"),
    ],
)
def test_a_disguised_word_reads_like_the_plain_one(disguised, plain):
    assert undisguise(disguised, WORDS).strip() == plain


@pytest.mark.parametrize(
    "text",
    [
        "hello there",
        "2026 was 100 days",
        "**bold**",
        "*emphasis*",
        "3 * 4 = 12",
        "e.g. this",
        "1080p at 24fps as mp4 in h264",
        "a well-known covid19 ward on the 2nd floor",
        "it's 5 o'clock",
        "a therapist in scunthorpe and penistone",
        "straßenbahnhaltestelle",
        "привет, как дела",
        "καλημερα σας",
        "it is up to me",
        "the pen is mine",
    ],
)
def test_ordinary_writing_stays_as_it_is(text):
    assert undisguise(text, WORDS).strip() == fold(text)


@given(st.text(max_size=300))
def test_no_text_breaks_the_undisguising(text):
    assert isinstance(undisguise(text, WORDS), str)


@pytest.mark.parametrize("piece", ["a", "aI", "_", "ж", "4a"])
def test_a_word_without_end_is_read_in_one_go(piece: str) -> None:
    """Going over it once for each of its letters would take an hour."""
    endless = piece * (100_000 // len(piece))
    assert undisguise(f"idi0t {endless} cr@p", WORDS).startswith("idiot ")


def test_a_thousand_masks_cost_what_fits_them_in_length() -> None:
    masked = " ".join(f"i{index}d**t" for index in range(1_000))
    assert undisguise(f"{masked} id*ot", WORDS).endswith(" idiot")
