"""The command that installs an extra works as it is printed: from a checkout by path, else package by package."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from engine import extras
from engine.backends import accelerator
from engine.backends.lite import extra
from engine.backends.openai import sentences

ROOT = Path(__file__).resolve().parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def command(sentence: str) -> list[str]:
    """The words of the command that a sentence ends with."""
    return shlex.split(re.split("(?:Run|or): ", sentence)[-1])


@pytest.mark.parametrize("names", [("lite",), ("lite", "inference")])
def test_in_a_checkout_it_is_installed_from_there_with_the_pins_that_were_tried(names: tuple[str, ...]) -> None:
    python, *rest = command(extras.install(*names))
    assert (ROOT / python).samefile(sys.executable)
    assert rest == ["-m", "pip", "install", "--constraint", "constraints.txt", "--editable", f".[{','.join(names)}]"]
    assert set(names) <= set(PROJECT["optional-dependencies"])
    assert (ROOT / "constraints.txt").is_file()
    assert f"run: make run{' PRESET=auto' if 'inference' in names else ''}, or: " in extras.install(*names)


def test_the_command_is_one_that_pip_takes() -> None:
    words = command(extras.install("lite"))
    tried = subprocess.run(
        [*words, "--dry-run", "--no-deps", "--no-index", "--no-build-isolation", "--quiet"],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    if "setuptools" in tried.stderr and tried.returncode:
        pytest.skip("setuptools is not installed here, and it is not fetched for a test")
    assert tried.returncode == 0, tried.stderr


def test_without_a_checkout_the_packages_themselves_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    required = [
        "aiohttp>=3",
        'av<19,>=18.1; extra == "lite"',
        'numpy>=2; extra == "lite"',
        "torch; extra == 'inference'",
    ]
    monkeypatch.setattr(extras, "_ROOT", tmp_path)
    monkeypatch.setattr(metadata, "requires", lambda name: required)
    assert command(extras.install("lite"))[4:] == ["av<19,>=18.1", "numpy>=2"]
    assert command(extras.install("lite", "inference"))[4:] == ["av<19,>=18.1", "numpy>=2", "torch"]


@pytest.mark.parametrize("sentence", [extra.SENTENCE, accelerator.SENTENCE, sentences.MISSING_EXTRA])
def test_every_message_has_the_command(sentence: str) -> None:
    assert "-m pip install" in sentence


def test_no_message_hands_pip_a_name_that_belongs_to_nobody() -> None:
    written = [
        path
        for room in ("bot", "adapters", "engine", "docs", "benchmarks")
        for path in (ROOT / room).rglob("*")
        if path.suffix in (".py", ".md", ".sh", ".html", ".js")
    ]
    for path in [*written, ROOT / "README.md", ROOT / "config.example.toml", ROOT / "Makefile"]:
        text = path.read_text()
        assert not re.search(r"(?:pip|uv|pipx) install[^\n]*gpt4video|/project/gpt4video", text, re.IGNORECASE), path
