"""Files that go with a panel or a card, always behind a spoiler. Knows the disk, no cases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import discord

from adapters.shared.admin.cases import Sheet

FILES_LIMIT = 10  # of one message


def fitting(sheets: Sequence[Sheet], limit: int) -> tuple[list[Sheet], bool, bool]:
    """Those that can be sent: the readable ones of at most `limit` bytes each, the first ten.

    Returns them, whether some are too large, and whether some can't be read any more.
    """
    kept: list[Sheet] = []
    large = gone = False
    for sheet in sheets:
        try:
            size = Path(sheet.path).stat().st_size
        except OSError:
            gone = True
            continue
        if size > limit:
            large = True
        else:
            kept.append(sheet)
    return kept[:FILES_LIMIT], large, gone


def open_sheets(sheets: Sequence[Sheet]) -> list[discord.File]:
    """Open files for one upload; sending closes them, whatever comes of it. What can't be read is left out."""
    files: list[discord.File] = []
    for sheet in sheets:
        try:
            files.append(discord.File(sheet.path, sheet.name, spoiler=True))
        except OSError:
            continue
    return files
