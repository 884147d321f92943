"""Two minutes without a byte of room, on a real file system of its own: nothing half is left, everybody is told, and
what was accepted is answered once there is room again."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.base import State, View
from adapters.shared.state import StateFile
from bot.files import Shelf, write_whole
from bot.running import DISK_FULL
from bot.store import RequestState, Store, migrate
from engine.types import Generate, Started, Token, Understand
from tests.fakes.engine import ANSWERED
from tests.fakes.house import ANN, House, Posted, Slip

REQUIRE_ALL = os.environ.get("GPT4VIDEO_REQUIRE_ALL") == "1"
SIZE = 3 << 20


class Disk:
    """A small file system that can be filled to the last byte, and emptied again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, leave: int = 0) -> None:
        with self._filler.open("ab", buffering=0) as file:
            chunk = 1 << 16
            while chunk:
                try:
                    file.write(b"x" * chunk)
                except OSError:
                    chunk //= 2
            if leave:
                file.truncate(file.tell() - leave)

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)

    def files(self) -> dict[str, int]:
        """What lies on the shelf, with its size."""
        found = [path for path in self.folder.rglob("*") if path.is_file() and path != self._filler]
        return {path.name: path.stat().st_size for path in found if "bot.db" not in path.name}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mounting, capture_output=True, text=True, check=False)
        why = done.stderr.strip() if done.returncode else ""
    except OSError as error:
        why = str(error)
    if why:
        if REQUIRE_ALL:
            pytest.fail(f"no small file system can be mounted here: {why}")
        pytest.skip(f"no small file system can be mounted here: {why}")
    yield Disk(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
async def house(disk: Disk) -> AsyncIterator[House]:
    """With its database and its files on that disk."""
    url = f"sqlite:///{disk.folder / 'bot.db'}"
    await asyncio.to_thread(migrate, url)
    store = Store(url)
    await store.open()
    house = House(disk.folder, store)
    yield house
    disk.free()
    await house.assistant.drain(1)
    await store.close()


def ends(slip: Slip) -> list[View]:
    return [view for view in slip.views if view.state.final]


async def test_what_runs_while_the_disk_is_full_waits_and_is_answered_once(house: House, disk: Disk) -> None:
    go = asyncio.Event()
    house.engine.answers = [[Started(), Token(text="One. "), go, Token(text="Two. " * 2000), ANSWERED]]
    slip = await house.ask("What happens?", Posted())
    await slip.until(lambda view: bool(view.text))
    disk.fill()
    go.set()
    await slip.until(lambda view: view.status == DISK_FULL)
    assert not ends(slip)
    disk.free()
    view = await slip.end()
    assert (view.state, view.status) == (State.DONE, "")
    await house.assistant.drain(5)
    assert len(ends(slip)) == len(house.engine.of(Understand)) == 1
    kept = await house.store.request(view.request)
    assert kept is not None
    assert (kept.state, kept.delivered) == (RequestState.DONE, True)


async def test_what_is_asked_while_the_disk_is_full_is_answered_once_there_is_room(house: House, disk: Disk) -> None:
    disk.fill()
    slip = Slip()
    asking = asyncio.create_task(house.ask("What happens? " * 500, slip=slip))
    await slip.until(lambda view: view.status == DISK_FULL)
    disk.free()
    await asking
    assert (await slip.end()).state is State.DONE
    assert len(ends(slip)) == 1


async def test_a_clip_for_which_there_is_no_room_leaves_nothing_behind_and_its_sender_is_told(
    disk: Disk, tmp_path: Path, sqlite_template: Path
) -> None:
    """The database lies elsewhere, as it does with Postgres."""
    path = tmp_path / "bot.db"
    path.write_bytes(sqlite_template.read_bytes())
    store = Store(f"sqlite:///{path}")
    await store.open()
    house = House(disk.folder, store)
    house.shelf = Shelf(disk.folder / "clips", disk.folder / "videos", max_bytes=1 << 20)
    house.open()
    disk.fill(leave=100_000)
    view = await (await house.ask("What happens?", Posted(data=b"x" * 300_000))).end()
    assert view.state is State.FAILED
    assert "no room left" in view.notice
    assert disk.files() == {}
    disk.free()
    view = await (await house.ask("What happens?", Posted(data=b"x" * 300_000))).end()
    assert view.state is State.DONE
    await house.assistant.drain(5)
    await store.close()


async def test_no_half_video_remains_of_a_model_that_found_no_room(
    disk: Disk, tmp_path: Path, sqlite_template: Path
) -> None:
    path = tmp_path / "bot.db"
    path.write_bytes(sqlite_template.read_bytes())
    store = Store(f"sqlite:///{path}")
    await store.open()
    house = House(disk.folder, store)
    house.engine.video_bytes = 200_000
    disk.fill(leave=50_000)
    view = await (await house.generate("a red ball")).end()
    assert view.state is State.FAILED
    assert house.engine.of(Generate)
    assert disk.files() == {}
    assert await house.store.usage("test", "guild", ANN.id, house.clock.now.replace(year=2020)) == []
    await house.assistant.drain(5)
    await store.close()


async def test_small_files_are_whole_or_not_there(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    state = StateFile(disk.folder / "state.json")
    await state.save(lambda: {"kept": 1})
    disk.fill()
    await state.save(lambda: {"lost": "x" * 100_000})
    assert "can't be written" in caplog.text
    with pytest.raises(OSError, match="No space"):
        write_whole(disk.folder / "evidence" / "words.txt", b"x" * 100_000)
    assert await state.load() == {"kept": 1}
    assert list(disk.files()) == ["state.json"]
