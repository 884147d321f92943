"""What the commands do, as coroutines that return an exit code."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from adapters.base import Adapter, GenerateCommand, Message, Scope, State, Trial, View
from bot import logs
from bot.app import CLI, App, serve
from bot.cli.common import BAD_INPUT, BLOCKED, DONE, ENGINE_FAILURE, INTERRUPTED, print_json
from bot.cli.lines import Lines
from bot.cli.terminal import ME, LocalFile, TerminalReply, here
from bot.config import Config
from bot.errors import BadInput
from bot.hosting import copy_out
from bot.store import Store, utcnow
from bot.store import migrate as migrate_database
from bot.timekeeping import trust
from engine.errors import GuardUnavailable
from engine.types import ScoreTexts, TextsScored

log = logging.getLogger(__name__)

UNLIMITED = 1 << 40
LINES_AT_ONCE = 64
OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)
INPUT_CODES = ("media.", "bad_", "not_permitted", "over_quota", "attachment")


async def run(config: Config) -> int:
    """Serve until a signal."""
    logs.configure(config.bot.log_level, as_json=config.bot.log_json)

    loading = ERR.status("Loading the models …")

    def ready(app: App, adapters: dict[str, Adapter]) -> None:
        loading.stop()
        for card in app.engine.cards:
            OUT.print(f"{card.role.value.replace('_', ' '):14} {card.name}", markup=False)
        for adapter in adapters.values():
            where = getattr(adapter, "url", "")
            OUT.print(f"[bold]Ready:[/bold] {where or adapter.name}   (Ctrl+C stops)")

    def waits(sentence: str) -> None:
        if config.bot.log_json:
            log.warning("%s", sentence)
        else:
            ERR.print(sentence, markup=False)

    with loading:
        await serve(config, ready, waits=waits)
    return DONE


async def ask(config: Config, clip: Path, question: str, *, as_json: bool) -> int:
    """One question about one clip."""
    file = _open(clip)
    async with _quiet(config) as app:
        place = here(UNLIMITED)
        message = Message(event_id=place.channel, author=ME, place=place, text=question, attachments=(file,))
        view = await _converse(app, message, quiet=as_json)
        await app.shelf.drop(view.request, videos=False)
    if as_json:
        print_json(
            {"answer": view.text, "verdicts": _verdicts(view), "model": view.model, "seconds": view.seconds}
            | ({"videos": [video.path for video in view.videos]} if view.videos else {})
            | _trouble(view)
        )
    elif view.state is State.DONE:
        OUT.print(f"\n[dim]{escape(view.footer)}[/dim]")
        for video in view.videos:
            OUT.print(f"video: {video.path}", markup=False)
    return _conclude(view)


async def generate(
    config: Config,
    prompt: str,
    out: Path,
    *,
    seed: int | None,
    seconds: float | None,
    width: int | None,
    height: int | None,
    as_json: bool,
    umask: int,
) -> int:
    """One video, copied to `out` when it has passed its checks, for whom `umask` lets read it."""
    if not out.parent.is_dir():
        raise BadInput(f"There is no folder {out.parent}. Make it first, or choose another place for the video.")
    async with _quiet(config) as app:
        place = here(UNLIMITED)
        command = GenerateCommand(
            event_id=place.channel,
            author=ME,
            place=place,
            prompt=prompt,
            seed=seed,
            seconds=seconds,
            width=width,
            height=height,
        )
        view = await _converse(app, command, quiet=as_json)
        for video in view.videos if view.state is State.DONE else ():
            await asyncio.to_thread(copy_out, video.path, out, umask)
            fields = {key: value for key, value in asdict(video).items() if key not in ("path", "prompt", "seconds")}
            if as_json:
                print_json({"path": str(out), **fields, "verdicts": _verdicts(view)})
            else:
                OUT.print(f"{escape(str(out))}\n[dim]{escape(view.footer)}[/dim]")
        await app.shelf.drop(view.request)
    if as_json and view.state is not State.DONE:
        print_json({"path": None, "verdicts": _verdicts(view)} | _trouble(view))
    return _conclude(view)


async def moderate(config: Config, text: str, file: Path | None, *, as_json: bool) -> int:
    """Scores, verdicts, and what no guard covers."""
    clip = _open(file).path if file is not None else None
    async with _quiet(config) as app:
        trial = await app.desk.judge(Scope(platform=CLI, community="local"), text=text, clip=clip)
        coverage = app.engine.coverage
    if as_json:
        print_json(
            {
                "allowed": trial.allowed,
                "scores": trial.scores,
                "verdicts": [asdict(chip) for chip in trial.chips],
                "coverage": {"text": list(coverage.text), "frames": list(coverage.frames)},
                "not_covered": list(trial.not_covered),
                "language_not_covered": list(trial.unread),
            }
        )
    else:
        _print_trial(trial)
    return DONE if trial.allowed else BLOCKED


async def moderate_lines(config: Config, source: str) -> int:
    """Scores of many texts, a line each, in their order and as soon as they are known. A text in a language that no
    guard knows is named on stderr."""
    with _lines(source) as stream:
        lines = Lines(stream)
        async with _quiet(config) as app:
            while batch := await asyncio.to_thread(lines.some, LINES_AT_ONCE):
                texts = tuple(_text_of(line, number) for number, line in batch)
                scored = await app.engine.run(ScoreTexts(texts=texts), request=f"lines-{batch[0][0]}", system=True)
                if not isinstance(scored, TextsScored):
                    raise GuardUnavailable("The safety check gave no scores, so I stop here. Tell the operator.")
                for (number, _), scores, unread in zip(batch, scored.scores, scored.unread, strict=True):
                    print_json({category.value: round(scores[category], 6) for category in scores})
                    if unread:
                        ERR.print(f"line {number}: not covered for this language: {', '.join(unread)}", markup=False)
                sys.stdout.flush()
    return DONE


@contextmanager
def _lines(source: str) -> Iterator[IO[str]]:
    """The lines of a file, or of stdin for "-"."""
    if source == "-":
        yield sys.stdin
        return
    with Path(_open(Path(source)).path).open(encoding="utf-8") as stream:
        yield stream


def _text_of(line: str, number: int) -> str:
    """The text of a line: a JSON string, or an object that has one as its "text"."""
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    text = value.get("text") if isinstance(value, dict) else value
    if not isinstance(text, str):
        raise BadInput(f'Line {number} is not a JSON text. A line looks like this: "how long is the clip?"')
    return text


async def doctor(path: Path | None, *, as_json: bool) -> int:
    """The report of `bot.doctor`."""
    from bot.doctor import examine, render

    report = await examine(path)
    if as_json:
        print_json(report.as_dict())
    else:
        render(report, OUT)
    return DONE if report.ok else ENGINE_FAILURE


async def migrate(config: Config) -> int:
    """Upgrade the schema."""
    await asyncio.to_thread(config.bot.data_dir.mkdir, mode=0o700, parents=True, exist_ok=True)
    await asyncio.to_thread(migrate_database, config.database_url)
    OUT.print("The database is up to date.")
    return DONE


async def trust_clock(config: Config) -> int:
    """Take the clock for right from now on."""
    store, now = Store(config.database_url), utcnow()
    try:
        await store.open(migrate=False)
        await trust(store, now)
    finally:
        await store.close()
    OUT.print(f"Noted: it is {now:%Y-%m-%d %H:%M} UTC. A bot that runs deletes what is old again within the hour.")
    return DONE


def _quiet(config: Config) -> App:
    """An app for one command: what goes wrong is said in one sentence, and logged only for who looks for a mistake."""
    logs.configure("DEBUG" if config.bot.log_level == "DEBUG" else "CRITICAL", as_json=config.bot.log_json)
    return App(config)


def _open(path: Path) -> LocalFile:
    if not path.exists():
        raise BadInput(f"There is no file {path}.")
    if not path.is_file():
        raise BadInput(f"{path} is not a file that can be watched.")
    return LocalFile(path)


async def _converse(app: App, asked: Message | GenerateCommand, *, quiet: bool) -> View:
    """Hand a message or command to the assistant and wait for its last view. Ctrl+C cancels it properly."""
    reply = TerminalReply(quiet=quiet)
    try:
        if isinstance(asked, Message):
            request = await app.assistant.message(asked, reply)
        else:
            request = await app.assistant.generate(asked, reply)
        loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[bool]] = set()
        loop.add_signal_handler(signal.SIGINT, lambda: tasks.add(loop.create_task(app.assistant.cancel(request, ME))))
        try:
            return await reply.done
        finally:
            loop.remove_signal_handler(signal.SIGINT)
    finally:
        reply.close()


def _conclude(view: View) -> int:
    """Say on stderr what went wrong, and choose the exit code."""
    if view.state is not State.DONE or view.notice:
        ERR.print(view.notice, markup=False)
    match view.state:
        case State.DONE:
            return DONE
        case State.BLOCKED:
            return BLOCKED
        case State.CANCELLED:
            return INTERRUPTED
        case _:
            return BAD_INPUT if view.code.startswith(INPUT_CODES) else ENGINE_FAILURE


def _trouble(view: View) -> dict[str, Any]:
    return {} if view.state is State.DONE else {"error": view.notice, "code": view.code}


def _verdicts(view: View) -> list[dict[str, Any]]:
    return [asdict(chip) for chip in view.chips]


def _print_trial(trial: Trial) -> None:
    table = Table("category", "where", "score", "threshold", "action", box=None)
    for chip in trial.chips:
        table.add_row(chip.category, chip.where, f"{chip.score:.2f}", f"{chip.threshold:.2f}", chip.action)
    OUT.print(table)
    never = [category for category in trial.not_covered if category not in trial.unread]
    if never:
        OUT.print(f"[dim]not covered by any loaded guard: {', '.join(never)}[/dim]")
    if trial.unread:
        OUT.print(f"[dim]not covered for this language: {', '.join(trial.unread)}[/dim]")
    OUT.print("[green]allowed[/green]" if trial.allowed else "[red]blocked[/red]")
