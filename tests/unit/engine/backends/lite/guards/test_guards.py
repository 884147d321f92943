"""The guards around their models: windows, disguises, and failing closed."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.lite.guards import OpenNsfwFrameGuard, ProfanityTextGuard
from engine.backends.lite.guards.disguise import tokens, undisguise
from engine.backends.lite.guards.text import WINDOW_WORDS, split_windows
from engine.errors import GuardUnavailable, MissingExtra
from engine.extras import install
from engine.types import Category, Role


def text_guard(predict):
    guard = ProfanityTextGuard()
    guard._predict = predict
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


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [
        ("1d10t", "idiot"),
        ("i.d.i.o.t", "idiot"),
        ("I D I O T", "idiot"),
        ("idiiiot", "idiot"),
        ("id\u200biot", "idiot"),
        ("ｉｄｉｏｔ", "idiot"),
        ("ídïot", "idiot"),
        ("cr@p!", "crap"),
        ("id*ot", "idiot"),
        ("i****", "idiot"),
    ],
)
def test_a_disguised_word_reads_like_the_plain_one(disguised, plain):
    assert undisguise(disguised, ["idiot", "crap"]).strip() == plain


@pytest.mark.parametrize(
    "text", ["hello there", "2026 was 100 days", "**bold**", "*emphasis*", "3 * 4 = 12", "e.g. this"]
)
def test_ordinary_writing_stays_as_it_is(text):
    assert undisguise(text, ["bold", "emphasis"]).strip() == text


@given(st.text(max_size=300))
def test_no_text_breaks_the_undisguising(text):
    assert isinstance(undisguise(text, ["idiot"]), str)


@given(st.lists(st.from_regex(r"[a-z]{1,5}", fullmatch=True), max_size=60))
def test_every_word_and_every_pair_of_neighbours_share_a_window(words):
    windows = [tokens(window) for window in split_windows(" ".join(words))]

    assert all(len(window) <= WINDOW_WORDS for window in windows)
    for left, right in pairwise(words):
        assert any(left in window and right in window for window in windows)
    assert bool(windows) == bool(words)


def test_the_worst_window_is_the_score_of_the_text():
    guard = text_guard(lambda windows: [0.9 if "boo" in window else 0.1 for window in windows])

    scores = guard.score(["fine " * 50 + "boo " + "fine " * 50, "fine", ""])

    assert [score[Category.HARASSMENT] for score in scores] == [0.9, 0.1, 0.0]


@pytest.mark.parametrize("raw", [[float("nan")], [], [0.1, 0.2], [[0.1, 0.2]], ["x"], [None], None])
def test_a_text_model_that_answers_nonsense_is_refused_and_never_read_as_harmless(raw):
    with pytest.raises(GuardUnavailable):
        text_guard(lambda windows: raw).score(["hello"])


def test_a_text_model_that_raises_makes_the_guard_unavailable():
    def broken(windows):
        raise RuntimeError("boom")

    with pytest.raises(GuardUnavailable):
        text_guard(broken).score(["hello"])


def test_scores_out_of_range_are_clamped():
    guard = text_guard(lambda windows: [1.7 if "high" in window else -0.2 for window in windows])

    assert [s[Category.HARASSMENT] for s in guard.score(["high", "low"])] == [1.0, 0.0]


def test_frames_go_to_the_model_in_batches_of_at_most_32():
    guard, batches = frame_guard(0.25)

    scores = guard.score([FRAME] * 70)

    assert batches == [32, 32, 6]
    assert [score[Category.SEXUAL] for score in scores] == [0.25] * 70


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


@pytest.mark.parametrize("guard", [ProfanityTextGuard(), OpenNsfwFrameGuard()])
def test_a_guard_that_is_not_loaded_refuses_to_score(guard):
    with pytest.raises(GuardUnavailable):
        guard.score(["hello"])


@pytest.mark.parametrize(
    ("guard", "role", "category"),
    [
        (ProfanityTextGuard, Role.TEXT_GUARD, Category.HARASSMENT),
        (OpenNsfwFrameGuard, Role.FRAME_GUARD, Category.SEXUAL),
    ],
)
def test_a_card_claims_only_what_the_model_was_taught(guard, role, category):
    card = guard().card()

    assert (card.role, card.categories, card.missing) == (role, (category,), "")
    assert card.download_bytes == 0


@pytest.mark.parametrize("guard", [ProfanityTextGuard, OpenNsfwFrameGuard])
def test_without_its_packages_a_guard_says_how_to_install_them(guard, monkeypatch):
    monkeypatch.setattr("engine.backends.lite.extra.find_spec", lambda name: None)

    assert install("lite") in guard().card().missing
    with pytest.raises(MissingExtra, match="not installed"):
        guard().load()


def test_asking_for_the_cards_imports_nothing_heavy():
    code = (
        "import sys; from engine.backends.lite.guards import *;"
        "ProfanityTextGuard().card(); OpenNsfwFrameGuard().card();"
        "print([m for m in ('numpy', 'sklearn', 'onnxruntime', 'PIL') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
