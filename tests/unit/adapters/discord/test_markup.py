"""What people and models write stays what they wrote, and nothing more."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Place
from adapters.discord.markup import harmless, link, plain, subtext


@pytest.mark.parametrize(
    "ping", ["@everyone", "@here", "<@123456789012345678>", "<@!123456789012345678>", "<@&123456789012345678>", "<#12>"]
)
def test_a_model_cannot_ping_anybody(ping: str) -> None:
    assert ping not in harmless(f"hello {ping}!")


@pytest.mark.parametrize("forged", ["-# request 1", "text\n-# GPT-9", "> -# x", "  -# x", "```\n-# x\n```", "- -# x"])
def test_a_model_cannot_forge_the_footer(forged: str) -> None:
    assert "-#" not in harmless(forged)


@given(
    st.lists(
        st.sampled_from(
            ["-#", "- ", "> ", "\n", "```", "`", "@", "everyone", "here", "<@", "&", "12", ">", "[a]", "(b)", " "]
        )
    ).map("".join)
)
def test_no_mixture_of_marks_pings_or_forges(text: str) -> None:
    made = harmless(text)
    assert "@everyone" not in made
    assert "@here" not in made
    assert not re.search(r"<@[!&]?\d", made)
    assert not re.search(r"(?m)^[\s>]*-#", made)


def test_a_link_is_shown_as_it_is_without_a_preview() -> None:
    assert harmless("see https://example.org/a.") == "see <https://example.org/a>."
    assert harmless("see <https://example.org/a>") == "see <https://example.org/a>"


def test_a_link_cannot_hide_behind_other_words() -> None:
    assert "](" not in harmless("[your bank](https://example.org)")


def test_code_keeps_its_brackets_and_links() -> None:
    code = "```py\nf[0](x)  # https://example.org\n```"
    assert harmless(code) == code


def test_ordinary_markdown_of_an_answer_is_kept() -> None:
    assert harmless("**two** people, `one` dog\n- a\n- b") == "**two** people, `one` dog\n- a\n- b"


def test_a_lone_surrogate_does_not_break_the_message() -> None:
    harmless("a\ud800b").encode("utf-8")


def test_a_file_name_is_shown_letter_by_letter() -> None:
    assert plain("a_b*c*\n.mp4") == r"a\_b\*c\* .mp4"


def test_a_footer_is_one_line_of_small_print() -> None:
    assert subtext("lite\nfake") == "-# lite fake"


def test_a_message_of_a_guild_and_of_a_direct_message_have_addresses() -> None:
    assert link(Place("discord", "1", "2"), 3, 4) == "https://discord.com/channels/1/3/4"
    assert link(Place("discord", "dm", "2", private=True), 3, 4) == "https://discord.com/channels/@me/3/4"
