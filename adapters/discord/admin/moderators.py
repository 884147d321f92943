"""The page of `/safety` on which the moderator channel is chosen; it says what the bot lacks there. No cases."""

from __future__ import annotations

import discord

from adapters.base import AdminDesk
from adapters.discord.admin import strings
from adapters.discord.admin.controls import POSTABLE, Control, Page, button, channel_menu
from adapters.discord.admin.visit import Stale, Visit
from adapters.discord.dialect import DISCORD
from adapters.shared.admin import sentences

_SETTING = "moderator_channel"


class ModeratorsPanel:
    """Paths: the place of `/safety` to go back to, with `home`, `pick` or `reset`."""

    admin = True

    def __init__(self, desk: AdminDesk) -> None:
        self._desk = desk

    async def press(self, visit: Visit, steps: list[str]) -> None:
        """Do what a control of the page says, and show what comes of it."""
        await visit.begin()
        match steps:
            case [place, "home"]:
                await self._page(visit, place)
            case [place, "pick"]:
                channel = visit.value
                _check(visit, channel)
                await self._desk.change(visit.scope, visit.author, _SETTING, channel)
                await self._page(visit, place, sentences.SAVED)
            case [place, "reset"]:
                await self._desk.reset(visit.scope, visit.author, _SETTING)
                await self._page(visit, place, sentences.CLEARED)
            case _:
                raise Stale

    async def _page(self, visit: Visit, place: str, said: str = "") -> None:
        settings = await self._desk.settings(visit.scope)
        held = settings.moderator_channel
        lines = [DISCORD.say(sentences.MODS_NOW, channel=DISCORD.channel(held)) if held else strings.MODS_NONE]
        lines += [said] if said else []
        lines += _warnings(visit, held) if held else []
        lines.append(strings.MODS_HELP)
        there = visit.there([held], POSTABLE)
        rows: list[list[Control]] = [
            [channel_menu(sentences.MODS_MENU, f"mod:{place}:pick", there, postable=True)],
            [
                button(sentences.BACK, f"saf:{place}:home"),
                button(sentences.RESET, f"mod:{place}:reset", disabled=_SETTING not in settings.own),
            ],
        ]
        await visit.show(Page(discord.Embed(title=sentences.MODS_TITLE, description="\n\n".join(lines)), rows))


def _check(visit: Visit, channel: str) -> None:
    """Raises `ValueError` with a sentence when the bot can't post cards there: they would be lost."""
    if _channel(visit, channel) is None:
        raise ValueError(strings.MODS_UNKNOWN.format(channel=channel))
    missing = _missing(visit, channel)
    if missing:
        raise ValueError(strings.MODS_MISSING.format(channel=channel, missing=missing))


def _warnings(visit: Visit, channel: str) -> list[str]:
    """What is wrong with the channel as it is now: rights change, and channels are opened to everyone."""
    found = _channel(visit, channel)
    if found is None:
        return [strings.MODS_GONE_NOW]
    missing = _missing(visit, channel)
    lines = [strings.MODS_MISSING_NOW.format(missing=missing)] if missing else []
    if found.permissions_for(found.guild.default_role).view_channel:
        lines.append(strings.MODS_OPEN.format(channel=channel))
    return lines


def _missing(visit: Visit, channel: str) -> str:
    """The rights that the bot lacks in a channel, as Discord names them."""
    found = _channel(visit, channel)
    if found is None:
        return ""
    mine = found.permissions_for(found.guild.me)
    return ", ".join(name for right, name in strings.PERMISSIONS.items() if not getattr(mine, right))


def _channel(visit: Visit, channel: str) -> discord.abc.GuildChannel | None:
    guild = visit.interaction.guild
    return guild.get_channel(int(channel)) if guild is not None and channel.isdigit() else None
