"""Decoding processes, real ones: whatever a file does in there, it ends, it stays in there, and others go on."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.decoding import Decoded, DecodingPool, DecodingSettings, Looks, Payer, Probe, Stills, arrays, sandbox
from engine.decoding.process import DecoderProcess
from engine.decoding.wire import FramesAt, Hear, KeyFrames, Loudness, Moments, Operation, Sample, Scan
from engine.errors import DamagedClip, DecodeTimeout, EngineError, MediaError, PoisonedClip
from engine.media import open_clip
from engine.types import MediaLimits
from tests.harness import real_clip

PATIENCE_S = 30.0
HAVE = sandbox.available()[0]

Program = Callable[..., str]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Writes a file that does what its words say while it is decoded (`tests.fakes.decoder`)."""

    def write(*words: str, name: str = "clip.mp4") -> str:
        path = tmp_path / name
        path.write_text(" ".join(("program", *words)))
        return str(path)

    return write


class Hall:
    """Builds pools, and stops them in the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pools: list[DecodingPool] = []

    async def open(self, budget_s: float = 20.0, *, decoders: int = 2, memory_mb: int = 512) -> DecodingPool:
        settings = DecodingSettings(decoders=decoders, memory_mb=memory_mb, state_dir=self.folder / "state")
        spawn: Any = partial(DecoderProcess, module="tests.fakes.decoder")
        pool = DecodingPool(settings, MediaLimits(decode_timeout_s=budget_s), spawn=spawn)
        self.pools.append(pool)
        await pool.start()
        return pool


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    made = Hall(tmp_path)
    yield made
    for pool in made.pools:
        pids = pool.pids
        await pool.stop()
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


async def read(
    pool: DecodingPool, path: str, operation: Operation | None = None, *, user: str = "ann", request: str = ""
) -> Decoded:
    payer = Payer(request=request or f"of {user}", user=user, community="guild")
    async with asyncio.timeout(PATIENCE_S):
        return await pool.decode(path, operation or Sample(2), payer=payer)


async def working(pool: DecodingPool, count: int = 1) -> int:
    """Wait until so many processes are at work; the pid of one."""

    def busy() -> list[int]:
        return [decoder.process.pid for decoder in pool._decoders if decoder.work is not None]

    async with asyncio.timeout(PATIENCE_S):
        while len(busy()) < count:  # noqa: ASYNC110 - processes make it true
            await asyncio.sleep(0.005)
    return busy()[0]


async def ready(pool: DecodingPool) -> None:
    pool._fill_up()
    async with asyncio.timeout(PATIENCE_S):
        while not all(decoder.ready for decoder in pool._decoders):  # noqa: ASYNC110 - processes make it true
            await asyncio.sleep(0.005)


# --- what a file can do ----------------------------------------------------------------------------------------------


async def test_a_deadline_ends_a_call_into_c_and_the_next_file_is_read(hall: Hall, program: Program) -> None:
    pool = await hall.open(budget_s=0.5)
    await ready(pool)
    before, began = pool.pids, time.monotonic()
    with pytest.raises(DecodeTimeout):
        await read(pool, program("spin"))
    assert time.monotonic() - began < 10.0
    assert (await read(pool, program("wait:0", name="other.mp4"), user="bob")).pieces
    assert len(set(before) & set(pool.pids)) == 1


async def test_what_has_checkpoints_says_itself_that_its_time_is_up_and_costs_no_process(
    hall: Hall, program: Program
) -> None:
    pool = await hall.open(budget_s=0.4)
    await ready(pool)
    before = pool.pids
    with pytest.raises(DecodeTimeout):
        await read(pool, program("wait:60"))
    assert pool.pids == before


async def test_memory_has_a_limit_and_running_into_it_is_an_answer(hall: Hall, program: Program) -> None:
    pool = await hall.open(memory_mb=256)
    assert (await read(pool, program("eat:4"))).pieces
    with pytest.raises(MediaError):
        await read(pool, program("eat:64", name="hungry.mp4"))
    assert (await read(pool, program("eat:4", name="third.mp4"))).pieces
    assert pool.deaths == 0


@pytest.mark.parametrize("crash", ["crash:signal", "crash:exit", "abort"])
async def test_a_file_that_kills_two_processes_never_reaches_a_third_whatever_its_name(
    hall: Hall, program: Program, crash: str
) -> None:
    pool = await hall.open()
    with pytest.raises(PoisonedClip, match="Other files are fine"):
        await read(pool, program(crash))
    assert pool.deaths == 2
    with pytest.raises(PoisonedClip):
        await read(pool, program(crash, name="holiday.webm"), user="bob")
    with pytest.raises(PoisonedClip):
        await read(pool, program(crash, name="another.webm"), Probe(), user="eve")
    assert pool.deaths == 2
    again = await hall.open()
    with pytest.raises(PoisonedClip):
        await read(again, program(crash, name="after-a-restart.mp4"), user="bob")
    assert (again.deaths, again.operations) == (0, 0)


async def test_a_file_that_ran_into_the_deadline_twice_is_not_read_a_third_time(hall: Hall, program: Program) -> None:
    pool = await hall.open(budget_s=0.3)
    for user in ("ann", "bob"):
        with pytest.raises(DecodeTimeout):
            await read(pool, program("spin"), user=user)
    with pytest.raises(PoisonedClip):
        await read(pool, program("spin", name="copy.mp4"), user="eve")
    assert pool.deaths == 2


async def test_after_one_kill_the_operation_is_done_by_a_fresh_process_and_the_file_is_not_blamed(
    hall: Hall, program: Program
) -> None:
    pool = await hall.open()
    await ready(pool)
    reading = asyncio.create_task(read(pool, program("wait:0.5")))
    os.kill(await working(pool), signal.SIGKILL)
    assert len((await reading).pieces) == 2
    assert pool.deaths == 1
    assert not pool._poison._broke


async def test_others_are_read_before_a_suspect_is_tried_again(hall: Hall, program: Program) -> None:
    pool = await hall.open(decoders=1)
    await ready(pool)
    finished: list[str] = []

    async def note(name: str, path: str) -> None:
        try:
            await read(pool, path, user=name)
        except PoisonedClip:
            pass
        finally:
            finished.append(name)

    reads = [asyncio.create_task(note("mallory", program("wait:0.2", "crash:exit")))]
    await working(pool)
    reads += [asyncio.create_task(note(name, program("wait:0.05", name=name))) for name in ("ann", "bob", "eve")]
    await asyncio.gather(*reads)
    assert finished[-1] == "mallory"


async def test_a_request_has_one_budget_and_retries_come_out_of_it(hall: Hall, program: Program) -> None:
    pool = await hall.open(budget_s=1.0)
    for number in range(2):
        await read(pool, program("wait:0.35", name=f"{number}.mp4"), request="one")
    began = time.monotonic()
    with pytest.raises(DecodeTimeout):
        await read(pool, program("wait:0.9", name="third.mp4"), request="one")
    assert time.monotonic() - began < 0.9
    with pytest.raises(DecodeTimeout):
        await read(pool, program("wait:0", name="fourth.mp4"), request="one")
    assert (await read(pool, program("wait:0", name="fourth.mp4"), request="two")).pieces


async def test_while_three_slow_files_of_one_sender_are_read_others_are(hall: Hall, program: Program) -> None:
    pool = await hall.open(budget_s=3.0)
    await ready(pool)
    slow = [
        asyncio.create_task(read(pool, program("wait:60", name=f"slow-{n}"), user="mallory", request=f"m{n}"))
        for n in range(3)
    ]
    await working(pool)
    for number in range(10):
        assert (await read(pool, program("wait:0.01", name=f"{number}"), user=f"member-{number}")).pieces
    assert not any(task.done() for task in slow)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_slow_files_of_as_many_senders_as_there_are_decoders_do_not_keep_the_quick_from_being_read(
    hall: Hall, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.decoding.pool._SLOW_S", 0.2)
    pool = await hall.open()
    await ready(pool)
    users = ("eve", "mallory")
    slow = [asyncio.create_task(read(pool, program("spin", user, name=user), user=user)) for user in users]
    await working(pool, 2)
    assert (await read(pool, program("wait:0", name="quick"), user="ann")).pieces
    assert not any(task.done() for task in slow)
    assert len(pool.pids) > 2
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_a_deleted_clip_does_not_stay_open_for_long(hall: Hall, program: Program) -> None:
    pool = await hall.open(decoders=1)
    await read(pool, program("wait:0"))
    (before,) = pool.pids
    pool._clock = lambda: time.monotonic() + 1000.0
    pool._kept._clock = pool._clock
    pool._sweep()
    assert len(pool._kept) == 0
    assert before not in pool.pids
    assert (await read(pool, program("wait:0"))).pieces


async def test_what_nobody_waits_for_any_more_is_not_read_to_its_end(hall: Hall, program: Program) -> None:
    pool = await hall.open()
    await ready(pool)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.decoding.pool._NO_WAITERS_S", 0.0)
        reading = asyncio.create_task(read(pool, program("spin")))
        pid = await working(pool)
        reading.cancel()
        async with asyncio.timeout(PATIENCE_S):
            while pid in pool.pids:  # noqa: ASYNC110 - another process makes it false
                await asyncio.sleep(0.005)
    assert pool.deaths == 0


# --- walls -----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sandbox.CALLS not in HAVE, reason="this kernel has no seccomp for us")
@pytest.mark.parametrize("word", ["socket", "fork", "run", "signal:{pid}", "signal-thread:{pid}"])
async def test_a_file_opens_no_socket_and_touches_no_process(hall: Hall, program: Program, word: str) -> None:
    pool = await hall.open()
    assert (await read(pool, program(word.format(pid=os.getpid())))).pieces


@pytest.mark.skipif(sandbox.FILES not in HAVE, reason="this kernel has no Landlock")
async def test_a_file_writes_nowhere_and_reads_nothing_but_itself(hall: Hall, program: Program, tmp_path: Path) -> None:
    pool = await hall.open()
    secret = tmp_path / "bot.db"
    secret.write_text("secret")
    assert (await read(pool, program(f"write:{tmp_path}/out", f"read:{secret}", "read:/etc/passwd"))).pieces
    assert not (tmp_path / "out").exists()


async def test_a_file_finds_none_of_our_secrets(hall: Hall, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT4VIDEO_DISCORD__TOKEN", "secret")
    pool = await hall.open()
    assert (await read(pool, program("environment"))).pieces


async def test_nothing_is_left_when_the_bot_is_killed_and_the_next_start_tidies_up(tmp_path: Path) -> None:
    settings = DecodingSettings(scratch_dir=tmp_path, decoders=1)
    left = tmp_path / "gpt4video-decoding-left"
    left.mkdir()
    (left / "lock").touch()
    pool = DecodingPool(settings, MediaLimits())
    await pool.start()
    assert not left.exists()
    assert len(list(tmp_path.iterdir())) == 1
    other = DecodingPool(settings, MediaLimits())
    await other.start()
    assert len(list(tmp_path.iterdir())) == 2, "a bot that lives keeps its folder"
    await pool.stop()
    await other.stop()
    assert not list(tmp_path.iterdir())


# --- results ---------------------------------------------------------------------------------------------------------


async def everything(pool: DecodingPool, path: Path, operation: Operation, dtype: Any = np.uint8) -> list[Any]:
    """All pieces of a result, part by part."""
    found: list[Any] = []
    while True:
        after_s = found[-1][0] if found else 0.0
        payer = Payer(request="whole", user="ann")
        done = await pool.decode(str(path), operation, payer=payer, skip=len(found), after_s=after_s)
        found += arrays.read(done, dtype, 1 if dtype is np.float32 else 3)
        if not done.more:
            return found


async def test_every_operation_gives_what_the_reader_itself_gives(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    path = real_clip("bigbuckbunny.mp4")
    pool = await hall.open(budget_s=60.0)
    with open_clip(path, MediaLimits()) as clip:
        expected = {
            Sample(4, 64): clip.sample(4, max_side=64),
            FramesAt((1.0, 0.2), 64): clip.frames_at((1.0, 0.2), max_side=64),
            Scan(10.0, 64, 0.5, 4.5): list(clip.scan(max_fps=10.0, max_side=64, start_s=0.5, end_s=4.5)),
            KeyFrames(64, 8): list(clip.key_frames(max_side=64, limit=8)),
        }
        sound = list(clip.sound(rate=16_000, block_s=1.0))
        loudness, moments, info = clip.loudness(5), clip.moments(4), clip.info
    for operation, frames in expected.items():
        pieces = await everything(pool, path, operation)
        assert [time_s for time_s, _ in pieces] == [frame.time_s for frame in frames]
        for (_, image), frame in zip(pieces, frames, strict=True):
            np.testing.assert_array_equal(image, frame.image)
    heard = await everything(pool, path, Hear(16_000, 1.0), np.float32)
    np.testing.assert_array_equal(
        np.concatenate([samples for _, samples in heard]), np.concatenate([block.samples for block in sound])
    )
    levels = (await read(pool, str(path), Loudness(5))).numbers
    assert list(zip(levels[::2], levels[1::2], strict=True)) == loudness
    assert list((await read(pool, str(path), Moments(4))).numbers) == moments
    assert (await read(pool, str(path), Probe())).info == info
    assert pool.openings <= 2


@pytest.mark.parametrize("name", ["bikes.mp4", "moving.webp"])
async def test_a_scan_whose_process_died_goes_on_where_it_was(hall: Hall, tmp_path: Path, name: str) -> None:
    path = real_clip(name) if name == "bikes.mp4" else moving_webp(tmp_path)
    pool = await hall.open(budget_s=60.0, decoders=1)
    with open_clip(path, MediaLimits()) as clip:
        whole = [frame.time_s for frame in clip.scan(max_fps=8.0, max_side=32, start_s=0.3)]
    found: list[float] = []
    payer = Payer(request="scan", user="ann")
    while len(found) < len(whole):
        after_s = found[-1] if found else 0.0
        scan = Scan(8.0, 32, 0.3, None)
        done = await pool.decode(str(path), scan, payer=payer, skip=len(found), after_s=after_s)
        found += [piece.time_s for piece in done.pieces]
        os.kill(pool.pids[0], signal.SIGKILL)
        await asyncio.sleep(0)
    assert found == whole


def moving_webp(folder: Path) -> Path:
    from PIL import Image

    frames = [Image.new("RGB", (64, 48), (shade * 8, 0, 0)) for shade in range(24)]
    path = folder / "moving.webp"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=70, lossless=True)
    return path


async def test_the_same_bytes_are_decoded_once_whoever_asks_and_opened_once_for_everything(
    hall: Hall, tmp_path: Path
) -> None:
    pool = await hall.open()
    first, copy = real_clip("bikes.mp4"), tmp_path / "copy.mp4"
    copy.write_bytes(first.read_bytes())
    wanted = (Probe(), Looks(10), Stills(4, (), 320), Sample(8, 320))
    for operation in wanted:
        await read(pool, str(first), operation)
    assert (pool.openings, pool.operations) == (1, len(wanted))
    for operation in wanted:
        await read(pool, str(copy), operation, user="bob")
    assert (pool.openings, pool.operations) == (1, len(wanted))


async def test_a_refusal_is_remembered_as_well(hall: Hall, tmp_path: Path) -> None:
    pool = await hall.open()
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(200))
    for operation in (Probe(), Looks(10), Sample(8)):
        with pytest.raises(MediaError):
            await read(pool, str(path), operation)
    assert (pool.openings, pool.operations) == (1, 1)


async def test_waiting_for_the_same_thing_at_the_same_time_decodes_it_once(hall: Hall, program: Program) -> None:
    pool = await hall.open()
    path = program("wait:0.2")
    found = await asyncio.gather(*(read(pool, path, user=user) for user in ("ann", "bob", "eve")))
    assert len({result.path for result in found}) == 1
    assert pool.operations == 1


async def test_an_operation_that_fails_says_why_as_the_same_type(hall: Hall, program: Program, tmp_path: Path) -> None:
    pool = await hall.open()
    with pytest.raises(DamagedClip, match="damaged"):
        await read(pool, program("damaged"))
    missing = str(tmp_path / "missing.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (missing, str(tmp_path), str(tmp_path / "pipe.mp4")):
        with pytest.raises(MediaError):
            await read(pool, path)
    assert pool.deaths == 0


async def test_a_lying_process_is_believed_nothing(hall: Hall, program: Program) -> None:
    pool = await hall.open()
    done = await read(pool, program("wait:0"))
    for lie in ((1 << 20, 1 << 20, 3), (-1, 4, 3), (48, 64, 4), (48, 64)):
        false = [type(done.pieces[0])(0.0, lie)]
        with pytest.raises(EngineError):
            arrays.read(Decoded(info=done.info, path=done.path, pieces=tuple(false)), np.uint8, 3)
    short = tuple(done.pieces) * 2
    with pytest.raises(EngineError):
        arrays.read(Decoded(info=done.info, path=done.path, pieces=short), np.uint8, 3)


async def test_a_stop_in_the_middle_ends_everybody_who_waits(hall: Hall, program: Program) -> None:
    pool = await hall.open()
    reading = asyncio.create_task(read(pool, program("spin")))
    await working(pool)
    await pool.stop()
    with pytest.raises(EngineError):
        await reading


def test_the_front_imports_no_media_library() -> None:
    import subprocess
    import sys

    code = "import engine.decoding, sys; sys.exit(any(name in sys.modules for name in ('av', 'numpy', 'PIL')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
