"""An engine whose clips are read in decoding processes: the process with the models outlives every file, and waits for
none while others have something for it to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine import DecodingSettings, Engine, EngineSettings
from engine.decoding import DecodingPool
from engine.decoding.process import DecoderProcess
from engine.errors import DamagedClip, DecodeTimeout, EngineUnavailable, JobCancelled, MediaError, PoisonedClip
from engine.executors.process import ProcessExecutor
from engine.media import open_clip
from engine.types import (
    Answered,
    Clip,
    Event,
    Inspect,
    Inspected,
    JobClass,
    MediaLimits,
    ModelChoice,
    Moderate,
    Role,
    RuntimeConfig,
    Scored,
    Started,
    Token,
    Turn,
    Understand,
)
from tests.fakes.clip_watchers import seen
from tests.harness import real_clip

PATIENCE_S = 30.0
IMPATIENT = EngineSettings(watchdog_floor_s=dict.fromkeys(JobClass, 1.5))

Program = Callable[..., Clip]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    def write(*words: str, name: str = "clip.mp4") -> Clip:
        path = tmp_path / name
        path.write_text(" ".join(("program", *words)))
        return Clip(path=str(path), name=name)

    return write


class Lab:
    """Builds engines with decoding processes that obey files, and stops them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engines: list[Engine] = []

    async def start(
        self, budget_s: float = 20.0, settings: EngineSettings | None = None, **models: str
    ) -> tuple[Engine, DecodingPool]:
        chosen = {"understanding": "Watching", "frame_guard": "Looking"} | models
        config = RuntimeConfig(
            models={Role(role): ModelChoice(backend=_fake(name)) for role, name in chosen.items()},
            limits=MediaLimits(decode_timeout_s=budget_s),
        )
        decoding = DecodingSettings(state_dir=self.folder / "state", memory_mb=512)
        settings = replace(settings or EngineSettings(), decoding=decoding)
        spawn: Any = partial(DecoderProcess, module="tests.fakes.decoder")
        pool = DecodingPool(settings.decoding, config.limits, spawn=spawn)
        engine = Engine(config, settings, ProcessExecutor(config, settings, pool), pool)
        self.engines.append(engine)
        async with asyncio.timeout(PATIENCE_S):
            await engine.start()
            while not all(decoder.ready for decoder in pool._decoders):  # noqa: ASYNC110 - processes make it true
                await asyncio.sleep(0.005)
        return engine, pool


def _fake(name: str) -> str:
    room = "clip_watchers" if name in ("Watching", "Looking") else "engine_backends"
    return f"tests.fakes.{room}:{name}"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    made = Lab(tmp_path)
    yield made
    for engine in made.engines:
        async with asyncio.timeout(PATIENCE_S):
            await engine.stop(grace_s=0.0)


def ask(*clips: Clip, text: str = "What happens?") -> Understand:
    return Understand(turns=(Turn(role="user", text=text, clips=clips),))


async def read(engine: Engine, job: Any, user: str = "ann") -> list[Event]:
    ticket = engine.submit(job, request=f"of {user}", user=user, community="guild")
    async with asyncio.timeout(PATIENCE_S):
        return [event async for event in ticket]


async def run(engine: Engine, job: Any, user: str = "ann") -> Any:
    async with asyncio.timeout(PATIENCE_S):
        return await engine.run(job, request=f"of {user}", user=user, community="guild", system=True)


async def at_work(pool: DecodingPool) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not any(decoder.work for decoder in pool._decoders):  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.005)


async def test_whatever_a_file_does_the_process_with_the_models_stays(lab: Lab, program: Program) -> None:
    engine, pool = await lab.start(budget_s=0.6)
    before = engine.health()
    endings: dict[str, type[MediaError]] = {"spin": DecodeTimeout, "crash:exit": PoisonedClip, "damaged": DamagedClip}
    for number, (words, error) in enumerate(endings.items()):
        clip = program(words, name=f"{number}.mp4")
        for job in (Inspect(clip=clip, stills_dir=str(lab.folder / "stills")), Moderate(clips=(clip,)), ask(clip)):
            with pytest.raises(error):
                await run(engine, job, user=f"of {number}")
    assert pool.deaths == 3
    after = engine.health()
    assert (after.pid, after.restarts, after.breaker_open, after.ready) == (before.pid, 0, False, True)
    assert isinstance(await run(engine, ask(program("wait:0", name="good.mp4"))), Answered)


async def test_a_clip_reaches_the_model_as_it_is_part_by_part(lab: Lab) -> None:
    engine, _ = await lab.start()
    clip = Clip(path=str(real_clip("bigbuckbunny.mp4")))
    with open_clip(clip.path, MediaLimits()) as reader:
        expected = list(reader.scan(max_fps=30.0, max_side=64))
    events = await read(engine, ask(clip))
    text = "".join(event.text for event in events if isinstance(event, Token))
    assert text == f"I saw {len(expected)} frames, sum {seen(expected)}."


async def test_check_stills_and_answer_open_a_clip_once(lab: Lab, tmp_path: Path) -> None:
    engine, pool = await lab.start()
    clip = Clip(path=str(real_clip("bikes.mp4")))
    await run(engine, Inspect(clip=clip))
    scored = await run(engine, Moderate(clips=(clip,)))
    looked = await run(engine, Inspect(clip=clip, stills_dir=str(tmp_path / "stills")))
    await run(engine, ask(clip))
    assert isinstance(scored, Scored)
    assert isinstance(looked, Inspected)
    assert len(looked.frames) == 8
    assert all(Path(frame.path).read_bytes().startswith(b"\xff\xd8") for frame in looked.frames)
    assert pool.openings == 1
    operations = pool.operations
    await run(engine, Moderate(clips=(clip,)), user="bob")
    await run(engine, ask(clip), user="bob")
    assert pool.operations == operations, "what was decoded is remembered by content"


async def test_a_question_whose_clip_is_slow_makes_way_for_others_and_is_answered_after_all(
    lab: Lab, program: Program
) -> None:
    engine, pool = await lab.start()
    order: list[str] = []

    async def answered(user: str, clip: Clip) -> list[Event]:
        events = await read(engine, ask(clip), user)
        order.append(user)
        return events

    slow = asyncio.create_task(answered("mallory", program("wait:3", name="slow.mp4")))
    await at_work(pool)
    quick = await asyncio.gather(*(answered(user, program("wait:0", name=user)) for user in ("ann", "bob")))
    events = await slow
    assert order[-1] == "mallory"
    assert Started(attempt=2) in events
    text = "".join(event.text for event in events[events.index(Started(attempt=2)) :] if isinstance(event, Token))
    assert text.startswith("I saw 20 frames")
    assert all(isinstance(each[-1], Answered) for each in (*quick, events))
    assert engine.health().restarts == 0


async def test_waiting_for_a_clip_is_no_hang_and_checks_of_others_run_meanwhile(lab: Lab, program: Program) -> None:
    engine, pool = await lab.start(settings=IMPATIENT, text_guard="TextGuard")
    before = engine.health().pid
    slow = asyncio.create_task(read(engine, ask(program("wait:4", name="slow.mp4")), "mallory"))
    await at_work(pool)
    for number in range(5):
        assert isinstance(await run(engine, Moderate(text=f"hello {number}")), Scored)
    assert not slow.done()
    assert isinstance((await slow)[-1], Answered)
    assert (engine.health().pid, engine.health().restarts) == (before, 0)


async def test_what_needs_no_model_does_not_wait_for_the_models(lab: Lab, program: Program, tmp_path: Path) -> None:
    engine, _ = await lab.start(understanding="Answers")
    gate = tmp_path / "gate"
    held = asyncio.create_task(read(engine, ask(text=f"hold:{gate}")))
    while engine.health().running == 0:  # noqa: ASYNC110 - another process makes it true
        await asyncio.sleep(0.005)
    assert isinstance(await run(engine, Inspect(clip=program("wait:0"))), Inspected)
    with pytest.raises(DamagedClip):
        await run(engine, Moderate(clips=(program("damaged", name="bad.mp4"),)))
    assert not held.done()
    gate.touch()
    await held


@pytest.mark.parametrize("job", ["inspect", "check", "question", "question that made way"])
async def test_a_cancel_ends_a_job_whose_clip_is_being_read(lab: Lab, program: Program, job: str) -> None:
    engine, pool = await lab.start()
    clip = program("wait:15")
    jobs = {"inspect": Inspect(clip=clip, stills_dir=str(lab.folder / "s")), "check": Moderate(clips=(clip,))}
    ticket = engine.submit(jobs.get(job, ask(clip)), request="r", user="mallory", community="guild")
    await at_work(pool)
    if job.endswith("way"):
        assert isinstance((await read(engine, ask(program("wait:0", name="other")), "ann"))[-1], Answered)
    ticket.cancel()
    with pytest.raises(JobCancelled):
        async with asyncio.timeout(5.0):
            await ticket.result()
    assert engine.health().restarts == 0


async def test_leaving_a_question_early_leaves_nothing_behind(lab: Lab, program: Program) -> None:
    engine, pool = await lab.start()
    ticket = engine.submit(ask(program("wait:15")), request="r", user="ann", community="guild")
    async with aclosing(ticket.__aiter__()) as events:
        async for event in events:
            if isinstance(event, Token):
                break
    assert isinstance((await read(engine, ask(program("wait:0", name="other")), "bob"))[-1], Answered)
    assert engine.health().running == 0
    assert len(pool._line) == 0


async def test_a_stop_while_clips_are_read_tells_everybody(lab: Lab, program: Program) -> None:
    engine, pool = await lab.start()
    tickets = [
        engine.submit(job, request=f"r{number}", user=f"u{number}", community="guild")
        for number, job in enumerate((Moderate(clips=(program("wait:15"),)), ask(program("wait:15", name="b.mp4"))))
    ]
    await at_work(pool)
    await engine.stop(grace_s=0.0)
    for ticket in tickets:
        with pytest.raises(EngineUnavailable):
            await ticket.result()
    assert pool.pids == ()
