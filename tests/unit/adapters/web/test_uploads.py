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
from adapters.web.uploads import MAX_WAITING, Inbox


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
