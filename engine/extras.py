"""The command that installs what an optional part of the bot needs, as it works here.

The bot is installed from its checkout, by path: on the package index its name belongs to nobody, so that no command may
hand it to pip.
"""

from __future__ import annotations

import re
import shlex
import sys
from importlib import metadata
from pathlib import Path

DISTRIBUTION = "gpt4video-bot"
_ROOT = Path(__file__).resolve().parent.parent
_EXTRA = re.compile(r"""extra\s*==\s*["'](?P<name>[^"']+)["']""")


def install(*extras: str) -> str:
    """A sentence with the command that installs the packages of these extras, for the interpreter that runs now."""
    if (_ROOT / "pyproject.toml").is_file():
        start = "make run PRESET=auto" if "inference" in extras else "make run"
        pip = _pip("--constraint", "constraints.txt", "--editable", f".[{','.join(extras)}]")
        return f"In the bot's folder, run: {start}, or: {pip}"
    return f"Run: {_pip(*_packages(extras))}"


def _pip(*arguments: str) -> str:
    return shlex.join([_python(), "-m", "pip", "install", *arguments])


def _python() -> str:
    """The interpreter as one calls it from the bot's folder, where it is in there: no chat has to read its path."""
    python = Path(sys.executable)
    return str(python.relative_to(_ROOT)) if python.is_relative_to(_ROOT) else str(python)


def _packages(extras: tuple[str, ...]) -> list[str]:
    """What the extras consist of, by the installed package's own word."""
    try:
        required = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    found = []
    for line in required:
        package, _, marker = line.partition(";")
        extra = _EXTRA.search(marker)
        if extra and extra["name"] in extras:
            found.append(package.strip())
    return found
