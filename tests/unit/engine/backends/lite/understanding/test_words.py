"""Typed words become lemmas, typing errors included."""

import pytest

from engine.backends.lite.understanding.language.intents import lemmatiser
from engine.backends.watching.words import plain


@pytest.mark.parametrize(
    ("typed", "lemma"),
    [
        ("colors", "colour"),
        ("colours", "colour"),
        ("moving", "move"),
        ("moved", "move"),
        ("panning", "pan"),
        ("cuts", "cut"),
        ("was", "be"),
        ("wich", "which"),
        ("camra", "camera"),
        ("brigthness", "brightness"),
        ("lenght", "length"),
        ("resolutoin", "resolution"),
        ("zooming", "zoom"),
        ("clips", "video"),
        ("vid", "video"),
        ("summarised", "summarise"),
    ],
)
def test_a_word_finds_its_lemma(typed, lemma):
    assert lemmatiser().lemmas(typed) == [lemma]


@pytest.mark.parametrize("word", ["nose", "pizza", "beach", "whale", "night", "scarf", "train"])
def test_a_real_word_is_not_corrected_into_a_clue(word):
    assert lemmatiser().lemmas(word) == [word]


def test_contractions_and_slang_are_spelled_out():
    assert plain("What's ur vid? Doesn’t it move") == "what is your video? do not it move"
