"""What people ask is understood: questions that were written before the examples, and never used to learn from."""

import hashlib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from engine.backends.lite.understanding import questions
from engine.backends.lite.understanding.questions.question import understand
from engine.backends.lite.understanding.questions.tongues import tongue_of

UNSEEN = Path(__file__).parent / "questions_unseen.tsv"


def test_unseen_questions_are_understood():
    lines = [line.split("\t") for line in UNSEEN.read_text(encoding="utf-8").splitlines()]
    misses = [(wanted, understand(text), text) for wanted, text in lines]
    misses = [miss for miss in misses if miss[1].intent not in miss[0].split("|") and not miss[1].unsure]
    assert len(misses) <= 0.05 * len(lines), misses


def test_the_head_was_learned_from_the_examples_as_they_are():
    folder = resources.files(questions)
    source = hashlib.sha256(folder.joinpath("intents.toml").read_bytes()).hexdigest()
    with resources.as_file(folder.joinpath("intents.npz")) as path, np.load(path) as head:
        assert str(head["source"]) == source, "run python -m training.questions"


@pytest.mark.parametrize(
    ("text", "intents"),
    [
        ("How long is it and is there sound?", {"length", "sound"}),
        ("how many shots? what colours?", {"cuts", "colours"}),
        ("when is the cut, when does the sound stop?", {"cuts", "sound"}),
        ("what moves, and where to?", {"moves"}),
        ("is it black and white?", {"colours"}),
    ],
)
def test_several_questions_in_one_message_are_all_heard(text, intents):
    assert set(understand(text).intents) == intents


@pytest.mark.parametrize(
    ("earlier", "text", "intent"),
    [
        (["how long is it?"], "and how many shots?", "cuts"),
        (["what colours are in it?"], "what about the end?", "colours"),
        (["what moves?"], "and in the last shot?", "moves"),
        (["is there sound?", "thanks"], "and the second one?", "sound"),
        (["what moves?", "and at 0:03?"], "and at 0:07?", "moves"),
        (["what colours?"], "tell me a joke", "other"),
        (["was bewegt sich?"], "und bei 0:07?", "moves"),
    ],
)
def test_a_follow_up_takes_its_intent_from_the_talk(earlier, text, intent):
    assert understand(text, earlier).intent == intent


@pytest.mark.parametrize("text", ["", "   ", "?!", "🙂", "x" * 5000, "0:07", "((((", "a\x00b"])
def test_odd_messages_are_read_without_error(text):
    assert understand(text).intents


@pytest.mark.parametrize(
    "text",
    [
        "Was passiert in dem Video?",
        "Was geschieht in diesem Clip?",
        "Was passiert im Video?",
        "Was passiert gerade?",
        "Kannst du mir sagen, was in dem Video passiert?",
    ],
)
def test_words_that_both_languages_have_do_not_make_a_german_question_english(text):
    question = understand(text)
    assert (question.tongue, question.intent, question.unsure) == ("de", "overview", False)


@pytest.mark.parametrize(
    ("text", "tongue"),
    [
        ("Is the man in a hat?", "en"),
        ("was that a dog in the video?", "en"),
        ("in the clip, what was it?", "en"),
        ("how fast?", "en"),
        ("video", "en"),
        ("bus?", "en"),
        ("Wat gebeurt er in de video?", "nl"),
        ("Cosa succede nel video?", "it"),
        ("Vad händer i videon?", "sv"),
    ],
)
def test_and_no_other_language_becomes_german_by_them(text, tongue):
    assert tongue_of(text) == tongue
