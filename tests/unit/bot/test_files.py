"""Files from strangers: names, caps and what may be deleted."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.files import Shelf, safe_name
from engine.errors import ClipTooLarge, StorageFull


class Posted:
    """An attachment that claims one size and sends another."""

    content_type = "video/mp4"

    def __init__(self, name: str, chunks: list[bytes], claimed: int = 0) -> None:
        self.name, self.size, self._chunks, self.read_chunks = name, claimed, chunks, 0

    async def read(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            self.read_chunks += 1
            yield chunk


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path / "clips", tmp_path / "videos", max_bytes=10)
    shelf.prepare()
    return shelf


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\boot.ini", "/abs/olute", ".hidden", "a b;rm -rf.mp4", ""]
)
def test_a_claimed_name_can_not_leave_its_folder(name: str) -> None:
    assert "/" not in safe_name(name)
    assert not safe_name(name).startswith(".")
    assert safe_name(name)


async def test_a_fetched_file_holds_the_bytes_and_keeps_its_name_for_people(shelf: Shelf) -> None:
    stored = await shelf.fetch("r1", 0, Posted("my clip.mp4", [b"abc", b"def"]))
    assert Path(stored.path).read_bytes() == b"abcdef"
    assert stored.name == "my clip.mp4"


async def test_a_file_that_claims_too_much_is_refused_before_it_is_read(shelf: Shelf) -> None:
    posted = Posted("big.mp4", [b"x"], claimed=11)
    with pytest.raises(ClipTooLarge):
        await shelf.fetch("r1", 0, posted)
    assert posted.read_chunks == 0


async def test_a_file_that_lies_about_its_size_is_cut_off_and_leaves_nothing(shelf: Shelf, tmp_path: Path) -> None:
    posted = Posted("liar.mp4", [b"x" * 8, b"x" * 8, b"x" * 8])
    with pytest.raises(ClipTooLarge):
        await shelf.fetch("r1", 0, posted)
    assert posted.read_chunks == 2
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


async def test_only_what_lies_on_the_shelf_can_be_removed(shelf: Shelf, tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("keep")
    link = tmp_path / "clips" / "link"
    link.symlink_to(precious)
    await shelf.remove([precious, link])
    assert precious.read_text() == "keep"


async def test_dropping_a_request_takes_its_clips_stills_and_videos(shelf: Shelf, tmp_path: Path) -> None:
    await shelf.fetch("r1", 0, Posted("a.mp4", [b"a"]))
    await shelf.fetch("r2", 0, Posted("b.mp4", [b"b"]))
    shelf.video("r1").write_bytes(b"v")
    await shelf.drop("r1")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["0-b.mp4"]


async def test_dropping_several_requests_takes_all_that_is_theirs_and_nothing_else(shelf: Shelf) -> None:
    for request in ("r1", "r2", "r3"):
        await shelf.fetch(request, 0, Posted("a.mp4", [b"abc"]))
        shelf.video(request).write_bytes(b"video")
        shelf.video(request, 1).write_bytes(b"video")
        shelf.evidence(request).mkdir()
        (shelf.evidence(request) / "words.txt").write_text("judged")
    await shelf.drop("r1", "r2")
    left = [path for path in shelf.video("r3").parent.parent.rglob("*") if path.is_file()]
    assert sorted(path.name for path in left) == ["0-a.mp4", "r3-0.mp4", "r3-1.mp4", "words.txt"]


@pytest.mark.parametrize("links", [True, False])
async def test_an_adopted_clip_outlives_the_request_that_it_came_with(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", _no_links)
    stored = await shelf.fetch("r1", 0, Posted("a.mp4", [b"abc"]))
    adopted = await shelf.adopt("r2", [stored])
    await shelf.drop("r1")
    assert [Path(clip.path).read_bytes() for clip in adopted] == [b"abc"]
    assert adopted[0].name == "a.mp4"


async def test_a_clip_that_is_gone_cannot_be_adopted_and_leaves_no_folder(shelf: Shelf) -> None:
    stored = await shelf.fetch("r1", 0, Posted("a.mp4", [b"abc"]))
    await shelf.drop("r1")
    with pytest.raises(FileNotFoundError):
        await shelf.adopt("r2", [stored])
    assert not shelf.evidence("r2").parent.exists()


async def test_a_full_disk_while_adopting_is_said_as_such(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = await shelf.fetch("r1", 0, Posted("a.mp4", [b"abc"]))
    monkeypatch.setattr(Path, "hardlink_to", _no_links)
    monkeypatch.setattr("shutil.copyfile", _full_disk)
    with pytest.raises(StorageFull):
        await shelf.adopt("r2", [stored])


async def test_the_size_of_files_counts_those_that_are_there(shelf: Shelf) -> None:
    stored = await shelf.fetch("r1", 0, Posted("a.mp4", [b"abc"]))
    assert await shelf.size([stored.path, "/nowhere/at/all"]) == 3


def _no_links(*_: object) -> None:
    raise OSError(errno.EPERM, "this file system has no links")


def _full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, "no space left")


def test_a_start_drops_videos_that_a_kill_left_half_written_long_ago(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "clips", tmp_path / "videos", max_bytes=10)
    shelf.prepare()
    old, fresh, whole = (tmp_path / "videos" / name for name in (".a-0-x1.mp4.part", ".b-0-x2.mp4.part", "a-0.mp4"))
    for path in (old, fresh, whole):
        path.write_bytes(b"")
    for path in (old, whole):
        os.utime(path, (0, 0))
    shelf.prepare()
    assert [path.exists() for path in (old, fresh, whole)] == [False, True, True]
