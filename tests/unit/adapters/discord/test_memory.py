"""What outlives a kill: small files that may be missing, broken or in use."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from adapters.discord.memory import EDITS_FILE, REMEMBERED, TAKING_FILE, Edits, Taking
from adapters.shared.state import StateFile


async def test_many_saves_at_once_become_few_writes_and_the_newest_state_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, written, state = StateFile(tmp_path / "state.json"), [], {"n": 0}
    write = file._write

    def counted(text: str) -> None:
        written.append(text)
        write(text)

    monkeypatch.setattr(file, "_write", counted)

    async def change() -> None:
        state["n"] += 1
        await file.save(lambda: state)

    await asyncio.gather(*(change() for _ in range(50)))
    assert json.loads((tmp_path / "state.json").read_text()) == {"n": 50}
    assert len(written) <= 2


async def test_a_folder_that_can_not_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    await StateFile(tmp_path / "taken" / "state.json").save(lambda: {})


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a": "b"}', '{"1": [2]}'])
async def test_a_broken_file_counts_as_empty(tmp_path: Path, text: str) -> None:
    (tmp_path / EDITS_FILE).write_text(text)
    (tmp_path / TAKING_FILE).write_text(text)
    edits = Edits(tmp_path)
    await edits.load()
    assert edits.of(1) == 0
    assert await Taking(tmp_path).left() == {}
    await edits.note(1, 2)
    assert edits.of(1) == 2


async def test_edits_are_known_to_the_next_process(tmp_path: Path) -> None:
    await Edits(tmp_path).note(41, 3)
    fresh = Edits(tmp_path)
    await asyncio.gather(fresh.load(), fresh.load(), fresh.note(42, 1))
    assert (fresh.of(41), fresh.of(42), fresh.of(43)) == (3, 1, 0)


async def test_the_oldest_edits_are_forgotten_first(tmp_path: Path) -> None:
    (tmp_path / EDITS_FILE).write_text(json.dumps({str(number): 1 for number in range(REMEMBERED)}))
    edits = Edits(tmp_path)
    await edits.note(0, 2)  # the latest now
    await edits.note(9999, 1)
    assert (edits.of(0), edits.of(1), edits.of(9999)) == (2, 0, 1)


async def test_what_is_held_is_left_by_a_process_that_dies_and_by_no_other(tmp_path: Path) -> None:
    taking, inside = Taking(tmp_path), asyncio.Event()

    async def killed() -> None:
        async with taking.hold(1, 11):
            inside.set()
            await asyncio.Event().wait()

    dying = asyncio.create_task(killed())
    await inside.wait()
    async with taking.hold(2, 12):
        pass
    with pytest.raises(RuntimeError):
        async with taking.hold(3, 13):
            raise RuntimeError("an error is an end, too")
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    assert await Taking(tmp_path).left() == {1: 11}


async def test_a_question_that_comes_before_the_file_was_read_loses_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / TAKING_FILE).write_text('{"1": 11}')
    taking = Taking(tmp_path)
    async with taking.hold(2, 12):
        assert await Taking(tmp_path).left() == {1: 11, 2: 12}
    assert await taking.left() == {1: 11}
    await taking.drop(1)
    assert await Taking(tmp_path).left() == {}
