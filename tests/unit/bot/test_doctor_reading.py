"""What the check-up says about the processes that read posted files."""

from __future__ import annotations

import pytest

from bot.config import load_config
from bot.doctor import _reading
from engine.decoding import sandbox


@pytest.mark.parametrize("lacking", [(), (sandbox.FILES,), (sandbox.FILES, sandbox.CALLS)])
def test_it_names_the_walls_that_this_system_gives_and_those_that_it_lacks(
    lacking: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    walls = tuple(wall for wall in (sandbox.MEMORY, sandbox.FILES, sandbox.CALLS) if wall not in lacking)
    monkeypatch.setattr(sandbox, "available", lambda: (walls, lacking))
    check = _reading(load_config(env={"GPT4VIDEO_MEDIA__DECODERS": "3"}))
    assert check.ok
    assert check.says.startswith("3 processes, each with memory limit")
    assert all(f"no {wall}" in check.says for wall in lacking)
    assert all(wall in check.says for wall in walls)
