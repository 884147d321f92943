"""One measured number, and how a list of them is printed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """`goal` is empty where there is none."""

    name: str
    value: float
    unit: str
    goal: str = ""


def table(title: str, rows: Iterable[Row], remark: str = "") -> str:
    """A Markdown section with a table, and a remark above it."""
    lines = [f"### {title}", "", *([remark, ""] if remark else []), "| what | value | goal |", "|---|--:|---|"]
    lines += [f"| {row.name} | {f'{number(row.value)} {row.unit}'.strip()} | {row.goal} |" for row in rows]
    return "\n".join([*lines, ""])


def with_section(page: str, section: str) -> str:
    """The page with this section in place of the one of the same title, or at its end."""
    head, *sections = re.split(r"^(?=### )", page, flags=re.MULTILINE)
    title = section.splitlines()[0]
    at = next((index for index, each in enumerate(sections) if each.splitlines()[0] == title), len(sections))
    sections[at : at + 1] = [section]
    return head.rstrip("\n") + "\n\n" + "\n".join(each.rstrip("\n") + "\n" for each in sections)


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"
