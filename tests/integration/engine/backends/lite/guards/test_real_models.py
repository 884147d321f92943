"""The guards with the models that ship, at the default thresholds."""

from __future__ import annotations

import importlib
import random
import subprocess
import sys
import warnings

import numpy as np
import pytest

from bot.config import Config
from engine.backends.lite.guards import LiteTextGuard, OpenNsfwFrameGuard
from engine.backends.lite.guards.rudeness import Rudeness
from engine.types import Category
from tests.lines import HARMFUL, HARMLESS

EVENING = (
    "thank you very much for this lovely evening we enjoyed the music and the food by the lake and walked home under "
    "the stars with our friends"
)
POLITE = EVENING.split()
RULES = {category: threshold for category, (threshold, _) in Config().rules().items()}


@pytest.fixture(scope="module")
def text_guard():
    guard = LiteTextGuard()
    guard.load()
    return guard


@pytest.fixture(scope="module")
def frame_guard():
    guard = OpenNsfwFrameGuard()
    guard.load()
    return guard


def blocked(guard, *texts):
    """Of each text the categories over their default threshold."""
    return [
        {category for category, score in scores.items() if score >= RULES[category]} for scores in guard.score(texts)
    ]


@pytest.mark.parametrize(
    ("category", "text"), [(category, text) for category, texts in HARMFUL.items() for text in texts]
)
def test_the_plainest_sentences_of_each_category_are_over_its_default_threshold(text_guard, category, text):
    assert Category(category) in blocked(text_guard, text)[0]


def test_harmless_texts_of_every_kind_stay_below_the_default_thresholds(text_guard):
    wrong = {text: found for text, found in zip(HARMLESS, blocked(text_guard, *HARMLESS), strict=True) if found}

    assert wrong == {}


@pytest.mark.parametrize("place", [0, 47, 90, 133, 190])
def test_an_insult_is_found_anywhere_in_a_long_polite_text(text_guard, place):
    words = random.Random(place).choices(POLITE, k=200)

    hidden, polite = blocked(
        text_guard, " ".join([*words[:place], "you", "stupid", "idiot", *words[place:]]), " ".join(words)
    )

    assert Category.HARASSMENT in hidden
    assert polite == set()


@pytest.mark.parametrize(
    "disguised",
    [
        "you 1d10t",
        "you i.d.i.o.t",
        "you id*ot",
        "you ｉｄｉｏｔ",
        "you id\u200biot",
        "you id\u00adiot",
        "y o u  i d i o t",
        "уоu іdіоt",
        "𝔂𝓸𝓾 𝓲𝓭𝓲𝓸𝓽",
    ],
)
def test_a_disguised_insult_is_one(text_guard, disguised):
    assert Category.HARASSMENT in blocked(text_guard, disguised)[0]


@pytest.mark.parametrize(
    "text",
    ["a red car drives left at 1080p, 24 fps", "**Note**: see section 4.1 (e.g. H.264)", "a cocktail in Scunthorpe"],
)
def test_ordinary_texts_are_not_made_rude_by_the_undisguising(text_guard, text):
    assert max(text_guard.score([text])[0].values()) < 0.3


def test_empty_and_wordless_texts_score_zero(text_guard):
    assert text_guard.score(["", "   ", "!!! 🎈"]) == [dict.fromkeys(Category, 0.0)] * 3


def test_a_text_scores_nearly_the_same_alone_and_among_others(text_guard):
    texts = [
        "how long is this clip, by the way?",
        "a man stabbing another man, by the way",
        "you are a loser, by the way",
    ]
    together = text_guard.score(texts)
    text_guard._known.clear()

    alone = [text_guard.score([text])[0] for text in texts]

    for one, other in zip(together, alone, strict=True):
        assert list(one.values()) == pytest.approx(list(other.values()), abs=0.1)


def test_rudeness_equals_that_of_the_package_it_was_taken_from():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's, about versions
        package = importlib.import_module("profanity_check")
    texts = [*HARMLESS, *(text for some in HARMFUL.values() for text in some), "", "a", "Straße ſ İ", "shit " * 50]
    expected = package.predict_prob(texts)

    assert Rudeness().probabilities(texts) == pytest.approx(expected, abs=1e-6)


def test_the_guard_needs_none_of_the_packages_that_it_was_trained_with(text_guard):
    code = (
        "import sys; from engine.backends.lite.guards import LiteTextGuard; g = LiteTextGuard(); g.load();"
        "g.score(['hello there', 'Wie geht es dir heute?']); g.unread('ciao a tutti');"
        "print([m for m in ('sklearn', 'scipy', 'joblib', 'torch', 'tokenizers') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_plain_pictures_of_any_size_are_not_sexual(frame_guard):
    noise = np.random.default_rng(0).integers(0, 255, (90, 160, 3), dtype=np.uint8)
    frames = [noise, np.full((360, 640, 3), 200, np.uint8), noise[:1, :1], noise[:2]]

    assert all(0.0 <= score[Category.SEXUAL] < 0.5 for score in frame_guard.score(frames))


def test_a_frame_scores_the_same_alone_and_in_a_batch(frame_guard):
    frames = list(np.random.default_rng(1).integers(0, 255, (3, 60, 80, 3), dtype=np.uint8))

    together = [score[Category.SEXUAL] for score in frame_guard.score(frames)]
    alone = [frame_guard.score([frame])[0][Category.SEXUAL] for frame in frames]

    assert together == pytest.approx(alone, abs=1e-4)
