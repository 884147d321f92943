"""The guards around their models: readings, languages, and failing closed."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.lite.guards import LiteTextGuard, OpenNsfwFrameGuard, minors
from engine.backends.lite.guards.text import SENTENCE_WORDS, split
from engine.errors import GuardUnavailable, MissingExtra
from engine.extras import install
from engine.types import Category, Role

CATEGORIES = tuple(Category)
HARASSMENT, SEXUAL, MINORS = Category.HARASSMENT, Category.SEXUAL, Category.SEXUAL_MINORS


def text_guard(judge):
    """A guard whose heads say `judge(text)` to each reading: logits by category, or one for harassment."""

    def logits(texts):
        heads.asked += texts
        found = np.full((len(texts), len(CATEGORIES)), -9.0)
        for row, text in zip(found, texts, strict=True):
            said = judge(text)
            for category, value in (said if isinstance(said, dict) else {HARASSMENT: said}).items():
                row[CATEGORIES.index(category)] = value
        return found

    heads = SimpleNamespace(logits=logits, margins=np.zeros(len(CATEGORIES)), asked=[])
    guard = LiteTextGuard()
    guard._heads = heads
    return guard


def raw_guard(raw):
    guard = LiteTextGuard()
    guard._heads = SimpleNamespace(logits=lambda texts: np.asarray(raw, float), margins=np.zeros(len(CATEGORIES)))
    return guard


def frame_guard(*scores):
    guard = OpenNsfwFrameGuard()
    batches = []

    def classify_batch(images, max_workers):
        batches.append(len(images))
        return [SimpleNamespace(nsfw=scores[0] if len(scores) == 1 else scores[i]) for i in range(len(images))]

    guard._classifier = SimpleNamespace(classify_batch=classify_batch)
    return guard, batches


FRAME = np.zeros((8, 6, 3), np.uint8)


@given(st.lists(st.from_regex(r"[a-z]{1,5}", fullmatch=True), max_size=80))
def test_every_word_of_a_long_text_stands_in_a_part_of_it(words):
    parts = [part.split() for part in split(" ".join(words))]

    assert all(len(part) <= SENTENCE_WORDS for part in parts)
    assert not parts or {word for part in parts for word in part} == set(words)


def test_a_short_text_is_read_as_a_whole_only():
    assert split("Hello there. How are you? I am fine.") == []


def test_the_worst_sentence_is_the_score_of_a_long_text():
    guard = text_guard(lambda text: 3.0 if text == "Boo." else -3.0)

    scores = guard.score(["Fine so far. " * 9 + "Boo. " + "Fine so far. " * 9, "Fine.", ""])

    assert [round(score[HARASSMENT], 2) for score in scores] == [0.95, 0.05, 0.0]


def test_a_text_without_letters_scores_0_and_is_not_read():
    guard = text_guard(lambda text: 9.0)

    assert guard.score(["", "   ", "!!! 🎈 123"]) == [dict.fromkeys(CATEGORIES, 0.0)] * 3
    assert guard._heads.asked == []


def test_a_disguised_text_is_read_both_ways():
    guard = text_guard(lambda text: 3.0 if text == "you idiot" else -3.0)
    guard._lexicon = type(guard._lexicon)(["you"], ["idiot"])

    assert guard.score(["you 1d10t"])[0][HARASSMENT] > 0.9
    assert guard._heads.asked == ["you 1d10t", "you idiot"]


def test_a_german_text_is_read_in_english_words_too():
    guard = text_guard(lambda text: 3.0 if text.startswith("i want me kill") or "kill myself" in text else -3.0)

    assert guard.score(["Ich will mich umbringen"])[0][HARASSMENT] > 0.9


def test_what_was_read_is_not_read_again():
    guard = text_guard(lambda text: 0.0)

    guard.score(["One sentence of an answer."])
    guard.score(["One sentence of an answer."])

    assert guard._heads.asked == ["One sentence of an answer."]


@pytest.mark.parametrize(
    "raw", [[[float("nan")] * 8], [], [[0.1] * 8] * 2, [[0.1, 0.2]], [0.1]], ids=["nan", "none", "two", "few", "flat"]
)
def test_a_text_model_that_answers_nonsense_is_refused_and_never_read_as_harmless(raw):
    with pytest.raises(GuardUnavailable):
        raw_guard(raw).score(["hello"])


def test_a_text_model_that_raises_makes_the_guard_unavailable():
    def broken(text):
        raise RuntimeError("boom")

    with pytest.raises(GuardUnavailable):
        text_guard(broken).score(["hello"])


def test_scores_stay_within_their_range_whatever_the_logits():
    guard = text_guard(lambda text: 900.0 if text == "high" else -900.0)

    assert [round(s[HARASSMENT], 6) for s in guard.score(["high", "low"])] == [1.0, 0.0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a sexual line about a 12 year old", True),
        ("a sexual line about grown people", False),
        ("how old is the girl in this sexual line", False),
        ("eine sexual Zeile über Kinder", True),
    ],
)
def test_what_is_sexual_and_names_a_minor_is_sexual_minors_as_strongly(text, expected):
    guard = text_guard(lambda reading: {SEXUAL: 2.0})

    scores = guard.score([text])[0]

    assert (scores[MINORS] == scores[SEXUAL]) is expected


@pytest.mark.parametrize(
    "text", ["a 9yo", "aged 15", "two kids", "a schoolgirl", "una niña de 12 años", "un enfant", "13-jährig", "a minor"]
)
def test_a_minor_is_named_in_many_ways(text):
    assert minors.named(text)


@pytest.mark.parametrize(
    "text",
    ["a 35 year old", "12 minutes", "how old is she?", "10 years ago", "12 men", "adults", "a woman of 40", "baby"],
)
def test_grown_people_and_other_numbers_are_no_minors(text):
    assert not minors.named(text)


@pytest.mark.parametrize(
    "text",
    [
        "Сколько мячей на столе?",
        "何個のボールがありますか",
        "kuinka monta palloa pöydällä on",
        "ile psów widać na tym filmie",
    ],
)
def test_a_text_in_a_language_it_does_not_know_is_said_to_be_unread(text):
    assert LiteTextGuard().unread(text) == CATEGORIES
    assert LiteTextGuard().unread(f"{text} {text}\n{text}") == CATEGORIES


@pytest.mark.parametrize(
    "text",
    [
        "How many balls are there?",
        "Wie viele Bälle sieht man?",
        "¿Cuántas pelotas hay en la mesa?",
        "Combien de balles y a-t-il sur la table ?",
        "",
        "🎈🎈 1234",
        "lol",
        "Ноw tо mаkе а саkе",
        "𝓱𝓸𝔀 𝓪𝓻𝓮 𝔂𝓸𝓾 𝓽𝓸𝓭𝓪𝔂",
        "Sudō Naoki plays the koto",
    ],
)
def test_what_it_knows_or_what_has_no_words_is_not_unread(text):
    assert LiteTextGuard().unread(text) == ()


def test_frames_go_to_the_model_in_batches_of_at_most_32():
    guard, batches = frame_guard(0.25)

    scores = guard.score([FRAME] * 70)

    assert batches == [32, 32, 6]
    assert [score[SEXUAL] for score in scores] == [0.25] * 70


def test_a_frame_score_of_nan_is_refused():
    with pytest.raises(GuardUnavailable):
        frame_guard(0.1, float("nan"))[0].score([FRAME, FRAME])


@pytest.mark.parametrize(
    "frame",
    [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((0, 8, 3), np.uint8), FRAME / 2.0, None],
)
def test_what_is_no_picture_is_refused(frame):
    with pytest.raises(GuardUnavailable):
        frame_guard(0.1)[0].score([frame])


@pytest.mark.parametrize("guard", [LiteTextGuard(), OpenNsfwFrameGuard()])
def test_a_guard_that_is_not_loaded_refuses_to_score(guard):
    with pytest.raises(GuardUnavailable):
        guard.score(["hello"])


@pytest.mark.parametrize(
    ("guard", "role", "categories"),
    [
        (LiteTextGuard, Role.TEXT_GUARD, CATEGORIES),
        (OpenNsfwFrameGuard, Role.FRAME_GUARD, (SEXUAL,)),
    ],
)
def test_a_card_claims_only_what_the_model_was_taught(guard, role, categories):
    card = guard().card()

    assert (card.role, card.categories, card.missing) == (role, categories, "")
    assert card.download_bytes == 0


@pytest.mark.parametrize("guard", [LiteTextGuard, OpenNsfwFrameGuard])
def test_without_its_packages_a_guard_says_how_to_install_them(guard, monkeypatch):
    monkeypatch.setattr("engine.backends.lite.extra.find_spec", lambda name: None)

    assert install("lite") in guard().card().missing
    with pytest.raises(MissingExtra, match="not installed"):
        guard().load()


def test_asking_for_the_cards_imports_nothing_heavy():
    code = (
        "import sys; from engine.backends.lite.guards import *;"
        "LiteTextGuard().card(); OpenNsfwFrameGuard().card();"
        "print([m for m in ('numpy', 'onnxruntime', 'PIL') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
