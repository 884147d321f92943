"""The page about security names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_every_test_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", (ROOT / "docs" / "security.md").read_text()))
    assert len(named) >= 30
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []


def test_every_defence_in_a_table_says_where_it_is_tried() -> None:
    rows = [line for line in (ROOT / "docs" / "security.md").read_text().splitlines() if line.startswith("|")]
    tables = [row.replace("\\|", "") for row in rows if not re.match(r"\|[-|]+$|\| What comes in", row)]
    assert tables
    assert [row for row in tables if "`tests/" not in row.split("|")[-2]] == []
