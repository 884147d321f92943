"""`gpt4video models`: what a preset consists of, fetching it, changing to it, and getting rid of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.common import BAD_INPUT, ConfigOption, JsonOption, fail, load, print_json, told

if TYPE_CHECKING:
    from bot.config import Config
    from bot.outlook import Outlook, Row

_WIDTH = 160  # columns

models = typer.Typer(help="The models: what there is, change to others, fetch their files, free their space.")
PresetOption = Annotated[
    str | None, typer.Option("--preset", help="Another preset than the configured one: auto, lite, cpu, 8gb, 16gb, …")
]


@models.command(name="list")
def show(preset: PresetOption = None, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Show the models of the configuration, or of a preset: size, licence, whether they are here and fit the device."""
    from bot.models import are_loaded, examine, settled
    from bot.outlook import outlook
    from engine.device import Device
    from engine.presets import AUTO

    with told():
        chosen = _with_preset(load(config), preset)
        about = ""
        if chosen.models.preset == AUTO:
            device, best = examine(chosen)
            chosen, about = settled(chosen, best), best.why
        elif are_loaded(chosen.runtime_config()):
            device, _ = examine(chosen)
            about = f"On {device.name}."
        else:
            device = Device()
        found = outlook(chosen.runtime_config(), device)
        others = _others(chosen)
    if as_json:
        rows, here = (
            [_row(row) for row in found.rows],
            [{"model": model, "bytes": size} for model, size in others.items()],
        )
        print_json({"preset": chosen.models.preset, "device": device.name, "models": rows, "others": here})
        return
    _print(chosen, found, about, asked=preset)
    if others:
        typer.echo("\nAlso on this machine: " + ", ".join(f"{model} ({_size(size)})" for model, size in others.items()))


@models.command()
def pull(
    names: Annotated[
        list[str] | None, typer.Argument(help="org/model or org/model@revision. Without any: all that are missing.")
    ] = None,
    preset: PresetOption = None,
    update: Annotated[
        bool, typer.Option("--update", help="Take the newest commit of models that are not pinned.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Fetch models. What was begun goes on where it stopped."""
    from rich.console import Console

    from bot.cli.downloads import fetch
    from bot.models import missing, named, needs, settle

    console = Console(stderr=True, highlight=False)
    with told():
        chosen = settle(_with_preset(load(config), preset))
        runtime = chosen.runtime_config()
        all_wanted = needs if update else missing
        wanted = named(runtime, names) if names else all_wanted(runtime)
        for held in fetch(chosen, wanted, console, update=update):
            typer.echo(f"{held.model} is here: {_size(held.size)}, commit {held.commit[:12]}")
    if not wanted:
        typer.echo("Everything is here.")


@models.command()
def rm(
    names: Annotated[list[str], typer.Argument(help="org/model, as `gpt4video models list` shows them.")],
    config: ConfigOption = None,
) -> None:
    """Delete models from this machine, whole or half fetched, and say how much space that freed."""
    import difflib

    from engine.hub import Store

    with told():
        chosen = load(config)
        store = Store.of(chosen.hub_settings)
        here = store.models()
        for name in names:
            if name not in here:
                near = difflib.get_close_matches(name, here, n=1)
                hint = f" Did you mean {near[0]}?" if near else ""
                fail(f"There is no model {name} in {store.folder}.{hint}", BAD_INPUT)
        freed = sum(_removed(store, name) for name in names)
    typer.echo(f"{_size(freed)} freed.")


@models.command()
def use(
    preset: Annotated[str, typer.Argument(help="auto, lite, cpu, 8gb, 16gb, 24gb or 80gb. Without a server.")] = "",
    server: Annotated[
        str, typer.Option("--server", help="A model server's address, for example http://localhost:8000/v1.")
    ] = "",
    key_file: Annotated[Path | None, typer.Option("--key-file", help="A file that holds the server's key.")] = None,
    model: Annotated[str, typer.Option("--model", help="The model's name on the server, if it has several.")] = "",
    config: ConfigOption = None,
) -> None:
    """Change the models: fetch what is missing, try it, and answer with it from now on. `lite` goes back.

    A bot that runs on the same data folder changes at once, without a restart.
    """
    import asyncio

    from bot.cli.changing import change
    from bot.switching import Wish, check

    with told():
        wish = Wish(preset=preset, server=server, key=_read_key(key_file), model=model)
        check(wish)
        code = asyncio.run(change(load(config), wish))
    raise typer.Exit(code)


def _read_key(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        fail(f"The key file {file} cannot be read.", BAD_INPUT)


def _removed(store: Any, name: str) -> int:
    freed: int = store.remove(name)
    typer.echo(f"{name} is gone.")
    return freed


def _with_preset(config: Config, preset: str | None) -> Config:
    """The configuration with another preset, whose models count alone."""
    from engine.presets import PRESET_NAMES

    if preset is None:
        return config
    if preset not in PRESET_NAMES:
        fail(f"There is no preset {preset!r}. There are {', '.join(PRESET_NAMES)}.", BAD_INPUT)
    roles = dict.fromkeys(("understanding", "generation", "text_guard", "frame_guard", "speech"))
    return config.model_copy(update={"models": config.models.model_copy(update={"preset": preset, **roles})})


def _others(config: Config) -> dict[str, int]:
    """What is on this machine besides: each model, and its bytes."""
    from bot.models import needs
    from engine.hub import Store

    store, wanted = Store.of(config.hub_settings), {need.model for need in needs(config.runtime_config())}
    return {model: store.used_bytes(model) for model in store.models() if model not in wanted}


def _row(row: Row) -> dict[str, Any]:
    return {
        "role": row.role.value,
        "name": row.card.name,
        "backend": row.backend,
        "model": row.card.model,
        "revision": row.revision,
        "licence": row.licence,
        "gated": row.gated,
        "download_bytes": row.download_bytes,
        "memory_bytes": row.memory_bytes,
        "files": row.files.value,
        "fits": row.fit.value,
    }


def _print(config: Config, found: Outlook, about: str, *, asked: str | None) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    # A pipe has no width, and names are there to be copied.
    out = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    out.print(f"Preset [bold]{config.models.preset}[/bold]. {escape(about)}".rstrip())
    out.print()
    table = Table("role", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("model", overflow="fold")
    for column in ("size", "licence", "files", "fits", "commit"):
        table.add_column(column, no_wrap=True)
    for row in found.rows:
        size = _size(row.download_bytes) if row.download_bytes else ""
        files = f"[yellow]{row.files}[/yellow]" if row.files == "missing" else row.files.value
        licence = f"{row.licence} (gated)" if row.gated else row.licence
        name = escape(row.card.model or row.backend)
        table.add_row(row.role.value.replace("_", " "), name, size, licence, files, row.fit.value, row.revision[:8])
    out.print(table)
    if missing := found.missing:
        total = sum(row.download_bytes for row in missing)
        which = f" --preset {asked}" if asked else ""
        out.print(f"\n{_size(total)} to fetch: gpt4video models pull{which}")


def _size(count: int) -> str:
    from rich.filesize import decimal

    return decimal(count)
