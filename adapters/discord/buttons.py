"""Buttons that carry all they need in their id, so that they work after a restart and after weeks."""

from __future__ import annotations

import re
from typing import Any, Protocol, Self, cast

import discord

from adapters.discord import strings

_REQUEST = re.compile(r"[\w-]{1,64}")


class Desk(Protocol):
    """Where a pressed button goes."""

    async def press_cancel(self, interaction: discord.Interaction, request: str) -> None: ...

    async def press_forget(self, interaction: discord.Interaction) -> None: ...


class HasDesk(Protocol):
    desk: Desk


class CancelButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"g4v:cancel:(?P<request>[\w-]{1,64})"):
    """Cancels the request whose id it carries."""

    def __init__(self, request: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=strings.CANCEL, style=discord.ButtonStyle.secondary, custom_id=f"g4v:cancel:{request}"
            )
        )
        self.request = request

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(match["request"])

    async def callback(self, interaction: discord.Interaction) -> None:
        await cast(HasDesk, interaction.client).desk.press_cancel(interaction, self.request)


class ForgetButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"g4v:forget"):
    """Forgets the conversation of the place in which it is pressed."""

    def __init__(self) -> None:
        super().__init__(
            discord.ui.Button(label=strings.FORGET, style=discord.ButtonStyle.danger, custom_id="g4v:forget")
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls()

    async def callback(self, interaction: discord.Interaction) -> None:
        await cast(HasDesk, interaction.client).desk.press_forget(interaction)


def cancel_buttons(request: str) -> discord.ui.View | None:
    """A row with Cancel; None for ids that do not fit into a button."""
    if not _REQUEST.fullmatch(request):
        return None
    return discord.ui.View(timeout=None).add_item(CancelButton(request))


def forget_buttons() -> discord.ui.View:
    return discord.ui.View(timeout=None).add_item(ForgetButton())
