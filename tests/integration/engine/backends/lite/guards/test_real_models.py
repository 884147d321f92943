"""The guards with the models that their packages ship."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine.backends.lite.guards import OpenNsfwFrameGuard, ProfanityTextGuard
from engine.types import Category

POLITE = [
    "thank",
    "you",
    "very",
    "much",
    "for",
    "this",
    "lovely",
    "evening",
    "we",
    "enjoyed",
    "the",
    "music",
    "and",
    "the",
    "food",
    "by",
    "the",
    "lake",
]


@pytest.fixture(scope="module")
def text_guard():
    guard = ProfanityTextGuard()
    guard.load()
    return guard


@pytest.fixture(scope="module")
def frame_guard():
    guard = OpenNsfwFrameGuard()
    guard.load()
    return guard


def harassment(guard, *texts):
    return [score[Category.HARASSMENT] for score in guard.score(texts)]


def test_an_insult_scores_high_and_a_question_low(text_guard):
    insult, question = harassment(text_guard, "you stupid idiot", "How long is this clip?")

    assert insult > 0.9
    assert question < 0.2


@pytest.mark.parametrize("place", [0, 47, 90, 133, 200])
def test_an_insult_is_found_anywhere_in_a_long_polite_text(text_guard, place):
    words = random.Random(place).choices(POLITE, k=200)

    hidden, polite = harassment(
        text_guard, " ".join([*words[:place], "you", "stupid", "idiot", *words[place:]]), " ".join(words)
    )

    assert hidden > 0.9
    assert polite < 0.3


@pytest.mark.parametrize(
    "disguised", ["you 1d10t", "you i.d.i.o.t", "you id*ot", "you ｉｄｉｏｔ", "you id\u200biot", "you id\u00adiot"]
)
def test_disguises_do_not_lower_the_score(text_guard, disguised):
    assert harassment(text_guard, disguised)[0] > 0.9


@pytest.mark.parametrize(
    "text",
    ["a red car drives left at 1080p, 24 fps", "**Note**: see section 4.1 (e.g. H.264)", "a cocktail in Scunthorpe"],
)
def test_ordinary_texts_are_not_made_rude_by_the_undisguising(text_guard, text):
    assert harassment(text_guard, text)[0] < 0.3


def test_empty_and_wordless_texts_score_zero(text_guard):
    assert harassment(text_guard, "", "   ", "!!! 🎈") == [0.0, 0.0, 0.0]


def test_plain_pictures_of_any_size_are_not_sexual(frame_guard):
    noise = np.random.default_rng(0).integers(0, 255, (90, 160, 3), dtype=np.uint8)
    frames = [noise, np.full((360, 640, 3), 200, np.uint8), noise[:1, :1], noise[:2]]

    assert all(0.0 <= score[Category.SEXUAL] < 0.5 for score in frame_guard.score(frames))


def test_a_frame_scores_the_same_alone_and_in_a_batch(frame_guard):
    frames = list(np.random.default_rng(1).integers(0, 255, (3, 60, 80, 3), dtype=np.uint8))

    together = [score[Category.SEXUAL] for score in frame_guard.score(frames)]
    alone = [frame_guard.score([frame])[0][Category.SEXUAL] for frame in frames]

    assert together == pytest.approx(alone, abs=1e-4)
