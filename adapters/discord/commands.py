"""The slash commands and the message menu: their shape, their German words, and when they are sent to Discord.

What they do lies with the client; they know no requests and no messages.
"""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any, Optional, Protocol

import discord
from discord import app_commands
from discord.app_commands import locale_str as _

from adapters.discord import strings

log = logging.getLogger(__name__)

SHAPES = {"wide": (640, 360), "square": (480, 480), "tall": (360, 640)}  # pixels
STATE_FILE = "discord-commands.json"

# `Optional` instead of `| None`: discord.py reads these annotations at run time and its ranges know no `|`.
_Prompt = app_commands.Range[str, 1, 1500]
_Avoid = Optional[app_commands.Range[str, 1, 500]]  # noqa: UP045
_Length = Optional[app_commands.Range[float, 0.5, 60.0]]  # noqa: UP045
_Seed = Optional[app_commands.Range[int, 0, 2**31 - 1]]  # noqa: UP045


class Bench(Protocol):
    """Where the work of the commands is done."""

    async def generate(
        self,
        interaction: discord.Interaction,
        *,
        prompt: str,
        seconds: float | None,
        size: tuple[int, int] | None,
        seed: int | None,
        avoid: str,
    ) -> None: ...

    async def ask_about_file(
        self, interaction: discord.Interaction, question: str, clip: discord.Attachment
    ) -> None: ...

    async def open_question(self, interaction: discord.Interaction, message: discord.Message) -> None: ...

    async def offer_forget(self, interaction: discord.Interaction) -> None: ...

    async def help(self, interaction: discord.Interaction) -> None: ...

    async def command_broke(self, interaction: discord.Interaction, error: Exception) -> None: ...


def build_commands(tree: app_commands.CommandTree[Any], bench: Bench) -> None:
    """Put every command into the tree."""
    _add_generate(tree, bench)
    _add_ask(tree, bench)
    _add_small_ones(tree, bench)

    @tree.error
    async def broke(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        await bench.command_broke(interaction, error)


def _add_generate(tree: app_commands.CommandTree[Any], bench: Bench) -> None:
    @tree.command(name=_("generate"), description=_("Make a short video of what you describe"))
    @app_commands.rename(prompt=_("prompt"), length=_("length"), shape=_("shape"), seed=_("seed"), avoid=_("avoid"))
    @app_commands.describe(
        prompt=_("What the video should show"),
        length=_("Length in seconds"),
        shape=_("Wide, square or tall"),
        seed=_("The same number gives the same video"),
        avoid=_("What the video should not show"),
    )
    @app_commands.choices(shape=[app_commands.Choice(name=_(shape), value=shape) for shape in SHAPES])
    @app_commands.default_permissions(send_messages=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def generate(
        interaction: discord.Interaction,
        prompt: _Prompt,
        length: _Length = None,
        shape: Optional[str] = None,  # noqa: UP045
        seed: _Seed = None,
        avoid: _Avoid = None,
    ) -> None:
        await bench.generate(
            interaction,
            prompt=prompt,
            seconds=length,
            size=SHAPES.get(shape or ""),
            seed=seed,
            avoid=avoid or "",
        )


def _add_ask(tree: app_commands.CommandTree[Any], bench: Bench) -> None:
    @tree.command(name=_("ask"), description=_("Ask about a video, GIF or image"))
    @app_commands.rename(question=_("question"), clip=_("clip"))
    @app_commands.describe(question=_("What you want to know"), clip=_("The video, GIF or image"))
    @app_commands.default_permissions(send_messages=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def ask(interaction: discord.Interaction, question: _Prompt, clip: discord.Attachment) -> None:
        await bench.ask_about_file(interaction, question, clip)

    @tree.context_menu(name=_(strings.ASK_MENU))
    @app_commands.default_permissions(send_messages=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def ask_about(interaction: discord.Interaction, message: discord.Message) -> None:
        await bench.open_question(interaction, message)


def _add_small_ones(tree: app_commands.CommandTree[Any], bench: Bench) -> None:
    @tree.command(name=_("forget"), description=_("Make me forget this conversation"))
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def forget(interaction: discord.Interaction) -> None:
        await bench.offer_forget(interaction)

    @tree.command(name=_("help"), description=_("What I can do"))
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def help_(interaction: discord.Interaction) -> None:
        await bench.help(interaction)


async def sync_if_changed(tree: app_commands.CommandTree[Any], application: int, state_dir: Path) -> bool:
    """Send the commands to Discord when they differ from what was sent last. Returns whether they were sent.

    Discord allows 200 creations a day, so a restart must not send what is there already.
    """
    translator = tree.translator
    payload = [
        await command.get_translated_payload(tree, translator) if translator else command.to_dict(tree)
        for command in tree.get_commands()
    ]
    digest = hashlib.sha256(json.dumps([application, payload], sort_keys=True).encode()).hexdigest()
    path = state_dir / STATE_FILE
    if _known(path) == digest:
        return False
    await tree.sync()
    state_dir.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"sha256": digest}), encoding="utf-8")
    fresh.replace(path)
    return True


def _known(path: Path) -> str | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data.get("sha256") if isinstance(data, dict) else None
