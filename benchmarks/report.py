"""One measured number, and how a list of them is printed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """`goal` is empty where there is none."""

    name: str
    value: float
    unit: str
    goal: str = ""


def table(title: str, rows: Iterable[Row]) -> str:
    """A Markdown table."""
    lines = [f"### {title}", "", "| what | value | goal |", "|---|--:|---|"]
    lines += [f"| {row.name} | {number(row.value)} {row.unit} | {row.goal} |" for row in rows]
    return "\n".join([*lines, ""])


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"
