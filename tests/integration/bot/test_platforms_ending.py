"""What becomes of the bot when a platform can't be served any more: the others go on, and the last one ends it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from adapters.base import AdapterError
from bot.app import until_over
from tests.fakes.platform import Platform


async def some_turns() -> None:
    """Let the tasks that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_end_of_one_platform_leaves_the_others_running(caplog: pytest.LogCaptureFixture) -> None:
    one, other, stop = Platform(), Platform(), asyncio.Event()
    over = asyncio.create_task(until_over(stop, {"one": one, "other": other}))
    with caplog.at_level(logging.ERROR):
        one.ending.come(AdapterError("The token was refused."))
        await some_turns()
    assert caplog.messages == ["one is not served any more: The token was refused."]
    assert not over.done()
    stop.set()
    assert await over is None


async def test_the_end_of_the_last_platform_is_the_end_with_its_reason() -> None:
    one, other = Platform(), Platform()
    over = asyncio.create_task(until_over(asyncio.Event(), {"one": one, "other": other}))
    other.ending.come(AdapterError("First."))
    await some_turns()
    one.ending.come(AdapterError("Last."))
    async with asyncio.timeout(5):
        assert str(await over) == "Last."


async def test_a_bot_without_platforms_runs_until_it_is_stopped() -> None:
    stop = asyncio.Event()
    over = asyncio.create_task(until_over(stop, {}))
    await asyncio.sleep(0)
    assert not over.done()
    stop.set()
    assert await over is None
