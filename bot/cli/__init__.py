"""The command line: `gpt4video run | ask | generate | moderate | models | doctor | migrate | trust-clock`.

Every command goes through the same `Assistant` and `Engine` as a chat message does. Exit codes: 0 done, 2 bad input
or usage, 3 blocked by safety, 4 engine failure. Errors are one sentence on stderr.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from bot.cli.common import BAD_INPUT, ConfigOption, JsonOption, fail, load, told
from bot.cli.models import models
from bot.hosting import OWNER_ONLY

cli = typer.Typer(
    name="gpt4video",
    help="Watches videos, answers questions about them, makes new ones, and keeps both directions safe.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
cli.add_typer(models, name="models")


@cli.callback()
def _begin(context: typer.Context) -> None:
    """What the bot writes is for its owner alone. `obj` is the umask of the person, for files that they asked for."""
    context.obj = os.umask(OWNER_ONLY)
    context.call_on_close(lambda: os.umask(context.obj))


@cli.command()
def run(config: ConfigOption = None) -> None:
    """Start the bot: the web playground and every platform that is configured."""
    from bot.cli import commands

    _end(commands.run(_ready(config)))


@cli.command()
def ask(
    clip: Annotated[Path, typer.Argument(help="A video, animation or picture.")],
    question: Annotated[str, typer.Argument(help="What you want to know about it.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Ask a question about a clip."""
    from bot.cli import commands

    _end(commands.ask(_ready(config), clip, question, as_json=as_json))


@cli.command()
def generate(
    context: typer.Context,
    prompt: Annotated[str, typer.Argument(help="What the video should show.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the MP4 goes.")],
    seed: Annotated[int | None, typer.Option(help="The same seed and prompt make the same video.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Length in seconds.")] = None,
    size: Annotated[str | None, typer.Option(help="Width and height in pixels, for example 640x360.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Make a video from words."""
    from bot.cli import commands

    width, height = _size(size)
    _end(
        commands.generate(
            _ready(config),
            prompt,
            out,
            seed=seed,
            seconds=seconds,
            width=width,
            height=height,
            as_json=as_json,
            umask=context.obj,
        )
    )


@cli.command()
def moderate(
    text: Annotated[str, typer.Argument(help="A text to judge.")] = "",
    file: Annotated[Path | None, typer.Option("--file", help="A clip to judge.")] = None,
    lines: Annotated[
        str,
        typer.Option(
            "--lines", metavar="FILE|-", help="Score many texts: one JSON string a line in, one {category: score} out."
        ),
    ] = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Score a text or a clip against the configured thresholds; or many texts, with --lines, against none."""
    from bot.cli import commands

    if lines:
        if text.strip() or file is not None:
            fail("Give either --lines, or a text or clip.", BAD_INPUT)
        if not as_json:
            fail("--lines prints JSON and nothing else. Add --json.", BAD_INPUT)
        _end(commands.moderate_lines(_ready(config), lines))
    if not text.strip() and file is None:
        fail("Give a text, or a clip with --file.", BAD_INPUT)
    _end(commands.moderate(_ready(config), text, file, as_json=as_json))


@cli.command()
def doctor(
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Say what works, what does not, and the command that mends it."""
    from bot.cli import commands

    _end(commands.doctor(config, as_json=as_json))


@cli.command()
def migrate(config: ConfigOption = None) -> None:
    """Bring the database to this version's schema."""
    from bot.cli import commands

    _end(commands.migrate(load(config)))


@cli.command("trust-clock")
def trust_clock(config: ConfigOption = None) -> None:
    """Say that the clock is right after it has jumped, so that what is old is deleted again."""
    from bot.cli import commands

    _end(commands.trust_clock(load(config)))


def main() -> None:
    """The console command."""
    cli()


def _end(work: Coroutine[Any, Any, int]) -> NoReturn:
    """Run a command and turn what it raises into a sentence and an exit code."""
    with told():
        code = asyncio.run(work)
    raise typer.Exit(code)


def _ready(path: Path | None) -> Any:
    """The configuration with everything that it needs: a device's preset in place of `auto`, and the models' files.

    Both may take long, so they come before there is an event loop.
    """
    from bot.cli.downloads import prepare

    config = load(path)
    with told():
        return prepare(config)


def _size(size: str | None) -> tuple[int | None, int | None]:
    if size is None:
        return None, None
    width, separator, height = size.lower().replace("×", "x").partition("x")
    if not (separator and width.isdigit() and height.isdigit()):
        fail(f"A size looks like 640x360, not {size!r}.", BAD_INPUT)
    return int(width), int(height)
