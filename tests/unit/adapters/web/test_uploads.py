"""The inbox: what it keeps, for how long, and what it refuses."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.base import AttachmentError
from adapters.web.errors import Problem
from adapters.web.uploads import (
    MAX_UNDER_WAY,
    MAX_UNDER_WAY_OF_ONE,
    MAX_WAITING,
    ROOM,
    ROOM_OF_ONE,
    SPARE_BYTES,
    Inbox,
)


class Body:
    """A request's body that arrives in pieces, or breaks."""

    def __init__(self, *pieces: bytes, error: BaseException | None = None) -> None:
        self._pieces = pieces
        self._error = error
        self.taken = 0

    async def iter_chunked(self, _: int) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            self.taken += 1
            yield piece
        if self._error is not None:
            raise self._error


async def _receive(inbox: Inbox, body: Any, claimed: int | None = None) -> str:
    number, _ = await inbox.receive(body, "clip.mp4", "video/mp4", claimed)
    return number


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


async def test_reading_stops_at_the_cap(folder: Path) -> None:
    body = Body(*[b"x" * 10] * 100)

    with pytest.raises(Problem) as refused:
        await _receive(Inbox(folder, 25), body)

    assert refused.value.status == 413
    assert body.taken == 3
    assert list(folder.iterdir()) == []


async def test_a_claim_over_the_cap_is_refused_before_anything_is_read(folder: Path) -> None:
    body = Body(b"x")
    with pytest.raises(Problem, match="up to 3 MB"):
        await _receive(Inbox(folder, 3 * 2**20), body, claimed=4 * 2**20)
    assert body.taken == 0


@pytest.mark.parametrize(
    ("error", "status"),
    [(ConnectionResetError(), 400), (OSError(errno.ENOSPC, "No space left on device"), 507)],
)
async def test_a_broken_upload_is_a_sentence_and_leaves_nothing(folder: Path, error: OSError, status: int) -> None:
    with pytest.raises(Problem) as refused:
        await _receive(Inbox(folder, 1000), Body(b"half", error=error))

    assert refused.value.status == status
    assert refused.value.message.endswith(".")
    assert list(folder.iterdir()) == []


async def test_a_cancelled_upload_leaves_nothing(folder: Path) -> None:
    with pytest.raises(asyncio.CancelledError):
        await _receive(Inbox(folder, 1000), Body(b"half", error=asyncio.CancelledError()))
    assert list(folder.iterdir()) == []


async def test_a_file_whose_question_never_comes_is_dropped(folder: Path) -> None:
    inbox = Inbox(folder, 1000, keep_s=0)
    number = await _receive(inbox, Body(b"bytes"))
    async with asyncio.timeout(5):
        while list(folder.iterdir()):  # noqa: ASYNC110 - a folder has no event to wait for
            await asyncio.sleep(0)

    with pytest.raises(AttachmentError, match="Attach it again"):
        [chunk async for chunk in inbox.find(number).read()]


async def test_only_so_many_files_wait_and_reading_one_makes_room(folder: Path) -> None:
    inbox = Inbox(folder, 1000)
    numbers = [await _receive(inbox, Body(b"bytes")) for _ in range(MAX_WAITING)]
    with pytest.raises(Problem) as refused:
        await _receive(inbox, Body(b"bytes"))
    assert refused.value.status == 429

    assert [chunk async for chunk in inbox.find(numbers[0]).read()] == [b"bytes"]
    inbox.prune()

    await _receive(inbox, Body(b"bytes"))
    await inbox.close()


async def test_a_reader_that_stops_early_still_empties_the_inbox(folder: Path) -> None:
    inbox = Inbox(folder, 10 * 2**20)
    number = await _receive(inbox, Body(*[b"x" * 2**20] * 3))
    reading = inbox.find(number).read()

    await anext(reading)
    await reading.aclose()

    assert list(folder.iterdir()) == []
    await inbox.close()


class Hanging:
    """A body of which a part came, and no more until the test says so."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts
        self.came = asyncio.Event()
        self.go_on = asyncio.Event()

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        for part in self.parts:
            yield part
        self.came.set()
        await self.go_on.wait()


async def _under_way(inbox: Inbox, owner: str, claimed: int | None, part: bytes = b"x") -> asyncio.Task[Any]:
    body = Hanging(part)
    task = asyncio.create_task(inbox.receive(body, "clip", "video/mp4", claimed, owner))  # type: ignore[arg-type]
    waiting = asyncio.create_task(body.came.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    return task


async def _refused(inbox: Inbox, owner: str, body: bytes = b"x", claimed: int | None = None) -> str:
    with pytest.raises(Problem) as caught:
        await inbox.receive(Body(body), "clip", "video/mp4", claimed, owner)  # type: ignore[arg-type]
    return f"{caught.value.status} {caught.value.code}"


async def test_what_an_upload_claims_counts_before_it_has_come(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, 1000)
    await inbox.open()
    tasks = [await _under_way(inbox, "ann", 1000) for _ in range(ROOM_OF_ONE)]
    assert await _refused(inbox, "ann", claimed=1) == "429 too_many_uploads"
    assert await _refused(inbox, "ann") == "429 too_many_uploads"
    await inbox.receive(Body(b"x"), "clip", "video/mp4", 1, "bob")  # type: ignore[arg-type]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert len(list(tmp_path.iterdir())) == 1  # what was cancelled leaves nothing
    await inbox.receive(Body(b"x"), "clip", "video/mp4", 1000, "ann")  # type: ignore[arg-type]
    await inbox.close()


async def test_a_body_without_a_length_counts_as_it_comes(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, 1000)
    await inbox.open()
    tasks = [await _under_way(inbox, "ann", None, b"x" * 999) for _ in range(ROOM_OF_ONE)]
    assert await _refused(inbox, "ann", b"x" * 5) == "429 too_many_uploads"
    await inbox.receive(Body(b"x" * 4), "clip", "video/mp4", None, "ann")  # type: ignore[arg-type]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await inbox.close()


async def test_so_many_uploads_at_once_are_taken_of_one_and_of_all(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, 1_000_000)
    await inbox.open()
    tasks = [await _under_way(inbox, f"p{number // MAX_UNDER_WAY_OF_ONE}", 1) for number in range(MAX_UNDER_WAY)]
    assert not any(task.done() for task in tasks)
    assert await _refused(inbox, "p0") == "429 too_many_uploads"
    assert await _refused(inbox, "somebody else") == "429 too_many_uploads"
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert list(tmp_path.iterdir()) == []
    await inbox.close()


async def test_all_together_have_so_many_bytes(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, 10)
    await inbox.open()
    for number in range(ROOM):
        await inbox.receive(Body(b"x" * 10), "clip", "video/mp4", 10, f"p{number}")  # type: ignore[arg-type]
    assert await _refused(inbox, "somebody else") == "429 too_many_uploads"
    inbox.discard_all("p3")
    await inbox.receive(Body(b"x" * 10), "clip", "video/mp4", 10, "somebody else")  # type: ignore[arg-type]
    await inbox.close()


async def test_the_disk_is_not_filled_to_the_last_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = Inbox(tmp_path, 1000)
    await inbox.open()
    monkeypatch.setattr(inbox, "_free_bytes", lambda: SPARE_BYTES + 100)
    assert await _refused(inbox, "ann", claimed=101) == "507 no_room"
    assert await _refused(inbox, "ann", b"x" * 101) == "507 no_room"
    await inbox.receive(Body(b"x" * 100), "clip", "video/mp4", 100, "ann")  # type: ignore[arg-type]
    await inbox.close()
