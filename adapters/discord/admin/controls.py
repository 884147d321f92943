"""Buttons and menus that carry all they need in their id, so that a panel still works after a restart of the bot.

One dynamic item serves all of them: its id is a path, and the room finds the panel that the path belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, cast

import discord

from adapters.shared.admin.cases import Sheet

PREFIX = "g4va:"
MENU_LIMIT = 25  # what Discord shows, and lets choose, in one menu
_LABEL_LIMIT = 80
_OPTION_LIMIT = 100
# Kinds of channels that a menu offers; what it shows as chosen must be of these kinds, too.
PLACES = (
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.forum,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
)
POSTABLE = (discord.ChannelType.text, discord.ChannelType.news)


class Room(Protocol):
    """Where a pressed control goes."""

    async def press(self, interaction: discord.Interaction, path: str) -> None: ...


class HasRoom(Protocol):
    admin_room: Room


class Control(discord.ui.DynamicItem[discord.ui.Item[Any]], template=PREFIX + r"(?P<path>[\w:./-]{1,95})"):
    """A button or a menu of a panel. `path` names the panel and what is done there, with colons between the parts."""

    def __init__(self, item: discord.ui.Item[Any], path: str) -> None:
        super().__init__(item)
        self.path = path

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(item, match["path"])

    async def callback(self, interaction: discord.Interaction) -> None:
        await cast(HasRoom, interaction.client).admin_room.press(interaction, self.path)


@dataclass(frozen=True)
class Page:
    """What a panel shows: one embed, rows of controls under it, and files."""

    embed: discord.Embed
    rows: Sequence[Sequence[Control]] = ()
    sheets: Sequence[Sheet] = ()

    def view(self) -> discord.ui.View | None:
        """The controls as discord.py sends them; None when there are none."""
        rows = [row for row in self.rows if row]
        if not rows:
            return None
        view = discord.ui.View(timeout=None)
        for number, row in enumerate(rows):
            for control in row:
                control.row = number
                view.add_item(control)
        return view


def button(
    label: str,
    path: str,
    *,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    disabled: bool = False,
) -> Control:
    made: discord.ui.Button[Any] = discord.ui.Button(
        label=label[:_LABEL_LIMIT], style=style, custom_id=PREFIX + path, disabled=disabled
    )
    return Control(made, path)


def option(label: str, value: str, *, note: str = "", chosen: bool = False) -> discord.SelectOption:
    """One line of a menu, cut to what Discord takes."""
    return discord.SelectOption(
        label=_cut(label), value=value, description=_cut(note) if note else None, default=chosen
    )


def menu(hint: str, path: str, options: Sequence[discord.SelectOption]) -> Control:
    """One choice out of at most 25 lines."""
    made: discord.ui.Select[Any] = discord.ui.Select(
        placeholder=hint, options=list(options)[:MENU_LIMIT], custom_id=PREFIX + path
    )
    return Control(made, path)


def channel_menu(hint: str, path: str, chosen: Iterable[int] = (), *, most: int = 1, postable: bool = False) -> Control:
    """Choose channels. `chosen` must exist; `postable` leaves those in which a message can simply be posted."""
    made: discord.ui.ChannelSelect[Any] = discord.ui.ChannelSelect(
        placeholder=hint,
        channel_types=list(POSTABLE if postable else PLACES),
        max_values=most,
        custom_id=PREFIX + path,
        default_values=[
            discord.SelectDefaultValue(id=each, type=discord.SelectDefaultValueType.channel)
            for each in list(chosen)[:most]
        ],
    )
    return Control(made, path)


def role_menu(hint: str, path: str, chosen: Iterable[int] = ()) -> Control:
    """Choose up to 25 roles. `chosen` must exist."""
    made: discord.ui.RoleSelect[Any] = discord.ui.RoleSelect(
        placeholder=hint,
        max_values=MENU_LIMIT,
        custom_id=PREFIX + path,
        default_values=[
            discord.SelectDefaultValue(id=each, type=discord.SelectDefaultValueType.role)
            for each in list(chosen)[:MENU_LIMIT]
        ],
    )
    return Control(made, path)


def someone_menu(hint: str, path: str) -> Control:
    """Choose one role or one member."""
    made: discord.ui.MentionableSelect[Any] = discord.ui.MentionableSelect(placeholder=hint, custom_id=PREFIX + path)
    return Control(made, path)


def _cut(text: str) -> str:
    text = " ".join(text.split()) or "–"
    return text if len(text) <= _OPTION_LIMIT else text[: _OPTION_LIMIT - 1] + "…"
