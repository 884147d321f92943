"""Descriptors that are kept back are there for a start, and come back after it."""

from __future__ import annotations

from pathlib import Path

from engine.descriptors import Reserve


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_what_is_kept_back_is_free_within_the_block_and_held_after_it() -> None:
    before = open_descriptors()
    reserve = Reserve(5)
    assert open_descriptors() == before + 5
    with reserve.opened():
        assert open_descriptors() == before
    assert open_descriptors() == before + 5
    reserve.close()
    assert open_descriptors() == before
    reserve.close()
