"""The slash commands and the message menus: their shape, their German words, and when they are sent to Discord.

What they do lies with the client; they know no requests and no messages.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Optional, Protocol

import aiohttp
import discord
from discord import app_commands
from discord.app_commands import locale_str as _

from adapters.base import ModelOption
from adapters.discord.buttons import Reach
from adapters.shared import sentences

log = logging.getLogger(__name__)

SHAPES = {"wide": (640, 360), "square": (480, 480), "tall": (360, 640)}  # pixels
REACHES = {
    Reach.HERE: "mine, here",
    Reach.EVERYWHERE: "mine, everywhere",
    Reach.CONVERSATION: "this whole conversation (moderators)",
}
CHOICES = 25  # as many as Discord shows
CHOICE_LENGTH = 100  # characters
STATE_FILE = "discord-commands.json"
SYNC_AGAIN_S = (30.0, 120.0, 600.0, 3600.0)

# `Optional` instead of `| None`: discord.py reads these annotations at run time and its ranges know no `|`.
_Prompt = app_commands.Range[str, 1, 1500]
_Avoid = Optional[app_commands.Range[str, 1, 500]]  # noqa: UP045
_Model = Optional[app_commands.Range[str, 1, 100]]  # noqa: UP045
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
        model: str,
        clip: discord.Attachment | None,
    ) -> None: ...

    def models(self) -> Sequence[ModelOption]: ...

    async def ask_about_file(
        self, interaction: discord.Interaction, question: str, clip: discord.Attachment
    ) -> None: ...

    async def open_question(self, interaction: discord.Interaction, message: discord.Message) -> None: ...

    async def open_likeness(self, interaction: discord.Interaction, message: discord.Message) -> None: ...

    async def show_queue(self, interaction: discord.Interaction) -> None: ...

    async def offer_forget(self, interaction: discord.Interaction, reach: Reach) -> None: ...

    async def help(self, interaction: discord.Interaction) -> None: ...

    async def command_broke(self, interaction: discord.Interaction, error: Exception) -> None: ...


def build_commands(tree: app_commands.CommandTree[Any], bench: Bench) -> None:
    """Put every command into the tree."""
    _add_generate(tree, bench)
    _add_ask(tree, bench)
    _add_menus(tree, bench)
    _add_forget(tree, bench)
    _add_small_ones(tree, bench)

    @tree.error
    async def broke(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        await bench.command_broke(interaction, error)


def _add_generate(tree: app_commands.CommandTree[Any], bench: Bench) -> None:
    @tree.command(name=_("generate"), description=_("Make a short video of what you describe"))
    @app_commands.rename(
        prompt=_("prompt"),
        length=_("length"),
        shape=_("shape"),
        seed=_("seed"),
        avoid=_("avoid"),
        model=_("model"),
        clip=_("clip"),
    )
    @app_commands.describe(
        prompt=_("What the video should show"),
        length=_("Length in seconds"),
        shape=_("Wide, square or tall"),
        seed=_("The same number gives the same video"),
        avoid=_("What the video should not show"),
        model=_("Which model makes it"),
        clip=_("A clip to make a video like"),
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
        model: _Model = None,
        clip: Optional[discord.Attachment] = None,  # noqa: UP045
    ) -> None:
        await bench.generate(
            interaction,
            prompt=prompt,
            seconds=length,
            size=SHAPES.get(shape or ""),
            seed=seed,
            avoid=avoid or "",
            model=model or "",
            clip=clip,
        )

    @generate.autocomplete("model")
    async def models(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return fitting(bench.models(), current)


def _add_ask(tree: app_commands.CommandTree[Any], bench: Bench) -> None:
    @tree.command(name=_("ask"), description=_("Ask about a video, GIF or image"))
    @app_commands.rename(question=_("question"), clip=_("clip"))
    @app_commands.describe(question=_("What you want to know"), clip=_("The video, GIF or image"))
    @app_commands.default_permissions(send_messages=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def ask(interaction: discord.Interaction, question: _Prompt, clip: discord.Attachment) -> None:
        await bench.ask_about_file(interaction, question, clip)


def _add_menus(tree: app_commands.CommandTree[Any], bench: Bench) -> None:
    @tree.context_menu(name=_(sentences.ASK_MENU))
    @app_commands.default_permissions(send_messages=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def ask_about(interaction: discord.Interaction, message: discord.Message) -> None:
        await bench.open_question(interaction, message)

    @tree.context_menu(name=_(sentences.LIKE_MENU))
    @app_commands.default_permissions(send_messages=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def make_like(interaction: discord.Interaction, message: discord.Message) -> None:
        await bench.open_likeness(interaction, message)


def _add_forget(tree: app_commands.CommandTree[Any], bench: Bench) -> None:
    """Everyone may see it, also who may not write any more: what is kept of somebody is theirs to delete."""

    @tree.command(name=_("forget"), description=_("See what I keep of you, and delete it"))
    @app_commands.rename(scope=_("scope"))
    @app_commands.describe(scope=_("What of you in this conversation, or everywhere"))
    @app_commands.choices(scope=[app_commands.Choice(name=_(name), value=reach) for reach, name in REACHES.items()])
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def forget(interaction: discord.Interaction, scope: Optional[str] = None) -> None:  # noqa: UP045
        await bench.offer_forget(interaction, Reach(scope or Reach.HERE))


def _add_small_ones(tree: app_commands.CommandTree[Any], bench: Bench) -> None:
    @tree.command(name=_("queue"), description=_("What you are waiting for, and what you have used"))
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def queue(interaction: discord.Interaction) -> None:
        await bench.show_queue(interaction)

    @tree.command(name=_("help"), description=_("What I can do"))
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def help_(interaction: discord.Interaction) -> None:
        await bench.help(interaction)


def fitting(options: Sequence[ModelOption], typed: str) -> list[app_commands.Choice[str]]:
    """The options that have what was typed in their name or label, in their order; those that Discord can't carry
    are left out."""
    word = typed.strip().casefold()
    found = [each for each in options if word in each.name.casefold() or word in each.label.casefold()]
    return [
        app_commands.Choice(name=each.label[:CHOICE_LENGTH] or each.name, value=each.name)
        for each in found
        if len(each.name) <= CHOICE_LENGTH
    ][:CHOICES]


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
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps({"sha256": digest}), encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        log.warning("%s can't be written, so the next start sends the commands again: %s", path, error)
    return True


async def sync_patiently(tree: app_commands.CommandTree[Any], application: int, state_dir: Path) -> None:
    """Send the commands where they differ from what was sent last, however long it takes Discord to accept them."""
    delays = chain(SYNC_AGAIN_S, repeat(SYNC_AGAIN_S[-1]))
    while True:
        try:
            if await sync_if_changed(tree, application, state_dir):
                log.info("Discord has got the commands")
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            delay = next(delays)
            log.warning("Discord did not take the commands, the next try is in %.0f s: %s", delay, error)
            await asyncio.sleep(delay)
        else:
            return


def _known(path: Path) -> str | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data.get("sha256") if isinstance(data, dict) else None
