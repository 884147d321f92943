"""Buttons that carry all they need in their id, so that they work after a restart and after weeks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Protocol, Self, cast

import discord

from adapters.shared import sentences
from adapters.shared.actions import Action

_REQUEST = re.compile(r"[\w-]{1,64}")
_ACTIONS = "|".join(Action)

_LABELS = {
    Action.CANCEL: sentences.CANCEL,
    Action.AGAIN: sentences.AGAIN,
    Action.VARY: sentences.VARY,
    Action.LONGER: sentences.LONGER,
    Action.FRAMES: sentences.FRAMES,
    Action.DELETE: sentences.DELETE,
    Action.REPORT: sentences.REPORT,
    Action.WHY: sentences.WHY,
    Action.APPEAL: sentences.APPEAL,
    Action.OTHER_SEED: sentences.OTHER_SEED,
}


class Reach(StrEnum):
    """How much is forgotten. The value is part of a button's id and must not change."""

    HERE = "here"  # what is kept of one person in this conversation
    EVERYWHERE = "everywhere"  # what is kept of one person on this platform
    CONVERSATION = "conversation"  # this conversation, of everyone in it


class Desk(Protocol):
    """Where a pressed button goes."""

    async def press(self, interaction: discord.Interaction, action: Action, request: str) -> None: ...

    async def press_drop(self, interaction: discord.Interaction, request: str) -> None: ...

    async def press_forget(self, interaction: discord.Interaction, reach: Reach) -> None: ...


class HasDesk(Protocol):
    desk: Desk


def _desk(interaction: discord.Interaction) -> Desk:
    return cast(HasDesk, interaction.client).desk


class ActionButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=rf"g4v:(?P<action>{_ACTIONS}):(?P<request>[\w-]{{1,64}})",
):
    """Does one thing with the request whose id it carries."""

    def __init__(self, action: Action, request: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=_LABELS[action], style=discord.ButtonStyle.secondary, custom_id=f"g4v:{action}:{request}"
            )
        )
        self.action = action
        self.request = request

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(Action(match["action"]), match["request"])

    async def callback(self, interaction: discord.Interaction) -> None:
        await _desk(interaction).press(interaction, self.action, self.request)


class DropButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"g4v:drop:(?P<request>[\w-]{1,64})"):
    """Cancels one request of the list that `/queue` shows, and draws the list anew."""

    def __init__(self, request: str, label: str = sentences.CANCEL) -> None:
        super().__init__(
            discord.ui.Button(label=label, style=discord.ButtonStyle.secondary, custom_id=f"g4v:drop:{request}")
        )
        self.request = request

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(match["request"])

    async def callback(self, interaction: discord.Interaction) -> None:
        await _desk(interaction).press_drop(interaction, self.request)


class ForgetButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=rf"g4v:forget:(?P<reach>{'|'.join(Reach)})"
):
    """Confirms `/forget`: deletes what it says, of the one who presses it and of the place where it is pressed."""

    def __init__(self, reach: Reach) -> None:
        super().__init__(
            discord.ui.Button(label=sentences.FORGET, style=discord.ButtonStyle.danger, custom_id=f"g4v:forget:{reach}")
        )
        self.reach = reach

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(Reach(match["reach"]))

    async def callback(self, interaction: discord.Interaction) -> None:
        await _desk(interaction).press_forget(interaction, self.reach)


ITEMS = (ActionButton, DropButton, ForgetButton)


def action_buttons(request: str, actions: Sequence[Action]) -> discord.ui.View | None:
    """A row with these actions; None without any, and for ids that do not fit into a button."""
    if not actions or not _REQUEST.fullmatch(request):
        return None
    view = discord.ui.View(timeout=None)
    for action in actions:
        view.add_item(ActionButton(action, request))
    return view


def drop_buttons(requests: Sequence[str]) -> discord.ui.View | None:
    """A row with one Cancel for each line of a list, numbered as the lines are."""
    view = discord.ui.View(timeout=None)
    for number, request in enumerate(requests, start=1):
        if _REQUEST.fullmatch(request):
            view.add_item(DropButton(request, sentences.CANCEL_NUMBER.format(number=number)))
    return view if view.children else None


def forget_buttons(reach: Reach) -> discord.ui.View:
    return discord.ui.View(timeout=None).add_item(ForgetButton(reach))
