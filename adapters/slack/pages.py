"""Layouts made different without being laid out anew: smaller, without buttons, with one more sentence. Pure."""

from __future__ import annotations

from dataclasses import replace

from adapters.shared.splitting import split
from adapters.slack.blocks import Layout, Page, page_of, section


def without_buttons(wanted: Layout) -> Layout:
    """The same pages, with nothing to press."""
    pages = [Page(page.text, tuple(each for each in page.blocks if each["type"] != "actions")) for page in wanted.pages]
    return replace(wanted, pages=tuple(pages))


def smaller(wanted: Layout) -> Layout:
    """The same in about twice as many pages."""
    pages: list[Page] = []
    for page in wanted.pages:
        blocks = page.blocks
        words = [each for each in blocks if each["type"] == "section"]
        if len(words) == 1:
            text = words[0]["text"]["text"]
            halves = [section(piece) for piece in split(text, max(len(text) // 2 + 8, 64))]
            at = blocks.index(words[0])
            blocks = (*blocks[:at], *halves, *blocks[at + 1 :])
        middle = (len([each for each in blocks if each["type"] == "section"]) + 1) // 2
        pages += [page_of(part) for part in (blocks[:middle], blocks[middle:]) if part]
    return replace(wanted, pages=tuple(pages))


def with_line(wanted: Layout, sentence: str) -> Layout:
    """The same pages, with one more sentence under the words of the first."""
    first = wanted.pages[0]
    at = next((number for number, block in enumerate(first.blocks) if block["type"] != "section"), len(first.blocks))
    blocks = (*first.blocks[:at], section(sentence), *first.blocks[at:])
    return replace(wanted, pages=(Page(f"{first.text}\n{sentence}", blocks), *wanted.pages[1:]))
