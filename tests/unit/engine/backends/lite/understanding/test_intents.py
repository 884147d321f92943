"""What people ask is recognised: an evaluation set that was written first, and one that was never tuned on."""

import pytest

from engine.backends.lite.understanding.language.intents import Intent
from engine.backends.lite.understanding.language.question import understand


def _misses(questions):
    read = [(intent, understand(text).intent, text) for intent, text in questions]
    return [miss for miss in read if miss[0] != miss[1]]


def test_the_tuned_set_is_understood(questions):
    assert len(questions) >= 120
    misses = _misses(questions)
    assert len(misses) <= 0.02 * len(questions), misses


def test_the_unseen_set_is_understood(unseen_questions):
    assert len(unseen_questions) >= 60
    misses = _misses(unseen_questions)
    assert len(misses) <= 0.05 * len(unseen_questions), misses


def test_both_sets_are_disjoint_and_cover_every_intent(questions, unseen_questions):
    assert not {text for _, text in questions} & {text for _, text in unseen_questions}
    for known in (questions, unseen_questions):
        assert {intent for intent, _ in known} == set(Intent)


@pytest.mark.parametrize(
    ("text", "intents"),
    [
        ("How long is it and is there sound?", {Intent.DURATION, Intent.SOUND}),
        ("how many shots? what colours?", {Intent.SHOTS, Intent.COLOURS}),
        ("what moves, and where to?", {Intent.SUBJECT_MOTION}),
        ("is it black and white?", {Intent.COLOURS}),
    ],
)
def test_several_questions_in_one_message_are_all_heard(text, intents):
    assert set(understand(text).intents) == intents


@pytest.mark.parametrize(
    ("earlier", "text", "intent"),
    [
        (["how long is it?"], "and how many shots?", Intent.SHOTS),
        (["what colours are in it?"], "what about the end?", Intent.COLOURS),
        (["what moves?"], "and in the last shot?", Intent.SUBJECT_MOTION),
        (["is there sound?", "thanks"], "and the second one?", Intent.SOUND),
        (["what moves?", "and at 0:03?"], "and at 0:07?", Intent.SUBJECT_MOTION),
        (["what colours?"], "tell me a joke", Intent.OTHER),
    ],
)
def test_a_follow_up_takes_its_intent_from_the_talk(earlier, text, intent):
    assert understand(text, earlier).intent == intent


@pytest.mark.parametrize("text", ["", "   ", "?!", "🙂", "x" * 5000, "0:07", "((((", "a\x00b"])
def test_odd_messages_are_read_without_error(text):
    assert understand(text).intents


def test_details_of_a_question_are_read():
    question = understand("does anything red move to the left or up in the second clip?")
    assert question.directions == ("left", "up")
    assert question.colours == ("red",)
    assert question.clip == 2
    assert question.yes_no
    assert understand("does it go from left to right?").directions == ("right",)
    assert understand("does it come towards us").approach == 1
    assert understand("which shot is the darkest?").extreme == ("brightness", -1)
