"""What is remembered of what was heard: exact where the bot was spoken to, and cheap however much is said."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from adapters.shared import marks
from adapters.shared.marks import Marks
from adapters.shared.state import StateFile

PER_SECOND = 1000
MINUTE = 60 * PER_SECOND


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "heard.json"


@pytest.fixture
def heard(file: Path) -> Marks:
    return Marks(file, per_second=PER_SECOND)


def take(heard: Marks, message: int, *, source: str = "a", place: str = "room", known: bool = False) -> None:
    with heard.taking(source, place, message, known=known):
        pass


async def after(file: Path, heard: Marks, **options: Any) -> Marks:
    """The next process, after this one was stopped."""
    await heard.close()
    fresh = Marks(file, per_second=PER_SECOND, **options)
    await fresh.load()
    return fresh


async def test_nobody_who_never_listened_has_missed_anything(heard: Marks) -> None:
    await heard.load()
    assert heard.gap("a") is None


async def test_the_next_process_knows_the_newest_message_of_each_place(file: Path, heard: Marks) -> None:
    for place, message in (("one", 5 * MINUTE), ("two", 5 * MINUTE + 7), ("one", 5 * MINUTE + 9)):
        take(heard, message, place=place)
    gap = (await after(file, heard)).gap("a")
    assert gap is not None
    assert [gap.since(place) for place in ("one", "two")] == [5 * MINUTE + 9, 5 * MINUTE + 7]
    assert gap.since("another") == 4 * MINUTE + 9  # nothing newer than that was heard there


async def test_sources_are_apart_unless_they_are_the_same(file: Path, heard: Marks) -> None:
    take(heard, 5 * MINUTE, source="a", place="one")
    take(heard, 9 * MINUTE, source="b", place="two")
    fresh = await after(file, heard)
    assert fresh.gap("c") is None
    again = await after(file, fresh, same=True)
    gap = again.gap("c")
    assert gap is not None
    assert gap.mark == 5 * MINUTE


async def test_what_is_heard_after_a_gap_began_does_not_close_it(heard: Marks) -> None:
    take(heard, 5 * MINUTE)
    first = heard.gap("a")
    take(heard, 9 * MINUTE)
    assert heard.gap("a") is first
    assert first is not None
    assert first.since("room") == 5 * MINUTE
    await heard.caught_up("a", 0)
    later = heard.gap("a")
    assert later is not None
    assert later.since("room") == 9 * MINUTE
    await heard.close()


async def test_a_gap_that_was_never_closed_is_there_for_the_next_process(file: Path, heard: Marks) -> None:
    take(heard, 5 * MINUTE)
    await heard.save()
    heard.gap("a")
    take(heard, 9 * MINUTE)
    gap = (await after(file, heard)).gap("a")
    assert gap is not None
    assert gap.since("room") == 5 * MINUTE


async def test_a_message_whose_taking_failed_or_hangs_counts_as_missed(file: Path, heard: Marks) -> None:
    take(heard, 5 * MINUTE)
    with pytest.raises(RuntimeError), heard.taking("a", "room", 6 * MINUTE, known=False):
        raise RuntimeError
    take(heard, 7 * MINUTE)
    gap = (await after(file, heard)).gap("a")
    assert gap is not None
    assert gap.since("room") == 6 * MINUTE - 1


async def test_a_message_that_is_stuck_holds_nothing_back_for_ever(file: Path, heard: Marks) -> None:
    hanging = heard.taking("a", "room", MINUTE, known=False)
    hanging.__enter__()
    take(heard, 100 * MINUTE)
    gap = (await after(file, heard)).gap("a")
    assert gap is not None
    assert gap.since("room") == 100 * MINUTE


async def test_what_comes_while_the_bot_stops_is_not_heard(file: Path, heard: Marks) -> None:
    take(heard, 5 * MINUTE)
    heard.freeze()
    take(heard, 6 * MINUTE)
    gap = (await after(file, heard)).gap("a")
    assert gap is not None
    assert gap.since("room") == 5 * MINUTE


async def test_ten_thousand_messages_to_others_are_written_once(
    heard: Marks, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[Any] = []
    real = StateFile.save

    async def save(self: StateFile, state: Any) -> None:
        writes.append(None)
        await real(self, state)

    monkeypatch.setattr(StateFile, "save", save)
    monkeypatch.setattr(marks, "SAVE_EVERY_S", 0.0)
    for number in range(10_000):
        take(heard, 100 * MINUTE + number, place=f"room {number % 5000}")
    assert heard._saver is not None
    await asyncio.wait({heard._saver})
    assert len(writes) == 1
    assert len(json.loads(file.read_text())["places"]) == marks.PLACES
    assert file.stat().st_size < 60_000


async def test_places_that_are_known_are_kept_and_named_latest_first(file: Path, heard: Marks) -> None:
    for place, message in (("one", 1), ("two", 2), ("one", 3)):
        take(heard, message * MINUTE, place=place, known=True)
    fresh = await after(file, heard)
    assert fresh.known() == [("one", 3 * MINUTE), ("two", 2 * MINUTE)]
    fresh.forget("a", "one")
    last = await after(file, fresh)
    assert last.known() == [("two", 2 * MINUTE)]
    assert last.gap("a") is None


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"marks": 3}', '{"marks": {}, "places": {"a": "x"}, "known": {}}', "null"]
)
async def test_a_file_that_holds_something_else_is_made_anew(file: Path, heard: Marks, text: str) -> None:
    file.write_text(text)
    await heard.load()
    assert heard.gap("a") is None
    take(heard, MINUTE)
    assert (await after(file, heard)).gap("a") is not None
