"""Markdown as mrkdwn: right, harmless, and cut where it may be cut."""

from __future__ import annotations

import pytest

from adapters.slack.markup import (
    PAGE,
    SECTION,
    escape,
    mrkdwn,
    paged,
    plain,
    sections,
    steady,
    streamable,
    unescape,
)

JOINER = "\u2060"


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("**bold** and __bold__", "*bold* and *bold*"),
        ("*it* and _it_", "_it_ and _it_"),
        ("***both***", "*_both_*"),
        ("~~gone~~", "~gone~"),
        ("**bold with *it* inside**", "*bold with _it_ inside*"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("# Head\n### **Sub**", "*Head*\n*Sub*"),
        ("- a\n* b\n  + c\n1. d", "• a\n• b\n  • c\n1. d"),
        ("---", "———"),
        ("> said", "&gt; said"),
        ("[site](https://a.b/c_(d))", "<https://a.b/c_(d)|site>"),
        ('[site](https://a.b "title")', "<https://a.b|site>"),
        ("![cat](https://a.b/cat.png)", "<https://a.b/cat.png|cat>"),
        ("<https://a.b?x=1&y=2>", "<https://a.b?x=1&amp;y=2>"),
        ("[run](javascript:alert(1))", "[run](javascript:alert(1))"),
        ("[`c`](https://a.b)", "<https://a.b|`c`>"),
        ("**`code` x**", "*`code` x*"),
        (r"\*not bold\*", f"*{JOINER}not bold*{JOINER}"),
    ],
)
def test_markdown_becomes_mrkdwn(markdown: str, shown: str) -> None:
    assert mrkdwn(markdown) == shown


def test_what_stands_in_code_stays() -> None:
    assert mrkdwn("`**x** <b> & _y_`") == "`**x** &lt;b&gt; &amp; _y_`"
    assert (
        mrkdwn("```python\n**x** <a>\n# no head\n```\nafter *it*") == "```\n**x** &lt;a&gt;\n# no head\n```\nafter _it_"
    )


@pytest.mark.parametrize("ping", ["<!channel>", "<!here|here>", "<@U123>", "<#C123>", "<!subteam^S1>"])
def test_nothing_pings(ping: str) -> None:
    for shown in (mrkdwn(ping), plain(ping), mrkdwn(f"`{ping}`"), mrkdwn(f"```\n{ping}\n```"), mrkdwn(f"**{ping}**")):
        assert "<" not in shown
    assert ping not in streamable(ping)


@pytest.mark.parametrize("word", ["@channel", "@here", "@everyone"])
def test_bare_words_for_everybody_are_broken(word: str) -> None:
    for shown in (mrkdwn(f"hey {word}!"), plain(word), streamable(word)):
        assert word not in shown


def test_a_link_that_poses_as_another_address_shows_its_own() -> None:
    assert mrkdwn("[https://bank.example](https://evil.example)") == "<https://evil.example>"
    assert mrkdwn("[bank.com](https://evil.example/a|b)") == "[bank.com](https://evil.example/a|b)"


def test_marks_of_our_own_cannot_be_forged() -> None:
    assert mrkdwn("a\ue0000\ue001b\ue002c") == "a0bc"


def test_names_on_one_line_show_their_marks() -> None:
    assert plain("*a*\n_b_ <c>") == f"*{JOINER}a*{JOINER} _{JOINER}b_{JOINER} &lt;c&gt;"


def test_escaping_can_be_undone() -> None:
    assert unescape(escape("a < b & c > &amp;")) == "a < b & c > &amp;"


@pytest.mark.parametrize(
    "text", ["& < > " * 3000, "word " * 9000, "x" * 50_000, "🚲" * 9000, "```\n" + "a & b\n" * 4000 + "```"]
)
def test_long_text_fits_into_sections_and_messages(text: str) -> None:
    pages = paged(text)
    assert all(len(section) <= SECTION for page in pages for section in page)
    assert all(sum(map(len, page)) <= PAGE for page in pages)


def test_nothing_is_lost_where_text_is_cut() -> None:
    words = [f"word{number}" for number in range(3000)]
    assert " ".join(sections(" ".join(words))).split() == words


def test_code_fences_are_closed_and_opened_again() -> None:
    for section in sections("```\n" + "line of code\n" * 1000 + "```"):
        assert section.count("```") == 2


def test_earlier_messages_stay_while_the_text_grows() -> None:
    text = "word " * 9000
    assert paged(text + "more " * 500)[:2] == paged(text)[:2]


def test_what_is_streamed_only_grows() -> None:
    text = "Hello <!channel> @channel ![a](https://b.c/d.png) and <@U1> are here"
    shown = [streamable(text[:end]) for end in range(len(text) + 1)]
    for early, late in zip(map(steady, shown), map(steady, shown[1:]), strict=False):
        assert late.startswith(early)
