"""`/settings`: one panel over what a server's admins decide. Draws it and takes its changes to the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

import discord

from adapters.base import AdminDesk, Audience, Rooms, Settings
from adapters.discord.admin import strings
from adapters.discord.admin.controls import (
    MENU_LIMIT,
    PLACES,
    Control,
    Page,
    button,
    channel_menu,
    menu,
    option,
    role_menu,
)
from adapters.discord.admin.forms import Field, form
from adapters.discord.admin.quotas import QuotaPanel
from adapters.discord.admin.visit import Stale, Visit
from adapters.discord.dialect import DISCORD
from adapters.shared.admin import sentences
from adapters.shared.admin.numbers import read_days
from adapters.shared.admin.settings import held_line, listed_line

Mode = Literal["all", "only", "except"]
Who = Literal["everyone", "admins", "nobody", "roles"]

_TITLES = {
    "rooms": sentences.ROOMS,
    "ask": sentences.ASK,
    "generate": sentences.GENERATE,
    "quotas": sentences.QUOTAS,
    "model": sentences.MODEL,
    "keep": sentences.KEEP,
}
_SETTING = {"rooms": "rooms", "ask": "ask", "generate": "generate", "model": "model", "keep": "retention_days"}


class SettingsPanel:
    """Paths: `home`, `menu`, and a page's name with what is done there."""

    admin = True

    def __init__(self, desk: AdminDesk, quotas: QuotaPanel) -> None:
        self._desk = desk
        self._quotas = quotas

    async def open(self, visit: Visit) -> None:
        """What holds now, and a menu of what can be changed."""
        settings = await self._desk.settings(visit.scope)
        embed = discord.Embed(title=DISCORD.say(sentences.SETTINGS_TITLE))
        names = [name for name in _SETTING if name != "model" or len(self._desk.models()) > 1]
        for name in names:
            line = listed_line(settings, _SETTING[name], self._desk.models(), DISCORD)
            embed.add_field(name=_TITLES[name], value=line, inline=False)
        embed.add_field(name=sentences.QUOTAS, value=await self._quotas.summary(visit.scope), inline=False)
        channel = settings.moderator_channel
        line = strings.MODERATORS_LINE.format(channel=channel) if channel else strings.MODERATORS_HINT
        embed.add_field(name=sentences.MODERATORS, value=line, inline=False)
        choices = [option(title, name) for name, title in _TITLES.items() if name in (*names, "quotas")]
        await visit.show(Page(embed, [[menu(sentences.SETTINGS_MENU, "set:menu", choices)]]))

    async def press(self, visit: Visit, steps: list[str]) -> None:
        """Do what a control of the panel says, and show what comes of it."""
        if steps != ["keep", "days"]:
            await visit.begin()
        match steps:
            case ["keep", "days"]:
                await self._ask_for_days(visit)
            case ["home"]:
                await self.open(visit)
            case ["menu"] if visit.value == "quotas":
                await self._quotas.open(visit)
            case ["menu"] if visit.value in _SETTING:
                await self._page(visit, visit.value, await self._desk.settings(visit.scope))
            case [name, "reset"] if name in _SETTING:
                settings = await self._desk.reset(visit.scope, visit.author, _SETTING[name])
                await self._page(visit, name, settings, sentences.CLEARED)
            case ["rooms", "mode"]:
                await self._choose_mode(visit, _known_mode(visit.value))
            case ["rooms", "in", mode]:
                rooms = Rooms(_known_mode(mode), tuple(visit.values))
                await self._change(visit, "rooms", rooms)
            case ["ask" | "generate" as name, "who"]:
                await self._choose_who(visit, name, _known_who(visit.value))
            case ["ask" | "generate" as name, "roles"]:
                # The role that everyone has bears the server's own id.
                everyone = visit.scope.community in visit.values
                audience = Audience() if everyone else Audience("roles", tuple(visit.values))
                await self._change(visit, name, audience)
            case ["model", "pick"]:
                await self._change(visit, "model", visit.value)
            case _:
                raise Stale

    # --- changes ------------------------------------------------------------------------------------------------

    async def _change(self, visit: Visit, page: str, value: Rooms | Audience | str | int | None) -> None:
        settings = await self._desk.change(visit.scope, visit.author, _SETTING[page], value)
        await self._page(visit, page, settings, sentences.SAVED)

    async def _choose_mode(self, visit: Visit, mode: Mode) -> None:
        """Save a mode; one that needs channels is first only offered while there are none."""
        settings = await self._desk.settings(visit.scope)
        if mode == "all":
            await self._change(visit, "rooms", Rooms())
        elif settings.rooms.channels:
            await self._change(visit, "rooms", Rooms(mode, settings.rooms.channels))
        else:
            await self._page(visit, "rooms", settings, sentences.CHOOSE_CHANNELS, pending=mode)

    async def _choose_who(self, visit: Visit, name: str, who: Who) -> None:
        settings = await self._desk.settings(visit.scope)
        held: Audience = getattr(settings, name)
        if who != "roles":
            await self._change(visit, name, Audience(who))
        elif held.roles:
            await self._change(visit, name, Audience("roles", held.roles))
        else:
            await self._page(visit, name, settings, DISCORD.say(sentences.CHOOSE_ROLES), pending="roles")

    async def _ask_for_days(self, visit: Visit) -> None:
        days = (await self._desk.settings(visit.scope)).retention_days
        field = Field("days", sentences.KEEP_LABEL, "" if days is None else str(days), sentences.KEEP_HINT)
        await visit.ask(form(sentences.KEEP, "set:keep", [field]))

    async def submit(self, visit: Visit, steps: list[str], written: Mapping[str, str]) -> None:
        """Take the form with the days."""
        await visit.begin()
        if steps != ["keep"]:
            raise Stale
        await self._change(visit, "keep", read_days(written.get("days", ""), DISCORD))

    # --- pages --------------------------------------------------------------------------------------------------

    async def _page(
        self, visit: Visit, name: str, settings: Settings, said: str = "", pending: Mode | Who | None = None
    ) -> None:
        """One setting: what holds, where that comes from, and the controls to change it."""
        lines = [held_line(settings, _SETTING[name], self._desk.models(), DISCORD), said, _HELP.get(name, "")]
        rows: list[list[Control]]
        if name == "rooms":
            rows = _room_rows(visit, settings.rooms, cast(Mode | None, pending))
            lines.append(_too_many(settings.rooms.channels))
        elif name in ("ask", "generate"):
            audience: Audience = getattr(settings, name)
            rows = _audience_rows(visit, name, audience, cast(Who | None, pending))
            lines.append(_too_many(audience.roles))
        elif name == "model":
            rows = [[menu(sentences.MODEL_MENU, "set:model:pick", self._model_options(settings))]]
        else:
            rows = [[button(sentences.KEEP_BUTTON, "set:keep:days", style=discord.ButtonStyle.primary)]]
        own = _SETTING[name] in settings.own
        rows.append(
            [button(sentences.BACK, "set:home"), button(sentences.RESET, f"set:{name}:reset", disabled=not own)]
        )
        embed = discord.Embed(title=_TITLES[name], description="\n\n".join(line for line in lines if line))
        await visit.show(Page(embed, rows))

    def _model_options(self, settings: Settings) -> list[discord.SelectOption]:
        """The models that Discord's menu can show; the chosen one is always among them."""
        first, *others = self._desk.models()
        shown = [first, *others][:MENU_LIMIT]
        if settings.model and settings.model not in {model.name for model in shown}:
            shown[-1:] = [model for model in others if model.name == settings.model] or shown[-1:]
        return [option(model.label, model.name, chosen=model.name == settings.model) for model in shown]


_HELP = {
    "rooms": strings.ROOMS_HELP,
    "ask": DISCORD.say(sentences.AUDIENCE_HELP),
    "generate": f"{sentences.GENERATE_HELP} {DISCORD.say(sentences.AUDIENCE_HELP)}",
    "keep": DISCORD.say(sentences.KEEP_HELP),
}


def _room_rows(visit: Visit, rooms: Rooms, pending: Mode | None) -> list[list[Control]]:
    mode = pending or rooms.mode
    options = [option(label, key, chosen=key == mode) for key, label in sentences.MODES.items()]
    rows = [[menu(sentences.MODE_MENU, "set:rooms:mode", options)]]
    if mode != "all":
        there = visit.there(rooms.channels, PLACES)
        rows.append([channel_menu(sentences.CHANNELS_MENU, f"set:rooms:in:{mode}", there, most=MENU_LIMIT)])
    return rows


def _audience_rows(visit: Visit, name: str, audience: Audience, pending: Who | None) -> list[list[Control]]:
    who = pending or audience.who
    options = [option(DISCORD.say(label), key, chosen=key == who) for key, label in sentences.AUDIENCES.items()]
    rows = [[menu(sentences.AUDIENCE_MENU, f"set:{name}:who", options)]]
    if who == "roles":
        guild = visit.interaction.guild
        there = [int(id) for id in audience.roles if id.isdigit() and guild and guild.get_role(int(id))]
        rows.append([role_menu(DISCORD.say(sentences.ROLES_MENU), f"set:{name}:roles", there)])
    return rows


def _too_many(ids: tuple[str, ...]) -> str:
    """Discord's menus hold 25; more can only have been chosen elsewhere."""
    return strings.TOO_MANY.format(count=len(ids), shown=MENU_LIMIT) if len(ids) > MENU_LIMIT else ""


def _known_mode(value: str) -> Mode:
    if value not in sentences.MODES:
        raise Stale
    return cast(Mode, value)


def _known_who(value: str) -> Who:
    if value not in sentences.AUDIENCES:
        raise Stale
    return cast(Who, value)
