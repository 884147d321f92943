"""What people and models write stays what they wrote, and nothing more."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Bar, Place, QueueSpot
from adapters.discord.markup import (
    bar_line,
    clock,
    duration,
    file_name,
    harmless,
    link,
    listing,
    ordinal,
    plain,
    queue_line,
    size,
    subtext,
)


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


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "about 1 s"), (40.4, "about 40 s"), (150, "about 2 min")])
def test_a_time_left_is_rounded(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd"), (113, "113th")]
)
def test_positions_are_counted_as_people_do(number: int, said: str) -> None:
    assert ordinal(number) == said


def test_the_queue_line_names_a_time_only_when_one_was_measured() -> None:
    assert queue_line(QueueSpot(2, 40)) == "2nd in line · about 40 s"
    assert queue_line(QueueSpot(1)) == "Next in line"


def test_the_bar_fills_with_the_steps() -> None:
    assert bar_line(Bar(12, 30, eta_s=25)) == "▰▰▰▰▱▱▱▱▱▱  12/30 · about 25 s left"
    assert bar_line(Bar(0, 0)) == "▱▱▱▱▱▱▱▱▱▱  0/0"
    assert bar_line(Bar(9, 3)).startswith("▰" * 10)


def test_a_made_video_is_named_after_its_prompt() -> None:
    assert file_name("A red ball, bouncing!") == "a-red-ball-bouncing.mp4"
    assert file_name("../../etc", 1) == "etc-2.mp4"
    assert file_name("赤いボール") == "video.mp4"


def test_words_are_listed_as_people_list_them() -> None:
    assert [listing([]), listing(["a"]), listing(["a", "b"]), listing(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


@pytest.mark.parametrize(
    ("number", "shown"), [(1, "1 kB"), (900_000, "900 kB"), (999_600, "1 MB"), (14_000_000, "14 MB")]
)
def test_sizes_have_the_unit_that_fits(number: int, shown: str) -> None:
    assert size(number) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (7.9, "0:07"), (67, "1:07"), (3723, "1:02:03")])
def test_times_in_a_clip_are_minutes_and_seconds(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_a_message_of_a_guild_and_of_a_direct_message_have_addresses() -> None:
    assert link(Place("discord", "1", "2"), 3, 4) == "https://discord.com/channels/1/3/4"
    assert link(Place("discord", "dm", "2", private=True), 3, 4) == "https://discord.com/channels/@me/3/4"
