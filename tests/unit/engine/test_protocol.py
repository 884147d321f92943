"""The tag parser: what people may read comes out at once, what is a prompt never does."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.protocol import Shown, TagParser, inert
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


# What people may read is written in these letters, what is a prompt in those: so that a slip is seen at once.
_WORDS = st.text(alphabet="abcdef .,\n", max_size=12)
_PROMPTS = st.text(alphabet="uvwxyz ,", max_size=12)
_GAPS = st.sampled_from(["", " ", "\n", "  "])
_ATTRIBUTES = st.sampled_from(["", " ", ' style="uvw"', " id=1", "\nx=y z"])


@st.composite
def _openings(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(["video", "VIDEO", "Video"]))
    return f"<{draw(_GAPS)}{name}{draw(_ATTRIBUTES)}>"


@st.composite
def _closings(draw: st.DrawFn) -> str:
    return f"<{draw(_GAPS)}/{draw(_GAPS)}{draw(st.sampled_from(['video', 'VIDEO']))}{draw(_GAPS)}>"


@st.composite
def _wishes(draw: st.DrawFn, depth: int = 2) -> str:
    """A tag with a prompt, and now and then whole tags in it."""
    inner = st.just("") | st.just("<video/>")
    if depth:
        inner |= _wishes(depth=depth - 1)
    content = [draw(_PROMPTS), draw(inner), draw(_PROMPTS)]
    return draw(_openings()) + "".join(content) + draw(_closings())


@st.composite
def _malformed(draw: st.DrawFn) -> str:
    """What is no wish, and nothing to read either: tags that close nothing, are empty, or are broken."""
    return draw(
        st.sampled_from(["</video>", "<video/>", "<video />", "<video></video>", "<video <video/>", "</video </video>"])
        | _closings()
    )


_PARTS = st.lists(
    st.tuples(st.just("text"), _WORDS)
    | st.tuples(st.just("wish"), _wishes())
    | st.tuples(st.just("slip"), _malformed()),
    max_size=8,
)


@given(parts=_PARTS, cuts=st.lists(st.integers(0, 400), max_size=20))
def test_neither_tags_nor_what_is_in_them_are_ever_read_by_people(
    parts: list[tuple[str, str]], cuts: list[int]
) -> None:
    answer = "".join(part for _, part in parts)
    edges = sorted({0, len(answer), *(min(cut, len(answer)) for cut in cuts)})
    pieces = [answer[a:b] for a, b in pairwise(edges)]
    for shown, prompts in (parse(*pieces), parse(*answer)):
        assert shown == "".join(part for kind, part in parts if kind == "text")
        assert not set("".join(prompts)) & set("<>abcdef")
        wishes = [part for kind, part in parts if kind == "wish"]
        assert len(prompts) <= len(wishes)
        assert len(prompts) >= sum(bool(set(re.sub("<[^>]*>", "", wish)) - {" ", "\n"}) for wish in wishes)


@given(parts=_PARTS, data=st.data())
def test_an_answer_that_stops_anywhere_has_shown_no_more_than_the_whole_one(
    parts: list[tuple[str, str]], data: st.DataObject
) -> None:
    answer = "".join(part for _, part in parts)
    stop = data.draw(st.integers(0, len(answer)))
    shown, _ = parse(*answer[:stop])
    assert parse(answer)[0].startswith(shown)


@given(answer=_ANSWERS, stop=st.integers(0, 300))
def test_what_is_shown_is_never_taken_back(answer: str, stop: int) -> None:
    parser = TagParser()
    begun = [event for letter in answer[:stop] for event in parser.feed(letter)]
    shown = "".join(event.text for event in begun if isinstance(event, Token))
    assert parse(answer)[0].startswith(shown)


def test_several_videos_come_in_the_order_in_which_they_are_asked_for() -> None:
    answer = "First <video>one</video>, then <video>two <video>and a half</video></video> and </video><video>three"
    assert parse(*answer) == ("First , then  and ", ["one", "two and a half", "three"])


@pytest.mark.parametrize(
    ("pieces", "text", "prompts"),
    [
        (["I read ", Shown("<video>a cat</video>"), "."], "I read <video>a cat</video>.", []),
        ([Shown("<video>"), "a cat", Shown("</video>")], "<video>a cat</video>", []),
        ([Shown("<vid"), "eo>a cat</video>"], "<video>a cat", []),
        (["<vid", Shown("eo>a cat</video>")], "eo>a cat</video>", []),
        (["<video>a dog</video>", Shown("<video>a cat</video>")], "<video>a cat</video>", ["a dog"]),
        ([Shown("<video>a cat "), "<video>a dog</video>"], "<video>a cat ", ["a dog"]),
        ([Shown("")], "", []),
    ],
)
def test_a_piece_that_is_only_shown_stays_as_it_is_and_orders_nothing(
    pieces: list[str], text: str, prompts: list[str]
) -> None:
    assert parse(*pieces) == (text, prompts)


@given(quoted=_ANSWERS, before=_WORDS, after=_WORDS)
def test_nothing_that_is_only_shown_can_order_a_video(quoted: str, before: str, after: str) -> None:
    assert parse(before, Shown(quoted), after) == (before + quoted + after, [])


@given(answer=_ANSWERS)
def test_inert_text_orders_nothing_when_it_is_read_again(answer: str) -> None:
    assert parse(inert(answer))[1] == []
