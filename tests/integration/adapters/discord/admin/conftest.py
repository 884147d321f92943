"""Somebody who runs the server, somebody who moderates it, and what they see of a panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import discord
import pytest

from adapters.base import Author, Case, CaseKind, CaseState, Place
from tests.fakes.handler import NOON


def flat(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The buttons and menus of a message, row by row."""
    return [item for row in components for item in row["components"]]


@dataclass
class Panel:
    """A message of the bot as its reader sees it; looks again whenever it is asked."""

    world: Any
    result: Any

    @property
    def message(self) -> Any:
        return self.result.response

    @property
    def controls(self) -> list[dict[str, Any]]:
        return flat(self.message.components)

    @property
    def embed(self) -> discord.Embed:
        (only,) = self.message.embeds
        return only

    @property
    def text(self) -> str:
        """All that can be read in the embed."""
        parts = [self.embed.title, self.embed.description]
        parts += [part for field in self.embed.fields for part in (field.name, field.value)]
        return "\n".join(part for part in parts if part)

    def field(self, name: str) -> str:
        return next(field.value or "" for field in self.embed.fields if field.name == name)

    @property
    def labels(self) -> list[str]:
        return [item["label"] for item in self.controls if item["type"] == 2]

    def button(self, label: str) -> dict[str, Any]:
        return next(item for item in self.controls if item.get("label") == label)

    def menu(self, end: str) -> dict[str, Any]:
        """The menu whose id ends like this."""
        return next(item for item in self.controls if item["type"] != 2 and item["custom_id"].endswith(end))

    def values(self, end: str) -> list[str]:
        return [option["value"] for option in self.menu(end)["options"]]

    def chosen(self, end: str) -> list[str]:
        return [option["value"] for option in self.menu(end)["options"] if option.get("default")]

    def defaults(self, end: str) -> list[str]:
        """The ids that stand chosen in a menu of channels or roles."""
        return [str(each["id"]) for each in self.menu(end).get("default_values", [])]

    async def click(self, who: Any, label: str) -> Any:
        return await who.click(self.message, label=label)

    async def select(self, who: Any, end: str, *values: Any) -> Any:
        return await who.select(self.message, list(values), custom_id=self.menu(end)["custom_id"])


@dataclass
class Office:
    """The world with its admin `boss` and its moderator `mod`; `other` may do neither."""

    world: Any
    boss: Any
    boss_role: Any
    mod: Any
    mod_role: Any
    other: Any

    @property
    def desk(self) -> Any:
        return self.world.admin

    @property
    def scope(self) -> tuple[str, str]:
        return ("discord", str(self.world.guild.id))

    async def open(self, who: Any, command: str, at: Any = None, **options: Any) -> Panel:
        return Panel(self.world, await who.slash(at or self.world.channel, command, **options))

    def grant(self, role: Any, **permissions: bool) -> None:
        """Let a role give this and nothing else, as it may happen between a panel and the next press on it."""
        changes = {"permissions": discord.Permissions(**permissions).value}
        self.world.env.backend.edit_role(self.world.guild.id, role.id, changes)

    async def allow_all_to_see(self, command: str) -> None:
        """Let Discord show a command to somebody who may not use it, as a server's admins can."""
        commands = await self.world.client.tree.fetch_commands()
        found = next(each for each in commands if each.name == command)
        self.world.guild.set_command_permissions(found, {self.other: True})

    def case(self, id: str, kind: CaseKind = CaseKind.APPEAL, **more: Any) -> Case:
        """An open case about something that ann asked for in the first channel, said by ann."""
        ann = Author(str(self.world.ann.id), "ann")
        place = Place("discord", str(self.world.guild.id), str(self.world.channel.id))
        return Case(
            **{
                "id": id,
                "kind": kind,
                "state": CaseState.OPEN,
                "request": f"r-{id}",
                "place": place,
                "author": ann,
                "asker": ann,
                "at": NOON,
                **more,
            }
        )


@pytest.fixture
async def office(world: Any) -> Office:
    guild = world.guild
    boss_role = guild.create_role("bosses", permissions=discord.Permissions(manage_guild=True))
    mod_role = guild.create_role("mods", permissions=discord.Permissions(manage_messages=True))
    return Office(
        world=world,
        boss=guild.add_member(world.env.create_user("boss"), roles=[boss_role]),
        boss_role=boss_role,
        mod=guild.add_member(world.env.create_user("mod"), roles=[mod_role]),
        mod_role=mod_role,
        other=world.member("other"),
    )
