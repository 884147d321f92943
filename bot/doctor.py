"""The check-up behind `gpt4video doctor`: what works, what does not, and the one command that mends it.

Nothing here is guessed: the configuration is loaded, the database opened, and the models are started for real. It
fetches nothing, however: who asks how things are need not want gigabytes.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from bot import models
from bot.chosen import applied
from bot.config import Config, ConfigError, load_config
from bot.outlook import Files, Fit, Outlook, Row, outlook
from bot.safety import not_covered
from bot.store import Store, StoreError
from bot.switching import offer_of
from bot.timekeeping import CONFIRM, doubt
from bot.words import listing, size
from engine import build_engine
from engine.decoding import sandbox
from engine.device import Device
from engine.errors import EngineError
from engine.presets import AUTO, Chosen
from engine.types import Category, Coverage, ModelCard, Role

ROOM = 1 << 30  # bytes; with less free disk, clips and videos soon have no place
LONG_TOKEN = 16  # characters; a page is open to everybody who guesses its token


@dataclass(frozen=True)
class Check:
    """One finding. `advice` is what to do when it is not ok."""

    name: str
    ok: bool
    says: str
    advice: str = ""


@dataclass
class Report:
    """Everything that was found."""

    checks: list[Check] = field(default_factory=list)
    models: tuple[ModelCard, ...] = ()
    rows: tuple[Row, ...] = ()  # the same models: their files and their place on the device
    device: Device | None = None
    preset: str = ""
    coverage: Coverage | None = None  # None: the guards could not be started, so nothing is scored

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """The report for scripts. A category's value is true only when a running guard scores it."""
        text = self.coverage.text if self.coverage else ()
        frames = self.coverage.frames if self.coverage else ()
        return {
            "ok": self.ok,
            "checks": [asdict(check) for check in self.checks],
            "device": asdict(self.device) if self.device else None,
            "preset": self.preset,
            "models": [_model(card, row) for card, row in zip(self.models, self.rows, strict=True)],
            "coverage": {
                category.value: {"text": category in text, "frames": category in frames} for category in Category
            },
        }


async def examine(path: Path | None) -> Report:
    """Look at everything in turn. Never raises for what it finds."""
    report = Report()
    report.checks.append(Check("gpt4video", True, f"{version('gpt4video-bot')} on Python {platform.python_version()}"))
    try:
        config = applied(load_config(path))
    except ConfigError as error:
        report.checks.append(Check("configuration", False, str(error), "Correct the lines above."))
        return report
    report.checks.append(Check("configuration", True, str(config.source or "defaults (no configuration file)")))
    report.checks.append(await asyncio.to_thread(_disk, config.bot.data_dir))
    report.checks.append(_reading(config))
    report.checks += await _database(config)
    report.checks.append(_web(config))
    report.checks += await _discord(config)
    report.checks += await _slack(config)
    try:
        await _models(config, report)
    except EngineError as error:
        report.checks.append(Check("models", False, str(error), "Mend that, then run this again."))
    return report


def _disk(folder: Path) -> Check:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        free = shutil.disk_usage(folder).free
        if not os.access(folder, os.W_OK):
            raise PermissionError
    except OSError:
        return Check(
            "disk", False, f"{folder} cannot be written", "Choose another bot.data_dir, or change who owns it."
        )
    if free < ROOM:
        return Check("disk", False, f"only {decimal(free)} free in {folder}", "Free some space, or move bot.data_dir.")
    return Check("disk", True, f"{decimal(free)} free in {folder}")


def _reading(config: Config) -> Check:
    """What stands around the processes that read posted files. A kernel that lacks a wall is no reason not to run."""
    walls, lacking = sandbox.available()
    says = f"{config.media.decoders} processes, each with {listing(list(walls))}"
    if lacking:
        says += f"; this system has no {' and no '.join(lacking)}"
    return Check("reading files", True, says)


async def _database(config: Config) -> list[Check]:
    kind = config.database_url.split(":", 1)[0].split("+", 1)[0]
    store = Store(config.database_url)
    try:
        await store.open(migrate=False)
    except StoreError as error:
        if config.database.migrate_on_start and "gpt4video migrate" in str(error):
            return [Check("database", True, f"{kind}; its tables are made or upgraded at the next start")]
        return [Check("database", False, f"{kind}: {error}", "See database.url in config.example.toml.")]
    else:
        found = [Check("database", True, f"{kind}, up to date")]
        if why := await doubt(store):
            advice = f"Set the clock right; if it is, run: {CONFIRM}"
            found.append(Check("clock", False, f"{why} Until then nothing is deleted for its age.", advice))
        return found
    finally:
        await store.close()


def _web(config: Config) -> Check:
    web = config.web
    if not web.enabled:
        return Check("web playground", True, "off")
    if web.host not in ("127.0.0.1", "::1", "localhost") and not web.token:
        return Check(
            "web playground",
            False,
            f"{web.host} is reachable from outside and has no token",
            "Set GPT4VIDEO_WEB__TOKEN to a long random secret, or web.host to 127.0.0.1.",
        )
    if web.token and len(web.token.get_secret_value().strip()) < LONG_TOKEN:
        return Check(
            "web playground",
            False,
            "its token is short enough to be guessed",
            "Set GPT4VIDEO_WEB__TOKEN to a long random secret, for example what `openssl rand -hex 32` prints.",
        )
    return Check("web playground", True, f"http://{web.host}:{web.port}, {'with' if web.token else 'without'} a token")


async def _discord(config: Config) -> list[Check]:
    """Ask Discord itself; what it says of the bot cannot be guessed from here."""
    if config.discord.token is None:
        return [Check("discord", True, "off; set GPT4VIDEO_DISCORD__TOKEN to connect it")]
    from adapters.discord.checkup import check_up

    findings = await check_up(
        config.discord.token.get_secret_value(),
        api_base=config.discord.api_base,
        message_content=config.discord.message_content,
    )
    return [Check(found.name, found.ok, found.says, found.advice) for found in findings]


async def _slack(config: Config) -> list[Check]:
    """Ask Slack itself, about one workspace or about the client that several of them install."""
    slack = config.slack
    if not slack.enabled:
        return [Check("slack", True, "off; set GPT4VIDEO_SLACK__BOT_TOKEN to connect it (docs/slack.md has the steps)")]
    from adapters.slack.checkup import Door, check_client, check_socket, check_workspace, describe_door

    door = Door(slack.host, slack.port, (slack.public_url or "").rstrip("/"))
    found = []
    if slack.bot_token is not None:
        found += await check_workspace(slack.bot_token.get_secret_value(), api_base=slack.api_base)
    elif slack.client_id is not None and slack.client_secret is not None:
        secret, installed = slack.client_secret.get_secret_value(), await _installed(config)
        found += await check_client(slack.client_id, secret, installed, door, api_base=slack.api_base)
    if slack.mode == "socket" and slack.app_token is not None:
        found.append(await check_socket(slack.app_token.get_secret_value(), api_base=slack.api_base))
    elif slack.mode == "http":
        found.append(describe_door(door))
    return [Check(one.name, one.ok, one.says, one.advice) for one in found]


async def _installed(config: Config) -> list[str]:
    """The workspaces that have installed the app; none while the database can't be read, which is said elsewhere."""
    store = Store(config.database_url)
    try:
        await store.open(migrate=False)
        return await store.installed("slack")
    except StoreError:
        return []
    finally:
        await store.close()


def _device(config: Config, device: Device, best: Chosen) -> list[Check]:
    """What models would run on, and what that means for the preset."""
    memory = f", {size(device.memory_bytes)} of memory" if device.memory_bytes else ""
    reason = f". {device.reason}" if device.reason else ""
    asked = config.models.preset
    if asked == AUTO:
        preset = f"auto is {best.preset} here. {best.why}"
    else:
        preset = f"{asked}; auto would be {best.preset}" if best.preset not in (asked, "lite") else asked
        if asked == "lite" and (offer := offer_of(config, device, best)).preset != asked:
            how = offer.install or f"Change to it: gpt4video models use {offer.preset}"
            preset = f"lite; here runs also the {offer.says}. {how}"
    return [Check("device", True, f"{device.name}{memory}{reason}"), Check("preset", True, preset)]


async def _models(config: Config, report: Report) -> None:
    """Describe the models, and start them if they are here."""
    device, best = await asyncio.to_thread(models.examine, config)
    report.checks += _device(config, device, best)
    config = models.settled(config, best) if config.models.preset == AUTO else config
    runtime = config.runtime_config()
    found = await asyncio.to_thread(outlook, runtime, device)
    report.device, report.preset = device, config.models.preset
    report.rows, report.models = found.rows, tuple(row.card for row in found.rows)
    report.checks += _memory(found, device, best)
    stops = await asyncio.to_thread(_files, config, found)
    # A card may also miss what a download brings, which is told with its size.
    told = (row.card.missing for row in found.rows if row.files is not Files.MISSING or not device.packages)
    if absent := dict.fromkeys(sentence for sentence in told if sentence):
        stops.insert(0, Check("models", False, "their packages are not all installed", " ".join(absent)))
    if stops:
        report.checks += stops
        return
    models.hand_over_key(config)
    engine = build_engine(runtime, executor="process")
    try:
        await engine.start()
        loaded = {(card.role, card.backend): card for card in engine.cards}  # these know more, in an order of their own
        report.models = tuple(loaded.get((card.role, card.backend), card) for card in report.models)
        report.coverage = engine.coverage
        report.checks.append(Check("models", True, f"all {len(engine.cards)} load and answer"))
        report.checks.append(_covered(config, engine.coverage))
    finally:
        await engine.stop(grace_s=1)


def _memory(found: Outlook, device: Device, best: Chosen) -> list[Check]:
    """How the models share the device; nothing when none of them takes a noticeable part of it."""
    if not any(row.fit for row in found.rows):
        return []
    needed, there = size(found.needed_bytes), size(found.usable_bytes)
    if large := found.that(Fit.NO):
        says = f"{listing(large)} cannot fit on {device.name}. All models need {needed}, and {there} can be used"
        return [Check("memory", False, says, f'Choose smaller ones: models.preset = "{best.preset}" fits here.')]
    turns, parts = found.that(Fit.TURNS), found.that(Fit.PARTS)
    if not turns and not parts:
        return [Check("memory", True, f"all models fit together: {needed} of {there}")]
    ways = [f"{listing(turns)} {_verb(turns, 'take')} turns"] if turns else []
    ways += [f"{listing(parts)} {_verb(parts, 'work')} in parts, which is slower"] if parts else []
    return [Check("memory", True, f"all models need {needed}, and {there} can be used: {'; '.join(ways)}")]


def _verb(names: list[str], verb: str) -> str:
    return verb if len(names) > 1 else f"{verb}s"


def _files(config: Config, found: Outlook) -> list[Check]:
    """What has to be fetched first; nothing when all is here."""
    wanted = models.missing(config.runtime_config())
    folders = [row.card.model for row in found.missing if row.card.model.startswith("/")]
    checks = [Check("models", False, f"there is no folder {folder}", "Correct its path.") for folder in folders]
    if not wanted:
        return checks
    total = sum(need.expected_bytes for need in wanted)
    unknown = "" if all(need.pin for need in wanted) else " or more"
    amount = f": {decimal(total)}{unknown}" if total else ""
    says = f"{len(wanted)} of {len(models.needs(config.runtime_config()))} are not here yet{amount}"
    checks.append(Check("models", False, says, "Fetch them with: gpt4video models pull"))
    source = models.source_of(config)
    for need in wanted:
        if need.pin and need.pin.gated and not source.token:
            advice = f"Accept it at {source.page(need.model)}, and set HF_TOKEN or models.hub_token_file."
            checks.append(
                Check("licence", False, f"{need.model} is handed out only to who accepts its licence", advice)
            )
    free = _free(config.models_dir)
    if total > free:
        advice = "Free some space, or name another folder as models.folder."
        checks.append(Check("room", False, f"only {decimal(free)} free for {decimal(total)} of models", advice))
    return checks


def _free(folder: Path) -> int:
    """Bytes free where a folder is, or will be."""
    return shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.is_dir())).free


def _model(card: ModelCard, row: Row) -> dict[str, Any]:
    return {
        "role": card.role.value,
        "backend": card.backend,
        "name": card.name,
        "licence": row.licence,
        "missing": card.missing,
        "model": card.model,
        "revision": row.revision,
        "download_bytes": row.download_bytes,
        "memory_bytes": row.memory_bytes,
        "files": row.files.value,
        "fits": row.fit.value,
        "gated": row.gated,
    }


def _covered(config: Config, coverage: Coverage) -> Check:
    """A rule that demands a check which nobody can do blocks everything, so it is said here."""
    text, frames = not_covered(coverage)
    demanded = [category.value for category in config.safety.must_cover if category in {*text, *frames}]
    if demanded:
        return Check(
            "safety",
            False,
            f"safety.must_cover demands {listing(demanded)}, which no loaded guard scores everywhere",
            "Everything is blocked until another guard is loaded or the demand is dropped.",
        )
    return Check("safety", True, f"texts and pictures are scored; {_gaps(text, frames)}")


def _gaps(text: Sequence[Category], frames: Sequence[Category]) -> str:
    """Which harms nobody looks for, and where. Text and frames differ: no small model finds violence in pictures."""
    groups = (
        ("nobody scores", [category for category in text if category in frames]),
        ("not covered in texts:", [category for category in text if category not in frames]),
        ("not covered in pictures:", [category for category in frames if category not in text]),
    )
    told = [f"{lead} {listing([category.value for category in found])}" for lead, found in groups if found]
    return "; ".join(told) or "every category is scored in both"


def render(report: Report, out: Console) -> None:
    """Print the report for people."""
    for check in report.checks:
        mark = "[green]✓[/green]" if check.ok else "[red]✗[/red]"
        out.print(f"{mark} [bold]{check.name}[/bold]  {escape(check.says)}")
        if check.advice and not check.ok:
            out.print(f"    → {escape(check.advice)}")
    if report.rows:
        table = Table("role", box=None, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column("model", overflow="fold")
        for column in ("size", "licence", "files", "fits", "commit"):
            table.add_column(column, no_wrap=True)
        for row in report.rows:
            table.add_row(*_cells(row))
        out.print()
        out.print(table)
    if report.coverage is not None:
        table = Table("category", "in texts", "in frames", box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for category in Category:
            table.add_row(category.value, *(_scored(category in some) for some in _sources(report.coverage)))
        out.print()
        out.print(table)


def _cells(row: Row) -> tuple[str, ...]:
    is_missing = row.card.missing or row.files is Files.MISSING
    name = escape(row.card.name)
    return (
        _role(row.role),
        f"[red]{name}[/red]" if is_missing else name,
        decimal(row.download_bytes) if row.download_bytes else "",
        f"{row.licence} (gated)" if row.gated else row.licence,
        row.files.value,
        row.fit.value,
        row.revision[:8],
    )


def _sources(coverage: Coverage) -> tuple[tuple[Category, ...], tuple[Category, ...]]:
    return coverage.text, coverage.frames


def _scored(yes: bool) -> str:
    return "[green]scored[/green]" if yes else "[yellow]not covered[/yellow]"


def _role(role: Role) -> str:
    return role.value.replace("_", " ")
