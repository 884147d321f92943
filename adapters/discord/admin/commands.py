"""The commands of admins and moderators: their shape and their words. What they do lies with the room."""

from __future__ import annotations

from typing import Any, Optional, Protocol, Union

import discord
from discord import app_commands
from discord.app_commands import locale_str as _

from adapters.discord.admin.audit import Filters

CHOICES = 25  # of one autocompletion

# Discord's choices: what people read, and what stands for it in the panels' ids or in the audit.
_PLACES = {"this server": "s", "this channel": "h", "age-restricted channels": "a"}
_ACTIONS = {"blocked": "block", "warned": "warn", "let through": "allow"}
_WHERE = {
    "the question": "question",
    "a posted clip": "clip",
    "what is said in a clip": "speech",
    "the answer": "answer",
    "a prompt for a video": "prompt",
    "a made video": "video",
}
_KINDS = {"decisions": "decision", "changes": "change"}

# `Optional` instead of `| None`: discord.py reads these annotations at run time.
# No forums among the channels: discord.py would offer media channels along with them, which Discord's document of its
# API does not know here. The panel's own menu has them.
_Channel = Optional[Union[discord.TextChannel, discord.VoiceChannel, discord.StageChannel]]  # noqa: UP007, UP045
_Text = Optional[str]  # noqa: UP045
_Member = Optional[discord.User]  # noqa: UP045


class Counter(Protocol):
    """Where the work of the commands is done."""

    async def settings(self, interaction: discord.Interaction) -> None: ...

    async def safety(self, interaction: discord.Interaction, place: str) -> None: ...

    async def audit(self, interaction: discord.Interaction, filters: Filters) -> None: ...

    async def cases(self, interaction: discord.Interaction) -> None: ...

    async def categories(self, interaction: discord.Interaction, typed: str) -> list[str]: ...


def add_admin_commands(tree: app_commands.CommandTree[Any], counter: Counter) -> None:
    """Put the commands into the tree. Discord shows them to whom it should; the counter asks again."""
    _add_settings(tree, counter)
    _add_safety(tree, counter)
    _add_audit(tree, counter)
    _add_cases(tree, counter)


def _choices(names: dict[str, str]) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=_(name), value=value) for name, value in names.items()]


def _add_settings(tree: app_commands.CommandTree[Any], counter: Counter) -> None:
    @tree.command(
        name=_("settings"),
        description=_("Where I answer, who may ask, quotas, model, and how long I keep things"),
    )
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def settings(interaction: discord.Interaction) -> None:
        await counter.settings(interaction)


def _add_safety(tree: app_commands.CommandTree[Any], counter: Counter) -> None:
    @tree.command(
        name=_("safety"), description=_("Limits and actions for each kind of harm, and the moderator channel")
    )
    @app_commands.rename(place=_("place"), channel=_("channel"))
    @app_commands.describe(place=_("Whose rules to look at"), channel=_("The rules of one channel"))
    @app_commands.choices(place=_choices(_PLACES))
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def safety(interaction: discord.Interaction, place: _Text = None, channel: _Channel = None) -> None:
        await counter.safety(interaction, f"c{channel.id}" if channel is not None else place or "s")


def _add_audit(tree: app_commands.CommandTree[Any], counter: Counter) -> None:
    @tree.command(
        name=_("audit"),
        description=_("What was decided lately, with scores and reasons, and who changed what"),
    )
    @app_commands.rename(
        category=_("category"),
        action=_("action"),
        where=_("where"),
        member=_("member"),
        kind=_("kind"),
        channel=_("channel"),
    )
    @app_commands.describe(
        category=_("Only this kind of harm"),
        action=_("Only what ended like this"),
        where=_("Only what was checked there"),
        member=_("Only what is about, or was changed by, one member"),
        kind=_("Only decisions, or only changes of rules and settings"),
        channel=_("Only this channel"),
    )
    @app_commands.choices(action=_choices(_ACTIONS), where=_choices(_WHERE), kind=_choices(_KINDS))
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def audit(
        interaction: discord.Interaction,
        category: _Text = None,
        action: _Text = None,
        where: _Text = None,
        member: _Member = None,
        kind: _Text = None,
        channel: _Channel = None,
    ) -> None:
        filters = Filters(
            category=(category or "").strip(),
            action=action or "",
            where=where or "",
            member=str(member.id) if member is not None else "",
            kind=kind or "",
            channel=str(channel.id) if channel is not None else "",
        )
        await counter.audit(interaction, filters)

    @audit.autocomplete("category")
    async def categories(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        names = await counter.categories(interaction, typed)
        return [app_commands.Choice(name=name, value=name) for name in names[:CHOICES]]


def _add_cases(tree: app_commands.CommandTree[Any], counter: Counter) -> None:
    @tree.command(name=_("cases"), description=_("Appeals and reports that wait for a moderator"))
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def cases(interaction: discord.Interaction) -> None:
        await counter.cases(interaction)
