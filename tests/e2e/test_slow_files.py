"""The whole bot while somebody posts files that hold a decoder up: everybody else hardly notices."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Author, Message, Place, View
from bot.app import App
from bot.config import load_config
from engine.decoding import DecodingPool
from engine.decoding.process import DecoderProcess
from tests.fakes.platform import Posted, Slip
from tests.hostile import video

MEMBERS = 38
QUIET = 8
TIMES = 3.0  # what a member may wait, in what the slowest one waits when nothing else happens
FLOOR_S = 2.0  # differences below this are the machine's
PATIENCE_S = 60.0
BUDGET_S = 6.0

_events = count()


class PatientSlip(Slip):
    async def ending(self) -> View:
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: any(view.state.final for view in self.views))
        return self.views[-1]


@pytest.fixture
async def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    """SQLite, the lite models, and decoding processes that also obey files that are programs."""
    spawn: Any = partial(DecoderProcess, module="tests.fakes.decoder")
    monkeypatch.setattr("engine.engine.DecodingPool", partial(DecodingPool, spawn=spawn))
    environment = {
        "GPT4VIDEO_BOT__DATA_DIR": str(tmp_path / "data"),
        "GPT4VIDEO_MEDIA__DECODE_TIMEOUT_S": str(BUDGET_S),
    }
    async with App(load_config(env=environment)) as app:
        yield app


async def ask(app: App, author: str, community: str, file: Posted) -> tuple[View, float]:
    """A question about a file: the last view of its answer, and how long that took."""
    slip, began = PatientSlip(), time.monotonic()
    place = Place(platform="test", community=community, channel="general", upload_limit=1 << 20)
    message = Message(f"event-{next(_events)}", Author(author, author), place, "How long is this clip?", (file,))
    await app.assistant.message(message, slip)
    return await slip.ending(), time.monotonic() - began


async def test_while_one_member_posts_the_worst_file_three_times_all_others_are_answered(
    app: App, tmp_path: Path
) -> None:
    honest = video(count=20)

    def clip(number: int) -> Posted:
        """The same pictures in other bytes, so that nobody profits from what was decoded for another."""
        return Posted(f"{number}.mp4", honest + (16).to_bytes(4, "big") + b"free" + number.to_bytes(8, "big"))

    await ask(app, "first", "quiet", clip(1000))
    quiet = [(await ask(app, f"early-{number}", "quiet", clip(2000 + number)))[1] for number in range(QUIET)]
    before = app.engine.health()

    worst = [Posted(f"{number}.mp4", f"program at-open spin {number}".encode()) for number in range(3)]
    hostile = [asyncio.create_task(ask(app, "mallory", "loud", file)) for file in worst]
    answers = [await ask(app, f"member-{number}", "quiet", clip(number)) for number in range(MEMBERS)]

    assert all("second" in view.text for view, _ in answers), [view for view, _ in answers if not view.text]
    allowed_s = max(TIMES * max(quiet), FLOOR_S)
    assert all(took_s <= allowed_s for _, took_s in answers), (max(quiet), max(took_s for _, took_s in answers))
    for view, _ in await asyncio.gather(*hostile):
        assert "Reading that clip took longer than 6 s" in f"{view.text} {view.notice}"
    after = app.engine.health()
    assert (after.pid, after.restarts, after.breaker_open) == (before.pid, 0, False)
