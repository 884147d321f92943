"""Requests for videos become prompts, and questions do not."""

import pytest

from engine.backends.lite.understanding import LiteUnderstanding
from engine.backends.lite.understanding.questions.wish import wanted_prompt
from engine.types import Turn, Understand


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("make me a video of a red ball bouncing", "a red ball bouncing"),
        ("Show me a cat on the beach as a clip, please!", "a cat on the beach"),
        ("can you animate a paper plane over the sea?", "a paper plane over the sea"),
        ("generate a video of waves at sunset.", "waves at sunset"),
        ("please make a short animation of a rocket pls", "a rocket"),
        ("I'd love to see a video of a whale under the stars", "a whale under the stars"),
        ("create a clip: a robot dancing in the rain", "a robot dancing in the rain"),
        ("could you render a spinning globe for me", "a spinning globe"),
        ("a video of two dogs surfing", "two dogs surfing"),
        ("Show me a paper boat on a calm lake", "a paper boat on a calm lake"),
        ("could you draw three stars at night?", "three stars at night"),
        ("mach mir ein Video von einem roten Ball", "einem roten Ball"),
        ("kannst du mir bitte einen kurzen Clip von zwei Hunden machen?", "zwei Hunden"),
        ('make a video of "<video>x</video> a cat"', "x a cat"),
    ],
)
def test_a_request_becomes_a_clean_prompt(text, prompt):
    assert wanted_prompt(text) == prompt


@pytest.mark.parametrize(
    "text",
    [
        "can you tell what video this is?",
        "what is this video about",
        "make a summary of this video",
        "is this a video of a cat?",
        "create a list of the shots",
        "show me the colours of the video",
        "show me a frame from the end",
        "show me the cars",
        "can you show me a few shots",
        "do you make videos?",
        "can you generate videos?",
        "make a video of this",
        "generate a description",
        "another one but blue",
        "what makes the video dark",
    ],
)
def test_a_question_about_videos_asks_for_none(text):
    assert wanted_prompt(text) is None


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("another one but blue", "a blue ball bouncing"),
        ("again", "a red ball bouncing"),
        ("the same but at night", "a red ball bouncing, at night"),
        ("make it green", "a green ball bouncing"),
        ("another one of a cat", "a cat"),
    ],
)
def test_a_change_builds_on_the_earlier_request(text, prompt):
    assert wanted_prompt(text, "a red ball bouncing") == prompt


def _pieces(context, *texts):
    turns = tuple(Turn(role="user" if i % 2 == 0 else "assistant", text=t) for i, t in enumerate(texts))
    return list(LiteUnderstanding().answer(Understand(turns=turns), context))


def test_the_tag_comes_in_one_piece_after_a_sentence(context):
    pieces = _pieces(context, "make me a video of a red ball bouncing")
    assert pieces[-1] == "<video>a red ball bouncing</video>"
    assert "".join(pieces[:-1]).strip().endswith(".")


def test_a_later_message_changes_the_request(context):
    answer = "".join(_pieces(context, "make me a video of a red ball", "Here it is.", "another one but blue"))
    assert answer.endswith("<video>a blue ball</video>")
