"""Files from strangers: names, caps and what may be deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.files import Shelf, safe_name
from engine.errors import ClipTooLarge


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
