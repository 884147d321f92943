"""What starting costs: imports, the time from `gpt4video run` to an answering page, and the memory of the processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.report import Row

CONSOLE = Path(sys.executable).with_name("gpt4video")
MIB = 1 << 20
HEAVY = ("torch", "transformers", "diffusers", "numpy", "av", "cv2", "moviepy", "onnxruntime", "sklearn")


def rows(rounds: int = 5) -> list[Row]:
    """Measure in fresh processes, `rounds` times each; medians."""
    bare = _seconds("pass", rounds)
    found = [
        Row("import bot", _seconds("import bot", rounds) - bare, "s", "≤ 0.5"),
        Row("import bot.app (everything the bot process needs)", _seconds("import bot.app", rounds) - bare, "s"),
        Row("model and media libraries that import bot.app brings along", _heavy(), "packages", "0"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        found += _run(Path(folder))
    return found


def _seconds(code: str, rounds: int) -> float:
    def once() -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - started

    once()
    return statistics.median(once() for _ in range(rounds))


def _heavy() -> int:
    code = f"import sys, bot.app; print(sum(name in sys.modules for name in {HEAVY!r}))"
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


def _run(folder: Path) -> list[Row]:
    env = os.environ | {"GPT4VIDEO_BOT__DATA_DIR": str(folder), "GPT4VIDEO_WEB__PORT": "0"}
    started = time.perf_counter()
    process = subprocess.Popen([CONSOLE, "run"], stdout=subprocess.PIPE, text=True, env=env, cwd=folder)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "http://" in line:
                break
        ready = time.perf_counter() - started
        me = psutil.Process(process.pid)
        inference = max(me.children(recursive=True), key=lambda child: child.memory_info().rss)
        return [
            Row("gpt4video run, from start to ready (lite models)", ready, "s"),
            Row("memory of the bot process (RSS)", me.memory_info().rss / MIB, "MiB"),
            Row("memory of the inference process, lite models loaded (RSS)", inference.memory_info().rss / MIB, "MiB"),
        ]
    finally:
        process.terminate()
        process.wait(30)
