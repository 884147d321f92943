"""The page about models says of each preset what is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.presets import PINS, PRESETS
from engine.types import Role

PAGE = Path(__file__).parents[3] / "docs" / "models.md"
COLUMNS = (Role.UNDERSTANDING, Role.GENERATION, Role.TEXT_GUARD, Role.FRAME_GUARD, Role.SPEECH)


@pytest.mark.parametrize("preset", [name for name in PRESETS if name != "lite"])
def test_the_table_of_presets_is_right(preset: str) -> None:
    (row,) = (line for line in PAGE.read_text().splitlines() if line.startswith(f"| `{preset}` |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    roles = PRESETS[preset]
    for role, cell in zip(COLUMNS, cells[2:7], strict=True):
        assert cell == ", ".join(_name(choice.model, choice.key) for choice in roles.get(role, ()))
    fetched = sum(PINS[choice.model].download_bytes for choices in roles.values() for choice in choices if choice.model)
    assert cells[7] == f"{fetched / 1e9:.0f} GB"


def _name(model: str, key: str) -> str:
    return PINS[model].name if model else key
