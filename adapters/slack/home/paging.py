"""Lists that are longer than a page of the Home: where a page begins, and the buttons to the ones beside it."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.slack.home import strings
from adapters.slack.home.kit import Block, button, row


def numbered(steps: Sequence[str], total: int) -> int:
    """The number of a page's first line out of its path: its last step; 0 when that is none of a list this long."""
    last = steps[-1] if steps else ""
    first = int(last) if last.isascii() and last.isdecimal() and len(last) < 7 else 0
    return first if first < total else 0


def pager(path: str, first: int, size: int, total: int) -> list[Block]:
    """Nothing for a list that fits on one page."""
    before = button(strings.PREVIOUS, "go:previous", f"{path}:{max(0, first - size)}") if first > 0 else None
    after = button(strings.NEXT, "go:next", f"{path}:{first + size}") if first + size < total else None
    return [row(before, after)] if before is not None or after is not None else []
