"""Hostile files through the real inference process: each is read or refused by type, and the process lives on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.config import load_config
from engine import Engine, build_engine
from engine.errors import MediaError
from engine.types import Clip, Inspect, Inspected, MediaLimits, Moderate, Scored
from tests.hostile import EXPECTED, HOSTILE, READABLE

PATIENCE_S = 60


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[Engine]:
    config = load_config(env={}).runtime_config()
    engine = build_engine(config, executor="process")
    await engine.start()
    yield engine
    await engine.stop(grace_s=1)


@pytest.fixture(scope="module")
def outside() -> Iterator[socket.socket]:
    """A listening socket that stands for everything a file might want to reach."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def test_there_are_at_least_thirty() -> None:
    assert len(HOSTILE) >= 30


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_file_is_read_or_refused_and_the_process_lives_on(
    engine: Engine, tmp_path: Path, name: str
) -> None:
    clip = Clip(path=str(HOSTILE[name](tmp_path)), name=name)
    pid = engine.health().pid
    async with asyncio.timeout(PATIENCE_S):
        for job, result in ((Inspect(clip=clip), Inspected), (Moderate(clips=(clip,)), Scored)):
            try:
                done = await engine.run(job, request=f"hostile {name}", system=True)
            except MediaError as error:
                assert isinstance(error, EXPECTED[name]), f"{name}: {error!r}"
                assert str(error).endswith((".", "?"))
                assert str(clip.path) not in str(error)
            else:
                assert name in READABLE, f"{name} was read"
                assert isinstance(done, result)
    assert engine.health().ready
    assert engine.health().pid == pid


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "template", ["#EXTM3U\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile {url}\n"]
)
async def test_nothing_that_a_file_names_is_fetched(
    engine: Engine, outside: socket.socket, tmp_path: Path, template: str
) -> None:
    host, port = outside.getsockname()
    for name in ("list.m3u8", "clip.mp4", "list.txt"):
        path = tmp_path / name
        path.write_text(template.format(url=f"http://{host}:{port}/secret.mp4"))
        with pytest.raises(MediaError):
            await engine.run(Inspect(clip=Clip(path=str(path))), request="playlist", system=True)
    with pytest.raises(BlockingIOError):
        outside.accept()


def test_the_caps_of_the_configuration_reach_the_process() -> None:
    config = load_config(env={"GPT4VIDEO_MEDIA__MAX_DURATION_S": "5", "GPT4VIDEO_MEDIA__MAX_MB": "7"})
    limits = config.runtime_config().limits
    assert (limits.max_duration_s, limits.max_bytes) == (5, 7 << 20)
    assert limits != MediaLimits()
