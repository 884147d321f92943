"""The splitter: nothing is lost, nothing is too long, and every code fence is whole in its message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.shared.splitting import pieces, split, units

LIMIT = 2000
SMALL = 64
text = st.lists(
    st.sampled_from(
        [
            "word ",
            "line\n",
            "\n\n",
            "```",
            "```py\n",
            "`",
            "``",
            "````",
            "x" * 70,
            "😀",
            "👩‍👩‍👧",
            "é",
            " ",
            "a\u0301",
            "```\n",
        ]
    ),
    max_size=60,
).map("".join)
anything = st.one_of(text, st.text(max_size=400))


@given(anything)
def test_the_bodies_joined_are_the_text_again(value: str) -> None:
    assert "".join(piece.body for piece in pieces(value, SMALL)) == value


@given(anything)
def test_no_message_is_longer_than_the_limit_in_utf16_units(value: str) -> None:
    assert all(units(str(piece)) <= SMALL for piece in pieces(value, SMALL))


@given(anything)
def test_every_message_closes_the_fences_that_it_opens(value: str) -> None:
    assert all(str(piece).count("```") % 2 == 0 for piece in pieces(value, SMALL))


@given(anything)
def test_the_cut_never_leaves_half_a_surrogate_pair(value: str) -> None:
    for page in split(value, SMALL):
        assert page.encode("utf-16-le").decode("utf-16-le") == page


@given(text, text)
def test_text_that_grows_leaves_all_finished_messages_alone(head: str, tail: str) -> None:
    before, after = pieces(head, SMALL), pieces(head + tail, SMALL)
    full = before[:-2]
    assert after[: len(full)] == full


def test_short_text_is_one_message_as_it_is() -> None:
    assert split("Two people ride past.", LIMIT) == ["Two people ride past."]


def test_blank_text_is_no_message_at_all() -> None:
    assert split(" \n ", LIMIT) == []


def test_it_prefers_to_cut_between_paragraphs() -> None:
    first, second = "a" * 1500, "b" * 1500
    assert split(f"{first}\n\n{second}", LIMIT) == [f"{first}\n\n", second]


def test_a_code_block_goes_on_in_its_language_in_the_next_message() -> None:
    code = "print('hello')\n" * 300
    pages = split(f"```python\n{code}```", LIMIT)
    assert len(pages) > 1
    assert all(page.startswith("```python\n") and page.endswith("```") for page in pages)
    assert all(units(page) <= LIMIT for page in pages)


def test_a_code_block_is_not_opened_at_the_very_end_of_a_message() -> None:
    pages = split("word " * 397 + "\n```py\nx = 1\n" + "y = 2\n" * 20 + "```", LIMIT)
    assert not pages[0].rstrip().endswith("```")
    assert pages[1].startswith("```py\n")


@pytest.mark.parametrize("before", range(54, 64))
def test_a_fence_is_never_cut_in_two(before: int) -> None:
    value = "x" * before + "```\n" + "y" * 80 + "\n```"
    for piece in pieces(value, SMALL):
        assert str(piece).count("```") % 2 == 0
        assert piece.body.count("`") % 3 == 0


def test_a_family_of_joined_signs_stays_together() -> None:
    family = "👩\u200d👩\u200d👧"
    pages = split("x" * 1992 + family, LIMIT)
    assert "".join(pages) == "x" * 1992 + family
    assert any(family in page for page in pages)


@given(anything)
def test_a_platform_counts_characters_as_it_likes(value: str) -> None:
    """Slack, for one, counts an ampersand as the five characters that it becomes on the way."""

    def escaped(char: str) -> int:
        return 5 if char in "&xé" else 1

    found = pieces(value, SMALL, escaped)
    assert "".join(piece.body for piece in found) == value
    assert all(sum(map(escaped, str(piece))) <= SMALL for piece in found)
