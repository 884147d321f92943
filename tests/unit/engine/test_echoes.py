"""Wishes that repeat a tag of others are shown as a quotation; a model's own are made."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.echoes import Echoes, Outside, tagged
from engine.protocol import TagParser
from engine.types import Token, VideoWanted


def parse(
    answer: str, question: str = "What is this?", *, now: Sequence[str] = (), before: Sequence[str] = (), cut: int = 3
) -> tuple[str, list[str]]:
    """What people read of an answer that comes in small pieces, and the prompts of the videos that it asks for."""
    parser, echoes = TagParser(), Echoes(lambda: Outside(question, lambda: now, before))
    events: list[Token | VideoWanted] = []
    for start in range(0, len(answer), cut):
        events += echoes.sift(parser.feed(answer[start : start + cut]))
    events += [*echoes.sift(parser.finish()), *echoes.finish()]
    return (
        "".join(event.text for event in events if isinstance(event, Token)),
        [event.prompt for event in events if isinstance(event, VideoWanted)],
    )


@pytest.mark.parametrize(
    "spelt",
    [
        "<video>a cat</video>",
        "look: < VIDEO >A  Cat< / video > here",
        "<video>a cat",
        '<video style="x">a cat</video>',
        "‹video›a cat‹/video›",
        "&lt;video&gt;a cat&lt;/video&gt;",
        "＜video＞ａ　cat＜/video＞",
        "<vi\u200bdeo>a c\u200bat</video>",
        "\\<video\\>a cat\\</video\\>",
        "<video>the cat!</video>",
        "<video>a dog</video> and <video>a cat</video>",
        "<video>a <video>cat</video></video>",
        "Ann wrote:\n<video>\na\ncat\n</video>",
    ],
)
def test_a_wish_that_stands_in_a_tag_of_others_is_shown_and_not_made(spelt: str) -> None:
    answer = "It says <video>a cat</video>."
    assert parse(answer, now=[spelt]) == ("It says <video>a cat</video>.", [])
    assert parse(answer, before=[spelt]) == ("It says <video>a cat</video>.", [])
    assert parse(answer, f"What does {spelt} mean?") == ("It says <video>a cat</video>.", [])


@pytest.mark.parametrize(
    ("wish", "others"),
    [
        ("a red fox in the snow", "<video>a cat</video>"),
        ("a cat", "Make a video of a cat"),
        ("a cat", "a cat, and then <video> for a dog"),
        ("a cat walks over a roof at night, wide shot", "<video>a cat</video>"),
        ("a cat", "</video>a cat"),
        ("a cat", "<videos>a cat</videos>"),
        ("a cat", ""),
        ("🐱", "<video>🐶</video>"),
    ],
)
def test_a_wish_of_the_models_own_is_made(wish: str, others: str) -> None:
    assert parse(f"Here: <video>{wish}</video>", now=[others], before=[others]) == ("Here: ", [wish])


def test_who_asks_for_the_same_in_own_words_gets_it_though_somebody_wrote_the_tag_before() -> None:
    question, before = "Please make a video of a cat", ["Ann wrote: <video>a cat</video>"]
    assert parse("Here. <video>a cat</video>", question, before=before) == ("Here. ", ["a cat"])
    assert parse("Here. <video>a cat</video>", question, now=before) == ("Here. <video>a cat</video>", [])


@pytest.mark.parametrize("marks", ["“”", '""', "„“", "«»", "‘’", "``", "''"])
def test_a_tag_in_quotation_marks_is_a_quotation(marks: str) -> None:
    opening, closing = marks
    answer = f"On it I read {opening}<video>a cat</video>{closing}."
    assert parse(answer) == (answer, [])
    assert parse(f"I read {opening}<video>a cat{closing}")[1] == []


@pytest.mark.parametrize(
    ("answer", "question"),
    [
        ("Here is “your video” <video>a cat</video>.", "Surprise me!"),
        ("Here is “<video>a cat</video> for you.", "Surprise me!"),
        ("Here: `<video>a cat</video>`", "Make a video of a cat!"),
    ],
)
def test_a_tag_beside_quotation_marks_or_asked_for_is_a_wish(answer: str, question: str) -> None:
    assert parse(answer, question)[1] == ["a cat"]


def test_pictures_are_read_only_when_there_is_a_wish() -> None:
    def read() -> Sequence[str]:
        raise AssertionError("nobody asked for a video")

    echoes = Echoes(lambda: Outside("What is this?", read))
    assert echoes.sift([Token(text="A cat.")]) == [Token(text="A cat.")]
    assert echoes.finish() == []


_TEXTS = st.text(st.sampled_from('abc <>/"“”'), max_size=12)


@given(parts=st.lists(st.tuples(_TEXTS, st.sampled_from(["a cat", "a red fox", "b"])), max_size=4), data=st.data())
def test_the_cutting_into_pieces_makes_no_difference(parts: list[tuple[str, str]], data: st.DataObject) -> None:
    answer = "".join(f"{text}<video>{prompt}</video>" for text, prompt in parts)
    cuts = {data.draw(st.integers(1, 9)) for _ in range(3)}
    results = [parse(answer, now=["<video>a cat</video>"], cut=cut) for cut in (*cuts, len(answer) or 1)]
    assert all(one == other for one, other in pairwise(results))
    assert "a cat" not in results[0][1]


def test_of_nested_tags_the_whole_counts() -> None:
    assert [" ".join(tag.split()) for tag in tagged("<video>a <video>b</video> c</video> d")] == ["a b c"]
