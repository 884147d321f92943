"""The tag parser: what people may read comes out at once, what is a prompt never does."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.protocol import TagParser
from engine.types import Token, VideoWanted


def parse(*pieces: str) -> tuple[str, list[str]]:
    parser = TagParser()
    events = [event for piece in pieces for event in parser.feed(piece)] + parser.finish()
    return (
        "".join(event.text for event in events if isinstance(event, Token)),
        [event.prompt for event in events if isinstance(event, VideoWanted)],
    )


@pytest.mark.parametrize(
    ("answer", "text", "prompts"),
    [
        ("Here: <video>a cat</video> Enjoy.", "Here:  Enjoy.", ["a cat"]),
        ("<VIDEO>a</Video>", "", ["a"]),
        ('<video style="x" id=1>a</video >', "", ["a"]),
        ("< video >a< / video >", "", ["a"]),
        ("<video>\n  a   red\n car </video>", "", ["a red car"]),
        ("<video>a</video>b<video>c</video>", "b", ["a", "c"]),
        ("<video>a <video>b</video> c</video>d", "d", ["a b c"]),
        ("<video></video><video>  </video>x", "x", []),
        ("x<video/>y", "xy", []),
        ("x</video>y", "xy", []),
        ("<video>1 < 2 and <b>bold</b></video>", "", ["1 < 2 and <b>bold</b>"]),
        ("2 < 3, <videos> and <b>text</b> <vid>", "2 < 3, <videos> and <b>text</b> <vid>", []),
        ("<video a cat</video>!", "!", []),
        ("<video <video>cat</video>!", "!", ["cat"]),
        ("<<video/>video>", "video>", []),
        ("<vid<video>a</video>eo>", "eo>", ["a"]),
        ("cout << x <<< y", "cout << x <<< y", []),
        ("<video " + "a" * 300, " " + "a" * 300, []),
    ],
)
def test_text_and_prompts_are_told_apart(answer: str, text: str, prompts: list[str]) -> None:
    assert parse(answer) == (text, prompts)


@pytest.mark.parametrize("half", ["<", "<v", "</", "< /vid", "<video", '<video style="', "</video"])
def test_half_a_tag_at_the_end_is_dropped(half: str) -> None:
    assert parse("Done " + half) == ("Done ", [])


def test_a_model_that_stops_at_the_closing_tag_gets_its_video() -> None:
    assert parse("Sure! <video>a calm sea") == ("Sure! ", ["a calm sea"])
    assert parse("Sure! <video>a calm sea</vi") == ("Sure! ", ["a calm sea"])


@pytest.mark.parametrize("content", ["an answer\n\nin paragraphs", "long " * 300, "open <video>twice"])
def test_an_unclosed_tag_before_anything_but_a_prompt_is_a_slip(content: str) -> None:
    assert parse("Hm. <video>" + content) == ("Hm. ", [])


def test_text_is_passed_on_as_soon_as_it_cannot_be_a_tag() -> None:
    parser = TagParser()
    assert parser.feed("so 1 <") == [Token(text="so 1 ")]
    assert parser.feed(" 2") == [Token(text="< 2")]
    assert parser.feed("<vi") == []
    assert parser.feed("ew>") == [Token(text="<view>")]


# Pieces of which tags are made, so that random strings come close to tags.
_SHARDS = st.sampled_from(
    [
        "<",
        ">",
        "/",
        "video",
        "eo>",
        "VIDEO",
        "vid",
        "eo",
        " ",
        "\n",
        "a",
        "=",
        '"',
        "<video>",
        "</video>",
        "<video/>",
        "x" * 210,
    ]
)
_ANSWERS = st.lists(_SHARDS | st.text(max_size=4), max_size=30).map("".join)


@given(answer=_ANSWERS, cuts=st.lists(st.integers(min_value=0, max_value=300), max_size=20))
def test_the_cutting_into_pieces_makes_no_difference(answer: str, cuts: list[int]) -> None:
    edges = sorted({0, len(answer), *(min(cut, len(answer)) for cut in cuts)})
    assert parse(*(answer[a:b] for a, b in pairwise(edges))) == parse(answer) == parse(*answer)


@given(answer=_ANSWERS)
def test_no_whole_tag_is_ever_shown(answer: str) -> None:
    shown, _ = parse(answer)
    assert not re.search(r"<\s{0,4}/?\s{0,4}video(?=[\s/>])[^<>]{0,200}>", shown, re.IGNORECASE)


_PLAIN = st.text(alphabet=st.characters(exclude_characters="<>"), max_size=20)


@given(parts=st.lists(st.tuples(_PLAIN, _PLAIN), max_size=5), tail=_PLAIN, data=st.data())
def test_well_formed_answers_come_apart_exactly(parts: list[tuple[str, str]], tail: str, data: st.DataObject) -> None:
    answer = "".join(f"{text}<video>{prompt}</video>" for text, prompt in parts) + tail
    size = data.draw(st.integers(min_value=1, max_value=7))
    pieces = [answer[at : at + size] for at in range(0, len(answer), size)]
    wanted = [" ".join(prompt.split()) for _, prompt in parts]
    assert parse(*pieces) == ("".join(text for text, _ in parts) + tail, [prompt for prompt in wanted if prompt])
